"""Auto scaling of ECS services: how many tasks, and by which measure."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import Sub, ecs
from troposphere import applicationautoscaling as scaling

from tap.model import Tier
from templates.tiers.words import att, ref

_METRICS = {"CPU": "ECSServiceAverageCPUUtilization", "memory": "ECSServiceAverageMemoryUtilization"}


@dataclass(frozen=True)
class TargetTracking:
    """Keep a measure (``CPU`` or ``memory``) near ``percent``; cooldowns in seconds."""

    measure: str
    percent: int
    cooldown_in: int
    cooldown_out: int


@dataclass(frozen=True)
class Scaling:
    """At least and at most so many tasks, by these policies."""

    least: int
    most: int
    policies: tuple[TargetTracking, ...]


def scale(tier: Tier, prefix: str, name: str, choices: Scaling, cluster: ecs.Cluster, service: ecs.Service) -> None:
    """Add a scaling target and its policies for an ECS service."""
    target = tier.add(
        scaling.ScalableTarget(
            f"{prefix}ScalingTarget",
            ServiceNamespace="ecs",
            ScalableDimension="ecs:service:DesiredCount",
            ResourceId=Sub(f"service/{ref(cluster)}/{att(service, 'Name')}"),
            MinCapacity=choices.least,
            MaxCapacity=choices.most,
        ),
        f"Lets auto scaling run {choices.least} to {choices.most} tasks of the {name}.",
    )
    for each in choices.policies:
        tier.add(
            scaling.ScalingPolicy(
                f"{prefix}{each.measure.capitalize()}Scaling",
                PolicyName=Sub(f"{name}-{each.measure.lower()}-${{EnvironmentSuffix}}"),
                PolicyType="TargetTrackingScaling",
                ScalingTargetId=target.ref(),
                TargetTrackingScalingPolicyConfiguration=scaling.TargetTrackingScalingPolicyConfiguration(
                    TargetValue=each.percent,
                    PredefinedMetricSpecification=scaling.PredefinedMetricSpecification(
                        PredefinedMetricType=_METRICS[each.measure]
                    ),
                    ScaleInCooldown=each.cooldown_in,
                    ScaleOutCooldown=each.cooldown_out,
                ),
            ),
            f"Adds tasks of the {name} when their {each.measure} use is above {each.percent} %, "
            "removes some when it is well below.",
        )
