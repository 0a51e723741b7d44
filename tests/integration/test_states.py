"""Stacks in the states that a deployment may find them in, against the emulator; a wait condition holds one there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
