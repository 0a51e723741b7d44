"""TAP1701 to TAP1703: physical names: too long, in characters that are not taken, and twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.model import Resource, World
from tap.check.rule import Found, Rule, at
from tap.check.values import Text, Unknown, as_bool, shape
from tap.physical_names import PHYSICAL_NAMES


@dataclass(frozen=True)
class Form:
    """How a name is formed. ``allowed`` is a class of characters (empty: any); ``begins`` what the first one is."""

    most: int
    allowed: str = ""
    least: int = 1
    begins: str = ""
    ends: str = ""
    never: tuple[str, ...] = ()
    """Regular expressions that no such name matches, wherever in it."""
    unique: bool = True
    """Whether the service refuses a second one of the same name."""


_WORD = "A-Za-z0-9_-"
_IAM = r"\w+=,.@-"
_RDS = "A-Za-z0-9-"
_MORE: Mapping[tuple[str, str], Form] = {
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"): Form(
        32, "A-Za-z0-9-", 1, "[A-Za-z0-9]", "[A-Za-z0-9]", ("^internal-",)
    ),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"): Form(32, "A-Za-z0-9-", 1, "[A-Za-z0-9]", "[A-Za-z0-9]"),
    ("AWS::ECS::Cluster", "ClusterName"): Form(255, _WORD),
    ("AWS::ECS::Service", "ServiceName"): Form(255, _WORD, unique=False),
    ("AWS::ECS::TaskDefinition", "Family"): Form(255, _WORD, unique=False),
    ("AWS::ECS::CapacityProvider", "Name"): Form(255, _WORD, 1, "", "", ("(?i)^(aws|ecs|fargate)",)),
    ("AWS::SNS::Topic", "TopicName"): Form(256, "A-Za-z0-9_.-"),
    ("AWS::SQS::Queue", "QueueName"): Form(80, "A-Za-z0-9_.-"),
    ("AWS::SecretsManager::Secret", "Name"): Form(512, "A-Za-z0-9/_+=.@-"),
    ("AWS::CloudWatch::Dashboard", "DashboardName"): Form(255, _WORD),
    ("AWS::CloudWatch::Alarm", "AlarmName"): Form(255),
    ("AWS::CloudWatch::CompositeAlarm", "AlarmName"): Form(255),
    ("AWS::ApiGatewayV2::VpcLink", "Name"): Form(128, unique=False),
    ("AWS::ApiGateway::Stage", "StageName"): Form(128, "A-Za-z0-9_-", unique=False),
    ("AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name"): Form(64),
    ("AWS::CloudFront::Function", "Name"): Form(64, _WORD),
    ("AWS::CloudFront::CachePolicy", "CachePolicyConfig.Name"): Form(128, _WORD),
    ("AWS::Logs::DeliverySource", "Name"): Form(60, _WORD),
    ("AWS::Logs::DeliveryDestination", "Name"): Form(60, _WORD),
    ("AWS::Logs::LogGroup", "LogGroupName"): Form(512, unique=False),
    ("AWS::EC2::SecurityGroup", "GroupName"): Form(
        255, r"\w .:/()#,@\[\]+=&;{}!$*-", 1, "", "", ("^sg-",), unique=False
    ),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"): Form(128, r"A-Za-z0-9().\-/_", 3),
    ("AWS::S3::Bucket", "BucketName"): Form(
        63,
        "a-z0-9.-",
        3,
        "[a-z0-9]",
        "[a-z0-9]",
        (
            *(r"\.\.", "^xn--", "^sthree-", "^amzn-s3-demo-", r"^\d+\.\d+\.\d+\.\d+$"),
            *("-s3alias$", "--ol-s3$", r"\.mrap$", "--x-s3$", "--table-s3$"),
        ),
    ),
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"): Form(63, _RDS, 1, "[A-Za-z]", "[A-Za-z0-9]", ("--",)),
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): Form(63, _RDS, 1, "[A-Za-z]", "[A-Za-z0-9]", ("--",)),
    ("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName"): Form(
        255, "A-Za-z0-9_. -", 1, "[A-Za-z0-9]", "", ("(?i)^default$",)
    ),
    ("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroupName"): Form(
        255, _RDS, 1, "[A-Za-z]", "[A-Za-z0-9]", ("--",)
    ),
    ("AWS::RDS::DBParameterGroup", "DBParameterGroupName"): Form(255, _RDS, 1, "[A-Za-z]", "[A-Za-z0-9]", ("--",)),
    ("AWS::RDS::DBProxy", "DBProxyName"): Form(63, _RDS, 1, "[A-Za-z]", "[A-Za-z0-9]", ("--",)),
    ("AWS::IAM::Role", "RoleName"): Form(64, _IAM),
    ("AWS::IAM::User", "UserName"): Form(64, _IAM),
    ("AWS::IAM::Group", "GroupName"): Form(128, _IAM),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"): Form(128, _IAM),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"): Form(128, _IAM),
    ("AWS::DynamoDB::Table", "TableName"): Form(255, "A-Za-z0-9_.-", 3),
    ("AWS::DynamoDB::GlobalTable", "TableName"): Form(255, "A-Za-z0-9_.-", 3),
    ("AWS::Lambda::Function", "FunctionName"): Form(64, _WORD),
    ("AWS::ECR::Repository", "RepositoryName"): Form(
        256, "a-z0-9./_-", 2, "[a-z0-9]", "[a-z0-9]", ("//", "[._-]/", "/[._-]")
    ),
    ("AWS::Backup::BackupVault", "BackupVaultName"): Form(50),
    ("AWS::SSM::Parameter", "Name"): Form(1011, "A-Za-z0-9_./-", 1, "", "", ("(?i)^/?(aws|ssm)",)),
    ("AWS::Events::Rule", "Name"): Form(64, "A-Za-z0-9_.-"),
    ("AWS::Events::EventBus", "Name"): Form(256, "A-Za-z0-9/_.-", 1, "", "", ("^default$",)),
    ("AWS::Scheduler::Schedule", "Name"): Form(64, "A-Za-z0-9_.-", unique=False),
    ("AWS::StepFunctions::StateMachine", "StateMachineName"): Form(80, _WORD),
    ("AWS::Synthetics::Canary", "Name"): Form(255, "a-z0-9_-"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName"): Form(64, "A-Za-z0-9_.-"),
    ("AWS::Kinesis::Stream", "Name"): Form(128, "A-Za-z0-9_.-"),
    ("AWS::ElastiCache::ReplicationGroup", "ReplicationGroupId"): Form(40, _RDS, 1, "[A-Za-z]", "[A-Za-z0-9]", ("--",)),
    ("AWS::AutoScaling::AutoScalingGroup", "AutoScalingGroupName"): Form(255),
    ("AWS::Cognito::UserPool", "UserPoolName"): Form(128, r"\w\s+=,.@-", unique=False),
    ("AWS::CodePipeline::Pipeline", "Name"): Form(100, "A-Za-z0-9.@_-"),
    ("AWS::CodeBuild::Project", "Name"): Form(255, _WORD, 2),
    ("AWS::SecretsManager::RotationSchedule", "HostedRotationLambda.RotationLambdaName"): Form(64, _WORD),
}
_SHARED = ("AWS::ApiGateway::RestApi", "AWS::ApiGateway::ApiKey", "AWS::ApiGateway::UsagePlan")
FORMS: Mapping[tuple[str, str], Form] = {
    **{key: Form(most, unique=False) for key, most in PHYSICAL_NAMES.items()},
    **_MORE,
}
"""Type and property → how its name is formed. Sources: the services' API models in botocore where they state it, else
their API references (CreateLoadBalancer, CreateTargetGroup, CreateDBCluster, CreateTopic, CreateQueue, PutDashboard,
RegisterTaskDefinition); S3 user guide, “General purpose bucket naming rules”."""


def names(world: World) -> Iterator[tuple[Resource, tuple[str, ...], Form, Any]]:
    """Every name that a resource gives itself: resource, path, form, value."""
    for (kind, path), form in FORMS.items():
        for resource in world.of_type(kind):
            steps = tuple(path.split("."))
            value = resource.get(*steps)
            if value is not None:
                yield resource, steps, form, value


class NameTooLong(Rule):
    """Names that can get longer than their service takes."""

    id = "TAP1701"
    title = "A name is not longer than its service takes, with the longest value of each parameter"
    description = "The service refuses the name: with this value, or with one that the parameters' constraints allow."
    source = "The services' API references and API models (limits of names)"
    advice = "Shorten the fixed part, limit the parameter with MaxLength, or leave the name to CloudFormation."

    def check(self, world: World) -> Iterator[Found]:
        """Each name: as it is, and as long as it can get."""
        for resource, steps, form, value in names(world):
            least = _shortest(value)
            written: Any = resource.written
            for step in steps:
                written = written.get(step) if isinstance(written, Mapping) else None
            longest = None if written is None or "AWS::StackName" in str(written) else world.model.longest(written)
            if least > form.most:
                says = f"{shape(value)} has {least} characters or more; {resource.type} takes {form.most}."
                yield at(resource, *steps, says=says)
            elif longest is not None and longest > form.most:
                says = f"{shape(value)} can have {longest} characters; {resource.type} takes {form.most}."
                yield at(resource, *steps, says=says)
            elif isinstance(value, str) and 0 < len(value) < form.least:
                says = f"{value} has {len(value)} characters; {resource.type} takes {form.least} at least."
                yield at(resource, *steps, says=says)


_PSEUDO = {"AWS::AccountId": 12, "AWS::Region": 9, "AWS::StackName": 1}


def _shortest(value: Any) -> int:
    """The fewest characters that a value can have."""
    parts = value.parts if isinstance(value, Text) else (value,)
    return sum(
        len(part) if isinstance(part, str) else _PSEUDO.get(part.pseudo, 0) if isinstance(part, Unknown) else 0
        for part in parts
    )


class NameForm(Rule):
    """Names in characters that their service does not take."""

    id = "TAP1702"
    title = "A name is made of the characters that its service takes"
    description = "The service refuses capitals, dots, underscores or prefixes that its names may not have."
    source = "The services' API references and API models (patterns of names)"
    advice = "Use small letters, digits and hyphens: every service takes those."

    def check(self, world: World) -> Iterator[Found]:
        """Each name, as far as it is known."""
        for resource, steps, form, value in names(world):
            says = _form_fault(value, form) or _fifo_fault(resource, value)
            if says:
                yield at(resource, *steps, says=f"{shape(value)}: {says}")


def _form_fault(value: Any, form: Form) -> str:
    if not isinstance(value, str | Text) or value == "":
        return ""
    known = [value] if isinstance(value, str) else [part for part in value.parts if isinstance(part, str)]
    if form.allowed:
        wrong = sorted({char for part in known for char in re.findall(f"[^{form.allowed}]", part, re.ASCII)})
        if wrong:
            return f"{', '.join(map(repr, wrong[:3]))} cannot be in such a name."
    start = value if isinstance(value, str) else value.prefix
    end = value if isinstance(value, str) else value.suffix
    if form.begins and start and not re.match(form.begins, start):
        return f"such a name does not begin with {start[0]!r}."
    if form.ends and end and not re.fullmatch(form.ends, end[-1]):
        return f"such a name does not end in {end[-1]!r}."
    for part in known:
        for one in form.never:
            anchored = ("^" in one and part is not start) or ("$" in one and part is not end)
            found = None if anchored else re.search(one, part)
            if found:
                return f"such a name has no {found[0]!r} there."
    return ""


def _fifo_fault(resource: Resource, value: Any) -> str:
    flag = {"AWS::SNS::Topic": "FifoTopic", "AWS::SQS::Queue": "FifoQueue"}.get(resource.type)
    if flag is None or not isinstance(value, str | Text):
        return ""
    fifo, end = as_bool(resource.get(flag)), value if isinstance(value, str) else value.suffix
    if fifo is True and end and not end.endswith(".fifo"):
        return f"the name of one with {flag} ends in .fifo."
    if (fifo is False or resource.get(flag) is None) and end.endswith(".fifo"):
        return f"only the name of one with {flag} ends in .fifo."
    dots = "." in (value if isinstance(value, str) else shape(value)).removesuffix(".fifo")
    return "a dot cannot be in such a name." if dots and isinstance(value, str) else ""


class NameTwice(Rule):
    """The same name for two resources of a kind."""

    id = "TAP1703"
    title = "A name is used once for each kind of resource"
    description = "The second resource of the same name and kind fails: it is there already."
    source = "The services' API references (…AlreadyExists)"
    advice = "Give each its own name, or leave the names to CloudFormation."

    def check(self, world: World) -> Iterator[Found]:
        """Each name against those of the same kind."""
        seen: dict[tuple[str, str], Resource] = {}
        for resource, steps, form, value in names(world):
            if not form.unique or not isinstance(value, str | Text | Unknown) or value == "":
                continue
            key = ("Alarm" if resource.type.endswith("Alarm") else resource.type, shape(value))
            if key in seen:
                says = f"{seen[key].logical_id} is called {shape(value)} too."
                yield at(resource, *steps, says=says)
            seen.setdefault(key, resource)
