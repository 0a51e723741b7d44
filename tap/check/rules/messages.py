"""TAP137x: topics and queues."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.functions import QUEUE, TOPIC, allows_call, policies_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import as_bool, as_number, fields, items


class AlarmShutOut(Rule):
    """A topic whose policy leaves out the alarms that notify it."""

    id = "TAP1370"
    title = "The topic's policy does not let alarms publish"
    description = (
        "A topic without a policy lets the account's alarms publish. A policy takes the place of that: where it "
        "does not "
        "let cloudwatch.amazonaws.com do sns:Publish, alarms are lost."
    )
    severity = Severity.WARNING
    source = "SNS developer guide, “Example cases for Amazon SNS access control”: CloudWatch alarms"
    advice = "Allow sns:Publish to cloudwatch.amazonaws.com, with a condition on aws:SourceAccount."

    def check(self, world: World) -> Iterator[Found]:
        """Each action of an alarm that is a topic of the template with a policy."""
        for alarm in world.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            for place in ("AlarmActions", "OKActions", "InsufficientDataActions"):
                for index, value in enumerate(items(alarm.get(place))):
                    topic = world.target(value, TOPIC)
                    let = allows_call(world, value, "cloudwatch") if topic and policies_of(world, topic) else None
                    if let and topic and not let.by:
                        policies = policies_of(world, topic) or ()
                        says = (
                            f"{policies[0].logical_id} does not let cloudwatch.amazonaws.com publish "
                            f"to {topic.logical_id}."
                        )
                        yield at(alarm, place, index, says=says)


class Fifo(ResourceRule):
    """Queues and topics of two kinds that do not go together."""

    id = "TAP1371"
    title = "What is for FIFO queues and topics alone is set elsewhere"
    description = "Dead letters of a FIFO queue go to a FIFO queue; deduplication is for FIFO queues and topics alone."
    source = "SQS API, CreateQueue: FifoQueue; SNS developer guide, “Message delivery for FIFO topics”"
    types = (QUEUE, TOPIC)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The kind of a queue or topic, and of the queue of its dead letters."""
        key = "FifoQueue" if resource.type == QUEUE else "FifoTopic"
        fifo, stated = as_bool(resource.get(key)), key in resource.properties
        if as_bool(resource.get("ContentBasedDeduplication")) and not stated:
            yield at(resource, "ContentBasedDeduplication", says=f"It is for {key} alone.")
        dead = world.target(fields(resource.get("RedrivePolicy")).get("deadLetterTargetArn"), QUEUE)
        if dead and resource.type == QUEUE:
            other = as_bool(dead.get("FifoQueue")) if "FifoQueue" in dead.properties else False
            own = fifo if stated else False
            if other is not None and own is not None and own != other:
                says = f"{dead.logical_id} takes its dead letters, but only one of the two is a FIFO queue."
                yield at(resource, "RedrivePolicy", says=says)


class DeadLetters(ResourceRule):
    """Dead letters that go nowhere."""

    id = "TAP1372"
    title = "The redrive policy is not possible"
    description = "Dead letters go to a queue by its ARN, after 1 to 1,000 receives; a queue is not its own."
    source = "SQS API, SetQueueAttributes: RedrivePolicy"
    types = (QUEUE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The redrive policy of a queue, and its figures."""
        own = fields(resource.get("RedrivePolicy"))
        if own:
            for key in ("deadLetterTargetArn", "maxReceiveCount"):
                if key not in own:
                    yield at(resource, "RedrivePolicy", says=f"{key} is missing.")
            number = as_number(own.get("maxReceiveCount"))
            if number is not None and not 1 <= number <= 1000:
                yield at(resource, "RedrivePolicy", "maxReceiveCount", says=f"{number:g}: 1 to 1000.")
            value = own.get("deadLetterTargetArn")
            meant = world.target(value, QUEUE)
            if meant is resource:
                yield at(resource, "RedrivePolicy", "deadLetterTargetArn", says="The queue is its own.")
            elif meant and str(value) == f"!Ref {meant.logical_id}":
                says = f"{value} is an address: the queue's ARN is needed."
                yield at(resource, "RedrivePolicy", "deadLetterTargetArn", says=says)
        for key, low, high in (
            ("VisibilityTimeout", 0, 43_200),
            ("MessageRetentionPeriod", 60, 1_209_600),
            ("DelaySeconds", 0, 900),
            ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ):
            number = as_number(resource.get(key))
            if number is not None and not low <= number <= high:
                yield at(resource, key, says=f"{key} is {number:g}: {low} to {high}.")
