"""A plan that is saved, reviewed and executed, against the emulator."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tap.local import Endpoint
from tests.workbench import GENERATE, Ran, Workbench, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
OUTBOX = ("--parameter", "QueueLabel=outbox")


class Saved(Workbench):
    """A workbench whose plans can be saved and executed."""

    def save(self, system: str, *more: str) -> Path:
        """Plan and save; gives the file."""
        path = self.outputs.parent / "the.plan"
        ran = self.run("plan", system, "--save", str(path), *more)
        assert ran.code == 2, ran.err
        return path

    def execute(self, path: Path, *more: str) -> Ran:
        """Execute a saved plan."""
        arguments = [sys.executable, GENERATE, "execute", str(path), "--outputs-dir", str(self.outputs), *more]
        done = subprocess.run(
            arguments,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Saved:
    return Saved(TEMPLATES, tmp_path, environment)


@pytest.fixture
def cloudformation(clients: Any) -> Any:
    return clients("cloudformation")


def left(cloudformation: Any) -> list[str]:
    found = cloudformation.list_change_sets(StackName="notes-dev")["Summaries"]
    return [one["ChangeSetName"] for one in found if one["ExecutionStatus"] == "AVAILABLE"]


def test_a_new_stack_is_planned_saved_and_executed(bench: Saved, cloudformation: Any) -> None:
    path = bench.save("notes", "--parameter", "ApiKey=secret-of-mine")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text("utf-8")
    assert "secret-of-mine" not in text
    told = json.loads(text)
    assert (told["format"], told["version"], told["endpoint"]) == ("tap-plan", 1, "local")
    assert statuses(cloudformation) == {"notes-dev": "REVIEW_IN_PROGRESS"}
    # The same plan is the same change set.
    bench.save("notes", "--parameter", "ApiKey=secret-of-mine")
    assert len(cloudformation.list_change_sets(StackName="notes-dev")["Summaries"]) == 1

    refused = bench.execute(path)
    assert refused.code == 3
    assert "Say --yes to go ahead" in refused.err
    done = bench.execute(path, "--yes")
    assert done.code == 0, done.err
    assert "Holds the notes." in done.err
    assert "notes-dev: CREATE_COMPLETE." in done.err
    assert bench.flat()["TableName"] == "notes-dev"
    assert done.out.split()[0] == "QueueUrl"

    again = bench.execute(path, "--yes")
    assert again.code == 0
    assert "this plan was executed already" in again.err
    assert bench.execute(path, "--discard").code == 3


def test_what_is_at_risk_must_be_named_when_it_is_executed(bench: Saved, cloudformation: Any) -> None:
    bench.well("deploy", "notes", "--yes")
    path = bench.save("notes", *OUTBOX)
    blocked = bench.execute(path, "--yes")
    assert blocked.code == 3
    assert "add: --allow-replace Queue" in blocked.err
    assert len(left(cloudformation)) == 1
    wrong = bench.execute(path, "--yes", "--allow-replace", "Queue", "--allow-delete", "Table")
    assert wrong.code == 3
    assert "--allow-delete Table: it is not among the harmful changes." in wrong.err
    done = bench.execute(path, "--yes", "--allow-replace", "Queue")
    assert done.code == 0, done.err
    assert bench.flat()["QueueUrl"].endswith("notes-outbox-dev")


def test_a_plan_that_does_not_stand_any_more_is_blocked(bench: Saved, cloudformation: Any) -> None:
    bench.well("deploy", "notes", "--yes")
    path = bench.save("notes", *OUTBOX)
    text = path.read_text("utf-8")

    path.write_text(text.replace('"Queue"', '"Quue"', 1))
    altered = bench.execute(path, "--yes")
    assert altered.code == 3
    assert "was altered since it was written. Plan again." in altered.err

    path.write_text(text)
    elsewhere = bench.execute(path, "--yes", "--region", "eu-west-1")
    assert elsewhere.code == 3
    assert "was made for the region us-east-1; this is eu-west-1" in elsewhere.err
    bench.environment["TAP_LOCAL_ACCOUNT"], own = "999999999999", bench.environment["TAP_LOCAL_ACCOUNT"]
    other = bench.execute(path, "--yes")
    assert other.code == 3
    assert f"was made for the account {own}; this is 999999999999" in other.err
    bench.environment["TAP_LOCAL_ACCOUNT"] = own

    # CloudFormation removes the other change sets of a stack when it executes one.
    bench.well("deploy", "notes", "--yes", "--parameter", "Size=large")
    gone = bench.execute(path, "--yes", "--allow-replace", "Queue")
    assert gone.code == 3
    assert "notes-dev: the change set of the plan is gone. Plan again." in gone.err

    path = bench.save("notes", "--parameter", "Size=large", *OUTBOX)
    parameters = [
        {"ParameterKey": one["ParameterKey"], "UsePreviousValue": True}
        for one in cloudformation.describe_stacks(StackName="notes-dev")["Stacks"][0]["Parameters"]
        if one["ParameterKey"] != "RetentionSeconds"
    ]
    parameters.append({"ParameterKey": "RetentionSeconds", "ParameterValue": "90"})
    cloudformation.update_stack(StackName="notes-dev", UsePreviousTemplate=True, Parameters=parameters)
    cloudformation.get_waiter("stack_update_complete").wait(StackName="notes-dev", WaiterConfig={"Delay": 1})
    changed = bench.execute(path, "--yes", "--allow-replace", "Queue")
    assert changed.code == 3
    assert "the change set of the plan cannot be executed (CREATE_COMPLETE, OBSOLETE)" in changed.err
    assert bench.execute(path, "--discard").code == 0
    assert left(cloudformation) == []


def test_a_discarded_plan_leaves_nothing(bench: Saved, cloudformation: Any) -> None:
    path = bench.save("notes")
    dropped = bench.execute(path, "--discard")
    assert dropped.code == 0, dropped.err
    assert not path.exists()
    assert statuses(cloudformation) == {}


def test_of_tiers_only_what_can_be_planned_is_saved(bench: Saved, cloudformation: Any) -> None:
    tiers = ("--layout", "tiers")
    path = bench.outputs.parent / "the.plan"
    planned = bench.run("plan", "notes-tiers", *tiers, "--save", str(path))
    assert planned.code == 2
    assert "Not in it: notes-tiers-dev-intake." in planned.err
    first = bench.execute(path, "--yes")
    assert first.code == 0, first.err
    assert "could not be planned yet: notes-tiers-dev-intake" in first.err
    bench.run("plan", "notes-tiers", *tiers, "--save", str(path))
    assert bench.execute(path, "--yes").code == 0
    assert set(bench.flat()) == {"TableName", "QueueUrl"}
    nothing = bench.run("plan", "notes-tiers", *tiers, "--save", str(path.with_name("none.plan")))
    assert nothing.code == 0
    assert "No changes: nothing was saved." in nothing.err
    assert not path.with_name("none.plan").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", "not JSON"])
def test_a_file_that_is_no_plan_is_an_error(bench: Saved, text: str) -> None:
    path = bench.outputs.parent / "other.json"
    path.write_text(text)
    ran = bench.execute(path, "--yes")
    assert ran.code == 1
    assert "is no saved plan: plan --save FILE writes one." in ran.err


def test_a_kill_after_the_operation_has_begun_is_followed(
    bench: Saved, cloudformation: Any, emulator: Endpoint
) -> None:
    path = bench.save("notes")
    told = json.loads(path.read_text("utf-8"))["stacks"][0]
    cloudformation.execute_change_set(ChangeSetName=told["change_set"])
    done = bench.execute(path, "--yes")
    assert done.code == 0, done.err
    assert bench.flat()["TableName"] == "notes-dev"
