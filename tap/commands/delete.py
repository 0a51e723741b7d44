"""``delete``: the end of a system's stacks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from tap.commands import _report, _run, _target
from tap.commands._run import Run, conclude
from tap.commands._stack import Leave, remove
from tap.deploy import edge, graph, imported, outputs, retained, stacks, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.gate import BlockedError
from tap.deploy.graph import Needs
from tap.deploy.retained import Leaving
from tap.deploy.schedule import Task
from tap.deploy.stacks import Stack, StackError
from tap.deploy.states import Deletion
from tap.deploy.watch import Steps
from tap.deploy.workflow import Job
from tap.exit_codes import BLOCKED, DONE, ERROR, INTERRUPTED, LEFT_FAILED, PENDING, section

_MOST = 20
"""How many resources that hold data are listed of a stack."""


@click.command(cls=_report.Verb, epilog=section(DONE, ERROR, PENDING, BLOCKED, LEFT_FAILED, INTERRUPTED))
@_target.system_options
@_target.edge_option
@click.option("--allow-delete-data", is_flag=True, help="With --yes: what holds data may go too.")
@click.option(
    "--retain",
    multiple=True,
    metavar="ID",
    help="Leave this resource behind, of a stack whose deletion has failed. Repeatable.",
)
@click.option("--force", is_flag=True, help="Leave behind whatever cannot be deleted, where a deletion has failed.")
@_target.yes_option
@_run.parallel_option
@_target.outputs_option
@_target.target_options
def delete(
    yes: bool,
    allow_delete_data: bool,
    retain: tuple[str, ...],
    force: bool,
    parallel: int,
    outputs_dir: Path,
    **options: Any,
) -> None:
    """Delete the stacks of a system, each as soon as nothing imports from it any more, and follow that to the end.

    Asks for the stack's name to be typed (in the layout `tiers` for SYSTEM-SUFFIX). What the template says to
    retain stays behind and is listed, and so is what holds data and goes for good. Where there is such, --yes is not
    enough without --allow-delete-data; with --local it is, for nothing real is lost. Nothing there is a success.

    A stack whose deletion has failed (DELETE_FAILED) is deleted again; --retain and --force say what it may leave
    behind, which is then nobody's and is listed.

    With --edge the system's stack in us-east-1 goes too, last: CloudFront holds on to its certificate and its firewall
    as long as the distribution is there.

    \b
    Examples:
      python generate.py delete customer-portal --env dev --local
      python generate.py delete payments --env prod --yes --allow-delete-data
    """
    asked = _target.order(**options)
    with translated():
        job = workflow.prepare(asked, _target.note, check=False)
        found = [Doomed(job, stacks.look(job.session.cloudformation, name)) for name in reversed(job.names)]
        at_edge = edge.seen(job, _target.note) if not asked.edge else edge.look(job)
        if asked.edge and job.edge and at_edge:
            found.append(Doomed(job.edge, at_edge))
        there = [one for one in found if one.stack.exists]
        for one in found:
            # An earlier run may have been ended before it came to this.
            if not one.stack.exists:
                outputs.forget(outputs_dir, one.stack.name)
        if not there:
            names = ", ".join(one.stack.name for one in found)
            _target.note(f"{names}: not there ({job.session.where}). Nothing to delete.")
        else:
            _check(there)
            _check_imported(there)
            left = Leave(retain, force)
            _check_leave(there, left)
            leaving = {one.stack.name: _leaving(one, left) for one in there}
            _confirm(job, there, leaving, yes=yes, allow_delete_data=allow_delete_data)
            run = Run(asked, parallel)
            needs = _order(there)
            report = run.run(
                Task(name, partial(_delete, one, run, leaving[name], left, outputs_dir), needs[name])
                for name, one in ((one.stack.name, one) for one in there)
            )
            conclude(report)
        if at_edge and at_edge.exists and not asked.edge:
            _target.note(f"{at_edge.name} ({at_edge.status}) stays; with --edge it goes too.")
        if job.session.local:
            _forget_emulator(job)


@dataclass(frozen=True)
class Doomed:
    """A stack that is to go, and the job that reaches it."""

    job: Job
    stack: Stack


def _delete(one: Doomed, run: Run, leaving: Leaving, left: Leave, outputs_dir: Path) -> Steps[None]:
    failed = one.stack.state.deletion is Deletion.RETRY
    yield from remove(one.job, one.stack, run, _of(one, left) if failed else Leave())
    outputs.forget(outputs_dir, one.stack.name)
    _target.note(f"{one.stack.name}: deleted.")
    _report.add("stacks", name=one.stack.name, staying=list(leaving.staying), lost=list(leaving.lost))
    for line in leaving.staying:
        _target.note(f"  stays behind: {line}")


def _order(there: Sequence[Doomed]) -> Needs:
    """Which stacks must be gone before each: those that import from it now; and before the edge, all others."""
    job = there[0].job
    main = [one.stack for one in there if one.job is job]
    wanted = graph.reverse(workflow.deployed_order(job, main))
    names = frozenset(stack.name for stack in main)
    return {one.stack.name: wanted.get(one.stack.name, names) for one in there}


def _check(there: Sequence[Doomed]) -> None:
    for one in there:
        stack = one.stack
        if stack.state.deletion is Deletion.WAIT:
            advice = stack.state.advice.format(name=stack.name)
            raise StackError(f"{stack.name} {stack.state.sentence} ({stack.status}). {advice}")
        if stack.protected:
            raise StackError(
                f"{stack.name} is protected against deletion. If it is really to go, first: aws cloudformation "
                f"update-termination-protection --no-enable-termination-protection --stack-name {stack.name} "
                f"--region {one.job.session.region}"
            )


def _check_imported(there: Sequence[Doomed]) -> None:
    """Raise StackError where a stack that stays imports from one that is to go: CloudFormation would refuse."""
    going = {one.stack.name for one in there}
    lines = []
    for job in {id(one.job): one.job for one in there}.values():
        ids = {one.stack.id for one in there if one.job is job}
        kept, unseen = imported.kept_by(job.session.cloudformation, ids)
        if unseen:
            _target.note(unseen)
        for export, names in kept.items():
            staying = [name for name in names if name not in going]
            lines += [f"{export} is imported by {', '.join(staying)}"] if staying else []
    if lines:
        raise StackError(
            "Nothing was deleted, for what stays needs what would go:\n  "
            + "\n  ".join(lines)
            + "\n  Delete those stacks first, or deploy them without these imports."
        )


def _check_leave(there: Sequence[Doomed], left: Leave) -> None:
    """Raise StackError for --retain and --force where CloudFormation takes neither, or a resource that is not there."""
    failed = [one for one in there if one.stack.state.deletion is Deletion.RETRY]
    if (left.retain or left.force) and not failed:
        states = ", ".join(f"{one.stack.name} is {one.stack.status}" for one in there)
        raise StackError(f"--retain and --force are for stacks whose deletion has failed (DELETE_FAILED). {states}.")
    known = {logical_id for one in failed for logical_id in _of(one, left).retain}
    for logical_id in left.retain:
        if logical_id not in known:
            raise StackError(f"--retain {logical_id}: {failed[0].stack.name} has no resource of that name left.")


def _of(one: Doomed, left: Leave) -> Leave:
    """Of what may be left behind, what is in this stack."""
    if not left.retain:
        return left
    here = {each.logical_id for each in stacks.resources(one.job.session.cloudformation, one.stack.id)}
    return Leave([logical_id for logical_id in left.retain if logical_id in here], left.force)


def _leaving(one: Doomed, left: Leave) -> Leaving:
    # A stack in review has no template yet, and nothing else.
    if one.stack.status == "REVIEW_IN_PROGRESS":
        return Leaving()
    found = retained.leaving(one.job.session.cloudformation, one.stack.id)
    if one.stack.state.deletion is not Deletion.RETRY:
        return found
    client = one.job.session.cloudformation
    named = [
        f"{each.logical_id}, {each.type}: {each.physical_id} (--retain)"
        for each in stacks.resources(client, one.stack.id)
        if each.logical_id in left.retain
    ]
    forced = ("whatever cannot be deleted (--force)",) if left.force else ()
    lost = tuple(line for line in found.lost if line.split(",")[0] not in left.retain)
    return Leaving((*found.staying, *named, *forced), lost)


def _confirm(
    job: Job, there: Sequence[Doomed], leaving: Mapping[str, Leaving], *, yes: bool, allow_delete_data: bool
) -> None:
    for one in there:
        name, state = one.stack.name, one.stack.state.sentence
        _target.note(f"{name} {state} ({one.stack.status}, {one.job.session.where})")
        for line in leaving[name].staying:
            _target.note(f"  will stay behind: {line}")
        lost = leaving[name].lost
        for line in lost[:_MOST]:
            _target.note(f"  holds data: {line}")
        if len(lost) > _MOST:
            _target.note(f"  and {len(lost) - _MOST} more that hold data")
    losing = [one.stack.name for one in there if leaving[one.stack.name].lost]
    # What is in the emulator is nobody's data.
    if yes and losing and not (allow_delete_data or job.session.local):
        raise BlockedError(
            f"{', '.join(losing)}: data would be lost, as listed above. Nothing was deleted. If that is meant, add: "
            "--allow-delete-data"
        )
    if yes:
        return
    whole = f"{job.source.name}-{job.suffix}"
    if not sys.stdin.isatty():
        options = "--yes --allow-delete-data" if losing and not job.session.local else "--yes"
        raise BlockedError(f"there is no terminal to ask on. Say {options} to delete {whole}. Nothing was deleted.")
    with _target.asking():
        typed = click.prompt(f"Type {whole} to delete this", default="", show_default=False, err=True)
    if typed != whole:
        raise _target.DeclinedError("not confirmed. Nothing was deleted.")


def _forget_emulator(job: Job) -> None:
    """End the emulator and remove what it kept, when nothing is deployed in it that anybody could miss."""
    from tap import local

    endpoint = local.running()
    # Another account in the same emulator is out of sight from here; only the default one is known to be alone.
    if endpoint is None or endpoint.access_key_id != local.DEFAULT_ACCOUNT:
        return
    clients = [job.session.boto.client("cloudformation", region, endpoint_url=endpoint.url) for region in _regions(job)]
    if any(stacks.any_left(client) for client in clients):
        return
    local.stop(forget=True)
    _target.note("No stack is left in the local emulator: stopped it and removed its state.")


def _regions(job: Job) -> set[str]:
    """Where stacks may be: here, in the emulator's own region, and where any emitted system or edge goes."""
    import json

    from tap.local import DEFAULT_REGION

    regions = {job.session.region, DEFAULT_REGION}
    for path in [path for name in ("stack", "edge") for path in job.order.out.glob(f"*/{name}.json")]:
        template = json.loads(path.read_text("utf-8"))
        regions.add(template.get("Metadata", {}).get("Template", {}).get("Region") or job.session.region)
    return regions
