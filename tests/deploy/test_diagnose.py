from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tap.deploy.diagnose import as_json, diagnose, told
from tap.deploy.events import Event, event_of
from tap.deploy.subject import Part, Subject, subject
from tests.deploy.test_events import CHILD, STACK, events, nested, of_stack, raw

NOTES = Subject("notes-dev")


def because(reason: str, **more: Any) -> dict[str, Any]:
    return {"ResourceStatusReason": reason, **more}


def test_the_first_failure_is_not_one_that_was_cancelled_because_of_it() -> None:
    found = diagnose(
        events(
            of_stack(0, "CREATE_IN_PROGRESS"),
            raw(1, "CREATE_FAILED", "A", **because("Resource creation cancelled")),
            raw(2, "CREATE_FAILED", "B", **because("Name is taken")),
            raw(3, "CREATE_FAILED", "C", **because("Resource creation canceled")),
            of_stack(4, "ROLLBACK_FAILED", **because("The following resource(s) failed to create: [B]")),
        ),
        NOTES,
    )
    assert [(cause.event.logical_id, cause.event.reason) for cause in found.causes] == [("B", "Name is taken")]
    assert found.consequences == 2
    assert (found.stack_name, found.status) == ("notes-dev", "ROLLBACK_FAILED")
    assert found.reason.startswith("The following resource(s)")


def test_it_is_looked_for_inside_nested_stacks() -> None:
    found = diagnose(
        events(
            of_stack(0, "CREATE_IN_PROGRESS"),
            raw(1, "CREATE_FAILED", "Table", StackId=CHILD, StackName="notes-Storage", **because("Limit exceeded")),
            of_stack(2, "CREATE_FAILED", CHILD),
            nested(3, "CREATE_FAILED", **because("Embedded stack was not successfully created")),
            of_stack(4, "ROLLBACK_IN_PROGRESS"),
        ),
        NOTES,
    )
    assert [cause.event.logical_id for cause in found.causes] == ["Table"]
    assert told(found)[0] == "First to fail was Table, AWS::SQS::Queue (in notes-Storage): Limit exceeded"
    assert told(found)[-1] == "1 more only followed from that (cancelled, or containing it)."


def test_a_nested_stack_s_failure_may_lack_its_id() -> None:
    found = diagnose(
        events(
            nested(1, "UPDATE_IN_PROGRESS"),
            raw(2, "UPDATE_FAILED", "Storage", ResourceType="AWS::CloudFormation::Stack", **because("Limit exceeded")),
            raw(3, "UPDATE_FAILED", "Table", StackId=CHILD, StackName="notes-Storage", **because("Limit exceeded")),
        ),
        NOTES,
    )
    assert [cause.event.logical_id for cause in found.causes] == ["Table"]


def test_a_nested_stack_of_which_nothing_more_is_known_is_the_cause_itself() -> None:
    found = diagnose(events(nested(3, "CREATE_FAILED", **because("Access denied to the template"))), NOTES)
    assert [cause.event.logical_id for cause in found.causes] == ["Storage"]


def test_what_kept_it_from_being_taken_back_is_told_apart() -> None:
    found = diagnose(
        events(
            of_stack(0, "UPDATE_IN_PROGRESS"),
            raw(1, "UPDATE_FAILED", "Service", **because("did not stabilize", ResourceType="AWS::ECS::Service")),
            of_stack(2, "UPDATE_ROLLBACK_IN_PROGRESS"),
            raw(3, "UPDATE_FAILED", "Function", **because("does not exist")),
            of_stack(4, "UPDATE_ROLLBACK_FAILED"),
        ),
        NOTES,
    )
    assert [(cause.event.logical_id, cause.while_rolling_back) for cause in found.causes] == [
        ("Service", False),
        ("Function", True),
    ]
    lines = told(found)
    assert lines[0].startswith("First to fail was Service")
    assert any(line.startswith("Not taken back was Function") for line in lines)


