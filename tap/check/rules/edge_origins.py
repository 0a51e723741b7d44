"""TAP1406 to TAP1413: a distribution's origins, and whether CloudFront can read what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.delivery import (
    BUCKET,
    DISTRIBUTION,
    Origin,
    behaviours,
    buckets_behind,
    config,
    customer_encrypted,
    enabled,
    has_identity,
    origin_of,
    origins,
)
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import Reference, Text, Unknown, each, fields, items, known, shape

_CONTROL = "AWS::CloudFront::OriginAccessControl"
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_KINDS = ("S3OriginConfig", "CustomOriginConfig", "VpcOriginConfig")


class IdentityWithKey(Rule):
    """An origin access identity before a bucket whose objects are encrypted with a KMS key."""

    id = "TAP1406"
    title = "An origin access identity cannot read objects that KMS encrypts"
    severity = Severity.WARNING
    description = "CloudFront answers 403 for each object of a bucket encrypted with aws:kms behind an identity."
    source = "CloudFront developer guide, “Restrict access to an Amazon S3 origin”"
    advice = (
        "Use an origin access control (OriginAccessControlId), and admit cloudfront.amazonaws.com in the key policy."
    )

    def check(self, world: World) -> Iterator[Found]:
        """Each bucket behind a distribution."""
        for distribution, bucket, origin in buckets_behind(world):
            if has_identity(origin) and customer_encrypted(bucket):
                says = f"{bucket.logical_id} encrypts with KMS, which an origin access identity cannot read."
                yield at(distribution, *origin.at("S3OriginConfig", "OriginAccessIdentity"), says=says)


class BucketUnreadable(Rule):
    """A private bucket that CloudFront has no way into."""

    id = "TAP1407"
    title = "CloudFront needs a way to read the bucket behind it"
    severity = Severity.WARNING
    description = (
        "A private bucket is read through an origin access control (or identity) that the bucket's policy admits; "
        "without one, CloudFront answers 403 for everything."
    )
    source = "CloudFront developer guide, “Restrict access to an Amazon S3 origin”"
    advice = (
        "Give the origin an OriginAccessControlId, and let the bucket's policy allow cloudfront.amazonaws.com "
        "s3:GetObject on the bucket's objects with AWS:SourceArn = the distribution's ARN."
    )

    def check(self, world: World) -> Iterator[Found]:
        """Each bucket of the template that a distribution reads."""
        if world.open:
            return
        for distribution, bucket, origin in buckets_behind(world):
            policies = _policies(bucket, world)
            if policies is None or (not policies and bucket.logical_id in world.told_outside):
                continue
            allowed = list(_read_statements(policies))
            if any(not known_enough(one) for one in allowed):
                continue
            control = origin.body.get("OriginAccessControlId") or None
            identity = has_identity(origin)
            if control is None and not identity:
                if not any(_open_to_all(one) for one in allowed) and not _public_acl(bucket):
                    says = f"The origin has neither access control nor identity, and {bucket.logical_id} is private."
                    yield at(distribution, *origin.at(), says=says)
            elif not allowed:
                says = f"No bucket policy lets CloudFront read {bucket.logical_id}."
                yield at(distribution, *origin.at(), says=says)
            elif control is not None and not any(_admits(one, distribution, world) for one in allowed):
                says = (
                    f"The policy of {bucket.logical_id} does not admit cloudfront.amazonaws.com for this distribution."
                )
                yield at(distribution, *origin.at("OriginAccessControlId"), says=says)


def _policies(bucket: Resource, world: World) -> list[Resource] | None:
    """The bucket's policies; None where one may be that cannot be told."""
    found = []
    for policy in world.of_type("AWS::S3::BucketPolicy"):
        target = world.target(policy.get("Bucket"), BUCKET)
        if target is bucket:
            found.append(policy)
        elif target is None and not isinstance(policy.get("Bucket"), str):
            return None
    return found


def _read_statements(policies: list[Resource]) -> Iterator[Mapping[str, Any]]:
    for policy in policies:
        for statement in each(policy.get("PolicyDocument", "Statement")):
            if not isinstance(statement, Mapping):
                yield {"unknown": True}
                continue
            actions = [one.lower() for one in each(statement.get("Action")) if isinstance(one, str)]
            reads = any(one in ("s3:getobject", "s3:get*", "s3:*", "*", "s3:getobject*") for one in actions)
            if statement.get("Effect") == "Allow" and reads:
                yield statement


