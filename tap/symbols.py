"""Compiled tiers, and the table of every name in them: who defines it, and who refers to it.

The names of parameters, resources, conditions and mappings live in one table a system, because one template may hold
them all. Nothing here knows a resource type.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tap import tagging
from tap.errors import TapError
from tap.model import System, Tier
from tap.references import Use, find, of_output, of_resource

DEFINING = {"Ref": ("Parameters", "Resources"), "GetAtt": ("Resources",), "DependsOn": ("Resources",)}
DEFINING |= {"Condition": ("Conditions",), "Mapping": ("Mappings",)}
"""The sections in which each kind of reference finds its name."""


_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")


class UnresolvedNameError(TapError):
    """A reference to a name that no tier defines."""


class DuplicateNameError(TapError):
    """A name that is defined twice."""


class TierCycleError(TapError):
    """Two tiers that need each other."""


class UnusedNameError(TapError):
    """A parameter, condition or mapping that nothing refers to."""


class UntoldError(TapError):
    """A parameter, resource or output without the words that every template has for it."""


@dataclass(frozen=True)
class Compiled:
    """A tier as plain data: the sections of its template, the labels of its parameters, the tails of its exports."""

    name: str
    title: str
    says: str
    sections: Mapping[str, Mapping[str, Any]]
    labels: Mapping[str, Any] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    transform: tuple[str, ...] = ()

    def section(self, name: str) -> Mapping[str, Any]:
        """The entries of a section by name; an empty mapping where the tier has none."""
        return self.sections.get(name, {})

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every reference in the tier's resources and outputs."""
        found: list[Use] = []
        for name, body in self.section("Resources").items():
            found += of_resource(body, (name,))
        for name, body in self.section("Outputs").items():
            found += of_output(body, ("Outputs", name))
        return tuple(found)


def compile_tier(tier: Tier, tags: Mapping[str, str]) -> Compiled:
    """A tier as plain data, its resources tagged. Raises TapError where troposphere refuses what the tier holds."""
    for resource in tier.template.resources.values():
        tagging.apply(resource, tags)
    try:
        body = tier.template.to_dict()
    except (ValueError, TypeError, AttributeError) as error:
        raise TapError(f"tier {tier.name}: troposphere refuses it: {error}") from error
    transform = body.get("Transform", [])
    transforms = [transform] if isinstance(transform, str) else list(transform)
    if any(isinstance(r.get(key), dict) for r in body["Resources"].values() for key in _POLICIES):
        # A deletion policy by an intrinsic function is one of the things that this transform allows.
        transforms.insert(0, "AWS::LanguageExtensions")
    sections = {key: value for key, value in body.items() if isinstance(value, dict)}
    _check_told(tier, sections)
    return Compiled(
        name=tier.name,
        title=tier.title,
        says=tier.says,
        sections=sections,
        labels=tier.labels,
        exports=tier.exports,
        transform=tuple(dict.fromkeys(transforms)),
    )


