"""Which properties of a resource change, from what to what, why, and whether that replaces the resource. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tap.deploy.difference import Leaf, leaves
from tap.deploy.mask import Mask
from tap.deploy.resolve import Scope, resolve
from tap.diff.model import KNOWN_LATER, Edit, Kind

_KNOWN_LATER_MARK = "{{changeSet:KNOWN_AFTER_APPLY}}"

ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy", "Metadata")
"""What of a resource beside its properties can change; ``Tags`` as an attribute are the stack's."""

_RECREATION = {"Never": "", "Conditionally": "may", "Always": "always"}
_RANK = ("", "may", "always")
_KINDS = {
    "Tags": Kind.TAG,
    "Metadata": Kind.METADATA,
    **dict.fromkeys(("DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy"), Kind.ATTRIBUTE),
}
_VALUES = frozenset({"BeforeValue", "AfterValue", "Drift"})
_ACTUAL = "ACTUAL_STATE"
"""``BeforeValueFrom`` where ``BeforeValue`` is what is there, not what was last deployed (drift-aware change sets only;
CloudFormation API reference, ``ResourceTargetDefinition``)."""


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


def from_change(listed: Sequence[Raw], old: Version, new: Version, mask: Mask) -> tuple[Edit, ...]:
    """The edits of one change, from the details that CloudFormation lists."""
    groups: dict[tuple[str, str], list[Raw]] = {}
    for one in listed:
        groups.setdefault(_place(one), []).append(one)
    found: list[Edit] = []
    for (attribute, place), group in groups.items():
        recreation = max((_recreation(one) for one in group), key=_RANK.index)
        cause, kind = _cause(group), _KINDS.get(attribute, Kind.PROPERTY)
        valued = [_target(one) for one in group if _VALUES & _target(one).keys()]
        if valued:
            path = _labelled(place, old.resource, new.resource)
            found.append(_valued(path, valued[0], recreation, cause, kind, mask))
            continue
        changed = _template_leaves(attribute, place, old, new)
        found += [_edit(leaf, mask, recreation, cause, kind) for leaf in changed] or [
            Edit(_labelled(place, old.resource, new.resource), None, None, recreation, cause, kind, known=False)
        ]
    return tuple(dict.fromkeys(found))


def from_templates(old: Version, new: Version, mask: Mask) -> tuple[Edit, ...]:
    """What differs in a resource between two templates."""
    return tuple(
        _edit(leaf, mask, "", "", _KINDS.get(attribute, Kind.PROPERTY))
        for attribute in ("Properties", *ATTRIBUTES)
        for leaf in _template_leaves(attribute, "" if attribute == "Properties" else attribute, old, new)
    )


def _edit(leaf: Leaf, mask: Mask, recreation: str, cause: str, kind: Kind) -> Edit:
    before, after = _text(mask, leaf.path, leaf.before), _text(mask, leaf.path, leaf.after)
    return Edit(leaf.path, before, after, recreation, cause, kind)


def _valued(path: str, target: Raw, recreation: str, cause: str, kind: Kind, mask: Mask) -> Edit:
    """The edit of a detail that came with values; in a drift-aware change set also with what drifted."""
    drift = target.get("Drift") or {}
    before = target.get("BeforeValue", drift.get("ActualValue"))
    after = target.get("AfterValue")
    deployed = _text(mask, path, drift.get("PreviousValue"))
    drifted = target.get("BeforeValueFrom") == _ACTUAL and "PreviousValue" in drift
    if target.get("AttributeChangeType") == "SyncWithActual" and after is None:
        after = before  # the template has come to say what is there
    causes = ", ".join(filter(None, (cause, "drift" if drift and "drift" not in cause else "")))
    first, last = _text(mask, path, before), _text(mask, path, after)
    return Edit(path, first, last, recreation, causes, kind, deployed=deployed if drifted else None)


def _text(mask: Mask, path: str, value: Any) -> str | None:
    if value is None:
        return None
    return mask.text(path, value.replace(_KNOWN_LATER_MARK, KNOWN_LATER) if isinstance(value, str) else value)


def _target(one: Raw) -> Raw:
    found: Raw = one.get("Target") or {}
    return found


def _subject(one: Raw) -> tuple[Any, ...]:
    target = _target(one)
    return target.get("Attribute"), target.get("Name"), one.get("ChangeSource"), one.get("CausingEntity")


def _place(one: Raw) -> tuple[str, str]:
    target = _target(one)
    attribute = target.get("Attribute", "Properties")
    return attribute, target.get("Path") or target.get("Name") or ("stack tags" if attribute == "Tags" else attribute)


def _recreation(one: Raw) -> str:
    said = _RECREATION.get(_target(one).get("RequiresRecreation", "Never"), "may")
    # Dynamic: it depends on a value that is not known before the change set is executed, and may stay as it is.
    unsure = one.get("Evaluation") == "Dynamic" or _KNOWN_LATER_MARK in str(_target(one).get("AfterValue", ""))
    return "may" if said and unsure else said


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
        elif source == "NoModification":
            causes.append("drift")
    return ", ".join(dict.fromkeys(filter(None, causes)))


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
