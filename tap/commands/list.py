"""``list``: the systems there are."""

from __future__ import annotations

import json

import click

from tap import synth as synthesis
from tap.describe import describe


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people, or for programs."
)
def list(form: str) -> None:
    """List the systems: name, region, tiers, number of resources, and what each is."""
    told = [describe(synthesis.load(name)) for name in synthesis.system_names()]
    if form == "json":
        click.echo(json.dumps(told, indent=2))
        return
    for system in told:
        count = sum(len(tier["resources"]) for tier in system["tiers"])
        click.echo(f"{system['name']}  {system['region']}, {len(system['tiers'])} tiers, {count} resources")
        click.echo(click.wrap_text(system["description"], 100, "    ", "    "))
