"""Places in a template, as people write them: a logical id and the steps below it, and what stands there. Pure.

``DatabaseCluster.StorageEncrypted`` is a property; ``DatabaseCluster`` alone is the resource's type, and
``DatabaseCluster.DeletionPolicy`` (or another attribute) what stands beside the properties. The template's sections are
reached by their names: ``Outputs.VpcId.Export.Name``, ``Parameters.AlarmEmail.Default``.

A step into a list is the item's name (``ContainerDefinitions.backend``, ``Tags.CostCenter``,
``Statement.ReadDatabaseSecret``) or its number from 0. A step into a text goes into its JSON, as in a dashboard's body.
``*`` and ``?`` stand for any characters, in a logical id too: all that match count, and each must have what follows
(``PublicSubnet?.CidrBlock``). ``?`` also stands for the dot in a name: ``Parameters.rds?force_ssl``. A resource type
instead of a logical id stands for all resources of the type: what ``AWS::EC2::Route`` tells is that there is no other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tap.check.evaluate import short
from tap.check.model import Resource, World
from tap.check.values import Text, fields, shape

_NAMES = ("Key", "Name", "Id", "Sid", "IndexName", "AttributeName", "RuleName", "PolicyName", "PathPattern")
"""What the items of CloudFormation's lists are named by."""

_SECTIONS = frozenset({"Conditions", "Description", "Mappings", "Metadata", "Parameters", "Rules", "Transform"})


@dataclass(frozen=True)
class Found:
    """What stands at a place, in one line; and the resources that it belongs to."""

    text: str
    resources: tuple[str, ...] = ()


def find(world: World, place: str) -> Found | None:
    """What stands at a place; None where there is nothing. Several values read ``a, b``; the same ones ``3 × true``."""
    name, *steps = place.split(".")
    if name == "Outputs":
        owners: Mapping[str, Any] = {"": world.outputs}
    elif name in _SECTIONS:
        owners = {"": world.model.template.get(name)}
    else:
        found = (one for key, one in world.resources.items() if fnmatchcase(one.type if "::" in name else key, name))
        owners = {one.logical_id: _parts(one, world) if steps else one.type for one in found}
    values = _all(owners.values(), steps)
    if not values:
        return None
    return Found(_text(values), tuple(filter(None, owners)))


def _parts(resource: Resource, world: World) -> Mapping[str, Any]:
    """What can be named below a resource: its attributes and its properties."""
    beside = {key: world.resolve(one) for key, one in resource.body.items() if key not in {"Properties", "Type"}}
    return {**beside, **resource.properties}


def _all(owners: Any, steps: Sequence[str]) -> list[Any] | None:
    """What stands below each; None where one of them has nothing there."""
    values: list[Any] = []
    for one in owners:
        below = _below(one, steps)
        if not below:
            return None
        values += below
    return values


def _below(found: Any, steps: Sequence[str]) -> list[Any] | None:
    if found is None or not steps:
        return None if found is None else [found]
    return _all(_chosen(_read(found), steps[0]), steps[1:])


def _chosen(found: Any, step: str) -> list[Any]:
    if isinstance(found, Mapping):
        return [one for key, one in found.items() if fnmatchcase(str(key), step)]
    if not isinstance(found, list):
        return []
    if step.isdigit():
        return found[int(step) :][:1]
    return [one for one in found if step == "*" or any(fnmatchcase(name, step) for name in _names(one))]


def _names(item: Any) -> list[str]:
    named = (fields(item).get(key) for key in _NAMES)
    return [shape(one) for one in named if isinstance(one, str | Text)]


def _read(found: Any) -> Any:
    """A text that is JSON, read; anything else as it is."""
    if not isinstance(found, str | Text):
        return found
    try:
        return json.loads(shape(found))
    except ValueError:
        return None


def _text(values: Sequence[Any]) -> str:
    said = [" ".join(short(one).split()) or '""' for one in values]
    if len(said) > 1 and len(set(said)) == 1:
        return f"{len(said)} × {said[0]}"
    return (" | " if any(", " in one for one in said) else ", ").join(said)
