"""TAP1601 to TAP1612: scalable targets, scaling policies, and what sets them off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tap.check.graph.scaling import (
    GROUP,
    GROUP_POLICY,
    POLICY,
    TARGET,
    Policy,
    alarms_of,
    policies,
    settings_keys,
    steps_of,
    target_key,
)
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import Reference, Text, as_number, fields, items, shape

_INFINITE = float("inf")
_ADJUSTMENTS = ("ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity")


class Steps(ResourceRule):
    """Steps with gaps between them, over one another, or without an end."""

    id = "TAP1601"
    title = "The steps of a policy meet, without gap or overlap, and one is open at its end"
    description = (
        "Step adjustments may not overlap nor leave gaps; one may be without lower bound, one without upper bound, and "
        "a bound below zero needs one without lower bound, a bound above zero one without upper bound."
    )
    source = "Application Auto Scaling user guide, “Step scaling policies: step adjustments”"
    advice = "Let each step begin where the one before it ends, and leave the last bound out."
    types = (POLICY, GROUP_POLICY)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The policy's steps."""
        path, steps = steps_of(resource)
        bounds = []
        for index, step in enumerate(steps):
            pair = [fields(step).get(f"MetricInterval{end}Bound") for end in ("Lower", "Upper")]
            low, high = (None if one is None else as_number(one) for one in pair)
            if not fields(step) or (pair[0] is not None and low is None) or (pair[1] is not None and high is None):
                return
            if fields(step).get("ScalingAdjustment") is None:
                yield at(resource, *path, index, says="The step has no ScalingAdjustment.")
            bounds.append((-_INFINITE if low is None else low, _INFINITE if high is None else high))
        says = _bounds_fault(sorted(bounds))
        if says:
            yield at(resource, *path, says=says)


def _bounds_fault(bounds: list[tuple[float, float]]) -> str:
    for low, high in bounds:
        if low >= high:
            return f"A step from {low:g} to {high:g} has no width."
        if (low, high) == (-_INFINITE, _INFINITE):
            return (
                "A step has no bounds at all."
                if len(bounds) > 1
                else "A step needs a bound: MetricIntervalLowerBound: 0."
            )
    for (_, end), (start, _) in pairwise(bounds):
        if end > start:
            return f"Two steps overlap between {start:g} and {min(end, 1e308):g}."
        if end < start:
            return f"There is a gap between {end:g} and {start:g}: no step is for it."
    if bounds and bounds[0][0] != -_INFINITE and bounds[0][0] < 0:
        return f"The lowest step begins at {bounds[0][0]:g}: a step below zero is without lower bound."
    if bounds and bounds[-1][1] != _INFINITE and bounds[-1][1] > 0:
        return f"The highest step ends at {bounds[-1][1]:g}: no step is for what is above it."
    return ""


class StepSettings(ResourceRule):
    """Step policies that do not say how they adjust."""

    id = "TAP1602"
    title = "A step policy says how it adjusts, and by which steps"
    description = "A step policy without AdjustmentType or without StepAdjustments is refused."
    source = "Application Auto Scaling API reference, StepScalingPolicyConfiguration"
    advice = "Set AdjustmentType: ChangeInCapacity and StepAdjustments."
    types = (POLICY, GROUP_POLICY)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The settings of a step policy."""
        own = next((one for one in policies(world) if one.resource is resource), None)
        if own is None or own.kind not in ("StepScaling", "SimpleScaling") or (own.key and not own.settings):
            return
        steps: tuple[str | int, ...] = (own.key,) if own.key else ()
        how, smallest = own.settings.get("AdjustmentType"), own.settings.get("MinAdjustmentMagnitude")
        if how is None:
            yield at(resource, *steps, says="The policy has no AdjustmentType.")
        elif isinstance(how, str) and how not in _ADJUSTMENTS:
            yield at(
                resource, *steps, "AdjustmentType", says=f"AdjustmentType {how!r} is none of {', '.join(_ADJUSTMENTS)}."
            )
        elif smallest is not None and how in ("ChangeInCapacity", "ExactCapacity"):
            says = f"MinAdjustmentMagnitude is for PercentChangeInCapacity, not for {how}."
            yield at(resource, *steps, "MinAdjustmentMagnitude", says=says)
        if own.kind == "StepScaling" and own.settings.get("StepAdjustments") in (None, []):
            yield at(resource, *steps, says="The policy has no StepAdjustments.")
        if (
            own.kind == "SimpleScaling"
            and own.settings.get("ScalingAdjustment") is None
            and own.settings.get("StepAdjustments") is None
        ):
            yield at(resource, says="The policy has no ScalingAdjustment.")


class MinAboveMax(ResourceRule):
    """Less at the most than at the least."""

    id = "TAP1603"
    title = "The smallest capacity is not more than the largest, and the desired one is between them"
    description = "Both services refuse a minimum above the maximum, and a desired capacity outside of the two."
    source = "Application Auto Scaling API reference, RegisterScalableTarget; EC2 Auto Scaling API reference"
    advice = "Set Min ≤ Desired ≤ Max for every combination of parameters."
    types = (TARGET, GROUP, "AWS::AutoScaling::ScheduledAction")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The capacities, those of scheduled actions too."""
        keys = ("MinCapacity", "MaxCapacity") if resource.type == TARGET else ("MinSize", "MaxSize")
        least, most = (resource.get(key) for key in keys)
        yield from _between(resource, (), least, most, resource.get("DesiredCapacity"), keys)
        if resource.type == TARGET:
            for index, action in enumerate(items(resource.get("ScheduledActions"))):
                own = fields(fields(action).get("ScalableTargetAction"))
                path = ("ScheduledActions", index, "ScalableTargetAction")
                yield from _between(resource, path, own.get("MinCapacity"), own.get("MaxCapacity"), None, keys)