def _check_told(tier: Tier, sections: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UntoldError for what went past the tier's own methods, straight into troposphere's template."""
    untold = [(name, "parameter") for name in sections.get("Parameters", {}) if name not in tier.labels]
    resources, outputs = sections.get("Resources", {}), sections.get("Outputs", {})
    untold += [(name, "add") for name, body in resources.items() if "Tier" not in body.get("Metadata", {})]
    untold += [(name, "output") for name, body in outputs.items() if "Description" not in body]
    for name, method in untold:
        raise UntoldError(
            f"tier {tier.name}: {name} has no words that say what it is for. Add it by Tier.{method}(…), "
            "not to the template that the tier holds."
        )


@dataclass(frozen=True)
class Definition:
    """Where a name is defined: the tier, the section, and what is written there."""

    tier: str
    section: str
    body: Any


@dataclass(frozen=True)
class Symbols:
    """A system's compiled tiers and the table of their names. ``tiers`` begins with the shared one."""

    system: System
    tiers: tuple[Compiled, ...]
    table: Mapping[str, Definition]

    @property
    def shared(self) -> Compiled:
        """The tier without resources, whose parameters, conditions and mappings every tier may use."""
        return self.tiers[0]

    def in_section(self, section: str) -> dict[str, Any]:
        """Everything that the tiers define in a section, in reading order."""
        return {name: body for tier in self.tiers for name, body in tier.section(section).items()}

    def resource_tier(self, name: str) -> str | None:
        """The tier whose resource ``name`` is; None when it is no resource."""
        found = self.table.get(name)
        return found.tier if found and found.section == "Resources" else None

    def crossing(self, tier: Compiled) -> Iterator[Use]:
        """The uses in ``tier`` of resources that live in another."""
        for use in tier.uses:
            if use.reference.kind in ("Ref", "GetAtt", "DependsOn"):
                home = self.resource_tier(use.reference.name)
                if home not in (None, tier.name):
                    yield use

    def needs(self, tier: Compiled) -> dict[str, Use]:
        """The tiers that ``tier`` refers to, each with the first use that says so."""
        found: dict[str, Use] = {}
        for use in self.crossing(tier):
            found.setdefault(self.table[use.reference.name].tier, use)
        return found


def _where(tier: str, path: tuple[str, ...]) -> str:
    return f"tier {tier}, {'.'.join(path)}"


def build(system: System) -> Symbols:
    """Compile a system's tiers and resolve every name.

    Raises DuplicateNameError, UnresolvedNameError, UnusedNameError or TierCycleError; each message names both ends.
    """
    tiers = tuple(compile_tier(tier, system.tags) for tier in (system.shared, *system.tiers))
    seen_tiers: set[str] = set()
    for tier in tiers:
        if tier.name in seen_tiers:
            raise DuplicateNameError(f"system {system.name}: two tiers have the name {tier.name}. Rename one.")
        seen_tiers.add(tier.name)
    symbols = Symbols(system, tiers, _table(tiers))
    _check_kept(tiers)
    _check_resolved(symbols)
    _check_used(symbols)
    _check_order(symbols)
    return symbols


def _table(tiers: tuple[Compiled, ...]) -> dict[str, Definition]:
    table: dict[str, Definition] = {}
    outputs: dict[str, str] = {}
    for tier in tiers:
        for section in ("Parameters", "Mappings", "Conditions", "Rules", "Resources"):
            for name, body in tier.section(section).items():
                if name in table:
                    first = table[name]
                    raise DuplicateNameError(
                        f"{name} is defined twice: in tier {first.tier} ({first.section}) and in tier {tier.name} "
                        f"({section}). One template may hold both, so rename one, or let one tier hand it to the other."
                    )
                table[name] = Definition(tier.name, section, body)
        for name in tier.section("Outputs"):
            if name in outputs:
                raise DuplicateNameError(
                    f"the output {name} is defined twice: in tier {outputs[name]} and in tier {tier.name}. Rename one."
                )
            outputs[name] = tier.name
    return table


def _check_kept(tiers: tuple[Compiled, ...]) -> None:
    """A tier without resources has no template in two of the layouts, and so no place for outputs."""
    for tier in tiers:
        outputs = list(tier.section("Outputs"))
        if outputs and not tier.section("Resources"):
            raise TapError(
                f"tier {tier.name}: it has outputs ({', '.join(outputs)}) but no resources, so no template would have "
                "them. Move them to the tier whose resources they tell of."
            )


def _all_uses(symbols: Symbols) -> Iterator[tuple[str, Use]]:
    for tier in symbols.tiers:
        for use in tier.uses:
            yield tier.name, use
        for section in ("Conditions", "Rules"):
            for use in find(tier.section(section), (section,), conditions=True):
                yield tier.name, use


def _check_resolved(symbols: Symbols) -> None:
    for tier, use in _all_uses(symbols):
        reference = use.reference
        found = symbols.table.get(reference.name)
        if found and found.section in DEFINING[reference.kind]:
            continue
        sections = DEFINING[reference.kind]
        if found:
            trouble = f"{reference.name} is in {found.section} of tier {found.tier}"
        else:
            known = [name for name, definition in symbols.table.items() if definition.section in sections]
            close = difflib.get_close_matches(reference.name, known, n=1)
            trouble = "no tier defines it" + (f"; is {close[0]} meant?" if close else "")
        raise UnresolvedNameError(
            f"{_where(tier, use.path)}: {reference.kind} of {reference.name}, which must be in "
            f"{' or '.join(sections)}: {trouble}"
        )


def _check_used(symbols: Symbols) -> None:
    used = {use.reference.name for _, use in _all_uses(symbols)}
    for name, definition in symbols.table.items():
        if definition.section in ("Parameters", "Conditions", "Mappings") and name not in used:
            raise UnusedNameError(
                f"tier {definition.tier}: {name} ({definition.section}) is used nowhere. Remove it, or use it."
            )


def _check_order(symbols: Symbols) -> None:
    """Each tier may refer only to those before it: then the written order is an order of deployment."""
    position = {tier.name: index for index, tier in enumerate(symbols.tiers)}
    needs = {tier.name: symbols.needs(tier) for tier in symbols.tiers}
    for tier in symbols.tiers:
        for other, use in needs[tier.name].items():
            if position[other] < position[tier.name]:
                continue
            back = _way(needs, other, tier.name)
            if back:
                raise TierCycleError(
                    f"the tiers {tier.name} and {other} need each other: {_where(tier.name, use.path)} uses "
                    f"{use.reference.name} of {other}, and {_described(needs, back)}. "
                    "Move one of these resources to the other tier, or split a tier."
                )
            raise TierCycleError(
                f"tier {tier.name} comes before {other}, but {_where(tier.name, use.path)} uses {use.reference.name} "
                f"of {other}. Put {other} before {tier.name} in the system."
            )


def _way(needs: Mapping[str, Mapping[str, Use]], start: str, goal: str) -> tuple[str, ...]:
    """The tiers from ``start`` to ``goal`` along references; empty when there is no way."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        for other in needs[way[-1]]:
            if other not in seen:
                seen.add(other)
                ways.append((*way, other))
    return ()


def _described(needs: Mapping[str, Mapping[str, Use]], way: tuple[str, ...]) -> str:
    steps = []
    for tier, other in itertools.pairwise(way):
        use = needs[tier][other]
        steps.append(f"{_where(tier, use.path)} uses {use.reference.name} of {other}")
    return ", and ".join(steps)
