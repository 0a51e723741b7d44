"""What was emitted for a system: the stacks of a layout, in the order in which they are deployed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tap.errors import TapError

Layout = Literal["stack", "tiers", "nested"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

Form = Literal["stack", "tiers", "nested", "edge"]
"""What a template calls its layout: the system's, or ``edge`` for what the system has in another region."""

EDGE = "edge"
"""The end of the edge's stack's name, and the folder of its parameter files."""

SUFFIX = "EnvironmentSuffix"
BUCKET = "TemplatesBucket"
PREFIX = "TemplatesPrefix"
FILLED_IN = frozenset({BUCKET, PREFIX})
"""Parameters of a nested root that this tool fills in and that stand in no parameter file."""

SYNTH = "run: make synth"


class SourceError(TapError):
    """Something that deploying needs was not emitted, or is not what it should be."""


@dataclass(frozen=True)
class Child:
    """The template of a nested stack: the file name by which the root refers to it, its text, and the same parsed."""

    name: str
    body: str
    template: Mapping[str, Any]


@dataclass(frozen=True)
class StackSource:
    """One stack to be: the text that is sent (YAML), the same parsed (from JSON), and where it was read."""

    system: str
    tier: str
    path: Path
    body: str
    template: Mapping[str, Any]
    children: tuple[Child, ...] = ()

    @property
    def about(self) -> Mapping[str, Any]:
        """``Metadata.Template``: system, layout, tier, region, capabilities, tags."""
        about: Mapping[str, Any] = self.template["Metadata"]["Template"]
        return about

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The parameters that the template declares, in its order."""
        declared: Mapping[str, Mapping[str, Any]] = self.template.get("Parameters", {})
        return declared

    @property
    def region(self) -> str:
        """The region that the template is written for."""
        return str(self.about.get("Region", ""))

    def stack_name(self, suffix: str) -> str:
        """``SYSTEM-SUFFIX``, in the tiers layout ``SYSTEM-SUFFIX-TIER``, for an edge ``SYSTEM-SUFFIX-edge``."""
        return "-".join(part for part in (self.system, suffix, self.tier) if part)


@dataclass(frozen=True)
class SystemSource:
    """A system in one layout, or its edge. ``stacks`` stand in the order of deployment."""

    name: str
    layout: Form
    stacks: tuple[StackSource, ...]

    @property
    def region(self) -> str:
        """The region that the system is written for."""
        return self.stacks[0].region

    @property
    def declared(self) -> Mapping[str, Mapping[str, Any]]:
        """The parameters that any of the templates declares."""
        return {key: one for stack in self.stacks for key, one in stack.parameters.items()}


def read_system(system: str, layout: Layout, out: Path) -> SystemSource:
    """The stacks of ``system`` as emitted in ``out``. Raises SourceError, which says what there is instead."""
    folder = _folder(system, out)
    if layout == "stack":
        found = [folder / "stack.yaml"]
    elif layout == "tiers":
        found = sorted((folder / "tiers").glob("[0-9][0-9]-*.yaml"))
    else:
        found = [folder / "nested" / "root.yaml"]
    if not found or not found[0].is_file():
        there = _listed(one for one in LAYOUTS if _has(folder, one))
        raise SourceError(f"{folder} holds no layout {layout!r}. There is: {there}. To write it, {SYNTH}")
    return SystemSource(system, layout, tuple(_stack(system, layout, path) for path in found))


def read_edge(system: str, out: Path) -> SystemSource | None:
    """What a system has in another region, as emitted in ``out``; None where there is no such thing."""
    path = _folder(system, out) / "edge.yaml"
    return SystemSource(system, "edge", (_stack(system, "edge", path),)) if path.is_file() else None


def environments(system: str, out: Path) -> list[str]:
    """The names of the system's environments: one per file in its ``parameters`` folder."""
    return sorted(path.stem for path in (_folder(system, out) / "parameters").glob("*.json"))


def read_parameters(system: str, environment: str, out: Path, *, edge: bool = False) -> dict[str, str]:
    """The values in ``parameters/ENVIRONMENT.json``, or those of the edge in ``parameters/edge/ENVIRONMENT.json``.

    Raises SourceError for a missing or malformed file.
    """
    folder = _folder(system, out) / "parameters"
    path = (folder / EDGE if edge else folder) / f"{environment}.json"
    if not path.is_file() and edge:
        raise SourceError(f"the edge of {system} has no environment {environment!r}: no {path}. To write it, {SYNTH}")
    if not path.is_file():
        raise SourceError(
            f"{system} has no environment {environment!r}: there is no {path}. "
            f"There is: {_listed(environments(system, out))}."
        )
    entries = _json(path)
    try:
        pairs = [(entry["ParameterKey"], entry["ParameterValue"]) for entry in entries]
    except (KeyError, TypeError):
        raise SourceError(
            f'{path} is no list of {{"ParameterKey": …, "ParameterValue": …}}, which '
            f"`aws cloudformation … --parameters file://` takes. To write it anew, {SYNTH}"
        ) from None
    for key, value in pairs:
        if not isinstance(value, str):
            raise SourceError(f"{path}: the value of {key} is no text. Put it in double quotes.")
    return dict(pairs)


def _folder(system: str, out: Path) -> Path:
    if not (out / system).is_dir():
        systems = _listed(path.name for path in out.glob("*") if path.is_dir())
        raise SourceError(f"There is no system {system!r} in {out}. There is: {systems}. To write it, {SYNTH}")
    return out / system


def _has(folder: Path, layout: Layout) -> bool:
    first = {"stack": "stack.yaml", "tiers": "tiers/*.yaml", "nested": "nested/root.yaml"}[layout]
    return any(folder.glob(first))


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is no text in UTF-8 (byte {error.start}). To write it anew, {SYNTH}") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SourceError(f"{path} is missing. To write it, {SYNTH}") from None
    except ValueError as error:
        raise SourceError(f"{path} is not JSON ({error}). To write it anew, {SYNTH}") from None


def _stack(system: str, layout: Form, path: Path) -> StackSource:
    template = _json(path.with_suffix(".json"))
    about = template.get("Metadata", {}).get("Template", {}) if isinstance(template, dict) else {}
    if about.get("System") != system or about.get("Layout") != layout:
        raise SourceError(
            f"{path.with_suffix('.json')} does not say in Metadata.Template that it is {system!r} in the layout "
            f"{layout!r}. To write it anew, {SYNTH}"
        )
    children: tuple[Child, ...] = ()
    if layout == "nested":
        others = sorted(one for one in path.parent.glob("*.yaml") if one != path)
        children = tuple(Child(one.name, _text(one), _json(one.with_suffix(".json"))) for one in others)
    tier = re.sub(r"^\d\d-", "", path.stem) if layout == "tiers" else EDGE if layout == "edge" else ""
    return StackSource(system, tier, path, _text(path), template, children)
