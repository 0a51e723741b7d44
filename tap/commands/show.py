"""``show``: one system, whole."""

from __future__ import annotations

import json
import shutil

import click

from tap import synth as synthesis
from tap.describe import describe, lines


@click.command(epilog="\b\nExample:\n  python generate.py show customer-portal | less")
@click.argument("system")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people, or for programs."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def show(system: str, form: str, as_json: bool) -> None:
    """Show a system: its parameters with constraints and defaults, its tiers with their resources, its outputs."""
    told = describe(synthesis.load(system))
    if as_json or form == "json":
        click.echo(json.dumps(told, indent=2))
        return
    for line in lines(told, min(shutil.get_terminal_size((100, 24)).columns, 120)):
        click.echo(line)
