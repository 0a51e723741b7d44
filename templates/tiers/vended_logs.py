"""Logs that AWS services deliver themselves: to a bucket, or to CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from troposphere import AWSObject, GetAtt, Sub, logs, s3

from tap.model import Tier
from templates.tiers.encryption import Encryption, log_key
from templates.tiers.keeping import Keeping
from templates.tiers.words import named


class AccessLogs(Protocol):
    """Where a load balancer's access logs go."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Attributes of the load balancer that turn them on."""

    @property
    def waits(self) -> tuple[str, ...]:
        """What must be there before the load balancer."""

    def deliver(self, tier: Tier, load_balancer: AWSObject) -> None:
        """Add what delivers them."""


@dataclass(frozen=True)
class LogsToBucket:
    """To a bucket whose policy lets the load balancer write; ``waits`` is that policy's logical id, and those of what
    else is made before the load balancer and deleted after it."""

    bucket: s3.Bucket
    waits: tuple[str, ...]
    prefix: str = "alb"

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Access logs to the bucket, under the prefix."""
        return {
            "access_logs.s3.enabled": "true",
            "access_logs.s3.bucket": self.bucket.ref(),
            "access_logs.s3.prefix": self.prefix,
        }

    def deliver(self, tier: Tier, load_balancer: AWSObject) -> None:
        """Nothing more: the load balancer writes by itself."""


@dataclass(frozen=True)
class LogsToCloudWatch:
    """To a log group: ``group`` is its name as text for ``Sub``, ``name`` begins the deliveries' names."""

    group: str
    name: str
    days: int
    keeping: Keeping
    encryption: Encryption | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    waits: tuple[str, ...] = ()

    def deliver(self, tier: Tier, load_balancer: AWSObject) -> None:
        """Add the log group and the delivery of the load balancer's access logs to it."""
        group = tier.add(
            logs.LogGroup(
                "BalancerLogGroup",
                **self.keeping.policies,
                LogGroupName=Sub(self.group),
                RetentionInDays=self.days,
                **log_key(self.encryption),
            ),
            f"One line for each request to the load balancer, kept {self.days} days.",
            exempt={} if self.encryption else {"CKV_AWS_158": "Request lines; the service's own encryption is enough."},
        )
        deliver(tier, "Balancer", self.name, "ALB_ACCESS_LOGS", load_balancer.ref(), GetAtt(group, "Arn"), "json")


def deliver(
    tier: Tier,
    prefix: str,
    name: str,
    kind: str,
    source: Any,
    destination: Any,
    form: str,
    *,
    condition: str = "",
    path: str = "",
    waits: tuple[str, ...] = (),
) -> None:
    """Add the three resources that carry a service's logs somewhere (source: CloudWatch Logs API, PutDeliverySource,
    PutDeliveryDestination, CreateDelivery).

    ``name`` begins their names, before the suffix; ``kind`` is the API's log type, ``form`` its output format,
    ``source`` and ``destination`` are ARNs, ``path`` is the path in a bucket. The delivery ``waits`` for these.
    """
    only = {"Condition": condition} if condition else {}
    start = tier.add(
        logs.DeliverySource(
            f"{prefix}LogSource", **only, Name=named(f"{name}-source"), LogType=kind, ResourceArn=source
        ),
        "What is to be logged.",
    )
    end = tier.add(
        logs.DeliveryDestination(
            f"{prefix}LogDestination",
            **only,
            Name=named(f"{name}-destination"),
            DestinationResourceArn=destination,
            OutputFormat=form,
        ),
        "Where the log goes.",
    )
    tier.add(
        logs.Delivery(
            f"{prefix}LogDelivery",
            **only,
            **({"DependsOn": list(waits)} if waits else {}),
            # By reference, so that it is deleted before them, as the service asks.
            DeliverySourceName=start.ref(),
            DeliveryDestinationArn=GetAtt(end, "Arn"),
            **({"S3SuffixPath": path} if path else {}),
        ),
        "Carries the log from the one to the other.",
    )


__all__ = ["AccessLogs", "LogsToBucket", "LogsToCloudWatch", "deliver"]