def test_a_failure_that_is_the_stack_s_own_is_explained_from_its_words() -> None:
    reason = "Export notes-dev-table cannot be deleted as it is in use by notes-dev-intake"
    found = diagnose(
        events(
            of_stack(0, "UPDATE_IN_PROGRESS", **because("User Initiated")),
            raw(1, "UPDATE_COMPLETE", "Table"),
            of_stack(2, "UPDATE_ROLLBACK_IN_PROGRESS", **because(reason)),
            of_stack(3, "UPDATE_ROLLBACK_COMPLETE"),
        ),
        NOTES,
    )
    lines = told(found)
    assert lines[0] == f"CloudFormation says: {reason}"
    assert "notes-dev-intake imports notes-dev-table" in lines[1]
    assert lines[2].startswith("  To do:  Change it in two steps")


def test_what_is_tried_again_and_fails_again_is_one_cause() -> None:
    again = [raw(number, "DELETE_FAILED", "Bucket", **because("not empty")) for number in (1, 5, 9)]
    assert len(diagnose(events(*again), NOTES).causes) == 1


def test_the_template_s_sentence_and_a_custom_resource_s_function_are_named() -> None:
    template = {
        "Resources": {
            "Emptier": {"Type": "AWS::Lambda::Function"},
            "Emptied": {
                "Type": "Custom::EmptiedBucket",
                "Metadata": {"Description": "Empties the bucket.", "Tier": "storage"},
                "Properties": {"ServiceToken": {"Fn::GetAtt": ["Emptier", "Arn"]}},
            },
        }
    }
    found = diagnose(
        events(
            raw(
                1,
                "CREATE_COMPLETE",
                "Emptier",
                ResourceType="AWS::Lambda::Function",
                PhysicalResourceId="notes-emptier",
            ),
            raw(2, "CREATE_FAILED", "Emptied", **because("did not receive a response from your Custom Resource")),
        ),
        subject("notes-dev", [template]),
    )
    assert found.first is not None
    assert found.first.sentence == "Empties the bucket."
    # The type of the event is the queue's: no custom resource, so no function is named.
    assert found.first.hints == ()
    custom = raw(3, "CREATE_FAILED", "Emptied", **because("no answer", ResourceType="Custom::EmptiedBucket"))
    emptier = raw(1, "CREATE_COMPLETE", "Emptier", PhysicalResourceId="notes-emptier")
    found = diagnose(events(emptier, custom), subject("notes-dev", [template]))
    assert found.first is not None
    assert found.first.hints == ("its function is Emptier; log group /aws/lambda/notes-emptier",)


def test_why_tasks_stopped_is_told_and_explained() -> None:
    reason = "Essential container in task exited"
    failed = raw(1, "CREATE_FAILED", "Service", **because("did not stabilize", ResourceType="AWS::ECS::Service"))
    found = diagnose(events(failed), Subject("x", {"Service": Part("AWS::ECS::Service")}), {"Service": [reason]})
    assert found.first is not None
    assert found.first.hints[0] == f"tasks stopped: {reason}"
    assert found.first.hints[1].startswith("A container ended by itself.")


def test_the_hook_that_forbade_it_is_named_with_its_reason() -> None:
    hook = {"HookType": "Company::Encryption::Hook", "HookStatus": "HOOK_COMPLETE_FAILED", "HookFailureMode": "FAIL"}
    found = diagnose(
        events(
            raw(1, "CREATE_IN_PROGRESS", "Bucket", HookStatusReason="No key is given.", **hook),
            raw(2, "CREATE_FAILED", "Bucket", **because("The following hook(s) failed: [Company::Encryption::Hook]")),
        ),
        NOTES,
    )
    assert found.first is not None
    assert found.first.hints == ("hook Company::Encryption::Hook: No key is given.",)
    assert found.first.advice is not None
    assert found.first.advice.id == "hook"


