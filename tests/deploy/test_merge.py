"""What the comparison of the templates adds to a change set, beside what the traps replay."""

from __future__ import annotations

from typing import Any

from tap.deploy import compared
from tap.deploy.changeset import ChangeSet
from tap.deploy.foresight import foresee
from tap.deploy.listed import from_change_set
from tap.deploy.merge import merged
from tap.deploy.plan import Plan, Side
from tap.diff.model import Action

OLD: dict[str, Any] = {
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "a", "DelaySeconds": 1}},
    "Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {}}},
}


def queue(**properties: Any) -> dict[str, Any]:
    return {**OLD, "Queue": {"Type": "AWS::SQS::Queue", "Properties": {**OLD["Queue"]["Properties"], **properties}}}


def told(name: str, **more: Any) -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": "Never"}
    listed = [{"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}]
    about = {"Action": "Modify", "LogicalResourceId": "Queue", "ResourceType": "AWS::SQS::Queue"}
    return {**about, "Replacement": "False", "Details": listed, **more}


def plan_of(new: dict[str, Any], *changes: dict[str, Any], **sections: Any) -> Plan:
    before, after = Side({"Resources": OLD}), Side({"Resources": new, **sections})
    made = ChangeSet("arn", "id", "notes-dev", bare=changes, valued=changes)
    return merged(from_change_set(made, "UPDATE", before, after), compared.offline(before, after)[0], after)


def test_a_path_that_the_change_set_has_is_not_told_twice() -> None:
    (change,) = plan_of(queue(DelaySeconds=2), told("DelaySeconds")).changes
    assert [(edit.path, edit.before, edit.after, edit.hidden) for edit in change.edits] == [
        ("DelaySeconds", "1", "2", False)
    ]


def test_a_path_that_it_lacks_is_added_and_called_hidden() -> None:
    plan = plan_of(queue(DelaySeconds=2, VisibilityTimeout=9), told("DelaySeconds"))
    assert [(edit.path, edit.hidden) for edit in plan.changes[0].edits] == [
        ("DelaySeconds", False),
        ("VisibilityTimeout", True),
    ]
    assert plan.hidden == ("Queue",)


def test_what_a_schema_replaces_may_be_replaced_though_the_change_set_says_in_place() -> None:
    change, _ = plan_of(queue(QueueName="b"), told("QueueName")).changes
    assert change.action is Action.MAY_REPLACE
    assert "The change set has it modified in place; by its resource schema it is replaced." in change.notes


def test_outputs_that_change_stand_in_the_plan() -> None:
    plan = plan_of(OLD, Outputs={"Url": {"Value": "x"}})
    assert [one.path for one in plan.outputs] == ["Url"]
    assert plan.pending


def test_a_foreseen_plan_takes_replacements_from_the_comparison() -> None:
    before, after = Side({"Resources": OLD}), Side({"Resources": queue(QueueName="b")})
    foreseen = foresee("notes-dev", "UPDATE", before, after)
    plan = merged(foreseen, compared.offline(before, after)[0], after)
    assert [one.action for one in foreseen.changes] == [Action.UPDATE]
    assert plan.changes[0].action is Action.REPLACE
    assert plan.hidden == ()


def test_without_a_comparison_the_change_set_alone_counts() -> None:
    made = ChangeSet("arn", "id", "notes-dev", bare=(told("DelaySeconds"),), valued=())
    alone = from_change_set(made, "UPDATE", Side({}), Side({"Resources": OLD}))
    assert merged(alone, None, Side({"Resources": OLD})) is alone
