"""``diagnose``: why the last operation of a system's stacks failed, and what to do."""

from __future__ import annotations

import json
from typing import Any

import click

from tap import console
from tap.commands import _target
from tap.commands._past import operations
from tap.deploy.aws_errors import translated
from tap.deploy.diagnose import Diagnosis, as_json, told
from tap.deploy.diagnose import diagnose as explain
from tap.deploy.states import state_of
from tap.exit_codes import DONE, ERROR, INTERRUPTED, PENDING, section


@click.command(epilog=section(DONE, ERROR, PENDING, INTERRUPTED, _0="said, whether or not something failed"))
@_target.system_options
@click.option("--json", "machine", is_flag=True, help="One JSON document (docs/watching.md).")
@_target.target_options
def diagnose(machine: bool, **options: Any) -> None:
    """Say why the last operation of each stack failed: the first failure that follows from no other.

    With it stands what the failure's words likely mean and what to do, where they are known. It reads the stack's own
    events, so it explains what anybody began, by whatever means, for as long as CloudFormation keeps them.

    \b
    Examples:
      python generate.py diagnose customer-portal --env dev --local
      python generate.py diagnose payments --env prod --json
    """
    with translated():
        found = [explain(one.events, one.subject, more=one.failures) for one in operations(_target.order(**options))]
    if machine:
        console.out().print(json.dumps({"version": 1, "stacks": [as_json(one) for one in found]}), markup=False)
        return
    for one in found:
        for line in _lines(one):
            console.out().print(line, markup=False)


def _lines(found: Diagnosis) -> list[str]:
    state = state_of(found.status) if found.status else None
    words = f" {state.sentence} ({found.status})" if state else ""
    if not found.causes:
        return [f"{found.stack_name}{words}: nothing failed in its last operation."]
    return [f"{found.stack_name}{words}.", *(f"  {line}" for line in told(found, 20))]
