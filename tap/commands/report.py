"""``report``: a page for a browser on each system."""

from __future__ import annotations

from pathlib import Path

import click

from tap import project
from tap import synth as synthesis


@click.command(epilog="\b\nExample:\n  python generate.py report payments --output build/pages")
@click.argument("systems", nargs=-1, metavar="[SYSTEM]...")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="The folder to write to. [build/report/]",
)
def report(systems: tuple[str, ...], output: Path | None) -> None:
    """Write a page on all systems, or on those named: SYSTEM.html, one file each that needs no network.

    A picture of the architecture, parameters and outputs, every resource with its properties, what the alarms watch,
    what a deletion leaves behind, in which order things are made, and the template itself. It tells of what templates/
    says now, whether out/ is fresh or not.
    """
    from tap.handoff.version import version
    from tap.report.page import render

    folder = output or project.ROOT / "build" / "report"
    names = list(dict.fromkeys(systems)) or synthesis.system_names()
    built = version(project.ROOT).text
    made = [(system, synthesis.emit(system, ("stack",))) for system in map(synthesis.load, names)]
    pages = [synthesis.Emitted(f"{system.name}.html", render(system, files, built)) for system, files in made]
    changes = synthesis.differences(pages, folder, (), ())
    synthesis.write(changes, folder)
    for page in pages:
        click.echo(folder / page.path)
