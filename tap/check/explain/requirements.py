"""Each row of a system's requirements, with what in the template shows it. Pure, but for reading the rows.

The rows stand in ``templates/requirements/SYSTEM.toml``::

    [CP-DB-2]
    says = "What the database stores is encrypted, and it can be deleted."
    shows = ["DatabaseCluster.StorageEncrypted = true", "DatabaseCluster.DeletionProtection = false"]

How places are written: :mod:`tap.check.explain.places`. ``edge:`` before a place looks for it in the system's edge
template. After `` = `` comes what must stand there (``*``: any text); without it, anything may. A row is met when each
of its places is found in some case of the template, and says what it must.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tap.check.explain import places
from tap.check.model import World
from tap.errors import TapError
from tap.report.section import Cell, Section, Table

FOLDER = Path("templates") / "requirements"
EDGE = "edge:"
_EQUALS = " = "
_LONGEST = 160


@dataclass(frozen=True)
class Row:
    """A requirement: its id, what it asks for in a sentence, and the places that show it."""

    id: str
    says: str
    shows: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """A place with what must stand there (empty: anything) and what does; ``value`` is None where there is nothing.

    ``when``: in which case of the template, where it is not that of the defaults. ``resources``: those of the main
    template that the place is about.
    """

    place: str
    wanted: str
    value: str | None
    when: str = ""
    resources: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Whether the template has it."""
        anything = re.escape(self.wanted).replace(r"\*", ".*")
        return self.value is not None and (not self.wanted or bool(re.fullmatch(anything, self.value)))

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.place}: there is no such thing"
        if not self.met:
            return f"{self.place}{_EQUALS}{_cut(self.value)}, but must be {self.wanted}"
        # Of a long value, the parts that must be there: of a text with gaps no more is asked.
        said = self.wanted.replace("*", " … ") if self.wanted and len(self.value) > _LONGEST else self.value
        when = f" (when {self.when})" if self.when else ""
        return f"{self.place}{_EQUALS}{_cut(said) if not self.wanted else said.strip()}{when}"


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


def proofs(row: Row, worlds: Sequence[World], edge: Sequence[World] = ()) -> Iterator[Proof]:
    """What stands at each of a row's places, in the first case of the template, else in another that has it."""
    for shown in row.shows:
        place, _, wanted = shown.partition(_EQUALS)
        if place.startswith(EDGE):
            found = _proof(place.removeprefix(EDGE), wanted, edge)
            yield Proof(place, wanted, found.value, found.when)
        else:
            yield _proof(place, wanted, worlds)


def _proof(place: str, wanted: str, worlds: Sequence[World]) -> Proof:
    other = Proof(place, wanted, None)
    meeting: list[tuple[World, Proof]] = []
    for world in worlds:
        found = places.find(world, place)
        if found is None:
            continue
        proof = Proof(place, wanted, found.text, resources=found.resources)
        if proof.met and world is worlds[0]:
            return proof
        if proof.met:
            meeting.append((world, proof))
        elif other.value is None:
            other = proof
    if not meeting:
        return other
    first = meeting[0][1]
    return replace(first, when=_when(first, [world for world, _ in meeting], worlds[0]))


def _when(proof: Proof, cases: Sequence[World], first: World) -> str:
    """What makes the difference between the first case and these, in which a place says what it must.

    One condition, if it alone does; else all that come out otherwise in each of them.
    """
    truths = first.case.truth.items()
    names = [name for name, truth in truths if all(one.case.truth.get(name) != truth for one in cases)]
    alone = (name for name in names if _found_with(proof, first, name))
    names = list(itertools.islice(alone, 1)) or names
    return ", ".join(f"{name} is {str(cases[0].case.truth[name]).lower()}" for name in names)


def _found_with(proof: Proof, world: World, name: str) -> bool:
    """Whether a place says what it must where one condition alone comes out otherwise than in a world."""
    truth = {**world.case.truth, name: not world.case.truth[name]}
    turned = World(world.model, replace(world.case, truth=truth), replace(world.scope, truth=truth))
    found = places.find(turned, proof.place)
    return found is not None and replace(proof, value=found.text).met


def explain(rows: Sequence[Row], worlds: Sequence[World], edge: Sequence[World] = ()) -> Section:
    """The page: each row, whether it is met, and what shows it, in the cases of the template and of its edge's."""
    told = []
    for row in rows:
        found = list(proofs(row, worlds, edge))
        met = bool(found) and all(one.met for one in found)
        names = tuple(dict.fromkeys(name for one in found for name in one.resources))
        told.append(
            (
                Cell(row.id),
                Cell(row.says),
                Cell("met" if met else "NOT MET", tone="good" if met else "bad"),
                Cell("\n".join(map(str, found)), names),
            )
        )
    return Section(
        "requirements",
        "Requirements",
        "Each row of the requirements, and where the template shows it.",
        (Table("Rows", ("id", "requirement", "state", "what shows it"), tuple(told)),),
    )


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]} …"


def unmet(section: Section) -> int:
    """How many rows are not met."""
    return sum(row[2].text != "met" for table in section.tables for row in table.rows)
