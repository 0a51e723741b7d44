"""A system's edge: what it needs in another region, as a small system of its own with the same name."""

from __future__ import annotations

from dataclasses import replace

from tap.errors import TapError
from tap.model import SUFFIX, System
from tap.symbols import DuplicateNameError

EDGE = "edge"
"""The edge's one tier, its file, and the end of its stack's name."""


class EdgeError(TapError):
    """An edge that does not fit its system."""


def checked_edge(system: System) -> System | None:
    """The edge of a system, with the system's environments and their suffixes; None where there is none.

    Raises EdgeError for an edge that is called otherwise, has an edge itself, more than the tier ``edge``, an
    environment that the system lacks or a suffix other than the system's; DuplicateNameError for a name that both have
    where they may be deployed to one region.
    """
    edge = system.edge
    if edge is None:
        return None
    where = f"the edge of system {system.name}"
    if edge.name != system.name:
        raise EdgeError(f"{where} is called {edge.name}. It shares its system's name; name it {system.name}.")
    if edge.edge is not None:
        raise EdgeError(f"{where} has an edge itself. Put everything into the one.")
    if [tier.name for tier in edge.tiers] != [EDGE]:
        there = ", ".join(tier.name for tier in edge.tiers) or "none"
        raise EdgeError(f"{where} has the tiers {there}. It has one, called {EDGE}.")
    if any(tier.name == EDGE for tier in system.tiers):
        raise DuplicateNameError(
            f"system {system.name}: a tier and the edge's stack are both called {EDGE}. Rename the tier."
        )
    own = {tail for tier in system.tiers for tail in tier.exports.values()}
    both = sorted(own & {tail for tier in edge.tiers for tail in tier.exports.values()})
    if both:
        raise DuplicateNameError(f"system {system.name} and its edge both export {', '.join(both)}. Rename one.")
    return replace(edge, environments=_environments(system, edge, where))


def _environments(system: System, edge: System, where: str) -> dict[str, dict[str, str]]:
    unknown = sorted(set(edge.environments) - set(system.environments))
    if unknown:
        raise EdgeError(f"{where} has environments that the system lacks: {', '.join(unknown)}. Remove them there.")
    found = {}
    for name, values in system.environments.items():
        suffix = values.get(SUFFIX, name)
        own = dict(edge.environments.get(name, {}))
        if own.get(SUFFIX, suffix) != suffix:
            raise EdgeError(
                f"{where}, environment {name}: the suffix is {own[SUFFIX]!r}, the system's is {suffix!r}. "
                f"Both have the one suffix; leave {SUFFIX} out of the edge."
            )
        found[name] = own | {SUFFIX: suffix}
    return found
