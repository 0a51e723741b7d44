"""Which properties of a resource change, from what to what, why, and whether that replaces the resource. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tap.deploy.difference import Leaf, leaves
from tap.deploy.mask import Mask
from tap.deploy.resolve import Scope, resolve

KNOWN_LATER = "(known after apply)"
_KNOWN_LATER_MARK = "{{changeSet:KNOWN_AFTER_APPLY}}"

ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy", "Metadata")
"""What of a resource beside its properties can change; ``Tags`` as an attribute are the stack's."""

_RECREATION = {"Never": "", "Conditionally": "may", "Always": "always"}
_RANK = ("", "may", "always")


@dataclass(frozen=True)
class Detail:
    """One property: ``before`` and ``after`` in a line each, None where that is not known.

    ``recreation``: whether this change makes CloudFormation replace the resource: ``""``, ``"may"`` or
    ``"always"``. ``cause``: a parameter or another resource whose change brings this one about; empty for the
    template itself.
    """

    path: str
    before: str | None = None
    after: str | None = None
    recreation: str = ""
    cause: str = ""


Raw = Mapping[str, Any]


class Version(NamedTuple):
    """A resource as a template has it (empty where it has none), and what that template's names stand for."""

    resource: Raw
    scope: Scope


def merged(valued: Iterable[Raw], bare: Iterable[Raw]) -> list[Raw]:
    """The details that came with values, and of those without the ones that the former lack."""
    found = list(valued)
    have = {_subject(one) for one in found}
    return found + [one for one in bare if _subject(one) not in have]


def from_change(listed: Sequence[Raw], old: Version, new: Version, mask: Mask) -> tuple[Detail, ...]:
    """The details of one change, from those that CloudFormation lists."""
    groups: dict[tuple[str, str], list[Raw]] = {}
    for one in listed:
        groups.setdefault(_place(one), []).append(one)
    found: list[Detail] = []
    for (attribute, place), group in groups.items():
        recreation = max((_recreation(one) for one in group), key=_RANK.index)
        cause = _cause(group)
        valued = [one["Target"] for one in group if {"BeforeValue", "AfterValue"} & one["Target"].keys()]
        if valued:
            path = _labelled(place, old.resource, new.resource)
            first, last = valued[0].get("BeforeValue"), valued[0].get("AfterValue")
            found.append(Detail(path, _text(mask, path, first), _text(mask, path, last), recreation, cause))
            continue
        changed = _template_leaves(attribute, place, old, new)
        found += [
            Detail(
                leaf.path, _text(mask, leaf.path, leaf.before), _text(mask, leaf.path, leaf.after), recreation, cause
            )
            for leaf in changed
        ] or [Detail(place, None, None, recreation, cause)]
    return tuple(dict.fromkeys(found))


def from_templates(old: Version, new: Version, mask: Mask) -> tuple[Detail, ...]:
    """What differs in a resource between two templates."""
    changed: list[Leaf] = []
    for attribute in ("Properties", *ATTRIBUTES):
        changed += _template_leaves(attribute, "" if attribute == "Properties" else attribute, old, new)
    return tuple(
        Detail(leaf.path, _text(mask, leaf.path, leaf.before), _text(mask, leaf.path, leaf.after)) for leaf in changed
    )


def _text(mask: Mask, path: str, value: Any) -> str:
    return KNOWN_LATER if value == _KNOWN_LATER_MARK else mask.text(path, value)


def _subject(one: Raw) -> tuple[Any, ...]:
    target = one.get("Target", {})
    return target.get("Attribute"), target.get("Name"), one.get("ChangeSource"), one.get("CausingEntity")


def _place(one: Raw) -> tuple[str, str]:
    target = one.get("Target", {})
    attribute = target.get("Attribute", "Properties")
    return attribute, target.get("Path") or target.get("Name") or ("stack tags" if attribute == "Tags" else attribute)


def _recreation(one: Raw) -> str:
    said = _RECREATION.get(one.get("Target", {}).get("RequiresRecreation", "Never"), "may")
    # Dynamic: it depends on a value that is not known before the change set is executed.
    return "may" if said and one.get("Evaluation") == "Dynamic" else said


def _cause(group: Sequence[Raw]) -> str:
    causes = []
    for one in group:
        source, entity = one.get("ChangeSource", ""), one.get("CausingEntity", "")
        if source == "ParameterReference":
            causes.append(f"parameter {entity}")
        elif source in {"ResourceReference", "ResourceAttribute"}:
            causes.append(str(entity))
        elif source == "Automatic":
            causes.append("the nested template")
    return ", ".join(dict.fromkeys(causes))


def _template_leaves(attribute: str, place: str, old: Version, new: Version) -> list[Leaf]:
    if attribute == "Tags":
        return []
    name = attribute if attribute != "Properties" else place.rsplit("/", maxsplit=1)[-1] if "/" in place else place

    def part(version: Version) -> Any:
        whole = version.resource.get("Properties", {}) if attribute == "Properties" else version.resource
        return resolve(whole.get(name) if name else whole, version.scope)

    return list(leaves(part(old), part(new), name))


def _labelled(place: str, before: Raw, after: Raw) -> str:
    """``/Properties/Tags/0/Value`` as ``Tags[Name].Value``: an item of a list goes by its own name where it has one."""
    if not place.startswith("/"):
        return place
    steps = [step.replace("~1", "/").replace("~0", "~") for step in place[1:].split("/")]
    nodes: list[Any] = [after, before]
    path = ""
    for step in steps:
        nodes = [_child(node, step) for node in nodes]
        if re.fullmatch(r"\d+", step):
            named = next((node for node in nodes if isinstance(node, Mapping)), {})
            label = next((named[key] for key in ("Key", "Name") if isinstance(named.get(key), str)), step)
            path += f"[{label}]"
        else:
            path += f".{step}" if path else step
    return path.removeprefix("Properties.")


def _child(node: Any, step: str) -> Any:
    if isinstance(node, Mapping):
        return node.get(step)
    if isinstance(node, list) and step.isdigit() and int(step) < len(node):
        return node[int(step)]
    return None
