from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from tap.deploy.aws_errors import AwsError
from tap.deploy.events import event_of
from tap.deploy.session import Pace
from tap.deploy.subject import Subject
from tap.deploy.watch import QUIET_POLLS, Outcome, Watch
from tests.deploy.test_events import CHILD, STACK, answers, nested, of_stack, page, raw

Stubbed = Callable[[str], tuple[Any, Stubber]]
BEFORE = raw(0, "CREATE_COMPLETE")


def watch_of(client: Any) -> Watch:
    return Watch(client, STACK, "1-0", Subject("notes-dev"), Pace(), "To see how it goes: status.")


def watch(client: Any, waits: list[float]) -> Outcome:
    """Look until it has ended."""
    found = watch_of(client)
    while not found.outcome:
        found.look()
        waits.append(found.wait)
    return found.outcome


def at(status: str) -> dict[str, Any]:
    one = {"StackName": "notes-dev", "StackId": STACK, "StackStatus": status, "CreationTime": datetime.now(UTC)}
    return {"Stacks": [one]}


def test_it_follows_until_the_stack_itself_is_at_rest(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    answers(stubber, STACK, page(of_stack(1, "UPDATE_IN_PROGRESS"), BEFORE))
    answers(stubber, STACK, page(of_stack(1, "UPDATE_IN_PROGRESS"), BEFORE))
    stubber.add_response("describe_stacks", at("UPDATE_IN_PROGRESS"), {"StackName": STACK})
    cleaning = of_stack(3, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    answers(stubber, STACK, page(cleaning, raw(2, "UPDATE_COMPLETE"), of_stack(1, "UPDATE_IN_PROGRESS")))
    answers(stubber, STACK, page(of_stack(4, "UPDATE_COMPLETE"), cleaning))
    outcome = watch(client, waits)
    assert outcome.status == "UPDATE_COMPLETE"
    assert [event.id for event in outcome.events] == ["1-1", "1-2", "1-3", "1-4"]
    assert waits == [0.5, 0.75, 0.5, 0.5]


def test_throttling_and_broken_answers_are_survived(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("describe_stack_events", "Throttling", "Rate exceeded")
    stubber.add_client_error("describe_stack_events", "InternalFailure", http_status_code=503)
    answers(stubber, STACK, page(of_stack(1, "CREATE_COMPLETE"), BEFORE))
    assert watch(client, waits).status == "CREATE_COMPLETE"


def test_throttling_that_does_not_end_is_told_some_time(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    for _ in range(21):
        stubber.add_client_error("describe_stack_events", "Throttling", "Rate exceeded")
    with pytest.raises(AwsError, match=r"throttling.*goes on in CloudFormation. To see how it goes: status\."):
        watch(client, waits)


def test_expired_credentials_end_the_watching_not_the_operation(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("describe_stack_events", "ExpiredToken")
    with pytest.raises(AwsError, match=r"expired.*The operation goes on in CloudFormation"):
        watch(client, waits)


def test_what_a_look_found_that_broke_off_is_not_lost(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    begun = of_stack(1, "UPDATE_IN_PROGRESS")
    ended = of_stack(5, "UPDATE_COMPLETE")
    answers(stubber, STACK, page(ended, nested(2, "UPDATE_IN_PROGRESS"), begun, BEFORE))
    stubber.add_client_error("describe_stack_events", "Throttling", "Rate exceeded")
    answers(
        stubber, CHILD, page(raw(3, "UPDATE_COMPLETE", "Table", StackId=CHILD), of_stack(2, "X_IN_PROGRESS", CHILD))
    )
    outcome = watch(client, waits)
    assert outcome.status == "UPDATE_COMPLETE"
    assert [event.id for event in outcome.events] == ["1-1", "1-2", "2-2", "2-3", "1-5"]


def test_a_stack_that_rests_without_a_word_is_believed_in_the_end(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    for _ in range(11):
        answers(stubber, STACK, page(BEFORE))
        stubber.add_response("describe_stacks", at("UPDATE_COMPLETE"), {"StackName": STACK})
    assert watch(client, waits).status == "UPDATE_COMPLETE"


def test_the_outcome_knows_the_failure_the_reason_and_what_was_left() -> None:
    found = (
        event_of(raw(1, "DELETE_FAILED", "Bucket", ResourceStatusReason="not empty")),
        event_of(raw(2, "DELETE_SKIPPED", "Table")),
        event_of(of_stack(3, "DELETE_FAILED", ResourceStatusReason="failed to delete: [Bucket]")),
    )
    outcome = Outcome("DELETE_FAILED", found)
    assert [cause.event for cause in outcome.diagnosis.causes] == [found[0]]
    assert outcome.skipped == (found[1],)
    assert outcome.reason == "failed to delete: [Bucket]"


def test_where_events_may_not_be_read_the_status_tells_the_end(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    for status in ["UPDATE_IN_PROGRESS", *["UPDATE_COMPLETE"] * (QUIET_POLLS + 1)]:
        stubber.add_client_error("describe_stack_events", "AccessDenied")
        stubber.add_response("describe_stacks", at(status), {"StackName": STACK})
    outcome = watch(client, waits)
    assert outcome.status == "UPDATE_COMPLETE"
    assert outcome.events == ()


def test_a_validation_that_failed_is_not_the_end_where_a_rollback_follows(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    invalid = of_stack(2, "CREATE_FAILED", DetailedStatus="VALIDATION_FAILED")
    answers(stubber, STACK, page(invalid, of_stack(1, "CREATE_IN_PROGRESS"), BEFORE))
    answers(stubber, STACK, page(of_stack(4, "ROLLBACK_COMPLETE"), of_stack(3, "ROLLBACK_IN_PROGRESS"), invalid))
    stubber.add_response("describe_events", {"OperationEvents": []})
    assert watch(client, waits).status == "ROLLBACK_COMPLETE"
