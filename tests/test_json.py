"""``--json``: one document on standard output, and nothing else, whatever comes of a verb."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tap import cli
from tap.commands import _report
from tap.errors import TapError

WITHOUT = {"local", "report", "handoff"}
"""Verbs that have no result to tell: they start something, or write files for people."""


class BlockedError(TapError):
    """A failure with an exit code of its own."""

    exit_code = 3


@click.command(cls=_report.Verb)
@click.argument("how")
@click.pass_context
def verb(ctx: click.Context, /, how: str) -> None:
    """A verb."""
    _report.say("a line")
    _report.add("stacks", name="a")
    if how == "blocked":
        raise BlockedError("no way")
    _report.tell(outputs={"A": "1"})
    if how == "exit":
        ctx.exit(2)
    if how == "interrupted":
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("how", "more"),
    [
        ("well", {"exit_code": 0, "outputs": {"A": "1"}}),
        ("exit", {"exit_code": 2, "outputs": {"A": "1"}}),
        ("blocked", {"exit_code": 3, "error": "no way"}),
        ("interrupted", {"exit_code": 130, "outputs": {"A": "1"}, "error": "interrupted"}),
    ],
)
def test_the_document_tells_how_it_ended(how: str, more: dict[str, object]) -> None:
    ran = CliRunner().invoke(verb, [how, "--json"])
    assert json.loads(ran.stdout) == {"version": 1, "verb": "verb", "stacks": [{"name": "a"}], **more}


def test_without_it_there_are_lines_and_no_document() -> None:
    assert CliRunner().invoke(verb, ["well"]).stdout == "a line\n"


@pytest.mark.parametrize("name", sorted(set(cli.VERBS) - WITHOUT))
def test_every_verb_that_tells_something_has_it(name: str) -> None:
    shown = CliRunner().invoke(cli.tap, [name, "--help"]).output
    assert "--json" in shown or "|json" in shown


def test_synth_tells_what_it_wrote(tmp_path: Path) -> None:
    arguments = ["synth", "customer-portal", "--layout", "stack", "--json", "--out"]
    first = json.loads(CliRunner().invoke(cli.tap, [*arguments, str(tmp_path)]).stdout)
    assert first["files"] == len(first["changes"]) > 2
    assert {"path": "customer-portal/stack.yaml", "state": "new"} in first["changes"]
    assert json.loads(CliRunner().invoke(cli.tap, [*arguments, str(tmp_path)]).stdout)["changes"] == []
    stale = CliRunner().invoke(cli.tap, [*arguments, str(tmp_path / "empty"), "--check"])
    assert json.loads(stale.stdout)["exit_code"] == stale.exit_code == 1
