"""Each row of a system's requirements, with what in the template shows it. Pure, but for reading the rows.

The rows stand in ``templates/requirements/SYSTEM.toml``::

    [CP-NET-1]
    says = "Nine subnets in three zones"
    shows = ["PublicSubnetA.CidrBlock", "Outputs.VpcId.Value"]

A place is a logical id and the steps below its properties; or ``Outputs`` and so on. A place that is nowhere in the
template is no proof, and the row is not met.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tap.check.evaluate import short
from tap.check.model import World
from tap.errors import TapError
from tap.report.section import Cell, Section, Table, about

FOLDER = Path("templates") / "requirements"
_LONGEST = 120


@dataclass(frozen=True)
class Row:
    """A requirement: its id, what it asks for in a few words, and the places that show it."""

    id: str
    says: str
    shows: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """A place and what stands there; ``value`` is None where there is nothing. ``when``: in which case there is."""

    place: str
    resource: str
    value: str | None
    when: str = ""


def read(path: Path) -> tuple[Row, ...]:
    """The rows in a file. Raises TapError for one that is not there, or not of that form."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TapError(f"the requirements cannot be read: {path}: {error.strerror}.") from None
    except tomllib.TOMLDecodeError as error:
        raise TapError(f"{path} is no TOML: {error}.") from None
    rows = []
    for key, body in found.items():
        shows = body.get("shows") if isinstance(body, dict) else None
        if not isinstance(shows, list) or not isinstance(body.get("says"), str):
            raise TapError(f'{path}: {key} needs says = "…" and shows = ["LogicalId.Property", …].')
        rows.append(Row(key, body["says"], tuple(map(str, shows))))
    return tuple(rows)


def proofs(row: Row, worlds: Sequence[World]) -> Iterator[Proof]:
    """What stands at each of a row's places: in the first world that has it."""
    for place in row.shows:
        name, *steps = place.split(".")
        for world in worlds:
            value = _at(world, name, steps)
            if value is not None:
                when = "" if world is worlds[0] else _case(world, worlds[0])
                yield Proof(place, name, short(value), when)
                break
        else:
            yield Proof(place, name, None)


def _at(world: World, name: str, steps: Sequence[str]) -> Any:
    if name == "Outputs":
        found: Any = world.outputs
    elif name in world.resources:
        resource = world.resources[name]
        if not steps:
            return resource.type
        if steps[0] in ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn"):
            return world.resolve(resource.body.get(steps[0]))
        found = resource.properties
    else:
        return None
    for step in steps:
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def _case(world: World, first: World) -> str:
    """How the conditions differ from those of the defaults."""
    differ = [name for name, truth in world.case.truth.items() if first.case.truth.get(name) != truth]
    return ", ".join(f"{name} is {str(world.case.truth[name]).lower()}" for name in differ[:2])


def explain(rows: Sequence[Row], worlds: Sequence[World]) -> Section:
    """The page: each row, whether it is met, and what shows it."""
    told = []
    for row in rows:
        found = list(proofs(row, worlds))
        met = bool(found) and all(one.value is not None for one in found)
        words = [
            f"{one.place} = {_cut(one.value)}{f' (when {one.when})' if one.when else ''}"
            if one.value is not None
            else f"{one.place}: there is no such thing"
            for one in found
        ]
        names = tuple(dict.fromkeys(one.resource for one in found if one.resource in worlds[0].resources))
        told.append(
            (
                Cell(row.id),
                Cell(row.says),
                Cell("met" if met else "NOT MET", tone="good" if met else "bad"),
                about(*names) if names else Cell("–"),
                Cell("; ".join(words)),
            )
        )
    head = ("id", "requirement", "", "resources", "what shows it")
    return Section(
        "requirements",
        "Requirements",
        "Each row of the requirements, and where the template shows it.",
        (Table("Rows", head, tuple(told)),),
    )


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]} …"


def unmet(section: Section) -> int:
    """How many rows are not met."""
    return sum(row[2].text != "met" for table in section.tables for row in table.rows)
