"""TAP1120-1123, 1140: secrets that containers get, images that are there, and the way to both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.ecs import (
    SERVICE,
    TASK,
    Container,
    awsvpc,
    containers,
    service_groups,
    service_on_fargate,
    service_subnets,
    task_of,
)
from tap.check.graph.groups import groups_of, let_out, names, open_to_all, opens
from tap.check.graph.network import VPC, WayOut, endpoints, way_out
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.rules.containers_logs import private_image
from tap.check.values import Reference, Text, Unknown, as_int, fields, items, shape

_SECRET, _REPOSITORY = "AWS::SecretsManager::Secret", "AWS::ECR::Repository"
_DATABASES = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
_SECRETS = "Amazon ECS developer guide, “Pass Secrets Manager secrets through Amazon ECS environment variables”"


class ValueFromShape(ResourceRule):
    """A secret that cannot be found under what is written."""

    id = "TAP1120"
    title = "ValueFrom is not the ARN of a secret or parameter"
    description = (
        "ValueFrom is the ARN of a secret, with :json-key:version-stage:version-id after it where one value of it is "
        "meant (all three colons, also where nothing stands between them), or the ARN or name of an SSM parameter."
    )
    source = "ECS API, Secret.valueFrom; " + _SECRETS
    advice = "Write !Sub ${Secret}:json-key:: (two colons at the end), or !Ref of the secret."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each injected secret, of containers and of their log options."""
        for one in containers(world, resource)[0]:
            for way in (("Secrets",), ("LogConfiguration", "SecretOptions")):
                for index, body in enumerate(items(one.get(*way))):
                    wrong = _misshapen(fields(body).get("ValueFrom"), world)
                    if wrong:
                        yield at(resource, *one.at(*way, index, "ValueFrom"), says=wrong)


def _misshapen(value: Any, world: World) -> str:
    """What is wrong with a value, in words; empty where nothing surely is."""
    if isinstance(value, Unknown):
        dynamic = value.text.startswith("{{resolve:")
        return f"ValueFrom is {value.text}, which comes to the value, not to an ARN." if dynamic else ""
    if isinstance(value, Reference):
        found = world.resources.get(value.logical_id)
        if found and found.type in _DATABASES and not value.attribute:
            return f"ValueFrom is {found.logical_id}, a database; its secret is MasterUserSecret.SecretArn."
        return ""
    text = shape(value) if isinstance(value, str | Text) else ""
    if text.startswith("{{resolve:") or "{{resolve:secretsmanager" in text:
        return f"ValueFrom is {text}, which comes to the value, not to an ARN."
    if isinstance(value, Text) and isinstance(value.parts[0], Reference) and _is_secret(value.parts[0], world):
        rest = text[len(value.parts[0].variable) :]
        if rest.count(":") not in (0, 3) or not rest.startswith(":"):
            return f"ValueFrom {text} has {rest.count(':')} colons after the ARN; there are three, or nothing."
        return ""
    parts = re.sub(r"\$\{[^}]*\}", "X", text).split(":")
    if text.startswith("arn:") and len(parts) > 2 and parts[2] == "secretsmanager":
        if len(parts) not in (7, 10):
            return f"ValueFrom {text} is no ARN of a secret, alone or with key, stage and version after it."
    elif isinstance(value, str) and not text.startswith("arn:"):
        if world.target(value, _SECRET):
            return f"ValueFrom is {text}, a secret's name; ECS reads a name as that of an SSM parameter."
        if not re.fullmatch(r"[a-zA-Z0-9_./-]+", text):
            return f"ValueFrom {text!r} is neither an ARN nor the name of a parameter."
    return ""


def _is_secret(reference: Reference, world: World) -> bool:
    found = world.resources.get(reference.logical_id)
    if found is None:
        return False
    if found.type == _SECRET:
        return reference.attribute in ("", "Id")
    return found.type in _DATABASES and reference.attribute == "MasterUserSecret.SecretArn"


