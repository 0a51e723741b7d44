"""What CloudFormation makes before what: ``DependsOn`` and references, through everything between. Pure."""

from __future__ import annotations

from tap.check.graph.cached import cached
from tap.check.model import Resource, World


@cached
def before(world: World, resource: Resource) -> frozenset[str]:
    """The logical ids of all that is surely there when ``resource`` is made."""
    found: set[str] = set()
    todo = [resource.logical_id]
    while todo:
        one = world.resources.get(todo.pop())
        if one is None:
            continue
        for other in (*one.depends_on, *(reference.logical_id for _, reference in one.references)):
            if other not in found:
                found.add(other)
                todo.append(other)
    return frozenset(found - {resource.logical_id})
