"""A system described: what ``list`` and ``show`` tell, taken from the templates that are emitted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from tap.edge import EDGE
from tap.linker import link
from tap.model import System

_CONSTRAINTS = ("AllowedValues", "AllowedPattern", "MinLength", "MaxLength", "MinValue", "MaxValue")


def describe(system: System) -> dict[str, Any]:
    """A system as plain data: tiers with their resources, parameters with constraints and defaults, outputs.

    ``edge`` is the same of what the system has in another region, or None. Raises what the linker raises.
    """
    bodies = {template.path: template.body for template in link(system, ("stack",))}
    return _described(system, bodies["stack"]) | {
        "edge": _described(system.edge, bodies[EDGE]) if system.edge and EDGE in bodies else None
    }


def _described(system: System, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": system.name,
        "title": system.title,
        "description": system.says,
        "region": system.region,
        "environments": {name: dict(values) for name, values in system.environments.items()},
        "tiers": [
            {
                "name": tier.name,
                "title": tier.title,
                "description": tier.says,
                "resources": [
                    {
                        "id": name,
                        "type": resource["Type"],
                        "description": resource["Metadata"]["Description"],
                        **({"condition": resource["Condition"]} if "Condition" in resource else {}),
                    }
                    for name, resource in body["Resources"].items()
                    if resource["Metadata"]["Tier"] == tier.name
                ],
            }
            for tier in system.tiers
        ],
        "parameters": [{"name": name, **parameter} for name, parameter in body["Parameters"].items()],
        "outputs": [
            {
                "name": name,
                "description": output["Description"],
                **({"export": output["Export"]["Name"]["Fn::Sub"]} if "Export" in output else {}),
            }
            for name, output in body.get("Outputs", {}).items()
        ],
    }


def lines(told: Mapping[str, Any], width: int) -> Iterator[str]:
    """``describe``'s data as text, ``width`` columns wide."""
    yield f"{told['title']} ({told['name']}, {told['region']})"
    yield from _block(told["description"], "  ", width)
    yield ""
    yield "Environments: " + ", ".join(told["environments"])
    edge = told["edge"]
    if edge:
        yield f"Edge: a stack of its own in {edge['region']}, below (deploy --edge)"
    yield from _parts(told, width)
    if edge:
        yield ""
        yield f"{edge['title']} ({edge['region']})"
        yield from _block(edge["description"], "  ", width)
        yield from _parts(edge, width)


def _parts(told: Mapping[str, Any], width: int) -> Iterator[str]:
    """Parameters, tiers and outputs."""
    yield ""
    yield "PARAMETERS"
    for parameter in told["parameters"]:
        default = parameter.get("Default")
        yield f"  {parameter['name']}  " + ("(no default)" if default is None else f"[{default}]")
        yield from _block(parameter["Description"], "      ", width)
        if rule := allowed(parameter):
            yield from _block(f"Allowed: {rule}", "      ", width)
    for tier in told["tiers"]:
        yield ""
        yield f"{tier['title'].upper()}  ({tier['name']}, {len(tier['resources'])} resources)"
        yield from _block(tier["description"], "  ", width)
        for resource in tier["resources"]:
            only = f", only if {resource['condition']}" if "condition" in resource else ""
            yield f"  {resource['id']}  {resource['type']}{only}"
            yield from _block(resource["description"], "      ", width)
    yield ""
    yield "OUTPUTS"
    for output in told["outputs"]:
        yield f"  {output['name']}" + (f"  exported as {output['export']}" if "export" in output else "")
        yield from _block(output["description"], "      ", width)


def allowed(parameter: Mapping[str, Any]) -> str:
    """What a parameter's value may be, for a person; empty where it may be anything."""
    if "ConstraintDescription" in parameter and "AllowedValues" not in parameter:
        return str(parameter["ConstraintDescription"])
    rules = [f"{key} {parameter[key]}" for key in _CONSTRAINTS if key in parameter and key != "AllowedValues"]
    if "AllowedValues" in parameter:
        rules.insert(0, ", ".join(str(value) for value in parameter["AllowedValues"]))
    return "; ".join(rules)


def _block(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
