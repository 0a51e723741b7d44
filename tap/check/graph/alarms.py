"""Alarms and the metrics that they watch, as rules look at them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.model import Resource, World
from tap.check.values import Reference, Text, Unknown, fields, items, shape

ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric that is read somewhere. ``path`` leads to it below ``Properties``; ``dimensions`` is None where they
    are not all known by name. ``direct``: the alarm's own, not one of ``Metrics``."""

    path: tuple[str | int, ...]
    namespace: Any
    name: Any
    dimensions: Mapping[str, Any] | None
    statistic: Any
    period: Any
    direct: bool

    def at(self, *steps: str | int) -> tuple[str | int, ...]:
        """The path of something in it."""
        return (*self.path, *steps)


def metrics(alarm: Resource) -> Iterator[Metric]:
    """The metrics that an alarm reads: its own, or those of its ``Metrics``."""
    if alarm.get("MetricName") is not None:
        statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
        yield _metric((), alarm.properties, statistic, alarm.get("Period"), direct=True)
    for index, query in enumerate(items(alarm.get("Metrics"))):
        stat = fields(fields(query).get("MetricStat"))
        if stat:
            path = ("Metrics", index, "MetricStat", "Metric")
            yield _metric(path, fields(stat.get("Metric")), stat.get("Stat"), stat.get("Period"), direct=False)


def _metric(path: tuple[str | int, ...], body: Mapping[str, Any], stat: Any, period: Any, *, direct: bool) -> Metric:
    return Metric(
        path, body.get("Namespace"), body.get("MetricName"), dimensions(body.get("Dimensions")), stat, period, direct
    )


def dimensions(value: Any) -> Mapping[str, Any] | None:
    """Dimensions by name; None where one of them is not known by name."""
    if value is None:
        return {}
    if not isinstance(value, list):
        return None
    found: dict[str, Any] = {}
    for one in value:
        name = fields(one).get("Name")
        if not isinstance(name, str):
            return None
        found[name] = fields(one).get("Value")
    return found


def names_of(alarm: Resource, world: World) -> set[str]:
    """What an alarm may be called by in texts: its name as far as it is known, and its logical id in ``Fn::Sub``."""
    name = world.name(alarm)
    return {f"${{{alarm.logical_id}}}", f"${{{alarm.logical_id}.Arn}}", *([shape(name)] if name is not None else [])}


def heard(alarm: Resource, world: World) -> bool:
    """Whether anybody may learn of an alarm: an action, another resource or another stack that watches it."""
    if world.uses(alarm) or alarm.logical_id in world.told_outside:
        return True
    name = world.name(alarm)
    if name is None:
        return False
    wanted = shape(name)
    return any(wanted in shape(value) for one in world.resources.values() if one is not alarm for value in _texts(one))


def _texts(resource: Resource) -> list[Any]:
    kinds = (
        COMPOSITE,
        "AWS::ECS::Service",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::Events::Rule",
        "AWS::Route53::HealthCheck",
    )
    if resource.type not in kinds and not resource.type.startswith(
        ("AWS::FIS", "AWS::Lambda", "AWS::SSM", "AWS::AppConfig")
    ):
        return []
    return list(_leaves(resource.properties))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, str | Text):
        yield value


def target_of(value: Any, world: World) -> Resource | None:
    """The resource of the template that a dimension's value is made from, when it is made from one alone."""
    if isinstance(value, Reference):
        return world.resources.get(value.logical_id)
    if isinstance(value, Text | Unknown):
        meant = {one.logical_id for one in value.references}
        return world.resources.get(meant.pop()) if len(meant) == 1 else None
    return None
