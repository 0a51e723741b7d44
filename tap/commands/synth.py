"""``synth``: write the templates, or say whether they are stale."""

from __future__ import annotations

import difflib
import threading
from pathlib import Path

import click

from tap import project
from tap import synth as synthesis
from tap.commands import _report
from tap.linker import LAYOUTS, Layout

_SYMBOL = {"new": "+", "changed": "~", "gone": "-"}


@click.command(
    cls=_report.Verb,
    epilog="\b\nExamples:\n  python generate.py synth\n  python generate.py synth customer-portal --layout stack",
)
@click.argument("systems", nargs=-1, metavar="[SYSTEM]...")
@click.option(
    "--layout",
    "layouts",
    multiple=True,
    type=click.Choice(LAYOUTS),
    help="Only this layout; may be repeated.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=None, help="Where to write. [out/]")
@click.option(
    "--docs",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where to write a page on each system. [docs/systems/; with another --out nowhere]",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 with a diff when the files are stale (for CI).")
def synth(
    systems: tuple[str, ...], layouts: tuple[Layout, ...], out: Path | None, docs: Path | None, check: bool
) -> None:
    """Write the templates, parameter files and pages of all systems, or of those named.

    A file that would not change is not touched. Files of a tier, an environment or a system that templates/ has no
    more are removed (of a system only when none is named).

    Layouts: `stack` is one template, `tiers` one per tier joined by exports, `nested` a root template with a child
    per tier. All have the same logical ids. What a system has in another region, its edge, comes with `stack`;
    so does its page.
    """
    from tap import pages

    names = list(dict.fromkeys(systems)) or synthesis.system_names()
    chosen = tuple(layout for layout in LAYOUTS if layout in layouts) or LAYOUTS
    folder = out or project.OUT
    if docs is None and folder.resolve() == project.OUT.resolve():
        docs = folder.parent / "docs" / "systems"
    # Everything is built before anything is written: an error leaves the folder as it was.
    emitted: list[synthesis.Emitted] = []
    written: list[synthesis.Emitted] = []
    with _Progress() as progress:
        for number, name in enumerate(names, 1):
            progress.says = f"{name} ({number} of {len(names)})"
            system = synthesis.load(name)
            files = list(synthesis.emit(system, chosen))
            emitted += files
            if docs:
                written += pages.pages(system, files)
    gone = [] if systems else synthesis.left_over(folder, names)
    changes = synthesis.differences(emitted, folder, [*names, *gone], chosen)
    on_pages = pages.stale(written, docs, None if systems else names) if docs else []
    count = len(emitted) + len(written)
    _report.tell(files=count, changes=[{"path": one.path, "state": one.state} for one in [*changes, *on_pages]])
    if check:
        _check([*changes, *on_pages], count)
        return
    synthesis.write(changes, folder)
    if docs:
        synthesis.write(on_pages, docs)
    for change in [*changes, *on_pages]:
        _report.say(f"{_SYMBOL[change.state]} {change.path}")
    click.echo(f"{count} files, {len(changes) + len(on_pages) or 'none'} changed", err=True)


def _check(changes: list[synthesis.Difference], count: int) -> None:
    for change in changes:
        lines = difflib.unified_diff(
            change.before.splitlines(keepends=True),
            change.after.splitlines(keepends=True),
            f"{change.path} (as it is)",
            f"{change.path} (as synth writes it)",
        )
        _report.say("".join(lines).removesuffix("\n"))
    if changes:
        click.echo(f"{len(changes)} of {count} files are stale. Run: python generate.py synth", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{count} files, all as synth writes them", err=True)


class _Progress:
    """A line a second on standard error, from the first whole second on."""

    def __init__(self) -> None:
        self.says = ""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._done.wait(1.0):
            click.echo(f"building {self.says} …", err=True)

    def __enter__(self) -> _Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
