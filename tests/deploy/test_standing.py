"""A saved plan stands, or does not, on answers that the emulator does not give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tap.deploy import saved
from tap.deploy.body import digest
from tap.deploy.gate import BlockedError, Does, Harm
from tap.deploy.saved import SavedPlan, SavedPlanError, SavedStack
from tap.deploy.session import Session
from tap.deploy.standing import Standing, check, check_place
from tap.diff.model import Level

Stubbed = Callable[[str], tuple[Any, Stubber]]

ARN = "arn:aws:cloudformation:eu-west-1:111111111111:changeSet/tap-saved-x/1"
STACK_ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/notes-dev/2"
WHEN = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TEMPLATE = "Resources: {}"
HARM = Harm("Queue", "AWS::SQS::Queue", Does.REPLACE, Level.LOSS, "the messages", "Delete", True, ("a", "b"), "c")
ONE = SavedStack(
    "notes-dev",
    "UPDATE",
    STACK_ID,
    "eu-west-1",
    ARN,
    "t",
    "p",
    WHEN.isoformat(),
    digest(TEMPLATE),
    False,
    ("stack policy",),
    {"Statement": []},
    (HARM,),
    {"resources": []},
    "the plan",
)
PLAN = SavedPlan(
    "notes",
    "dev",
    "stack",
    "dev",
    "111111111111",
    "eu-west-1",
    "aws",
    "2026-11-21T08:00:00Z",
    "tap 0",
    "salt",
    (("notes-dev", "eu-west-1"),),
    (ONE,),
    ("later",),
)


def session(client: Any, **more: Any) -> Session:
    made = Session(boto3.session.Session(), **{"region": "eu-west-1", **more})
    made.__dict__.update({"cloudformation": client, "account": "111111111111"})
    return made


def will_describe(stubber: Stubber, status: str = "CREATE_COMPLETE", execution: str = "AVAILABLE") -> None:
    answer = {"Status": status, "ExecutionStatus": execution, "ChangeSetId": ARN}
    stubber.add_response("describe_change_set", answer, {"ChangeSetName": ARN})


def will_look(stubber: Stubber, status: str, when: datetime = WHEN) -> None:
    told = {"StackName": "notes-dev", "StackId": STACK_ID, "StackStatus": status, "CreationTime": WHEN}
    stubber.add_response("describe_stacks", {"Stacks": [told | {"LastUpdatedTime": when}]}, {"StackName": STACK_ID})


def will_give(stubber: Stubber, template: str) -> None:
    expected = {"StackName": STACK_ID, "TemplateStage": "Original"}
    stubber.add_response("get_template", {"TemplateBody": template}, expected)


def test_what_has_not_changed_stands(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_describe(stubber)
    will_look(stubber, "UPDATE_COMPLETE")
    will_give(stubber, TEMPLATE)
    assert check(ONE, session(client))[0] is Standing.READY


def test_a_template_that_may_not_be_read_is_no_reason(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_describe(stubber)
    will_look(stubber, "UPDATE_COMPLETE")
    stubber.add_client_error("get_template", "AccessDenied")
    assert check(ONE, session(client))[0] is Standing.READY


def test_a_stack_that_has_changed_since(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_describe(stubber)
    will_look(stubber, "UPDATE_COMPLETE", WHEN.replace(hour=9))
    with pytest.raises(BlockedError, match=r"has changed since the plan was made \(then 2026-11-21T08:00:00"):
        check(ONE, session(client))


def test_another_template_than_the_one_that_was_planned_against(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_describe(stubber)
    will_look(stubber, "UPDATE_COMPLETE")
    will_give(stubber, "Resources: {Other: {}}")
    with pytest.raises(BlockedError, match="its template is not the one"):
        check(ONE, session(client))


@pytest.mark.parametrize(
    ("status", "execution"),
    [("CREATE_COMPLETE", "OBSOLETE"), ("FAILED", "UNAVAILABLE"), ("DELETE_COMPLETE", "UNAVAILABLE")],
)
def test_a_change_set_that_cannot_be_executed(stubbed: Stubbed, status: str, execution: str) -> None:
    client, stubber = stubbed("cloudformation")
    will_describe(stubber, status, execution)
    will_look(stubber, "UPDATE_COMPLETE")
    with pytest.raises(BlockedError, match=rf"cannot be executed \({status}, {execution}\)"):
        check(ONE, session(client))


@pytest.mark.parametrize(
    ("code", "message"), [("ChangeSetNotFound", "no"), ("ValidationError", "Stack [x] does not exist")]
)
def test_what_is_gone(stubbed: Stubbed, code: str, message: str) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("describe_change_set", code, message, http_status_code=404)
    with pytest.raises(BlockedError, match="gone"):
        check(ONE, session(client))


@pytest.mark.parametrize(
    ("execution", "status", "standing"),
    [
        ("EXECUTE_IN_PROGRESS", "UPDATE_IN_PROGRESS", Standing.UNDER_WAY),
        ("EXECUTE_COMPLETE", "UPDATE_COMPLETE", Standing.DONE),
        ("EXECUTE_FAILED", "UPDATE_ROLLBACK_COMPLETE", None),
        ("EXECUTE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", None),
    ],
)
def test_after_a_kill_it_goes_on(stubbed: Stubbed, execution: str, status: str, standing: Standing | None) -> None:
    client, stubber = stubbed("cloudformation")
    will_describe(stubber, execution=execution)
    will_look(stubber, status)
    if standing:
        assert check(ONE, session(client))[0] is standing
    else:
        with pytest.raises(BlockedError, match="was executed"):
            check(ONE, session(client))


def test_a_stack_that_was_to_be_created_and_is_there(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_describe(stubber)
    will_look(stubber, "CREATE_COMPLETE")
    with pytest.raises(BlockedError, match="was to be created, and is CREATE_COMPLETE by now"):
        check(replace(ONE, kind="CREATE"), session(client))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"region": "us-east-1"}, "made for the region eu-west-1; this is us-east-1"),
        ({"endpoint_url": "http://x"}, "made for the endpoint aws; this is http://x"),
        ({"local": True}, "made for the endpoint aws; this is local"),
    ],
)
def test_another_place(stubbed: Stubbed, more: dict[str, Any], says: str) -> None:
    client, _ = stubbed("cloudformation")
    with pytest.raises(BlockedError, match=says):
        check_place(PLAN, session(client, **more))
    check_place(PLAN, session(client))
    with pytest.raises(BlockedError, match="made for the account 222222222222; this is 111111111111"):
        check_place(replace(PLAN, account="222222222222"), session(client))


# ── the file ──


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a" / "the.plan"
    saved.write(path, PLAN)
    assert saved.read(path) == PLAN


def test_any_altered_byte_of_content_is_found(tmp_path: Path) -> None:
    path = tmp_path / "the.plan"
    saved.write(path, PLAN)
    text = path.read_text("utf-8")
    for before, after in (
        ('"LOSS"', '"NOTE"'),
        ("the plan", "the plam"),
        ("salt", "sald"),
        ('"digest": "', '"digest": "0'),
    ):
        assert before in text
        path.write_text(text.replace(before, after, 1), "utf-8")
        with pytest.raises(BlockedError, match="was altered"):
            saved.read(path)


def test_another_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "the.plan"
    saved.write(path, PLAN)
    path.write_text(path.read_text("utf-8").replace('"version": 1', '"version": 2', 1), "utf-8")
    with pytest.raises(SavedPlanError, match="a saved plan of version 2; this tool reads version 1"):
        saved.read(path)
