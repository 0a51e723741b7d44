"""What a template carries: of all that a system defines, the parameters, conditions, mappings and rules that it uses.

And what it says of itself: the console's form for its parameters, and the metadata that deployment reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tap import capabilities
from tap.errors import TapError
from tap.model import SUFFIX, Label, System
from tap.naming import SUFFIX_PATTERN, SUFFIX_RULE, longest_suffix
from tap.references import find
from tap.symbols import Compiled, Symbols

Layout = Literal["stack", "tiers", "nested"]
LAYOUTS: tuple[Layout, ...] = ("stack", "tiers", "nested")

Form = Literal["stack", "tiers", "nested", "edge"]
"""What a template calls its layout: that of the system, or ``edge`` for what the system has in another region."""


@dataclass(frozen=True)
class Linked:
    """A template that stands alone.

    ``path`` is relative to the system's folder and has no ending (``tiers/01-network``); ``headings`` maps the first
    resource of each tier to the title and the sentence that a comment sets before it.
    """

    path: str
    body: dict[str, Any]
    headings: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Whole:
    """All that the templates of a system may carry, by section and in reading order.

    ``tiers`` are those with resources, in the order of deployment; the suffix among ``parameters`` has its constraints.
    """

    symbols: Symbols
    tiers: tuple[Compiled, ...]
    parameters: Mapping[str, Any]
    rules: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Any]
    labels: Mapping[str, Label]

    @property
    def system(self) -> System:
        """The system that this is the whole of."""
        return self.symbols.system


@dataclass(frozen=True)
class Extra:
    """A parameter that no tier defines: one that the linker adds to a template, and its place in the form."""

    name: str
    label: Label
    body: Mapping[str, Any]


def gather(symbols: Symbols) -> Whole:
    """The whole of a system whose names are resolved.

    Raises TapError for a system without the suffix, or with an environment whose suffix is too long, and
    NameTooLongError for a physical name that leaves no room for one.
    """
    tiers = tuple(tier for tier in symbols.tiers if tier.section("Resources"))
    resources = symbols.in_section("Resources")
    return Whole(
        symbols,
        tiers,
        _with_suffix(symbols, [tier.name for tier in tiers], resources),
        symbols.in_section("Rules"),
        symbols.in_section("Mappings"),
        symbols.in_section("Conditions"),
        resources,
        {name: label for tier in symbols.tiers for name, label in tier.labels.items()},
    )


def _with_suffix(symbols: Symbols, tiers: Sequence[str], resources: Mapping[str, Any]) -> dict[str, Any]:
    """The system's parameters, the suffix first and with the constraints that the physical names set."""
    system, parameters = symbols.system, symbols.in_section("Parameters")
    if SUFFIX not in parameters:
        raise TapError(f"system {system.name}: the shared tier has no parameter {SUFFIX}; every system needs it.")
    room, reason = longest_suffix(system.name, tuple(tiers), parameters, resources)
    needed = {values.get(SUFFIX, name) for name, values in system.environments.items()}
    for suffix in sorted(needed):
        if len(suffix) > room:
            raise TapError(
                f"system {system.name}: the suffix {suffix!r} of an environment has {len(suffix)} characters, "
                f"but {reason} leaves room for {room}. Shorten that name or the suffix."
            )
    constrained = parameters.pop(SUFFIX) | {
        "AllowedPattern": SUFFIX_PATTERN,
        "MinLength": 1,
        "MaxLength": room,
        "ConstraintDescription": f"1 to {room} characters: {SUFFIX_RULE}. The limit is set by {reason}.",
    }
    return {SUFFIX: constrained, **parameters}


def export_name(system: System, tail: str) -> dict[str, Any]:
    """The name of an export: ``SYSTEM-SUFFIX-TAIL``."""
    return {"Fn::Sub": f"{system.name}-${{{SUFFIX}}}-{tail}"}


def own_outputs(system: System, tier: Compiled, *, export: bool) -> dict[str, Any]:
    """The outputs that a tier defines, with or without their exports."""
    outputs = dict(tier.section("Outputs"))
    for name, tail in tier.exports.items() if export else ():
        outputs[name] = outputs[name] | {"Export": {"Name": export_name(system, tail)}}
    return outputs


def headings(tiers: Iterable[Compiled]) -> dict[str, tuple[str, str]]:
    """The title and the sentence of each tier, by its first resource."""
    return {next(iter(tier.section("Resources"))): (tier.title, tier.says) for tier in tiers}


