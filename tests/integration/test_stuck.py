"""Stacks that are stuck, drift, and the machine-readable results, against the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_states import wait
from tests.workbench import Ran, Workbench, on_a_terminal, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
FUNCTION = """
import json, urllib.request

def handler(event, context):
    asked, before = event["ResourceProperties"], event.get("OldResourceProperties", {})
    back = event["RequestType"] == "Update" and before.get("Size") == "second"
    fails = back or (event["RequestType"] == "Delete" and asked.get("Stays") == "yes")
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "FAILED" if fails else "SUCCESS", "Reason": "it is broken", "PhysicalResourceId": "one"}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request)
"""


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Workbench:
    return Workbench(TEMPLATES, tmp_path, environment)


@pytest.fixture
def cloudformation(clients: Any) -> Any:
    return clients("cloudformation")


def custom(**properties: str) -> Any:
    """A resource that fails to go from its second size back to its first, and to be deleted if it is told to stay."""

    def put(template: dict[str, Any]) -> None:
        function = {
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": "arn:aws:iam::000000000000:role/any",
            "Code": {"ZipFile": FUNCTION},
        }
        token = {"Fn::GetAtt": ["Function", "Arn"]}
        template["Resources"] |= {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Breaks": {"Type": "Custom::Breaks", "Properties": {"ServiceToken": token, **properties}},
        }

    return put


def document(ran: Ran) -> dict[str, Any]:
    """The one JSON document that standard output is."""
    found: dict[str, Any] = json.loads(ran.out)
    assert found["exit_code"] == ran.code
    return found


@pytest.fixture
def stuck(bench: Workbench, cloudformation: Any) -> Workbench:
    """A stack that could neither be updated nor taken back."""
    bench.edit("notes/stack.yaml", custom(Size="first"))
    bench.well("deploy", "notes", "--yes")
    bench.edit("notes/stack.yaml", custom(Size="second"))

    def fail_after(template: dict[str, Any]) -> None:
        wait(1)(template)
        template["Resources"]["Held"]["DependsOn"] = "Breaks"

    bench.edit("notes/stack.yaml", fail_after)
    failed = bench.run("deploy", "notes", "--yes")
    assert failed.code == 5, failed.err
    assert "notes-dev could not be updated, nor taken back (UPDATE_ROLLBACK_FAILED)." in failed.err
    assert "python generate.py continue-rollback" in failed.err
    assert statuses(cloudformation) == {"notes-dev": "UPDATE_ROLLBACK_FAILED"}
    return bench


def test_a_rollback_that_failed_is_continued_without_what_cannot_be_mended(
    stuck: Workbench, cloudformation: Any
) -> None:
    again = stuck.run("deploy", "notes", "--yes")
    assert again.code == 1
    assert "continue-rollback" in again.err
    unnamed = stuck.run("continue-rollback", "notes")
    assert unnamed.code == 3
    assert "Breaks  Custom::Breaks: " in unnamed.err
    assert "it is broken" in unnamed.err
    wrong = stuck.run("continue-rollback", "notes", "--yes", "--skip", "Queue")
    assert wrong.code == 1
    assert "--skip Queue: it has not failed, so it cannot be skipped. Failed are: Breaks." in wrong.err
    still = stuck.run("continue-rollback", "notes", "--yes", "--json")
    assert still.code == 5
    assert document(still)["stacks"] == [{"name": "notes-dev", "status": "UPDATE_ROLLBACK_FAILED", "skipped": []}]

    skipping = stuck.arguments("continue-rollback", "notes", "--skip", "Breaks")
    code, text = on_a_terminal(stuck, skipping, "[y/N]", "\n")
    assert code == 1, text
    assert "will be skipped" in text
    done = stuck.well("continue-rollback", "notes", "--yes", "--skip", "Breaks")
    assert "notes-dev: UPDATE_ROLLBACK_COMPLETE." in done.err
    assert statuses(cloudformation) == {"notes-dev": "UPDATE_ROLLBACK_COMPLETE"}
    nothing = stuck.well("continue-rollback", "notes", "--yes")
    assert "Nothing to continue." in nothing.err


def test_a_deletion_that_failed_is_done_without_what_cannot_go(bench: Workbench, cloudformation: Any) -> None:
    bench.edit("notes/stack.yaml", custom(Stays="yes"))
    bench.well("deploy", "notes", "--yes")
    early = bench.run("delete", "notes", "--yes", "--retain", "Breaks")
    assert early.code == 1
    assert "--retain and --force are for stacks whose deletion has failed" in early.err
    failed = bench.run("delete", "notes", "--yes")
    assert failed.code == 5, failed.err
    assert "could not be wholly deleted (DELETE_FAILED)" in failed.err
    assert statuses(cloudformation) == {"notes-dev": "DELETE_FAILED"}
    assert "DELETE_FAILED" in bench.run("deploy", "notes", "--yes").err
    wrong = bench.run("delete", "notes", "--yes", "--retain", "Brakes")
    assert wrong.code == 1
    assert "--retain Brakes: notes-dev has no resource of that name left." in wrong.err
    done = bench.well("delete", "notes", "--yes", "--retain", "Breaks")
    assert "stays behind: Breaks, Custom::Breaks: one (--retain)" in done.err
    assert statuses(cloudformation) == {}


def test_force_leaves_behind_what_cannot_be_deleted(bench: Workbench, cloudformation: Any) -> None:
    bench.edit("notes/stack.yaml", custom(Stays="yes"))
    bench.well("deploy", "notes", "--yes")
    assert bench.run("delete", "notes", "--yes").code == 5
    done = bench.well("delete", "notes", "--yes", "--force")
    assert "stays behind: whatever cannot be deleted (--force)" in done.err
    assert statuses(cloudformation) == {}


def test_drift_is_detected_and_told_apart_from_none(bench: Workbench, clients: Any) -> None:
    assert bench.run("drift", "notes").code == 1
    bench.well("deploy", "notes", "--yes")
    none = bench.well("drift", "notes")
    assert "notes-dev is as its template has it (IN_SYNC)" in none.out
    sqs = clients("sqs")
    (url,) = sqs.list_queues()["QueueUrls"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    some = bench.run("drift", "notes")
    assert some.code == 2
    assert "MODIFIED     Queue  AWS::SQS::Queue" in some.out
    assert "MessageRetentionPeriod: 3600 → 60  (changed outside CloudFormation)" in some.out
    told = document(bench.run("drift", "notes", "--json"))
    (stack,) = told["stacks"]
    (queue,) = [one for one in stack["resources"] if one["logical_id"] == "Queue"]
    assert queue["differences"] == [
        {"path": "MessageRetentionPeriod", "kind": "changed", "before": "3600", "after": "60"}
    ]
    assert bench.run("drift", "notes", "--no-such-option").code == 1
    warned = bench.run("plan", "notes")
    assert "It had drifted from its template when that was last detected (20" in warned.out
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "3600"})
    assert "drifted" not in bench.run("plan", "notes", "--drift").out


def test_every_verb_tells_its_result_as_one_document(bench: Workbench) -> None:
    deployed = document(bench.well("deploy", "notes", "--yes", "--json"))
    assert deployed["done"] == deployed["changed"] == ["notes-dev"]
    assert deployed["outputs"] == bench.flat()
    assert [one["status"] for one in deployed["operations"]] == ["CREATE_COMPLETE"]
    again = document(bench.well("deploy", "notes", "--yes", "--json"))
    assert (again["done"], again["changed"], again["operations"]) == (["notes-dev"], [], [])
    (stack,) = document(bench.well("status", "notes", "--json"))["stacks"]
    assert (stack["name"], stack["status"], stack["protected"]) == ("notes-dev", "CREATE_COMPLETE", False)
    assert document(bench.well("outputs", "notes", "--json"))["outputs"] == bench.flat()
    blocked = document(bench.run("deploy", "notes", "--yes", "--json", "--parameter", "QueueLabel=outbox"))
    assert blocked["failed"]["notes-dev"]["exit_code"] == 3
    assert "--allow-replace Queue" in blocked["error"]
    (gone,) = document(bench.well("delete", "notes", "--yes", "--json"))["stacks"]
    assert gone["name"] == "notes-dev"
    assert gone["staying"][0].startswith("Table, AWS::DynamoDB::Table")
    unreachable = bench.run("deploy", "notes", "--yes", "--json", where=("--profile", "nobody"))
    assert "profile (nobody) could not be found" in document(unreachable)["error"]
