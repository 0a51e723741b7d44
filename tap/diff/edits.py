"""Which paths of one resource differ, what brings that about, and whether it replaces the resource. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from tap import references
from tap.deploy.difference import leaves
from tap.diff.model import Edit, Kind
from tap.diff.renames import rewritten
from tap.diff.schemas import Rules
from tap.diff.views import Pair

ATTRIBUTES = (
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
    "Metadata",
)
"""What a resource has beside its type and its properties."""

_TAGS = frozenset({"Tags", "TagList", "HostedZoneTags", "FileSystemTags", "UserPoolTags", "ResourceTags"})
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\]]*)\]")


def of_resource(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    rules: Rules | None,
    pair: Pair,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Edit]:
    """Every path that differs between two versions of a resource, given as the templates have them.

    ``renamed`` are the logical ids that other resources have now, by the ones that they had.
    """
    own, other = before.get("Properties") or {}, after.get("Properties") or {}
    owner = str(pair.new.resolved(other.get("Name", "")))
    for name in dict.fromkeys((*own, *other)):
        yield from _of_property(name, own.get(name), other.get(name), rules, pair, renamed, owner)
    for name in ATTRIBUTES:
        first, last = pair.old.resolved(before.get(name)), pair.new.resolved(after.get(name))
        if name == "DependsOn":
            first, last = _as_set(first), _as_set(last)
        kind = Kind.METADATA if name == "Metadata" else Kind.ATTRIBUTE
        for leaf in leaves(first, last, name):
            yield Edit(leaf.path, pair.text(leaf.path, leaf.before), pair.text(leaf.path, leaf.after), kind=kind)


def recreation(rules: Rules | None, name: str, inner: str, before: Any, after: Any) -> str:
    """Whether a change at ``name`` + ``inner`` replaces the resource. Without a schema it may."""
    return "may" if rules is None else rules.recreation(name, steps(inner), before, after)


def kind_of(name: str, rules: Rules | None) -> Kind:
    """Whether a property holds tags."""
    return Kind.TAG if name == (rules.tags if rules else "Tags") or name in _TAGS else Kind.PROPERTY


def steps(path: str) -> tuple[str, ...]:
    """The steps of a path such as ``.Rules[0].Name``."""
    return tuple(match[1] or match[2] for match in _STEP.finditer(path))


def _of_property(
    name: str,
    raw_before: Any,
    raw_after: Any,
    rules: Rules | None,
    pair: Pair,
    renamed: Mapping[str, str],
    owner: str,
) -> Iterator[Edit]:
    """``owner`` is what the resource calls itself: a parameter in SSM has its secret in ``Value``."""
    before, after = pair.old.resolved({name: raw_before}), pair.new.resolved({name: raw_after})
    for leaf in leaves(before.get(name), after.get(name), name):
        inner = leaf.path[len(name) :]
        told = f"{owner}.{leaf.path}" if leaf.path == "Value" else leaf.path
        yield Edit(
            leaf.path,
            pair.text(told, leaf.before),
            pair.text(told, leaf.after),
            recreation(rules, name, inner, leaf.before, leaf.after),
            _cause(raw_before, raw_after, steps(inner), pair, renamed),
            kind_of(name, rules),
        )


def _cause(raw_before: Any, raw_after: Any, path: tuple[str, ...], pair: Pair, renamed: Mapping[str, str]) -> str:
    """What changes a value whose expression is the same on both sides; empty when the expression itself is edited."""
    before, after = raw_before, raw_after
    if before != after:
        before, after = pair.old.pruned(before), pair.new.pruned(after)
    for step in path:
        inner = _child(before, step), _child(after, step)
        if None in inner:
            break
        before, after = inner
    if before == after:
        return pair.causes(after)
    if renamed and rewritten(before, renamed.get) == after:
        used = dict.fromkeys(use.reference.name for use in references.find(before) if use.reference.name in renamed)
        return ", ".join(f"{renamed[name]}, renamed from {name}" for name in used)
    return ""


def _child(node: Any, step: str) -> Any:
    if isinstance(node, Mapping) and not (len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref"))):
        return node.get(step)
    if isinstance(node, list):
        named = [item for item in node if isinstance(item, Mapping) and step in (item.get("Key"), item.get("Name"))]
        if named:
            return named[0]
        if step.isdigit() and int(step) < len(node):
            return node[int(step)]
    return None


def _as_set(value: Any) -> list[Any] | None:
    """``DependsOn`` is a name or a list of them, in any order."""
    if value is None:
        return None
    return sorted(map(str, value)) if isinstance(value, list) else [str(value)]
