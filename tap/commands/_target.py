"""Options that the deploying verbs share, and what they make of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from tap import console, project
from tap.deploy.changeset import Conduct
from tap.deploy.gate import BlockedError
from tap.deploy.session import Target
from tap.deploy.source import LAYOUTS, Layout
from tap.deploy.workflow import Order
from tap.errors import TapError

F = TypeVar("F", bound=Callable[..., Any])


class DeclinedError(TapError):
    """The person said no."""


def target_options(command: F) -> F:
    """``--profile --region --endpoint-url --local``: where to."""
    for option in (
        click.option("--local", is_flag=True, help="The emulator on this machine; needs no account."),
        click.option("--endpoint-url", metavar="URL", help="An endpoint other than AWS's own."),
        click.option("--region", metavar="REGION", help="Before AWS_REGION, the profile's and the template's."),
        click.option("--profile", metavar="NAME", help="A profile of your AWS configuration."),
    ):
        command = option(command)
    return command


def system_options(command: F) -> F:
    """``SYSTEM --env ENV --layout --parameter --out``: what."""
    for option in (
        click.option(
            "--out", type=click.Path(path_type=Path), default=project.OUT, help="Where the templates are.  [out]"
        ),
        click.option(
            "--parameter",
            "parameters",
            multiple=True,
            metavar="KEY=VALUE",
            help="A parameter's value, before the environment's file. Repeatable.",
        ),
        click.option("--layout", type=click.Choice(LAYOUTS), default="stack", show_default=True),
        click.option(
            "--env", "environment", required=True, metavar="ENV", help="Picks out/SYSTEM/parameters/ENV.json."
        ),
        click.argument("system"),
    ):
        command = option(command)
    return command


def bucket_option(command: F) -> F:
    """``--bucket``: how a long template travels."""
    return click.option(
        "--bucket",
        metavar="NAME",
        help="For templates over 51,200 bytes and nested ones.  [tap-templates-ACCOUNT-REGION, made when missing]",
    )(command)


def edge_option(command: F) -> F:
    """``--edge``: the stack in another region too."""
    return click.option("--edge", is_flag=True, help="The system's stack in us-east-1 too (SYSTEM-SUFFIX-edge).")(
        command
    )


def outputs_option(command: F) -> F:
    """``--outputs-dir``: where outputs are kept."""
    return click.option(
        "--outputs-dir",
        type=click.Path(path_type=Path),
        default=project.ROOT / "cfn-outputs",
        help="Where the outputs are written.  [cfn-outputs]",
    )(command)


def conduct_options(command: F) -> F:
    """``--on-failure --express --revert-drift``: how the operation goes about its work."""
    for option in (
        click.option("--revert-drift", is_flag=True, help="Set back what was changed outside CloudFormation."),
        click.option(
            "--express",
            is_flag=True,
            help="Do not wait till resources are ready. Where the environment allows it; not with --on-failure delete.",
        ),
        click.option(
            "--on-failure",
            type=click.Choice(["rollback", "keep", "delete"]),
            default="rollback",
            show_default=True,
            help="What becomes of what was done. keep leaves it as it is, to be looked at; delete is for a new stack, "
            "one that is there is rolled back.",
        ),
    ):
        command = option(command)
    return command


def yes_option(command: F) -> F:
    """``--yes``: no questions."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def order(
    *,
    system: str,
    environment: str,
    layout: Layout,
    out: Path,
    parameters: tuple[str, ...],
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    local: bool,
    bucket: str | None = None,
    edge: bool = False,
    on_failure: Literal["rollback", "keep", "delete"] = "rollback",
    express: bool = False,
    revert_drift: bool = False,
) -> Order:
    """The options as one order. Raises UsageError for options that exclude one another."""
    if express and on_failure == "delete":
        raise click.UsageError("--express cannot be combined with --on-failure delete; use rollback or keep.")
    target = Target(profile, region, endpoint_url, local)
    conduct = Conduct(on_failure, express, revert_drift)
    return Order(system, environment, layout, out, parameters, target, bucket, edge, conduct)


def note(line: str) -> None:
    """A line for the person who watches."""
    console.err().print(line, markup=False)


def ask(question: str, *, yes: bool, refused: str) -> None:
    """Ask on standard error; Enter alone is no. Raises DeclinedError for no, BlockedError where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BlockedError(f"there is no terminal to ask on: {question} Say --yes to go ahead. {refused}")
    with asking():
        if not click.confirm(question, default=False, err=True):
            raise DeclinedError(f"not confirmed. {refused}")


@contextmanager
def asking() -> Iterator[None]:
    """Within this block somebody types: the screen holds still, and Ctrl-C is the interruption that it is elsewhere."""
    with console.quiet():
        try:
            yield
        except click.Abort:
            raise KeyboardInterrupt from None


def how_to_follow(asked: Order) -> str:
    """The command that shows how an operation goes on."""
    words = ["python generate.py status", asked.system, "--env", asked.environment]
    words += ["--layout", asked.layout] if asked.layout != "stack" else []
    words += [f"--parameter {one}" for one in asked.parameters if one.startswith("EnvironmentSuffix=")]
    target = asked.target
    for option, value in (
        ("--profile", target.profile),
        ("--region", target.region),
        ("--endpoint-url", target.endpoint_url),
    ):
        words += [option, value] if value else []
    words += ["--local"] if target.local else []
    return f"To see how it goes: {' '.join(words)}"
