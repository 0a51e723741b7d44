from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from tap.deploy.account import LOGS_ROLE, decide
from tap.deploy.session import Session

Stubbed = Callable[[str], tuple[Any, Stubber]]
ROLE = "arn:aws:iam::111111111111:role/logs"


@pytest.mark.parametrize(("answer", "value"), [({"cloudwatchRoleArn": ROLE}, "false"), ({}, "true")])
def test_a_new_stack_makes_the_role_where_there_is_none(stubbed: Stubbed, answer: Any, value: str) -> None:
    client, stubber = stubbed("apigateway")
    stubber.add_response("get_account", answer)
    notes: list[str] = []
    assert decide({}, Mock(spec=Session, apigateway=client), notes.append) == {LOGS_ROLE: value}
    assert notes[0].startswith(f"{LOGS_ROLE}={value}")


@pytest.mark.parametrize("value", ["true", "false"])
def test_a_deployed_stack_keeps_what_it_has_without_asking(stubbed: Stubbed, value: str) -> None:
    client, _ = stubbed("apigateway")
    assert decide({LOGS_ROLE: value}, Mock(spec=Session, apigateway=client), pytest.fail) == {LOGS_ROLE: value}


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalFailure"])
def test_an_account_that_does_not_tell_stops_nothing(stubbed: Stubbed, code: str) -> None:
    client, stubber = stubbed("apigateway")
    stubber.add_client_error("get_account", code)
    notes: list[str] = []
    assert decide({}, Mock(spec=Session, apigateway=client), notes.append) == {}
    assert len(notes) == 1
    assert code in notes[0]


def test_a_service_out_of_reach_stops_nothing() -> None:
    client = Mock()
    client.get_account.side_effect = EndpointConnectionError(endpoint_url="https://x")
    assert decide({}, Mock(spec=Session, apigateway=client), lambda _: None) == {}
