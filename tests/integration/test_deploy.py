"""The deploying verbs as a person runs them, against the emulator, on small systems of the tests' own."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tap.deploy.template import parse
from tests.workbench import GENERATE, Workbench, on_a_terminal, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
NEVER_SIGNALLED = {
    "Type": "AWS::CloudFormation::WaitCondition",
    "Metadata": {"Description": "Waits for what never comes."},
    "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1"},
}
HANDLE = {"Type": "AWS::CloudFormation::WaitConditionHandle"}


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Workbench:
    return Workbench(TEMPLATES, tmp_path, environment)


@pytest.fixture
def cloudformation(clients: Any) -> Any:
    return clients("cloudformation")


def break_it(template: dict[str, Any]) -> None:
    template["Resources"] |= {"Handle": HANDLE, "Never": NEVER_SIGNALLED}


def test_a_plan_leaves_nothing_behind(bench: Workbench, cloudformation: Any) -> None:
    ran = bench.well("plan", "notes")
    assert "notes-dev: a new stack: + 3 to create" in ran.out
    assert "Holds the notes." in ran.out
    assert statuses(cloudformation) == {}
    assert "not-to-be-seen" not in ran.out + ran.err
    bench.well("deploy", "notes", "--yes")
    bench.well("plan", "notes", "--parameter", "RetentionSeconds=60")
    assert statuses(cloudformation) == {"notes-dev": "CREATE_COMPLETE"}
    left = cloudformation.list_change_sets(StackName="notes-dev")["Summaries"]
    assert [one for one in left if one["ExecutionStatus"] == "AVAILABLE"] == []


def test_create_update_in_place_replace_nothing_and_delete(bench: Workbench, cloudformation: Any, clients: Any) -> None:
    created = bench.well("deploy", "notes", "--yes")
    assert "notes-dev: CREATE_COMPLETE." in created.err
    assert created.out.split() == ["QueueUrl", bench.flat()["QueueUrl"], "TableName", "notes-dev"]
    assert json.loads((bench.outputs / "notes-dev.json").read_text()) == bench.flat()
    (stack,) = cloudformation.describe_stacks(StackName="notes-dev")["Stacks"]
    assert {"Key": "Environment", "Value": "dev"} in stack["Tags"]

    unchanged = bench.well("deploy", "notes", "--yes")
    assert "notes-dev: no changes." in unchanged.err
    assert unchanged.out == created.out

    in_place = bench.well(
        "deploy", "notes", "--yes", "--parameter", "RetentionSeconds=7200", "--parameter", "Size=large"
    )
    assert "+ 1 to create, ~ 1 to update" in in_place.err
    assert "MessageRetentionPeriod: 3600 → 7200  ← parameter RetentionSeconds" in in_place.err
    assert "notes-dev: UPDATE_COMPLETE." in in_place.err

    before = bench.flat()["QueueUrl"]
    replaced = bench.well("deploy", "notes", "--yes", "--allow-replace", "Queue", "--parameter", "QueueLabel=outbox")
    assert "-/+ replace      Queue  AWS::SQS::Queue  the present one is deleted" in replaced.err
    assert "QueueName: notes-inbox-dev → notes-outbox-dev  forces replacement ← parameter QueueLabel" in replaced.err
    assert bench.flat()["QueueUrl"] != before
    assert [url.split("/")[-1] for url in clients("sqs").list_queues()["QueueUrls"]] == ["notes-outbox-dev"]

    shown = bench.well("status", "notes")
    assert shown.out.startswith("notes-dev is there (UPDATE_COMPLETE), last changed 20")
    bench.outputs.joinpath("flat-outputs.json").unlink()
    assert bench.well("outputs", "notes").out == replaced.out

    deleted = bench.well("delete", "notes", "--yes", "--allow-delete-data")
    assert "stays behind: Table, AWS::DynamoDB::Table: notes-dev" in deleted.err
    assert clients("dynamodb").list_tables()["TableNames"] == ["notes-dev"]
    assert statuses(cloudformation) == {}
    assert list(bench.outputs.iterdir()) == []
    assert "Nothing to delete." in bench.well("delete", "notes", "--yes").err
    assert bench.well("status", "notes").out == "notes-dev does not exist\n"
    assert bench.run("outputs", "notes").code == 1


def test_a_failing_creation_is_explained_and_the_next_one_clears_it_away(bench: Workbench, cloudformation: Any) -> None:
    bench.edit("notes/stack.yaml", break_it)
    failed = bench.run("deploy", "notes", "--yes")
    assert failed.code == 4
    assert "error: notes-dev could not be created and was taken back (ROLLBACK_COMPLETE)." in failed.err
    assert "First to fail was Never, AWS::CloudFormation::WaitCondition: " in failed.err
    assert not bench.outputs.exists()
    left = cloudformation.list_stack_resources(StackName="notes-dev")["StackResourceSummaries"]
    assert [one for one in left if one["ResourceStatus"] != "DELETE_COMPLETE"] == []
    assert "deploy deletes it first" in bench.well("plan", "notes").out

    shutil.copy(TEMPLATES / "notes" / "stack.yaml", bench.out / "notes" / "stack.yaml")
    mended = parse((bench.out / "notes" / "stack.yaml").read_text("utf-8"))
    (bench.out / "notes" / "stack.json").write_text(json.dumps(mended), "utf-8")
    refused = bench.run("deploy", "notes")
    assert refused.code == 3
    assert "Delete notes-dev first? Say --yes" in refused.err
    assert statuses(cloudformation) == {"notes-dev": "ROLLBACK_COMPLETE"}
    assert "notes-dev: CREATE_COMPLETE." in bench.well("deploy", "notes", "--yes").err


def test_a_failing_update_leaves_what_was_there(bench: Workbench, cloudformation: Any) -> None:
    bench.well("deploy", "notes", "--yes")
    before = bench.flat()
    bench.edit("notes/stack.yaml", break_it)
    failed = bench.run("deploy", "notes", "--yes")
    assert failed.code == 4
    assert "could not be updated and is as it was before (UPDATE_ROLLBACK_COMPLETE)" in failed.err
    assert "First to fail was Never" in failed.err
    assert bench.flat() == before
    names = [
        one["LogicalResourceId"]
        for one in cloudformation.describe_stack_resources(StackName="notes-dev")["StackResources"]
    ]
    assert "Never" not in names


def test_without_a_terminal_and_without_yes_nothing_happens(bench: Workbench, cloudformation: Any) -> None:
    ran = bench.run("deploy", "notes")
    assert ran.code == 3
    assert "there is no terminal to ask on" in ran.err
    assert statuses(cloudformation) == {}
    bench.well("deploy", "notes", "--yes")
    assert bench.run("delete", "notes").code == 3
    assert statuses(cloudformation) == {"notes-dev": "CREATE_COMPLETE"}


def test_on_a_terminal_enter_alone_is_no_and_y_is_yes(bench: Workbench, cloudformation: Any) -> None:
    deploy = bench.arguments("deploy", "notes")
    code, text = on_a_terminal(bench, deploy, "[y/N]", "\n")
    assert code == 1
    assert "Nothing was changed." in text
    assert statuses(cloudformation) == {}
    code, text = on_a_terminal(bench, deploy, "[y/N]", "y\n")
    assert code == 0, text
    assert statuses(cloudformation) == {"notes-dev": "CREATE_COMPLETE"}
    delete = bench.arguments("delete", "notes")
    code, text = on_a_terminal(bench, delete, "to delete this", "notes\n")
    assert code == 1
    assert "Nothing was deleted." in text
    code, text = on_a_terminal(bench, delete, "to delete this", "notes-dev\n")
    assert code == 0, text
    assert statuses(cloudformation) == {}


def test_bad_parameters_are_told_all_at_once_before_any_call(bench: Workbench) -> None:
    bad = ["Size=huge", "RetentionSecond=1", "EnvironmentSuffix=-X", "ApiKey=short", "RetentionSeconds=soon"]
    options = [word for one in bad for word in ("--parameter", one)]
    # Nothing listens there: a call would end in another error.
    ran = bench.run("deploy", "notes", "--yes", *options, where=("--endpoint-url", "http://127.0.0.1:1"))
    assert ran.code == 1
    assert "5 parameters cannot be used; nothing was sent to CloudFormation." in ran.err
    assert "Did you mean RetentionSeconds?" in ran.err
    assert "cannot be reached" not in ran.err
    assert "short" not in ran.err


@pytest.mark.parametrize(
    ("environment_of_test", "where", "says"),
    [
        ({}, (), "no AWS credentials were found"),
        ({}, ("--profile", "nobody"), "profile (nobody) could not be found"),
        ({}, ("--local", "--profile", "nobody"), "Give one of them"),
        (
            {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"},
            ("--endpoint-url", "http://127.0.0.1:1"),
            "http://127.0.0.1:1/ cannot be reached",
        ),
    ],
)
def test_a_place_that_cannot_be_reached_is_one_clear_line(
    bench: Workbench, environment_of_test: dict[str, str], where: tuple[str, ...], says: str
) -> None:
    bench.environment |= environment_of_test
    ran = bench.run("plan", "notes", where=where)
    assert ran.code == 1
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_no_credentials_mean_the_emulator_where_that_was_asked_for(bench: Workbench) -> None:
    bench.environment["TAP_LOCAL"] = "auto"
    ran = bench.run("plan", "notes", where=())
    assert ran.code == 2, ran.err
    assert "using the emulator on this machine" in ran.err


def test_a_long_template_goes_through_a_bucket_made_for_it(bench: Workbench, clients: Any, account: str) -> None:
    def lengthen(template: dict[str, Any]) -> None:
        template["Metadata"]["Long"] = "x" * 60_000

    bench.edit("notes/stack.yaml", lengthen)
    ran = bench.well("deploy", "notes", "--yes")
    bucket = f"tap-templates-{account}-us-east-1"
    assert f"Made the bucket {bucket}" in ran.err
    keys = [one["Key"] for one in clients("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert len(keys) == 1
    assert keys[0].startswith("notes/")
    assert keys[0].endswith("/stack.yaml")
    blocked = clients("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    again = bench.well("deploy", "notes", "--yes", "--allow-delete", "Queue", "--parameter", "RetentionSeconds=60")
    assert "Uploaded" not in again.err
    assert "notes-dev: UPDATE_COMPLETE." in again.err


def test_tiers_follow_one_another_and_go_in_reverse(bench: Workbench, cloudformation: Any) -> None:
    tiers = ("--layout", "tiers")
    planned = bench.well("plan", "notes-tiers", *tiers)
    assert "notes-tiers-dev-storage: a new stack: + 1 to create" in planned.out
    assert "notes-tiers-dev-intake: a new stack, read off the templates: + 2 to create" in planned.out
    assert "no change set can be made before that is deployed" in planned.out
    assert statuses(cloudformation) == {}

    bench.well("deploy", "notes-tiers", "--yes", *tiers)
    assert set(bench.flat()) == {"TableName", "QueueUrl"}
    files = sorted(path.name for path in bench.outputs.iterdir())
    assert files == ["flat-outputs.json", "notes-tiers-dev-intake.json", "notes-tiers-dev-storage.json"]

    shorter = ("--parameter", "RetentionSeconds=60", "--allow-delete", "Queue")
    changed = bench.well("deploy", "notes-tiers", "--yes", *tiers, *shorter)
    assert "notes-tiers-dev-storage: no changes." in changed.err
    assert "notes-tiers-dev-intake: UPDATE_COMPLETE." in changed.err
    assert bench.well("status", "notes-tiers", *tiers).out.count(" is there ") == 2

    deleted = bench.well("delete", "notes-tiers", "--yes", "--allow-delete-data", *tiers).err
    assert deleted.index("notes-tiers-dev-intake: deleted.") < deleted.index("notes-tiers-dev-storage: deleted.")
    assert statuses(cloudformation) == {}


def test_what_no_tier_exports_is_named(bench: Workbench) -> None:
    def unexport(template: dict[str, Any]) -> None:
        del template["Outputs"]["TableName"]["Export"]

    bench.edit("notes-tiers/tiers/01-storage.yaml", unexport)
    ran = bench.run("plan", "notes-tiers", "--layout", "tiers")
    assert ran.code == 1
    assert "imports what no stack exports: notes-tiers-dev-table" in ran.err


def test_nested_stacks_are_uploaded_deployed_and_followed(bench: Workbench, cloudformation: Any) -> None:
    nested = ("--layout", "nested")
    created = bench.well("deploy", "notes-nested", "--yes", *nested)
    assert created.err.count("Uploaded") == 2
    assert "CREATE_COMPLETE          Table  AWS::DynamoDB::Table" in created.err
    assert "QueueUrl" in bench.flat()
    assert "notes-nested-dev: no changes." in bench.well("deploy", "notes-nested", "--yes", *nested).err

    def lengthen(template: dict[str, Any]) -> None:
        template["Resources"]["Queue"]["Properties"]["DelaySeconds"] = 5

    bench.edit("notes-nested/nested/intake.yaml", lengthen)
    changed = bench.well("deploy", "notes-nested", "--yes", *nested)
    assert "UPDATE_COMPLETE          Queue  AWS::SQS::Queue" in changed.err

    bench.edit("notes-nested/nested/intake.yaml", break_it)
    failed = bench.run("deploy", "notes-nested", "--yes", *nested)
    assert failed.code == 4
    assert "First to fail was Never, AWS::CloudFormation::WaitCondition (in notes-nested-dev-Intake" in failed.err, (
        failed.err
    )
    bench.well("delete", "notes-nested", "--yes", "--allow-delete-data", *nested)
    assert statuses(cloudformation) == {}


def test_another_layout_over_a_deployed_one_is_refused(bench: Workbench) -> None:
    bench.well("deploy", "notes", "--yes")
    (bench.out / "notes" / "nested").mkdir()
    for suffix in ("yaml", "json"):
        shutil.copy(bench.out / "notes" / f"stack.{suffix}", bench.out / "notes" / "nested" / f"root.{suffix}")

    def renest(template: dict[str, Any]) -> None:
        template["Metadata"]["Template"]["Layout"] = "nested"

    bench.edit("notes/nested/root.yaml", renest)
    ran = bench.run("deploy", "notes", "--layout", "nested", "--yes")
    assert ran.code == 1
    assert "is deployed in the layout 'stack'" in ran.err


def test_a_layout_beside_a_deployed_one_is_refused(bench: Workbench, cloudformation: Any) -> None:
    shutil.copytree(bench.out / "notes-tiers" / "tiers", bench.out / "notes" / "tiers")
    for path in (bench.out / "notes" / "tiers").glob("*.yaml"):
        bench.edit(
            str(path.relative_to(bench.out)), lambda template: template["Metadata"]["Template"].update(System="notes")
        )
    bench.well("deploy", "notes", "--yes")
    beside = bench.run("deploy", "notes", "--layout", "tiers", "--yes")
    assert beside.code == 1
    assert "notes-dev is there (CREATE_COMPLETE): notes is deployed in the layout stack" in beside.err
    bench.well("delete", "notes", "--yes", "--allow-delete-data")
    bench.well("deploy", "notes", "--layout", "tiers", "--yes")
    again = bench.run("deploy", "notes", "--yes")
    assert again.code == 1
    assert "notes-dev-storage is there (CREATE_COMPLETE): notes is deployed in the layout tiers" in again.err
    assert set(statuses(cloudformation)) == {"notes-dev-storage", "notes-dev-intake"}


def test_a_change_set_left_by_a_killed_run_is_taken_up(bench: Workbench, cloudformation: Any) -> None:
    ours, theirs = pty.openpty()
    arguments = bench.arguments("deploy", "notes")
    child = subprocess.Popen(arguments, env=bench.environment, stdin=theirs, stdout=theirs, stderr=theirs)
    text = ""
    while "[y/N]" not in text:
        text += os.read(ours, 65536).decode(errors="replace")
    child.kill()
    child.wait()
    os.close(ours)
    os.close(theirs)
    assert statuses(cloudformation) == {"notes-dev": "REVIEW_IN_PROGRESS"}
    bench.well("deploy", "notes", "--yes")
    assert statuses(cloudformation) == {"notes-dev": "CREATE_COMPLETE"}


def test_an_interruption_says_that_it_goes_on_and_how_to_see(bench: Workbench, cloudformation: Any) -> None:
    def wait_long(template: dict[str, Any]) -> None:
        break_it(template)
        template["Resources"]["Never"] = json.loads(json.dumps(NEVER_SIGNALLED))
        template["Resources"]["Never"]["Properties"]["Timeout"] = "600"

    bench.edit("notes/stack.yaml", wait_long)
    arguments = bench.arguments("deploy", "notes", "--yes")
    child = subprocess.Popen(
        arguments, env=bench.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    seen = ""
    while "CREATE_COMPLETE          Handle" not in seen:
        seen += child.stderr.readline()
    child.send_signal(signal.SIGINT)
    _, rest = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "The operation goes on in CloudFormation. To see how it goes: python generate.py status notes" in rest
    busy = bench.run("plan", "notes")
    assert busy.code == 1
    assert "notes-dev is being created (CREATE_IN_PROGRESS). Wait until it is done" in busy.err
    assert bench.run("delete", "notes", "--yes").code == 1
    cloudformation.delete_stack(StackName="notes-dev")


def test_the_emulator_goes_with_the_last_stack(bench: Workbench, tmp_path: Path) -> None:
    state = tmp_path / "state"
    bench.environment = {key: value for key, value in bench.environment.items() if key != "TAP_LOCAL_ACCOUNT"}
    bench.environment["TAP_STATE_DIR"] = str(state)
    try:
        bench.well("deploy", "notes", "--yes")
        bench.well("deploy", "notes", "--yes", "--parameter", "EnvironmentSuffix=two")
        assert "stopped it" not in bench.well("delete", "notes", "--yes").err
        last = bench.well("delete", "notes", "--yes", "--parameter", "EnvironmentSuffix=two")
        assert "No stack is left in the local emulator: stopped it and removed its state." in last.err
    finally:
        stop = [sys.executable, GENERATE, "local", "stop", "--forget"]
        subprocess.run(stop, env=bench.environment, capture_output=True, timeout=60, check=False)
