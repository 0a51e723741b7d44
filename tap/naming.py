"""Names: the physical names of resources against their services' limits, and the names that tap makes itself.

A physical name holds the environment's suffix, so the longest suffix is whatever the tightest name leaves room for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tap.errors import TapError
from tap.model import SUFFIX
from tap.references import SUB_VARIABLE

PHYSICAL_NAMES: Mapping[tuple[str, str], int] = {
    ("AWS::ApiGateway::ApiKey", "Name"): 1024,
    ("AWS::ApiGateway::RestApi", "Name"): 1024,
    ("AWS::ApiGateway::UsagePlan", "UsagePlanName"): 1024,
    ("AWS::ApiGatewayV2::VpcLink", "Name"): 128,
    ("AWS::Backup::BackupVault", "BackupVaultName"): 50,
    ("AWS::CloudFront::CachePolicy", "CachePolicyConfig.Name"): 128,
    ("AWS::CloudFront::Function", "Name"): 64,
    ("AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name"): 64,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::CloudWatch::CompositeAlarm", "AlarmName"): 255,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::CodeBuild::Project", "Name"): 255,
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
    ("AWS::Logs::Delivery", "DeliverySourceName"): 60,
    ("AWS::Logs::DeliveryDestination", "Name"): 60,
    ("AWS::Logs::DeliverySource", "Name"): 60,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"): 63,
    ("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroupName"): 255,
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): 63,
    ("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName"): 255,
    ("AWS::S3::Bucket", "BucketName"): 63,
    ("AWS::SecretsManager::RotationSchedule", "HostedRotationLambda.RotationLambdaName"): 64,
    ("AWS::SecretsManager::Secret", "Name"): 512,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::SSM::Parameter", "Name"): 1011,
    ("AWS::WAFv2::WebACL", "Name"): 128,
}
"""Resource type and property (dots lead into nested ones) → the most characters its service takes.

Sources: the services' API models in botocore 1.44 where they state a length, else the service's API reference
(ELB ``CreateLoadBalancer`` and ``CreateTargetGroup``: 32; CloudFront ``CreateOriginAccessControl``: 64; RDS
``CreateDBCluster``: 63). Neither troposphere nor cfn-lint holds most of them against a parameter's longest value.
"""

_REF_IS_ARN = frozenset(
    {
        "AWS::CloudFront::Function",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::IAM::ManagedPolicy",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
        "AWS::WAFv2::WebACL",
    }
)
"""The named types whose ``Ref`` is longer than their name (the types' reference, "Return values")."""

STACK_NAME = 128
"""Source: CloudFormation API, ``CreateStack``, parameter ``StackName``."""

SUFFIX_PATTERN = "^[a-z0-9]+(-[a-z0-9]+)*$"
SUFFIX_RULE = "lower-case letters, digits and single hyphens, no hyphen at either end"

_PSEUDO = {
    "AWS::AccountId": 12,
    "AWS::NoValue": 0,
    "AWS::Partition": len("aws-us-gov"),
    "AWS::Region": len("ap-southeast-1"),
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": len("amazonaws.com.cn"),
}


class NameTooLongError(TapError):
    """A physical name that can be longer than its service allows."""


class Length(NamedTuple):
    """The length of a name: so many characters, and so many times the suffix."""

    fixed: int
    suffixes: int

    def __add__(self, other: object) -> Length:
        if not isinstance(other, Length):
            return NotImplemented
        return Length(self.fixed + other.fixed, self.suffixes + other.suffixes)


@dataclass(frozen=True)
class PhysicalName:
    """A name that a template gives: whose it is, the property's value, and the most characters its service takes."""

    logical_id: str
    type: str
    property: str
    value: Any
    most: int


def kebab(name: str) -> str:
    """``BackendServiceArn`` → ``backend-service-arn``; capitals in a row stay together (``DBName`` → ``db-name``)."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def camel(name: str) -> str:
    """``api-gateway`` → ``ApiGateway``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("-"))


