"""Which box of a picture every resource of a template belongs to: those nearest to it by their references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap.references import of_resource


def belonging(
    resources: Mapping[str, Mapping[str, Any]],
    seeds: Mapping[str, tuple[str, ...]],
    lists: Mapping[str, tuple[str, ...]],
) -> dict[str, tuple[str, ...]]:
    """Box → its resources: those that it shows (``seeds``), and what is nearest to it by references.

    Nearest within the tier first, then anywhere; of several, the box that comes last, which is the innermost. What
    nothing leads to goes to the first box that has something of its tier. ``lists`` are boxes that only list (all
    alarms, all logs): what they list belongs to another box as well. Every resource is in a box.
    """
    order = {box: place for place, box in enumerate(seeds)}
    owner: dict[str, str] = {}
    for box, names in seeds.items():
        for name in names:
            owner.setdefault(name, box)
    tier = {name: each.get("Metadata", {}).get("Tier") for name, each in resources.items()}
    joined = _joined(resources)

    def spread(*, within: bool) -> None:
        """Give each free resource the box of a neighbour, step by step outwards from those that have one."""
        while True:
            step = {}
            for name in resources:
                near = [
                    owner[each] for each in joined[name] if each in owner and (tier[each] == tier[name] or not within)
                ]
                if name not in owner and near:
                    step[name] = max(near, key=order.__getitem__)
            if not step:
                return
            owner.update(step)

    spread(within=True)
    spread(within=False)
    for name in resources:
        if name not in owner and order:
            owner[name] = next((owner[each] for each in owner if tier[each] == tier[name]), next(iter(order)))
    found = {box: list(names) for box, names in (*seeds.items(), *lists.items())}
    for name in resources:
        if name in owner and name not in found[owner[name]]:
            found[owner[name]].append(name)
    return {box: tuple(names) for box, names in found.items()}


def _joined(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Resource → what it refers to, and what refers to it."""
    joined: dict[str, list[str]] = {name: [] for name in resources}
    for name, each in resources.items():
        for other in dict.fromkeys(_used(each)):
            if other in joined and other != name:
                joined[name].append(other)
                joined[other].append(name)
    return joined


def _used(resource: Mapping[str, Any]) -> Iterator[str]:
    for use in of_resource(resource, ()):
        if use.reference.kind in ("Ref", "GetAtt"):
            yield use.reference.name
