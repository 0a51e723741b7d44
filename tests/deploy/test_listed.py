"""Plans from constructed answers of ``DescribeChangeSet``: what CloudFormation says and the emulator never does."""

from __future__ import annotations

from typing import Any

import pytest

from tap.deploy.changeset import ChangeSet
from tap.deploy.listed import from_change_set
from tap.deploy.plan import NOTHING, Plan, Side
from tap.deploy.render import plain
from tap.deploy.resolve import SECRET
from tap.diff import words
from tap.diff.model import Action

TEMPLATE: dict[str, Any] = {
    "Parameters": {"Label": {"Type": "String"}, "Key": {"Type": "String", "NoEcho": True}},
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
OLD = Side(TEMPLATE, {"Label": "one", "Key": "****"}, hidden=frozenset({"Key"}))
NEW = Side(TEMPLATE, {"Label": "two", "Key": "very-secret"}, hidden=frozenset({"Key"}))


def raw(logical_id: str = "Queue", action: str = "Modify", **more: Any) -> dict[str, Any]:
    return {"Action": action, "LogicalResourceId": logical_id, "ResourceType": "AWS::SQS::Queue", **more}


def detail(name: str = "QueueName", recreation: str = "Always", **more: Any) -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}
    target |= {key: more.pop(key) for key in ("Path", "BeforeValue", "AfterValue") if key in more}
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification", **more}


def plan_of(*bare: dict[str, Any], valued: tuple[dict[str, Any], ...] | None = None, **more: Any) -> Plan:
    made = ChangeSet("arn", "id", "notes-dev", bare=bare, valued=bare if valued is None else valued, **more)
    return from_change_set(made, "UPDATE", OLD, NEW)


@pytest.mark.parametrize(
    ("change", "action"),
    [
        (raw(action="Add"), Action.CREATE),
        (raw(action="Remove", PolicyAction="Delete"), Action.DELETE),
        (raw(Replacement="False"), Action.UPDATE),
        (raw(), Action.UPDATE),
        (raw(Replacement="True"), Action.REPLACE),
        (raw(PolicyAction="ReplaceAndRetain"), Action.REPLACE),
        (raw(Replacement="Conditional", PolicyAction="ReplaceAndDelete"), Action.MAY_REPLACE),
        (raw(action="Import"), Action.IMPORT),
        (raw(action="Dynamic"), Action.DYNAMIC),
        (raw(action="SyncWithActual"), Action.SYNC),
        (raw(action="SomethingNew"), Action.OTHER),
    ],
)
def test_every_action_is_understood_and_shown(change: dict[str, Any], action: Action) -> None:
    plan = plan_of(change)
    assert [one.action for one in plan.changes] == [action]
    assert plan.counts == {action: 1}
    assert "Queue" in plain(plan)


def test_the_template_says_what_a_resource_is_for() -> None:
    (change,) = plan_of(raw()).changes
    assert (change.says, change.tier) == ("Takes notes in.", "intake")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("ReplaceAndRetain", "the present one stays"),
        ("ReplaceAndSnapshot", "a snapshot stays"),
        ("Retain", "the present one stays"),
        ("SomethingNew", "SomethingNew"),
    ],
)
def test_what_becomes_of_the_old_one_is_told(policy: str, said: str) -> None:
    assert said in words.fate(plan_of(raw(PolicyAction=policy)).changes[0])


def test_values_of_the_change_set_count() -> None:
    given = detail(Path="/Properties/QueueName", BeforeValue="q-a", AfterValue="q-b")
    (found,) = plan_of(raw(Details=[given])).changes[0].edits
    assert (found.path, found.before, found.after, found.recreation) == ("QueueName", "q-a", "q-b", "always")


def test_values_that_it_leaves_out_are_read_off_the_templates() -> None:
    cause = {"ChangeSource": "ParameterReference", "CausingEntity": "Label"}
    (found,) = plan_of(raw(Details=[detail(**cause)])).changes[0].edits
    assert (found.before, found.after, found.cause) == ("q-one", "q-two", "parameter Label")


def test_what_is_known_only_afterwards_is_said_so() -> None:
    after = "{{changeSet:KNOWN_AFTER_APPLY}}"
    (found,) = plan_of(raw(Details=[detail(BeforeValue="a", AfterValue=after)])).changes[0].edits
    assert (found.before, found.after) == ("a", "(known after apply)")


def test_a_replacement_that_hangs_on_a_value_not_known_yet_is_only_possible() -> None:
    moving = detail(Evaluation="Dynamic", ChangeSource="ResourceAttribute", CausingEntity="Table.Arn")
    plan = plan_of(raw(Replacement="Conditional", Details=[moving]))
    (found,) = plan.changes[0].edits
    assert (found.recreation, found.cause) == ("may", "Table.Arn")
    assert "may force replacement ← Table.Arn" in plain(plan)


def test_two_details_of_one_property_are_one() -> None:
    twice = [
        detail(Evaluation="Dynamic"),
        detail(ChangeSource="ParameterReference", CausingEntity="Label"),
    ]
    (found,) = plan_of(raw(Details=twice)).changes[0].edits
    assert (found.recreation, found.cause) == ("always", "parameter Label")


def test_resources_dropped_from_the_answer_with_values_are_there_and_it_is_said() -> None:
    reason = "Some resources were left out because the response is too large."
    plan = plan_of(raw(Details=[detail()]), raw("Secret", "Add"), valued=(raw("Secret", "Add"),), reason=reason)
    assert {change.logical_id for change in plan.changes} == {"Queue", "Secret"}
    assert plan.changes[0].edits[0].after == "q-two"
    assert any(reason in note for note in plan.notes)
    assert any("no property values for Queue" in note for note in plan.notes)


