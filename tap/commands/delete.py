"""``delete``: the end of a system's stacks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from tap.commands import _target
from tap.commands.deploy import remove
from tap.deploy import outputs, retained, stacks, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.stacks import Stack
from tap.deploy.workflow import Job, StackError


@click.command()
@_target.system_options
@_target.yes_option
@_target.outputs_option
@_target.target_options
def delete(yes: bool, outputs_dir: Path, **options: Any) -> None:
    """Delete the stacks of a system, the last one first, and follow that to the end.

    Asks for the stack's name to be typed (in the layout `tiers` for SYSTEM-SUFFIX). What the template says to
    retain stays behind and is listed. Nothing there is a success.

    \b
    Examples:
      python generate.py delete customer-portal --env dev --local
      python generate.py delete customer-portal --env prod --layout tiers --yes
    """
    asked = _target.order(**options)
    with translated():
        job = workflow.prepare(asked, _target.note, check=False)
        found = [stacks.look(job.session.cloudformation, name) for name in reversed(job.names)]
        there = [stack for stack in found if stack.exists]
        if not there:
            _target.note(f"{', '.join(job.names)}: not there ({job.session.where}). Nothing to delete.")
        else:
            _check(there)
            staying = {stack.name: _staying(job, stack) for stack in there}
            _confirm(job, there, staying, yes=yes)
            for stack in there:
                remove(job, stack)
                outputs.forget(outputs_dir, stack.name)
                _target.note(f"{stack.name}: deleted.")
                for line in staying[stack.name]:
                    _target.note(f"  stays behind: {line}")
        if job.session.local:
            _forget_emulator(job)


def _check(there: list[Stack]) -> None:
    for stack in there:
        if stack.state.under_way and stack.status != "DELETE_IN_PROGRESS":
            advice = stack.state.advice.format(name=stack.name)
            raise StackError(f"{stack.name} {stack.state.sentence} ({stack.status}). {advice}")
        if stack.protected:
            raise StackError(
                f"{stack.name} is protected against deletion. If it is really to go, first: aws cloudformation "
                f"update-termination-protection --no-enable-termination-protection --stack-name {stack.name}"
            )


def _staying(job: Job, stack: Stack) -> list[str]:
    # A stack in review has no template yet, and nothing else.
    review = stack.status == "REVIEW_IN_PROGRESS"
    return [] if review else retained.staying(job.session.cloudformation, stack.id)


def _confirm(job: Job, there: list[Stack], staying: dict[str, list[str]], *, yes: bool) -> None:
    for stack in there:
        _target.note(f"{stack.name} {stack.state.sentence} ({stack.status}, {job.session.where})")
        for line in staying[stack.name]:
            _target.note(f"  will stay behind: {line}")
    if yes:
        return
    whole = f"{job.source.name}-{job.suffix}"
    if not sys.stdin.isatty():
        raise _target.DeclinedError(
            f"there is no terminal to ask on. Say --yes to delete {whole}. Nothing was deleted."
        )
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
    """Where stacks may be: here, in the emulator's own region, and where any emitted system goes."""
    import json

    from tap.local import DEFAULT_REGION

    regions = {job.session.region, DEFAULT_REGION}
    for path in job.order.out.glob("*/stack.json"):
        template = json.loads(path.read_text("utf-8"))
        regions.add(template.get("Metadata", {}).get("Template", {}).get("Region") or job.session.region)
    return regions
