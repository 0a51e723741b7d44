"""What CloudFormation's validation and hooks find, on answers that the emulator does not give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from tap.deploy.findings import Finding, read

Stubbed = Callable[[str], tuple[Any, Stubber]]
ARN = "arn:aws:cloudformation:eu-west-1:111111111111:changeSet/tap-deploy-x/1"


def event(**more: Any) -> dict[str, Any]:
    return {"EventId": "1", "LogicalResourceId": "Bucket", **more}


WARNING = event(
    EventType="VALIDATION_ERROR",
    ValidationFailureMode="WARN",
    ValidationName="BUCKET_EMPTINESS_VALIDATION",
    ValidationStatus="FAILED",
    ValidationStatusReason="It is not empty.",
    ValidationPath="/Resources/Bucket",
)


def test_all_pages_are_read_and_what_is_no_finding_is_left_out(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    first = {"OperationEvents": [event(EventType="STACK_EVENT", OperationStatus="SUCCEEDED")], "NextToken": "2"}
    stubber.add_response("describe_events", first, {"ChangeSetName": ARN})
    again = {"OperationEvents": [WARNING, WARNING]}
    stubber.add_response("describe_events", again, {"ChangeSetName": ARN, "NextToken": "2"})
    (found,), unread = read(client, ARN)
    assert unread == ""
    assert found == Finding(
        "WARN", "It is not empty.", "Bucket", "/Resources/Bucket", "BUCKET_EMPTINESS_VALIDATION", skipped=False
    )
    assert not found.stops


@pytest.mark.parametrize(
    ("more", "stops", "sentence"),
    [
        ({"ValidationFailureMode": "FAIL"}, True, "Bucket /Resources/Bucket: It is not empty."),
        ({"ValidationFailureMode": "FAIL", "ValidationStatus": "SKIPPED"}, False, "could not be checked: It is"),
        ({"ValidationFailureMode": "SOMETHING"}, False, "It is not empty."),
        ({"ValidationStatusReason": ""}, False, "CloudFormation gives no reason"),
    ],
)
def test_a_failure_stops_and_nothing_else_does(
    stubbed: Stubbed, more: dict[str, Any], stops: bool, sentence: str
) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_response("describe_events", {"OperationEvents": [WARNING | more]}, {"ChangeSetName": ARN})
    (found,), _ = read(client, ARN)
    assert found.stops is stops
    assert sentence in found.sentence


def test_hooks_that_fail_are_findings_too(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    hook = event(
        EventType="HOOK_INVOCATION_ERROR",
        HookType="Acme::Encrypt::All",
        HookStatus="HOOK_COMPLETE_FAILED",
        HookStatusReason="No key.",
        HookFailureMode="FAIL",
    )
    stubber.add_response("describe_events", {"OperationEvents": [hook]}, {"ChangeSetName": ARN})
    (found,), _ = read(client, ARN)
    assert (found.stops, found.sentence) == (True, "Bucket: Acme::Encrypt::All: No key.")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "may not be read (DescribeEvents)"),
        ("InvalidAction", ""),
        ("InternalFailure", "could not be read (DescribeEvents): went wrong"),
    ],
)
def test_where_they_cannot_be_read_nothing_stops(stubbed: Stubbed, code: str, said: str) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("describe_events", code, "went wrong.")
    found, unread = read(client, ARN)
    assert found == ()
    assert said in unread
    assert bool(said) is bool(unread)
