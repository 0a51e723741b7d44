"""TAP1607 to TAP1611: what scaling policies track, and what sets them off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.graph.alarms import dimensions
from tap.check.graph.scaling import GROUP_POLICY, POLICY, TARGET, Policy, alarms_of, policies, steps_of
from tap.check.metric_tables import NAMESPACES
from tap.check.metrics import unknown_metric, wrong_namespace
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import Reference, Text, as_number, fields, shape

_PREDEFINED = {
    "ecs": (
        *("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"),
        *("ECSServiceAverageCPUUtilizationHighResolution", "ECSServiceAverageMemoryUtilizationHighResolution"),
    ),
    "dynamodb": ("DynamoDBReadCapacityUtilization", "DynamoDBWriteCapacityUtilization"),
    "rds": ("RDSReaderAverageCPUUtilization", "RDSReaderAverageDatabaseConnections"),
    "lambda": ("LambdaProvisionedConcurrencyUtilization",),
}
_OF_GROUP = (
    *("ASGAverageCPUUtilization", "ASGAverageCPUUtilizationHighResolution", "ASGAverageNetworkIn"),
    *("ASGAverageNetworkOut", "ALBRequestCountPerTarget"),
)


class TrackedMetric(Rule):
    """Target tracking of what is not there."""

    id = "TAP1607"
    title = "A tracked metric is one of the target's service"
    description = (
        "Predefined metrics belong to one service; ALBRequestCountPerTarget needs the label of a target group."
    )
    source = "Application Auto Scaling API model, MetricType; EC2 Auto Scaling API model, MetricType"
    advice = "For a service: ECSServiceAverageCPUUtilization, or ALBRequestCountPerTarget with its ResourceLabel."

    def check(self, world: World) -> Iterator[Found]:
        """Each target tracking policy."""
        for policy in policies(world):
            if policy.kind != "TargetTrackingScaling":
                continue
            own = fields(policy.settings.get("PredefinedMetricSpecification"))
            custom = policy.settings.get("CustomizedMetricSpecification")
            name, label = own.get("PredefinedMetricType"), own.get("ResourceLabel")
            steps = (policy.key, "PredefinedMetricSpecification")
            if own and custom is not None:
                yield at(policy.resource, policy.key, says="The policy tracks a predefined and a customized metric.")
            elif policy.settings and not own and custom is None:
                yield at(policy.resource, policy.key, says="The policy tracks no metric.")
            allowed = _allowed(policy, world)
            if isinstance(name, str) and allowed and name not in allowed:
                says = f"{name} is none of the metrics of this target: {', '.join(allowed)}."
                yield at(policy.resource, *steps, "PredefinedMetricType", says=says)
            elif name == "ALBRequestCountPerTarget":
                says = _label_fault(label, world)
                if says:
                    yield at(policy.resource, *steps, "ResourceLabel", says=says)
            elif isinstance(name, str) and label is not None:
                yield at(policy.resource, *steps, "ResourceLabel", says=f"{name} takes no ResourceLabel.")


def space_of(policy: Resource, world: World) -> str:
    """The service namespace of what a policy scales; empty where it cannot be told."""
    value = policy.get("ServiceNamespace")
    if isinstance(value, str):
        return value
    target = world.target(policy.get("ScalingTargetId"), TARGET)
    found = target.get("ServiceNamespace") if target else None
    return found if isinstance(found, str) else ""


def _allowed(policy: Policy, world: World) -> tuple[str, ...]:
    return _OF_GROUP if policy.resource.type == GROUP_POLICY else _PREDEFINED.get(space_of(policy.resource, world), ())


def _label_fault(label: Any, world: World) -> str:
    if label is None:
        return "ALBRequestCountPerTarget has no ResourceLabel: app/LB/ID/targetgroup/TG/ID."
    if isinstance(label, Reference):
        target = world.resources.get(label.logical_id)
        return f"{label} is not of the form app/LB/ID/targetgroup/TG/ID." if target is not None else ""
    if isinstance(label, str):
        parts = label.split("/")
        good = len(parts) == 6 and parts[0] == "app" and parts[3] == "targetgroup"
        return "" if good else f"{label} is not of the form app/LB/ID/targetgroup/TG/ID."
    if isinstance(label, Text):
        kinds = {
            "AWS::ElasticLoadBalancingV2::LoadBalancer": "LoadBalancerFullName",
            "AWS::ElasticLoadBalancingV2::TargetGroup": "TargetGroupFullName",
        }
        for reference in label.references:
            found = world.resources.get(reference.logical_id)
            wanted = kinds.get(found.type) if found is not None else None
            if wanted is not None and reference.attribute != wanted and "!Split" not in shape(label):
                return f"{reference.variable} is no part of a label: it takes {wanted}."
        order = [world.resources[one.logical_id].type for one in label.references if one.logical_id in world.resources]
        if order[:2] == list(reversed(kinds)) and "targetgroup" not in shape(label).split("${")[0]:
            return f"{shape(label)} has the target group before the load balancer."
    return ""


class TargetValue(Rule):
    """Values to track that are never, or always, reached."""

    id = "TAP1608"
    title = "A value to track is one that the metric can have"
    severity = Severity.WARNING
    description = "A percentage is kept between 1 and 100: above, the target never grows; at 0 it always does."
    source = "Application Auto Scaling user guide, “Target tracking scaling policies”"
    advice = "Take 40 to 80 for percentages."

    def check(self, world: World) -> Iterator[Found]:
        """Each target tracking policy on a percentage."""
        for policy in policies(world):
            value = as_number(policy.settings.get("TargetValue"))
            if policy.kind != "TargetTrackingScaling" or value is None:
                continue
            says = ""
            if value <= 0:
                says = f"TargetValue is {value:g}: nothing that grows brings a metric there."
            elif "Utilization" in policy.metric and "CapacityUnits" not in policy.metric and " " not in policy.metric:
                share = "Provisioned" in policy.metric
                if share and value > 1:
                    says = f"{policy.metric} is a share from 0 to 1, and TargetValue is {value:g}."
                elif not share and value > 100:
                    says = f"{policy.metric} is a percentage, and TargetValue is {value:g}."
                elif not share and value < 1:
                    says = f"{policy.metric} is a percentage from 0 to 100, and TargetValue is {value:g}."
            if says:
                yield at(policy.resource, policy.key, "TargetValue", says=says)


class NothingSetsOff(ResourceRule):
    """Step policies that nothing sets off."""

    id = "TAP1609"
    title = "A step policy is set off by an alarm"
    severity = Severity.WARNING
    description = "A step policy does nothing by itself: an alarm has it among its actions."
    source = "Application Auto Scaling user guide, “Create a step scaling policy”"
    advice = "Add !Ref of the policy to an alarm's AlarmActions."
    types = (POLICY, GROUP_POLICY)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Whether anything refers to the policy."""
        stepping = resource.get("PolicyType") in ("StepScaling", "SimpleScaling") or (
            resource.type == GROUP_POLICY and resource.get("PolicyType") is None
        )
        if stepping and not world.uses(resource) and resource.logical_id not in world.told_outside and not world.open:
            yield at(resource, says="No alarm of the template sets the policy off.")


