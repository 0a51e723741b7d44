"""A released version's logical ids are frozen: to CloudFormation another id is another resource. Pure.

One that is gone, or has another type, must stand in ``templates/renames.toml`` with the reason:

    [[change]]
    system = "payments"
    from = "OldId"
    to = "NewId"            # left out where nothing takes its place
    why = "One sentence: what it was worth replacing the resource for."
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.errors import TapError

RENAMES = "templates/renames.toml"

_HASHED = frozenset({"AWS::ApiGateway::Deployment"})
"""Types whose logical id has a hash on purpose: the resource is made anew whenever its content changes."""


class RenamesError(TapError):
    """``renames.toml`` is not as it should be."""


@dataclass(frozen=True)
class Rename:
    """A logical id that a release had and the next has no more, or with another type. ``to`` is empty for none."""

    system: str
    old: str
    to: str
    why: str


def renames(text: str) -> list[Rename]:
    """The entries of a renames file. Raises RenamesError for one that lacks something, or gives no reason."""
    try:
        entries = tomllib.loads(text).get("change", [])
    except tomllib.TOMLDecodeError as error:
        raise RenamesError(f"{RENAMES} is not TOML: {error}.") from None
    found = []
    for number, entry in enumerate(entries, 1):
        missing = [key for key in ("system", "from", "why") if not str(entry.get(key, "")).strip()]
        unknown = sorted(set(entry) - {"system", "from", "to", "why"})
        if missing or unknown:
            raise RenamesError(
                f"{RENAMES}, entry {number}: "
                + (f"{', '.join(missing)} is missing" if missing else f"{', '.join(unknown)} means nothing here")
                + ". An entry has system, from, why, and to where something takes its place."
            )
        found.append(Rename(entry["system"], entry["from"], str(entry.get("to", "")), entry["why"]))
    return found


def broken(
    system: str, released: Mapping[str, Any], current: Mapping[str, Any], excused: Iterable[Rename]
) -> Iterator[str]:
    """A sentence for each logical id of a released template that is gone or has another type, without an entry.

    An entry's ``to`` must be there now.
    """
    old, new = released["Resources"], current["Resources"]
    entries = {one.old: one for one in excused if one.system == system}
    for name, body in old.items():
        if body["Type"] in _HASHED:
            continue
        kind = new.get(name, {}).get("Type")
        if kind == body["Type"]:
            continue
        entry = entries.get(name)
        if entry is None:
            what = f"is a {kind} now, and was a {body['Type']}" if kind else "is gone"
            yield (
                f"{system}: {name} {what}, and has been released. A deployed one would be deleted, with what it holds. "
                f"Keep the logical id, or say in {RENAMES} why not."
            )
        elif entry.to and entry.to not in new:
            yield f"{system}: {RENAMES} says that {name} became {entry.to}, which is not there."
