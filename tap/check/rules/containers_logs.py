"""TAP1116-1119: what containers log, and the role that starts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.ecs import TASK, Container, containers, on_fargate
from tap.check.graph.iam import ROLE, concerns, grants
from tap.check.graph.keys import key_of, key_statements
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, Unknown, as_bool, fields, items, shape

_LOG_GROUP, _REPOSITORY, _SECRET = "AWS::Logs::LogGroup", "AWS::ECR::Repository", "AWS::SecretsManager::Secret"
_CLUSTER, _PARAMETER = "AWS::RDS::DBCluster", "AWS::SSM::Parameter"
_DRIVER = "ECS API, LogConfiguration.logDriver, options"
_EXECUTION = "Amazon ECS developer guide, “Amazon ECS task execution IAM role”"
_OPTIONS = (
    "awslogs-create-group",
    "awslogs-datetime-format",
    "awslogs-group",
    "awslogs-multiline-pattern",
    "awslogs-region",
    "awslogs-stream-prefix",
)


class LogOptions(ResourceRule):
    """Log options that a container does not start with."""

    id = "TAP1116"
    title = "A log driver's options are not complete"
    description = (
        "awslogs needs awslogs-group and awslogs-region, on Fargate awslogs-stream-prefix too; Fargate has the drivers "
        "awslogs, splunk and awsfirelens; awsfirelens needs a container with a FirelensConfiguration."
    )
    source = _DRIVER
    advice = "State awslogs-group, awslogs-region: !Ref AWS::Region and awslogs-stream-prefix."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each container's log configuration."""
        found, complete = containers(world, resource)
        fargate = on_fargate(resource)
        for one in found:
            driver, options = one.get("LogConfiguration", "LogDriver"), one.options
            if isinstance(driver, str) and fargate and driver not in ("awslogs", "splunk", "awsfirelens"):
                steps = one.at("LogConfiguration", "LogDriver")
                yield at(resource, *steps, says=f"{one.called} logs with {driver}, which Fargate does not have.")
            router = any(two.get("FirelensConfiguration") is not None for two in found)
            if driver == "awsfirelens" and complete and not router:
                says = f"{one.called} logs with awsfirelens; no container has a FirelensConfiguration."
                yield at(resource, *one.at("LogConfiguration", "LogDriver"), says=says)
            if driver == "awslogs" and (options is None or isinstance(options, dict)):
                yield from self._options(one, options or {}, fargate, world)

    @staticmethod
    def _options(one: Container, options: dict[str, Any], fargate: bool | None, world: World) -> Iterator[Found]:
        needed = ["awslogs-group", "awslogs-region", *(["awslogs-stream-prefix"] if fargate else [])]
        steps = one.at("LogConfiguration", *(["Options"] if options else []))
        for name in needed:
            if options.get(name) is None:
                yield at(one.task, *steps, says=f"{one.called} logs with awslogs and states no {name}.")
        for name, value in options.items():
            here = one.at("LogConfiguration", "Options", name)
            if re.match(r"aws[-_]?log", name, re.IGNORECASE) and name not in _OPTIONS:
                yield at(one.task, *here, says=f"awslogs has no option {name}.")
            if name == "mode" and isinstance(value, str) and value not in ("blocking", "non-blocking"):
                yield at(one.task, *here, says=f"mode is {value}; it is blocking or non-blocking.")
        region = options.get("awslogs-region")
        mine = world.target(options.get("awslogs-group"), _LOG_GROUP)
        if mine and isinstance(region, str) and world.region and region != world.region:
            here = one.at("LogConfiguration", "Options", "awslogs-region")
            yield at(one.task, *here, says=f"{mine.logical_id} is made in {world.region}; the region is {region}.")


