"""Change sets on answers that CloudFormation gives and the emulator does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from tap.deploy.body import Body
from tap.deploy.changeset import ChangeSetError, Request, discard, is_no_change, make, sweep
from tap.deploy.session import Pace

Stubbed = Callable[[str], tuple[Any, Stubber]]

ARN = "arn:aws:cloudformation:eu-west-1:111111111111:changeSet/tap-deploy-x/1"
STACK_ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/notes-dev/2"
REQUEST = Request("notes-dev", "UPDATE", Body(text="Resources: {}"), {"A": "1"})
NEW = Request("notes-dev", "CREATE", Body(text="Resources: {}"), {"A": "1"})
PACE = Pace()
WARNING = {
    "EventType": "VALIDATION_ERROR",
    "LogicalResourceId": "Bucket",
    "ValidationFailureMode": "WARN",
    "ValidationStatusReason": "The bucket is not empty.",
}
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


def answer(status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
    ready = {"ExecutionStatus": "AVAILABLE" if status == "CREATE_COMPLETE" else "UNAVAILABLE"}
    return {"ChangeSetId": ARN, "StackId": STACK_ID, "StackName": "notes-dev", "Status": status, **ready, **more}


def change(logical_id: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Resource", "ResourceChange": {"Action": "Add", "LogicalResourceId": logical_id, **more}}


def stack(status: str) -> dict[str, Any]:
    return {
        "Stacks": [
            {"StackName": "notes-dev", "StackId": STACK_ID, "StackStatus": status, "CreationTime": datetime.now(UTC)}
        ]
    }


def will_create(stubber: Stubber, request: Request = REQUEST) -> None:
    stubber.add_response("create_change_set", {"Id": ARN, "StackId": STACK_ID}, request.arguments())


def will_describe(stubber: Stubber, *answers: dict[str, Any], **expected: Any) -> None:
    for one in answers:
        stubber.add_response("describe_change_set", one, {"ChangeSetName": ARN, **expected})


def will_find(stubber: Stubber, *events: dict[str, Any], arn: str = ARN) -> None:
    stubber.add_response("describe_events", {"OperationEvents": list(events)}, {"ChangeSetName": arn})


def will_remove(stubber: Stubber) -> None:
    stubber.add_response("delete_change_set", {}, {"ChangeSetName": ARN})
    stubber.add_client_error("describe_change_set", "ChangeSetNotFound", http_status_code=404)


def test_it_waits_longer_each_time_and_reads_by_arn(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    pending = [answer("CREATE_PENDING"), *[answer("CREATE_IN_PROGRESS")] * 7]
    will_describe(stubber, *pending, answer())
    will_find(stubber)
    will_describe(stubber, answer(Changes=[change("A")]))
    will_describe(stubber, answer(Changes=[change("A")]), IncludePropertyValues=True)
    made = make(client, REQUEST, PACE, waits.append)
    assert (made.arn, made.stack_id, made.empty) == (ARN, STACK_ID, False)
    assert waits[0] == 0.5
    assert waits == sorted(waits)
    assert waits[-1] == 5.0


def test_every_page_is_read_with_values_and_without(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    will_describe(stubber, answer())
    will_find(stubber)
    will_describe(stubber, answer(Changes=[change("A")], NextToken="2"))
    will_describe(stubber, answer(Changes=[change("B")], NextToken="3"), NextToken="2")
    will_describe(stubber, answer(Changes=[change("C")]), NextToken="3")
    will_describe(stubber, answer(Changes=[change("A")], NextToken="2"), IncludePropertyValues=True)
    will_describe(stubber, answer(Changes=[]), IncludePropertyValues=True, NextToken="2")
    made = make(client, REQUEST, PACE, waits.append)
    assert [one["LogicalResourceId"] for one in made.bare] == ["A", "B", "C"]
    assert [one["LogicalResourceId"] for one in made.valued] == ["A"]


@pytest.mark.parametrize("reason", [NO_CHANGES, "No updates are to be performed."])
def test_no_changes_is_a_success(stubbed: Stubbed, waits: list[float], reason: str) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    will_describe(stubber, answer("FAILED", StatusReason=reason))
    assert make(client, REQUEST, PACE, waits.append).empty


def test_another_failure_is_told_with_its_findings_and_removed(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    will_describe(stubber, answer("FAILED", StatusReason="Validation failed; use DescribeEvents."))
    finding = {
        "EventId": "1",
        "LogicalResourceId": "Bucket",
        "ValidationPath": "/Resources/Bucket/Properties/BucketName",
        "ValidationStatusReason": "A bucket of this name exists.",
    }
    will_find(stubber, finding)
    will_remove(stubber)
    with pytest.raises(
        ChangeSetError, match=r"cannot change notes-dev: Validation failed[^\n]*\n.*A bucket of this name"
    ):
        make(client, REQUEST, PACE, waits.append)


def test_findings_that_may_not_be_read_do_not_hide_the_failure(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    will_describe(stubber, answer("FAILED", StatusReason="Transform failed."))
    stubber.add_client_error("describe_events", "AccessDenied")
    will_remove(stubber)
    with pytest.raises(ChangeSetError, match=r"Transform failed\.$"):
        make(client, REQUEST, PACE, waits.append)


def test_a_failing_finding_stops_whatever_the_status_says(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    will_describe(stubber, answer())
    will_find(stubber, {"EventId": "1", **WARNING, "ValidationFailureMode": "FAIL"})
    will_remove(stubber)
    with pytest.raises(ChangeSetError, match=r"what would fail\.\n  Bucket: The bucket is not empty\.$"):
        make(client, REQUEST, PACE, waits.append)


def test_a_warning_stops_nothing_and_is_kept(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    will_describe(stubber, answer())
    will_find(stubber, {"EventId": "1", **WARNING})
    will_describe(stubber, answer())
    will_describe(stubber, answer(), IncludePropertyValues=True)
    made = make(client, REQUEST, PACE, waits.append)
    assert [one.reason for one in made.findings] == ["The bucket is not empty."]


def test_what_is_no_resource_is_told_of(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    will_describe(stubber, answer())
    will_find(stubber)
    will_describe(stubber, answer(Changes=[{"Type": "Hologram"}]))
    will_describe(stubber, answer(), IncludePropertyValues=True)
    assert make(client, REQUEST, PACE, waits.append).notes == (
        "The change set lists what this tool does not know: Hologram.",
    )


def test_one_left_by_an_earlier_run_is_taken_up(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("create_change_set", "AlreadyExistsException")
    by_name = {"ChangeSetName": REQUEST.name, "StackName": "notes-dev"}
    stubber.add_response("describe_change_set", answer(), by_name)
    will_describe(stubber, answer())
    will_find(stubber)
    will_describe(stubber, answer(Changes=[change("A")]))
    will_describe(stubber, answer(Changes=[change("A")]), IncludePropertyValues=True)
    assert make(client, REQUEST, PACE, waits.append).arn == ARN


def test_an_obsolete_one_left_by_an_earlier_run_is_replaced(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("create_change_set", "AlreadyExistsException")
    by_name = {"ChangeSetName": REQUEST.name, "StackName": "notes-dev"}
    stubber.add_response("describe_change_set", answer() | {"ExecutionStatus": "OBSOLETE"}, by_name)
    will_remove(stubber)
    will_create(stubber)
    will_describe(stubber, answer())
    will_find(stubber)
    will_describe(stubber, answer())
    will_describe(stubber, answer(), IncludePropertyValues=True)
    assert make(client, REQUEST, PACE, waits.append).bare == ()


def test_nested_change_sets_are_read_too(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    child = ARN + "-child"
    nested = change("Storage", ResourceType="AWS::CloudFormation::Stack", ChangeSetId=child)
    will_describe(stubber, answer())
    will_find(stubber)
    will_describe(stubber, answer(Changes=[nested]))
    will_describe(stubber, answer(Changes=[nested]), IncludePropertyValues=True)
    described = answer(Changes=[change("Table")]) | {"ChangeSetId": child, "StackName": "notes-dev-Storage"}
    stubber.add_response("describe_change_set", described, {"ChangeSetName": child})
    will_find(stubber, {"EventId": "1", **WARNING}, arn=child)
    for values in ({}, {"IncludePropertyValues": True}):
        stubber.add_response("describe_change_set", described, {"ChangeSetName": child, **values})
    made = make(client, REQUEST, PACE, waits.append)
    assert [one["LogicalResourceId"] for one in made.children["Storage"].bare] == ["Table"]
    assert [one.logical_id for one in made.all_findings] == ["Storage/Bucket"]


def test_discarding_takes_the_stack_in_review_away_too(stubbed: Stubbed, waits: list[float]) -> None:
    client, stubber = stubbed("cloudformation")
    will_remove(stubber)
    stubber.add_response("describe_stacks", stack("REVIEW_IN_PROGRESS"), {"StackName": STACK_ID})
    stubber.add_response("list_change_sets", {"Summaries": []}, {"StackName": "notes-dev"})
    stubber.add_response("delete_stack", {}, {"StackName": STACK_ID})
    stubber.add_response("describe_stacks", stack("DELETE_IN_PROGRESS"), {"StackName": STACK_ID})
    stubber.add_response("describe_stacks", stack("DELETE_COMPLETE"), {"StackName": STACK_ID})
    discard(client, ARN, STACK_ID, "CREATE", pace=PACE, sleep=waits.append)


def test_discarding_leaves_a_stack_in_review_that_somebody_else_has_a_change_set_for(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_remove(stubber)
    stubber.add_response("describe_stacks", stack("REVIEW_IN_PROGRESS"), {"StackName": STACK_ID})
    stubber.add_response("list_change_sets", {"Summaries": [{"ChangeSetName": "theirs"}]}, {"StackName": "notes-dev"})
    discard(client, ARN, STACK_ID, "CREATE", pace=PACE)


def test_discarding_never_deletes_a_stack_that_is_there(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_remove(stubber)
    discard(client, ARN, STACK_ID, "UPDATE", pace=PACE)
    will_remove(stubber)
    stubber.add_response("describe_stacks", stack("CREATE_COMPLETE"), {"StackName": STACK_ID})
    discard(client, ARN, STACK_ID, "CREATE", pace=PACE)


def test_interrupted_while_waiting_it_is_removed(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_create(stubber)
    will_describe(stubber, answer("CREATE_IN_PROGRESS"))
    will_remove(stubber)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(client, REQUEST, PACE, interrupt)


def test_the_name_is_the_same_for_the_same_content_and_another_for_any_other() -> None:
    assert REQUEST.name == Request("notes-dev", "UPDATE", Body(text="Resources: {}"), {"A": "1"}).name
    others = [
        NEW,
        Request("notes-prod", "UPDATE", Body(text="Resources: {}"), {"A": "1"}),
        Request("notes-dev", "UPDATE", Body(text="Resources: {B}"), {"A": "1"}),
        Request("notes-dev", "UPDATE", Body(url="https://s3/x"), {"A": "1"}),
        Request("notes-dev", "UPDATE", Body(text="Resources: {}"), {"A": "2"}),
        Request("notes-dev", "UPDATE", Body(text="Resources: {}"), {"A": "1"}, tags={"T": "1"}),
        Request("notes-dev", "UPDATE", Body(text="Resources: {}"), {"A": "1"}, purpose="plan"),
    ]
    assert len({one.name for one in (REQUEST, *others)}) == len(others) + 1
    assert all(len(one.name) <= 128 for one in others)


def test_everything_is_sent() -> None:
    body = Body(url="https://s3/x", parameters=(("TemplatesBucket", "b"),))
    arguments = Request("n", "CREATE", body, {"A": "1"}, ["CAPABILITY_IAM"], {"T": "v"}, nested=True).arguments()
    assert arguments == {
        "StackName": "n",
        "ChangeSetName": ANY,
        "ChangeSetType": "CREATE",
        "TemplateURL": "https://s3/x",
        "Parameters": [
            {"ParameterKey": "A", "ParameterValue": "1"},
            {"ParameterKey": "TemplatesBucket", "ParameterValue": "b"},
        ],
        "Capabilities": ["CAPABILITY_IAM"],
        "Tags": [{"Key": "T", "Value": "v"}],
        "IncludeNestedStacks": True,
    }


def test_other_reasons_are_no_lack_of_changes() -> None:
    assert not is_no_change("Requires capabilities : [CAPABILITY_IAM]")


def summary(name: str, execution: str) -> dict[str, Any]:
    return {"ChangeSetName": name, "ChangeSetId": f"{ARN}/{name}", "ExecutionStatus": execution}


def test_what_killed_runs_left_is_swept_away_and_nothing_else(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    first = [summary("tap-plan-1", "AVAILABLE"), summary("tap-saved-1", "AVAILABLE"), summary("theirs", "AVAILABLE")]
    second = [summary("tap-deploy-1", "OBSOLETE"), summary("tap-deploy-2", "EXECUTE_COMPLETE")]
    stubber.add_response("list_change_sets", {"Summaries": first, "NextToken": "more"}, {"StackName": STACK_ID})
    stubber.add_response("delete_change_set", {}, {"ChangeSetName": f"{ARN}/tap-plan-1"})
    stubber.add_response("list_change_sets", {"Summaries": second}, {"StackName": STACK_ID, "NextToken": "more"})
    stubber.add_response("delete_change_set", {}, {"ChangeSetName": f"{ARN}/tap-deploy-1"})
    sweep(client, STACK_ID)
    stubber.assert_no_pending_responses()


def test_what_cannot_be_swept_does_not_fail_a_deployment(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("list_change_sets", "AccessDenied")
    sweep(client, STACK_ID)
