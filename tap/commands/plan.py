"""``plan``: what a deployment would change."""

from __future__ import annotations

from typing import Any

import click

from tap import console
from tap.commands import _target
from tap.deploy import workflow
from tap.deploy.aws_errors import translated
from tap.deploy.plan import Plan
from tap.deploy.render import plain


@click.command()
@_target.system_options
@_target.bucket_option
@_target.target_options
def plan(**options: Any) -> None:
    """Make a change set, show what it would change, and remove it again: nothing is left behind.

    \b
      + add                a new resource
      ~ modify             changed in place
      -/+ replace          a new one takes its place; the old one goes
      ? may replace        one or the other; CloudFormation knows only when it happens
      - remove             taken out of the stack

    \b
    Examples:
      python generate.py plan customer-portal --env dev --local
      python generate.py plan customer-portal --env prod --profile prod --parameter ImageTag=1.4.2
    """
    asked = _target.order(**options)
    with translated():
        job = workflow.prepare(asked, _target.note)
        _target.note(f"Asking CloudFormation ({job.session.where}) …")
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
        from tap.deploy.render_rich import coloured

        stream.print(coloured(found))
    else:
        stream.print(plain(found), markup=False)
