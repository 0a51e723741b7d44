from __future__ import annotations

from typing import Any

import pytest

from tap.diff.model import Action, Level
from tap.diff.stateful import STATEFUL, Fate, decide, holding, on_delete, on_replace
from tests.diff.building import change, resource

TABLE = "AWS::DynamoDB::Table"


def worst(fate: Fate) -> Level:
    return max((risk.level for risk in decide(fate)), default=Level.NONE)


def fate(action: Action, policy: str = "Delete", type_name: str = TABLE, **properties: Any) -> Fate:
    body = {"Type": type_name, "Properties": properties}
    return Fate(type_name, action, body, {} if action is Action.DELETE else body, policy)


@pytest.mark.parametrize("type_name", [one for one in STATEFUL if not STATEFUL[one].refuses])
def test_replacing_or_deleting_what_holds_data_loses_it(type_name: str) -> None:
    for action in (Action.REPLACE, Action.DELETE):
        (risk,) = decide(fate(action, type_name=type_name))
        assert risk.level is Level.LOSS
        assert STATEFUL[type_name].what in risk.sentence


@pytest.mark.parametrize(
    ("policy", "action", "level"),
    [
        ("Delete", Action.REPLACE, Level.LOSS),
        ("Delete", Action.MAY_REPLACE, Level.POSSIBLE),
        ("Delete", Action.MAY_DELETE, Level.POSSIBLE),
        ("Retain", Action.REPLACE, Level.NOTE),
        ("RetainExceptOnCreate", Action.DELETE, Level.NOTE),
        ("Retain", Action.DELETE, Level.NOTE),
        ("Snapshot", Action.REPLACE, Level.LOSS),  # a table has no snapshots: the policy does not save it
        ("Delete", Action.UPDATE, Level.NONE),
        ("Delete", Action.CREATE, Level.NONE),
    ],
)
def test_the_policy_and_the_certainty_decide_how_bad_it_is(policy: str, action: Action, level: Level) -> None:
    assert worst(fate(action, policy)) is level


def test_a_snapshot_saves_what_was_there_before_it() -> None:
    found = decide(fate(Action.REPLACE, "Snapshot", "AWS::RDS::DBCluster"))
    assert [risk.level for risk in found] == [Level.POSSIBLE]
    assert "only in a snapshot" in found[0].sentence


def test_an_instance_of_a_cluster_holds_nothing_and_one_of_its_own_does() -> None:
    assert holding("AWS::RDS::DBInstance", {"DBClusterIdentifier": "x"}) is None
    assert holding("AWS::RDS::DBInstance", {}) is not None
    assert holding("AWS::Lambda::Function", {}) is None


def test_what_makes_the_deletion_fail_is_said() -> None:
    (protected,) = decide(fate(Action.DELETE, DeletionProtectionEnabled=True))
    assert (protected.level, "DeletionProtectionEnabled is on" in protected.sentence) == (Level.POSSIBLE, True)
    (bucket,) = decide(fate(Action.DELETE, type_name="AWS::S3::Bucket"))
    assert (bucket.level, "only while it is empty" in bucket.sentence) == (Level.POSSIBLE, True)
    emptied = fate(Action.DELETE, type_name="AWS::ECR::Repository", EmptyOnDelete=True)
    assert worst(emptied) is Level.LOSS


@pytest.mark.parametrize(
    ("body", "deleted", "replaced"),
    [
        (resource("RDS::DBCluster"), "Snapshot", "Delete"),
        (resource("RDS::DBInstance"), "Snapshot", "Delete"),
        (resource("RDS::DBInstance", {"DBClusterIdentifier": "x"}), "Delete", "Delete"),
        (resource("DynamoDB::Table"), "Delete", "Delete"),
        (resource("DynamoDB::Table", DeletionPolicy="Retain", UpdateReplacePolicy="Snapshot"), "Retain", "Snapshot"),
    ],
)
def test_policies_and_their_defaults(body: dict[str, Any], deleted: str, replaced: str) -> None:
    assert (on_delete(body), on_replace(body)) == (deleted, replaced)


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        ({"DeletionPolicy": "Retain"}, {}, Level.POSSIBLE),
        ({"DeletionPolicy": "Retain"}, {"DeletionPolicy": "Delete"}, Level.POSSIBLE),
        ({"UpdateReplacePolicy": "Retain"}, {"UpdateReplacePolicy": "Delete"}, Level.POSSIBLE),
        ({"DeletionPolicy": "Retain"}, {"DeletionPolicy": "RetainExceptOnCreate"}, Level.NONE),
        ({}, {"DeletionPolicy": "Retain"}, Level.NONE),
        ({"DeletionPolicy": "Delete"}, {}, Level.NONE),
    ],
)
def test_a_weaker_policy_is_a_risk(before: dict[str, Any], after: dict[str, Any], level: Level) -> None:
    changed = change(resource("DynamoDB::Table", **before), resource("DynamoDB::Table", **after))
    assert changed.level is level
    assert changed.only == "attributes"


def test_a_weaker_policy_of_what_holds_nothing_is_none() -> None:
    changed = change(resource("Lambda::Function", DeletionPolicy="Retain"), resource("Lambda::Function"))
    assert changed.level is Level.NONE


def test_a_policy_taken_from_a_cluster_leaves_the_snapshot() -> None:
    changed = change(resource("RDS::DBCluster", DeletionPolicy="Retain"), resource("RDS::DBCluster"))
    assert "from Retain to Snapshot" in changed.risks[0].sentence
