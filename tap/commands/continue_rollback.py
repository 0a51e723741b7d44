"""``continue-rollback``: a way out for a stack that could neither be updated nor taken back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from tap.commands import _report, _run, _stack, _target
from tap.commands._run import Run, conclude
from tap.deploy import edge, events, execute, stacks, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.events import Event
from tap.deploy.schedule import Task
from tap.deploy.stacks import Stack, StackError
from tap.deploy.states import Resumption
from tap.deploy.subject import Subject
from tap.deploy.watch import Steps
from tap.deploy.workflow import Job
from tap.exit_codes import BLOCKED, DONE, ERROR, INTERRUPTED, LEFT_FAILED, PENDING, section

_GOOD = "UPDATE_ROLLBACK_COMPLETE"


@click.command(
    cls=_report.Verb,
    epilog=section(DONE, ERROR, PENDING, BLOCKED, LEFT_FAILED, INTERRUPTED, _0="rolled back, or nothing to continue"),
)
@_target.system_options
@_target.edge_option
@click.option(
    "--skip",
    multiple=True,
    metavar="ID",
    help="Leave this resource as it is; NESTED.ID in a nested stack. Repeatable.",
)
@_target.yes_option
@_target.target_options
def continue_rollback(skip: tuple[str, ...], yes: bool, **options: Any) -> None:
    """Continue the rollback of stacks that could neither be updated nor taken back (UPDATE_ROLLBACK_FAILED).

    Shows the resources that failed and why, asks, continues, and follows that to the end. Mend what can be mended
    first. What cannot be is skipped: CloudFormation then takes it for rolled back though it is not, and the template
    must be made to agree with it before the next update.

    \b
    Examples:
      python generate.py continue-rollback payments --env prod --profile prod
      python generate.py continue-rollback payments --env prod --skip Intake.Queue
    """
    asked = _target.order(**options)
    with translated():
        job = workflow.prepare(asked, _target.note, check=False)
        found = [(job, stacks.look(job.session.cloudformation, name)) for name in job.names]
        if asked.edge and job.edge:
            found.insert(0, (job.edge, edge.look(job)))
        wanted = [(of, stack) for of, stack in found if _wanted(stack)]
        if not wanted:
            _target.note("Nothing to continue.")
        run = Run(asked, _run.PARALLEL)
        failed = {stack.name: events.rollback_failures(of.session.cloudformation, stack.id) for of, stack in wanted}
        skipping = _skipping(failed, skip)
        for of, stack in wanted:
            _confirm(of, stack, failed[stack.name], skipping.get(stack.name, []), yes=yes)
        tasks = [
            Task(stack.name, partial(_continue, of, stack, run, skipping.get(stack.name, []))) for of, stack in wanted
        ]
        conclude(run.run(tasks))


def _wanted(stack: Stack) -> bool:
    resumption = stack.state.resumption
    told = f" ({stack.status})" if stack.status else ""
    if resumption is Resumption.REFUSE:
        advice = stack.state.advice.format(name=stack.name)
        _target.note(f"{stack.name} {stack.state.sentence}{told}: there is no rollback to continue. {advice}".rstrip())
    elif resumption is Resumption.NOTHING:
        _target.note(f"{stack.name} {stack.state.sentence}{told}.")
    return resumption in {Resumption.CONTINUE, Resumption.FOLLOW}


def _skipping(failed: dict[str, list[Event]], skip: Sequence[str]) -> dict[str, list[str]]:
    """What to skip of each stack, as the API names it. Raises StackError for what has not failed.

    A nested stack goes by its name, or by the logical id that its parent has for it, which its name contains.
    """
    found: dict[str, list[str]] = {}
    for wanted in skip:
        nested, _, logical_id = wanted.rpartition(".")
        hits = [
            (name, one)
            for name, resources in failed.items()
            for one in resources
            if one.logical_id == logical_id and _is_in(one, name, nested)
        ]
        if len(hits) != 1:
            there = [f"{_label(one, name)}" for name, resources in failed.items() for one in resources]
            what = "is the name of several" if hits else "has not failed, so it cannot be skipped"
            raise StackError(f"--skip {wanted}: it {what}. Failed are: {', '.join(there) or 'none'}.")
        name, one = hits[0]
        found.setdefault(name, []).append(_label(one, name))
    return found


def _is_in(one: Event, root: str, nested: str) -> bool:
    own = one.stack_name
    if not nested:
        return own == root
    # The name of a nested stack is PARENT-LOGICALID-RANDOM.
    return own == nested or f"-{nested}-" in own


def _label(one: Event, root: str) -> str:
    """How ``ResourcesToSkip`` names a resource: ``NestedStackName.LogicalId`` in a nested stack (API reference)."""
    own = one.stack_name
    return one.logical_id if own == root else f"{own}.{one.logical_id}"


def _confirm(job: Job, stack: Stack, failed: Sequence[Event], skip: Sequence[str], *, yes: bool) -> None:
    if stack.state.resumption is Resumption.FOLLOW:
        return
    _target.note(f"{stack.name} {stack.state.sentence} ({stack.status}, {job.session.where})")
    for one in failed:
        label = _label(one, stack.name)
        fate = "  will be skipped" if label in skip else ""
        _target.note(f"  {label}  {one.type}: {one.reason or 'no reason is given'}{fate}")
    if skip:
        _target.note(
            "  What is skipped stays as it is; CloudFormation takes it for rolled back. Make the template agree with "
            "it before the next update."
        )
    _target.ask(f"Continue the rollback of {stack.name}?", yes=yes, refused="Nothing was changed.")


def _continue(job: Job, stack: Stack, run: Run, skip: Sequence[str] = ()) -> Steps[None]:
    client = job.session.cloudformation
    if stack.state.resumption is Resumption.FOLLOW:
        _target.note(f"{stack.name} {stack.state.sentence} ({stack.status}): following that to its end.")
        before = events.before_operation(client, stack.id)
    else:
        before = execute.continue_rollback(client, stack.id, skip)
    outcome = yield from run.follow(job, stack.id, before, Subject(stack.name))
    _report.add("stacks", name=stack.name, status=outcome.status, skipped=list(skip))
    if outcome.status != _GOOD:
        raise _stack.DeploymentError(stack.name, outcome)
    run.changed.append(stack.name)
    _target.note(f"{stack.name}: {outcome.status}.")
