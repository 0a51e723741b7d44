"""What verbs that look back share: the last operation of each of a system's stacks."""

from __future__ import annotations

from tap.commands import _target
from tap.deploy import edge, workflow
from tap.deploy.past import Operation, last_operation
from tap.deploy.workflow import Order


def operations(asked: Order) -> list[Operation]:
    """The last operation of each stack that is there, the edge's too; of the others it is said that they are not."""
    job = workflow.prepare(asked, _target.note, check=False)
    found = []
    for source in job.source.stacks:
        templates = [source.template, *(child.template for child in source.children)]
        one = last_operation(job.session.cloudformation, job.name(source), templates, workflow.mask(job, source))
        found += [one] if one else []
        if one is None:
            _target.note(f"{job.name(source)} does not exist.")
    at_edge = edge.seen(job, _target.note)
    if job.edge and at_edge and at_edge.exists:
        of_edge = last_operation(job.edge.session.cloudformation, at_edge.name)
        found += [of_edge] if of_edge else []
    return found
