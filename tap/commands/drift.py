"""``drift``: what was changed in a system's stacks outside CloudFormation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from tap.commands import _report, _target
from tap.commands._strict import Strict
from tap.deploy import drift as detection
from tap.deploy import edge, parameters, stacks, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.drift import Drift, ResourceDrift
from tap.deploy.mask import Mask
from tap.deploy.stacks import Stack, StackError
from tap.deploy.workflow import Job
from tap.errors import TapError
from tap.exit_codes import DONE, ERROR, INTERRUPTED, PENDING, section


class _Verb(Strict, _report.Verb):
    """With ``--json``; a wrong command line ends with 1."""


@click.command(
    cls=_Verb,
    epilog=section(
        DONE,
        ERROR,
        PENDING,
        INTERRUPTED,
        _0="no drift",
        _1="an error, a wrong command line among them",
        _2="something has drifted",
    ),
)
@_target.system_options
@_target.edge_option
@click.option("--all", "everything", is_flag=True, help="List what is in sync and what cannot be checked, too.")
@_target.target_options
@click.pass_context
def drift(ctx: click.Context, /, everything: bool, **options: Any) -> None:
    """Detect what was changed outside CloudFormation in the stacks of a system, and in those nested in them.

    CloudFormation compares each resource of a type that it can look at with the template: properties that the template
    does not set are no drift. What it cannot check is counted. Nothing is changed; `deploy --revert-drift` sets it
    back.

    \b
    Examples:
      python generate.py drift customer-portal --env dev --local
      python generate.py drift payments --env prod --profile prod --json
    """
    asked = _target.order(**options)
    with translated():
        job = workflow.prepare(asked, _target.note, check=False, guarded=False)
        found = list(_found(job))
    if not found:
        raise TapError(f"{', '.join(job.names)}: not deployed ({job.session.where}), so nothing can have drifted.")
    for one in found:
        _show(one, everything=everything)
    ctx.exit(PENDING if any(one.drifted or one.status == "DRIFTED" for one in found) else DONE)


def _found(job: Job) -> Iterator[Drift]:
    places = [(job.edge, edge.look(job))] if job.order.edge and job.edge else []
    places += [(job, stacks.look(job.session.cloudformation, name)) for name in job.names]
    for place, stack in places:
        if place is None or not stack.exists or stack.status == "REVIEW_IN_PROGRESS":
            _target.note(f"{stack.name} {stack.state.sentence}.")
            continue
        if not stack.state.drift:
            raise StackError(
                f"{stack.name} {stack.state.sentence} ({stack.status}): CloudFormation detects no drift in it then. "
                f"{stack.state.advice.format(name=stack.name)}".rstrip()
            )
        _target.note(f"{stack.name}: detecting drift ({place.session.where}) …")
        yield _detect(place, stack)
        client = place.session.cloudformation
        for one in stacks.resources(client, stack.id):
            if one.type == "AWS::CloudFormation::Stack":
                yield _detect(place, stacks.look(client, one.physical_id))


def _detect(job: Job, stack: Stack) -> Drift:
    client = job.session.cloudformation
    found = detection.detect(client, stack.id, _mask(job), job.session.pace)
    return Drift(stack.name, found.status, found.resources, found.failure)


def _mask(job: Job) -> Mask:
    """What must not be shown: the values of this system's ``NoEcho`` parameters, as far as they are known here."""
    hidden = parameters.secrets(job.source.declared)
    return Mask(frozenset(job.values[key] for key in hidden if job.values.get(key)))


def _show(found: Drift, *, everything: bool) -> None:
    _report.add(
        "stacks",
        name=found.stack_name,
        status=found.status,
        failure=found.failure,
        resources=[asdict(one) for one in found.resources],
    )
    words = {"DRIFTED": "has drifted", "IN_SYNC": "is as its template has it"}
    _report.say(f"{found.stack_name} {words.get(found.status, 'cannot be judged')} ({found.status})")
    if found.failure:
        _report.say(f"  could not be looked at: {found.failure}")
    for one in found.resources if everything else found.drifted:
        for line in _lines(one):
            _report.say(line)
    if found.unchecked and not everything:
        _report.say(f"  {len(found.unchecked)} resources cannot be checked; --all lists them.")


def _lines(one: ResourceDrift) -> Iterator[str]:
    yield f"  {one.status:<12} {one.logical_id}  {one.type}  {one.physical_id}".rstrip()
    if one.reason:
        yield f"    {one.reason}"
    for each in one.differences:
        yield f"    {each.path}: {each.before or 'none'} → {each.after or 'none'}  ({each.kind} outside CloudFormation)"