def _between(
    resource: Resource, path: tuple[str | int, ...], least: Any, most: Any, desired: Any, keys: tuple[str, ...]
) -> Iterator[Found]:
    low, high, wanted = as_number(least), as_number(most), as_number(desired)
    if low is not None and high is not None and low > high:
        yield at(resource, *path, keys[0], says=f"{keys[0]} {low:g} is more than {keys[1]} {high:g}.")
    elif wanted is not None and ((low is not None and wanted < low) or (high is not None and wanted > high)):
        says = f"DesiredCapacity {wanted:g} is not between {least} and {most}."
        yield at(resource, *path, "DesiredCapacity", says=says)
    if low is not None and low < 0:
        yield at(resource, *path, keys[0], says=f"{keys[0]} is {low:g}: it is 0 at least.")


class PolicyKind(ResourceRule):
    """Policies without the settings of their type."""

    id = "TAP1604"
    title = "A scaling policy has the settings of its type, and no other"
    description = (
        "Each PolicyType has a property of its own; without it, or with that of another type, the policy is refused."
    )
    source = "AWS::ApplicationAutoScaling::ScalingPolicy; AWS::AutoScaling::ScalingPolicy"
    advice = "Set the configuration that belongs to the PolicyType."
    types = (POLICY, GROUP_POLICY)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """PolicyType against the configurations that are there."""
        keys = settings_keys(resource)
        kind = resource.get("PolicyType")
        if kind is None and resource.type == GROUP_POLICY:
            kind = "SimpleScaling"
        present = [key for key in keys.values() if resource.get(key) is not None]
        if not isinstance(kind, str):
            return
        if kind not in keys and not (resource.type == GROUP_POLICY and kind in ("SimpleScaling", "StepScaling")):
            yield at(resource, "PolicyType", says=f"PolicyType {kind!r} is none of {', '.join(keys)}.")
        elif kind in keys and keys[kind] not in present:
            yield at(resource, "PolicyType", says=f"PolicyType is {kind}, and there is no {keys[kind]}.")
        else:
            for key in present:
                if key != keys.get(kind):
                    yield at(resource, key, says=f"{key} does not belong to a policy of type {kind}.")


class PoliciesFight(Rule):
    """Two policies that undo each other's work."""

    id = "TAP1605"
    title = "Two policies of one target do not track or step on the same metric"
    severity = Severity.WARNING
    description = (
        "A target tracking policy that scales in too fights with a step policy that scales in on the same metric, and "
        "two that track one metric at different values fight with each other."
    )
    source = "Application Auto Scaling user guide, “Target tracking scaling policies: considerations”"
    advice = "Set DisableScaleIn: true on the tracking policy, or leave the step policy out."

    def check(self, world: World) -> Iterator[Found]:
        """Each pair of policies of the same target."""
        by_target: dict[str, list[Policy]] = {}
        for one in policies(world):
            key = target_key(one.resource, world)
            if key and one.kind in ("TargetTrackingScaling", "StepScaling", "SimpleScaling"):
                by_target.setdefault(key, []).append(one)
        for own in by_target.values():
            tracking = [one for one in own if one.kind == "TargetTrackingScaling" and one.metric]
            for index, one in enumerate(tracking):
                twin = next((two for two in tracking[:index] if two.metric == one.metric), None)
                if twin is not None and one.scales_in and twin.scales_in:
                    says = f"{twin.resource.logical_id} tracks {one.metric} of the same target too."
                    yield at(one.resource, one.key, says=says)
            for one in (one for one in own if one.kind != "TargetTrackingScaling"):
                watched = {_watched(alarm) for alarm in alarms_of(one.resource, world)}
                rival = next(
                    (two for two in tracking if two.metric in watched and two.scales_in and _takes_away(one)), None
                )
                if rival is not None:
                    says = f"{rival.resource.logical_id} scales in on {rival.metric} by itself (no DisableScaleIn)."
                    yield at(one.resource, says=says)


