"""The command line: a table of verbs, each loaded when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import NoReturn

import click

from tap.errors import TapError

VERBS: dict[str, str] = {
    "synth": "Write the templates of all systems, or of those named.",
    "lint": "Run cfn-lint over what was written, or over any template.",
    "list": "List the systems.",
    "show": "Show a system: tiers, parameters, outputs, resources.",
    "report": "Write a page for a browser on each system.",
    "check": "Find what would fail only when deployed, in any template.",
    "diff": "Compare two templates: what would change or be lost.",
    "plan": "Make a change set and show what it would change.",
    "deploy": "Make a change set, show it, ask, execute it, follow it.",
    "execute": "Execute a plan that was saved, after its review.",
    "continue-rollback": "Continue a rollback that failed.",
    "drift": "Detect what was changed outside CloudFormation.",
    "timeline": "Show who took how long, and who waited for whom.",
    "diagnose": "Say why the last operation failed, and what to do.",
    "outputs": "Write and show the outputs of a deployed system.",
    "status": "Show the stacks of a system and how they are.",
    "delete": "Delete the stacks of a system.",
    "handoff": "Make the bundle for the operations team.",
    "local": "Start, stop or look at the local emulator.",
}


class _Verbs(click.Group):
    """A group whose verbs are imported one at a time: ``synth`` pays for neither boto3 nor cfn-lint."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"tap.commands.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


EPILOG = """\b
Begin with:
  python generate.py synth                               write out/
  python generate.py lint                                run cfn-lint on it
  python generate.py plan ecommerce --env dev --local    what would change
  python generate.py deploy ecommerce --env dev --local  deploy it locally
  python generate.py diff HEAD ecommerce                 what you have changed

\b
Exit codes: 0 done or nothing to do; 1 an error, or findings; 2 changes or
differences (plan, diff, drift), else the command line is wrong; 3 blocked by
the gate; 4 failed and rolled back; 5 failed and left so; 130 interrupted.
`VERB --help` explains a verb.
"""


@click.group(cls=_Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
def tap() -> None:
    """Three-tier web systems as CloudFormation, written in Python.

    templates/ describes the systems; synth writes them to out/ as plain CloudFormation that needs no tap to be read,
    reviewed or deployed; plan and deploy send those files to AWS through change sets.
    """


def main() -> NoReturn:
    """Run the command line with ``sys.argv``; exit with the code that the README documents."""
    for stream in (sys.stdout, sys.stderr):
        # Half of a surrogate pair in somebody's JSON, or a terminal that has no arrows, must not end in a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone. Silent, as click and rich are where they meet this first, and no
        # success: of `synth --check | head` or `deploy 2>&1 | head` nobody could tell it from one.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def _run() -> int:
    try:
        # Without click's own ending, what a verb hands to ctx.exit() comes back from here.
        result = tap(standalone_mode=False, prog_name="tap" if sys.argv[0].endswith("tap") else "python generate.py")
    except TapError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        raise
    except OSError as error:
        click.echo(f"error: {_told(error)}", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _told(error: OSError) -> str:
    """What the operating system refused, in a line: ``cannot read or write out/x: Permission denied``."""
    where = f" {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
    reason = error.strerror or str(error) or type(error).__name__
    return f"cannot read or write{where}: {reason}" if where else f"the operating system refused: {reason}"
