"""TAP133x: log groups, what reads them, and logs that are delivered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.functions import FUNCTION, allows_call
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import Reference, Text, Unknown, as_bool, as_int, fields, items, shape

GROUP = "AWS::Logs::LogGroup"
_CLUSTER = "AWS::RDS::DBCluster"
_RETENTIONS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


class GroupTwice(Rule):
    """A log group that two resources make."""

    id = "TAP1330"
    title = "Two log groups have the same name"
    description = "A log group's name is its own in an account and region: the second one cannot be made."
    source = "CloudWatch Logs API, CreateLogGroup: ResourceAlreadyExistsException"
    advice = "Keep one of them."

    def check(self, world: World) -> Iterator[Found]:
        """The names of all log groups."""
        seen: dict[str, str] = {}
        for group in world.of_type(GROUP):
            name = group.get("LogGroupName")
            if not isinstance(name, str | Text):
                continue
            first = seen.setdefault(shape(name), group.logical_id)
            if first != group.logical_id:
                says = f"{first} has the name {name} too."
                yield at(group, "LogGroupName", says=says)


class GroupRace(Rule):
    """A log group that a service makes too, when it comes first."""

    id = "TAP1331"
    title = "A service makes this log group too, and may be first"
    description = (
        "Services make the log groups that they write to, without a retention. Where the template makes the group too, "
        "whoever writes has to wait for it: otherwise the group is there already, and cannot be made."
    )
    source = (
        "Aurora user guide, “Publishing Aurora logs to Amazon CloudWatch Logs”; Lambda, API Gateway "
        "and CodeBuild guides"
    )

    def check(self, world: World) -> Iterator[Found]:
        """Log groups that are named as those of a database, function, API stage or project of the template."""
        for group in world.of_type(GROUP):
            name = group.get("LogGroupName")
            writer = _writer(world, name) if isinstance(name, str | Text) else None
            if writer and group.logical_id not in before(world, writer):
                if writer.logical_id in before(world, group):
                    says = f"{writer.logical_id} is made first, and makes the log group {name} itself."
                    advice = f"Name the group without referring to {writer.logical_id}, and make that wait for it."
                else:
                    says = f"{writer.logical_id} does not wait for the log group {name}, which is made without it too."
                    advice = f"Add DependsOn: {group.logical_id} to {writer.logical_id}."
                yield at(group, "LogGroupName", says=says, advice=advice)


def _writer(world: World, name: str | Text) -> Resource | None:
    """The resource that makes a log group of this name as soon as it is made."""
    match = re.fullmatch(r"/aws/rds/(cluster|instance)/(.+)/([a-z-]+)", shape(name))
    if match:
        kind = _CLUSTER if match[1] == "cluster" else "AWS::RDS::DBInstance"
        for one in world.of_type(kind):
            exported = items(one.get("EnableCloudwatchLogsExports"))
            if match[3] in exported and _is_called(world, one, match[2]):
                return one
    match = re.fullmatch(r"/aws/lambda/(.+)", shape(name))
    if match:
        for one in world.of_type(FUNCTION):
            caller = _called_at_once(world, one) if _is_called(world, one, match[1]) else None
            if caller:
                return caller
    match = re.fullmatch(r"API-Gateway-Execution-Logs_(.+)/(.+)", shape(name))
    if match:
        for one in world.of_type("AWS::ApiGateway::Stage"):
            api = world.target(one.get("RestApiId"), "AWS::ApiGateway::RestApi")
            named = api is not None and match[1] == Reference(api.logical_id).variable
            same = match[2] in (shape(one.get("StageName")), Reference(one.logical_id).variable)
            if named and same and items(one.get("MethodSettings")):
                return one
    return None


def _is_called(world: World, resource: Resource, called: str) -> bool:
    own = world.name(resource)
    by_reference = called == Reference(resource.logical_id).variable
    return by_reference or (own is not None and shape(own) == called)


def _called_at_once(world: World, function: Resource) -> Resource | None:
    """The custom resource that calls a function while the stack is made."""
    for use in world.uses(function):
        custom = use.resource.type.startswith("Custom::") or use.resource.type == "AWS::CloudFormation::CustomResource"
        if custom and use.path == ("ServiceToken",):
            return use.resource
    return None


class GroupByTask(ResourceRule):
    """A log group that the log driver makes, beside the template."""

    id = "TAP1332"
    title = "The log driver makes a log group that the template makes too"
    description = (
        "With awslogs-create-group the agent makes the group, without a retention, and needs logs:CreateLogGroup. "
        "A group "
        "of the template needs neither."
    )
    severity = Severity.WARNING
    source = "ECS developer guide, “Send Amazon ECS logs to CloudWatch”: awslogs-create-group"
    advice = "Leave awslogs-create-group out."
    types = ("AWS::ECS::TaskDefinition",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The log options of each container."""
        for index, one in enumerate(items(resource.get("ContainerDefinitions"))):
            options = fields(fields(fields(one).get("LogConfiguration")).get("Options"))
            group = world.target(options.get("awslogs-group"), GROUP)
            if group and as_bool(options.get("awslogs-create-group")):
                place = ("ContainerDefinitions", index, "LogConfiguration", "Options", "awslogs-create-group")
                yield at(resource, *place, says=f"{group.logical_id} is that group already.")


