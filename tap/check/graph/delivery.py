"""CloudFront distributions as rules look at them: origins by what answers there, behaviours in their order. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.model import Resource, World
from tap.check.values import Reference, Text, Unknown, as_bool, fields, items, shape

DISTRIBUTION = "AWS::CloudFront::Distribution"
BUCKET = "AWS::S3::Bucket"
HOME = "us-east-1"
"""Where all that is global to CloudFront lives: certificates, web ACLs, log delivery (CloudFront developer guide)."""

_APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::Serverless::Api", "AWS::Serverless::HttpApi")
_BALANCERS = ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer")
_SHAPES = (
    ("website", re.compile(r".*\.s3-website[.-].*")),
    ("bucket", re.compile(r"[^/]+\.s3([.-][^/]+)?\.amazonaws\.com(\.cn)?|[^/]+\.s3([.-][^/]+)?\.\$\{AWS::URLSuffix\}")),
    ("api", re.compile(r"[^/]+\.execute-api\..*")),
    ("balancer", re.compile(r".*\.elb\.([^/]*\.)?amazonaws\.com")),
    ("function", re.compile(r"[^/]+\.lambda-url\..*")),
)


@dataclass(frozen=True, eq=False)
class Origin:
    """An origin. ``kind`` says what answers at its domain: ``bucket``, ``website`` (of a bucket), ``api`` (of API
    Gateway), ``balancer``, ``function`` (a function's URL), ``other`` (a name of some domain), empty: not known."""

    index: int
    id: Any
    body: Mapping[str, Any]
    kind: str
    bucket: Resource | None

    @property
    def domain(self) -> Any:
        """The origin's domain name, resolved."""
        return self.body.get("DomainName")

    def at(self, *steps: str | int) -> tuple[str | int, ...]:
        """The path of something in it, below ``Properties``."""
        return ("DistributionConfig", "Origins", self.index, *steps)


@dataclass(frozen=True, eq=False)
class Behaviour:
    """A cache behaviour; the default one has no index."""

    index: int | None
    body: Mapping[str, Any]

    def at(self, *steps: str | int) -> tuple[str | int, ...]:
        """The path of something in it, below ``Properties``."""
        own: tuple[str | int, ...] = ("DefaultCacheBehavior",) if self.index is None else ("CacheBehaviors", self.index)
        return ("DistributionConfig", *own, *steps)

    @property
    def name(self) -> str:
        """What people call it."""
        return (
            "the default behaviour" if self.index is None else f"the behaviour of {shape(self.body.get('PathPattern'))}"
        )


def config(distribution: Resource) -> Mapping[str, Any]:
    """The ``DistributionConfig``."""
    return fields(distribution.get("DistributionConfig"))


def origins(distribution: Resource, world: World) -> list[Origin]:
    """The origins, in the template's order."""
    found = []
    for index, body in enumerate(items(config(distribution).get("Origins"))):
        if isinstance(body, Mapping):
            kind, bucket = _answers(body.get("DomainName"), world)
            found.append(Origin(index, body.get("Id"), body, kind, bucket))
    return found


def behaviours(distribution: Resource) -> list[Behaviour]:
    """The cache behaviours in the order in which they are tried; the default one is the last."""
    own = config(distribution)
    found = [
        Behaviour(index, body)
        for index, body in enumerate(items(own.get("CacheBehaviors")))
        if isinstance(body, Mapping)
    ]
    default = own.get("DefaultCacheBehavior")
    return [*found, *([Behaviour(None, default)] if isinstance(default, Mapping) else [])]


def origin_of(behaviour: Behaviour, among: list[Origin]) -> Origin | None:
    """The origin that a behaviour sends to; None where it cannot be told."""
    wanted = behaviour.body.get("TargetOriginId")
    return next((one for one in among if wanted is not None and one.id == wanted), None)


def buckets_behind(world: World) -> Iterator[tuple[Resource, Resource, Origin]]:
    """Each bucket of the template that a distribution reads from: distribution, bucket, origin."""
    for distribution in world.of_type(DISTRIBUTION):
        for origin in origins(distribution, world):
            if origin.bucket is not None and origin.kind == "bucket":
                yield distribution, origin.bucket, origin


def has_identity(origin: Origin) -> bool:
    """Whether it reads as an origin access identity (the older form)."""
    said = fields(origin.body.get("S3OriginConfig")).get("OriginAccessIdentity")
    return said is not None and said != ""


def customer_encrypted(bucket: Resource) -> bool:
    """Whether a bucket encrypts with a KMS key by default."""
    rules = items(bucket.get("BucketEncryption", "ServerSideEncryptionConfiguration"))
    return any(
        fields(fields(one).get("ServerSideEncryptionByDefault")).get("SSEAlgorithm") in ("aws:kms", "aws:kms:dsse")
        for one in rules
    )


def enabled(value: Any) -> bool:
    """Whether a flag is surely on."""
    return as_bool(value) is True


def _answers(domain: Any, world: World) -> tuple[str, Resource | None]:
    if isinstance(domain, Reference):
        found = world.resources.get(domain.logical_id)
        if found is None:
            return "", None
        if found.type == BUCKET:
            site = domain.attribute == "WebsiteURL"
            return ("website" if site else "bucket" if domain.attribute.endswith("DomainName") else ""), found
        return _kind_of(found), None
    text = shape(domain) if isinstance(domain, str | Text | Unknown) else ""
    for kind, pattern in _SHAPES:
        if pattern.fullmatch(text):
            bucket = world.target(domain, BUCKET) or _named(text, world) if kind in ("bucket", "website") else None
            return kind, bucket
    if isinstance(domain, Text | Unknown):
        kinds = {_kind_of(one) for ref in domain.references if (one := world.resources.get(ref.logical_id))}
        meant = kinds - {""}
        if len(meant) == 1:
            return meant.pop(), None
    return ("other" if isinstance(domain, str) and "amazonaws" not in domain else ""), None


def _kind_of(resource: Resource) -> str:
    return (
        "api"
        if resource.type in _APIS
        else "balancer"
        if resource.type in _BALANCERS
        else ("function" if resource.type == "AWS::Lambda::Url" else "")
    )


def _named(text: str, world: World) -> Resource | None:
    for one in world.of_type(BUCKET):
        name = world.name(one)
        if name is not None and text.startswith((f"{shape(name)}.s3.", f"{shape(name)}.s3-")):
            return one
        if text.startswith(f"${{{one.logical_id}}}.s3"):
            return one
    return None