class WholeSecret(ResourceRule):
    """A JSON document where a password is meant."""

    id = "TAP1121"
    title = "The whole secret is injected, not the value that is meant"
    description = (
        "ValueFrom with the bare ARN gives the container the secret's whole text. The secrets of databases and those "
        "generated into a template are JSON with several values."
    )
    severity = Severity.WARNING
    source = _SECRETS
    advice = (
        "Name the key: !Sub ${Secret}:password::. To let the application read it itself, give its ARN in Environment."
    )
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Bare references to secrets that surely are JSON."""
        for one in containers(world, resource)[0]:
            for index, body in enumerate(items(one.get("Secrets"))):
                value = fields(body).get("ValueFrom")
                if not isinstance(value, Reference) or not _is_secret(value, world):
                    continue
                found = world.resources[value.logical_id]
                if found.type in _DATABASES or _is_json(found, world):
                    says = f"{shape(fields(body).get('Name'))} gets all of {value}, which is a JSON document."
                    yield at(resource, *one.at("Secrets", index, "ValueFrom"), says=says)


def _is_json(secret: Resource, world: World) -> bool:
    generated = fields(secret.get("GenerateSecretString"))
    if generated:
        return generated.get("SecretStringTemplate") is not None
    text = secret.get("SecretString")
    if isinstance(text, str | Text):
        return shape(text).lstrip().startswith("{") and not shape(text).startswith("{{")
    return bool(world.uses(secret, "AWS::SecretsManager::SecretTargetAttachment"))


class SecretInEnvironment(ResourceRule):
    """A password that everybody reads."""

    id = "TAP1140"
    title = "A secret stands in the open in the task definition"
    description = (
        "A dynamic reference in Environment is resolved by CloudFormation: the secret's value is then part of the task "
        "definition, readable by all who may describe it, and does not change with the secret."
    )
    severity = Severity.WARNING
    source = _SECRETS
    advice = "Use Secrets with ValueFrom."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Variables with a dynamic reference to a secret."""
        for one in containers(world, resource)[0]:
            for index, body in enumerate(items(one.get("Environment"))):
                value = fields(body).get("Value")
                text = value.text if isinstance(value, Unknown) else shape(value) if isinstance(value, Text) else ""
                if "{{resolve:secretsmanager:" in text or "{{resolve:ssm-secure:" in text:
                    says = f"{shape(fields(body).get('Name'))} is the value of {text}."
                    yield at(resource, *one.at("Environment", index, "Value"), says=says)


class EmptyRepository(ResourceRule):
    """An image that cannot be there yet."""

    id = "TAP1122"
    title = "The image is in a repository that this stack makes empty"
    description = (
        "A repository of the same stack is empty when its service starts: no task can be started, and the stack "
        "waits for the service until it fails."
    )
    source = "CloudFormation template reference, AWS::ECS::Service (waits until the service is stable)"
    advice = (
        "Make the repository in an earlier stack, start with DesiredCount 0, or with a public image until one is "
        "pushed."
    )
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services that start at once, whatever the parameters, with such an image."""
        task = task_of(world, resource)
        if task is None or as_int(resource.get("DesiredCount")) == 0 or world.open:
            return
        body = world.model.resources.get(resource.logical_id, {})
        given = isinstance(resource.written.get("DesiredCount"), dict)
        if body.get("Condition") is not None or (given and as_int(resource.get("DesiredCount")) is None):
            return
        if any(_may_push(world.resources.get(one)) for one in before(world, resource)):
            return
        for one in containers(world, task)[0]:
            found = world.target(one.get("Image"), _REPOSITORY) or _by_name(one.get("Image"), world)
            if found and not _chosen(one, world) and found.logical_id not in _imported(world):
                says = f"{task.logical_id} runs {shape(one.get('Image'))}; {found.logical_id} is empty then."
                yield at(resource, says=says)


def _by_name(image: Any, world: World) -> Resource | None:
    """The repository that an image of this account and region names in text: ``….dkr.ecr.….amazonaws.com/NAME:TAG``."""
    text = shape(image) if isinstance(image, str | Text) else ""
    match = re.fullmatch(r"\$\{AWS::AccountId\}\.dkr\.ecr\.([^/]+?)\.amazonaws\.com/([^:@$]+)[:@].*", text)
    if match is None or match[1] not in ("${AWS::Region}", world.region):
        return None
    return next((one for one in world.of_type(_REPOSITORY) if world.name(one) == match[2]), None)


def _may_push(resource: Resource | None) -> bool:
    kinds = ("Custom::", "AWS::CloudFormation::", "AWS::CodeBuild::", "AWS::Lambda::Invocation")
    return resource is not None and resource.type.startswith(kinds)


def _imported(world: World) -> set[str]:
    """Repositories that fill themselves: pull through cache, replication."""
    rules = world.of_type("AWS::ECR::PullThroughCacheRule", "AWS::ECR::ReplicationConfiguration")
    return {one.logical_id for one in world.of_type(_REPOSITORY)} if rules else set()


def _chosen(one: Container, world: World) -> bool:
    """Whether a condition decides which image it is, so that there is a way to begin without."""
    body = fields(world.model.resources.get(one.task.logical_id))
    listed = fields(body.get("Properties")).get("ContainerDefinitions")
    if not isinstance(listed, list) or one.index >= len(listed):
        return True
    return "Fn::If" in fields(fields(listed[one.index]).get("Image"))


class NoWay(ResourceRule):
    """Tasks that reach neither their image nor their logs."""

    id = "TAP1123"
    title = "The tasks cannot reach what they need to start"
    description = (
        "A task pulls its image, gets its secrets and writes its logs over its own network interface: through a NAT "
        "gateway, with a public address in a public subnet, or through VPC endpoints for each of these services, "
        "and only where its security groups let HTTPS out."
    )
    source = (
        "Amazon ECS developer guide, “Amazon ECS task networking for Fargate”; “Amazon ECR interface VPC endpoints”"
    )
    advice = "Route the subnets to a NAT gateway, set AssignPublicIp: ENABLED in public subnets, or add the endpoints."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services on Fargate in subnets of this template."""
        task = task_of(world, resource)
        if task is None or service_on_fargate(world, resource) is not True or as_int(resource.get("DesiredCount")) == 0:
            return
        found, _ = containers(world, task)
        groups, complete = service_groups(world, resource)
        steps = ("NetworkConfiguration", "AwsvpcConfiguration")
        public = awsvpc(resource).get("AssignPublicIp")
        for subnet in service_subnets(world, resource)[0]:
            way = way_out(world, subnet)
            if way == WayOut.INTERNET and (public is None or public == "DISABLED"):
                missing = _missing(found, subnet, world)
                if missing:
                    says = (
                        f"{subnet.logical_id} leads to the internet gateway, and the tasks have no public address: "
                        f"they do not reach {missing}."
                    )
                    yield at(resource, *steps, says=says)
                    return
            if way == WayOut.NONE:
                missing = _missing(found, subnet, world)
                if missing:
                    says = f"{subnet.logical_id} has no way out: the tasks do not reach {missing}."
                    yield at(resource, *steps, "Subnets", says=says)
                    return
                closed = _missing(found, subnet, world, groups) if groups and complete else ""
                if closed:
                    says = f"{subnet.logical_id} has no way out, and endpoints do not admit {names(groups)}: {closed}."
                    yield at(resource, *steps, "SecurityGroups", says=says)
                    return
        sides = [let_out(world, one) for one in groups]
        if not groups or not complete or not all(one.complete for one in sides):
            return
        passes = [one for side in sides for one in side.passes if one.has_port(443) is not False]
        if not passes:
            yield at(resource, *steps, "SecurityGroups", says=f"{names(groups)} lets no HTTPS out.")
            return
        if any(open_to_all(one) or (one.peer_group is None and not isinstance(one.cidr, str)) for one in passes):
            return
        if any(one.cidr is not None or one.has_port(443) is None for one in passes) or endpoints(world):
            return
        says = f"{names(groups)} lets HTTPS out to other security groups only, and there is no VPC endpoint."
        yield at(resource, *steps, "SecurityGroups", says=says)


