"""``diff``: what a change of a template would do, before anybody deploys it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap import console, project
from tap.commands._strict import Strict
from tap.diff import machine, markdown, render, sources, verdict
from tap.diff.compare import compare
from tap.diff.model import Diff
from tap.diff.schemas import bundled
from tap.diff.verdict import FailOn
from tap.styled import Coloured

if TYPE_CHECKING:
    from tap.deploy.session import Session


@click.command(cls=Strict)
@click.argument("old")
@click.argument("new")
@click.option(
    "--env", "environment", default="", metavar="ENV", help="Parameters from parameters/ENV.json beside each."
)
@click.option(
    "--parameters",
    "old_values",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="OLD's parameters; NEW's too, if that has none of its own.",
)
@click.option(
    "--new-parameters",
    "new_values",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="NEW's parameters.",
)
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--fail-on",
    type=click.Choice(verdict.FAIL_ON),
    default="change",
    show_default=True,
    help="From what on the exit code is not 0.",
)
@click.option("--profile", metavar="NAME", help="For stack:NAME; a profile of your AWS configuration.")
@click.option("--region", default="", metavar="REGION", help="Where the stack is, or where to read the templates for.")
@click.option("--endpoint-url", metavar="URL", help="For stack:NAME; an endpoint other than AWS's own.")
@click.option("--local", is_flag=True, help="For stack:NAME; the emulator on this machine.")
@click.pass_context
def diff(
    ctx: click.Context,
    *,
    old: str,
    new: str,
    environment: str,
    old_values: Path | None,
    new_values: Path | None,
    form: str,
    as_json: bool,
    fail_on: FailOn,
    profile: str | None,
    region: str,
    endpoint_url: str | None,
    local: bool,
) -> None:
    """Compare two templates: what would change, be replaced or be lost. Needs no account, unless for stack:NAME.

    \b
    OLD and NEW are
      FILE        a template, YAML or JSON; /dev/null for none
      REV:PATH    a template at a git revision
      stack:NAME  a deployed stack, with its parameters
      REV SYSTEM  (both together) out/SYSTEM at a git revision, and as it is now

    What replaces a resource stands in the resource schemas that come with cfn-lint; what holds data, and what protects
    it, in a table of this tool. A replaced resource's references are followed. Parameters without a value count with
    their default; what is not known stays unknown, and is called so.

    \b
    Exit codes:
      0  no differences, or none that --fail-on minds
      1  an error
      2  differences
      3  data are lost, or may be, or something that holds data is replaced
    --fail-on none: always 0. change: as above. data-loss: 3 or 0.
    replace: 2 only if something is (or may be) replaced or deleted.

    \b
    Examples:
      python generate.py diff main payments --env prod
      python generate.py diff main:infra/web.yaml infra/web.yaml --format markdown
      python generate.py diff stack:web-prod infra/web.yaml --fail-on data-loss
    """
    first, last = sources.sources(old, new, _opener(profile, region, endpoint_url, local), project.OUT)
    sides = sources.sides(
        first,
        last,
        old_values=_read(old_values),
        new_values=_read(new_values),
        environment=environment,
        region=region,
        note=lambda line: click.echo(line, err=True),
    )
    try:
        found = compare(*sides, bundled())
    except RecursionError:
        raise sources.SourceError(
            "the templates cannot be compared: conditions lead to each other in a circle, or on too far."
        ) from None
    code = verdict.exit_code(found, fail_on)
    show(found, "json" if as_json else form, code)
    ctx.exit(code)


def show(found: Diff, form: str, code: int) -> None:
    """Print a comparison on standard output. rich is loaded only where there is a terminal to colour."""
    if form == "json":
        click.echo(machine.rendered(found, code))
    elif form == "markdown":
        click.echo(markdown.rendered(found), nl=False)
    elif sys.stdout.isatty():
        console.out().print(Coloured(render.lines(found)), soft_wrap=False)
    else:
        click.echo(render.plain(found))


def _read(path: Path | None) -> dict[str, str] | None:
    return None if path is None else sources.parameters_in(path.read_text("utf-8"), str(path))


def _opener(profile: str | None, region: str, endpoint_url: str | None, local: bool) -> Callable[[], Session]:
    """Opens the session when a deployed stack is asked for: anything else needs neither boto3 nor credentials."""

    def opened() -> Session:
        from tap.deploy.session import Target, open_session

        return open_session(
            Target(profile, region or None, endpoint_url, local), "", lambda line: click.echo(line, err=True)
        )

    return opened
