"""Stacks in the states that a deployment may find them in, against the emulator; a wait condition holds one there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tap import guarding
from tap.local import Endpoint
from tap.model import Guard
from tests.workbench import Workbench, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
HANDLE = {"Type": "AWS::CloudFormation::WaitConditionHandle"}


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Workbench:
    return Workbench(TEMPLATES, tmp_path, environment)


@pytest.fixture
def cloudformation(clients: Any) -> Any:
    return clients("cloudformation")


def wait(seconds: int) -> Any:
    """Hold a deployment until it is signalled, or for so many seconds; then it fails."""

    def put(template: dict[str, Any]) -> None:
        properties = {"Handle": {"Ref": "Handle"}, "Timeout": str(seconds)}
        held = {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": "Queue", "Properties": properties}
        template["Resources"] |= {"Handle": HANDLE, "Held": held}

    return put


def signal(cloudformation: Any, status: str = "SUCCESS") -> None:
    """Let go of what is held."""
    cloudformation.signal_resource(StackName="notes-dev", LogicalResourceId="Held", UniqueId="1", Status=status)


def killed(bench: Workbench, *more: str) -> None:
    """Deploy, and kill that once the operation has begun and waits."""
    for line in lines_of(bench, *more):
        if "_COMPLETE" in line and " Queue " in line:
            return
    raise AssertionError("the deployment ended before it could be killed")


def lines_of(bench: Workbench, *more: str) -> Iterator[str]:
    """Deploy; gives the lines of its standard error, and its exit code last. Killed when nobody reads on."""
    arguments = bench.arguments("deploy", "notes", "--yes", *more)
    with subprocess.Popen(arguments, env=bench.environment, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        try:
            yield from child.stderr
            yield str(child.wait(timeout=60))
        finally:
            child.kill()


def test_after_a_kill_the_operation_is_followed_to_its_end(bench: Workbench, cloudformation: Any) -> None:
    bench.edit("notes/stack.yaml", wait(600))
    killed(bench)
    assert statuses(cloudformation) == {"notes-dev": "CREATE_IN_PROGRESS"}
    lines = []
    for line in lines_of(bench):
        lines.append(line)
        if "following that to its end first" in line:
            signal(cloudformation)
    said = "".join(lines)
    assert lines[-1] == "0", said
    assert "notes-dev is being created (CREATE_IN_PROGRESS): following that to its end first." in said
    assert "notes-dev: no changes." in said
    assert bench.flat()["TableName"] == "notes-dev"
    events = [
        one
        for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName="notes-dev")
        for one in page["StackEvents"]
        if one["ResourceType"] == "AWS::CloudFormation::Stack"
    ]
    begun = [one for one in events if one["ResourceStatus"] == "CREATE_IN_PROGRESS"]
    assert len(begun) == 1
    assert begun[0]["ClientRequestToken"].startswith("tap-")


def test_after_following_a_fresh_change_set_is_made(bench: Workbench, cloudformation: Any) -> None:
    bench.edit("notes/stack.yaml", wait(600))
    killed(bench)
    said = ""
    for line in lines_of(bench, "--parameter", "RetentionSeconds=7200"):
        said += line
        if "following that to its end first" in line:
            signal(cloudformation)
    assert "MessageRetentionPeriod: 3600 → 7200" in said
    assert "notes-dev: UPDATE_COMPLETE." in said
    assert statuses(cloudformation) == {"notes-dev": "UPDATE_COMPLETE"}


def test_a_followed_operation_that_fails_is_explained_and_nothing_is_begun(
    bench: Workbench, cloudformation: Any
) -> None:
    bench.well("deploy", "notes", "--yes")
    bench.edit("notes/stack.yaml", wait(600))
    killed(bench)
    lines = []
    for line in lines_of(bench):
        lines.append(line)
        if "following that to its end first" in line:
            signal(cloudformation, "FAILURE")
    said = "".join(lines)
    assert lines[-1] == "4"
    assert "could not be updated and is as it was before (UPDATE_ROLLBACK_COMPLETE)" in said
    assert "First to fail was Held" in said
    assert statuses(cloudformation) == {"notes-dev": "UPDATE_ROLLBACK_COMPLETE"}
    left = cloudformation.list_change_sets(StackName="notes-dev")["Summaries"]
    assert [one for one in left if one["ExecutionStatus"] == "AVAILABLE"] == []


# ── settings of the environment ──


def guard(bench: Workbench, **more: Any) -> None:
    """Settings for the environment dev, and a policy that forbids to replace or delete the queue."""
    folder = bench.out / "notes" / "deployment"
    folder.mkdir(exist_ok=True)
    settings = guarding.settings(Guard(protected=True, stack_policy=True)) | more
    (folder / "dev.json").write_text(json.dumps(settings))
    policy = guarding.stack_policy([{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}])
    (bench.out / "notes" / "stack-policy.json").write_text(json.dumps(policy))


def test_protection_and_policy_are_planned_set_and_kept(bench: Workbench, cloudformation: Any) -> None:
    guard(bench)
    planned = bench.well("plan", "notes").out
    assert "Once it is deployed, termination protection: off → on." in planned
    assert "Once it is deployed, stack policy: none → forbids to replace and delete" in planned
    bench.well("deploy", "notes", "--yes")
    (stack,) = cloudformation.describe_stacks(StackName="notes-dev")["Stacks"]
    assert stack["EnableTerminationProtection"] is True
    assert "AWS::SQS::Queue" in cloudformation.get_stack_policy(StackName="notes-dev")["StackPolicyBody"]
    refused = bench.run("delete", "notes", "--yes")
    assert refused.code == 1
    assert "is protected against deletion" in refused.err

    blocked = bench.run("deploy", "notes", "--yes", "--allow-replace", "Queue", "--parameter", "QueueLabel=outbox")
    assert blocked.code == 3
    assert "the stack policy of notes-dev forbids this: Queue (AWS::SQS::Queue) holds data" in blocked.err
    open_ = json.loads(blocked.err.split("--stack-policy-body '")[1].split("'")[0])
    cloudformation.set_stack_policy(StackName="notes-dev", StackPolicyBody=json.dumps(open_))
    done = bench.well("deploy", "notes", "--yes", "--allow-replace", "Queue", "--parameter", "QueueLabel=outbox")
    assert "notes-dev: stack policy is set." in done.err
    assert "Deny" in cloudformation.get_stack_policy(StackName="notes-dev")["StackPolicyBody"]

    cloudformation.update_termination_protection(StackName="notes-dev", EnableTerminationProtection=False)
    outbox = ("--parameter", "QueueLabel=outbox")
    protected = bench.run("plan", "notes", *outbox, "--fail-on", "change", "--format", "json")
    (told,) = json.loads(protected.out)["stacks"]
    assert (protected.code, told["pending"], told["empty"]) == (2, True, True)
    assert told["settings"] == [{"name": "termination protection", "before": "off", "after": "on"}]
    assert bench.run("deploy", "notes", *outbox).code == 3
    again = bench.well("deploy", "notes", "--yes", *outbox)
    assert "no changes" in again.err
    assert "termination protection is set" in again.err


def test_an_account_or_region_that_is_not_allowed_is_blocked_before_any_change(
    bench: Workbench, cloudformation: Any, account: str, emulator: Endpoint
) -> None:
    guard(bench, AllowedAccounts=["222222222222"])
    bench.environment |= {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key}
    there = ("--endpoint-url", emulator.url)
    for verb in ("plan", "deploy", "delete"):
        ran = bench.run(verb, "notes", *(() if verb == "plan" else ("--yes",)), where=there)
        assert ran.code == 3, ran.err
        assert f"may not be in the account {account}; allowed: 222222222222" in ran.err
    assert statuses(cloudformation) == {}
    assert bench.run("status", "notes", where=there).code == 0
    guard(bench, AllowedRegions=["eu-west-3"])
    assert "may not be in us-east-1; allowed: eu-west-3" in bench.run("plan", "notes").err


# ── what becomes of a failure ──


def test_on_failure(bench: Workbench, cloudformation: Any) -> None:
    bench.edit("notes/stack.yaml", wait(1))
    deleted = bench.run("deploy", "notes", "--yes", "--on-failure", "delete")
    assert deleted.code == 4, deleted.err
    assert "First to fail was Held" in deleted.err
    assert statuses(cloudformation) == {}
    kept = bench.run("deploy", "notes", "--yes", "--on-failure", "keep")
    assert kept.code == 5
    assert statuses(cloudformation) == {"notes-dev": "CREATE_FAILED"}
    assert bench.run("deploy", "notes", "--yes", "--express").code == 3
    both = bench.run("deploy", "notes", "--yes", "--express", "--on-failure", "delete")
    assert both.code == 2
    assert "cannot be combined" in both.err


def test_a_replacement_is_not_begun_where_the_rollback_is_off(bench: Workbench) -> None:
    bench.well("deploy", "notes", "--yes")
    ran = bench.run(
        "deploy",
        "notes",
        "--yes",
        "--on-failure",
        "keep",
        "--allow-replace",
        "Queue",
        "--parameter",
        "QueueLabel=outbox",
    )
    assert ran.code == 1
    assert "with --on-failure keep CloudFormation replaces nothing, and Queue would or may be replaced" in ran.err
