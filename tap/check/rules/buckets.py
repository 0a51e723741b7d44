"""TAP132x: buckets: lifecycle, access, replication and notifications."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.functions import allows_call
from tap.check.graph.iam import Statement, statements
from tap.check.graph.logs import BUCKET, POLICY
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, Unknown, as_bool, as_number, fields, items, shape

_LEAST_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
_WARMTH = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")


class OtherBucket(ResourceRule):
    """A policy about another bucket than its own."""

    id = "TAP1325"
    title = "A bucket's policy is about this bucket"
    description = (
        "S3 refuses a policy whose resources are not the bucket or its objects: “Policy has invalid resource”."
    )
    source = "S3 user guide, “Bucket policies”; S3 API, PutBucketPolicy (MalformedPolicy)"
    advice = 'Write !GetAtt Bucket.Arn and !Sub "${Bucket.Arn}/*" of the bucket that the policy is for.'
    types = (POLICY,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Resources that surely are of another bucket."""
        bucket = world.target(resource.get("Bucket"), BUCKET)
        if bucket is None:
            return
        for one in statements(resource.get("PolicyDocument"), ("PolicyDocument",)) or ():
            for value in one.resources:
                if _of_another(value, bucket, world):
                    says = f"{shape(value)} is not of {bucket.logical_id}, whose policy this is."
                    yield at(resource, *one.place, "Resource", says=says)


def _of_another(value: Any, bucket: Resource, world: World) -> bool:
    """Whether an ARN is surely none of a bucket's: of another bucket of the template, or with another name."""
    if isinstance(value, Reference | Text):
        references = [value] if isinstance(value, Reference) else value.references
        kinds = {
            one.logical_id: world.resources[one.logical_id].type
            for one in references
            if one.logical_id in world.resources
        }
        if kinds and set(kinds.values()) == {BUCKET} and len(kinds) == len({one.logical_id for one in references}):
            return bucket.logical_id not in kinds and world.name(bucket) is None
        return False
    match = re.fullmatch(r"arn:[^:]+:s3:::([^/*?]+)(/.*)?", value) if isinstance(value, str) else None
    if match is None:
        return False
    name = world.name(bucket)
    # A bucket without a name gets one that nobody knows before.
    return (name is None and "BucketName" not in bucket.properties and "BucketNamePrefix" not in bucket.properties) or (
        isinstance(name, str) and name != match[1]
    )


