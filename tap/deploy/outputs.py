"""The outputs of stacks, as files for scripts and tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tap import whole

FLAT = "flat-outputs.json"


def of_stack(described: Mapping[str, Any]) -> dict[str, str]:
    """The outputs in an entry of ``DescribeStacks``, sorted by key."""
    return dict(sorted((one["OutputKey"], one["OutputValue"]) for one in described.get("Outputs", [])))


def merge(stacks: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, str], list[str]]:
    """All stacks' outputs in one flat mapping, sorted; and the keys that stacks give different values.

    Of those the later stack's counts.
    """
    flat: dict[str, str] = {}
    clashes = []
    for outputs in stacks.values():
        clashes += [key for key, value in outputs.items() if flat.get(key, value) != value]
        flat.update(outputs)
    return dict(sorted(flat.items())), clashes


def write(folder: Path, stacks: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Write ``flat-outputs.json`` and a file per stack; gives the keys that clash (see :func:`merge`)."""
    flat, clashes = merge(stacks)
    for name, outputs in stacks.items():
        _write(folder / f"{name}.json", outputs)
    _write(folder / FLAT, flat)
    return clashes


def forget(folder: Path, name: str) -> None:
    """Take a deleted stack's file away, and what it gave out of the flat file; that too, when nothing else is in it."""
    own = _read(folder / f"{name}.json")
    flat = _read(folder / FLAT)
    (folder / f"{name}.json").unlink(missing_ok=True)
    left = {key: value for key, value in flat.items() if own.get(key) != value}
    if left:
        _write(folder / FLAT, left)
    else:
        (folder / FLAT).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: Mapping[str, str]) -> None:
    whole.write(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
