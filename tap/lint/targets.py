"""Which files to lint: all that was written to ``out/``, one system's, or any file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tap.errors import TapError

# YAML only: the JSON beside each says the same (a test parses both and compares), and linting it again would
# find the same.
_LAYOUTS = ("stack.yaml", "edge.yaml", "tiers/*.yaml", "nested/*.yaml")


@dataclass(frozen=True)
class Target:
    """A template to lint. ``group`` names what is judged together: a system's layouts, or the file alone.

    Empty for a file of a system that was named alone: what its siblings do with an exemption is not known
    then.
    """

    path: Path
    group: str


def systems(out: Path) -> list[str]:
    """The systems that were written to ``out``, sorted."""
    return sorted({path.parent.name for path in out.glob("*/stack.yaml")} | {path.parts[-3] for path in _children(out)})


def choose(names: Sequence[str], out: Path) -> list[Target]:
    """The templates that ``names`` (systems or files) stand for, each once, in that order; all for no names.

    Raises TapError for a name that is neither, and when nothing was written yet.
    """
    written = systems(out)
    if not names and not written:
        raise TapError(f"there are no templates in {out}. Write them: python generate.py synth")
    chosen: dict[Path, Target] = {}
    for name in names or written:
        if name in written:
            found = [Target(path, name) for layout in _LAYOUTS for path in sorted((out / name).glob(layout))]
        elif Path(name).is_file():
            path = Path(name)
            emitted = path.resolve().is_relative_to(out.resolve())
            found = [Target(path, "" if emitted else str(path))]
        else:
            raise TapError(_unknown(name, written))
        for target in found:
            chosen.setdefault(target.path.resolve(), target)
    return list(chosen.values())


def _children(out: Path) -> list[Path]:
    return [path for layout in _LAYOUTS if "/" in layout for path in out.glob(f"*/{layout}")]


def _unknown(name: str, written: Sequence[str]) -> str:
    what = "a folder, not a template" if Path(name).is_dir() else "neither a system nor a file"
    known = ", ".join(written) if written else "none was written yet (python generate.py synth)"
    return f"{name!r} is {what}. Systems: {known}. Or give the path of a CloudFormation template, YAML or JSON."
