from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tap.deploy.events import Event, Reader, before_operation, event_of, latest, rollback_failures

Stubbed = Callable[[str], tuple[Any, Stubber]]
STACK = "arn:aws:cloudformation:eu-west-1:111111111111:stack/notes-dev/1"
CHILD = "arn:aws:cloudformation:eu-west-1:111111111111:stack/notes-dev-Storage/2"
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def raw(number: int, status: str, logical_id: str = "Queue", **more: Any) -> dict[str, Any]:
    return {
        "EventId": f"{more.get('StackId', STACK)[-1]}-{number}",
        "StackId": STACK,
        "StackName": "notes-dev",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": "",
        "ResourceType": "AWS::SQS::Queue",
        "ResourceStatus": status,
        "Timestamp": START + timedelta(seconds=number),
        **more,
    }


def of_stack(number: int, status: str, stack: str = STACK, **more: Any) -> dict[str, Any]:
    name = stack.split("/")[1]
    kind = "AWS::CloudFormation::Stack"
    return raw(number, status, name, StackId=stack, StackName=name, PhysicalResourceId=stack, ResourceType=kind, **more)


def nested(number: int, status: str, **more: Any) -> dict[str, Any]:
    return raw(number, status, "Storage", PhysicalResourceId=CHILD, ResourceType="AWS::CloudFormation::Stack", **more)


def page(*newest_first: dict[str, Any], token: str = "") -> dict[str, Any]:
    return {"StackEvents": list(newest_first), **({"NextToken": token} if token else {})}


def answers(stubber: Stubber, stack: str, *pages: dict[str, Any]) -> None:
    token: dict[str, str] = {}
    for one in pages:
        stubber.add_response("describe_stack_events", one, {"StackName": stack, **token})
        token = {"NextToken": one["NextToken"]} if "NextToken" in one else {}


