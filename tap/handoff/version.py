"""A bundle's version, from the checkout's git tags, and what was released before.

All systems are released together, by a tag ``vMAJOR.MINOR.PATCH``. Of a commit that is not tagged, the version says how
far it is from the last tag and which it is; with changes that are not committed it says so too.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

UNRELEASED = "0.1.0"
"""What comes before the first tag."""

_TAG = re.compile(r"v(\d+\.\d+\.\d+)")
_DESCRIBED = re.compile(r"v(\d+\.\d+\.\d+)-(\d+)-g([0-9a-f]+)")
_GLOB = "v[0-9]*.[0-9]*.[0-9]*"


@dataclass(frozen=True)
class Version:
    """``text`` is the version, ``revision`` the commit (empty without git), ``previous`` the tag of the last release
    before this one (empty where there is none)."""

    text: str
    revision: str = ""
    previous: str = ""

    @property
    def released(self) -> bool:
        """Whether this is exactly a tagged commit, without changes."""
        return re.fullmatch(r"\d+\.\d+\.\d+", self.text) is not None


def version(checkout: Path) -> Version:
    """The version of a checkout. Without git, or outside a repository, it is a development version without a commit."""
    revision = _git(checkout, "rev-parse", "HEAD")
    if not revision:
        return Version(f"{UNRELEASED}-dev")
    dirty = ".dirty" if _git(checkout, "status", "--porcelain", "--untracked-files=no") else ""
    described = _git(checkout, "describe", "--tags", "--long", "--abbrev=10", f"--match={_GLOB}")
    found = _DESCRIBED.fullmatch(described)
    if not found:
        return Version(f"{UNRELEASED}-dev+g{revision[:10]}{dirty}", revision)
    last, distance, short = found.groups()
    if distance == "0" and not dirty:
        return Version(last, revision, _before(checkout))
    return Version(f"{last}-dev.{distance}+g{short}{dirty}", revision, f"v{last}")


def _before(checkout: Path) -> str:
    """The last tag before the tagged commit that is checked out."""
    return _git(checkout, "describe", "--tags", "--abbrev=0", f"--match={_GLOB}", "HEAD^")


def last_release(checkout: Path) -> str:
    """The tag of the newest release that the checkout stands on or comes after; empty where there is none.

    A clone without tags, or without history, knows of none.
    """
    found = _git(checkout, "describe", "--tags", "--abbrev=0", f"--match={_GLOB}")
    return found if _TAG.fullmatch(found) else ""


def at(checkout: Path, revision: str, path: str) -> str | None:
    """A file as it was at a revision, by its path from the top of the repository; None where there is no such file."""
    done = _run(checkout, "show", f"{revision}:{path}")
    return done.stdout if done is not None and done.returncode == 0 else None


def _git(checkout: Path, *arguments: str) -> str:
    done = _run(checkout, *arguments)
    return done.stdout.strip() if done is not None and done.returncode == 0 else ""


def _run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(["git", "-C", str(checkout), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None


def top(folder: Path) -> Path | None:
    """The top of the repository that a folder is in."""
    found = _git(folder, "rev-parse", "--show-toplevel")
    return Path(found).resolve() if found else None
