from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.stub import Stubber

from tap.deploy import failures
from tests.deploy.test_events import CHILD, STACK, START, events, of_stack, raw

Stubbed = Callable[[str], tuple[Any, Stubber]]
FAILED = {"Filters": {"FailedEvents": True}}


def told(number: int, kind: str, logical_id: str = "Queue", **more: Any) -> dict[str, Any]:
    return {
        "EventId": str(number),
        "StackId": STACK,
        "EventType": kind,
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::SQS::Queue",
        "Timestamp": START + timedelta(seconds=number),
        **more,
    }


def test_validations_hooks_and_errors_of_all_its_operations_are_read_over_all_pages(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    enum = {"ValidationName": "ENUM", "ValidationFailureMode": "FAIL", "ValidationStatus": "FAILED"}
    enum |= {"ValidationStatusReason": "no such size", "ValidationPath": "/Resources/Queue/Properties/Size"}
    hook = {"HookType": "My::Guard", "HookFailureMode": "FAIL", "HookStatusReason": "not encrypted"}
    first = [
        told(4, "VALIDATION_ERROR", **enum),
        told(3, "VALIDATION_ERROR", **enum | {"ValidationFailureMode": "WARN"}),
    ]
    stubber.add_response(
        "describe_events", {"OperationEvents": first, "NextToken": "2"}, {"OperationId": "a", **FAILED}
    )
    second = [
        told(2, "HOOK_INVOCATION_ERROR", "Table", **hook),
        told(-9, "HOOK_INVOCATION_ERROR", "Older", **hook),
        told(5, "PROVISIONING_ERROR", "notes-dev", PhysicalResourceId=STACK, ResourceStatus="CREATE_FAILED")
        | {"ResourceType": "AWS::CloudFormation::Stack"},
    ]
    asked = {"OperationId": "a", "NextToken": "2", **FAILED}
    stubber.add_response("describe_events", {"OperationEvents": second}, asked)
    error = told(1, "PROVISIONING_ERROR", "Topic", StackId=CHILD, ResourceStatus="CREATE_FAILED")
    error |= {"ResourceStatusReason": "taken"}
    stubber.add_response("describe_events", {"OperationEvents": [error]}, {"OperationId": "b", **FAILED})
    found = failures.read(
        client,
        events(
            of_stack(0, "CREATE_IN_PROGRESS", OperationId="a"),
            raw(1, "CREATE_IN_PROGRESS", OperationId="a"),
            raw(2, "CREATE_IN_PROGRESS", "Topic", StackId=CHILD, StackName="notes-dev-Storage", OperationId="b"),
        ),
    )
    assert [(one.stack_name, one.logical_id, one.status, one.reason) for one in found] == [
        ("notes-dev-Storage", "Topic", "CREATE_FAILED", "taken"),
        ("notes-dev", "Table", "HOOK_FAILED", "hook My::Guard: not encrypted"),
        ("notes-dev", "Queue", "VALIDATION_FAILED", "ENUM: no such size (/Resources/Queue/Properties/Size)"),
    ]


def test_events_without_an_operation_are_asked_for_by_the_stack(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_response("describe_events", {"OperationEvents": []}, {"StackName": STACK, **FAILED})
    assert failures.read(client, events(raw(1, "CREATE_FAILED"))) == ()
    assert failures.read(client, ()) == ()


def test_what_may_not_be_read_stops_nothing(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("describe_events", "AccessDenied")
    assert failures.read(client, events(raw(1, "CREATE_FAILED"))) == ()
