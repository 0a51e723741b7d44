"""Storage for logs: a bucket that load balancers and CloudFront write to."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import s3

from tap.model import Tier
from templates.tiers.buckets import BucketChoices, balancer_logs, bucket, bucket_policy, delivered_logs
from templates.tiers.emptier import emptied, empty_on_delete
from templates.tiers.keeping import Keeping
from templates.tiers.vended_logs import LogsToBucket


@dataclass(frozen=True)
class StorageChoices:
    """What storage can differ in. ``name`` is before the suffix; logs are kept ``days``. ``balancer`` lets load
    balancers write as well as CloudFront. ``output`` is the output for the name, with the tail of its export."""

    name: str
    days: int
    keeping: Keeping
    balancer: bool = True
    output: tuple[str, str] = ("LogsBucketName", "logs-bucket")


@dataclass(frozen=True)
class Storage:
    """Handles of storage: the bucket, and what writers wait for: its policy, and what empties it when they are gone."""

    tier: Tier
    bucket: s3.Bucket
    waits: tuple[str, ...]

    def from_balancer(self) -> LogsToBucket:
        """Access logs of a load balancer, to this bucket."""
        return LogsToBucket(self.bucket, self.waits)


def storage(choices: StorageChoices) -> Storage:
    """Build the storage tier."""
    tier = Tier("storage", "Log storage", "The bucket that access logs are written to.")
    made = bucket(
        tier,
        BucketChoices(
            prefix="Logs",
            name=choices.name,
            # Load balancers cannot write to a bucket with a customer key, so this one is encrypted by S3 itself.
            says=f"Access logs, kept {choices.days} days. {choices.keeping.says}",
            keeping=choices.keeping,
            versioned=False,
            expires=choices.days,
            exempt={
                "CKV_AWS_18": "The bucket for logs keeps none of itself.",
                "CKV_AWS_21": "Logs are written once and never changed.",
            },
        ),
    )
    statements = [delivered_logs(made), *([balancer_logs(made)] if choices.balancer else [])]
    policy = bucket_policy(tier, made, "Lets access logs be written", *statements)
    empty_on_delete(tier, choices.keeping, made)
    name, export = choices.output
    tier.output(name, "The bucket that access logs are written to.", made.ref(), export=export)
    return Storage(tier, made, (policy.title, *([] if choices.keeping.empties is False else [emptied(made)])))
