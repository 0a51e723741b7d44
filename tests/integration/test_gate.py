"""The gate as a person meets it: what is harmful needs its word, against the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tap.local import Endpoint
from tests.workbench import Workbench, on_a_terminal, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
OUTBOX = ("--parameter", "QueueLabel=outbox")


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Workbench:
    return Workbench(TEMPLATES, tmp_path, environment)


@pytest.fixture
def cloudformation(clients: Any) -> Any:
    return clients("cloudformation")


def left(cloudformation: Any) -> list[Any]:
    found = cloudformation.list_change_sets(StackName="notes-dev")["Summaries"]
    return [one for one in found if one["ExecutionStatus"] == "AVAILABLE"]


def test_a_stateful_replacement_must_be_named(bench: Workbench, cloudformation: Any) -> None:
    bench.well("deploy", "notes", "--yes")
    planned = bench.well("plan", "notes", *OUTBOX).out
    risk = "Queue  AWS::SQS::Queue  holds data: would be replaced; the old one is deleted"
    assert planned.index("notes-dev puts at risk") < planned.index(risk) < planned.index("notes-dev: an update")

    blocked = bench.run("deploy", "notes", "--yes", *OUTBOX)
    assert blocked.code == 3
    assert risk in blocked.err
    assert "notes-dev is not deployed. Nothing was changed." in blocked.err
    assert "Queue (AWS::SQS::Queue) holds data and would be replaced." in blocked.err
    assert "If that is meant, add: --allow-replace Queue" in blocked.err
    assert bench.run("deploy", "notes", "--allow-replace", "Queue", *OUTBOX).code == 3
    for option, logical_id, says in (
        ("--allow-replace", "Qeue", "--allow-replace Qeue: it is not among the harmful changes."),
        ("--allow-delete", "Queue", "If that is meant: --allow-replace Queue"),
    ):
        wrong = bench.run("deploy", "notes", "--yes", option, logical_id, *OUTBOX)
        assert wrong.code == 3
        assert says in wrong.err
    assert statuses(cloudformation) == {"notes-dev": "CREATE_COMPLETE"}
    assert left(cloudformation) == []

    bench.well("deploy", "notes", "--yes", "--allow-replace", "Queue", *OUTBOX)
    assert bench.flat()["QueueUrl"].endswith("notes-outbox-dev")
    # Run again: there is nothing left to do, and nothing to complain of.
    assert "no changes" in bench.well("deploy", "notes", "--yes", "--allow-replace", "Queue", *OUTBOX).err


def test_a_stateless_replacement_passes_with_yes_and_not_without(bench: Workbench, cloudformation: Any) -> None:
    large = ("--parameter", "Size=large")
    bench.well("deploy", "notes", "--yes", *large)

    def rename(template: dict[str, Any]) -> None:
        template["Resources"]["Archive"]["Properties"]["TopicName"] = "notes-other"

    bench.edit("notes/stack.yaml", rename)
    assert bench.run("deploy", "notes", *large).code == 3
    assert statuses(cloudformation) == {"notes-dev": "CREATE_COMPLETE"}
    ran = bench.well("deploy", "notes", "--yes", *large)
    assert "-/+ replace      Archive" in ran.err
    assert "puts at risk" not in ran.err


def test_on_a_terminal_the_question_is_as_grave_as_the_change(bench: Workbench, clients: Any) -> None:
    bench.well("deploy", "notes", "--yes", "--parameter", "Size=large")

    def queues() -> list[str]:
        return [url.split("/")[-1] for url in clients("sqs").list_queues()["QueueUrls"]]

    removing = bench.arguments("deploy", "notes")
    for typed in ("\n", "y\n"):
        code, text = on_a_terminal(bench, removing, "Type yes to deploy it to notes-dev:", typed)
        assert code == 1, text
    assert on_a_terminal(bench, removing, "Type yes to deploy it to notes-dev:", "yes\n")[0] == 0

    replacing = bench.arguments("deploy", "notes", *OUTBOX)
    for typed in ("\n", "yes\n"):
        code, text = on_a_terminal(bench, replacing, "Type notes-dev to deploy it:", typed)
        assert code == 1, text
    assert queues() == ["notes-inbox-dev"]
    assert on_a_terminal(bench, replacing, "Type notes-dev to deploy it:", "notes-dev\n")[0] == 0
    assert queues() == ["notes-outbox-dev"]
    named = bench.arguments("deploy", "notes", "--allow-replace", "Queue")
    assert on_a_terminal(bench, named, "[y/N]", "y\n")[0] == 0
    assert queues() == ["notes-inbox-dev"]


def test_a_widening_is_shown_before_all_else(bench: Workbench) -> None:
    def group(cidr: str) -> Any:
        def put(template: dict[str, Any]) -> None:
            rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": cidr}
            properties = {"GroupDescription": "x", "SecurityGroupIngress": [rule]}
            template["Resources"]["Group"] = {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}

        return put

    bench.edit("notes/stack.yaml", group("10.0.0.0/8"))
    bench.well("deploy", "notes", "--yes")
    bench.edit("notes/stack.yaml", group("0.0.0.0/0"))
    lines = bench.well("plan", "notes", *OUTBOX).out.splitlines()
    assert lines[0] == "notes-dev widens access"
    assert "443" in lines[1]
    assert lines.index("notes-dev puts at risk") == 3


def test_in_tiers_each_stack_is_judged_by_itself(bench: Workbench, cloudformation: Any) -> None:
    tiers = ("--layout", "tiers", "--yes")
    bench.well("deploy", "notes-tiers", *tiers)

    def rename(template: dict[str, Any]) -> None:
        template["Resources"]["Queue"]["Properties"]["QueueName"] = "another"

    def tag(template: dict[str, Any]) -> None:
        template["Resources"]["Table"]["Properties"]["Tags"] = [{"Key": "a", "Value": "b"}]

    bench.edit("notes-tiers/tiers/01-storage.yaml", tag)
    bench.edit("notes-tiers/tiers/02-intake.yaml", rename)
    typo = bench.run("deploy", "notes-tiers", *tiers, "--allow-replace", "Qeue")
    assert typo.code == 3
    assert set(statuses(cloudformation).values()) == {"CREATE_COMPLETE"}
    blocked = bench.run("deploy", "notes-tiers", *tiers)
    assert blocked.code == 3
    assert "notes-tiers-dev-intake stays as it is; notes-tiers-dev-storage is deployed." in blocked.err
    bench.well("deploy", "notes-tiers", *tiers, "--allow-replace", "Queue")


def test_delete_needs_its_word_where_data_would_be_lost(
    bench: Workbench, cloudformation: Any, emulator: Endpoint, account: str
) -> None:
    bench.well("deploy", "notes", "--yes")
    # As an account of one's own is reached, not as the emulator is.
    bench.environment |= {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key}
    there = ("--endpoint-url", emulator.url)
    blocked = bench.run("delete", "notes", "--yes", where=there)
    assert blocked.code == 3
    assert "holds data: Queue, AWS::SQS::Queue: It is deleted, and the messages in the queue are lost." in blocked.err
    assert "holds data: Table" not in blocked.err
    assert "will stay behind: Table" in blocked.err
    assert "add: --allow-delete-data" in blocked.err
    silent = bench.run("delete", "notes", where=there)
    assert silent.code == 3
    assert "Say --yes --allow-delete-data to delete notes-dev" in silent.err
    assert bench.run("delete", "notes", "--allow-delete-data", where=there).code == 3
    assert statuses(cloudformation) == {"notes-dev": "CREATE_COMPLETE"}
    assert bench.run("delete", "notes", "--yes", "--allow-delete-data", where=there).code == 0
    assert statuses(cloudformation) == {}


def test_in_the_emulator_yes_alone_deletes(bench: Workbench, cloudformation: Any) -> None:
    bench.well("deploy", "notes", "--yes")
    assert "holds data: Queue" in bench.well("delete", "notes", "--yes").err
    assert statuses(cloudformation) == {}