def known_enough(statement: Mapping[str, Any]) -> bool:
    """Whether it can be told whom a statement admits."""
    principal = statement.get("Principal")
    return "unknown" not in statement and not isinstance(principal, Unknown | Text | Reference)


def _open_to_all(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    return principal == "*" or "*" in each(fields(principal).get("AWS"))


def _public_acl(bucket: Resource) -> bool:
    return bucket.get("AccessControl") is not None


def _admits(statement: Mapping[str, Any], distribution: Resource, world: World) -> bool:
    if _open_to_all(statement):
        return True
    services = each(fields(statement.get("Principal")).get("Service"))
    if not any(not isinstance(one, str) or one == "cloudfront.amazonaws.com" for one in services):
        return False
    for tests in fields(statement.get("Condition")).values():
        for key, values in fields(tests).items():
            if str(key).lower() == "aws:sourcearn":
                return any(_means(one, distribution, world) for one in each(values))
    return True


def _means(value: Any, distribution: Resource, world: World) -> bool:
    """Whether a SourceArn may be this distribution's: only another one of the template, or another kind, is not."""
    if isinstance(value, Reference):
        found = world.resources.get(value.logical_id)
        # A distribution's Ref is its id, never its ARN.
        return found is None or (found is distribution and value.attribute != "")
    if isinstance(value, Text):
        named = [one.logical_id for one in value.references]
        others = [key for key in named if key in world.resources and world.resources[key].type == DISTRIBUTION]
        if others and distribution.logical_id not in others:
            return False
        return ":cloudfront:" in shape(value) if value.prefix.startswith("arn:") else True
    # A distribution's id is CloudFront's: a literal one is another's.
    return not isinstance(value, str) or value == "*" or (":cloudfront:" in value and "*" in value)


class AccessControl(ResourceRule):
    """Access controls that do not sign what the origin wants signed."""

    id = "TAP1408"
    title = "An origin access control signs for the kind of its origin"
    severity = Severity.WARNING
    description = (
        "An access control of another origin type is refused; one that never signs leaves a private bucket closed."
    )
    source = "CloudFront API reference, OriginAccessControlConfig"
    advice = "Use OriginAccessControlOriginType: s3, SigningBehavior: always and SigningProtocol: sigv4 for a bucket."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each origin with an access control of this template."""
        for origin in origins(resource, world):
            value = origin.body.get("OriginAccessControlId")
            control = world.target(value, _CONTROL) if isinstance(value, Reference) else None
            if control is None:
                continue
            own = fields(control.get("OriginAccessControlConfig"))
            wanted = {"bucket": "s3", "function": "lambda"}.get(origin.kind)
            kind = own.get("OriginAccessControlOriginType")
            if wanted and isinstance(kind, str) and kind != wanted:
                says = f"The access control {control.logical_id} is for origins of type {kind}, this one is {wanted}."
                yield at(resource, *origin.at("OriginAccessControlId"), says=says)
            elif kind == "s3" and origin.kind in ("website", "api", "balancer"):
                says = (
                    f"The access control {control.logical_id} is for buckets, and this origin is none ({origin.kind})."
                )
                yield at(resource, *origin.at("OriginAccessControlId"), says=says)
            elif own.get("SigningBehavior") == "never":
                says = f"The access control {control.logical_id} never signs: the bucket refuses its requests."
                yield at(resource, *origin.at("OriginAccessControlId"), says=says)


class OriginKind(ResourceRule):
    """An origin of two kinds, of none, or of one that its domain is not."""

    id = "TAP1409"
    title = "An origin is of one kind, the one that its domain is"
    description = (
        "S3OriginConfig is for a bucket's own endpoint, CustomOriginConfig for any web server (a bucket's website "
        "endpoint too), VpcOriginConfig for what is private. CloudFront refuses none, two, and the wrong one."
    )
    source = "CloudFront API reference, Origin; developer guide, “Use various origins with CloudFront distributions”"
    advice = "Keep one of S3OriginConfig, CustomOriginConfig and VpcOriginConfig: the one for what answers there."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each origin."""
        for origin in origins(resource, world):
            present = [kind for kind in _KINDS if origin.body.get(kind) is not None]
            says = _kind_fault(origin, present)
            if says:
                yield at(resource, *origin.at(*present[:1]), says=says)
            elif origin.kind == "website" and isinstance(origin.domain, Reference):
                says = f"{origin.domain} begins with http://: a domain name does not."
                yield at(resource, *origin.at("DomainName"), says=says)
            elif origin.kind == "website":
                protocol = fields(origin.body.get("CustomOriginConfig")).get("OriginProtocolPolicy")
                if isinstance(protocol, str) and protocol != "http-only":
                    says = f"A bucket's website endpoint speaks HTTP only; OriginProtocolPolicy is {protocol}."
                    yield at(resource, *origin.at("CustomOriginConfig", "OriginProtocolPolicy"), says=says)


def _kind_fault(origin: Origin, present: list[str]) -> str:
    if len(present) > 1:
        return f"The origin has {' and '.join(present)}: it can be of one kind only."
    if not present:
        return "The origin has none of S3OriginConfig, CustomOriginConfig and VpcOriginConfig."
    if present == ["S3OriginConfig"] and origin.kind in ("website", "api", "balancer", "function", "other"):
        what = {"website": "a bucket's website endpoint", "other": "no bucket's domain"}.get(origin.kind, "no bucket")
        return f"S3OriginConfig is for a bucket, and {shape(origin.domain)} is {what}."
    if present == ["CustomOriginConfig"] and origin.kind == "bucket" and has_identity(origin):
        return "CustomOriginConfig takes no origin access identity."
    return ""


class UnknownOrigin(ResourceRule):
    """References between the parts of a distribution that lead nowhere."""

    id = "TAP1410"
    title = "Behaviours and origin groups name origins of the distribution"
    description = "CloudFront refuses a TargetOriginId that is no origin's id (NoSuchOrigin), and ids used twice."
    source = "CloudFront API reference, CacheBehavior, TargetOriginId; OriginGroup"
    advice = "Use the Id of one of the distribution's Origins or OriginGroups."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Ids that are used twice, and uses of ids that are not there."""
        own = config(resource)
        groups = items(fields(own.get("OriginGroups")).get("Items"))
        ids = [one.id for one in origins(resource, world)]
        if not ids or not known([one for one in ids if one is not None]) or not isinstance(own.get("Origins"), list):
            ids_known = False
        else:
            ids_known = True
        for index, one in enumerate(ids):
            if one is not None and one in ids[:index]:
                yield at(
                    resource, "DistributionConfig", "Origins", index, "Id", says=f"Two origins are called {shape(one)}."
                )
        targets = [*ids, *(fields(group).get("Id") for group in groups)]
        for behaviour in behaviours(resource):
            wanted = behaviour.body.get("TargetOriginId")
            if ids_known and isinstance(wanted, str) and wanted not in targets and known(targets):
                says = f"{behaviour.name} sends to {wanted!r}, which is no origin: there are {_listed(targets)}."
                yield at(resource, *behaviour.at("TargetOriginId"), says=says[0].upper() + says[1:])
        for number, group in enumerate(groups):
            members = items(fields(fields(group).get("Members")).get("Items"))
            for place, member in enumerate(members):
                wanted = fields(member).get("OriginId")
                if ids_known and isinstance(wanted, str) and wanted not in ids:
                    steps = ("OriginGroups", "Items", number, "Members", "Items", place, "OriginId")
                    says = f"The group's member {wanted!r} is no origin: there are {_listed(ids)}."
                    yield at(resource, "DistributionConfig", *steps, says=says)


def _listed(values: list[Any]) -> str:
    return ", ".join(shape(one) for one in values if one is not None)


_SHIELDS = (
    *("us-east-1", "us-east-2", "us-west-2", "sa-east-1", "me-central-1"),
    *("ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2"),
    *("eu-central-1", "eu-west-1", "eu-west-2"),
)
"""Source: CloudFront developer guide, "Use Amazon CloudFront Origin Shield"."""


class ShieldRegion(ResourceRule):
    """Origin Shield in a region that has none."""

    id = "TAP1411"
    title = "Origin Shield is offered in some regions only"
    description = "CloudFront refuses an OriginShieldRegion that is none of those that offer Origin Shield."
    source = "CloudFront developer guide, “Use Amazon CloudFront Origin Shield”"
    advice = "Take the region with Origin Shield that is nearest to the origin."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each origin with a shield."""
        for origin in origins(resource, world):
            shield = fields(origin.body.get("OriginShield"))
            region = shield.get("OriginShieldRegion")
            if not enabled(shield.get("Enabled")):
                continue
            if region is None:
                yield at(
                    resource, *origin.at("OriginShield"), says="Origin Shield is on without an OriginShieldRegion."
                )
            elif isinstance(region, str) and region not in _SHIELDS:
                says = f"There is no Origin Shield in {region!r}; there is in {', '.join(sorted(_SHIELDS))}."
                yield at(resource, *origin.at("OriginShield", "OriginShieldRegion"), says=says)


class Paths(ResourceRule):
    """Paths and domains in forms that CloudFront refuses or takes for something else."""

    id = "TAP1412"
    title = "Paths and domains of a distribution have the forms that CloudFront takes"
    description = (
        "A domain name is without scheme and path, OriginPath begins with a slash and does not end in one, "
        "DefaultRootObject begins with none."
    )
    source = "CloudFront API reference, Origin and DistributionConfig"
    advice = "Write domain.example, /path and index.html."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The default root object, and each origin."""
        root = config(resource).get("DefaultRootObject")
        if isinstance(root, str | Text) and shape(root).startswith("/"):
            says = f"DefaultRootObject {shape(root)!r} begins with a slash: CloudFront finds no such object."
            yield at(resource, "DistributionConfig", "DefaultRootObject", says=says)
        for origin in origins(resource, world):
            path = origin.body.get("OriginPath")
            if isinstance(path, str) and path and (not path.startswith("/") or path.endswith("/")):
                says = f"OriginPath {path!r} must begin with a slash and not end in one."
                yield at(resource, *origin.at("OriginPath"), says=says)
            elif isinstance(path, Text) and (path.suffix.endswith("/") or (path.prefix and path.prefix[0] != "/")):
                says = f"OriginPath {shape(path)!r} must begin with a slash and not end in one."
                yield at(resource, *origin.at("OriginPath"), says=says)
            domain = origin.domain
            text = shape(domain) if isinstance(domain, str | Text) else ""
            if "/" in _VARIABLE.sub("", text):
                yield at(resource, *origin.at("DomainName"), says=f"{text!r} is more than a domain name.")


class Archived(Rule):
    """Objects that are moved where CloudFront cannot read them."""

    id = "TAP1413"
    title = "Archived objects cannot be read by CloudFront"
    severity = Severity.WARNING
    description = "An object in GLACIER or DEEP_ARCHIVE must be restored first: CloudFront answers 403 for it."
    source = "S3 user guide, “Understanding S3 Glacier storage classes for long-term data storage”"
    advice = "Use STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR for what is delivered, or limit the rule to a prefix."

    def check(self, world: World) -> Iterator[Found]:
        """The lifecycle of each bucket behind a distribution."""
        done = set()
        for distribution, bucket, origin in buckets_behind(world):
            used = any(origin_of(one, [origin]) is origin for one in behaviours(distribution))
            if bucket.logical_id in done or not used:
                continue
            done.add(bucket.logical_id)
            for index, rule in enumerate(items(bucket.get("LifecycleConfiguration", "Rules"))):
                own = fields(rule)
                single = fields(own.get("Transition"))
                moves = [*items(own.get("Transitions")), *([single] if single else [])]
                classes = [fields(move).get("StorageClass") for move in moves]
                for kind in classes:
                    if own.get("Status") == "Enabled" and kind in ("GLACIER", "DEEP_ARCHIVE"):
                        says = f"{bucket.logical_id} is behind {distribution.logical_id}, and moves objects to {kind}."
                        yield at(bucket, "LifecycleConfiguration", "Rules", index, says=says)