def _missing(found: list[Container], subnet: Resource, world: World, groups: tuple[Resource, ...] = ()) -> str:
    """What tasks need and no endpoint of the subnet's VPC gives them, in words; empty: nothing, or not known.

    With ``groups``, only endpoints that admit these count.
    """
    vpc = world.target(subnet.get("VpcId"), VPC)
    if vpc is None or vpc.logical_id in world.told_outside or subnet.logical_id in world.told_outside or world.open:
        return ""
    there = []
    for one, service, _ in endpoints(world):
        if world.target(one.get("VpcId"), VPC) in (vpc, None):
            if not service:
                return ""
            guards, sure = groups_of(world, one)
            if groups and guards and sure and opens(world, guards, groups, 443) is False:
                continue
            there.append(service)
    wanted: dict[str, str] = {}
    for container in found:
        image = container.get("Image")
        if private_image(container, world):
            for service in ("ecr.api", "ecr.dkr", "s3"):
                wanted.setdefault(service, f"its image ({service})")
        elif isinstance(image, str | Text) and not isinstance(image, Unknown):
            text = shape(image)
            if not re.match(r"\$\{", text):
                wanted["-"] = f"its image ({text})"
        if container.get("LogConfiguration", "LogDriver") == "awslogs":
            wanted.setdefault("logs", "its log group (logs)")
        for body in items(container.get("Secrets")):
            value = fields(body).get("ValueFrom")
            text = shape(value) if isinstance(value, str | Text | Reference) else ""
            secret = ":secretsmanager:" in text or (isinstance(value, Reference) and _is_secret(value, world))
            if isinstance(value, Text) and any(_is_secret(one, world) for one in value.references):
                secret = True
            if secret:
                wanted.setdefault("secretsmanager", "its secrets (secretsmanager)")
            elif ":ssm:" in text or world.target(value, "AWS::SSM::Parameter"):
                wanted.setdefault("ssm", "its parameters (ssm)")
    return ", ".join(words for service, words in wanted.items() if service not in there)
