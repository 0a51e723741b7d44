"""A template as a page shows it: parameters by group, resources by tier, outputs, each with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.deletion import policies
from tap.describe import allowed
from tap.document import Told
from tap.limitations import only
from tap.report.section import Section
from tap.report.source import Source, coloured, source


@dataclass(frozen=True)
class ParameterView:
    """A parameter; ``values`` are those of the environments, empty where an environment takes the default."""

    name: str
    label: str
    says: str
    type: str
    default: str
    required: bool
    allowed: str
    values: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class ResourceView:
    """A resource; ``fates`` are what becomes of it in the environments when the stack is deleted."""

    name: str
    type: str
    says: str
    when: str
    text: str
    line: int
    last: int
    stays: bool


@dataclass(frozen=True)
class TierView:
    """A tier with its resources."""

    name: str
    title: str
    says: str
    resources: tuple[ResourceView, ...]


@dataclass(frozen=True)
class OutputView:
    """An output."""

    name: str
    says: str
    export: str
    line: int


@dataclass(frozen=True)
class TemplateView:
    """A template: ``prefix`` begins the anchors of all that is in it, so that two can be on one page."""

    prefix: str
    file: str
    title: str
    says: str
    region: str
    environments: tuple[str, ...]
    groups: tuple[tuple[str, tuple[ParameterView, ...]], ...]
    tiers: tuple[TierView, ...]
    outputs: tuple[OutputView, ...]
    sections: tuple[Section, ...]
    capabilities: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def count(self) -> int:
        """The number of resources."""
        return sum(len(tier.resources) for tier in self.tiers)

    @property
    def names(self) -> frozenset[str]:
        """The names of all resources: what may be linked to."""
        return frozenset(each.name for tier in self.tiers for each in tier.resources)


def view(told: Told, text: str, sections: tuple[Section, ...], *, prefix: str = "", file: str) -> TemplateView:
    """A template as a page shows it, from what its files tell and from its YAML text."""
    body, found = told.body, source(text)
    title, _, says = body["Description"].partition(". ")

    def anchor(name: str) -> str:
        if name in body["Resources"]:
            return f"#{prefix}r-{name}"
        return f"#{prefix}p-{name}" if name in body.get("Parameters", {}) else ""

    return TemplateView(
        prefix=prefix,
        file=file,
        title=title,
        says=says,
        region=told.region,
        environments=tuple(told.environments),
        groups=tuple(_groups(told, found)),
        tiers=tuple(_tiers(told, found)),
        outputs=tuple(_outputs(body, found)),
        sections=sections,
        capabilities=tuple(body["Metadata"]["Template"]["Capabilities"]),
        lines=tuple(coloured(found.lines, anchor)),
    )


def _line(found: Source, section: str, name: str) -> int:
    part = found.parts.get((section, name))
    return part.first if part else 0


def _groups(told: Told, found: Source) -> Iterator[tuple[str, tuple[ParameterView, ...]]]:
    """Parameters as the console groups them (``AWS::CloudFormation::Interface``); what no group has comes last."""
    parameters = told.body.get("Parameters", {})
    interface = told.body["Metadata"].get("AWS::CloudFormation::Interface", {})
    labels = interface.get("ParameterLabels", {})
    groups = [(each["Label"]["default"], each["Parameters"]) for each in interface.get("ParameterGroups", [])]
    grouped = {name for _, names in groups for name in names}
    for title, names in [*groups, ("Others", [name for name in parameters if name not in grouped])]:
        views = tuple(_parameter(name, told, labels, found) for name in names if name in parameters)
        if views:
            yield title, views


def _parameter(name: str, told: Told, labels: Mapping[str, Any], found: Source) -> ParameterView:
    body = told.body["Parameters"][name]
    rule = allowed(body)
    if values := body.get("AllowedValues"):
        rule = ", ".join(f"`{each}`" if str(each) else "empty" for each in values)
    return ParameterView(
        name=name,
        label=labels.get(name, {}).get("default", ""),
        says=body["Description"],
        type=str(body["Type"]),
        default=str(body.get("Default", "")),
        required="Default" not in body,
        allowed=rule,
        values=tuple(str(values.get(name, "")) for values in told.environments.values()),
        line=_line(found, "Parameters", name),
    )


def _tiers(told: Told, found: Source) -> Iterator[TierView]:
    fates = [policies(told.body, values) for values in told.environments.values()]
    for name, title, says in told.tiers:
        inside = {key: body for key, body in told.resources.items() if body["Metadata"]["Tier"] == name}
        yield TierView(name, title, says, tuple(_resource(key, told, found, fates) for key in inside))


def _resource(name: str, told: Told, found: Source, fates: list[dict[str, str]]) -> ResourceView:
    body, part = told.resources[name], found.parts.get(("Resources", name))
    return ResourceView(
        name=name,
        type=body["Type"],
        says=body["Metadata"]["Description"],
        when=only(body, told.conditions),
        text=found.of("Resources", name),
        line=part.first if part else 0,
        last=part.last if part else 0,
        stays=any(fate[name] not in ("", "Delete") for fate in fates),
    )


def _outputs(body: Mapping[str, Any], found: Source) -> Iterator[OutputView]:
    for name, each in body.get("Outputs", {}).items():
        export = each.get("Export", {}).get("Name", {})
        text = export.get("Fn::Sub", "") if isinstance(export, dict) else str(export)
        yield OutputView(name, each["Description"], str(text), _line(found, "Outputs", name))
