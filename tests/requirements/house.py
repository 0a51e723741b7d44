"""The templates that the house's rules are for, and what several of the rules ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.requirements.template import (
    OUT,
    Stack,
    given,
    load,
    variants,
)

LAYOUTS = ("stack.json", "edge.json", "tiers/*.json", "nested/*.json")
FILES = sorted(str(path.relative_to(OUT)) for layout in LAYOUTS for path in OUT.glob(f"*/{layout}"))
WHOLE = [file for file in FILES if file.endswith(("/stack.json", "/edge.json"))]
"""The templates that are a system, or its edge, in one."""


def template(file: str) -> Mapping[str, Any]:
    """A template by its file, relative to the output folder."""
    return load(file)


def own_resources(file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The resources of a template: logical id and body."""
    yield from template(file)["Resources"].items()


def full(system: str) -> Iterator[Stack]:
    """The system's one stack, and its edge, with parameters for every branch of their conditions."""
    for file in WHOLE:
        if file.startswith(f"{system}/"):
            for parameters in variants(load(file)):
                yield given(load(file), {"EnvironmentSuffix": "qa1", **parameters})


LIMITS = {
    ("AWS::ApiGateway::ApiKey", "Name"): 1024,
    ("AWS::ApiGateway::RestApi", "Name"): 1024,
    ("AWS::ApiGateway::UsagePlan", "UsagePlanName"): 1024,
    ("AWS::ApiGatewayV2::VpcLink", "Name"): 128,
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "PolicyName"): 256,
    ("AWS::Backup::BackupPlan", "BackupPlan.BackupPlanName"): 50,
    ("AWS::Backup::BackupVault", "BackupVaultName"): 50,
    ("AWS::CloudFront::CachePolicy", "CachePolicyConfig.Name"): 128,
    ("AWS::CloudFront::Function", "Name"): 64,
    ("AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name"): 64,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::CodeBuild::Project", "Name"): 150,
    ("AWS::CodePipeline::Pipeline", "Name"): 100,
    ("AWS::DynamoDB::Table", "TableName"): 255,
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"): 128,
    ("AWS::EC2::SecurityGroup", "GroupName"): 255,
    ("AWS::ECR::Repository", "RepositoryName"): 256,
    ("AWS::ECS::Cluster", "ClusterName"): 255,
    ("AWS::ECS::Service", "ServiceName"): 255,
    ("AWS::ECS::TaskDefinition", "Family"): 255,
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"): 32,
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"): 32,
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"): 128,
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"): 128,
    ("AWS::IAM::Role", "RoleName"): 64,
    ("AWS::KMS::Alias", "AliasName"): 256,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::Logs::DeliveryDestination", "Name"): 60,
    ("AWS::Logs::DeliverySource", "Name"): 60,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"): 63,
    ("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroupName"): 255,
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): 63,
    ("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName"): 255,
    ("AWS::S3::Bucket", "BucketName"): 63,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::SSM::Parameter", "Name"): 1011,
    ("AWS::SecretsManager::RotationSchedule", "HostedRotationLambda.RotationLambdaName"): 64,
    ("AWS::SecretsManager::Secret", "Name"): 512,
    ("AWS::WAFv2::WebACL", "Name"): 128,
}
"""The most characters of a name, from the services' API references."""


def refused(parameter: Mapping[str, Any], value: str) -> bool:
    """Whether CloudFormation would refuse a value for a parameter."""
    if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
        return True
    if parameter["Type"] == "Number":
        low, high = parameter.get("MinValue", float("-inf")), parameter.get("MaxValue", float("inf"))
        return not low <= float(value) <= high
    if not int(parameter.get("MinLength", 0)) <= len(value) <= int(parameter.get("MaxLength", 4096)):
        return True
    return not re.fullmatch(parameter.get("AllowedPattern", ".*"), value)


def takes_tags(kind: str, region: str) -> bool:
    """Whether the type takes tags, by the schema that AWS publishes (cfn-lint bundles it)."""
    if kind.startswith("Custom::"):
        return False
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    return bool(schema.get("tagging", {}).get("taggable", schema.get("taggable", "Tags" in schema["properties"])))
