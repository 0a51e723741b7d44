"""What was emitted for a system, read for its bundle. Writes nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tap.deploy.source import (
    LAYOUTS,
    SourceError,
    StackSource,
    SystemSource,
    environments,
    read_edge,
    read_parameters,
    read_system,
)

POLICY = "stack-policy.json"
SETTINGS = "deployment"


@dataclass(frozen=True)
class Contents:
    """What was emitted for a system, read: in all layouts, with the edge if it has one, and the environments' values.

    ``edge_values`` are the edge's. ``settings`` are the deployment settings of the environments that have any,
    ``policy`` the stack policy; empty where none was emitted.
    """

    system: str
    layouts: Mapping[str, SystemSource]
    edge: SystemSource | None
    values: Mapping[str, Mapping[str, str]]
    edge_values: Mapping[str, Mapping[str, str]]
    settings: Mapping[str, Mapping[str, Any]]
    policy: Mapping[str, Any]

    @property
    def whole(self) -> StackSource:
        """The system in one stack."""
        return self.layouts["stack"].stacks[0]

    def guards(self, environment: str) -> Mapping[str, Any]:
        """The stack policy of an environment; empty where it has none."""
        return self.policy if self.settings.get(environment, {}).get("StackPolicy") else {}


def read(system: str, out: Path, chosen: Collection[str]) -> Contents:
    """Read a system; of its environments those ``chosen``, or all. Raises SourceError for what is not there."""
    layouts: Mapping[str, SystemSource] = {layout: read_system(system, layout, out) for layout in LAYOUTS}
    there = environments(system, out)
    unknown = sorted(set(chosen) - set(there))
    if unknown:
        raise SourceError(f"{system} has no environment {', '.join(unknown)}. There is: {', '.join(there)}.")
    names = [name for name in there if not chosen or name in chosen]
    edge = read_edge(system, out)
    found = {name: _json(out / system / SETTINGS / f"{name}.json") for name in names}
    return Contents(
        system,
        layouts,
        edge,
        {name: read_parameters(system, name, out) for name in names},
        {name: read_parameters(system, name, out, edge=True) for name in names} if edge else {},
        {name: settings for name, settings in found.items() if settings},
        _json(out / system / POLICY),
    )


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise SourceError(f"{path} is not JSON ({error}). To write it anew, run: make synth") from None
    return found if isinstance(found, dict) else {}
