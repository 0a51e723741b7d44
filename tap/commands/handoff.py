"""``handoff``: what the operations team receives, as a folder and a zip file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import click

from tap import project, synth
from tap.errors import TapError
from tap.linker import LAYOUTS


@click.command(
    epilog="\b\nExamples:\n  python generate.py handoff\n  python generate.py handoff payments --env prod --output /tmp"
)
@click.argument("systems", nargs=-1, metavar="[SYSTEM]...")
@click.option("--env", "environments", multiple=True, metavar="ENV", help="Only this environment; may be repeated.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=None, help="What was emitted. [out/]")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where to write the bundles. [out/handoff/]",
)
def handoff(systems: tuple[str, ...], environments: tuple[str, ...], out: Path | None, output: Path | None) -> None:
    """Make the bundle of each system, or of those named: SYSTEM-VERSION/ and the same as SYSTEM-VERSION.zip.

    A bundle has templates, parameter files, scripts that deploy and delete with nothing but the AWS CLI, a runbook,
    and what changed since the release before. The version comes from the git tags. The same commit gives the same
    bytes, on any machine. docs/handoff.md says more.
    """
    from tap.handoff import archive, bundle, changes
    from tap.handoff.contents import read
    from tap.handoff.version import version
    from tap.report.page import render

    source = out or project.OUT
    names = list(dict.fromkeys(systems)) or synth.system_names()
    found = version(source)
    made = {}
    # Everything is built before anything is written.
    for name in names:
        system = synth.load(name)
        emitted = list(synth.emit(system))
        _check_fresh(name, emitted, source)
        contents = read(name, source, environments)
        told = changes.compared(name, source, found, contents.values)
        report = render(system, emitted, found.text)
        made[f"{name}-{found.text}"] = bundle.files(contents, found, told, {"report.html": report})
    for name, files in made.items():
        folder, zipped = archive.write(files, output or project.OUT / "handoff", name)
        click.echo(f"{folder}  {len(files)} files")
        click.echo(str(zipped))


def _check_fresh(name: str, emitted: Collection[synth.Emitted], out: Path) -> None:
    """Raise TapError where the files are not what templates/ gives, of which the page is told."""
    stale = synth.differences(emitted, out, [name], LAYOUTS)
    if stale:
        more = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
        raise TapError(f"{out / stale[0].path}{more} is not as templates/ has it now. Run: python generate.py synth")
