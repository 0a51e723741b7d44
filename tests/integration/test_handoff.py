"""A small system's bundle in an operator's hands: every way that a deployment goes, against the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tap.local import Endpoint
from tests.handoff.building import bundled, emitted, shop
from tests.handoff.operations import Operator, operator
from tests.workbench import statuses

pytestmark = pytest.mark.integration

POLICY = {
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "Update:Replace", "Resource": "LogicalResourceId/Bucket"},
    ]
}


def credentials(emulator: Endpoint, account: str) -> dict[str, str]:
    """What the AWS CLI needs to reach the emulator and the test's account."""
    return {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
    }


@pytest.fixture
def ops(request: pytest.FixtureRequest, emulator: Endpoint, account: str, tmp_path: Path) -> Operator:
    """An operator with the shop's bundle. With "cold" as its parameter the CLI is started anew for each call."""
    out = emitted(shop(), tmp_path / "out")
    (out / "shop" / "deployment").mkdir(exist_ok=True)
    guard = {"EnableTerminationProtection": True, "StackPolicy": "stack-policy.json"}
    (out / "shop" / "deployment" / "prod.json").write_text(json.dumps(guard), "utf-8")
    (out / "shop" / "stack-policy.json").write_text(json.dumps(POLICY), "utf-8")
    cold = getattr(request, "param", "") == "cold"
    return operator(bundled(out), tmp_path / "home", credentials(emulator, account), cold=cold)


@pytest.fixture
def cloudformation(clients: Any) -> Any:
    return clients("cloudformation")


def rename_the_bucket(template: dict[str, Any]) -> None:
    template["Resources"]["Bucket"]["Properties"]["BucketName"] = {"Fn::Sub": "shop-other-${AWS::AccountId}"}


def never_done(template: dict[str, Any]) -> None:
    template["Resources"] |= {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Never": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1"},
        },
    }


def left(cloudformation: Any, name: str = "shop-dev") -> list[str]:
    """The change sets of ours that nobody has executed."""
    found = cloudformation.list_change_sets(StackName=name)["Summaries"]
    names = [one["ChangeSetName"] for one in found if one["ExecutionStatus"] == "AVAILABLE"]
    return [name for name in names if name.startswith("bundle-")]


def test_a_stack_from_its_first_day_to_its_last(ops: Operator, cloudformation: Any) -> None:
    entered = ops.run("deploy.sh", "dev", typed="")
    assert entered.code == 3
    assert "shop-dev: a new stack, 3 to add:" in entered.err
    assert entered.last.endswith("error: shop-dev: nothing was changed: not confirmed.")
    assert statuses(cloudformation) == {}

    created = ops.run("deploy.sh", "dev", typed="yes")
    assert created.code == 0, created.err
    assert "QueueUrl" in created.out
    assert statuses(cloudformation) == {"shop-dev": "CREATE_COMPLETE"}
    (stack,) = cloudformation.describe_stacks(StackName="shop-dev")["Stacks"]
    assert {"Key": "Environment", "Value": "dev"} in stack["Tags"]

    again = ops.well("deploy.sh", "dev")
    assert again.last == "shop-dev: no changes"
    assert again.out == created.out

    updated = ops.well("deploy.sh", "dev", "--yes", "Timeout=45")
    assert updated.last == "shop-dev: UPDATE_COMPLETE"
    (stack,) = cloudformation.describe_stacks(StackName="shop-dev")["Stacks"]
    assert {"ParameterKey": "Timeout", "ParameterValue": "45"} in stack["Parameters"]

    other = ops.run("deploy.sh", "dev", "--yes", "--layout", "nested")
    assert other.code == 2
    assert "shop-dev is deployed in the layout stack" in other.last

    ops.edit("templates/stack.yaml", never_done)
    failed = ops.run("deploy.sh", "dev", "--yes", "Timeout=45")
    assert failed.code == 1
    assert "What failed first in shop-dev:\n  Never (AWS::CloudFormation::WaitCondition): " in failed.err
    assert "It is as it was before. Mend the cause, then run this again." in failed.err
    assert statuses(cloudformation) == {"shop-dev": "UPDATE_ROLLBACK_COMPLETE"}

    kept = ops.run("delete.sh", "dev", "--yes")
    assert kept.code == 3
    assert "Is deleted with the data in it:\n  Bucket: The bucket Bucket.\n" in kept.err
    assert statuses(cloudformation) == {"shop-dev": "UPDATE_ROLLBACK_COMPLETE"}
    gone = ops.run("delete.sh", "dev", typed="shop-dev")
    assert gone.code == 0, gone.err
    assert statuses(cloudformation) == {}
    assert ops.well("delete.sh", "dev").last == "shop-dev: nothing is there, so there is nothing to delete."


@pytest.mark.parametrize("layout", ["tiers", "nested"])
def test_other_layouts_come_stay_and_go(ops: Operator, cloudformation: Any, layout: str) -> None:
    where = ("dev", "--layout", layout, "--yes")
    ops.well("deploy.sh", *where, shell="bash")
    found = statuses(cloudformation)
    assert set(found.values()) == {"CREATE_COMPLETE"}
    assert set(found) >= ({"shop-dev-events", "shop-dev-work"} if layout == "tiers" else {"shop-dev"})
    if layout == "nested":
        assert ops.well("deploy.sh", *where, shell="bash").last == "shop-dev: no changes"
    else:
        beside = ops.run("deploy.sh", "dev", "--yes")
        assert beside.code == 2
        assert beside.last.endswith("shop is deployed in the layout tiers. Keep to it, or delete it first.")
    ops.well("delete.sh", *where, "--allow-delete-data", shell="bash")
    assert statuses(cloudformation) == {}


