"""Which stack needs which: read off the exports and imports of their templates. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap.deploy.plan import Side, resolved_exports
from tap.deploy.resolve import resolve

Needs = Mapping[str, frozenset[str]]
"""The stacks that each stack needs, by name."""


def needs(sides: Mapping[str, Side]) -> Needs:
    """The stacks that each stack needs: those whose exports it may import, and those that it says it comes after.

    ``sides`` are the stacks by name. Both branches of an ``Fn::If`` count, for too much waiting harms nothing; what no
    stack among them exports counts as being there.
    """
    home = {export: name for name, side in sides.items() for export in resolved_exports(side)}
    tiers = {_about(side).get("Tier"): name for name, side in sides.items()}
    found = {}
    for name, side in sides.items():
        wanted = {home[one] for one in imports(side) if one in home}
        wanted |= {tiers[tier] for tier in _about(side).get("After", ()) if tier in tiers}
        found[name] = frozenset(wanted - {name})
    return found


def reverse(graph: Needs) -> Needs:
    """The order of deletion: each stack needs those gone that need it."""
    return {name: frozenset(other for other, wanted in graph.items() if name in wanted) for name in graph}


def imports(side: Side) -> set[str]:
    """The names of all exports that a template may import, whatever its conditions come to."""
    return set(_imports([side.template.get("Resources", {}), side.template.get("Outputs", {})], side))


def _imports(node: Any, side: Side) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "Fn::ImportValue":
                yield str(resolve(value, side.scope))
            yield from _imports(value, side)
    elif isinstance(node, list):
        for item in node:
            yield from _imports(item, side)


def _about(side: Side) -> Mapping[str, Any]:
    about: Mapping[str, Any] = (side.template.get("Metadata") or {}).get("Template") or {}
    return about
