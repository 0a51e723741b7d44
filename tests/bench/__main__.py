"""``make bench``: synth against its floor, lint and check against cfn-lint, as whole processes, in one run.

Every figure is the median of several repetitions; what is compared runs in turns, so that both sides meet the same
machine. A first turn, which warms the file cache and compiles the modules, is not counted.

    python -m tests.bench [--repeat N] [--write]      --write puts the figures into docs/performance.md
"""

from __future__ import annotations

import argparse
import json
import marshal
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: python -m tests.bench --write -->\n", "<!-- end of figures -->"
FLOOR = "tests/bench/floor.py"
TARGET = 2.0
"""Synthesis may take this many times its floor."""


@dataclass
class Timing:
    """The seconds of a command's repetitions."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def process(
    command: Sequence[str], *, state: Path, allowed: tuple[int, ...] = (0,), stdin: Path = Path(os.devnull)
) -> tuple[float, str]:
    """Run a Python program to its end: its seconds as a whole process, and its standard output."""
    environment = os.environ | {"TAP_STATE_DIR": str(state)}
    with stdin.open("rb") as file:
        started = perf_counter()
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdin=file,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = perf_counter() - started
    if done.returncode not in allowed:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr or done.stdout}")
    return seconds, done.stdout


def in_turns(repeat: int, *pairs: tuple[Timing, Callable[[], float]]) -> None:
    """Measure each of the pairs once a turn, for ``repeat`` turns after one that is not counted."""
    for turn in range(repeat + 1):
        for timing, measure in pairs:
            if sys.stderr.isatty():
                print(f"\r{timing.name}: {turn}/{repeat}".ljust(79), end="", file=sys.stderr)
            seconds = measure()
            if turn:
                timing.seconds.append(seconds)
    if sys.stderr.isatty():
        print("\r".ljust(80) + "\r", end="", file=sys.stderr)


def bench_synth(work: Path, repeat: int) -> list[str]:
    """Synthesis against its floor: the lines of a table."""
    out, state = work / "out", work / "state"
    process(["generate.py", "synth", "--out", str(out)], state=state)
    systems = sorted(path.name for path in out.iterdir())
    bodies = [json.loads(path.read_bytes()) for path in templates(out, ".json")]
    dictionaries = work / "dictionaries"
    dictionaries.write_bytes(marshal.dumps(bodies))
    imports = process([FLOOR, "modules", *systems], state=state)[1].split()
    floor_command = [FLOOR, "run", ",".join(imports), *systems]
    steps: dict[str, list[float]] = {}

    def cold() -> float:
        fresh = work / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        return process(["generate.py", "synth", "--out", str(fresh)], state=state)[0]

    def unchanged() -> float:
        return process(["generate.py", "synth", "--out", str(out)], state=state)[0]

    def whole_floor() -> float:
        seconds, printed = process(floor_command, state=state, stdin=dictionaries)
        taken: dict[str, float] = json.loads(printed)
        for step, value in taken.items():
            steps.setdefault(step, []).append(value)
        return seconds - taken["load"]

    synth, again, floor = Timing("synth, into an empty folder"), Timing("synth, nothing changed"), Timing("its floor")
    in_turns(repeat, (floor, whole_floor), (synth, cold), (again, unchanged))

    build = statistics.median(steps["build"][1:])
    strict = floor.median - build
    resources = sum(len(body.get("Resources", {})) for body in bodies)
    inside = ", ".join(f"{step} {statistics.median(values[1:]) * 1000:.0f}" for step, values in steps.items())
    return [
        f"{len(systems)} system(s), {len(bodies)} templates with {resources} resources in all layouts, "
        f"{sum(path.stat().st_size for path in out.rglob('*.*')) / 1000:,.0f} kB of YAML and JSON.",
        "",
        "| synthesis, all layouts and formats | ms | of the floor | of the strict floor |",
        "|---|--:|--:|--:|",
        f"| floor: start Python, import, build, `to_dict`, libyaml's dump | {ms(floor.median)} | 1.00 | |",
        f"| strict floor: the same without building the objects | {ms(strict)} | | 1.00 |",
        *(
            f"| `synth`, {timing.name.removeprefix('synth, ')} | {ms(timing.median)} "
            f"| {timing.median / floor.median:.2f} | {timing.median / strict:.2f} |"
            for timing in (synth, again)
        ),
        "",
        f"Inside the floor's process (ms): {inside} (load, reading the dictionaries, is taken off).",
        f"Target: {TARGET:.0f} times the strict floor at most: "
        f"{'kept' if synth.median <= TARGET * strict else 'MISSED'}.",
    ]


def bench_lint(work: Path, repeat: int) -> list[str]:
    """Linting and checking against the command line of cfn-lint: the lines of a table."""
    out, state = work / "out", work / "state"
    regions: dict[tuple[str, ...], list[str]] = {}
    for path in templates(out, ".yaml"):
        metadata: Any = json.loads(path.with_suffix(".json").read_bytes()).get("Metadata", {})
        own = metadata.get("Template", {}).get("Region", "us-east-1")
        regions.setdefault(tuple(dict.fromkeys((own, "us-east-1"))), []).append(str(path))
    # Findings make the exit code: 1 ours, 2 to 14 cfn-lint's. They cost the same either way.
    ours = ["generate.py", "lint", "--out", str(out)]

    def cold() -> float:
        shutil.rmtree(state, ignore_errors=True)
        return process(ours, state=state, allowed=(0, 1))[0]

    def warm() -> float:
        return process(ours, state=state, allowed=(0, 1))[0]

    def command_line() -> float:
        program = ["-c", "from cfnlint.runner import main; main()"]
        return sum(
            process([*program, "--regions", *names, "--", *files], state=state, allowed=(0, 2, 4, 6))[0]
            for names, files in regions.items()
        )

    def checked() -> float:
        return process(["generate.py", "check", "--out", str(out)], state=state, allowed=(0, 1))[0]

    theirs, first, second = Timing("cfn-lint"), Timing("lint, cold"), Timing("lint, cached")
    check = Timing("check")
    in_turns(repeat, (theirs, command_line), (first, cold), (second, warm), (check, checked))

    count = sum(map(len, regions.values()))
    return [
        f"| {count} YAML files, same regions | ms | of cfn-lint's command line |",
        "|---|--:|--:|",
        f"| `cfn-lint`, one process for all files | {ms(theirs.median)} | 1.00 |",
        f"| `lint`, nothing cached | {ms(first.median)} | {first.median / theirs.median:.2f} |",
        f"| `lint`, everything cached | {ms(second.median)} | {second.median / theirs.median:.3f} |",
        f"| `check`, which keeps nothing | {ms(check.median)} | {check.median / theirs.median:.2f} |",
    ]


def templates(out: Path, ending: str) -> list[Path]:
    """The emitted templates of all systems and layouts, in one of their two forms."""
    return [
        path for layout in ("stack", "edge", "tiers/*", "nested/*") for path in sorted(out.glob(f"*/{layout}{ending}"))
    ]


def ms(seconds: float) -> str:
    """Seconds as whole milliseconds."""
    return f"{seconds * 1000:,.0f}"


def write(figures: str) -> None:
    """Put the figures into the document, between its two marks."""
    text = DOCUMENT.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{DOCUMENT.relative_to(ROOT)} has no line {BEGIN.strip()!r} with a {END!r} after it.")
    DOCUMENT.write_text(f"{before}{BEGIN}{figures}\n{END}{after}", "utf-8")


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Synth and lint against their floors.")
    parser.add_argument("--repeat", type=int, default=15, metavar="N", help="turns of synth; lint takes a third [15]")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        version = ".".join(map(str, sys.version_info[:2]))
        lines = [
            f"{os.cpu_count()} cores, Python {version}; medians of {options.repeat} turns (lint: "
            f"{max(3, options.repeat // 3)}), whole processes.",
            "",
            *bench_synth(work, options.repeat),
            "",
            *bench_lint(work, max(3, options.repeat // 3)),
        ]
    figures = "\n".join(lines)
    print(figures)
    if options.write:
        write(figures)


if __name__ == "__main__":
    main()
