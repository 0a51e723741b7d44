"""Systems and folders that the tests of synthesis share."""

from __future__ import annotations

from pathlib import Path

from tap.model import System
from tests.building import pair, system


def shop() -> System:
    """A system of two tiers with an environment."""
    made = pair()
    return system(*made.tiers, environments={"dev": {}, "prod": {}})


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder, with its time and its bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
