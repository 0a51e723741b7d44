"""Drift, on answers that CloudFormation gives and the emulator does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from tap.deploy.drift import Difference, DriftError, detect
from tap.deploy.mask import Mask
from tap.deploy.resolve import SECRET
from tap.deploy.session import Pace

Stubbed = Callable[[str], tuple[Any, Stubber]]
STACK = "arn:aws:cloudformation:eu-west-1:111111111111:stack/notes-dev/1"
WHEN = datetime(2026, 11, 21, tzinfo=UTC)


def will_detect(stubber: Stubber, *statuses: str, **more: Any) -> None:
    stubber.add_response("detect_stack_drift", {"StackDriftDetectionId": "d"}, {"StackName": STACK})
    for status in statuses:
        answer = {"StackId": STACK, "StackDriftDetectionId": "d", "DetectionStatus": status, "Timestamp": WHEN, **more}
        expected = {"StackDriftDetectionId": "d"}
        stubber.add_response("describe_stack_drift_detection_status", answer, expected)


def resource(logical_id: str, status: str, *differences: dict[str, str], **more: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "StackId": STACK,
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::SQS::Queue",
        "StackResourceDriftStatus": status,
        "Timestamp": WHEN,
        **more,
    }
    return found | ({"PropertyDifferences": list(differences)} if differences else {})


def will_list(stubber: Stubber, *pages: list[dict[str, Any]]) -> None:
    token: dict[str, str] = {}
    for number, one in enumerate(pages, 1):
        answer: dict[str, Any] = {"StackResourceDrifts": one}
        if number < len(pages):
            answer["NextToken"] = str(number)
        stubber.add_response("describe_stack_resource_drifts", answer, {"StackName": STACK, **token})
        token = {"NextToken": str(number)}


def difference(path: str, kind: str, before: str = "", after: str = "") -> dict[str, str]:
    return {"PropertyPath": path, "DifferenceType": kind, "ExpectedValue": before, "ActualValue": after}


def test_it_waits_and_reads_every_page(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_detect(
        stubber,
        "DETECTION_IN_PROGRESS",
        "DETECTION_IN_PROGRESS",
        "DETECTION_COMPLETE",
        StackDriftStatus="DRIFTED",
    )
    changed = difference("/Tags/0/Value", "NOT_EQUAL", "a", "b")
    will_list(stubber, [resource("B", "MODIFIED", changed)], [resource("A", "DELETED"), resource("C", "IN_SYNC")])
    found = detect(client, STACK, Mask(), Pace(), waits.append)
    assert len(waits) == 2
    assert [one.logical_id for one in found.resources] == ["A", "B", "C"]
    assert [one.logical_id for one in found.drifted] == ["A", "B"]
    assert found.drifted[1].differences == (Difference("Tags.0.Value", "changed", "a", "b"),)


def test_what_is_secret_is_not_shown(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_detect(stubber, "DETECTION_COMPLETE", StackDriftStatus="DRIFTED")
    hidden = (
        difference("/MasterUserPassword", "NOT_EQUAL", "hunter2", "hunter3"),
        difference("/Value", "NOT_EQUAL", "a known one", "other"),
    )
    will_list(stubber, [resource("A", "MODIFIED", *hidden)])
    found = detect(client, STACK, Mask(frozenset({"a known one"})), Pace(), waits.append)
    assert found.resources[0].differences == (
        Difference("MasterUserPassword", "changed", SECRET, SECRET),
        Difference("Value", "changed", SECRET, "other"),
    )


def test_what_cannot_be_checked_is_told_apart(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    reason = "Failed to detect drift on resources [A]"
    will_detect(stubber, "DETECTION_FAILED", StackDriftStatus="IN_SYNC", DetectionStatusReason=reason)
    unknown = resource("A", "UNKNOWN", DriftStatusReason="not allowed")
    will_list(stubber, [unknown, resource("B", "UNSUPPORTED"), resource("C", "SOMETHING_NEW")])
    found = detect(client, STACK, Mask(), Pace(), waits.append)
    assert found.failure == reason
    assert [(one.logical_id, one.reason) for one in found.unchecked] == [("A", "not allowed"), ("B", "")]
    assert found.drifted == ()


def test_a_detection_that_found_nothing_out_is_an_error(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_detect(stubber, "DETECTION_FAILED", DetectionStatusReason="no permission at all")
    will_list(stubber, [])
    with pytest.raises(DriftError, match="could not detect drift: no permission at all"):
        detect(client, STACK, Mask(), Pace(), waits.append)
