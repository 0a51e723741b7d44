"""Verdicts kept by content: one small JSON file each under ``state_dir()/lint/``.

The key is the sha256 of all that decides a verdict: the template's bytes, the regions asked for (none asked
means the template's own, which its bytes hold), cfn-lint's version, the date of downloaded resource schemas,
and the source text of the modules here that decide, so that no version number has to be remembered when they
change.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from tap.lint.model import Verdict, from_data, to_data
from tap.project import state_dir

KEPT = 500
"""How many verdicts are kept; beyond that the longest unused go. One is about 1 KB."""


def folder() -> Path:
    """Where the verdicts are."""
    return state_dir() / "lint"


def key(content: bytes, regions: Iterable[str]) -> str:
    """The name of the verdict on ``content`` for ``regions`` (empty: the template's own)."""
    digest = hashlib.sha256(_settings())
    digest.update(json.dumps(list(regions)).encode())
    digest.update(content)
    return digest.hexdigest()


def load(name: str) -> Verdict | None:
    """The verdict kept as ``name``; None when there is none, or when the file holds something else."""
    path = folder() / f"{name}.json"
    try:
        verdict = from_data(json.loads(path.read_bytes()))
        os.utime(path)  # "the longest unused", not "the longest kept"
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return verdict


def store(verdicts: dict[str, Verdict]) -> None:
    """Keep the verdicts by name, each file whole or not at all; drop the longest unused beyond ``KEPT``.

    Raises OSError when the folder cannot be written.
    """
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    for name, verdict in verdicts.items():
        handle, temporary = tempfile.mkstemp(dir=place, suffix=".new")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(to_data(verdict), file)
            Path(temporary).replace(place / f"{name}.json")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    _drop_oldest(place)


def _drop_oldest(place: Path) -> None:
    aged: list[tuple[int, str]] = []
    for path in place.iterdir():
        with suppress(OSError):  # another run may be dropping files as well
            aged.append((path.stat().st_mtime_ns, path.name))
    for _, name in sorted(aged)[: max(0, len(aged) - KEPT)]:
        with suppress(OSError):
            (place / name).unlink()


@cache
def _settings() -> bytes:
    here = Path(__file__).parent
    sources = b"".join((here / name).read_bytes() for name in ("engine.py", "exemptions.py", "model.py"))
    version = importlib.metadata.version("cfn-lint")
    return b"\0".join((version.encode(), _downloaded_schemas(), hashlib.sha256(sources).digest(), b""))


def _downloaded_schemas() -> bytes:
    """The date of schemas that ``cfn-lint --update-specs`` downloaded: it prefers them to older of its own.

    The folders are those of ``cfnlint.helpers.get_cache_dir`` (1.58.0), repeated because importing it is what
    a cache spares.
    """
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        return (base / "aws" / "cfn-lint" / "schemas" / "version.json").read_bytes()
    except OSError:
        return b""