def test_details_that_only_the_answer_without_values_has_are_kept() -> None:
    with_values = raw(Details=[detail("DelaySeconds", "Never", BeforeValue="1", AfterValue="2")])
    plan = plan_of(raw(Details=[detail("DelaySeconds", "Never"), detail()]), valued=(with_values,))
    assert [one.path for one in plan.changes[0].edits] == ["DelaySeconds", "QueueName"]


def test_an_item_of_a_list_goes_by_its_own_name_and_hides_what_that_tells_of() -> None:
    tags = [
        detail("Tags", Path="/Properties/Tags/0/Value", BeforeValue="x", AfterValue="z"),
        detail("Tags", Path="/Properties/Tags/1/Value", BeforeValue="y", AfterValue="z"),
    ]
    found = plan_of(raw(Details=tags)).changes[0].edits
    assert [one.path for one in found] == ["Tags[Purpose].Value", "Tags[Password].Value"]
    assert [one.after for one in found] == ["z", SECRET]


def test_a_hidden_parameter_s_value_is_nowhere() -> None:
    shown = [
        detail("Value", BeforeValue="key=****", AfterValue="key=very-secret"),
        detail("Description", AfterValue='{"a": "very-secret"}'),
    ]
    plan = plan_of(raw("Secret", Details=shown), raw("Secret2", Details=[detail("Value")]))
    assert "very-secret" not in plain(plan)
    assert "very-secret" not in repr(plan)


def test_stack_tags_and_attributes_have_names_too() -> None:
    listed = [
        {"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}, "Evaluation": "Static"},
        {"Target": {"Attribute": "DeletionPolicy", "RequiresRecreation": "Never"}, "Evaluation": "Static"},
    ]
    assert [one.path for one in plan_of(raw(Details=listed)).changes[0].edits] == ["stack tags", "DeletionPolicy"]


def test_changes_stand_by_tier_and_as_in_the_template() -> None:
    plan = plan_of(raw("Gone", "Remove"), raw("Secret", "Add"), raw())
    assert [change.logical_id for change in plan.changes] == ["Queue", "Secret", "Gone"]


def test_parameters_that_change_are_listed_but_hidden_ones() -> None:
    assert [(one.path, one.before, one.after) for one in plan_of(raw()).parameters] == [("Label", "one", "two")]


def test_changes_of_nested_stacks_hang_on_the_stack_and_are_counted() -> None:
    child = ChangeSet("arn2", "id2", "notes-dev-Storage", bare=(raw("Table", Replacement="True"),), valued=())
    nested = raw("Storage", ResourceType="AWS::CloudFormation::Stack", ChangeSetId="arn2")
    plan = plan_of(nested, children={"Storage": child})
    assert [one.logical_id for one in plan.changes[0].children] == ["Table"]
    assert plan.counts == {Action.UPDATE: 1, Action.REPLACE: 1}
    assert any("nested stacks" in note for note in plan.notes)


def test_a_new_nested_stack_shows_what_its_template_has() -> None:
    root = {"Resources": {"Sub": {"Properties": {"TemplateURL": {"Fn::Sub": "https://s3/${Bucket}/sub.yaml"}}}}}
    new = Side(root, children={"sub.yaml": {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}}})
    made = ChangeSet("a", "i", "n", bare=(raw("Sub", "Add", ResourceType="AWS::CloudFormation::Stack"),))
    plan = from_change_set(made, "CREATE", NOTHING, new)
    assert [one.logical_id for one in plan.changes[0].children] == ["Table"]


def test_an_empty_change_set_is_a_plan_without_changes() -> None:
    plan = plan_of(empty=True, reason="No updates are to be performed.")
    assert (plan.changes, plan.notes) == ((), ())


def test_drift_is_told_where_a_drift_aware_change_set_tells_it() -> None:
    drifted = detail(
        "DelaySeconds", "Never", Path="/Properties/DelaySeconds", BeforeValue="9", AfterValue="1", CausingEntity=""
    )
    drifted["Target"] |= {"BeforeValueFrom": "ACTUAL_STATE", "Drift": {"PreviousValue": "1", "ActualValue": "9"}}
    ignored = [{"Path": "/Properties/Key", "Reason": "WRITE_ONLY_PROPERTY"}]
    told = raw(Details=[drifted], ResourceDriftStatus="MODIFIED", ResourceDriftIgnoredAttributes=ignored)
    plan = plan_of(told, drift="DRIFTED")
    (change,) = plan.changes
    (edit,) = change.edits
    assert (edit.before, edit.after, edit.deployed, edit.cause) == ("9", "1", "1", "drift")
    text = plain(plan)
    assert "the stack is DRIFTED" in text
    assert "drift: MODIFIED" in text
    assert "its drift in /Properties/Key is left alone (WRITE_ONLY_PROPERTY)" in text
    assert "DelaySeconds: 9 → 1  ← drift (the last deployment made it 1)" in text


def test_a_template_that_has_come_to_say_what_is_there_changes_nothing() -> None:
    synced = detail("DelaySeconds", "Never", Path="/Properties/DelaySeconds", ChangeSource="NoModification")
    synced["Target"] |= {"AttributeChangeType": "SyncWithActual", "Drift": {"PreviousValue": "1", "ActualValue": "9"}}
    (change,) = plan_of(raw(action="SyncWithActual", Details=[synced])).changes
    (edit,) = change.edits
    assert (change.action, edit.before, edit.after, edit.cause) == (Action.SYNC, "9", "9", "drift")
