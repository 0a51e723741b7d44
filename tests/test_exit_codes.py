"""One table of exit codes, in every help and in the page."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tap import cli, exit_codes, project


@pytest.mark.parametrize("verb", ["plan", "diff", "drift", "status", "outputs", "timeline", "diagnose"])
def test_a_verb_that_only_looks_says_how_it_ends_too(verb: str) -> None:
    assert "Exit codes:" in CliRunner().invoke(cli.tap, [verb, "--help"]).output


@pytest.mark.parametrize("verb", ["deploy", "execute", "continue-rollback", "delete"])
def test_a_verb_s_help_has_its_exit_codes(verb: str) -> None:
    shown = CliRunner().invoke(cli.tap, [verb, "--help"]).output
    assert "Exit codes:" in shown
    for code in (exit_codes.BLOCKED, exit_codes.LEFT_FAILED, exit_codes.INTERRUPTED):
        assert f" {code} {exit_codes.MEANINGS[code]}" in " ".join(shown.split())


def test_the_page_has_every_code() -> None:
    text = (project.ROOT / "docs" / "deploying.md").read_text("utf-8")
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"| {code} | " in text
        assert meaning in text