def test_events_are_given_once_oldest_first_back_to_the_last_known_over_all_pages(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    reader = Reader(client, STACK, "1-1")
    answers(
        stubber,
        STACK,
        page(raw(4, "CREATE_COMPLETE"), raw(3, "CREATE_IN_PROGRESS"), token="older"),
        page(of_stack(2, "UPDATE_IN_PROGRESS"), raw(1, "CREATE_COMPLETE")),
    )
    answers(stubber, STACK, page(raw(5, "DELETE_COMPLETE"), raw(4, "CREATE_COMPLETE")))
    assert [event.id for event in reader.new()] == ["1-2", "1-3", "1-4"]
    assert [event.id for event in reader.new()] == ["1-5"]


def test_reading_stops_at_the_last_known_without_asking_for_older_pages(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    answers(stubber, STACK, page(raw(2, "CREATE_IN_PROGRESS"), raw(1, "CREATE_COMPLETE"), token="older"))
    assert [event.id for event in Reader(client, STACK, "1-1").new()] == ["1-2"]


def test_nested_stacks_are_read_from_when_the_operation_began(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    before = raw(-100, "CREATE_COMPLETE", "Table", StackId=CHILD)
    answers(stubber, STACK, page(nested(2, "UPDATE_IN_PROGRESS"), of_stack(1, "UPDATE_IN_PROGRESS"), raw(0, "X")))
    answers(stubber, CHILD, page(raw(3, "UPDATE_FAILED", "Table", StackId=CHILD), before, token="older"))
    found = Reader(client, STACK, "1-0").new()
    assert [event.id for event in found] == ["1-1", "1-2", "2-3"]


def test_a_nested_stack_at_rest_is_not_asked_again_until_its_parent_speaks_of_it(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    reader = Reader(client, STACK, "1-0")
    answers(stubber, STACK, page(nested(2, "UPDATE_IN_PROGRESS"), of_stack(1, "UPDATE_IN_PROGRESS"), raw(0, "X")))
    answers(stubber, CHILD, page(of_stack(3, "UPDATE_COMPLETE", CHILD)))
    reader.new()
    answers(stubber, STACK, page(nested(2, "UPDATE_IN_PROGRESS")))
    assert reader.new() == []
    answers(stubber, STACK, page(nested(4, "UPDATE_IN_PROGRESS"), nested(2, "UPDATE_IN_PROGRESS")))
    answers(stubber, CHILD, page(of_stack(3, "UPDATE_COMPLETE", CHILD)))
    assert [event.id for event in reader.new()] == ["1-4"]


def test_the_newest_event_is_the_mark_before_an_operation(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    answers(stubber, STACK, page(raw(7, "CREATE_COMPLETE"), raw(6, "CREATE_COMPLETE"), token="older"))
    assert latest(client, STACK) == "1-7"


def events(*found: dict[str, Any]) -> list[Event]:
    return [event_of(one) for one in found]


def test_an_operation_under_way_begins_after_the_end_of_the_one_before_it(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    answers(
        stubber,
        STACK,
        page(of_stack(6, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), nested(5, "UPDATE_COMPLETE"), token="older"),
        page(of_stack(4, "UPDATE_IN_PROGRESS"), of_stack(3, "CREATE_COMPLETE"), raw(2, "CREATE_COMPLETE")),
    )
    assert before_operation(client, STACK) == "1-3"


def test_an_operation_that_has_just_ended_is_still_the_last_one(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    answers(
        stubber,
        STACK,
        page(
            of_stack(9, "UPDATE_ROLLBACK_COMPLETE"),
            of_stack(8, "UPDATE_ROLLBACK_IN_PROGRESS"),
            raw(7, "UPDATE_FAILED"),
            of_stack(6, "UPDATE_IN_PROGRESS"),
            of_stack(5, "UPDATE_COMPLETE"),
        ),
    )
    assert before_operation(client, STACK) == "1-5"


def test_the_first_operation_of_a_stack_begins_with_its_first_event(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    answers(stubber, STACK, page(raw(2, "CREATE_IN_PROGRESS"), of_stack(1, "REVIEW_IN_PROGRESS")))
    assert before_operation(client, STACK) == ""


def test_what_a_rollback_could_not_take_back_is_told_from_what_failed_before_it(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    history = page(
        of_stack(9, "UPDATE_ROLLBACK_FAILED"),
        raw(8, "UPDATE_FAILED", "Stuck", ResourceStatusReason="it is broken"),
        raw(7, "UPDATE_COMPLETE", "Back"),
        raw(6, "UPDATE_FAILED", "Back"),
        of_stack(5, "UPDATE_ROLLBACK_IN_PROGRESS"),
        raw(4, "UPDATE_FAILED", "First"),
        nested(3, "UPDATE_IN_PROGRESS"),
        of_stack(2, "UPDATE_IN_PROGRESS"),
        of_stack(1, "CREATE_COMPLETE"),
    )
    answers(stubber, STACK, history)
    answers(stubber, STACK, history)
    answers(
        stubber,
        CHILD,
        page(
            raw(8, "UPDATE_FAILED", "Table", StackId=CHILD, StackName="notes-dev-Storage"),
            of_stack(6, "UPDATE_ROLLBACK_IN_PROGRESS", CHILD),
            of_stack(3, "UPDATE_IN_PROGRESS", CHILD),
        ),
    )
    failed = [(one.stack_name, one.logical_id) for one in rollback_failures(client, STACK)]
    assert sorted(failed) == [("notes-dev", "Stuck"), ("notes-dev-Storage", "Table")]


def test_events_that_may_not_be_read_do_not_stop_an_operation(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    for _ in range(2):
        stubber.add_client_error("describe_stack_events", "AccessDenied")
    assert latest(client, STACK) == ""
    assert before_operation(client, STACK) == ""
    stubber.add_client_error("describe_stack_events", "ExpiredToken")
    with pytest.raises(ClientError, match="ExpiredToken"):
        latest(client, STACK)


def test_a_validation_that_failed_and_its_rollback_are_one_operation(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    invalid = of_stack(3, "UPDATE_FAILED", DetailedStatus="VALIDATION_FAILED")
    back = [of_stack(5, "UPDATE_ROLLBACK_COMPLETE"), of_stack(4, "UPDATE_ROLLBACK_IN_PROGRESS")]
    answers(stubber, STACK, page(*back, invalid, of_stack(2, "UPDATE_IN_PROGRESS"), of_stack(1, "CREATE_COMPLETE")))
    assert before_operation(client, STACK) == "1-1"