def physical_names(resources: Mapping[str, Any]) -> Iterator[PhysicalName]:
    """The names that the resources give themselves, for the types of ``PHYSICAL_NAMES``."""
    for (kind, path), most in PHYSICAL_NAMES.items():
        for logical_id, resource in resources.items():
            if resource["Type"] != kind:
                continue
            value: Any = resource.get("Properties", {})
            for key in path.split("."):
                value = value.get(key) if isinstance(value, Mapping) else None
            if value is not None:
                yield PhysicalName(logical_id, kind, path, value, most)


def longest(value: Any, parameters: Mapping[str, Any], resources: Mapping[str, Any]) -> Length:
    """The length that a name can come to, by the constraints of the parameters in it.

    Raises NameTooLongError when nothing bounds it: a parameter without ``MaxLength`` or ``AllowedValues``, or an
    intrinsic whose result nobody can know before the deployment.
    """
    if isinstance(value, str):
        return Length(len(value), 0)
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, argument),) = value.items()
        if key == "Ref":
            return _of_name(argument, parameters, resources)
        if key == "Fn::Sub":
            return _of_sub(argument, parameters, resources)
        if key == "Fn::If":
            either = [longest(branch, parameters, resources) for branch in argument[1:]]
            return Length(max(length.fixed for length in either), max(length.suffixes for length in either))
        if key == "Fn::Join" and isinstance(argument[1], list):
            parts = [longest(part, parameters, resources) for part in argument[1]]
            return sum(parts, Length(len(argument[0]) * (len(parts) - 1), 0))
    raise NameTooLongError(f"its length cannot be known: {value}")


def _of_sub(argument: Any, parameters: Mapping[str, Any], resources: Mapping[str, Any]) -> Length:
    text, values = argument if isinstance(argument, list) else (argument, {})
    total = Length(len(SUB_VARIABLE.sub("", text).replace("${!", "${")), 0)
    for match in SUB_VARIABLE.finditer(text):
        value = values.get(match[1], {"Ref": match[1]})
        total += longest(value, parameters, resources)
    return total


def _of_name(name: str, parameters: Mapping[str, Any], resources: Mapping[str, Any]) -> Length:
    if name == SUFFIX:
        return Length(0, 1)
    if name in _PSEUDO:
        return Length(_PSEUDO[name], 0)
    if name in parameters:
        parameter = parameters[name]
        if "AllowedValues" in parameter:
            return Length(max(len(str(value)) for value in parameter["AllowedValues"]), 0)
        if "MaxLength" in parameter:
            return Length(int(parameter["MaxLength"]), 0)
        raise NameTooLongError(f"the parameter {name} in it has neither MaxLength nor AllowedValues")
    if name in resources and resources[name]["Type"] not in _REF_IS_ARN:
        for physical in physical_names({name: resources[name]}):
            return longest(physical.value, parameters, resources)
    raise NameTooLongError(f"the length of {name} in it cannot be known")


def longest_suffix(
    system: str, tiers: tuple[str, ...], parameters: Mapping[str, Any], resources: Mapping[str, Any]
) -> tuple[int, str]:
    """The most characters that the suffix may have, and the name that sets the limit.

    Stack names count too (``SYSTEM-SUFFIX-TIER``). Raises NameTooLongError for a name that leaves no room for a
    suffix, is too long without one, or cannot be bounded.
    """
    room, reason = (
        STACK_NAME - max(len(f"{system}--{tier}") for tier in (*tiers, "")),
        f"the stack's name ({STACK_NAME} characters)",
    )
    for name in physical_names(resources):
        where = f"{name.logical_id} ({name.type}), {name.property}"
        try:
            length = longest(name.value, parameters, resources)
        except NameTooLongError as error:
            raise NameTooLongError(f"{where}: {error}. Its service takes {name.most} characters.") from error
        left = name.most - length.fixed
        if left < length.suffixes:
            raise NameTooLongError(
                f"{where}: up to {length.fixed} characters"
                + (" before the suffix" if length.suffixes else "")
                + f", its service takes {name.most}. Shorten it, or bound the parameters in it."
            )
        if length.suffixes and left // length.suffixes < room:
            room, reason = left // length.suffixes, f"the name of {name.logical_id} ({name.most} characters)"
    return room, reason