class LogGroupMissing(ResourceRule):
    """Logs for a group that nobody makes."""

    id = "TAP1117"
    title = "Nothing makes the containers' log group"
    description = (
        "awslogs does not make its log group unless awslogs-create-group is true: without the group a task does not "
        "start."
    )
    severity = Severity.WARNING
    source = _DRIVER + " (awslogs-create-group: “it defaults to false”)"
    advice = "Add AWS::Logs::LogGroup and write awslogs-group: !Ref of it."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Groups that are named by text."""
        if world.open:
            return
        for one in containers(world, resource)[0]:
            group = fields(one.options).get("awslogs-group")
            created = fields(one.options).get("awslogs-create-group")
            if one.get("LogConfiguration", "LogDriver") != "awslogs" or not isinstance(group, str | Text):
                continue
            written = fields(fields(fields(_written(one).get("LogConfiguration")).get("Options")).get("awslogs-group"))
            given = "Ref" in written
            if as_bool(created) or (created is not None and as_bool(created) is None) or given:
                continue
            if any(isinstance(part, Unknown) and not part.pseudo for part in getattr(group, "parts", ())):
                continue
            if world.target(group, _LOG_GROUP) is None and not _perhaps(world, group):
                says = f"{one.called} logs to {shape(group)}, which no resource makes."
                yield at(resource, *one.at("LogConfiguration", "Options", "awslogs-group"), says=says)


def _written(one: Container) -> Any:
    listed = items(one.task.written.get("ContainerDefinitions"))
    return fields(listed[one.index]) if one.index < len(listed) else {}


def _perhaps(world: World, group: str | Text) -> bool:
    """Whether a log group of the template may have this name, or whatever makes log groups may have made it."""
    for one in world.of_type(_LOG_GROUP):
        name = one.get("LogGroupName")
        if isinstance(name, Unknown | Reference) or (isinstance(name, str | Text) and _shaped(name) == _shaped(group)):
            return True
    return any(one.type.startswith("Custom::") for one in world.resources.values())


def _shaped(value: str | Text) -> str:
    return re.sub(r"\$\{[^}]*\}", "*", shape(value))


class ExecutionRoleMissing(ResourceRule):
    """A task that nobody can start."""

    id = "TAP1118"
    title = "The task needs an execution role"
    description = (
        "Secrets are injected with the task's execution role; on Fargate logs and private images of ECR need it too. "
        "Without it the task definition is refused, or the task does not start."
    )
    source = _EXECUTION
    advice = "Set ExecutionRoleArn to a role for ecs-tasks.amazonaws.com with AmazonECSTaskExecutionRolePolicy."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Task definitions without an execution role."""
        if resource.get("ExecutionRoleArn") is not None:
            return
        for one in containers(world, resource)[0]:
            for need in _needs(one, world, on_fargate(resource) is True):
                yield at(resource, says=f"{one.called} {need}, and the task has no ExecutionRoleArn.")
                return


def _needs(one: Container, world: World, fargate: bool) -> Iterator[str]:
    """What a container needs the execution role for, in words."""
    if items(one.get("Secrets")):
        yield "injects secrets"
    if items(one.get("LogConfiguration", "SecretOptions")):
        yield "has secrets in its log options"
    if fargate and one.get("LogConfiguration", "LogDriver") == "awslogs":
        yield "logs with awslogs"
    if fargate and private_image(one, world):
        yield "has an image in ECR"


def private_image(one: Container, world: World) -> bool:
    """Whether a container's image is in a private repository of ECR."""
    image = one.get("Image")
    text = shape(image) if isinstance(image, str | Text) else ""
    return bool(re.search(r"\.dkr[.-]ecr\.", text)) or world.target(image, _REPOSITORY) is not None


