"""Change sets that hide something, judged together with the comparison of the templates."""

from __future__ import annotations

from typing import Any

import pytest

from tap.deploy import compared
from tap.deploy.changeset import ChangeSet
from tap.deploy.gate import Does
from tap.deploy.listed import from_change_set
from tap.deploy.merge import merged
from tap.deploy.plan import NOTHING, Plan, Side
from tap.deploy.render import plain
from tap.deploy.risk import judged
from tap.diff.model import Level


def table(name: str = "notes", **more: Any) -> dict[str, Any]:
    properties = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        **more.pop("Properties", {}),
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties, **more}


def topic(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}


def raw(
    logical_id: str, type_name: str = "AWS::DynamoDB::Table", action: str = "Modify", **more: Any
) -> dict[str, Any]:
    return {"Action": action, "LogicalResourceId": logical_id, "ResourceType": type_name, **more}


def plan_of(old: dict[str, Any] | None, new: dict[str, Any], *changes: dict[str, Any], **more: Any) -> Plan:
    """The plan of a change set; ``old`` is None where the deployed template may not be read."""
    before, after = Side({"Resources": old} if old is not None else {}), Side({"Resources": new})
    found, blind = compared.offline(before, after)
    assert bool(blind) is (old is None)
    made = ChangeSet("arn", "id", "notes-dev", bare=changes, valued=changes, **more)
    return judged(merged(from_change_set(made, "UPDATE", before, after), found, after), found, before, after)


@pytest.mark.parametrize(
    ("policy_action", "level", "says"),
    [
        ("ReplaceAndDelete", Level.LOSS, "holds data: would be replaced; the old one is deleted"),
        ("ReplaceAndRetain", Level.NOTE, "holds data: would be replaced; the old one is retained"),
    ],
)
def test_a_stateful_replacement_by_the_change_set_s_own_policy(policy_action: str, level: Level, says: str) -> None:
    change = raw("Table", Replacement="True", PolicyAction=policy_action)
    plan = plan_of({"Table": table()}, {"Table": table("other")}, change)
    (harm,) = plan.harms
    assert (harm.does, harm.level, harm.stateful, harm.certain) == (Does.REPLACE, level, True, True)
    assert says in plain(plan)


def test_what_the_change_set_drops_is_found_by_the_comparison() -> None:
    plan = plan_of(
        {"Table": table(), "Topic": topic("a")},
        {"Table": table("other"), "Topic": topic("a")},
        raw("Topic", "AWS::SNS::Topic"),
    )
    (harm,) = plan.harms
    assert (harm.logical_id, harm.does, harm.stateful) == ("Table", Does.REPLACE, True)
    assert "The change set does not mention it" in plain(plan)


def test_a_conditional_replacement_is_harmful_though_the_comparison_sees_none() -> None:
    old, new = {"Table": table()}, {"Table": table(Properties={"BillingMode": "PROVISIONED"})}
    (harm,) = plan_of(old, new, raw("Table", Replacement="Conditional")).harms
    assert (harm.does, harm.certain, harm.level, harm.stateful) == (Does.REPLACE, False, Level.POSSIBLE, True)


def test_what_is_said_to_change_in_place_and_is_create_only_may_be_replaced() -> None:
    plan = plan_of({"Table": table()}, {"Table": table("other")}, raw("Table", Replacement="False"))
    (harm,) = plan.harms
    assert (harm.does, harm.certain, harm.stateful) == (Does.REPLACE, False, True)
    assert "The change set has it modified in place" in plain(plan)


@pytest.mark.parametrize("action", ["Dynamic", "SomethingNew"])
def test_an_action_that_is_not_known_may_be_a_replacement(action: str) -> None:
    (harm,) = plan_of({"Table": table()}, {"Table": table()}, raw("Table", action=action)).harms
    assert (harm.does, harm.certain, harm.stateful) == (Does.REPLACE, False, True)


