from __future__ import annotations

from typing import Any

import pytest

from tests.diff.building import change, diff, resource


def test_the_swap_of_two_empty_unions_is_seen() -> None:
    """FIELD: a change set does not show it."""

    def acl(action: str) -> dict[str, Any]:
        rule = {"Name": "r", "Priority": 0, "Action": {action: {}}, "Statement": {}}
        return resource("WAFv2::WebACL", {"DefaultAction": {action: {}}, "Rules": [rule]})

    found = change(acl("Block"), acl("Allow"))
    assert [(one.path, one.before, one.after) for one in found.edits] == [
        ("DefaultAction.Block", "{}", None),
        ("DefaultAction.Allow", None, "{}"),
        ("Rules[r].Action.Block", "{}", None),
        ("Rules[r].Action.Allow", None, "{}"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "only", "action"),
    [
        ({"Metadata": {"a": 1}}, {"Metadata": {"a": 2}}, "metadata", "update"),
        ({"DependsOn": "A"}, {"DependsOn": ["A", "B"]}, "attributes", "update"),
        ({"UpdatePolicy": {"a": 1}}, {}, "attributes", "update"),
    ],
)
def test_changes_that_do_not_touch_the_resource_are_marked(
    before: dict[str, Any], after: dict[str, Any], only: str, action: str
) -> None:
    found = change(resource("SNS::Topic", **before), resource("SNS::Topic", **after))
    assert (found.only, found.action.value) == (only, action)


def test_tags_alone_are_marked_and_compared_by_key() -> None:
    old = resource("SNS::Topic", {"Tags": [{"Key": "a", "Value": "1"}]})
    new = resource("SNS::Topic", {"Tags": [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}]})
    found = change(old, new)
    assert found.only == "tags"
    assert {one.path for one in found.edits} == {"Tags[b]", "Tags[a].Value"}


def test_the_order_of_what_it_depends_on_says_nothing() -> None:
    old, new = ({"It": resource("SNS::Topic", DependsOn=names)} for names in (["A", "B"], ["B", "A"]))
    assert diff(old, new).empty
    assert diff({"It": resource("SNS::Topic", DependsOn="A")}, {"It": resource("SNS::Topic", DependsOn=["A"])}).empty


def test_text_and_number_are_the_same_to_cloudformation() -> None:
    old, new = ({"It": resource("SQS::Queue", {"DelaySeconds": value})} for value in (5, "5"))
    assert diff(old, new).empty


def test_an_unknown_type_may_be_replaced_by_anything() -> None:
    found = change(resource("Third::Party::Thing", {"A": 1}), resource("Third::Party::Thing", {"A": 2}))
    assert found.action.value == "may replace"
    assert found.reasons == ("unknown type: nothing says which of its properties replace it",)


def test_a_custom_resource_is_updated_by_calling_its_function() -> None:
    found = change(resource("Custom::Thing", {"A": 1}), resource("Custom::Thing", {"A": 2}))
    assert found.action.value == "update"
    assert found.notes[0].startswith("its function is called")
    other = change(resource("Custom::Thing", {"ServiceToken": 1}), resource("Custom::Thing", {"ServiceToken": 2}))
    assert other.notes[0].startswith("CloudFormation refuses another ServiceToken")


def test_a_name_of_its_own_that_stays_makes_cloudformation_refuse_the_replacement() -> None:
    old = resource("DynamoDB::Table", {"TableName": "t", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]})
    new = resource("DynamoDB::Table", {"TableName": "t", "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}]})
    found = change(old, new)
    assert found.action.value == "replace"
    assert found.notes == (
        "it keeps its TableName: CloudFormation refuses to replace a resource that keeps a name of its own",
    )


def test_a_conditional_replacement_is_neither_yes_nor_no() -> None:
    """FIELD: 'Conditional' is a word of its own."""
    found = change(resource("RDS::DBCluster", {"Engine": "a"}), resource("RDS::DBCluster", {"Engine": "b"}))
    assert (found.action.value, found.level.word) == ("may replace", "data-loss-possible")
