"""What guards a deployment, as files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from troposphere import dynamodb, rds

from tap import project, synth
from tap.diff import stateful
from tap.guarding import GuardError, guards, settings, stack_policy
from tap.model import Guard, System
from tests.building import bucket, stack, system, tier, topic

NESTED = "AWS::CloudFormation::Stack"


def denied(policy: dict[str, Any]) -> list[str]:
    """The types that the policy's one denial names."""
    (deny,) = [one for one in policy["Statement"] if one["Effect"] == "Deny"]
    assert deny["Action"] == ["Update:Replace", "Update:Delete"]
    types: list[str] = deny["Condition"]["StringEquals"]["ResourceType"]
    return types


def shop(**more: Any) -> System:
    return system(tier("a", topic("A"), bucket("B")), environments={"dev": {}, "prod": {}}, **more)


def test_the_policy_denies_for_what_holds_data_and_allows_the_rest() -> None:
    policy = stack_policy([stack(shop())])
    assert denied(policy) == [NESTED, "AWS::S3::Bucket"]
    assert [one["Effect"] for one in policy["Statement"]] == ["Allow", "Deny"]
    assert policy["Statement"][0]["Action"] == "Update:*"


def test_an_instance_of_a_cluster_keeps_nothing_and_one_of_its_own_does() -> None:
    def instance(name: str, **more: Any) -> Any:
        database = rds.DBInstance(name, DBInstanceClass="db.t3.medium", DBSnapshotIdentifier="s", **more)
        return lambda to: to.add(database, "A database.")

    assert denied(stack_policy([stack(system(tier("a", instance("A", DBClusterIdentifier="c"))))])) == [NESTED]
    both = system(tier("a", instance("A", DBClusterIdentifier="c"), instance("B", AllocatedStorage="5")))
    assert denied(stack_policy([stack(both)])) == [NESTED, "AWS::RDS::DBInstance"]


def test_the_edge_is_under_the_same_policy() -> None:
    def table(to: Any) -> None:
        key = dynamodb.KeySchema(AttributeName="id", KeyType="HASH")
        to.add(dynamodb.Table("T", KeySchema=[key], AttributeDefinitions=[], BillingMode="PAY_PER_REQUEST"), "A table.")

    files = {file.path: file.text for file in synth.emit(shop(edge=system(tier("edge", table))))}
    assert "AWS::DynamoDB::Table" in denied(json.loads(files["shop/stack-policy.json"]))


def test_settings_are_in_the_words_of_the_api_and_an_environment_without_a_guard_has_none() -> None:
    made = shop(guards={"prod": Guard(("111111111111",), ("eu-west-1",), protected=True, stack_policy=True)})
    files = {file.path: json.loads(file.text) for file in synth.emit(made) if "/deployment/" in file.path}
    assert files["shop/deployment/prod.json"] == {
        "AllowedAccounts": ["111111111111"],
        "AllowedRegions": ["eu-west-1"],
        "EnableTerminationProtection": True,
        "StackPolicy": "stack-policy.json",
        "AllowExpressMode": False,
    }
    assert files["shop/deployment/dev.json"] == settings(Guard())


@pytest.mark.parametrize("layout", ["stack", "tiers", "nested"])
def test_they_do_not_depend_on_the_layout(layout: Any) -> None:
    whole = {file.path: file.text for file in synth.emit(shop())}
    found = [file for file in synth.emit(shop(), [layout]) if "policy" in file.path or "/deployment/" in file.path]
    assert len(found) == 3
    assert all(whole[file.path] == file.text for file in found)


def test_a_guard_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(GuardError, match=r"guards name no environment: prd\. There are: dev, prod\."):
        guards(shop(guards={"prd": Guard()}))
    with pytest.raises(GuardError, match="environment prod: '1111-1111-1111' is no AWS account: that has 12 digits"):
        guards(shop(guards={"prod": Guard(accounts=("1111-1111-1111",))}))


@pytest.mark.parametrize("name", synth.system_names())
def test_production_of_every_system_is_protected_and_nothing_else_may_be_express_there(name: str) -> None:
    read = json.loads((project.OUT / name / "deployment" / "prod.json").read_text("utf-8"))
    assert read["EnableTerminationProtection"] is True
    assert read["StackPolicy"] == "stack-policy.json"
    assert read["AllowExpressMode"] is False
    template = json.loads((project.OUT / name / "stack.json").read_text("utf-8"))
    holding = {
        one["Type"]
        for one in template["Resources"].values()
        if stateful.holding(one["Type"], one.get("Properties", {}))
    }
    policy = json.loads((project.OUT / name / "stack-policy.json").read_text("utf-8"))
    assert holding <= set(denied(policy))
