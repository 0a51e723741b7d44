from __future__ import annotations

from tap.diff import renames
from tests.diff.building import change, changes, resource


def test_what_goes_and_comes_back_under_another_name_is_one_replacement() -> None:
    table = resource("DynamoDB::Table", {"BillingMode": "PAY_PER_REQUEST"})
    found = changes({"Old": table}, {"New": {**table, "Metadata": {"Description": "The same, told otherwise."}}})
    (renamed,) = found.values()
    assert (renamed.logical_id, renamed.renamed_from, renamed.action.value) == ("New", "Old", "replace")
    assert renamed.policy == "Delete"  # it leaves the template: its DeletionPolicy, not its UpdateReplacePolicy
    assert renamed.dangerous


def test_the_deletion_policy_decides_what_becomes_of_the_one_that_is_renamed() -> None:
    kept = resource("DynamoDB::Table", DeletionPolicy="Retain", UpdateReplacePolicy="Delete")
    (renamed,) = changes({"Old": kept}, {"New": kept}).values()
    assert renamed.policy == "Retain"


def test_renamed_ones_that_refer_to_each_other_are_recognised() -> None:
    def pair(queue: str, topic: str) -> dict[str, object]:
        target = {"Endpoint": {"Fn::Sub": f"${{{queue}.Arn}}"}, "TopicArn": {"Ref": topic}}
        return {
            queue: resource("SQS::Queue"),
            topic: resource("SNS::Topic"),
            f"{topic}To": resource("SNS::Subscription", target),
        }

    found = changes(pair("Q1", "T1"), pair("Q2", "T2"))
    assert {one.logical_id: one.renamed_from for one in found.values()} == {"Q2": "Q1", "T2": "T1", "T2To": "T1To"}


def test_of_several_equal_ones_the_most_alike_names_go_together() -> None:
    body = resource("SNS::Topic")
    names = renames.find(
        {"AlarmTopic": body, "OrderTopic": body}, {"OrdersTopic": body, "AlarmsTopic": body},
        ["AlarmTopic", "OrderTopic"], ["OrdersTopic", "AlarmsTopic"],
    )  # fmt: skip
    assert names == {"AlarmsTopic": "AlarmTopic", "OrdersTopic": "OrderTopic"}


def test_one_that_also_changes_is_a_deletion_and_a_creation() -> None:
    found = changes({"Old": resource("SNS::Topic", {"DisplayName": "a"})}, {"New": resource("SNS::Topic")})
    assert {key: one.action.value for key, one in found.items()} == {"Old": "delete", "New": "create"}


def test_a_name_of_its_own_is_still_taken_when_the_new_one_is_made() -> None:
    table = resource("DynamoDB::Table", {"TableName": "sessions"})
    (renamed,) = changes({"Old": table}, {"New": table}).values()
    assert any("keeps its TableName" in note and "CreateStackRefactor" in note for note in renamed.notes)


def test_who_refers_to_it_is_told_that_it_is_renamed() -> None:
    def template(name: str) -> dict[str, object]:
        return {name: resource("SNS::Topic"), "Sub": resource("SNS::Subscription", {"TopicArn": {"Ref": name}})}

    found = changes(template("Old"), template("New"))
    (edit,) = found["Sub"].edits
    assert (edit.path, edit.recreation, edit.cause) == ("TopicArn", "always", "New, renamed from Old")


def test_another_type_under_the_same_name_is_refused() -> None:
    found = change(resource("DynamoDB::Table"), resource("SNS::Topic"))
    assert found.action.value == "replace"
    assert found.holds == "all items of the table"
    assert "CloudFormation refuses another type" in found.notes[0]
