"""``status``: the stacks of a system, and how they are."""

from __future__ import annotations

from typing import Any

import click

from tap import console
from tap.commands import _target
from tap.deploy import edge, stacks, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.stacks import Stack
from tap.deploy.states import Next
from tap.deploy.workflow import Job


@click.command()
@_target.system_options
@_target.target_options
def status(**options: Any) -> None:
    """Show the stacks of a system and of its edge: their status, what it means, when they were last changed.

    With --local also which resources the emulator only keeps a record of, without a service behind them.

    \b
    Examples:
      python generate.py status customer-portal --env dev --local
      python generate.py status customer-portal --env prod --profile prod
    """
    asked = _target.order(**options)
    with translated():
        job = workflow.prepare(asked, _target.note, check=False, guarded=False)
        for name in job.names:
            _show(job, stacks.look(job.session.cloudformation, name))
        at_edge = edge.seen(job, _target.note)
        if job.edge and at_edge:
            _show(job.edge, at_edge)


def _show(job: Job, stack: Stack) -> None:
    changed = f", last changed {stack.changed:%Y-%m-%d %H:%M:%S %Z}" if stack.exists else ""
    told = f" ({stack.status}){changed}" if stack.exists else ""
    console.out().print(f"{stack.name} {stack.state.sentence}{told}", markup=False)
    if stack.exists and stack.state.advice and stack.state.next is not Next.UPDATE:
        console.out().print(f"  {stack.state.advice.format(name=stack.name)}", markup=False)
    if stack.exists and job.session.local:
        _records(job, stack.id)


def _records(job: Job, stack_id: str) -> None:
    from tap.local import record_only_types

    reasons = record_only_types()
    found = list(stacks.resources(job.session.cloudformation, stack_id))
    recorded = [one for one in found if one.type in reasons]
    console.out().print(f"  {len(found)} resources, of which {len(recorded)} are records only", markup=False)
    for one in recorded:
        console.out().print(f"    {one.logical_id}  {one.type}: {reasons[one.type]}", markup=False)
