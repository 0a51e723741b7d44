"""Plans from templates alone."""

from __future__ import annotations

from typing import Any

from tap.deploy.foresight import foresee
from tap.deploy.plan import NOTHING, Side
from tap.diff.model import Action

TEMPLATE: dict[str, Any] = {
    "Parameters": {"Label": {"Type": "String"}},
    "Conditions": {"Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Label"}, ""]}]}},
    "Resources": {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Metadata": {"Description": "Takes notes in.", "Tier": "intake"},
            "Properties": {
                "QueueName": {"Fn::Sub": "q-${Label}"},
                "Tags": [{"Key": "Purpose", "Value": "x"}, {"Key": "Password", "Value": "y"}],
            },
        },
        "Secret": {
            "Type": "AWS::SSM::Parameter",
            "Metadata": {"Description": "Keeps the key.", "Tier": "storage"},
            "Properties": {"Value": {"Fn::Sub": "key=${Key}"}},
        },
        "Extra": {"Type": "AWS::SNS::Topic", "Condition": "Named", "Properties": {}},
    },
}


def test_a_foreseen_creation_adds_what_the_conditions_let_be() -> None:
    plan = foresee("notes-dev", "CREATE", NOTHING, Side(TEMPLATE, {"Label": ""}))
    made = [one.logical_id for one in plan.changes if one.action is Action.CREATE]
    assert made == [one.logical_id for one in plan.changes] == ["Queue", "Secret"]
    assert plan.foreseen


def test_a_foreseen_update_tells_what_differs() -> None:
    old = Side({**TEMPLATE, "Resources": {**TEMPLATE["Resources"], "Gone": {"Type": "X::Y::Z"}}}, {"Label": ""})
    plan = foresee("notes-dev", "UPDATE", old, Side(TEMPLATE, {"Label": "two"}))
    assert {one.logical_id: one.action for one in plan.changes} == {
        "Queue": Action.UPDATE,
        "Extra": Action.CREATE,
        "Gone": Action.DELETE,
    }
    assert plan.changes[0].edits[0].after == "q-two"
