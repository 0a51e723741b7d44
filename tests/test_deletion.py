from __future__ import annotations

from typing import Any

from tap.cases import ALWAYS
from tap.deletion import deletion, policies

PARAMETERS = {"Kind": {"Type": "String", "AllowedValues": ["dev", "prod"]}, "Arn": {"Type": "String"}}
CONDITIONS: dict[str, Any] = {
    "IsProduction": {"Fn::Equals": [{"Ref": "Kind"}, "prod"]},
    "IsDisposable": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Kind"}, "prod"]}]},
    "HasArn": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Arn"}, ""]}]},
}
IN_PRODUCTION, ELSEWHERE = "`Kind` is `prod`", "`Kind` is `dev`"
KEPT_IN_PRODUCTION = {"Fn::If": ["IsProduction", "Retain", "Delete"]}


def template(**resources: dict[str, Any]) -> dict[str, Any]:
    bodies = {
        name: {"Properties": {}, "Metadata": {"Description": f"What {name} is for.", "Tier": "one"}} | body
        for name, body in resources.items()
    }
    return {"Parameters": PARAMETERS, "Conditions": CONDITIONS, "Resources": bodies}


def stays(**resources: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(fate.name, fate.policy, fate.when) for fate in deletion(template(**resources)).stays]


def obstacles(**resources: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.name, each.when) for each in deletion(template(**resources)).obstacles]


def test_a_policy_is_told_with_the_case_in_which_it_is_so() -> None:
    key = {"Type": "AWS::KMS::Key", "DeletionPolicy": KEPT_IN_PRODUCTION}
    topic = {"Type": "AWS::SNS::Topic"}
    found = deletion(template(Key=key, Topic=topic))
    assert [(each.name, each.policy, each.when) for each in found.stays] == [("Key", "Retain", IN_PRODUCTION)]
    assert [(each.name, each.when, each.says) for each in found.goes] == [("Key", ELSEWHERE, "What Key is for.")]


def test_where_there_is_no_resource_nothing_stays() -> None:
    role = {"Type": "AWS::IAM::Role", "DeletionPolicy": "Retain", "Condition": "HasArn"}
    assert stays(Role=role) == [("Role", "Retain", "`Arn` is given")]
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": KEPT_IN_PRODUCTION, "Condition": "HasArn"}
    assert stays(Bucket=bucket) == [("Bucket", "Retain", f"`Arn` is given and {IN_PRODUCTION}")]


def test_what_cloudformation_does_without_a_policy() -> None:
    cluster = {"Type": "AWS::RDS::DBCluster"}
    alone = {"Type": "AWS::RDS::DBInstance"}
    member = {"Type": "AWS::RDS::DBInstance", "Properties": {"DBClusterIdentifier": {"Ref": "Cluster"}}}
    assert stays(Cluster=cluster, Alone=alone, Member=member) == [
        ("Cluster", "Snapshot", ALWAYS),
        ("Alone", "Snapshot", ALWAYS),
    ]


def balancer(protected: Any) -> dict[str, Any]:
    attributes = [{"Key": "deletion_protection.enabled", "Value": protected}]
    return {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"LoadBalancerAttributes": attributes}}


def test_protection_is_in_the_way_where_there_is_a_deletion() -> None:
    assert obstacles(Door=balancer("true")) == [("Door", ALWAYS)]
    assert obstacles(Door=balancer("false")) == []
    assert obstacles(Door=balancer({"Fn::If": ["IsProduction", "true", "false"]})) == [("Door", IN_PRODUCTION)]
    cluster = {"Type": "AWS::RDS::DBCluster", "Properties": {"DeletionProtection": True}}
    assert obstacles(Cluster=cluster | {"DeletionPolicy": "Snapshot"}) == [("Cluster", ALWAYS)]
    assert obstacles(Cluster=cluster | {"DeletionPolicy": "Retain"}) == []
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {"DeletionProtectionEnabled": True}}
    assert obstacles(Table=table | {"DeletionPolicy": KEPT_IN_PRODUCTION}) == [("Table", ELSEWHERE)]


def emptier(**more: Any) -> dict[str, Any]:
    condition = {"Condition": more.pop("Condition")} if "Condition" in more else {}
    return {"Type": "Custom::EmptiedBucket", "Properties": {"BucketName": {"Ref": "Bucket"}} | more} | condition


def test_a_bucket_is_in_the_way_unless_something_empties_it() -> None:
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Delete"}
    assert obstacles(Bucket=bucket) == [("Bucket", ALWAYS)]
    assert obstacles(Bucket=bucket | {"DeletionPolicy": "Retain"}) == []
    assert obstacles(Bucket=bucket, Emptied=emptier()) == []
    assert obstacles(Bucket=bucket, Emptied=emptier(Condition="IsDisposable")) == [("Bucket", IN_PRODUCTION)]
    asked = emptier(Empties={"Fn::If": ["IsDisposable", "true", "false"]})
    assert obstacles(Bucket=bucket, Emptied=asked) == [("Bucket", IN_PRODUCTION)]
    assert obstacles(Bucket=bucket | {"DeletionPolicy": KEPT_IN_PRODUCTION}, Emptied=asked) == []


def test_repositories_and_vaults_that_hold_something_are_in_the_way() -> None:
    repository = {"Type": "AWS::ECR::Repository"}
    assert obstacles(Images=repository) == [("Images", ALWAYS)]
    assert obstacles(Images=repository | {"Properties": {"EmptyOnDelete": True}}) == []
    vault = {"Type": "AWS::Backup::BackupVault"}
    assert obstacles(Vault=vault) == [("Vault", ALWAYS)]
    assert obstacles(Vault=vault | {"DeletionPolicy": "Retain"}) == []


def test_what_lingers() -> None:
    key = {
        "Type": "AWS::KMS::Key",
        "DeletionPolicy": KEPT_IN_PRODUCTION,
        "Properties": {"PendingWindowInDays": {"Fn::If": ["IsProduction", 30, 7]}},
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": {"VpcConfig": {}}}
    (first, how), (second, _) = deletion(template(Key=key, Function=function)).lingers
    assert (first, second) == ("Key", "Function")
    assert "7 days" in how and how.endswith(f"where {ELSEWHERE}")


def test_what_stays_and_leans_on_what_goes() -> None:
    group = {"Type": "AWS::EC2::SecurityGroup"}
    key = {"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain"}
    used = {"VpcSecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}], "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}
    cluster = {"Type": "AWS::RDS::DBCluster", "DeletionPolicy": "Retain", "Properties": used}
    assert deletion(template(Group=group, Key=key, Cluster=cluster)).leans == (("Cluster", ("Group",)),)
    snapshot = cluster | {"DeletionPolicy": "Snapshot"}
    assert deletion(template(Group=group, Key=key, Cluster=snapshot)).leans == ()


def test_policies_where_parameters_have_values() -> None:
    told = template(
        Key={"Type": "AWS::KMS::Key", "DeletionPolicy": KEPT_IN_PRODUCTION},
        Role={"Type": "AWS::IAM::Role", "DeletionPolicy": "Retain", "Condition": "HasArn"},
        Cluster={"Type": "AWS::RDS::DBCluster"},
    )
    assert policies(told, {"Kind": "prod"}) == {"Key": "Retain", "Role": "", "Cluster": "Snapshot"}
    assert policies(told, {"Kind": "dev", "Arn": "arn:x"}) == {"Key": "Delete", "Role": "Retain", "Cluster": "Snapshot"}