def test_weakened_retention_is_harmful() -> None:
    old = {"Table": table(DeletionPolicy="Retain")}
    (harm,) = plan_of(old, {"Table": table()}, raw("Table", Replacement="False")).harms
    assert (harm.does, harm.level, harm.option) == (Does.WEAKEN, Level.POSSIBLE, "--allow-delete Table")


def test_a_removal_counts_by_its_policy_and_a_stateless_one_needs_no_name() -> None:
    old = {"Table": table(), "Kept": table(DeletionPolicy="Retain"), "Topic": topic("a"), "Other": topic("b")}
    changes = [
        raw("Table", action="Remove", PolicyAction="Delete"),
        raw("Kept", action="Remove", PolicyAction="Retain"),
        raw("Topic", "AWS::SNS::Topic", action="Remove", PolicyAction="Delete"),
    ]
    plan = plan_of(old, {"Other": topic("b")}, *changes)
    assert {harm.logical_id: harm.stateful for harm in plan.harms} == {"Table": True, "Kept": False, "Topic": False}
    assert {harm.does for harm in plan.harms} == {Does.DELETE}
    assert "Table  AWS::DynamoDB::Table  holds data: would be deleted\n" in plain(plan)
    assert "holds data: would be removed from the stack; it is retained, outside the stack\n" in plain(plan)


def test_without_the_deployed_template_the_change_set_alone_counts() -> None:
    changes = (raw("Table", Replacement="True", PolicyAction="ReplaceAndDelete"), raw("Gone", action="Remove"))
    plan = plan_of(None, {"Table": table("other")}, *changes)
    assert {harm.logical_id: harm.stateful for harm in plan.harms} == {"Table": True, "Gone": True}


def test_a_first_creation_harms_nothing_and_says_that_nothing_was_compared() -> None:
    new = Side({"Resources": {"Table": table()}})
    found, blind = compared.offline(NOTHING, new)
    assert (found, "Nothing is deployed yet" in blind) == (None, True)
    made = ChangeSet("arn", "id", "notes-dev", bare=(raw("Table", action="Add"),), valued=())
    assert judged(from_change_set(made, "CREATE", NOTHING, new), found, NOTHING, new).harms == ()


def test_what_is_in_a_removed_nested_stack_is_judged_or_counts_as_unknown() -> None:
    url = "https://s3.example/bucket/inner.yaml"
    nested = {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}
    change = raw("Inner", "AWS::CloudFormation::Stack", action="Remove", PolicyAction="Delete")
    (opaque,) = plan_of(nested, {"Topic": topic("a")}, change).harms
    assert (opaque.logical_id, opaque.stateful) == ("Inner", True)

    old = Side({"Resources": nested}, children={"inner.yaml": {"Resources": {"Table": table()}}})
    new = Side({"Resources": {"Topic": topic("a")}})
    made = ChangeSet("arn", "id", "notes-dev", bare=(change,), valued=(change,))
    found = compared.offline(old, new)[0]
    seen = judged(merged(from_change_set(made, "UPDATE", old, new), found, new), found, old, new)
    assert {harm.logical_id: harm.stateful for harm in seen.harms} == {"Inner": False, "Inner/Table": True}


def test_widenings_come_first_then_risks_then_the_plan() -> None:
    def group(cidr: str) -> dict[str, Any]:
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": cidr}
        return {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": "x", "SecurityGroupIngress": [rule]},
        }

    plan = plan_of(
        {"Group": group("10.0.0.0/8"), "Table": table()},
        {"Group": group("0.0.0.0/0"), "Table": table("other")},
        raw("Group", "AWS::EC2::SecurityGroup", Replacement="False"),
        raw("Table", Replacement="True", PolicyAction="ReplaceAndDelete"),
    )
    assert len(plan.widenings) == 1
    text = plain(plan)
    places = [text.index(part) for part in ("widens access", "443", "puts at risk", "holds data", ": an update: ")]
    assert places == sorted(places)
