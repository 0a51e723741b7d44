"""Which services have to use a key of the template in their own name: what they send to, read from or write to.

Sources: SNS developer guide, "Managing Amazon SNS encryption keys" (event sources); SQS developer guide, "Configure KMS
permissions for AWS services"; CloudFront developer guide, "Restrict access to an Amazon S3 origin" (SSE-KMS);
CloudWatch Logs user guide, "Amazon S3 bucket server-side encryption"; CloudTrail user guide, "Configure AWS KMS key
policies for CloudTrail".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tap.check.graph.keys import key_of
from tap.check.model import Resource, World
from tap.check.values import fields, items

TOPIC, QUEUE, BUCKET = "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::S3::Bucket"


@dataclass(frozen=True)
class Need:
    """A service that has to use a key: where it is seen, what for."""

    resource: Resource
    path: tuple[str, ...]
    key: Resource
    service: str
    actions: tuple[str, ...]
    what: str


_SEND = ("kms:GenerateDataKey", "kms:Decrypt")


_NOTIFIERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("AWS::RDS::EventSubscription", ("SnsTopicArn",), "events.rds"),
    ("AWS::Backup::BackupVault", ("Notifications", "SNSTopicArn"), "backup"),
)


def needs(world: World) -> Iterator[Need]:
    """Each use of a key of the template by a service, with the actions that the service's guide asks for."""
    yield from _alarms(world)
    yield from _senders(world)
    yield from _readers(world)


def _key_at(world: World, target: Resource | None) -> Resource | None:
    if target is None:
        return None
    name = {TOPIC: "KmsMasterKeyId", QUEUE: "KmsMasterKeyId"}.get(target.type)
    if name:
        return key_of(world, target.get(name))
    return bucket_key(world, target) if target.type == BUCKET else None


def bucket_key(world: World, bucket: Resource) -> Resource | None:
    """The key of the template that encrypts a bucket by default."""
    for rule in items(bucket.get("BucketEncryption", "ServerSideEncryptionConfiguration")):
        own = fields(fields(rule).get("ServerSideEncryptionByDefault"))
        found = key_of(world, own.get("KMSMasterKeyID"))
        if found and str(own.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return found
    return None


def _alarms(world: World) -> Iterator[Need]:
    for alarm in world.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for place in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            for index, action in enumerate(items(alarm.get(place))):
                topic = world.target(action, TOPIC)
                key = _key_at(world, topic)
                if key and topic:
                    what = f"The alarm notifies {topic.logical_id}"
                    yield Need(alarm, (place, str(index)), key, "cloudwatch", _SEND, what)


def _senders(world: World) -> Iterator[Need]:
    for rule in world.of_type("AWS::Events::Rule"):
        for index, one in enumerate(items(rule.get("Targets"))):
            target = world.target(fields(one).get("Arn"), TOPIC, QUEUE)
            key = _key_at(world, target)
            if key and target:
                yield Need(
                    rule, ("Targets", str(index), "Arn"), key, "events", _SEND, f"The rule sends to {target.logical_id}"
                )
    for bucket in world.of_type(BUCKET):
        for kind, name in (("TopicConfigurations", "Topic"), ("QueueConfigurations", "Queue")):
            for index, one in enumerate(items(bucket.get("NotificationConfiguration", kind))):
                target = world.target(fields(one).get(name), TOPIC, QUEUE)
                key = _key_at(world, target)
                if key and target:
                    place = ("NotificationConfiguration", kind, str(index), name)
                    yield Need(bucket, place, key, "s3", _SEND, f"The bucket notifies {target.logical_id}")
    for subscription in world.of_type("AWS::SNS::Subscription"):
        if subscription.get("Protocol") == "sqs":
            target = world.target(subscription.get("Endpoint"), QUEUE)
            key = _key_at(world, target)
            if key and target:
                yield Need(subscription, ("Endpoint",), key, "sns", _SEND, f"The topic sends to {target.logical_id}")
    for kind, where, service in _NOTIFIERS:
        for one in world.of_type(kind):
            topic = world.target(one.get(*where), TOPIC)
            key = _key_at(world, topic)
            if key and topic:
                yield Need(one, where, key, service, _SEND, f"It notifies {topic.logical_id}")
    for trail in world.of_type("AWS::CloudTrail::Trail"):
        key = key_of(world, trail.get("KMSKeyId"))
        if key:
            yield Need(
                trail, ("KMSKeyId",), key, "cloudtrail", ("kms:GenerateDataKey",), "The trail encrypts with the key"
            )


def _readers(world: World) -> Iterator[Need]:
    for distribution in world.of_type("AWS::CloudFront::Distribution"):
        for index, origin in enumerate(items(distribution.get("DistributionConfig", "Origins"))):
            own = fields(origin)
            if own.get("OriginAccessControlId") in (None, ""):
                continue
            bucket = world.target(own.get("DomainName"), BUCKET)
            key = _key_at(world, bucket)
            if key and bucket:
                path = ("DistributionConfig", "Origins", str(index), "DomainName")
                yield Need(
                    distribution, path, key, "cloudfront", ("kms:Decrypt",), f"CloudFront reads {bucket.logical_id}"
                )
    for one in world.of_type("AWS::Logs::DeliveryDestination", "AWS::EC2::FlowLog"):
        place = "DestinationResourceArn" if one.type.startswith("AWS::Logs") else "LogDestination"
        bucket = world.target(one.get(place), BUCKET)
        key = _key_at(world, bucket)
        if key and bucket:
            what = f"Logs are delivered to {bucket.logical_id}"
            yield Need(one, (place,), key, "delivery.logs", ("kms:GenerateDataKey",), what)
