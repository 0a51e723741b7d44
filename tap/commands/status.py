"""``status``: the stacks of a system, and how they are."""

from __future__ import annotations

from typing import Any

import click

from tap.commands import _report, _target
from tap.deploy import edge, stacks, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.stacks import Stack
from tap.deploy.states import Next
from tap.deploy.workflow import Job
from tap.exit_codes import DONE, ERROR, INTERRUPTED, PENDING, section


@click.command(cls=_report.Verb, epilog=section(DONE, ERROR, PENDING, INTERRUPTED))
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
    _report.add(
        "stacks",
        name=stack.name,
        stack_id=stack.id,
        status=stack.status,
        says=stack.state.sentence,
        under_way=stack.state.under_way,
        changed=f"{stack.changed:%Y-%m-%dT%H:%M:%S%z}" if stack.exists else None,
        protected=stack.protected,
        drift=stack.drift,
        advice=stack.state.advice.format(name=stack.name),
        region=job.session.region,
    )
    changed = f", last changed {stack.changed:%Y-%m-%d %H:%M:%S %Z}" if stack.exists else ""
    told = f" ({stack.status}){changed}" if stack.exists else ""
    _report.say(f"{stack.name} {stack.state.sentence}{told}")
    if stack.exists and stack.state.advice and stack.state.next is not Next.UPDATE:
        _report.say(f"  {stack.state.advice.format(name=stack.name)}")
    if stack.exists and job.session.local:
        _records(job, stack.id)


def _records(job: Job, stack_id: str) -> None:
    from tap.local import record_only_types

    reasons = record_only_types()
    found = list(stacks.resources(job.session.cloudformation, stack_id))
    recorded = [one for one in found if one.type in reasons]
    _report.say(f"  {len(found)} resources, of which {len(recorded)} are records only")
    for one in recorded:
        _report.say(f"    {one.logical_id}  {one.type}: {reasons[one.type]}")
