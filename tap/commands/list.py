"""``list``: the systems there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from tap import synth as synthesis
from tap.describe import describe


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people, or for programs."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def list(form: str, as_json: bool) -> None:
    """List the systems: name, region, tiers, number of resources, and what each is."""
    told = [describe(synthesis.load(name)) for name in synthesis.system_names()]
    if as_json or form == "json":
        click.echo(json.dumps(told, indent=2))
        return
    for system in told:
        size = f"{len(system['tiers'])} tiers, {_resources(system)} resources"
        edge = system["edge"]
        also = f", and {_resources(edge)} in {edge['region']} (its edge)" if edge else ""
        click.echo(f"{system['name']}  {system['region']}, {size}{also}")
        click.echo(click.wrap_text(system["description"], 100, "    ", "    "))


def _resources(system: Mapping[str, Any]) -> int:
    return sum(len(tier["resources"]) for tier in system["tiers"])