def test_a_diagnosis_is_plain_data_too() -> None:
    found = diagnose(
        events(of_stack(0, "CREATE_IN_PROGRESS"), raw(1, "CREATE_FAILED", "A", **because("Rate exceeded"))), NOTES
    )
    data = json.loads(json.dumps(as_json(found)))
    assert data["causes"][0]["advice"]["id"] == "throttled"
    assert data["causes"][0]["resource"] == "A"
    assert data["version"] == 1


STATUSES = [
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "UPDATE_FAILED",
    "DELETE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_COMPLETE",
]
REASONS = ["", "Resource creation cancelled", "Name already exists", "did not stabilize", "{x} [y] %s"]


@given(st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(REASONS), st.sampled_from("ABC*N")), max_size=12))
def test_any_events_are_told_without_a_fault(drawn: list[tuple[str, str, str]]) -> None:
    made = []
    for number, (status, reason, who) in enumerate(drawn):
        if who == "*":
            made.append(of_stack(number, status, **because(reason)))
        elif who == "N":
            made.append(nested(number, status, **because(reason)))
        else:
            made.append(raw(number, status, who, **because(reason)))
    found = diagnose([event_of(one) for one in made], NOTES)
    lines = told(found)
    failed = [one for one in made if one["ResourceStatus"].endswith("_FAILED") and one["StackId"] == STACK]
    causes = [one for one in failed if "cancelled" not in one.get("ResourceStatusReason", "")]
    own = [one for one in causes if one["LogicalResourceId"] != "notes-dev"]
    assert bool(lines) or not own
    json.dumps(as_json(found))


def test_a_function_s_own_log_group_goes_before_the_one_that_lambda_names() -> None:
    def emptier(group: Any) -> Subject:
        function = {"Type": "AWS::Lambda::Function", "Properties": {"LoggingConfig": {"LogGroup": group}}}
        emptied = {"Type": "Custom::Emptied", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Emptier", "Arn"]}}}
        logs = {"Type": "AWS::Logs::LogGroup"}
        return subject("notes-dev", [{"Resources": {"Emptier": function, "Emptied": emptied, "EmptierLogs": logs}}])

    failed = raw(3, "CREATE_FAILED", "Emptied", **because("no answer", ResourceType="Custom::Emptied"))
    logs = raw(1, "CREATE_COMPLETE", "EmptierLogs", PhysicalResourceId="/notes/dev/emptier")
    for group, before, where in (
        ({"Ref": "EmptierLogs"}, [logs], "/notes/dev/emptier"),
        ({"Ref": "EmptierLogs"}, [], "EmptierLogs"),
        ("/notes/all", [], "/notes/all"),
    ):
        first = diagnose(events(*before, failed), emptier(group)).first
        assert first is not None
        assert first.hints == (f"its function is Emptier; log group {where}",)


def test_what_is_told_beside_the_events_is_a_cause_where_they_have_none_else_a_hint() -> None:
    def beside(number: int, logical_id: str, reason: str) -> Event:
        return event_of(raw(number, "VALIDATION_FAILED", logical_id, ResourceStatusReason=reason))

    found = diagnose(
        events(
            of_stack(0, "CREATE_IN_PROGRESS"),
            raw(2, "CREATE_FAILED", "Table", **because("Limit exceeded")),
            of_stack(3, "CREATE_FAILED", **because("Validation failed with 2 error(s). Call DescribeEvents")),
        ),
        NOTES,
        more=[beside(1, "Queue", "NAME: taken"), beside(1, "Table", "ENUM: wrong (/x)")],
    )
    assert [(one.event.logical_id, one.hints) for one in found.causes] == [
        ("Queue", ()),
        ("Table", ("ENUM: wrong (/x)",)),
    ]
    assert told(found)[0] == "First to fail was Queue, AWS::SQS::Queue: NAME: taken"
