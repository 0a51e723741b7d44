"""What follows from a replacement: what refers to the replaced resource changes, and may be replaced too. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap import references
from tap.diff import edits
from tap.diff.model import KNOWN_LATER, Edit
from tap.diff.schemas import Rules
from tap.diff.views import Pair

NESTED = "AWS::CloudFormation::Stack"
_IDENTITY = re.compile(r"(^|\.)(\w*(Arn|ARN|Id|ID|Name|Address|Url|URL|Endpoint|DomainName))$")
"""Attributes that are another's when the resource is another."""
_MOVING = re.compile(r"Version")
"""Attributes that change with any update: ``LatestVersionNumber``, ``Version``, …"""


@dataclass(frozen=True)
class Moved:
    """How a resource's identity changes: ``"always"`` or ``"may"``; ``""`` when only attributes of it may.

    ``properties`` are those that change in place. ``outputs`` are those of a nested stack that change, None where its
    templates are not at hand.
    """

    type: str
    strength: str
    properties: frozenset[str] = frozenset()
    outputs: frozenset[str] | None = None

    def changes(self, kind: str, attribute: str) -> str:
        """Whether a reference comes to something else: ``"always"``, ``"may"`` or ``""``."""
        if self.strength:
            certain = kind == "Ref" or _IDENTITY.search(attribute) is not None
            return self.strength if certain else "may"
        if kind == "Ref":
            return ""
        if self.type == NESTED and self.outputs is not None:
            return "may" if attribute.removeprefix("Outputs.") in self.outputs else ""
        shifts = (
            is_custom(self.type)
            or self.type == NESTED
            or attribute.split(".", maxsplit=1)[0] in self.properties
            or _MOVING.search(attribute) is not None
        )
        return "may" if shifts and self.properties else ""


def is_custom(type_name: str) -> bool:
    """Whether a function of the template's author stands behind the type."""
    return type_name.startswith("Custom::") or type_name == "AWS::CloudFormation::CustomResource"


def of_resource(
    body: Mapping[str, Any], moved: Mapping[str, Moved], rules: Rules | None, pair: Pair
) -> Iterator[tuple[Edit, bool]]:
    """The edits that come about in a resource (as the new template has it) by what happens to others.

    With each, whether it is certain. Attributes beside the properties are not looked at: ``DependsOn`` moves nothing.
    """
    properties = pair.new.pruned(body.get("Properties") or {})
    for use in references.find(properties):
        kind, name, attribute = use.reference
        if name not in moved or kind not in {"Ref", "GetAtt"} or not use.path:
            continue
        strength = moved[name].changes(kind, str(attribute))
        if not strength:
            continue
        first, *inner = use.path
        path, value = _labelled(properties, use.path)
        recreation = edits.recreation(rules, first, "".join(f".{step}" for step in inner), "before", "after")
        if recreation and strength == "may":
            recreation = "may"
        shown = pair.text(path, pair.new.resolved(value))
        yield Edit(path, shown, KNOWN_LATER, recreation, name, edits.kind_of(first, rules)), strength == "always"


def of_output(body: Any, moved: Mapping[str, Moved], pair: Pair) -> tuple[str, ...]:
    """The resources whose replacement changes an output's value."""
    found = references.find(pair.new.pruned(body))
    return tuple(
        dict.fromkeys(
            use.reference.name
            for use in found
            if use.reference.name in moved
            and use.reference.kind in {"Ref", "GetAtt"}
            and moved[use.reference.name].changes(use.reference.kind, str(use.reference.attribute))
        )
    )


def _labelled(node: Any, path: tuple[str, ...]) -> tuple[str, Any]:
    """A path as :func:`tap.deploy.difference.leaves` has it, items of lists by their names; and what is there."""
    text = ""
    for step in path:
        if isinstance(node, list):
            node = node[int(step)]
            label = (node.get("Key") or node.get("Name")) if isinstance(node, Mapping) else None
            text += f"[{label if isinstance(label, str) else step}]"
        else:
            if len(node) == 1 and next(iter(node)).startswith("Fn::"):
                break
            node = node[step]
            text += f".{step}" if text else step
    return text, node
