"""TAP134x: principals and managed policies that there are not, and roles that the wrong service may assume."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.iam import ROLE, policies, statements, trusted
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.rules.iam_names import policy_meant, service_meant
from tap.check.values import Reference, Text, fields, items, shape

_REGION = re.compile(r"\.[a-z]{2}(-[a-z]+)+-\d$")
_FOREIGN = ("alexa-appkit.amazon.com", "alexa-connectedhome.amazon.com", "app.terraform.io")


def _service_fault(value: str) -> tuple[str, str]:
    """What is wrong with a service principal, and the one that is meant; empty for nothing."""
    plain = value.strip()
    for end in (".amazonaws.com.cn", ".amazonaws.com"):
        if plain.lower().endswith(end):
            name = _REGION.sub("", plain[: -len(end)])
            meant = service_meant(name)
            if "." in name and not service_meant(name.rsplit(".", 1)[1]):
                return "", ""  # A part of a service that there is: these come and go.
            return ("is no service principal", f"{meant}{end}") if meant else ("", "")
    if plain in ("*", *_FOREIGN) or plain.endswith((".internal", ".amazon.com.cn")):
        return "", ""
    name = re.split(r"\.amazon|\.aws", plain)[0]
    return "is no service principal: they end in .amazonaws.com", f"{service_meant(name) or name}.amazonaws.com"


class ServicePrincipal(Rule):
    """A service that there is not."""

    id = "TAP1340"
    title = "There is no such principal"
    description = (
        "Policies with a service, account or role that does not exist are refused: as invalid principals, or as "
        "malformed. Services end in .amazonaws.com."
    )
    source = "IAM user guide, “AWS JSON policy elements: Principal”, “AWS service principals”"

    def check(self, world: World) -> Iterator[Found]:
        """Every principal in trust policies and policies of resources, and those of permissions."""
        for policy in policies(world):
            if policy.kind == "identity":
                continue
            for one in policy.statements:
                for kind, value in one.principals:
                    yield from self._principal(policy.resource, one.place, kind, value)
        for permission in world.of_type("AWS::Lambda::Permission"):
            value = permission.get("Principal")
            if isinstance(value, str) and not re.fullmatch(r"\*|\d{12}|arn:.*|o-.*", value):
                yield from self._service(permission, ("Principal",), value)

    def _principal(self, resource: Resource, place: tuple[str, ...], kind: str, value: Any) -> Iterator[Found]:
        where = (*place, "Principal")
        if kind == "Service" and isinstance(value, str):
            yield from self._service(resource, where, value)
        elif kind == "AWS" and isinstance(value, str):
            if not re.fullmatch(r"\*|\d{12}|arn:aws[^:]*:(iam|sts)::(\d{12}|cloudfront):.+|A[A-Z0-9]{15,}", value):
                says = f"“{value}” is neither an account, nor an ARN of IAM, nor *."
                yield at(resource, *where, says=says)
        elif kind == "" and isinstance(value, str):
            says = f"“{value}” stands alone: Principal is * or a mapping of Service, AWS or Federated."
            yield at(resource, *where, says=says)
        elif kind not in ("*", "", "AWS", "Service", "Federated", "CanonicalUser"):
            yield at(resource, *where, says=f"There is no kind of principal {kind}.")

    def _service(self, resource: Resource, where: tuple[str, ...], value: str) -> Iterator[Found]:
        wrong, meant = _service_fault(value)
        if wrong:
            yield at(resource, *where, says=f"“{value}” {wrong}.", advice=f"Write {meant}." if meant else "")


class ManagedPolicy(Rule):
    """A managed policy that there is not."""

    id = "TAP1341"
    title = "There is no such managed policy"
    description = (
        "The path is part of a managed policy's ARN: some are in service-role/ or job-function/, most are not."
    )
    source = "AWS managed policy reference guide"

    def check(self, world: World) -> Iterator[Found]:
        """The managed policies of roles, users and groups, and of boundaries."""
        for owner in world.of_type(ROLE, "AWS::IAM::User", "AWS::IAM::Group"):
            for index, value in enumerate(items(owner.get("ManagedPolicyArns"))):
                yield from self._policy(owner, ("ManagedPolicyArns", str(index)), value, world)
            boundary = owner.get("PermissionsBoundary")
            if boundary is not None:
                yield from self._policy(owner, ("PermissionsBoundary",), boundary, world)

    def _policy(self, owner: Resource, place: tuple[str, ...], value: Any, world: World) -> Iterator[Found]:
        if isinstance(value, str) and not value.startswith("arn:"):
            if value:
                meant = policy_meant(f"x/{value}") if "/" not in value else ""
                advice = f"Write arn:aws:iam::aws:policy/{meant}." if meant else "Write the ARN."
                yield at(owner, *place, says=f"“{value}” is no ARN of a policy.", advice=advice)
            return
        if not isinstance(value, str | Text) or (isinstance(value, Text) and value.references):
            return
        text = shape(value)
        match = re.fullmatch(r"arn:[^:]+(:iam::aws:policy/)(.+)", text)
        if match and "${" not in match[2]:
            meant = policy_meant(match[2])
            if meant:
                says = f"AWS has no managed policy {match[2]}."
                yield at(owner, *place, says=says, advice=f"Write arn:aws:iam::aws:policy/{meant}.")
        elif ":aws:policy/" in text and not match:
            yield at(owner, *place, says=f"“{text}” is no ARN of a policy.", advice="It is arn:aws:iam::aws:policy/….")
        elif isinstance(value, str) and not re.fullmatch(r"arn:[^:]+:iam::(aws|\d{12}):policy/.+", value):
            yield at(owner, *place, says=f"“{value}” is no ARN of a policy.")


_ASSUMES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "AWS::ApiGateway::Account": (("CloudWatchRoleArn", "apigateway"),),
    "AWS::ApiGateway::Method": (("Integration.Credentials", "apigateway"),),
    "AWS::Backup::BackupSelection": (("BackupSelection.IamRoleArn", "backup"),),
    "AWS::CloudTrail::Trail": (("CloudWatchLogsRoleArn", "cloudtrail"),),
    "AWS::CodeBuild::Project": (("ServiceRole", "codebuild"),),
    "AWS::CodeDeploy::DeploymentGroup": (("ServiceRoleArn", "codedeploy"),),
    "AWS::CodePipeline::Pipeline": (("RoleArn", "codepipeline"),),
    "AWS::DLM::LifecyclePolicy": (("ExecutionRoleArn", "dlm"),),
    "AWS::EC2::FlowLog": (("DeliverLogsPermissionArn", "vpc-flow-logs"),),
    "AWS::ECS::Service": (
        ("LoadBalancers.*.AdvancedConfiguration.RoleArn", "ecs"),
        ("DeploymentConfiguration.LifecycleHooks.*.RoleArn", "ecs"),
        ("VolumeConfigurations.*.ManagedEBSVolume.RoleArn", "ecs"),
    ),
    "AWS::ECS::TaskDefinition": (("TaskRoleArn", "ecs-tasks"), ("ExecutionRoleArn", "ecs-tasks")),
    "AWS::Events::Rule": (("Targets.*.RoleArn", "events"), ("RoleArn", "events")),
    "AWS::KinesisFirehose::DeliveryStream": (
        ("ExtendedS3DestinationConfiguration.RoleARN", "firehose"),
        ("S3DestinationConfiguration.RoleARN", "firehose"),
    ),
    "AWS::Lambda::Function": (("Role", "lambda"),),
    "AWS::Logs::SubscriptionFilter": (("RoleArn", "logs"),),
    "AWS::Pipes::Pipe": (("RoleArn", "pipes"),),
    "AWS::RDS::DBCluster": (("MonitoringRoleArn", "monitoring.rds"),),
    "AWS::RDS::DBInstance": (("MonitoringRoleArn", "monitoring.rds"),),
    "AWS::RDS::DBProxy": (("RoleArn", "rds"),),
    "AWS::S3::Bucket": (("ReplicationConfiguration.Role", "s3"),),
    "AWS::Scheduler::Schedule": (("Target.RoleArn", "scheduler"),),
    "AWS::StepFunctions::StateMachine": (("RoleArn", "states"),),
    "AWS::IAM::InstanceProfile": (("Roles.*", "ec2"),),
}
"""The roles that resource types take, and the service that assumes them (CloudFormation template reference)."""


def _values(value: Any, steps: list[str], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not steps:
        yield path, value
    elif steps[0] == "*":
        for index, item in enumerate(items(value)):
            yield from _values(item, steps[1:], (*path, str(index)))
    elif steps[0] in fields(value):
        yield from _values(fields(value)[steps[0]], steps[1:], (*path, steps[0]))


class WrongTrust(ResourceRule):
    """A role that the service which takes it may not assume."""

    id = "TAP1342"
    title = "The service may not assume the role"
    description = (
        "A role names in its trust policy who may assume it; a service that is not there is refused, or fails later."
    )
    source = "IAM user guide, “Creating a role to delegate permissions to an AWS service”; the services' guides"
    types = tuple(_ASSUMES)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each role that a resource takes."""
        for dotted, service in _ASSUMES[resource.type]:
            for path, value in _values(resource.properties, dotted.split(".")):
                role = world.target(value, ROLE)
                if role is None:
                    continue
                services, whole = trusted(role)
                names = {_REGION.sub("", one.removesuffix(".cn").removesuffix(".amazonaws.com")) for one in services}
                if whole and service not in names and "*" not in names:
                    told = ", ".join(sorted(services)) or "no service"
                    says = f"{service}.amazonaws.com has to assume {role.logical_id}, but it trusts {told}."
                    yield at(resource, *path, says=says, advice=f"Let {service}.amazonaws.com do sts:AssumeRole.")


