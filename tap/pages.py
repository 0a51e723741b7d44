"""The systems' pages beside what is emitted: from a system's files to page and picture, and which are stale."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tap import document
from tap.document import Told
from tap.edge import EDGE, checked_edge
from tap.model import System
from tap.report.picture.picture import picture
from tap.synth import Difference, Emitted, differences


def told(system: System, emitted: Iterable[Emitted]) -> tuple[Told, Told | None] | None:
    """What a system's files tell of it, and of its edge; None without the layout ``stack``, whose template tells it."""
    files = {file.path: file.text for file in emitted}

    def one(of: System, path: str) -> Told:
        body = json.loads(files[f"{path}.json"])
        tiers = [(tier.name, tier.title, tier.says) for tier in of.tiers if tier.template.resources]
        return Told(body, tiers, of.environments, len(files[f"{path}.yaml"].encode()))

    whole, other = f"{system.name}/stack", f"{system.name}/{EDGE}"
    if f"{whole}.json" not in files:
        return None
    edge = checked_edge(system) if f"{other}.json" in files else None
    return one(system, whole), one(edge, other) if edge else None


def pages(system: System, emitted: Iterable[Emitted]) -> Iterator[Emitted]:
    """The page of a system and its picture, from its files; none without the layout ``stack``, which they tell of."""
    found = told(system, emitted)
    if found:
        main, edge = found
        yield Emitted(f"{system.name}.md", document.page(main, edge))
        if drawn := document.scene_of(main, edge):
            yield Emitted(main.file, f"{document.MARK}\n{picture(drawn)}")


def stale(written: Collection[Emitted], folder: Path, names: Collection[str] | None) -> list[Difference]:
    """What writing these pages to ``folder`` would change.

    Of all systems (``names``), pages that nothing writes any more are ``gone``, if they bear ``document.MARK``;
    ``None`` when only some systems are looked at. Raises OSError for a file that cannot be read.
    """
    changes = differences(written, folder, (), ())
    left = [] if names is None else [path for path in _files(folder) if path.stem not in names]
    for path in left:
        text = path.read_text("utf-8", "replace")
        if text.startswith(document.MARK):
            changes.append(Difference(path.name, "gone", text, ""))
    return changes


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in (".md", ".svg"))