def template(
    whole: Whole,
    form: Form,
    resources: Mapping[str, Any],
    outputs: Mapping[str, Any],
    tiers: Sequence[Compiled],
    *,
    tier: Compiled | None = None,
    after: Sequence[str] = (),
    children: Sequence[Mapping[str, Any]] = (),
    extra: Sequence[Extra] = (),
) -> dict[str, Any]:
    """The body of a template with these resources and outputs, and all that they use.

    ``tiers`` are those whose resources it has. ``tier`` is given where that is the template of one tier, ``after`` are
    then the tiers that it waits for without taking anything from them. ``children``
    are the templates nested in it, whose parameters it declares too; ``extra`` are parameters that no tier defines.
    """
    system = whole.system
    used = _used(whole, resources, outputs, children)

    def carried(section: Mapping[str, Any]) -> dict[str, Any]:
        return {name: body for name, body in section.items() if name in used}

    parameters = carried(whole.parameters)
    form_of_parameters = interface()
    for name in parameters:
        add_label(form_of_parameters, name, whole.labels[name])
    for one in extra:
        add_label(form_of_parameters, one.name, one.label)
    about, says = (f", {tier.title.lower()} tier", tier.says) if tier else ("", system.says)
    body = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{system.title}{about}. {says}",
        "Metadata": {},
        "Parameters": parameters | {one.name: dict(one.body) for one in extra},
        "Rules": carried(whole.rules),
        "Mappings": carried(whole.mappings),
        "Conditions": carried(whole.conditions),
        "Resources": dict(resources),
        "Outputs": dict(outputs),
        "Transform": _transform(tiers if not children else ()),
    }
    body["Metadata"] = {
        "Template": {
            "System": system.name,
            "Layout": form,
            **({"Tier": tier.name} if tier else {}),
            **({"After": list(after)} if after else {}),
            "Region": system.region,
            "Capabilities": capabilities.needed([body, *children]),
            # Not in Sub's form: in metadata nothing is substituted, and cfn-lint says so (E1029).
            "Tags": {key: value.replace("${", "{") for key, value in system.tags.items()},
        },
        "AWS::CloudFormation::Interface": form_of_parameters,
    }
    return {key: value for key, value in body.items() if value}


def _transform(tiers: Iterable[Compiled]) -> str | list[str]:
    wanted = [name for tier in tiers for name in tier.transform]
    # In CloudFormation's order: this one comes before those that make resources.
    transform = sorted(dict.fromkeys(wanted), key=lambda name: name != "AWS::LanguageExtensions")
    return transform[0] if len(transform) == 1 else transform


def _used(
    whole: Whole,
    resources: Mapping[str, Any],
    outputs: Mapping[str, Any],
    children: Sequence[Mapping[str, Any]],
) -> set[str]:
    """Every parameter, condition, mapping and rule that a template needs, also by way of others."""
    used: set[str] = set()
    todo = [_names(resources, outputs)]
    todo += [set(child.get("Parameters", {})) & set(whole.parameters) for child in children]
    while todo:
        new = todo.pop() - used
        used |= new
        for name in new & set(whole.conditions):
            todo.append({use.reference.name for use in find(whole.conditions[name], conditions=True)})
        for name, rule in whole.rules.items():
            if name not in used:
                # A rule belongs wherever a parameter that it makes assertions on does.
                names = {use.reference.name for use in find(rule, conditions=True)}
                asserted = {use.reference.name for use in find(rule.get("Assertions"), conditions=True)}
                if asserted & used:
                    todo.append({name} | names)
    return used


def _names(resources: Mapping[str, Any], outputs: Mapping[str, Any]) -> set[str]:
    bodies = [*resources.values(), *outputs.values()]
    names = {use.reference.name for body in bodies for use in find(body)}
    return names | {body["Condition"] for body in bodies if "Condition" in body}


def interface() -> dict[str, Any]:
    """An empty ``AWS::CloudFormation::Interface``."""
    return {"ParameterGroups": [], "ParameterLabels": {}}


def add_label(to: dict[str, Any], name: str, label: Label) -> None:
    """Give a parameter its place in an interface: in the group of that heading, which is begun where it is new."""
    groups: list[dict[str, Any]] = to["ParameterGroups"]
    for group in groups:
        if group["Label"]["default"] == label.group:
            group["Parameters"].append(name)
            break
    else:
        groups.append({"Label": {"default": label.group}, "Parameters": [name]})
    to["ParameterLabels"][name] = {"default": label.text}