def test_what_holds_data_is_replaced_only_when_it_is_said_so(ops: Operator, cloudformation: Any) -> None:
    ops.well("deploy.sh", "prod", "--yes")
    ops.edit("templates/stack.yaml", rename_the_bucket)
    refused = ops.run("deploy.sh", "prod", "--yes")
    assert refused.code == 3
    assert "This replaces or removes what holds data: Bucket." in refused.err
    assert refused.last.endswith("To do it all the same: --allow-replacement.")
    (shown,) = [line for line in refused.err.splitlines() if "HOLDS DATA" in line]
    assert shown.split()[:2] in (["REPLACE", "Bucket"], ["may", "replace"])
    assert ops.run("deploy.sh", "prod", typed="yes").code == 3
    assert statuses(cloudformation) == {"shop-prod": "CREATE_COMPLETE"}
    assert left(cloudformation, "shop-prod") == []
    # The stack policy is lifted for what was confirmed, and put back.
    named = ops.run("deploy.sh", "prod", typed="shop-prod")
    assert named.code == 0, named.err
    assert statuses(cloudformation) == {"shop-prod": "UPDATE_COMPLETE"}
    assert json.loads(cloudformation.get_stack_policy(StackName="shop-prod")["StackPolicyBody"]) == POLICY


def test_a_deletion_policy_that_changes_is_pointed_at(ops: Operator) -> None:
    def let_go(template: dict[str, Any]) -> None:
        template["Resources"]["Bucket"]["DeletionPolicy"] = "Delete"
        template["Resources"]["Bucket"]["Properties"]["Tags"] = [{"Key": "Kept", "Value": "no"}]

    ops.well("deploy.sh", "dev", "--yes")
    ops.edit("templates/stack.yaml", let_go)
    shown = ops.run("deploy.sh", "dev", "--plan").err
    assert "HOLDS DATA, and what becomes of it when it is deleted or replaced changes: see CHANGES.md." in shown


@pytest.mark.parametrize("ops", ["cold"], indirect=True)
def test_values_arrive_as_they_are_and_an_environments_guards_are_set(ops: Operator, cloudformation: Any) -> None:
    ops.well("deploy.sh", "prod", "--yes")
    (stack,) = cloudformation.describe_stacks(StackName="shop-prod")["Stacks"]
    assert {"ParameterKey": "Label", "ParameterValue": 'the "best" \\ one'} in stack["Parameters"]
    assert stack["EnableTerminationProtection"]
    assert json.loads(cloudformation.get_stack_policy(StackName="shop-prod")["StackPolicyBody"]) == POLICY
    refused = ops.run("delete.sh", "prod", "--yes", "--allow-delete-data")
    assert (refused.code, statuses(cloudformation)) == (3, {"shop-prod": "CREATE_COMPLETE"})
    assert "update-termination-protection --region us-east-1 --stack-name shop-prod" in refused.err
    ops.well("deploy.sh", "prod", "--yes", 'Label=an "other" \\ one')
    (stack,) = cloudformation.describe_stacks(StackName="shop-prod")["Stacks"]
    assert {"ParameterKey": "Label", "ParameterValue": 'an "other" \\ one'} in stack["Parameters"]


def test_an_account_that_is_not_allowed_is_refused(ops: Operator, cloudformation: Any, account: str) -> None:
    (ops.bundle / "deployment" / "dev.json").write_text('{"AllowedAccounts": ["123456789012"]}', "utf-8")
    ran = ops.run("deploy.sh", "dev", "--yes")
    assert ran.code == 3
    assert ran.last == (
        f"error: these are credentials of the account {account}; deployment/dev.json allows 123456789012."
    )
    assert statuses(cloudformation) == {}


def test_a_creation_that_fails_says_what_to_do(ops: Operator, cloudformation: Any) -> None:
    ops.edit("templates/stack.yaml", never_done)
    failed = ops.run("deploy.sh", "dev", "--yes")
    assert failed.last == "error: shop-dev: ROLLBACK_COMPLETE."
    again = ops.run("deploy.sh", "dev", "--yes")
    assert (again.code, again.err.count("error:")) == (6, 1)
    assert "run ./delete.sh dev, then this again" in again.last
    ops.well("delete.sh", "dev", "--yes", "--allow-delete-data")
    assert statuses(cloudformation) == {}


def test_what_others_left_behind_is_taken_up_and_a_plan_leaves_nothing(ops: Operator, cloudformation: Any) -> None:
    template = (ops.bundle / "templates" / "stack.yaml").read_text("utf-8")
    cloudformation.create_change_set(
        StackName="shop-dev",
        ChangeSetName="somebody",
        ChangeSetType="CREATE",
        TemplateBody=template,
        Parameters=[{"ParameterKey": "Label", "ParameterValue": "x"}],
    )
    assert statuses(cloudformation) == {"shop-dev": "REVIEW_IN_PROGRESS"}
    ops.well("deploy.sh", "dev", "--yes")
    assert statuses(cloudformation) == {"shop-dev": "CREATE_COMPLETE"}
    assert "Queue" in ops.well("deploy.sh", "dev", "--plan", "Timeout=50").err
    assert statuses(cloudformation) == {"shop-dev": "CREATE_COMPLETE"}
    assert left(cloudformation) == []


def test_a_value_that_cloudformation_refuses_is_one_clear_line(ops: Operator, cloudformation: Any) -> None:
    ran = ops.run("deploy.sh", "dev", "--yes", "Timeout=soon")
    assert ran.code == 1
    assert ran.last.startswith("error: cloudformation create-change-set: ValidationError: ")
    assert ran.err.count("error:") == 1
    assert statuses(cloudformation) == {}