def _watched(alarm: Resource) -> str:
    name = alarm.get("MetricName")
    return name if isinstance(name, str) else ""


def _takes_away(policy: Policy) -> bool:
    steps = items(policy.settings.get("StepAdjustments"))
    said = [fields(one).get("ScalingAdjustment") for one in steps] or [policy.settings.get("ScalingAdjustment")]
    return any((as_number(one) or 0) < 0 for one in said)


_SPACES = {
    "ecs": ("service/", ("ecs:service:DesiredCount",)),
    "dynamodb": (
        ("table/"),
        (
            *("dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"),
            *("dynamodb:index:ReadCapacityUnits", "dynamodb:index:WriteCapacityUnits"),
        ),
    ),
    "rds": ("cluster:", ("rds:cluster:ReadReplicaCount",)),
    "lambda": ("function:", ("lambda:function:ProvisionedConcurrency",)),
    "ec2": ("spot-fleet-request/", ("ec2:spot-fleet-request:TargetCapacity",)),
}
"""ServiceNamespace → how its ResourceId begins, and its dimensions (Application Auto Scaling API reference)."""


class TargetForm(ResourceRule):
    """Targets in a form that Application Auto Scaling does not know."""

    id = "TAP1606"
    title = "A scalable target's id, dimension and namespace belong together"
    description = (
        "RegisterScalableTarget refuses a resource id that has not the form of its namespace, and foreign dimensions."
    )
    source = "Application Auto Scaling API reference, RegisterScalableTarget, ResourceId and ScalableDimension"
    advice = "For a service: service/CLUSTER/SERVICE (names), ecs:service:DesiredCount, ecs."
    types = (TARGET, POLICY)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The three parts."""
        space, dimension, own = (resource.get(key) for key in ("ServiceNamespace", "ScalableDimension", "ResourceId"))
        if isinstance(space, str) and isinstance(dimension, str):
            wanted = _SPACES.get(space)
            if dimension.split(":")[0] != space.split("-")[0] and wanted:
                yield at(
                    resource,
                    "ScalableDimension",
                    says=f"{dimension} is no dimension of {space}: {', '.join(wanted[1])}.",
                )
                return
            if wanted and dimension not in wanted[1]:
                yield at(
                    resource, "ScalableDimension", says=f"{space} has no dimension {dimension}: {', '.join(wanted[1])}."
                )
                return
        if not isinstance(space, str) or space not in _SPACES or own is None:
            return
        says = _id_fault(space, own, world)
        if says:
            yield at(resource, "ResourceId", says=says)


def _id_fault(space: str, value: Any, world: World) -> str:
    start = _SPACES[space][0]
    if isinstance(value, Reference):
        target = world.resources.get(value.logical_id)
        # A scalable target's own Ref is its ResourceId and more; of other resources none has that form.
        return "" if target is None or target.type == TARGET else f"{value} is not of the form {start}…"
    if not isinstance(value, str | Text):
        return ""
    text = shape(value)
    if not text.startswith("${") and not text.startswith(start):
        return f"{text}: a resource of {space} is called {start}…"
    if space == "ecs" and text.startswith(start):
        parts = [part for part in re.sub(r"\$\{[^}]*\}", "x", text).split("/") if part]
        names = re.findall(r"\$\{([^}]*)\}", text)
        for name in names:
            target = world.resources.get(name.split(".")[0])
            attribute = name.partition(".")[2]
            if target is not None and target.type == "AWS::ECS::Service" and attribute != "Name":
                return f"${{{name}}} is the service's ARN: its name is ${{{target.logical_id}.Name}}."
            if target is not None and target.type == "AWS::ECS::Cluster" and attribute == "Arn":
                return f"${{{name}}} is the cluster's ARN: its name is ${{{target.logical_id}}}."
        if isinstance(value, str | Text) and len(parts) != 3 and all(_single(name, world) for name in names):
            return f"{text} is not of the form service/CLUSTER/SERVICE."
    return ""


def _single(name: str, world: World) -> bool:
    """Whether a variable is surely one name, without a slash in it."""
    target = world.resources.get(name.split(".", maxsplit=1)[0])
    return target is not None and target.type in ("AWS::ECS::Cluster", "AWS::ECS::Service")