class Lifecycle(ResourceRule):
    """A lifecycle that S3 refuses."""

    id = "TAP1320"
    title = "The lifecycle is not possible"
    description = (
        "Objects go to the infrequent classes after 30 days at the earliest, to colder classes later than to warmer "
        "ones, and expire after their last transition. A rule does something, and its filter and prefix exclude each "
        "other."
    )
    source = "S3 API, PutBucketLifecycleConfiguration; S3 user guide, “Lifecycle configuration elements”"
    types = (BUCKET,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each rule of a bucket's lifecycle."""
        seen: set[str] = set()
        for index, body in enumerate(items(resource.get("LifecycleConfiguration", "Rules"))):
            place = ("LifecycleConfiguration", "Rules", str(index))
            if not isinstance(body, Mapping):
                continue
            name = body.get("Id")
            if isinstance(name, str):
                if name in seen:
                    yield at(resource, *place, "Id", says=f"A second rule is named {name}.")
                seen.add(name)
            yield from _current(resource, place, body)
            yield from _noncurrent(resource, place, body)
            if not _acts(body):
                yield at(resource, *place, says="The rule does nothing: neither transition, expiration nor abort.")


def _acts(body: Mapping[str, Any]) -> bool:
    words = ("Transition", "Expiration", "Expired", "Abort")
    return any(any(word in key for word in words) for key in body)


def _transitions(body: Mapping[str, Any], many: str, one: str) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    found = [((many, str(at_index)), fields(value)) for at_index, value in enumerate(items(body.get(many)))]
    return found + ([((one,), fields(body[one]))] if one in body else [])


def _current(resource: Resource, place: tuple[str, ...], body: Mapping[str, Any]) -> Iterator[Found]:
    end = as_number(body.get("ExpirationInDays"))
    if end is not None and end < 1:
        yield at(resource, *place, "ExpirationInDays", says=f"Objects expire after {end:g} days: at least 1.")
    told = []
    for where, one in _transitions(body, "Transitions", "Transition"):
        days, kind = as_number(one.get("TransitionInDays")), one.get("StorageClass")
        if days is None or not isinstance(kind, str):
            continue
        least = _LEAST_DAYS.get(kind, 0)
        if days < least:
            yield at(resource, *place, *where, says=f"To {kind} after {days:g} days: at least {least}.")
        if end is not None and 0 < end <= days:
            says = f"To {kind} after {days:g} days, but objects expire after {end:g}."
            yield at(resource, *place, *where, says=says)
        told.append((days, kind, where))
    for days, kind, where in told:
        for other, warmer, _ in told:
            if kind in _WARMTH and warmer in _WARMTH and _WARMTH.index(warmer) < _WARMTH.index(kind) and other >= days:
                yield at(resource, *place, *where, says=f"To {kind} after {days:g} days, to {warmer} after {other:g}.")


def _noncurrent(resource: Resource, place: tuple[str, ...], body: Mapping[str, Any]) -> Iterator[Found]:
    end = as_number(fields(body.get("NoncurrentVersionExpiration")).get("NoncurrentDays"))
    if end is None:
        end = as_number(body.get("NoncurrentVersionExpirationInDays"))
    for where, one in _transitions(body, "NoncurrentVersionTransitions", "NoncurrentVersionTransition"):
        days, kind = as_number(one.get("TransitionInDays")), one.get("StorageClass")
        if days is None or not isinstance(kind, str):
            continue
        least = _LEAST_DAYS.get(kind, 0)
        if days < least:
            yield at(resource, *place, *where, says=f"Older versions to {kind} after {days:g} days: at least {least}.")
        if end is not None and end <= days:
            says = f"Older versions to {kind} after {days:g} days, but they expire after {end:g}."
            yield at(resource, *place, *where, says=says)


class VersionsWithoutVersioning(ResourceRule):
    """Rules for older versions in a bucket that keeps none."""

    id = "TAP1321"
    title = "The bucket keeps no older versions"
    description = "Rules for non-current versions do nothing, and replication is refused, where versioning is off."
    severity = Severity.WARNING
    source = (
        "S3 user guide, “Retaining multiple versions of objects with S3 Versioning”, “What does Amazon S3 replicate?”"
    )
    advice = "Set VersioningConfiguration: {Status: Enabled}."
    types = (BUCKET,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A bucket without versioning."""
        stated = fields(world.model.resources[resource.logical_id].get("Properties"))
        if "VersioningConfiguration" in stated:
            return  # Suspended, there may be versions of before; behind a condition, others have them.
        for index, body in enumerate(items(resource.get("LifecycleConfiguration", "Rules"))):
            keys = [key for key in fields(body) if key.startswith("Noncurrent")]
            if keys:
                place = ("LifecycleConfiguration", "Rules", index, keys[0])
                yield at(resource, *place, says="The rule is for older versions, but versioning is off.")


class Replication(ResourceRule):
    """Replication that S3 refuses."""

    id = "TAP1322"
    title = "The bucket cannot be replicated so"
    description = "Replication needs versioning on both buckets, and a role that S3 may assume."
    source = "S3 user guide, “Requirements and considerations for replication”"
    types = (BUCKET,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The replication of a bucket to another of the template."""
        if resource.get("ReplicationConfiguration") is None:
            return
        status = resource.get("VersioningConfiguration", "Status")
        if status is None or (isinstance(status, str) and status != "Enabled"):
            yield at(resource, "ReplicationConfiguration", says="The bucket is replicated, but versioning is off.")
        for index, body in enumerate(items(resource.get("ReplicationConfiguration", "Rules"))):
            place = ("ReplicationConfiguration", "Rules", index, "Destination", "Bucket")
            value = fields(fields(body).get("Destination")).get("Bucket")
            other = world.target(value, BUCKET)
            told = other.get("VersioningConfiguration", "Status") if other else "Enabled"
            if other and (told is None or (isinstance(told, str) and told != "Enabled")):
                yield at(resource, *place, says=f"{other.logical_id} is to take the copies, but its versioning is off.")
            if isinstance(value, str) and not value.startswith("arn:"):
                yield at(resource, *place, says=f"{value} is no ARN of a bucket.")


class PublicPolicy(ResourceRule):
    """A policy for everybody on a bucket that lets no such policy be."""

    id = "TAP1323"
    title = "The bucket's policy is public, and public policies are blocked"
    description = (
        "New buckets block public policies unless PublicAccessBlockConfiguration says otherwise: a policy that lets "
        "everybody in is refused."
    )
    source = "S3 user guide, “Blocking public access to your Amazon S3 storage”"
    advice = "Let CloudFront read by origin access control instead; or set BlockPublicPolicy: false for what is public."
    types = (POLICY,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A policy of a bucket of the template."""
        bucket = world.target(resource.get("Bucket"), BUCKET)
        if bucket is None:
            return
        block = bucket.get("PublicAccessBlockConfiguration")
        blocked = True if block is None else fields(block).get("BlockPublicPolicy")
        if isinstance(block, Unknown) or (block is not None and blocked is None):
            return
        if as_bool(blocked) is not True:
            return
        for one in statements(resource.get("PolicyDocument"), ("PolicyDocument",)) or ():
            if one.allows and _anybody(one) and not one.conditions and one.complete:
                says = f"The statement lets everybody in, but {bucket.logical_id} blocks public policies."
                yield at(resource, *one.place, says=says)


def _anybody(statement: Statement) -> bool:
    return any(kind == "*" or (kind == "AWS" and value == "*") for kind, value in statement.principals)


class Notifications(ResourceRule):
    """A notification that S3 may not send."""

    id = "TAP1324"
    title = "S3 may not send the bucket's notifications"
    description = (
        "S3 tests the targets of notifications when they are set: a function, topic or queue that does not let "
        "s3.amazonaws.com in makes the bucket fail. The permission has to be there first."
    )
    source = "S3 user guide, “Granting permissions to publish event notification messages to a destination”"
    advice = "Add the permission or policy, and DependsOn it from the bucket (name the bucket, to avoid a circle)."
    types = (BUCKET,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The targets of a bucket's notifications that are in the template."""
        for kind, key in (
            ("LambdaConfigurations", "Function"),
            ("TopicConfigurations", "Topic"),
            ("QueueConfigurations", "Queue"),
        ):
            for index, body in enumerate(items(resource.get("NotificationConfiguration", kind))):
                place = ("NotificationConfiguration", kind, index, key)
                let = allows_call(world, fields(body).get(key), "s3")
                if let is None:
                    continue
                if not let.by:
                    yield at(resource, *place, says=f"Nothing lets S3 call {let.target.logical_id}.")
                elif not any(one.logical_id in before(world, resource) for one in let.by):
                    says = (
                        f"The bucket does not wait for {let.by[0].logical_id}, which lets S3 call "
                        f"{let.target.logical_id}."
                    )
                    yield at(resource, *place, says=says)
