"""Beginning an operation once, however often the call is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import StringShape, StructureShape
from botocore.stub import ANY, Stubber

from tap.deploy.changeset import Conduct
from tap.deploy.execute import BEGUN, delete, execute, token
from tests.deploy.test_events import raw

Stubbed = Callable[[str], tuple[Any, Stubber]]

ARN = "arn:aws:cloudformation:eu-west-1:111111111111:changeSet/tap-deploy-x/1"
STACK_ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/notes-dev/2"
MODEL = botocore.session.get_session().get_service_model("cloudformation")


def will_look(stubber: Stubber, newest: str = "7") -> None:
    stubber.add_response(
        "describe_stack_events", {"StackEvents": [raw(0, "CREATE_COMPLETE", EventId=newest)]}, {"StackName": STACK_ID}
    )


def will_execute(stubber: Stubber, refused: str = "", **more: Any) -> None:
    expected = {
        "ChangeSetName": ARN,
        "RetainExceptOnCreate": True,
        "ClientRequestToken": token("execute", ARN),
        **(more or {"DisableRollback": False}),
    }
    expected = {key: value for key, value in expected.items() if value is not None}
    if refused:
        stubber.add_client_error("execute_change_set", refused, expected_params=expected)
    else:
        stubber.add_response("execute_change_set", {}, expected)


def test_a_token_is_one_that_the_api_takes() -> None:
    shape = MODEL.shape_for("ClientRequestToken")
    assert isinstance(shape, StringShape)
    made = token("execute", ARN)
    assert re.fullmatch(shape.metadata["pattern"], made)
    assert shape.metadata["min"] <= len(made) <= shape.metadata["max"]
    assert made == token("execute", ARN)
    assert made != token("delete", ARN)


def test_a_change_set_is_executed_by_its_arn(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_look(stubber)
    will_execute(stubber)
    assert execute(client, ARN, STACK_ID) == "7"


@pytest.mark.parametrize(
    ("conduct", "kind", "made", "executed"),
    [
        (Conduct(), "CREATE", {}, False),
        (Conduct(), "UPDATE", {}, False),
        (Conduct("keep"), "CREATE", {}, True),
        (Conduct("delete"), "CREATE", {"OnStackFailure": "DELETE"}, None),
        # OnStackFailure=DELETE is for a stack that is created.
        (Conduct("delete"), "UPDATE", {}, False),
        # Express mode leaves the rollback off unless it is told.
        (Conduct(express=True), "CREATE", {"DeploymentConfig": {"Mode": "EXPRESS", "DisableRollback": False}}, None),
        (
            Conduct("keep", express=True),
            "UPDATE",
            {"DeploymentConfig": {"Mode": "EXPRESS", "DisableRollback": True}},
            None,
        ),
        (Conduct(revert_drift=True), "UPDATE", {"DeploymentMode": "REVERT_DRIFT"}, False),
        (Conduct(revert_drift=True), "CREATE", {}, False),
    ],
)
def test_what_becomes_of_a_failure_is_said_once(
    stubbed: Stubbed, conduct: Conduct, kind: Any, made: dict[str, Any], executed: bool | None
) -> None:
    assert conduct.arguments(kind) == made
    shape = MODEL.shape_for("CreateChangeSetInput")
    assert isinstance(shape, StructureShape)
    assert set(made) <= set(shape.members)
    client, stubber = stubbed("cloudformation")
    will_look(stubber)
    will_execute(stubber, DisableRollback=executed)
    execute(client, ARN, STACK_ID, disable_rollback=conduct.disable_rollback(kind))


@pytest.mark.parametrize("status", sorted(BEGUN))
def test_a_lost_answer_is_no_error(stubbed: Stubbed, status: str) -> None:
    client, stubber = stubbed("cloudformation")
    will_look(stubber)
    will_execute(stubber, "InvalidChangeSetStatus")
    stubber.add_response("describe_change_set", {"ExecutionStatus": status}, {"ChangeSetName": ARN})
    assert execute(client, ARN, STACK_ID) == "7"


@pytest.mark.parametrize("status", ["OBSOLETE", "UNAVAILABLE"])
def test_one_that_cannot_be_executed_is_an_error(stubbed: Stubbed, status: str) -> None:
    client, stubber = stubbed("cloudformation")
    will_look(stubber)
    will_execute(stubber, "InvalidChangeSetStatus")
    stubber.add_response("describe_change_set", {"ExecutionStatus": status}, {"ChangeSetName": ARN})
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        execute(client, ARN, STACK_ID)


def test_the_execution_statuses_are_those_of_the_api() -> None:
    shape = MODEL.shape_for("ExecutionStatus")
    assert isinstance(shape, StringShape)
    assert {*BEGUN, "OBSOLETE", "UNAVAILABLE", "AVAILABLE"} == set(shape.enum)


def test_a_deletion_names_what_stays_and_a_new_attempt_has_a_new_token(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    tokens = []
    for newest in ("7", "7", "8"):
        will_look(stubber, newest)
        expected = {"StackName": STACK_ID, "ClientRequestToken": ANY, "RetainResources": ["Bucket"]}
        stubber.add_response("delete_stack", {}, expected)
        client.meta.events.register_first(
            "provide-client-params.cloudformation.DeleteStack",
            lambda params, **_: tokens.append(params["ClientRequestToken"]),
            unique_id="tokens",
        )
        assert delete(client, STACK_ID, ["Bucket"]) == newest
    assert tokens[0] == tokens[1] != tokens[2]


def test_a_forced_deletion_says_so(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_look(stubber)
    expected = {"StackName": STACK_ID, "ClientRequestToken": ANY, "DeletionMode": "FORCE_DELETE_STACK"}
    stubber.add_response("delete_stack", {}, expected)
    delete(client, STACK_ID, force=True)
