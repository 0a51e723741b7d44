"""Scaling as rules look at it: what a target is, its policies, and the alarms that set them off. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.graph.alarms import ALARM
from tap.check.model import Resource, World
from tap.check.values import Reference, as_bool, fields, items, shape

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
GROUP = "AWS::AutoScaling::AutoScalingGroup"
GROUP_POLICY = "AWS::AutoScaling::ScalingPolicy"

_TRACKING = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
    "ASGAverageCPUUtilization": "CPUUtilization",
}
"""Predefined metric → the metric that an alarm on the same would watch."""


@dataclass(frozen=True, eq=False)
class Policy:
    """A scaling policy. ``kind`` is its PolicyType (the default filled in), ``steps`` the path to its own settings."""

    resource: Resource
    kind: Any
    key: str
    settings: Mapping[str, Any]

    @property
    def metric(self) -> str:
        """What it tracks, as far as it can be told: the metric's name, empty where it tracks nothing."""
        predefined = fields(self.settings.get("PredefinedMetricSpecification")).get("PredefinedMetricType")
        custom = fields(self.settings.get("CustomizedMetricSpecification"))
        if isinstance(predefined, str):
            return _TRACKING.get(predefined, predefined)
        name = custom.get("MetricName")
        return f"{shape(custom.get('Namespace'))} {name}" if isinstance(name, str) else ""

    @property
    def scales_in(self) -> bool:
        """Whether a target tracking policy takes capacity away too."""
        return as_bool(self.settings.get("DisableScaleIn", False)) is not True


_SETTINGS = {
    POLICY: {
        "StepScaling": "StepScalingPolicyConfiguration",
        "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
        "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
    },
    GROUP_POLICY: {
        "TargetTrackingScaling": "TargetTrackingConfiguration",
        "PredictiveScaling": "PredictiveScalingConfiguration",
    },
}
"""Type → PolicyType → the property with its settings. Source: the two types in the template reference."""


def settings_keys(policy: Resource) -> Mapping[str, str]:
    """PolicyType → property, for the policy's type."""
    return _SETTINGS[policy.type]


def policies(world: World) -> Iterator[Policy]:
    """Every scaling policy."""
    for one in world.of_type(POLICY, GROUP_POLICY):
        kind = one.get("PolicyType")
        if kind is None and one.type == GROUP_POLICY:
            kind = "SimpleScaling"
        key = _SETTINGS[one.type].get(kind, "") if isinstance(kind, str) else ""
        yield Policy(one, kind, key, fields(one.get(key)) if key else one.properties)


def target_key(policy: Resource, world: World) -> str:
    """What a policy scales, as a text that is the same for two policies of the same target; empty where not known."""
    value = policy.get("ScalingTargetId") or policy.get("AutoScalingGroupName")
    if isinstance(value, Reference):
        return value.logical_id
    if value is not None:
        return shape(value)
    resource_id = policy.get("ResourceId")
    if resource_id is None:
        return ""
    for one in world.of_type(TARGET):
        if one.get("ResourceId") == resource_id and one.get("ScalableDimension") == policy.get("ScalableDimension"):
            return one.logical_id
    return f"{shape(resource_id)} {shape(policy.get('ScalableDimension'))}"


def alarms_of(policy: Resource, world: World) -> list[Resource]:
    """The alarms of the template that set a policy off."""
    return [
        use.resource for use in world.uses(policy, ALARM) if use.path and use.path[0] in ("AlarmActions", "OKActions")
    ]


def steps_of(policy: Resource) -> tuple[tuple[str | int, ...], list[Any]]:
    """The step adjustments of a policy, with their path."""
    path: tuple[str | int, ...] = ("StepScalingPolicyConfiguration", "StepAdjustments")
    if policy.type == GROUP_POLICY:
        path = ("StepAdjustments",)
    return path, items(policy.get(*path))
