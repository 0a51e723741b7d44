"""In which order CloudFormation makes a template's resources, and which chain of them is the longest.

Each resource waits for what it refers to and what it names in ``DependsOn`` (source: CloudFormation user guide,
"DependsOn attribute"). How long one takes AWS does not say, so there are steps here and no minutes: a deployment lasts
at least as long as its slowest chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap.references import of_resource
from tap.report.section import Cell, Section, Table, about, rows


@dataclass(frozen=True)
class Order:
    """Steps, each with the resources that can begin when the steps before are done; and the longest chain."""

    steps: tuple[tuple[str, ...], ...]
    chain: tuple[str, ...]


def order(resources: Mapping[str, Mapping[str, Any]]) -> Order:
    """The order of resources; the chain is one of the longest, the first in the template's order."""
    waits = {
        name: [other for other in _waits_for(each) if other in resources and other != name]
        for name, each in resources.items()
    }
    steps: dict[str, int] = {}
    left = dict(waits)
    while left:
        ready = [name for name, others in left.items() if all(other in steps for other in others)]
        for name in ready or list(left):  # a circle, which CloudFormation refuses: all of it at once
            steps[name] = 1 + max((steps.get(other, 0) for other in waits[name]), default=0)
            del left[name]
    chain: list[str] = []
    name = max(steps, key=lambda each: steps[each], default="")
    while name:
        chain.insert(0, name)
        name = next((other for other in waits[name] if steps[other] == steps[name] - 1), "")
    grouped = [tuple(each for each in resources if steps[each] == step) for step in range(1, len(chain) + 1)]
    return Order(tuple(grouped), tuple(chain))


def _waits_for(resource: Mapping[str, Any]) -> list[str]:
    used = (use.reference for use in of_resource(resource, ()))
    return list(dict.fromkeys(each.name for each in used if each.kind in ("Ref", "GetAtt", "DependsOn")))


def section(body: Mapping[str, Any]) -> Section:
    """The order of a template's resources."""
    resources = body["Resources"]
    found = order(resources)
    steps = [(str(number), about(*names)) for number, names in enumerate(found.steps, 1)]
    chain = [
        (str(number), about(name), Cell(str(resources[name].get("Metadata", {}).get("Description", ""))))
        for number, name in enumerate(found.chain, 1)
    ]
    says = (
        "What each resource waits for is in the template, how long it takes is not: CloudFormation begins each as soon "
        f"as what it refers to is there. The longest chain has {len(found.chain)} steps; no deployment of the whole "
        "system is shorter than it."
    )
    return Section(
        "order",
        "Order of deployment",
        says,
        (
            Table("The longest chain", ("Step", "Resource", "What it is for"), rows(chain)),
            Table("What can begin at which step", ("Step", "Resources"), rows(steps)),
        ),
    )