class ExecutionRoleMayNot(ResourceRule):
    """A task whose execution role lacks what starts it."""

    id = "TAP1119"
    title = "The execution role may not do what starts the task"
    description = (
        "The execution role gets the secrets that are injected (and decrypts them where they have a customer key), "
        "writes the logs and pulls the image. Without these rights the task stops before it starts: "
        "ResourceInitializationError."
    )
    source = _EXECUTION + "; “Pass sensitive data to an Amazon ECS container”"
    advice = "Let the role do it on that resource; AmazonECSTaskExecutionRolePolicy has images and logs, no secrets."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Task definitions whose execution role is in this template."""
        role = world.target(resource.get("ExecutionRoleArn"), ROLE)
        if role is None:
            return
        seen: set[tuple[str, str]] = set()
        for one in containers(world, resource)[0]:
            for steps, action, target, name in _uses(one, world, on_fargate(resource) is True):
                if (action, name) not in seen and _lacks(world, role, action, target):
                    seen.add((action, name))
                    says = f"{role.logical_id} may not do {action} on {name}, which {one.called} needs to start."
                    yield at(resource, *one.at(*steps), says=says)


def _uses(one: Container, world: World, fargate: bool) -> Iterator[tuple[tuple[Any, ...], str, Resource | None, str]]:
    """What a container's start does: where it says so, the action, on what (None: not of this template), its name."""
    for index, body in enumerate(items(one.get("Secrets"))):
        value = fields(body).get("ValueFrom")
        if not isinstance(value, str | Text | Reference):
            continue
        steps = ("Secrets", index, "ValueFrom")
        target = world.target(value, _SECRET, _CLUSTER, "AWS::RDS::DBInstance", _PARAMETER)
        text = shape(value)
        name = target.logical_id if target else text
        secret = target.type != _PARAMETER if target else ":secretsmanager:" in text
        if secret:
            yield steps, "secretsmanager:GetSecretValue", target, name
            key = target.get("MasterUserSecret", "KmsKeyId") if target and target.type != _SECRET else None
            key = target.get("KmsKeyId") if target and target.type == _SECRET else key
            own = key_of(world, key) if key is not None else None
            if own:
                yield steps, "kms:Decrypt", own, own.logical_id
        elif target or ":ssm:" in text or ":" not in text:
            yield steps, "ssm:GetParameters", target, name
    if not fargate:
        return
    if one.get("LogConfiguration", "LogDriver") == "awslogs":
        group = fields(one.options).get("awslogs-group")
        target = world.target(group, _LOG_GROUP)
        name = target.logical_id if target else shape(group) if isinstance(group, str | Text) else "its log group"
        yield ("LogConfiguration",), "logs:PutLogEvents", target, name
        yield ("LogConfiguration",), "logs:CreateLogStream", target, name
        if as_bool(fields(one.options).get("awslogs-create-group")):
            yield ("LogConfiguration", "Options", "awslogs-create-group"), "logs:CreateLogGroup", None, name
    if private_image(one, world):
        target = world.target(one.get("Image"), _REPOSITORY)
        yield ("Image",), "ecr:BatchGetImage", target, target.logical_id if target else "the image's repository"
        yield ("Image",), "ecr:GetAuthorizationToken", None, "anything"


_MANAGED = {
    "AmazonECSTaskExecutionRolePolicy": (
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ),
}
"""What AWS's managed policies allow, on everything (AWS managed policy reference)."""


def _lacks(world: World, role: Resource, action: str, target: Resource | None) -> bool:
    """Whether a role surely may not do an action."""
    told = grants(world, role)
    names = [arn.rsplit("/", 1)[-1] for arn in told.managed]
    if not told.complete or not all(name in _MANAGED for name in names):
        return False
    if any(action in _MANAGED[name] for name in names):
        return False
    for one in told.statements:
        if not one.allows:
            continue
        covered = one.covers(action)
        if covered is not False and (target is None or concerns(world, one, target) is not False):
            return False
    if action == "kms:Decrypt" and target is not None:
        return _key_is_plain(world, target, role)
    return True


def _key_is_plain(world: World, key: Resource, role: Resource) -> bool:
    """Whether a key's policy itself surely lets a role do nothing: it names neither the role nor anybody."""
    told = key_statements(key)
    if told is None or not all(one.complete for one in told):
        return False
    for one in told:
        for kind, value in one.principals:
            if kind in ("*",) or value == "*" or world.target(value, ROLE) is role:
                return False
    return True
