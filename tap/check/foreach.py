"""``Fn::ForEach`` unrolled, where its items are known (template reference, "Fn::ForEach"). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.evaluate import Scope, resolve

_LOOP = "Fn::ForEach::"
_DEEPEST = 5
"""Loops within loops, at the most."""

_MOST_TURNS = 10_000
"""So many turns all loops may take together: a template may have 500 resources."""


class _TooManyTurnsError(Exception):
    """The loops would make more than any stack takes."""


@dataclass(frozen=True)
class _Loops:
    """What the items are resolved with, and the turns that are left."""

    scope: Scope
    turns: Iterator[int]


def unrolled(template: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    """The template without the loops whose items are known; others stay, and all where there are too many."""
    if not _loops(template):
        return template
    try:
        found = _unroll(template, _Loops(scope, iter(range(_MOST_TURNS))), 0)
    except _TooManyTurnsError:
        return template
    return found if isinstance(found, Mapping) else template


def _loops(node: Any) -> bool:
    if isinstance(node, list):
        return any(map(_loops, node))
    if isinstance(node, Mapping):
        return any(str(key).startswith(_LOOP) or _loops(value) for key, value in node.items())
    return False


def _unroll(node: Any, loops: _Loops, depth: int) -> Any:
    if isinstance(node, list):
        return [_unroll(item, loops, depth) for item in node]
    if not isinstance(node, Mapping):
        return node
    found: dict[str, Any] = {}
    for key, value in node.items():
        made = _loop(value, loops, depth) if str(key).startswith(_LOOP) and depth < _DEEPEST else None
        if made is None:
            found[key] = _unroll(value, loops, depth)
        else:
            found |= made
    return found


def _loop(argument: Any, loops: _Loops, depth: int) -> dict[str, Any] | None:
    if not isinstance(argument, list) or len(argument) != 3:
        return None
    name, collection, body = argument
    values = resolve(collection, loops.scope)
    if not isinstance(name, str) or not isinstance(values, list) or not isinstance(body, Mapping):
        return None
    if not all(isinstance(value, str) for value in values):
        return None
    made: dict[str, Any] = {}
    for value in values:
        if next(loops.turns, None) is None:
            raise _TooManyTurnsError
        filled = _filled(body, name, value)
        inner = _unroll(filled, loops, depth + 1)
        if isinstance(inner, Mapping):
            made |= inner
    return made


def _filled(node: Any, name: str, value: str) -> Any:
    if isinstance(node, str):
        plain = re.sub(r"[^A-Za-z0-9]", "", value)
        return node.replace(f"${{{name}}}", value).replace(f"&{{{name}}}", plain)
    if isinstance(node, list):
        return [_filled(item, name, value) for item in node]
    if not isinstance(node, Mapping):
        return node
    if node == {"Ref": name}:
        return value
    return {_filled(key, name, value): _filled(item, name, value) for key, item in node.items()}
