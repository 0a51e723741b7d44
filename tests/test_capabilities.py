from __future__ import annotations

from typing import Any

import pytest
from troposphere import iam

from tap.capabilities import needed
from tests.building import linked, named, stack, system, tier, topic


def body(*resources: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"Resources": {f"R{number}": resource for number, resource in enumerate(resources)}} | sections


ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
NAMED_ROLE = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "x"}}}
NAMED = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}


def test_nothing_needed() -> None:
    assert needed([body({"Type": "AWS::SNS::Topic"}), {}]) == []


@pytest.mark.parametrize("kind", [*NAMED, "AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::UserToGroupAddition"])
def test_iam(kind: str) -> None:
    assert needed([body({"Type": kind})]) == ["CAPABILITY_IAM"]


@pytest.mark.parametrize(("kind", "name"), NAMED.items())
def test_named_iam(kind: str, name: str) -> None:
    assert needed([body({"Type": kind, "Properties": {name: "x"}})]) == ["CAPABILITY_NAMED_IAM"]


def test_a_policys_name_is_required_and_needs_no_more() -> None:
    assert needed([body({"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "x"}})]) == ["CAPABILITY_IAM"]


@pytest.mark.parametrize("both", [(ROLE, NAMED_ROLE), (NAMED_ROLE, ROLE)])
def test_named_includes_the_other_whichever_comes_first(both: tuple[dict[str, Any], ...]) -> None:
    assert needed([body(*both)]) == ["CAPABILITY_NAMED_IAM"]


def test_a_transform_and_iam_in_a_nested_template_are_the_roots_too() -> None:
    children = [body(ROLE), body(Transform="AWS::SecretsManager-2024-09-16")]
    assert needed([body(), *children]) == ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"]


def test_each_template_states_its_own() -> None:
    role = iam.Role("Role", RoleName=named("shop-role"), AssumeRolePolicyDocument={"Version": "2012-10-17"})
    of = system(tier("events", topic()), tier("identity", lambda to: to.add(role, "A role.")))

    def stated(template: dict[str, Any]) -> Any:
        return template["Metadata"]["Template"]["Capabilities"]

    assert stated(stack(of)) == ["CAPABILITY_NAMED_IAM"]
    tiers = linked(of, "tiers")
    assert stated(tiers["tiers/01-events"]) == []
    assert stated(tiers["tiers/02-identity"]) == ["CAPABILITY_NAMED_IAM"]
    nested = linked(of, "nested")
    assert stated(nested["nested/root"]) == ["CAPABILITY_NAMED_IAM"]
    assert stated(nested["nested/events"]) == []
