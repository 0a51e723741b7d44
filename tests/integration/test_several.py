"""Several stacks of one system: what begins when, what a failure leaves, and what an interruption says."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_deploy import HANDLE, NEVER_SIGNALLED
from tests.workbench import Workbench, on_a_terminal, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
TIERS = ("--layout", "tiers")


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Workbench:
    """The notes in tiers: storage ← intake; and beside them a tier of its own, ``reports``."""
    bench = Workbench(TEMPLATES, tmp_path, environment)
    tiers = bench.out / "notes-tiers" / "tiers"
    reports = json.loads((tiers / "01-storage.json").read_text("utf-8"))
    reports["Metadata"]["Template"]["Tier"] = "reports"
    reports["Outputs"] = {}
    text = json.dumps(reports)
    for ending in ("json", "yaml"):
        (tiers / f"03-reports.{ending}").write_text(text, "utf-8")
    return bench


@pytest.fixture
def cloudformation(clients: Any) -> Any:
    return clients("cloudformation")


def holding(seconds: str) -> Any:
    """Makes a template wait so long for a signal that never comes."""

    def change(template: dict[str, Any]) -> None:
        never = json.loads(json.dumps(NEVER_SIGNALLED))
        never["Properties"]["Timeout"] = seconds
        template["Resources"] |= {"Handle": HANDLE, "Never": never}

    return change


def test_what_needs_nothing_begins_at_once_and_the_rest_does_not_wait_for_it(
    bench: Workbench, cloudformation: Any
) -> None:
    bench.edit("notes-tiers/tiers/03-reports.yaml", holding("600"))
    bench.edit("notes-tiers/tiers/02-intake.yaml", holding("600"))
    arguments = bench.arguments("deploy", "notes-tiers", "--yes", *TIERS)
    child = subprocess.Popen(arguments, env=bench.environment, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    seen, held = "", 0
    while held < 2:
        line = child.stderr.readline()
        assert line, seen
        seen += line
        held += "  Handle  " in line and "CREATE_COMPLETE" in line
    child.send_signal(signal.SIGINT)
    _, rest = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "notes-tiers-dev-intake go on in CloudFormation." in rest
    assert "notes-tiers-dev-reports" in rest
    assert "To see how it goes: python generate.py status notes-tiers --env dev --layout tiers" in rest
    assert statuses(cloudformation) == {
        "notes-tiers-dev-storage": "CREATE_COMPLETE",
        "notes-tiers-dev-intake": "CREATE_IN_PROGRESS",
        "notes-tiers-dev-reports": "CREATE_IN_PROGRESS",
    }
    for name in ("notes-tiers-dev-intake", "notes-tiers-dev-reports"):
        cloudformation.delete_stack(StackName=name)


def test_a_failure_keeps_back_what_needs_it_lets_the_rest_end_and_tells_of_all(
    bench: Workbench, cloudformation: Any
) -> None:
    bench.edit("notes-tiers/tiers/01-storage.yaml", holding("1"))
    ran = bench.run("deploy", "notes-tiers", "--yes", *TIERS)
    assert ran.code not in {0, 3, 130}
    assert "First to fail was Never" in ran.err
    assert "Done: notes-tiers-dev-reports." in ran.err
    assert "Failed: notes-tiers-dev-storage." in ran.err
    assert "Not begun: notes-tiers-dev-intake." in ran.err
    assert statuses(cloudformation) == {
        "notes-tiers-dev-storage": "ROLLBACK_COMPLETE",
        "notes-tiers-dev-reports": "CREATE_COMPLETE",
    }
    bench.well("delete", "notes-tiers", "--yes", "--allow-delete-data", *TIERS)
    assert statuses(cloudformation) == {}


def test_one_at_a_time_if_that_is_wanted(bench: Workbench, cloudformation: Any) -> None:
    bench.edit("notes-tiers/tiers/01-storage.yaml", holding("1"))
    ran = bench.run("deploy", "notes-tiers", "--yes", "--parallel", "1", *TIERS)
    assert ran.err.index(" ROLLBACK_COMPLETE ") < ran.err.index("notes-tiers-dev-reports: a new stack")
    assert bench.run("deploy", "notes-tiers", "--parallel", "0", *TIERS).code == 2


def test_questions_come_one_after_the_other_and_a_no_begins_nothing_more(bench: Workbench, cloudformation: Any) -> None:
    """The first question is answered with Enter: nothing is changed, and no other question is asked."""
    code, text = on_a_terminal(bench, bench.arguments("deploy", "notes-tiers", *TIERS), "[y/N]", "\n")
    assert code == 1
    assert text.count("[y/N]") == 1
    assert "Nothing was changed." in text
    assert "Not begun: notes-tiers-dev-intake, notes-tiers-dev-reports." in text
    assert statuses(cloudformation) == {}


def test_deletion_goes_by_what_imports_now_not_by_what_the_files_say(bench: Workbench, cloudformation: Any) -> None:
    bench.well("deploy", "notes-tiers", "--yes", *TIERS)

    def forget(template: dict[str, Any]) -> None:
        del template["Resources"]["TableOfQueue"]

    bench.edit("notes-tiers/tiers/02-intake.yaml", forget)
    deleted = bench.well("delete", "notes-tiers", "--yes", "--allow-delete-data", *TIERS).err
    assert deleted.index("notes-tiers-dev-intake: deleted.") < deleted.index("notes-tiers-dev-storage: deleted.")
    assert statuses(cloudformation) == {}


def test_an_export_in_use_is_told_of_before_it_is_touched(bench: Workbench, cloudformation: Any) -> None:
    bench.well("deploy", "notes-tiers", "--yes", *TIERS)

    def unexport(template: dict[str, Any]) -> None:
        del template["Outputs"]["TableName"]["Export"]

    bench.edit("notes-tiers/tiers/01-storage.yaml", unexport)
    planned = bench.run("plan", "notes-tiers", *TIERS)
    told = " ".join(planned.out.split())
    assert "The export notes-tiers-dev-table disappears and is imported by notes-tiers-dev-intake" in told, planned.err

    (bench.out / "notes-tiers" / "tiers" / "02-intake.yaml").unlink()
    kept = bench.run("delete", "notes-tiers", "--yes", "--allow-delete-data", *TIERS)
    assert kept.code == 1
    assert "Nothing was deleted" in kept.err
    assert "notes-tiers-dev-table is imported by notes-tiers-dev-intake" in kept.err
    assert len(statuses(cloudformation)) == 3
