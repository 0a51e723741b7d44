from __future__ import annotations

from typing import Any

import pytest

from tap.deploy.resolve import Unresolved
from tap.diff.model import Level
from tap.diff.protection import weakened

P, L = Level.POSSIBLE, Level.LOSS


def rule(**more: Any) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", **more}]}}


@pytest.mark.parametrize(
    ("type_name", "before", "after", "level"),
    [
        ("RDS::DBCluster", {"DeletionProtection": True}, {"DeletionProtection": False}, P),
        ("RDS::DBCluster", {"DeletionProtection": "true"}, {}, P),
        ("DynamoDB::Table", {"DeletionProtectionEnabled": True}, {}, P),
        ("Cognito::UserPool", {"DeletionProtection": "ACTIVE"}, {"DeletionProtection": "INACTIVE"}, P),
        ("EC2::Instance", {"DisableApiTermination": True}, {}, P),
        ("RDS::DBCluster", {"BackupRetentionPeriod": 7}, {"BackupRetentionPeriod": 0}, L),
        ("RDS::DBInstance", {"BackupRetentionPeriod": 7}, {}, L),
        ("S3::Bucket", {"VersioningConfiguration": {"Status": "Enabled"}}, {}, P),
        (
            "S3::Bucket",
            {"VersioningConfiguration": {"Status": "Enabled"}},
            {"VersioningConfiguration": {"Status": "Suspended"}},
            P,
        ),
        (
            "DynamoDB::Table",
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
            L,
        ),
        (
            "DynamoDB::GlobalTable",
            {"Replicas": [{"Region": "eu-west-1", "DeletionProtectionEnabled": True}]},
            {"Replicas": [{"Region": "eu-west-1"}]},
            P,
        ),
        ("Logs::LogGroup", {"RetentionInDays": 30}, {"RetentionInDays": 7}, L),
        ("Logs::LogGroup", {}, {"RetentionInDays": 365}, L),
        ("Kinesis::Stream", {"RetentionPeriodHours": 48}, {}, L),
        ("SQS::Queue", {}, {"MessageRetentionPeriod": 60}, P),
        ("S3::Bucket", {}, rule(ExpirationInDays=30), P),
        ("S3::Bucket", rule(ExpirationInDays=90), rule(ExpirationInDays=30), P),
        ("S3::Bucket", rule(ExpirationInDays=30, Status="Disabled"), rule(ExpirationInDays=30), P),
        ("ECR::Repository", {}, {"LifecyclePolicy": {"LifecyclePolicyText": "{}"}}, P),
        ("ECR::Repository", {}, {"EmptyOnDelete": True}, P),
        ("DynamoDB::Table", {}, {"TimeToLiveSpecification": {"AttributeName": "at", "Enabled": True}}, P),
        ("KMS::Key", {}, {"Enabled": False}, P),
        ("KMS::Key", {}, {"PendingWindowInDays": 7}, P),
        ("RDS::DBCluster", {"DeletionProtection": True}, {"DeletionProtection": Unresolved("!Ref P")}, P),
    ],
)
def test_a_protection_turned_off_or_shortened_is_a_risk(
    type_name: str, before: dict[str, Any], after: dict[str, Any], level: Level
) -> None:
    found = list(weakened(f"AWS::{type_name}", before, after))
    assert max(risk.level for risk in found) is level
    assert all(risk.sentence.endswith((".", ")")) for risk in found)


@pytest.mark.parametrize(
    ("type_name", "before", "after"),
    [
        ("RDS::DBCluster", {}, {"DeletionProtection": True}),
        ("RDS::DBCluster", {"BackupRetentionPeriod": 1}, {}),
        ("RDS::DBCluster", {"BackupRetentionPeriod": 7}, {"BackupRetentionPeriod": "7"}),
        ("Logs::LogGroup", {"RetentionInDays": 7}, {}),
        ("S3::Bucket", rule(ExpirationInDays=30), {}),
        ("S3::Bucket", {}, rule(ExpirationInDays=30, Status="Disabled")),
        ("KMS::Key", {"EnableKeyRotation": True}, {}),
        ("Lambda::Function", {"DeletionProtection": True}, {}),
    ],
)
def test_what_protects_as_much_or_more_is_none(type_name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert list(weakened(f"AWS::{type_name}", before, after)) == []


def test_a_life_cycle_rule_is_the_same_wherever_it_stands() -> None:
    first = {"Id": "first", "Status": "Enabled", "ExpirationInDays": 90}
    other = {"Id": "other", "Status": "Enabled", "ExpirationInDays": 10}
    before, after = ({"LifecycleConfiguration": {"Rules": rules}} for rules in ([first, other], [other, first]))
    assert list(weakened("AWS::S3::Bucket", before, after)) == []
