"""``local start | status | stop``: the emulator, by hand. ``--local`` of the other verbs starts it by itself."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tap.local import Endpoint

EPILOG = """\b
A green run on the emulator shows that the stack's resources can be made,
updated in place and deleted in their order, that references and outputs
resolve, and that a failure rolls back. It does not show that
  - AWS accepts the values: unknown properties, bad CIDRs and unknown enums
    pass here (so lint first);
  - the plan is exact: it may say "perhaps replaced" too often, and miss a
    change of outputs alone;
  - AWS refuses what it must: stack policies, quotas, names that are taken,
    buckets that are not empty.

\b
Types without a service behind them in the emulator are only written down;
`status` names them. TAP_LOCAL_ACCOUNT (12 digits) chooses another account;
accounts do not see each other. TAP_STATE_DIR chooses another folder for its
state, and so another emulator.
"""


@click.group(epilog=EPILOG)
def local() -> None:
    """Start, stop or look at the local emulator of AWS.

    It runs in the background on 127.0.0.1, needs no network and no account, and lives until it is stopped.
    What it knows is kept when it is stopped, and is there again after the next start.
    """


@local.command()
def start() -> None:
    """Start it when it is not running; print how to reach it.

    \b
    For the AWS CLI and other clients in this shell:
      eval "$(python generate.py local start)"
      aws cloudformation list-stacks
    """
    from tap.local import ensure_running

    endpoint = ensure_running()
    for name, value in endpoint.environment().items():
        click.echo(f"export {name}={shlex.quote(value)}")


@local.command()
def status() -> None:
    """Tell whether it runs, where, since when, and which stacks it has. Exit code 1 when it does not run."""
    from tap.local import process, running

    where = process.files()
    endpoint = running()
    record = where.read_record()
    if endpoint is None or record is None:
        kept = f"state kept in {where.kept}" if where.has_kept() else "no state kept"
        click.echo(f"not running ({kept})")
        # Not click's exit: outside of its standalone mode that is a return value, which nobody looks at.
        sys.exit(1)
    memory = process.memory_mib(endpoint.pid)
    click.echo(f"running   {endpoint.url}")
    click.echo(f"process   {endpoint.pid}" + (f", {memory} MiB" if memory else ""))
    click.echo(f"since     {record.started}")
    click.echo(f"account   {endpoint.access_key_id}, region {endpoint.region}")
    click.echo(f"state     {where.root}")
    for name, state in _stacks(endpoint):
        click.echo(f"stack     {name}  {state}")
    if record.sources != process.sources():
        click.echo("note: it was started from other sources; stop it to have these used", err=True)


@local.command()
@click.option("--forget", is_flag=True, help="Remove the kept state too: all stacks of all accounts.")
def stop(forget: bool) -> None:
    """Stop it. Stopping what does not run is no error."""
    from tap.local import stop as stop_emulator

    was_running = stop_emulator(forget=forget)
    click.echo(("stopped" if was_running else "not running") + (", its state removed" if forget else ""), err=True)


def _stacks(endpoint: Endpoint) -> list[tuple[str, str]]:
    """Name and status of the account's stacks that are not deleted, in the endpoint's region."""
    import boto3

    client = boto3.client(
        "cloudformation",
        region_name=endpoint.region,
        endpoint_url=endpoint.url,
        aws_access_key_id=endpoint.access_key_id,
        aws_secret_access_key=endpoint.secret_access_key,
    )
    found = [
        (stack["StackName"], str(stack["StackStatus"]))
        for page in client.get_paginator("list_stacks").paginate()
        for stack in page["StackSummaries"]
    ]
    return sorted(one for one in found if one[1] != "DELETE_COMPLETE")
