"""What guards an environment: where it may go, what is set on its stacks, what a policy forbids."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tap import guarding, synth
from tap.deploy.gate import BlockedError, Does, Harm
from tap.deploy.guard import Setting, Settings, apply, check_place, differences, forbidden, read
from tap.deploy.session import Session
from tap.deploy.source import SourceError
from tap.deploy.stacks import Stack
from tap.diff.model import Level
from tap.model import Guard
from tests.building import bucket, system, tier

Stubbed = Callable[[str], tuple[Any, Stubber]]

STACK = Stack("notes-dev", "arn:stack", "UPDATE_COMPLETE")
POLICY = guarding.stack_policy([{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}])
PROTECTED = Settings(protected=True, policy=POLICY)
QUEUE = Harm("Queue", "AWS::SQS::Queue", Does.REPLACE, Level.LOSS)


def session(account: str = "111111111111", region: str = "eu-west-1", *, local: bool = False) -> Session:
    made = Session(boto3.session.Session(), region, "http://127.0.0.1:1", local)
    made.__dict__["account"] = account
    return made


def will_tell(stubber: Stubber, policy: Any) -> None:
    answer = {"StackPolicyBody": json.dumps(policy)} if policy else {}
    stubber.add_response("get_stack_policy", answer, {"StackName": "arn:stack"})


def test_what_is_emitted_is_what_is_read(tmp_path: Path) -> None:
    guard = Guard(("111111111111",), ("eu-west-1",), protected=True, stack_policy=True, express=True)
    made = system(tier("a", bucket("B")), environments={"dev": {}, "prod": {}}, guards={"prod": guard})
    files = list(synth.emit(made))
    synth.write(synth.differences(files, tmp_path, [], ()), tmp_path)
    policy = json.loads((tmp_path / "shop" / "stack-policy.json").read_text())
    assert read("shop", "prod", tmp_path) == Settings(("111111111111",), ("eu-west-1",), True, policy, True)
    assert read("shop", "dev", tmp_path) == Settings()
    assert read("shop", "other", tmp_path) == Settings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "must have these keys and no other: AllowedAccounts, "),
        (json.dumps(guarding.settings(Guard()) | {"More": 1}), "must have these keys and no other"),
        (
            json.dumps(guarding.settings(Guard()) | {"AllowedAccounts": "1"}),
            'AllowedAccounts is "1", which it cannot be',
        ),
        (json.dumps(guarding.settings(Guard(stack_policy=True))), "stack-policy.json, the stack policy, is missing"),
    ],
)
def test_a_file_that_does_not_say_what_it_must_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "notes" / "deployment").mkdir(parents=True)
    (tmp_path / "notes" / "deployment" / "dev.json").write_text(text)
    with pytest.raises(SourceError, match="run: make synth") as raised:
        read("notes", "dev", tmp_path)
    assert says in str(raised.value)


def test_an_environment_goes_only_where_it_may() -> None:
    listed = Settings(("222222222222",), ("eu-west-1", "eu-west-2"))
    with pytest.raises(BlockedError, match="may not be in the account 111111111111; allowed: 222222222222"):
        check_place(listed, session(), "prod")
    with pytest.raises(BlockedError, match="may not be in us-east-1; allowed: eu-west-1, eu-west-2"):
        check_place(listed, session("222222222222", "us-east-1"), "prod")
    check_place(listed, session("222222222222"), "prod")
    # The emulator is nobody's account.
    check_place(listed, session(local=True), "prod")


def test_an_empty_list_means_any_and_the_account_is_not_asked_for() -> None:
    unasked = Session(boto3.session.Session(), "eu-west-1", "http://127.0.0.1:1")
    check_place(Settings(), unasked, "prod")
    assert "account" not in unasked.__dict__


def test_what_differs_is_told_before_and_after(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    will_tell(stubber, None)
    assert [one.sentence for one in differences(client, STACK, PROTECTED)] == [
        "termination protection: off → on",
        "stack policy: none → forbids to replace and delete AWS::CloudFormation::Stack, AWS::SQS::Queue",
    ]
    will_tell(stubber, POLICY)
    assert differences(client, Stack("n", "arn:stack", "UPDATE_COMPLETE", protected=True), PROTECTED) == ()
    other = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}
    will_tell(stubber, other)
    (policy,) = differences(client, STACK, Settings(policy=POLICY))
    assert policy.before == json.dumps(other)


def test_a_new_stack_has_no_policy_and_is_not_asked_for_one(stubbed: Stubbed) -> None:
    client, _ = stubbed("cloudformation")
    assert len(differences(client, Stack("notes-dev"), PROTECTED)) == 2


def test_protection_beyond_the_file_stays(stubbed: Stubbed) -> None:
    client, _ = stubbed("cloudformation")
    assert differences(client, Stack("n", "arn:stack", "UPDATE_COMPLETE", protected=True), Settings()) == ()


def test_a_policy_that_may_not_be_read_is_set(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("get_stack_policy", "AccessDenied")
    (policy,) = differences(client, STACK, Settings(policy=POLICY))
    assert policy.before == "unknown (GetStackPolicy is not allowed)"


def test_a_policy_is_set_on_nested_stacks_too(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    child = "arn:aws:cloudformation:eu-west-1:111111111111:stack/child/1"

    def listed(*rows: dict[str, str]) -> dict[str, Any]:
        common = {"LastUpdatedTimestamp": "2026-11-21T00:00:00Z", "ResourceStatus": "CREATE_COMPLETE"}
        return {"StackResourceSummaries": [common | row for row in rows]}

    row = {"LogicalResourceId": "C", "ResourceType": "AWS::CloudFormation::Stack", "PhysicalResourceId": child}
    stubber.add_response("list_stack_resources", listed(row), {"StackName": "arn:stack"})
    stubber.add_response("list_stack_resources", listed(), {"StackName": child})
    for name in ("arn:stack", child):
        stubber.add_response("set_stack_policy", {}, {"StackName": name, "StackPolicyBody": json.dumps(POLICY)})
    protect = {"StackName": "arn:stack", "EnableTerminationProtection": True}
    stubber.add_response("update_termination_protection", {}, protect)
    apply(client, "arn:stack", [Setting("termination protection", "", ""), Setting("stack policy", "", "")], PROTECTED)


@pytest.mark.parametrize(
    ("statement", "denies"),
    [
        ({"Action": "Update:*", "Resource": "*"}, True),
        ({"Action": ["Update:Replace"], "Resource": "LogicalResourceId/Queue"}, True),
        ({"Action": "Update:Delete", "Resource": "*"}, False),
        ({"Action": "Update:*", "Resource": "LogicalResourceId/Table"}, False),
        (
            {
                "Action": "Update:*",
                "Resource": "*",
                "Condition": {"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}},
            },
            False,
        ),
        (
            {"Action": "Update:*", "Resource": "*", "Condition": {"StringEquals": {"ResourceType": "AWS::SQS::Queue"}}},
            True,
        ),
        (
            {"Action": "Update:*", "Resource": "*", "Condition": {"StringLike": {"ResourceType": ["AWS::SQS::*"]}}},
            False,
        ),
    ],
)
def test_what_a_policy_forbids(statement: dict[str, Any], denies: bool) -> None:
    policy = {"Statement": [{"Effect": "Deny", "Principal": "*", **statement}]}
    assert forbidden(policy, [QUEUE]) == ([QUEUE] if denies else [])


def test_what_is_only_less_protected_or_in_a_nested_stack_is_left_to_cloudformation() -> None:
    weaker = Harm("Queue", "AWS::SQS::Queue", Does.WEAKEN, Level.POSSIBLE)
    nested = Harm("Intake/Queue", "AWS::SQS::Queue", Does.REPLACE, Level.LOSS)
    assert forbidden(POLICY, [weaker, nested]) == []
    assert forbidden(POLICY, [QUEUE]) == [QUEUE]
    assert forbidden(None, [QUEUE]) == []