class NameForArn(ResourceRule):
    """A role's name where its ARN is needed, or the other way round."""

    id = "TAP1343"
    title = "The role's ARN is needed, not its name"
    description = "!Ref of a role gives its name. These properties take the ARN, an instance profile the name."
    source = "CloudFormation template reference: AWS::IAM::Role, Return values"
    types = tuple(_ASSUMES)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each role that a resource takes by reference."""
        name = resource.type == "AWS::IAM::InstanceProfile"
        for dotted, _ in _ASSUMES.get(resource.type, ()):
            if dotted in ("ExecutionRoleArn", "TaskRoleArn", "ServiceRole"):
                continue  # ECS and CodeBuild take either.
            for path, value in _values(resource.properties, dotted.split(".")):
                if not isinstance(value, Reference) or value.logical_id not in world.resources:
                    continue
                role = world.resources[value.logical_id].type == ROLE
                if role and name and value.attribute == "Arn":
                    yield at(resource, *path, says=f"{value} is an ARN: the role's name is needed.")
                elif role and not name and not value.attribute:
                    yield at(resource, *path, says=f"{value} is a name: the role's ARN is needed.")


class AnybodyAssumes(ResourceRule):
    """A role for everybody."""

    id = "TAP1348"
    title = "Anybody may assume the role"
    description = "A trust policy for * without a condition lets every account of AWS in."
    severity = Severity.WARNING
    source = "IAM user guide, “AWS JSON policy elements: Principal”: do not use * with Allow in a trust policy"
    advice = "Name the accounts or services, or add a condition such as aws:PrincipalOrgID."
    types = (ROLE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The trust policy of a role."""
        for one in statements(resource.get("AssumeRolePolicyDocument"), ("AssumeRolePolicyDocument",)) or ():
            everybody = any(kind == "*" or (kind == "AWS" and value == "*") for kind, value in one.principals)
            if one.allows and everybody and not one.conditions and one.complete and not one.negated:
                yield at(resource, *one.place, says="Everybody may assume the role.")
