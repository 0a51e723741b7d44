"""Where the calls go: an account, a region, an endpoint; and the clients for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import UnknownRegionError

from tap.deploy.aws_errors import NOT_SIGNED_IN, AwsError, translated
from tap.errors import TapError

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

Note = Callable[[str], None]
"""Takes a line for the person who watches."""

AUTO = "TAP_LOCAL"
"""Set to ``auto``: no credentials means the emulator. The Makefile sets it."""


@dataclass(frozen=True)
class Pace:
    """How long to wait between two looks, in seconds: ``first``, then longer by ``growth``, at most ``most``."""

    first: float = 0.5
    growth: float = 1.5
    most: float = 5.0

    def waits(self) -> Iterator[float]:
        """The waits, without end."""
        wait = self.first
        while True:
            yield wait
            wait = min(wait * self.growth, self.most)


LOCAL_PACE = Pace(first=0.02, most=0.3)


@dataclass(frozen=True)
class Target:
    """What the command line says about where to go. Every part may be left out."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    local: bool = False

    def __post_init__(self) -> None:
        if self.local and (self.profile or self.endpoint_url):
            other = "--profile" if self.profile else "--endpoint-url"
            raise TapError(f"--local is the emulator on this machine; {other} names another place. Give one of them.")


@dataclass(frozen=True)
class Session:
    """An opened target. Clients are made when they are first asked for, and kept."""

    boto: boto3.session.Session = field(repr=False)
    region: str
    endpoint_url: str | None = None
    local: bool = False

    @property
    def pace(self) -> Pace:
        """How often to look: an emulator answers at once and costs nothing."""
        return LOCAL_PACE if self.local or self.endpoint_url else Pace()

    @property
    def _config(self) -> Config:
        own = self.local or self.endpoint_url is not None
        return Config(
            # Adaptive: slows all calls of a client down once it is throttled (botocore, "Retries").
            retries={"mode": "adaptive", "total_max_attempts": 3 if own else 8},
            connect_timeout=5,
            read_timeout=60,
            proxies={} if self.local else None,
            s3={"addressing_style": "path"} if own else {},
        )

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """The client for CloudFormation."""
        return self.boto.client("cloudformation", self.region, endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def s3(self) -> S3Client:
        """The client for S3."""
        return self.boto.client("s3", self.region, endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        """The client for API Gateway."""
        return self.boto.client("apigateway", self.region, endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def ecs(self) -> Any:
        """The client for ECS, which is asked by the way only: it gives up quickly."""
        config = self._config.merge(Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=5))
        return self.boto.client("ecs", self.region, endpoint_url=self.endpoint_url, config=config)

    @cached_property
    def account(self) -> str:
        """The number of the account."""
        client: STSClient = self.boto.client("sts", self.region, endpoint_url=self.endpoint_url, config=self._config)
        return client.get_caller_identity()["Account"]

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn``, …"""
        return self.boto.get_partition_for_region(self.region)

    @property
    def where(self) -> str:
        """The target in words."""
        if self.local:
            return f"the local emulator, {self.region}"
        return f"{self.endpoint_url}, {self.region}" if self.endpoint_url else self.region


def open_session(target: Target, default_region: str, note: Note) -> Session:
    """Clients for ``target``.

    The region is the first that is known of: ``--region``, the environment's or the profile's,
    ``default_region`` (the template's own, which is said in a note). With ``TAP_LOCAL=auto`` and no
    credentials anywhere the emulator is used, which is said too. Raises :class:`AwsError` when there are no
    credentials, no such profile, or no region or one that no partition of AWS can have.
    """
    with translated():
        if target.local:
            return _local(target, default_region)
        boto = _boto(target.profile)
        if boto.get_credentials() is None:
            named = target.profile or target.endpoint_url or os.environ.get("AWS_PROFILE")
            if os.environ.get(AUTO) != "auto" or named:
                raise AwsError(NOT_SIGNED_IN)
            note("No AWS credentials: using the emulator on this machine (as with --local).")
            return _local(target, default_region)
        region = _region(target, boto)
        if not region and default_region:
            region = default_region
            note(f"No region is configured: using {region}, the template's own. --region names another.")
        if not region:
            raise AwsError("no region is known. Name one: --region eu-west-1 (or AWS_REGION, or in the profile).")
        return Session(boto, _known(region, boto), target.endpoint_url)


def _region(target: Target, boto: boto3.session.Session) -> str | None:
    """The region that the command line, the environment or the profile names. boto3 does not read ``AWS_REGION``."""
    return target.region or os.environ.get("AWS_REGION") or boto.region_name


def _known(region: str, boto: boto3.session.Session) -> str:
    """``region``, if it is in a partition that botocore knows, or reads as one would. Raises :class:`AwsError`."""
    try:
        boto.get_partition_for_region(region)
    except UnknownRegionError:
        raise AwsError(f"there is no region {region!r}. A region reads like eu-west-1.") from None
    return region


def _boto(profile: str | None) -> boto3.session.Session:
    """A session that asks a machine's metadata service once and for at most a second each time."""
    core = botocore.session.Session(profile=profile)
    core.set_config_variable("metadata_service_timeout", 1)
    core.set_config_variable("metadata_service_num_attempts", 1)
    return boto3.session.Session(botocore_session=core)


def _local(target: Target, default_region: str) -> Session:
    from tap.local import ensure_running

    endpoint = ensure_running()
    # Deaf to AWS_PROFILE: a profile that does not exist must not stop the emulator.
    core = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    boto = boto3.session.Session(
        botocore_session=core,
        aws_access_key_id=endpoint.access_key_id,
        aws_secret_access_key=endpoint.secret_access_key,
    )
    region = _region(target, boto) or default_region or endpoint.region
    return Session(boto, _known(region, boto), endpoint.url, local=True)
