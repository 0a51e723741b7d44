"""Auto scaling of ECS services: how many tasks, and by which measure."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import GetAtt, Sub, cloudwatch, ecs, sns
from troposphere import applicationautoscaling as scaling

from tap.model import Tier
from templates.tiers.words import att, named, ref

_PREDEFINED = {"CPU": "ECSServiceAverageCPUUtilization", "memory": "ECSServiceAverageMemoryUtilization"}
_METRIC = {"CPU": "CPUUtilization", "memory": "MemoryUtilization"}


@dataclass(frozen=True)
class TargetTracking:
    """Keep a measure (``CPU`` or ``memory``) near ``percent``; cooldowns in seconds. ``only_out`` leaves the way in to
    another policy."""

    measure: str
    percent: int
    cooldown_in: int
    cooldown_out: int
    only_out: bool = False


@dataclass(frozen=True)
class Steps:
    """Add tasks when a measure is at ``out`` percent or above, remove one when it is at ``back`` or below; minutes
    that it must be so, and cooldowns in seconds. ``beyond``: only above and below, not at. Two alarms act: target
    tracking cannot name both ends."""

    measure: str
    out: int
    back: int
    out_minutes: int = 3
    back_minutes: int = 15
    cooldown_out: int = 60
    cooldown_in: int = 300
    beyond: bool = False


@dataclass(frozen=True)
class Scaling:
    """At least and at most so many tasks, by these policies."""

    least: int
    most: int
    policies: tuple[TargetTracking | Steps, ...]


@dataclass(frozen=True)
class Scaled:
    """What is scaled: the service's name for people, its cluster and itself, and the topic that alarms tell."""

    prefix: str
    name: str
    cluster: ecs.Cluster
    service: ecs.Service
    topic: sns.Topic


def scale(tier: Tier, choices: Scaling, scaled: Scaled) -> None:
    """Add a scaling target and its policies for an ECS service."""
    target = tier.add(
        scaling.ScalableTarget(
            f"{scaled.prefix}ScalingTarget",
            ServiceNamespace="ecs",
            ScalableDimension="ecs:service:DesiredCount",
            ResourceId=Sub(f"service/{ref(scaled.cluster)}/{att(scaled.service, 'Name')}"),
            MinCapacity=choices.least,
            MaxCapacity=choices.most,
        ),
        f"Lets auto scaling run {choices.least} to {choices.most} tasks of the {scaled.name}.",
    )
    for each in choices.policies:
        if isinstance(each, TargetTracking):
            _track(tier, each, scaled, target)
        else:
            _step(tier, each, scaled, target, out=True)
            _step(tier, each, scaled, target, out=False)


def _track(tier: Tier, policy: TargetTracking, scaled: Scaled, target: scaling.ScalableTarget) -> None:
    tier.add(
        scaling.ScalingPolicy(
            f"{scaled.prefix}{policy.measure.capitalize()}Scaling",
            PolicyName=Sub(f"{scaled.name}-{policy.measure.lower()}-${{EnvironmentSuffix}}"),
            PolicyType="TargetTrackingScaling",
            ScalingTargetId=target.ref(),
            TargetTrackingScalingPolicyConfiguration=scaling.TargetTrackingScalingPolicyConfiguration(
                TargetValue=policy.percent,
                PredefinedMetricSpecification=scaling.PredefinedMetricSpecification(
                    PredefinedMetricType=_PREDEFINED[policy.measure]
                ),
                ScaleInCooldown=policy.cooldown_in,
                ScaleOutCooldown=policy.cooldown_out,
                **({"DisableScaleIn": True} if policy.only_out else {}),
            ),
        ),
        f"Adds tasks of the {scaled.name} when their {policy.measure} use is above {policy.percent} %"
        + (
            "; removing some is left to another policy." if policy.only_out else ", removes some when it is well below."
        ),
    )


def _step(tier: Tier, steps: Steps, scaled: Scaled, target: scaling.ScalableTarget, *, out: bool) -> None:
    word, percent, minutes = ("Out", steps.out, steps.out_minutes) if out else ("In", steps.back, steps.back_minutes)
    measure = steps.measure.capitalize()
    adjustments = (
        [
            scaling.StepAdjustment(MetricIntervalLowerBound=0, MetricIntervalUpperBound=15, ScalingAdjustment=1),
            scaling.StepAdjustment(MetricIntervalLowerBound=15, ScalingAdjustment=2),
        ]
        if out
        else [scaling.StepAdjustment(MetricIntervalUpperBound=0, ScalingAdjustment=-1)]
    )
    policy = tier.add(
        scaling.ScalingPolicy(
            f"{scaled.prefix}{measure}Scale{word}",
            PolicyName=Sub(f"{scaled.name}-{steps.measure.lower()}-{word.lower()}-${{EnvironmentSuffix}}"),
            PolicyType="StepScaling",
            ScalingTargetId=target.ref(),
            StepScalingPolicyConfiguration=scaling.StepScalingPolicyConfiguration(
                AdjustmentType="ChangeInCapacity",
                Cooldown=steps.cooldown_out if out else steps.cooldown_in,
                MetricAggregationType="Average",
                StepAdjustments=adjustments,
            ),
        ),
        f"Adds a task of the {scaled.name}, or two from {steps.out + 15} % on."
        if out
        else f"Removes a task of the {scaled.name}.",
    )
    where = "above" if out else "below"
    side = f"{where} {percent} %" if steps.beyond else f"at {percent} % or {where}"
    side += f" for {minutes} minutes"
    comparison = ("GreaterThan" if out else "LessThan") + ("" if steps.beyond else "OrEqualTo") + "Threshold"
    tier.add(
        cloudwatch.Alarm(
            f"{scaled.prefix}{measure}{'High' if out else 'Low'}Alarm",
            AlarmName=named(f"{scaled.name}-{steps.measure.lower()}-{'high' if out else 'low'}"),
            AlarmDescription=f"The {steps.measure} use of the {scaled.name} is {side}: scaling {word.lower()}.",
            Namespace="AWS/ECS",
            MetricName=_METRIC[steps.measure],
            Dimensions=[
                cloudwatch.MetricDimension(Name="ClusterName", Value=scaled.cluster.ref()),
                cloudwatch.MetricDimension(Name="ServiceName", Value=GetAtt(scaled.service, "Name")),
            ],
            Statistic="Average",
            Period=60,
            EvaluationPeriods=minutes,
            Threshold=percent,
            ComparisonOperator=comparison,
            TreatMissingData="notBreaching",
            # Scaling out is worth telling people; scaling in is the normal course of a day.
            AlarmActions=[policy.ref(), scaled.topic.ref()] if out else [policy.ref()],
        ),
        f"Scales the {scaled.name} {word.lower()} when its {steps.measure} use is {side}.",
    )
