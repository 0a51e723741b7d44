"""Ten traps that tools for change sets fall into, each replayed on answers that CloudFormation gives.

The tenth is no matter of plans: cfn-lint is dear to import and to run, so it is imported once, runs in processes and is
cached by content (tests/lint/test_run.py, tests/lint/test_cache.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.stub import Stubber

from tap.deploy import compared, plan_json, render, render_html, render_markdown, workflow
from tap.deploy.body import Body
from tap.deploy.changeset import ChangeSet, ChangeSetError, Request, make
from tap.deploy.listed import from_change_set
from tap.deploy.merge import merged
from tap.deploy.plan import Plan, Side
from tap.deploy.risk import judged
from tap.deploy.session import Pace, Session
from tap.deploy.stacks import Stack
from tap.deploy.workflow import Job, Proposal
from tap.diff.model import KNOWN_LATER, Action

Stubbed = Callable[[str], tuple[Any, Stubber]]

ARN = "arn:aws:cloudformation:eu-west-1:111111111111:changeSet/tap-deploy-x/1"
CHILD = ARN + "-child"
STACK_ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/notes-dev/2"
REQUEST = Request("notes-dev", "UPDATE", Body(text="Resources: {}"), {})
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
WITH_VALUES = {"IncludePropertyValues": True}


def resource(type_name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": type_name, "Properties": properties}


def table(name: str) -> dict[str, Any]:
    return resource("AWS::DynamoDB::Table", TableName=name, BillingMode="PAY_PER_REQUEST")


def topic(text: str) -> dict[str, Any]:
    return resource("AWS::SNS::Topic", DisplayName=text)


def firewall(action: str, priority: int = 0) -> dict[str, Any]:
    rule = {"Name": "r", "Priority": priority, "Action": {action: {}}}
    return resource("AWS::WAFv2::WebACL", Scope="REGIONAL", DefaultAction={action: {}}, Rules=[rule])


def described(*changes: dict[str, Any], status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
    listed = [{"Type": "Resource", "ResourceChange": change} for change in changes]
    ready = "AVAILABLE" if status == "CREATE_COMPLETE" else "UNAVAILABLE"
    about = {"ChangeSetId": ARN, "StackId": STACK_ID, "StackName": "notes-dev", "Status": status}
    return {**about, "ExecutionStatus": ready, "Changes": listed, **more}


def change(logical_id: str, type_name: str, action: str = "Modify", **more: Any) -> dict[str, Any]:
    return {"Action": action, "LogicalResourceId": logical_id, "ResourceType": type_name, **more}


def detail(name: str, recreation: str = "Never", **more: Any) -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}
    target |= {key: more.pop(key) for key in ("Path", "BeforeValue", "AfterValue") if key in more}
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification", **more}


TABLE = change(
    "Table",
    "AWS::DynamoDB::Table",
    Replacement="True",
    PolicyAction="ReplaceAndDelete",
    Details=[detail("TableName", "Always")],
)
TOPIC = change("Topic", "AWS::SNS::Topic", Replacement="False", Details=[detail("DisplayName")])


def answered(
    stubbed: Stubbed,
    bare: Sequence[dict[str, Any]],
    valued: Sequence[dict[str, Any]] = (),
    events: Sequence[dict[str, Any]] = (),
    first: dict[str, Any] | None = None,
) -> ChangeSet:
    """The change set that is made from these pages, each asked for by its ARN and its token."""
    client, stubber = stubbed("cloudformation")
    stubber.add_response("create_change_set", {"Id": ARN, "StackId": STACK_ID}, REQUEST.arguments())
    stubber.add_response("describe_change_set", first or described(), {"ChangeSetName": ARN})
    stubber.add_response("describe_events", {"OperationEvents": list(events)}, {"ChangeSetName": ARN})
    for pages, values in ((bare, {}), (valued or bare, WITH_VALUES)):
        token: dict[str, Any] = {}
        for page in pages:
            stubber.add_response("describe_change_set", page, {"ChangeSetName": ARN, **values, **token})
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
    return make(client, REQUEST, Pace(), lambda _: None)


def plan_of(made: ChangeSet, old: dict[str, Any], new: dict[str, Any]) -> Plan:
    """The plan of a change set, as the verbs make it."""
    before, after = Side({"Resources": old}), Side({"Resources": new})
    found, _ = compared.offline(before, after)
    return judged(merged(from_change_set(made, "UPDATE", before, after), found, after), found, before, after)


def texts(plan: Plan) -> list[str]:
    """The plan in every format."""
    data = json.dumps(plan_json.to_json(plan), ensure_ascii=False)
    return [render.plain(plan), render_markdown.rendered((plan,)), render_html.rendered((plan,)), data]


def actions(plan: Plan) -> dict[str, Action]:
    return {one.logical_id: one.action for one in plan.changes}


def test_trap_1_the_answer_has_pages(stubbed: Stubbed) -> None:
    pages = [described(TOPIC, NextToken="2"), described(NextToken="3"), described(TABLE)]
    made = answered(stubbed, pages)
    plan = plan_of(made, {"Topic": topic("a"), "Table": table("a")}, {"Topic": topic("b"), "Table": table("b")})
    assert actions(plan) == {"Topic": Action.UPDATE, "Table": Action.REPLACE}
    assert plan.dangerous
    assert plan.hidden == ()


def test_trap_2_with_values_whole_resources_are_dropped(stubbed: Stubbed) -> None:
    reason = "Property values of some resources could not be shown."
    given = described(TOPIC, StatusReason=reason)
    made = answered(stubbed, [described(TOPIC, TABLE)], [given])
    plan = plan_of(made, {"Topic": topic("a"), "Table": table("old")}, {"Topic": topic("b"), "Table": table("new")})
    assert actions(plan) == {"Topic": Action.UPDATE, "Table": Action.REPLACE}
    (edit,) = plan.changes[1].edits
    assert (edit.path, edit.before, edit.after, edit.recreation) == ("TableName", "old", "new", "always")
    assert plan.hidden == ()
    for text in texts(plan):
        assert reason in text
        assert "gave no property values for Table" in text


@pytest.mark.parametrize("listed", ["nothing", "another property"])
def test_trap_3_a_swap_of_empty_unions_is_in_no_change_set(stubbed: Stubbed, listed: str) -> None:
    rules = change("Wall", "AWS::WAFv2::WebACL", Replacement="False", Details=[detail("Rules")])
    rules["Details"][0]["Target"] |= {"Path": "/Properties/Rules/0/Priority", "BeforeValue": "0", "AfterValue": "1"}
    made = answered(stubbed, [described(*([rules] if listed == "another property" else []))])
    assert not made.empty
    plan = plan_of(made, {"Wall": firewall("Allow")}, {"Wall": firewall("Block", listed == "another property")})
    (wall,) = plan.changes
    assert wall.action is Action.UPDATE
    swapped = {edit.path: (edit.before, edit.after) for edit in wall.edits if "Action" in edit.path}
    assert swapped["DefaultAction.Block"] == (None, "{}")
    assert swapped["Rules[r].Action.Allow"] == ("{}", None)
    assert wall.hidden is (listed == "nothing")
    assert plan.hidden == ("Wall",)
    assert plan.pending
    for text in texts(plan):
        assert "The change set does not list everything: Wall differs between the templates." in text
        assert "not in the change set" in text or '"hidden": true' in text


def test_trap_3_what_cloudformation_refuses_to_see_is_not_called_no_changes() -> None:
    made = ChangeSet(ARN, STACK_ID, "notes-dev", reason=NO_CHANGES, empty=True)
    plan = plan_of(made, {"Wall": firewall("Allow")}, {"Wall": firewall("Block")})
    assert plan.pending
    for text in texts(plan):
        assert "no changes" not in text
        assert "CLOUDFORMATION SAYS THAT THERE IS NOTHING TO CHANGE" in text
        assert "DefaultAction.Block" in text
    same = plan_of(made, {"Wall": firewall("Allow")}, {"Wall": firewall("Allow")})
    assert not same.pending
    assert render.plain(same) == "notes-dev: an update: no changes"


def test_trap_4_conditional_is_neither_yes_nor_no(stubbed: Stubbed) -> None:
    later = detail(
        "TableName",
        "Always",
        Path="/Properties/TableName",
        BeforeValue="a",
        AfterValue="{{changeSet:KNOWN_AFTER_APPLY}}",
        ChangeSource="ResourceAttribute",
        CausingEntity="Topic.TopicName",
    )
    moving = change("Table", "AWS::DynamoDB::Table", Replacement="Conditional", Details=[later])
    made = answered(stubbed, [described(moving)])
    name = {"Fn::GetAtt": ["Topic", "TopicName"]}
    both = {"Table": resource("AWS::DynamoDB::Table", TableName=name), "Topic": topic("a")}
    plan = plan_of(made, both, both)
    assert actions(plan) == {"Table": Action.MAY_REPLACE}
    (edit,) = plan.changes[0].edits
    assert (edit.before, edit.after, edit.recreation) == ("a", KNOWN_LATER, "may")
    (harm,) = plan.harms
    assert (harm.certain, harm.stateful) == (False, True)
    plain, markdown, page, _ = texts(plan)
    for text in (plain, markdown, page):
        assert "may force replacement ← Topic.TopicName" in text
        assert "KNOWN_AFTER_APPLY" not in text


@pytest.mark.parametrize(
    ("action", "word"),
    [("Import", "import"), ("Dynamic", "dynamic"), ("SyncWithActual", "sync with drift"), ("Teleport", "Teleport")],
)
def test_trap_5_no_action_is_unknown_to_the_plan(stubbed: Stubbed, action: str, word: str) -> None:
    made = answered(stubbed, [described(change("Topic", "AWS::SNS::Topic", action))])
    plan = plan_of(made, {"Topic": topic("a")}, {"Topic": topic("a")})
    assert len(plan.changes) == 1
    assert all(word in text for text in texts(plan))
    # What may turn out to be anything is not let through as if it were harmless.
    assert bool(plan.harms) is (action in {"Dynamic", "Teleport"})


@pytest.mark.parametrize(
    ("action", "policy", "said"),
    [
        ("Remove", "Delete", "the present one is deleted"),
        ("Remove", "Retain", "the present one stays, outside the stack"),
        ("Remove", "Snapshot", "the present one is deleted; a snapshot stays"),
        ("Modify", "ReplaceAndDelete", "the present one is deleted"),
        ("Modify", "ReplaceAndRetain", "the present one stays, outside the stack"),
        ("Modify", "ReplaceAndSnapshot", "the present one is deleted; a snapshot stays"),
    ],
)
def test_trap_5_what_becomes_of_the_old_one_is_shown(stubbed: Stubbed, action: str, policy: str, said: str) -> None:
    made = answered(stubbed, [described(change("Topic", "AWS::SNS::Topic", action, PolicyAction=policy))])
    new = {"Other": topic("b")} | ({"Topic": topic("a")} if action == "Modify" else {})
    plan = plan_of(made, {"Topic": topic("a"), "Other": topic("b")}, new)
    plain, markdown, page, data = texts(plan)
    assert all(said in text for text in (plain, markdown, page))
    assert f'"policy": "{policy.removeprefix("ReplaceAnd")}"' in data
    assert actions(plan) == {"Topic": Action.REPLACE if action == "Modify" else Action.DELETE}


def test_trap_6_a_change_set_is_asked_for_by_its_arn(stubbed: Stubbed) -> None:
    # By its name, one that another update has made obsolete comes back empty. ``answered`` accepts the ARN alone.
    obsolete = described(status="CREATE_COMPLETE") | {"ExecutionStatus": "OBSOLETE"}
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("create_change_set", "AlreadyExistsException")
    by_name = {"ChangeSetName": REQUEST.name, "StackName": "notes-dev"}
    stubber.add_response("describe_change_set", obsolete, by_name)
    stubber.add_response("delete_change_set", {}, {"ChangeSetName": ARN})
    stubber.add_client_error("describe_change_set", "ChangeSetNotFound", expected_params={"ChangeSetName": ARN})
    fresh = ARN + "2"
    stubber.add_response("create_change_set", {"Id": fresh, "StackId": STACK_ID}, REQUEST.arguments())
    page = described(TOPIC) | {"ChangeSetId": fresh}
    stubber.add_response("describe_change_set", page, {"ChangeSetName": fresh})
    stubber.add_response("describe_events", {"OperationEvents": []}, {"ChangeSetName": fresh})
    stubber.add_response("describe_change_set", page, {"ChangeSetName": fresh})
    stubber.add_response("describe_change_set", page, {"ChangeSetName": fresh, **WITH_VALUES})
    made = make(client, REQUEST, Pace(), lambda _: None)
    assert made.arn == fresh
    assert actions(plan_of(made, {"Topic": topic("a")}, {"Topic": topic("b")})) == {"Topic": Action.UPDATE}


def test_trap_7_nested_change_sets_announce_more_than_comes(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    nested = change("Storage", "AWS::CloudFormation::Stack", Replacement="False", ChangeSetId=CHILD)
    within = described(TABLE | {"Replacement": "Conditional"}, ChangeSetId=CHILD, StackName="notes-dev-Storage")
    stubber.add_response("create_change_set", {"Id": ARN, "StackId": STACK_ID}, REQUEST.arguments())
    stubber.add_response("describe_change_set", described(), {"ChangeSetName": ARN})
    stubber.add_response("describe_events", {"OperationEvents": []}, {"ChangeSetName": ARN})
    stubber.add_response("describe_change_set", described(nested), {"ChangeSetName": ARN})
    stubber.add_response("describe_change_set", described(nested), {"ChangeSetName": ARN, **WITH_VALUES})
    stubber.add_response("describe_change_set", within, {"ChangeSetName": CHILD})
    stubber.add_response("describe_events", {"OperationEvents": []}, {"ChangeSetName": CHILD})
    stubber.add_response("describe_change_set", within, {"ChangeSetName": CHILD})
    stubber.add_response("describe_change_set", within, {"ChangeSetName": CHILD, **WITH_VALUES})
    made = make(client, REQUEST, Pace(), lambda _: None)
    url = "https://s3.example/bucket/storage.yaml"
    root = {"Storage": resource("AWS::CloudFormation::Stack", TemplateURL=url)}
    plan = plan_of(made, root, root)
    assert [one.action for one in plan.changes[0].children] == [Action.MAY_REPLACE]
    assert [harm.logical_id for harm in plan.harms] == ["Storage/Table"]
    for text in texts(plan):
        assert "announces more changes and replacements than come" in text
        assert "Table" in text


WARNING = {
    "EventId": "1",
    "EventType": "VALIDATION_ERROR",
    "LogicalResourceId": "Archive",
    "ValidationFailureMode": "WARN",
    "ValidationStatus": "FAILED",
    "ValidationStatusReason": "The bucket is not empty.",
}


def test_trap_8_what_validation_warns_of_stands_in_the_plan(stubbed: Stubbed) -> None:
    made = answered(stubbed, [described(TOPIC)], events=[WARNING])
    plan = plan_of(made, {"Topic": topic("a")}, {"Topic": topic("b")})
    assert all("The bucket is not empty." in text for text in texts(plan))


def test_trap_8_what_validation_fails_stops_and_says_why(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    failed = described(status="FAILED", StatusReason="Early validation failed. Use DescribeEvents.")
    stubber.add_response("create_change_set", {"Id": ARN, "StackId": STACK_ID}, REQUEST.arguments())
    stubber.add_response("describe_change_set", failed, {"ChangeSetName": ARN})
    taken = WARNING | {"ValidationFailureMode": "FAIL", "ValidationStatusReason": "The name is taken."}
    pages: list[dict[str, Any]] = [{"OperationEvents": [WARNING], "NextToken": "2"}, {"OperationEvents": [taken]}]
    stubber.add_response("describe_events", pages[0], {"ChangeSetName": ARN})
    stubber.add_response("describe_events", pages[1], {"ChangeSetName": ARN, "NextToken": "2"})
    stubber.add_response("delete_change_set", {}, {"ChangeSetName": ARN})
    stubber.add_client_error("describe_change_set", "ChangeSetNotFound")
    with pytest.raises(ChangeSetError, match=r"Early validation failed.*\n  Archive: The name is taken\.$"):
        make(client, REQUEST, Pace(), lambda _: None)


def test_trap_9_an_empty_change_set_failed_and_is_deleted(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_response("create_change_set", {"Id": ARN, "StackId": STACK_ID}, REQUEST.arguments())
    empty = described(status="FAILED", StatusReason=NO_CHANGES)
    stubber.add_response("describe_change_set", empty, {"ChangeSetName": ARN})
    made = make(client, REQUEST, Pace(), lambda _: None)
    assert made.empty
    plan = plan_of(made, {"Topic": topic("a")}, {"Topic": topic("a")})
    stubber.add_response("delete_change_set", {}, {"ChangeSetName": ARN})
    stubber.add_client_error("describe_change_set", "ChangeSetNotFound", expected_params={"ChangeSetName": ARN})
    job = Mock(spec=Job, session=Mock(spec=Session, cloudformation=client, pace=Pace()))
    workflow.drop(job, Proposal(plan, Mock(spec=Stack), made))
