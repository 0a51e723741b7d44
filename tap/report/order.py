"""In which order CloudFormation makes a template's resources, and which chain of them is the longest.

Each resource waits for what it refers to and what it names in ``DependsOn`` (source: CloudFormation user guide,
"DependsOn attribute"). How long most take AWS does not say, so chains are counted in steps; what is said of time stands
beside, with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.references import of_resource
from tap.report.picture.values import count, of_type, properties
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
        "CloudFormation begins each resource as soon as what it refers to is there. The longest chain has "
        f"{count(len(found.chain), 'step')}. How long most resources take AWS does not say, so a chain with fewer "
        "steps may take longer."
    )
    tables = (
        Table("The longest chain", ("Step", "Resource", "What it is for"), rows(chain)),
        Table("What is known of time", ("Resources", "How long", "Says who"), rows(_times(resources))),
        Table("What can begin at which step", ("Step", "Resources"), rows(steps)),
    )
    return Section("order", "Order of deployment", says, tuple(table for table in tables if table.rows))


def _times(resources: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Cell | str, ...]]:
    """What AWS's documents, or the template itself, say of how long a resource takes."""
    if instances := list(of_type(resources, "RDS::DBInstance")):
        clusters = list(of_type(resources, "RDS::DBCluster"))
        yield about(*clusters, *instances), "10 to 20 minutes.", "AWS's agent toolkit, Aurora clusters with instances"
    if certificates := list(of_type(resources, "CertificateManager::Certificate")):
        says = "Until the name's owner is proven; by itself where Route 53 has the zone in this account."
        yield about(*certificates), says, "CloudFormation template reference, `AWS::CertificateManager::Certificate`"
    for name in of_type(resources, "ECS::Service"):
        minutes = properties(resources, name).get("DeploymentConfiguration", {}).get("BakeTimeInMinutes")
        if isinstance(minutes, int) and minutes:
            says = f"At least {count(minutes, 'minute')} at each new version, for both are kept running so long."
            yield about(name), says, "its `BakeTimeInMinutes`"
    waiting: dict[str, list[str]] = {}
    for name, each in resources.items():
        limit = each.get("CreationPolicy", {}).get("ResourceSignal", {}).get("Timeout", "")
        if match := re.fullmatch(r"PT(\d+)M", str(limit)):
            waiting.setdefault(count(int(match[1]), "minute"), []).append(name)
    for limit, names in waiting.items():
        yield about(*names), f"At most {limit}: by then each must have told that it is ready.", "`CreationPolicy`"
