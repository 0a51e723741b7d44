"""What differs between two resolved values, leaf by leaf. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

ABSENT = None
"""The value of what is not there. CloudFormation has no null of its own."""


class Leaf(NamedTuple):
    """One difference: where (as ``Tags[Name].Value``), what was there and what will be."""

    path: str
    before: Any
    after: Any


def leaves(before: Any, after: Any, path: str = "") -> Iterator[Leaf]:
    """The smallest parts in which ``before`` and ``after`` differ.

    Lists of named things (tags, environment variables) are compared by name, so that one more at the front
    does not make all of them look changed; other lists by position when they are equally long, else whole.
    """
    if before == after or _same_text(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            inner = f"{path}.{key}" if path else str(key)
            yield from leaves(before.get(key, ABSENT), after.get(key, ABSENT), inner)
        return
    if isinstance(before, list) and isinstance(after, list):
        old, new = _named(before), _named(after)
        if old is not None and new is not None:
            for name in dict.fromkeys((*old, *new)):
                yield from leaves(old.get(name, ABSENT), new.get(name, ABSENT), f"{path}[{name}]")
            if old == new:
                yield Leaf(path, before, after)  # the order alone differs
            return
        if len(before) == len(after):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from leaves(one, other, f"{path}[{index}]")
            return
    yield Leaf(path, before, after)


def _same_text(before: Any, after: Any) -> bool:
    """CloudFormation hands scalars on as text: 80 and "80", true and "true" are the same."""
    if not all(isinstance(one, str | int | float) for one in (before, after)):
        return False
    one, other = (str(value).lower() if isinstance(value, bool) else str(value) for value in (before, after))
    return one == other


def _named(items: list[Any]) -> dict[str, Any] | None:
    """The items by their ``Key`` or ``Name``, or None when they have none or not one each."""
    for label in ("Key", "Name"):
        names = [item.get(label) if isinstance(item, Mapping) else None for item in items]
        if items and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip(map(str, names), items, strict=True))
    return None
