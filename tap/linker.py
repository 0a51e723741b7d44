"""The linker: a system's tiers become templates that stand alone, in one of three layouts.

Tiers are object files: complete but for references to resources that live in other tiers. Linking keeps every
logical id and turns a reference across tiers into

- ``stack``: itself, for both sides are in one template;
- ``tiers``: an ``Export`` in the producer, ``Fn::ImportValue`` in the consumer;
- ``nested``: an ``Output`` of the child, a ``Parameter`` of its sibling, handed on by the root.

Each template gets the parameters, conditions, mappings and rules that it uses, and no others (``tap.carry``). What a
system has in another region, its edge, is linked by itself into one template.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tap import limits
from tap.carry import LAYOUTS, Form, Layout, Linked, Whole, export_name, gather, headings, own_outputs, template
from tap.crossings import Crossing, Crossings, find_crossings, imported
from tap.edge import checked_edge
from tap.model import System
from tap.nested import nested
from tap.symbols import Compiled, build

__all__ = ["LAYOUTS", "Layout", "Linked", "link"]


def link(system: System, layouts: Iterable[Layout] = LAYOUTS) -> list[Linked]:
    """Link ``system`` in each layout, and its edge with the layout ``stack``; deterministic, without input or output.

    Raises the errors of ``tap.symbols.build``, ``tap.edge.checked_edge``, ``tap.carry.gather``,
    ``tap.crossings.find_crossings`` and ``tap.limits.check_counts``.
    """
    layouts = tuple(layouts)
    whole = gather(build(system))
    crossings = find_crossings(whole)
    edge = checked_edge(system)
    templates: list[Linked] = []
    for layout in layouts:
        if layout == "stack":
            templates.append(_stack(whole, "stack"))
        elif layout == "tiers":
            templates += _tiers(whole, crossings)
        else:
            templates += nested(whole, crossings)
    if edge and "stack" in layouts:
        alone = gather(build(edge))
        find_crossings(alone)  # for its checks of export names; nothing crosses in one tier
        templates.append(_stack(alone, "edge"))
    for one in templates:
        limits.check_counts(f"{system.name}/{one.path}", one.body)
    return templates


def _stack(whole: Whole, form: Form) -> Linked:
    """One self-contained template."""
    outputs = {
        name: body for tier in whole.tiers for name, body in own_outputs(whole.system, tier, export=True).items()
    }
    return Linked(form, template(whole, form, whole.resources, outputs, whole.tiers), headings(whole.tiers))


def _tiers(whole: Whole, crossings: Crossings) -> list[Linked]:
    """A template per tier, in deployment order, joined by exports."""

    def bring(crossing: Crossing) -> dict[str, Any]:
        return {"Fn::ImportValue": export_name(whole.system, crossing.export)}

    linked = []
    for number, tier in enumerate(whole.tiers, 1):
        resources = imported(whole, crossings, tier, tier.section("Resources"), bring)
        outputs = imported(whole, crossings, tier, own_outputs(whole.system, tier, export=True), bring)
        for crossing in crossings.values():
            if crossing.producer is tier and crossing.output not in outputs:
                export = {"Export": {"Name": export_name(whole.system, crossing.export)}}
                outputs[crossing.output] = {**crossing.body, **export}
        body = template(whole, "tiers", resources, outputs, [tier], tier=tier, after=_after(whole, tier))
        linked.append(Linked(f"tiers/{number:02}-{tier.name}", body, headings([tier])))
    return linked


def _after(whole: Whole, tier: Compiled) -> list[str]:
    """The tiers that one waits for by DependsOn alone: those that it imports from are known by that."""
    uses = [use.reference for use in whole.symbols.crossing(tier)]
    waits = {whole.symbols.resource_tier(one.name) for one in uses if one.kind == "DependsOn"}
    gives = {whole.symbols.resource_tier(one.name) for one in uses if one.kind != "DependsOn"}
    return [other.name for other in whole.tiers if other.name in waits - gives]
