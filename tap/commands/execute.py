"""``execute``: what was planned, saved and reviewed, perhaps by somebody else."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import click

from tap import project
from tap.commands import _gate, _report, _stack, _target
from tap.commands._gate import Consent
from tap.commands._run import Run, conclude
from tap.commands.deploy import write_outputs
from tap.deploy import changeset, events, guard, saved, stacks, standing
from tap.deploy import execute as beginning
from tap.deploy.aws_errors import translated
from tap.deploy.changeset import Kind
from tap.deploy.gate import Allowed, BlockedError
from tap.deploy.guard import Setting, Settings
from tap.deploy.plan import Plan
from tap.deploy.saved import SavedPlan, SavedStack
from tap.deploy.schedule import Task
from tap.deploy.session import Session, Target, open_session
from tap.deploy.source import SUFFIX, Layout, SystemSource
from tap.deploy.standing import Standing
from tap.deploy.subject import Part, Subject, does
from tap.deploy.watch import Steps
from tap.deploy.workflow import Job, Order
from tap.exit_codes import BLOCKED, DONE, ERROR, INTERRUPTED, LEFT_FAILED, PENDING, ROLLED_BACK, section


@click.command(cls=_report.Verb, epilog=section(DONE, ERROR, PENDING, BLOCKED, ROLLED_BACK, LEFT_FAILED, INTERRUPTED))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--discard", is_flag=True, help="Do not execute: remove the change sets, and the file.")
@_gate.options
@_target.outputs_option
@_target.target_options
def execute(
    file: Path,
    discard: bool,
    yes: bool,
    allow_replace: tuple[str, ...],
    allow_delete: tuple[str, ...],
    outputs_dir: Path,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    local: bool,
) -> None:
    """Execute a plan that `plan --save FILE` has kept, follow it to the end, and write the outputs.

    What is executed is what was reviewed: it is blocked when a change set is gone or obsolete, when the file was
    altered, when a stack has changed since, or when account, region or endpoint are others. The gate is that of
    `deploy`: the plan is shown, and what it puts at risk must be named.

    Where the plan goes to stands in the file; --profile says who goes there. Run again after a kill it goes on.

    \b
    Examples:
      python generate.py plan payments --env prod --save payments.plan
      python generate.py execute payments.plan --profile prod
      python generate.py execute payments.plan --discard
    """
    with translated():
        plan = saved.read(file)
        target = Target(profile, region or plan.region, endpoint_url, local)
        if not local and not endpoint_url and plan.endpoint != "aws":
            is_local = plan.endpoint == "local"
            target = Target(profile, target.region, None if is_local else plan.endpoint, is_local)
        session = open_session(target, plan.region, _target.note)
        standing.check_place(plan, session)
        job = _job(plan, target, session)
        if discard:
            _discard(plan, job, file)
            return
        consent = Consent(yes, Allowed(frozenset(allow_replace), frozenset(allow_delete)))
        consent.pending = [one.name for one in plan.stacks]
        consent.ids = {one.name: {harm.logical_id.split("/")[0] for harm in one.harms} for one in plan.stacks}
        _target.note(f"{plan.system}, {plan.environment}: planned {plan.made} by {plan.by} ({session.where}).")
        run = Run(job.order, 1)
        tasks, before = [], frozenset[str]()
        for one in plan.stacks:
            tasks.append(Task(one.name, partial(_execute, _in(job, one.region), one, run, consent), before))
            before |= {one.name}
        report = run.run(tasks)
        if report.done:
            write_outputs(outputs_dir, _outputs(plan, job))
        conclude(report)
        if plan.not_planned:
            _target.note(
                f"Not in this plan, for it could not be planned yet: {', '.join(plan.not_planned)}. Plan again."
            )


def _execute(job: Job, one: SavedStack, run: Run, consent: Consent) -> Steps[None]:
    consent.reach(one.name)
    client = job.session.cloudformation
    found, stack = standing.check(one, job.session)
    if found is Standing.DONE:
        _target.note(f"{one.name}: this plan was executed already.")
        return
    if found is Standing.READY:
        _target.note(one.text)
        told = Plan(one.name, cast("Kind", one.kind), harms=one.harms)
        _stack.check_policy(client, stack, told)
        _gate.confirm(told, consent, run.refused(one.name))
        before = beginning.execute(client, one.change_set, one.stack_id, disable_rollback=one.disable_rollback)
    else:
        _target.note(f"{one.name} {stack.state.sentence} ({stack.status}): following that to its end.")
        before = events.before_operation(client, one.stack_id)
    outcome = yield from run.follow(job, one.stack_id, before, _subject(one))
    if outcome.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise _stack.DeploymentError(one.name, outcome)
    run.changed.append(one.name)
    _target.note(f"{one.name}: {outcome.status}.")
    wanted = [Setting(kind, "", "") for kind in guard.KINDS if kind in one.settings]
    guard.apply(client, one.stack_id, wanted, Settings(policy=one.policy))


def _subject(one: SavedStack) -> Subject:
    rows = one.plan["resources"]
    parts = {row["logical_id"]: Part(row["type"], row["tier"], row["description"]) for row in rows}
    return Subject(one.name, parts, {row["logical_id"]: does(row["change_set_action"]) for row in rows})


def _job(plan: SavedPlan, target: Target, session: Session) -> Job:
    """What following takes: the order as it was, without templates."""
    suffix = (f"{SUFFIX}={plan.suffix}",)
    layout = cast("Layout", plan.layout)
    order = Order(plan.system, plan.environment, layout, project.OUT, suffix, target)
    return Job(order, SystemSource(plan.system, layout, ()), {SUFFIX: plan.suffix}, frozenset({SUFFIX}), session)


def _in(job: Job, region: str) -> Job:
    return job if region == job.session.region else replace(job, session=replace(job.session, region=region))


def _outputs(plan: SavedPlan, job: Job) -> dict[str, dict[str, str]]:
    found = [stacks.look(_in(job, region).session.cloudformation, name) for name, region in plan.names]
    return {stack.name: dict(stack.outputs) for stack in found if stack.exists}


def _discard(plan: SavedPlan, job: Job, file: Path) -> None:
    for one in plan.stacks:
        session = _in(job, one.region).session
        try:
            found, _ = standing.check(one, session)
        except BlockedError:
            found = Standing.READY
        if found is not Standing.READY:
            raise BlockedError(f"{one.name}: this plan is {found.value}; there is nothing to discard.")
        changeset.discard(
            session.cloudformation, one.change_set, one.stack_id, cast("Kind", one.kind), pace=session.pace
        )
        _target.note(f"{one.name}: the change set is removed.")
    file.unlink()
    _target.note(f"{file} is removed. Nothing was changed.")
