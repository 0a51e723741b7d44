"""``plan``: what a deployment would change."""

from __future__ import annotations

from typing import Any

import click

from tap import console
from tap.commands import _target
from tap.deploy import edge, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.plan import Plan
from tap.deploy.render import lines, plain
from tap.deploy.workflow import Job
from tap.styled import Coloured


@click.command()
@_target.system_options
@_target.edge_option
@_target.bucket_option
@_target.target_options
def plan(**options: Any) -> None:
    """Make a change set, show what it would change, and remove it again: nothing is left behind.

    Who gains access comes first, then which data are at risk and what CloudFormation's own validation warns of, then
    the plan. What the change set does not mention, but the comparison with the deployed template does, stands in it
    too and is called so. The symbols are explained at the end.

    With --edge the system's stack in us-east-1 is planned too, first.

    \b
    Examples:
      python generate.py plan customer-portal --env dev --local
      python generate.py plan customer-portal --env prod --profile prod --parameter ImageTag=1.4.2
    """
    asked = _target.order(**options)
    with translated():
        job = workflow.prepare(asked, _target.note)
        _target.note(f"Asking CloudFormation ({job.session.where}) …")
        if asked.edge:
            _plan_edge(job)
        _plan(edge.handing_on(job, _target.note))


def _plan_edge(job: Job) -> None:
    told = edge.told(job)
    _plan(told)
    deployed = edge.look(job)
    if to_come := edge.to_come(job, deployed):
        _target.note(f"{', '.join(to_come)}: {deployed.name} hands this on once it is there; what follows is without.")
    if edge.awaits_distribution(job) and not told.values.get(edge.DISTRIBUTION):
        _target.note(f"Once the distribution is there, {deployed.name} is told of it ({edge.DISTRIBUTION}).")


def _plan(job: Job) -> None:
    promised: list[str] = []
    for source in job.source.stacks:
        proposal = workflow.propose(job, source, "plan", _target.note, promised)
        try:
            show(proposal.plan)
        finally:
            workflow.drop(job, proposal)
        promised += workflow.promises(job, source)


def show(found: Plan, *, result: bool = True) -> None:
    """Print a plan: as a result on standard output, or as what a question is about on standard error."""
    stream = console.out() if result else console.err()
    if stream.is_terminal:
        stream.print(Coloured(lines(found)), soft_wrap=False)
    else:
        stream.print(plain(found), markup=False)
