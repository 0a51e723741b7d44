"""Protections of data that are turned off, or made shorter. Pure; the table of them is in ``guards``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap.deploy.resolve import Unresolved
from tap.diff.guards import GUARDS
from tap.diff.model import Level, Risk

_ABSENT = object()


def weakened(type_name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Risk]:
    """A risk for each protection that ``after`` has less of than ``before``, both resolved properties."""
    if type_name == "AWS::S3::Bucket":
        before, after = _enabled_rules(before), _enabled_rules(after)
    for guard in GUARDS:
        if type_name not in guard.types:
            continue
        first, last = dict(_found(before, guard.path)), dict(_found(after, guard.path))
        for place in dict.fromkeys((*first, *last)):
            one, other = first.get(place, guard.default), last.get(place, guard.default)
            if one == other:
                continue
            if isinstance(one, Unresolved) or isinstance(other, Unresolved):
                yield Risk(Level.POSSIBLE, f"{place}, a protection, changes in a way that cannot be judged here.")
            elif guard.weaker(one, other):
                yield Risk(guard.level, f"{place}: {guard.sentence.format(before=one, after=other)}")


def _found(value: Any, path: tuple[str, ...], place: str = "") -> Iterator[tuple[str, Any]]:
    """What stands at ``path``, with the place in words; nothing where it does not exist."""
    if not path:
        yield place, value
    elif isinstance(value, Unresolved):
        yield f"{place}.{'.'.join(path)}".lstrip("."), value
    elif path[0] == "*" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(item, path[1:], f"{place}[{_label(item) or index}]")
    elif isinstance(value, Mapping) and (path[0] in value or len(path) == 1):
        inner = value.get(path[0], _ABSENT)
        if inner is not _ABSENT:
            yield from _found(inner, path[1:], f"{place}.{path[0]}".lstrip("."))


def _label(item: Any) -> str:
    """What an item of a list is called, so that it is found again when others come before it."""
    names = (item.get(key) for key in ("Id", "Name", "RuleName", "Region")) if isinstance(item, Mapping) else ()
    return next((str(name) for name in names if name), "")


def _enabled_rules(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a bucket without the life-cycle rules that are switched off."""
    found = properties.get("LifecycleConfiguration")
    rules = found.get("Rules") if isinstance(found, Mapping) else None
    if not isinstance(rules, list):
        return properties
    kept = [one for one in rules if not (isinstance(one, Mapping) and one.get("Status") == "Disabled")]
    return {**properties, "LifecycleConfiguration": {"Rules": kept}}
