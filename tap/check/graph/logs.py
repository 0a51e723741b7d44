"""Logs: who writes to which bucket, and what a bucket's policy lets them write.

Sources: Elastic Load Balancing user guide, "Enable access logs for your Application Load Balancer" (and Network Load
Balancer); CloudWatch Logs user guide, "Enable logging from AWS services"; S3 user guide, "Enabling Amazon S3 server
access logging"; CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tap.check.graph.cached import cached
from tap.check.graph.iam import Statement, statements
from tap.check.model import Resource, World
from tap.check.values import Reference, Text, Unknown, as_bool, fields, items, shape

BUCKET, POLICY, BALANCER = "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::ElasticLoadBalancingV2::LoadBalancer"
_KINDS = ("access_logs", "connection_logs", "health_check_logs")


@dataclass(frozen=True, eq=False)
class Writer:
    """Something that writes logs to a bucket of the template, as ``service``, below ``prefix`` (None: not known).

    ``kind`` is ``application``, ``network``, ``delivery``, ``trail`` or ``bucket``.
    """

    resource: Resource
    path: tuple[str, ...]
    bucket: Resource
    kind: str
    service: str
    prefix: str | None = ""


def attribute(balancer: Resource, key: str) -> tuple[int, Any]:
    """The place and value of a load balancer's attribute; -1 and None where it is not set."""
    for index, one in enumerate(items(balancer.get("LoadBalancerAttributes"))):
        if fields(one).get("Key") == key:
            return index, fields(one).get("Value")
    return -1, None


@cached
def writers(world: World) -> tuple[Writer, ...]:
    """All writers to buckets of the template."""
    return tuple(_writers(world))


def _writers(world: World) -> Iterator[Writer]:
    for balancer in world.of_type(BALANCER):
        kind = balancer.get("Type") or "application"
        if not isinstance(kind, str) or kind not in ("application", "network"):
            continue
        for log in _KINDS:
            index, value = attribute(balancer, f"{log}.s3.bucket")
            bucket = world.target(value, BUCKET)
            if bucket is None or as_bool(attribute(balancer, f"{log}.s3.enabled")[1]) is not True:
                continue
            prefix = attribute(balancer, f"{log}.s3.prefix")[1] or ""
            service = "logdelivery.elasticloadbalancing" if kind == "application" else "delivery.logs"
            known = prefix if isinstance(prefix, str) else None
            yield Writer(balancer, ("LoadBalancerAttributes", str(index)), bucket, kind, service, known)
    for one in world.of_type("AWS::Logs::DeliveryDestination"):
        bucket = world.target(one.get("DestinationResourceArn"), BUCKET)
        if bucket:
            yield Writer(one, ("DestinationResourceArn",), bucket, "delivery", "delivery.logs", None)
    for one in world.of_type("AWS::EC2::FlowLog"):
        bucket = world.target(one.get("LogDestination"), BUCKET)
        if bucket:
            yield Writer(one, ("LogDestination",), bucket, "delivery", "delivery.logs", None)
    for one in world.of_type("AWS::WAFv2::LoggingConfiguration"):
        for index, value in enumerate(items(one.get("LogDestinationConfigs"))):
            bucket = world.target(value, BUCKET)
            if bucket:
                yield Writer(one, ("LogDestinationConfigs", str(index)), bucket, "delivery", "delivery.logs", None)
    for one in world.of_type("AWS::CloudTrail::Trail"):
        bucket = world.target(one.get("S3BucketName"), BUCKET)
        if bucket:
            prefix = one.get("S3KeyPrefix") or ""
            known = prefix if isinstance(prefix, str) else None
            yield Writer(one, ("S3BucketName",), bucket, "trail", "cloudtrail", known)
    for one in world.of_type(BUCKET):
        bucket = world.target(one.get("LoggingConfiguration", "DestinationBucketName"), BUCKET)
        if bucket:
            path = ("LoggingConfiguration", "DestinationBucketName")
            yield Writer(one, path, bucket, "bucket", "logging.s3", None)


def bucket_policies(world: World, bucket: Resource) -> list[Resource]:
    """The policies of a bucket in the template."""
    return [one for one in world.of_type(POLICY) if world.target(one.get("Bucket"), BUCKET) is bucket]


def bucket_statements(world: World, bucket: Resource) -> tuple[Statement, ...] | None:
    """The statements of a bucket's policies; None where they, or whose they are, cannot be known."""
    if world.open or bucket.logical_id in world.told_outside:
        return None
    for policy in world.of_type(POLICY):
        name = policy.get("Bucket")
        if isinstance(name, Unknown | Text | str) and world.target(name, BUCKET) is None and not isinstance(name, str):
            return None
    found: list[Statement] = []
    for policy in bucket_policies(world, bucket):
        told = statements(policy.get("PolicyDocument"), ("PolicyDocument",))
        if told is None or not all(one.complete for one in told):
            return None
        found += told
    return tuple(found)


def lets_write(statement: Statement, writer: Writer) -> bool:
    """Whether a statement of the bucket's policy lets a writer put its objects, as far as can be told."""
    if not statement.allows or statement.covers("s3:PutObject") is False:
        return False
    if not any(_is_writer(kind, value, writer) for kind, value in statement.principals):
        return False
    if writer.prefix is None:
        return any(_path(one) != "" for one in statement.resources) or bool(statement.not_resources)
    return bool(statement.not_resources) or any(_reaches(one, writer) for one in statement.resources)


def _is_writer(kind: str, value: Any, writer: Writer) -> bool:
    if kind in ("*", ""):
        return True
    if kind == "Service":
        service = f"{writer.service}.amazonaws.com"
        return not isinstance(value, str) or value.lower() == service or value == "*"
    # The load balancers' account of the region, as it was done before there was a service for it.
    legacy = kind == "AWS" and writer.kind == "application"
    return legacy and not (isinstance(value, Text | Unknown) and "${AWS::AccountId}" in shape(value))


def _path(resource: Any) -> str | None:
    """What an ARN says after the bucket's name: ``*`` of ``arn:aws:s3:::bucket/*``; empty for the bucket alone, None
    where it cannot be told."""
    if isinstance(resource, Reference):
        return "" if resource.attribute == "Arn" else None
    if not isinstance(resource, str | Text):
        return None
    text = shape(resource)
    if text == "*":
        return "*"
    head, slash, path = text.partition("/")
    if "${" in path.replace("${AWS::AccountId}", "") and not slash:
        return None
    return path if slash else "" if head.count(":") >= 5 or head.startswith("${") else None


def _reaches(resource: Any, writer: Writer) -> bool:
    path = _path(resource)
    if path is None:
        return True
    middle = "AWSLogs/111122223333/"
    prefix = (writer.prefix or "").strip("/")
    sample = f"{prefix}/{middle}x/y" if prefix else f"{middle}x/y"
    pattern = re.sub(r"\$\{AWS::AccountId\}|\b\d{12}\b", "111122223333", path)
    pattern = re.sub(r"\$\{[^}]*\}", "*", pattern)
    return fnmatchcase(sample, pattern)