class WrongDirection(ResourceRule):
    """Steps that an alarm never reaches."""

    id = "TAP1610"
    title = "A policy's steps are on the side of the threshold where its alarm is"
    severity = Severity.WARNING
    description = (
        "Bounds are differences to the alarm's threshold: an alarm on “less than” needs steps below zero, one on "
        "“greater than” steps above."
    )
    source = "Application Auto Scaling user guide, “Step scaling policies: step adjustments”"
    advice = "For an alarm on “less than”, use MetricIntervalUpperBound: 0."
    types = (POLICY, GROUP_POLICY)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The steps against each alarm that sets the policy off."""
        path, steps = steps_of(resource)
        if not steps or any(not fields(one) for one in steps):
            return
        lows = [fields(one).get("MetricIntervalLowerBound") for one in steps]
        highs = [fields(one).get("MetricIntervalUpperBound") for one in steps]
        above = all(low is not None and low >= 0 for low in map(as_number, lows))
        below = all(high is not None and high <= 0 for high in map(as_number, highs))
        for alarm in alarms_of(resource, world):
            operator = alarm.get("ComparisonOperator")
            if operator in ("LessThanThreshold", "LessThanOrEqualToThreshold") and above:
                says = f"{alarm.logical_id} fires below its threshold, and all steps are above it."
                yield at(resource, *path, says=says)
            elif operator in ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold") and below:
                says = f"{alarm.logical_id} fires above its threshold, and all steps are below it."
                yield at(resource, *path, says=says)


class TrackedCustomMetric(Rule):
    """Customized metrics that nobody publishes."""

    id = "TAP1611"
    title = "A customized metric to track is one that is published"
    severity = Severity.WARNING
    description = "A policy on a metric without data never scales."
    source = "CloudWatch user guide, “AWS services that publish CloudWatch metrics”"
    advice = "Write namespace, metric and dimensions as the service's documentation does."

    def check(self, world: World) -> Iterator[Found]:
        """Each customized metric."""
        for policy in policies(world):
            own = fields(policy.settings.get("CustomizedMetricSpecification"))
            space, name = own.get("Namespace"), own.get("MetricName")
            if not isinstance(space, str) or not isinstance(name, str):
                continue
            steps = (policy.key, "CustomizedMetricSpecification")
            meant, near = wrong_namespace(space), unknown_metric(space, name)
            found = dimensions(own.get("Dimensions"))
            known = NAMESPACES.get(space)
            strange = sorted(set(found) - known.dimensions) if known and found else []
            if meant:
                yield at(policy.resource, *steps, "Namespace", says=f"There is no namespace {space}: it is {meant}.")
            elif near is not None:
                says = f"{space} has no metric {name}{f'; {near} is one' if near else ''}."
                yield at(policy.resource, *steps, "MetricName", says=says)
            elif strange:
                yield at(policy.resource, *steps, "Dimensions", says=f"{space} has no dimension {strange[0]}.")


class DesiredBeside(ResourceRule):
    """A fixed number beside what scales it."""

    id = "TAP1612"
    title = "A service that is scaled has no DesiredCount of its own"
    severity = Severity.NOTE
    description = "Each update of the service sets the number back to DesiredCount, whatever the load is."
    source = "ECS developer guide, “Automatically scale your Amazon ECS service”"
    advice = "Leave DesiredCount out where a scalable target is."
    types = (TARGET,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The service of the template that a target scales."""
        value = resource.get("ResourceId")
        service = world.target(value, "AWS::ECS::Service") if isinstance(value, Text) else None
        if service is not None and service.get("DesiredCount") is not None:
            count = shape(service.get("DesiredCount"))
            says = f"{resource.logical_id} scales it, and each update sets it back to {count}."
            yield at(service, "DesiredCount", says=says)