class Retention(ResourceRule):
    """A retention that there is not."""

    id = "TAP1333"
    title = "Logs are not kept for this many days"
    description = "CloudWatch Logs keeps logs for one of a list of times, or for ever where none is stated."
    source = "CloudWatch Logs API, PutRetentionPolicy: retentionInDays"
    types = (GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The retention and name of a log group."""
        days = as_int(resource.get("RetentionInDays"))
        if days is not None and days not in _RETENTIONS:
            near = min(_RETENTIONS, key=lambda one: (abs(one - days), one))
            yield at(resource, "RetentionInDays", says=f"{days} days.", advice=f"The nearest is {near}.")
        name = resource.get("LogGroupName")
        if isinstance(name, str):
            if not re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", name):
                says = f"“{name}” is no log group's name: letters, digits and . - _ / # alone."
                yield at(resource, "LogGroupName", says=says)
            elif name.startswith("aws/"):
                yield at(resource, "LogGroupName", says=f"{name}: names that begin with aws/ are AWS's own.")


class FilterPattern(ResourceRule):
    """A pattern that CloudWatch Logs does not understand."""

    id = "TAP1334"
    title = "The filter pattern is malformed"
    description = (
        "Braces hold conditions on JSON that begin with $, square brackets hold fields, quotes are closed; outside of "
        "quotes a term has letters, digits and underscores alone."
    )
    source = "CloudWatch Logs user guide, “Filter pattern syntax”"
    types = ("AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The pattern of a filter."""
        pattern = resource.get("FilterPattern")
        wrong = _pattern_fault(pattern.strip()) if isinstance(pattern, str) else ""
        if wrong:
            yield at(resource, "FilterPattern", says=f"“{pattern}”: {wrong}.")


def _pattern_fault(text: str) -> str:
    bare = re.sub(r'"(?:\\.|[^"\\])*"', '""', re.sub(r"%[^%]*%", "", text))
    if bare.count('"') % 2:
        return "a quote is not closed"
    if text.startswith("{"):
        if not text.endswith("}") or bare.count("{") != bare.count("}"):
            return "the brace is not closed"
        if bare.count("(") != bare.count(")"):
            return "a parenthesis is not closed"
        inside = bare[1:-1].strip()
        if not re.search(r"\$", inside):
            return 'a condition on JSON begins with $, as in { $.level = "ERROR" }'
        if re.search(r"(?<![=!<>])==|(?<![|])\|(?![|])|(?<![&])&(?![&])", inside):
            return "the operators are =, !=, <, >, && and ||"
        return ""
    if text.startswith("["):
        return "" if text.endswith("]") else "the bracket is not closed"
    return ""


class SubscriptionTarget(ResourceRule):
    """A subscription that CloudWatch Logs may not serve."""

    id = "TAP1335"
    title = "CloudWatch Logs may not send to the subscription's target"
    description = (
        "A test message is sent when the subscription is made: a function needs a permission for logs.amazonaws.com "
        "first, a stream needs a role."
    )
    source = "CloudWatch Logs user guide, “Log group-level subscription filters”"
    types = ("AWS::Logs::SubscriptionFilter",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The target of a subscription."""
        value = resource.get("DestinationArn")
        let = allows_call(world, value, "logs")
        if let and let.target.type == FUNCTION:
            if not let.by:
                yield at(resource, "DestinationArn", says=f"Nothing lets CloudWatch Logs call {let.target.logical_id}.")
            elif not any(one.logical_id in before(world, resource) for one in let.by):
                says = f"It does not wait for {let.by[0].logical_id}, which lets CloudWatch Logs call the function."
                yield at(resource, "DestinationArn", says=says, advice=f"Add DependsOn: {let.by[0].logical_id}.")
        stream = world.target(value, "AWS::Kinesis::Stream", "AWS::KinesisFirehose::DeliveryStream")
        if stream and resource.get("RoleArn") is None:
            yield at(resource, "DestinationArn", says=f"{stream.logical_id} is a stream: a RoleArn is needed.")


_LOG_TYPES: dict[str, frozenset[str]] = {
    "AWS::CloudFront::Distribution": frozenset({"ACCESS_LOGS", "CONNECTION_LOGS"}),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": frozenset(
        {"ALB_ACCESS_LOGS", "ALB_CONNECTION_LOGS", "ALB_HEALTH_CHECK_LOGS", "NLB_ACCESS_LOGS"}
    ),
}
_FORMATS = frozenset({"json", "plain", "w3c", "raw", "parquet"})


class Delivery(ResourceRule):
    """A delivery of logs that is refused."""

    id = "TAP1336"
    title = "The logs cannot be delivered so"
    description = (
        "A source has a type of log that its resource writes. The format is json, plain, w3c, raw or parquet, as its "
        "target takes it, and paths are for buckets alone. Names have 60 characters at most."
    )
    source = "CloudWatch Logs API, PutDeliverySource: logType; PutDeliveryDestination: outputFormat; CreateDelivery"
    types = ("AWS::Logs::DeliverySource", "AWS::Logs::DeliveryDestination", "AWS::Logs::Delivery")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A source, a destination, or a delivery between them."""
        if resource.type == "AWS::Logs::DeliverySource":
            yield from self._source(resource, world)
        elif resource.type == "AWS::Logs::DeliveryDestination":
            yield from self._destination(resource, world)
        else:
            yield from self._delivery(resource, world)

    def _source(self, resource: Resource, world: World) -> Iterator[Found]:
        kind, owner = resource.get("LogType"), world.target(resource.get("ResourceArn"), *_LOG_TYPES)
        if owner is None or not isinstance(kind, str):
            return
        known = _LOG_TYPES[owner.type]
        if owner.type.endswith("LoadBalancer"):
            balancer = owner.get("Type") or "application"
            if isinstance(balancer, str):
                known = frozenset(one for one in known if one.startswith("NLB" if balancer == "network" else "ALB"))
        if kind not in known:
            says = f"{owner.logical_id} writes no {kind}."
            yield at(resource, "LogType", says=says, advice=f"It writes {', '.join(sorted(known))}.")

    def _destination(self, resource: Resource, world: World) -> Iterator[Found]:
        written, value = resource.get("OutputFormat"), resource.get("DestinationResourceArn")
        if not isinstance(written, str):
            return
        where = _destination(world, value)
        if written not in _FORMATS:
            says = f"There is no format {written}: {', '.join(sorted(_FORMATS))}."
            yield at(resource, "OutputFormat", says=says)
        elif written == "parquet" and where in ("logs", "firehose"):
            yield at(resource, "OutputFormat", says="parquet is for buckets, but the destination is none.")

    def _delivery(self, resource: Resource, world: World) -> Iterator[Found]:
        target = world.target(resource.get("DeliveryDestinationArn"), "AWS::Logs::DeliveryDestination")
        where = _destination(world, target.get("DestinationResourceArn")) if target else ""
        for key in ("S3SuffixPath", "S3EnableHiveCompatiblePath"):
            value = resource.get(key)
            if where in ("logs", "firehose") and value not in (None, False, "", "false"):
                yield at(resource, key, says=f"{key} is for buckets, but the destination is none.")
        source = resource.get("DeliverySourceName")
        if isinstance(source, Reference) and source.attribute == "Arn":
            yield at(resource, "DeliverySourceName", says=f"{source} is an ARN: the source's name is needed.")
        destination = resource.get("DeliveryDestinationArn")
        if isinstance(destination, Reference) and not destination.attribute:
            yield at(resource, "DeliveryDestinationArn", says=f"{destination} is a name: its ARN is needed.")


def _destination(world: World, value: Any) -> str:
    """``S3``, ``logs`` or ``firehose``; empty where it cannot be told."""
    if isinstance(value, Unknown):
        return ""
    kinds = {"AWS::S3::Bucket": "S3", GROUP: "logs", "AWS::KinesisFirehose::DeliveryStream": "firehose"}
    found = world.target(value, *kinds)
    if found:
        return kinds[found.type]
    match = re.match(r"arn:[^:]+:(s3|logs|firehose):", shape(value) if isinstance(value, str | Text) else "")
    return {"s3": "S3"}.get(match[1], match[1]) if match else ""
