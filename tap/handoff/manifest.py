"""``manifest.json``: what a bundle holds and what its scripts must know. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tap.deletion import deletion
from tap.deploy.source import FILLED_IN, LAYOUTS, StackSource, SystemSource
from tap.diff.stateful import STATEFUL, holding
from tap.handoff.settled import settled
from tap.handoff.version import Version

FORMAT = 1
"""Rises when a reader of the present format would go wrong."""

ANY = "any"
"""Stands for an environment that the bundle does not know."""

_INSTANCE = "AWS::RDS::DBInstance"


def manifest(
    version: Version,
    layouts: Mapping[str, SystemSource],
    edge: SystemSource | None,
    values: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """The manifest of a system in all layouts, with its edge if it has one, and its environments' ``values``.

    Paths are those within the bundle.
    """
    whole = layouts["stack"].stacks[0]
    found: dict[str, Any] = {
        "Format": FORMAT,
        "System": whole.system,
        "Version": version.text,
        "Revision": version.revision,
        "PreviousVersion": version.previous.removeprefix("v"),
        "Region": whole.region,
        "Environments": list(values),
        "Layouts": {name: [_stack(each) for each in layouts[name].stacks] for name in LAYOUTS},
    }
    if edge:
        found["Edge"] = [_stack(each) for each in edge.stacks]
        outputs = edge.stacks[0].template.get("Outputs", {})
        found["HandedOn"] = [key for key in outputs if key in whole.parameters]
    found["HoldsData"] = holding_types([whole.template, *([edge.stacks[0].template] if edge else [])])
    # What deleting does in an environment, and what in one that operations have made for themselves.
    found["Deleting"] = {
        name: _deleting(settled(whole.template, own, whole.region, "").body) for name, own in values.items()
    } | {ANY: _deleting(whole.template)}
    return found


def template_path(source: StackSource, suffix: str = ".yaml") -> str:
    """Where a template stands in the bundle."""
    layout = str(source.about["Layout"])
    folder = "templates" if layout in {"stack", "edge"} else f"templates/{layout}"
    return f"{folder}/{source.path.stem}{suffix}"


def _stack(source: StackSource) -> dict[str, Any]:
    own = source.parameters
    return {
        "Stack": source.tier,
        "Template": template_path(source),
        "Region": source.region,
        "Capabilities": list(source.about.get("Capabilities", [])),
        "Tags": [{"Key": key, "Value": value} for key, value in source.about.get("Tags", {}).items()],
        "Parameters": list(own),
        "Required": [key for key, one in own.items() if "Default" not in one and key not in FILLED_IN],
        "Children": [f"templates/nested/{child.name}" for child in source.children],
    }


def holding_types(templates: Iterable[Mapping[str, Any]]) -> list[str]:
    """The resource types that hold what no template can make again.

    A script sees a change's type only: instances of clusters keep nothing, so where a system has no others, the type
    is left out.
    """
    instances = [
        one["Properties"] for body in templates for one in body["Resources"].values() if one["Type"] == _INSTANCE
    ]
    alone = not instances or any(holding(_INSTANCE, one) for one in instances)
    return sorted(name for name in STATEFUL if name != _INSTANCE or alone)


def _deleting(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """What deleting the system does, in sentences for the terminal."""
    told = deletion(body)

    def line(name: str, says: str, when: str) -> str:
        return f"{name}: {says}" + (f" (where {when.replace('`', '')})" if when else "")

    return {
        "Stays": [line(each.name, each.says, each.when) for each in told.stays],
        "Goes": [line(each.name, each.says, each.when) for each in told.goes],
        "InTheWay": [
            line(each.name, f"{each.why} {each.remedy}".replace("`", ""), each.when) for each in told.obstacles
        ],
    }
