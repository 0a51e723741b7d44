"""``plan`` as a person and a pipeline run it: formats, files and exit codes, against the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workbench import Workbench, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
OUTBOX = ("--parameter", "QueueLabel=outbox")


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Workbench:
    return Workbench(TEMPLATES, tmp_path, environment)


def test_the_exit_code_tells_nothing_changes_and_harm_apart(bench: Workbench, clients: Any) -> None:
    assert bench.run("plan", "notes").code == 2
    assert statuses(clients("cloudformation")) == {}
    bench.well("deploy", "notes", "--yes")
    same = bench.run("plan", "notes")
    assert (same.code, same.out) == (0, "notes-dev: an update: no changes\n")
    in_place = ("--parameter", "RetentionSeconds=7200")
    for more, codes in (
        (in_place, {(): 2, ("change",): 2, ("replace",): 0, ("data-loss",): 0, ("none",): 0}),
        (OUTBOX, {(): 2, ("change",): 3, ("replace",): 3, ("data-loss",): 3, ("none",): 0}),
    ):
        for words, code in codes.items():
            options = [option for word in words for option in ("--fail-on", word)]
            assert bench.run("plan", "notes", *more, *options).code == code, (more, words)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("notes", "--fail-on", "never"), "'never' is not one of"),
        (("notes", "--frmat", "json"), "--frmat"),
        (("nothing",), "nothing"),
        (("notes", "--output", "."), "is a directory"),
    ],
)
def test_an_error_is_1_for_2_says_that_there_are_changes(
    bench: Workbench, arguments: tuple[str, ...], said: str
) -> None:
    ran = bench.run("plan", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_every_format_tells_the_same_plan_on_standard_output_or_in_a_file(bench: Workbench, tmp_path: Path) -> None:
    bench.well("deploy", "notes", "--yes")
    begins = {"markdown": "## Plan\n", "html": "<!DOCTYPE html>", "json": "{", "text": "notes-dev puts at risk"}
    for form, begin in begins.items():
        shown = bench.run("plan", "notes", *OUTBOX, "--format", form)
        assert shown.code == 2
        assert shown.out.startswith(begin)
        assert "notes-outbox-dev" in shown.out
        assert "Asking CloudFormation" in shown.err
        path = tmp_path / "new" / f"plan.{form}"
        written = bench.run("plan", "notes", *OUTBOX, "--format", form, "--output", str(path))
        assert (written.code, written.out) == (2, "")
        assert path.read_text("utf-8").rstrip() == shown.out.rstrip()
    found = json.loads(bench.run("plan", "notes", *OUTBOX, "--json").out)
    assert (found["version"], found["exit_code"], found["dangerous"]) == (1, 2, True)
    (stack,) = found["stacks"]
    (queue,) = [one for one in stack["resources"] if one["logical_id"] == "Queue"]
    assert (queue["action"], queue["risk"], queue["change_set_action"]) == ("replace", "data-loss", "Modify")


def test_a_run_over_several_stacks_is_one_document(bench: Workbench) -> None:
    ran = bench.run("plan", "notes-tiers", "--layout", "tiers", "--json")
    assert ran.code == 2
    stacks = json.loads(ran.out)["stacks"]
    assert [one["stack"] for one in stacks] == ["notes-tiers-dev-storage", "notes-tiers-dev-intake"]
    assert [one["foreseen"] for one in stacks] == [False, True]


def test_what_the_change_set_does_not_see_is_loud_and_not_called_no_changes(bench: Workbench) -> None:
    bench.well("deploy", "notes", "--yes")

    def more(template: dict[str, Any]) -> None:
        template["Outputs"]["More"] = {"Value": "x"}

    # The emulator overlooks a change of outputs alone, as CloudFormation does others.
    bench.edit("notes/stack.yaml", more)
    planned = bench.run("plan", "notes")
    assert planned.code == 2
    assert "CLOUDFORMATION SAYS THAT THERE IS NOTHING TO CHANGE" in planned.out
    deployed = bench.well("deploy", "notes", "--yes")
    assert "CLOUDFORMATION SAYS THAT THERE IS NOTHING TO CHANGE" in deployed.err
    assert "notes-dev: no changes" not in deployed.err
