"""Values that cross tiers: which they are, and the names that the linker makes for them.

Limitation: what crosses is a string, as exports and nested parameters are; join an attribute that is a list before
another tier uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tap.carry import Whole
from tap.naming import kebab
from tap.references import Reference, Use, rewrite
from tap.symbols import Compiled, DuplicateNameError


@dataclass(frozen=True)
class Crossing:
    """A value that one tier has and others use.

    ``output`` and ``body`` are its output in the producer, ``export`` is the tail of the export's name.
    """

    output: str
    reference: Reference
    producer: Compiled
    body: Mapping[str, Any]
    export: str


Crossings = Mapping[tuple[str, str], Crossing]
"""The crossing values of a system by resource and attribute (empty for ``Ref``)."""

Bring = Callable[[Crossing], dict[str, Any]]
"""Gives the expression that brings a crossing value into the tier that uses it."""


def find_crossings(whole: Whole) -> Crossings:
    """The values of a system that cross tiers.

    Raises DuplicateNameError where two outputs of a tier, or two exports, would have one name.
    """
    consumers: dict[tuple[str, str], list[str]] = {}
    for tier in whole.tiers:
        for use in _values(whole, tier):
            titles = consumers.setdefault(_key(use.reference), [])
            if tier.title not in titles:
                titles.append(tier.title)
    homes = {tier.name: tier for tier in whole.tiers}
    found = {
        (name, attribute): _crossing(
            Reference("GetAtt" if attribute else "Ref", name, attribute),
            homes[whole.symbols.table[name].tier],
            whole.resources[name].get("Condition"),
            titles,
        )
        for (name, attribute), titles in consumers.items()
    }
    _check_made(whole, found.values())
    return found


def taken(whole: Whole, crossings: Crossings, tier: Compiled) -> dict[str, Crossing]:
    """What a tier takes from others, by the name of the parameter that brings it to a nested child.

    Raises DuplicateNameError where two values come under one name, or one under a name that the tier has.
    """
    found: dict[str, Crossing] = {}
    for use in _values(whole, tier):
        crossing = crossings[_key(use.reference)]
        name = parameter_name(whole, crossing, tier)
        first = found.setdefault(name, crossing)
        if first is not crossing:
            raise DuplicateNameError(
                f"{_said(first.reference)} and {_said(crossing.reference)} both come to tier {tier.name} as "
                f"the parameter {name}. Rename one of the resources."
            )
    return found


def parameter_name(whole: Whole, crossing: Crossing, tier: Compiled) -> str:
    """The parameter by which a value comes to a nested child. Raises DuplicateNameError where the name is taken."""
    reference = crossing.reference
    name = _joined(reference)
    other = whole.symbols.table.get(name)
    if reference.attribute and other and (other.tier == tier.name or other.section != "Resources"):
        raise DuplicateNameError(
            f"the attribute {reference.attribute} of {reference.name} comes to tier {tier.name} "
            f"as the parameter {name}, but {name} is defined in tier {other.tier} ({other.section}). Rename that."
        )
    return name


def imported(
    whole: Whole, crossings: Crossings, tier: Compiled, bodies: Mapping[str, Any], bring: Bring
) -> dict[str, Any]:
    """``bodies`` with each reference to another tier's resource replaced, and DependsOn kept within the tier."""

    def replace(reference: Reference) -> dict[str, Any] | None:
        home = whole.symbols.resource_tier(reference.name)
        return None if home in (None, tier.name) else bring(crossings[_key(reference)])

    return {name: _waiting_within(whole, tier, rewrite(body, replace)) for name, body in bodies.items()}


def _waiting_within(whole: Whole, tier: Compiled, body: dict[str, Any]) -> dict[str, Any]:
    if "DependsOn" not in body:
        return body
    waits = [body["DependsOn"]] if isinstance(body["DependsOn"], str) else body["DependsOn"]
    waits = [other for other in waits if whole.symbols.resource_tier(other) == tier.name]
    rest = {key: value for key, value in body.items() if key != "DependsOn"}
    return rest | {"DependsOn": waits} if waits else rest


def _values(whole: Whole, tier: Compiled) -> Iterable[Use]:
    return (use for use in whole.symbols.crossing(tier) if use.reference.kind != "DependsOn")


def _key(reference: Reference) -> tuple[str, str]:
    return reference.name, reference.attribute


def _crossing(reference: Reference, home: Compiled, condition: str | None, consumers: Sequence[str]) -> Crossing:
    value = {"Fn::GetAtt": [reference.name, reference.attribute]} if reference.attribute else {"Ref": reference.name}
    for name, output in home.section("Outputs").items():
        # An output under another condition than its resource's would be missing where the resource is not.
        if output["Value"] == value and name in home.exports and output.get("Condition") == condition:
            return Crossing(name, reference, home, dict(output), home.exports[name])
    name = _joined(reference)
    if name in home.section("Outputs"):
        raise DuplicateNameError(
            f"tier {home.name} hands {reference.name} {reference.attribute} to other tiers as the output {name}, "
            "but has an output of that name with another value or condition. Rename the output, or export it."
        )
    says = f"{reference.attribute or 'Reference'} of {reference.name}, for {_listed(consumers)}."
    body = {"Description": says, **({"Condition": condition} if condition else {}), "Value": value}
    return Crossing(name, reference, home, body, kebab(name))


def _check_made(whole: Whole, crossings: Iterable[Crossing]) -> None:
    outputs: dict[tuple[str, str], Reference] = {}
    exports: dict[str, tuple[str, str]] = {}
    for tier in whole.tiers:
        for name, tail in tier.exports.items():
            _check_export(exports, tail, (tier.name, name))
    for crossing in crossings:
        made = (crossing.producer.name, crossing.output)
        first = outputs.setdefault(made, crossing.reference)
        if first != crossing.reference:
            raise DuplicateNameError(
                f"tier {made[0]} hands both {_said(first)} and {_said(crossing.reference)} to other tiers as the "
                f"output {made[1]}. Rename one of the resources, or export one of the values by an output."
            )
        _check_export(exports, crossing.export, made)


def _check_export(exports: dict[str, tuple[str, str]], tail: str, output: tuple[str, str]) -> None:
    first = exports.setdefault(tail, output)
    if first != output:
        raise DuplicateNameError(
            f"the export {tail} is made twice: by the output {first[1]} of tier {first[0]} and by the output "
            f"{output[1]} of tier {output[0]}. Rename one."
        )


def _joined(reference: Reference) -> str:
    return reference.name + reference.attribute.replace(".", "")


def _said(reference: Reference) -> str:
    return f"{reference.name}.{reference.attribute}" if reference.attribute else reference.name


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
