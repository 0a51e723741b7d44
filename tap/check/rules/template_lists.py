"""TAP1909 and TAP1923: items that a list does not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tap.check.evaluate import short
from tap.check.graph.cached import cached
from tap.check.model import Resource, World
from tap.check.rule import Found, Rule, Severity
from tap.check.rules.template_references import Place, calls, parts, parts_of
from tap.check.values import as_int, fields


@cached
def _selects(world: World) -> list[tuple[str, Place, Any]]:
    """Every Fn::Select of a world with its argument, a list of two."""
    outputs = (one for one in parts(world) if not one[0])
    return [
        *(one for resource in world.resources.values() for one in _selects_of(resource)),
        *_selected(outputs),
    ]


@cached
def _selects_of(resource: Resource) -> list[tuple[str, Place, Any]]:
    return _selected(parts_of(resource))


def _selected(nodes: Iterable[tuple[str, Place, Any]]) -> list[tuple[str, Place, Any]]:
    return [
        (logical_id, where, argument)
        for logical_id, place, node in nodes
        for where, name, argument in calls(node, place)
        if name == "Fn::Select" and isinstance(argument, list) and len(argument) == 2
    ]


class SelectBeyond(Rule):
    """Items that a list does not have."""

    id = "TAP1909"
    title = "Fn::Select takes an item that the list has"
    description = "CloudFormation fails for an index beyond the list (“Fn::Select cannot select nonexistent value”)."
    source = "CloudFormation template reference, Fn::Select; EC2 user guide, “Regions and Availability Zones”"
    advice = "Indexes begin at 0."

    def check(self, world: World) -> Iterator[Found]:
        """Each Fn::Select in what this world makes."""
        for logical_id, where, argument in _selects(world):
            index, values = as_int(world.resolve(argument[0])), argument[1]
            if index is None:
                continue
            zones = fields(values).get("Fn::GetAZs")
            if zones is not None:
                most = _zones(world.resolve(zones) or world.region)
                if index >= most:
                    says = f"Zone {index}: there are {most} availability zones at the most, 0 to {most - 1}."
                    yield Found(logical_id, where, says)
                continue
            found = world.resolve(values)
            if isinstance(found, list) and (index < 0 or index >= len(found)) and not _from_parameter(values, world):
                yield Found(logical_id, where, f"Item {index} of {short(found)}, which has {len(found)}.")


def _zones(region: Any) -> int:
    """The availability zones that an account can have in a region, at the most (us-east-1 has six)."""
    return (
        {"us-east-1": 6, "us-west-2": 4, "ap-northeast-1": 4, "ap-northeast-2": 4}.get(region, 3)
        if isinstance(region, str) and region
        else 6
    )


def _from_parameter(values: Any, world: World) -> bool:
    """Whether a list is a parameter's without a value: then it has any length."""
    name = fields(values).get("Ref")
    return (
        name in world.model.parameters and world.model.parameters[name].value is None
        if isinstance(name, str)
        else False
    )


class ZoneBeyondThree(Rule):
    """A zone that few regions have."""

    id = "TAP1923"
    title = "Most regions give an account three availability zones"
    severity = Severity.WARNING
    description = "An index above 2 into Fn::GetAZs fails wherever there are three zones or fewer."
    source = "EC2 user guide, “Regions and Availability Zones”"
    advice = "Use indexes 0 to 2, or a parameter with the zones."

    def check(self, world: World) -> Iterator[Found]:
        """Each zone, where the region is not known."""
        for logical_id, where, argument in _selects(world):
            index, zones = as_int(world.resolve(argument[0])), fields(argument[1]).get("Fn::GetAZs")
            named = isinstance(world.resolve(zones), str) and zones != ""
            if (
                logical_id
                and index is not None
                and zones is not None
                and 2 < index < 6
                and not named
                and not world.region
            ):
                yield Found(logical_id, where, f"Zone {index}: most regions have three, 0 to 2.")
