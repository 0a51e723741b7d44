"""TAP1127, 1130, 1132-1134: Service Connect, ECS Exec, sidecars, and what images are for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tap.check.graph.ecs import SERVICE, TASK, cluster_of, containers, on_fargate, task_of
from tap.check.graph.iam import ROLE, may
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Text, as_bool, fields, items, shape


class ServiceConnect(ResourceRule):
    """Service Connect with a port that has no such name."""

    id = "TAP1130"
    title = "Service Connect names a port of the task, in a namespace"
    description = (
        "PortName is the Name of a port mapping of the task definition; without a Namespace the cluster's "
        "ServiceConnectDefaults give it. Otherwise the service is refused."
    )
    source = "ECS API, ServiceConnectService.portName, ServiceConnectConfiguration.namespace"
    advice = "Give the port mapping that Name, and state the Namespace."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services with Service Connect."""
        own = fields(resource.get("ServiceConnectConfiguration"))
        if as_bool(own.get("Enabled")) is not True:
            return
        cluster, task = cluster_of(world, resource), task_of(world, resource)
        if own.get("Namespace") is None and cluster and cluster.get("ServiceConnectDefaults") is None:
            says = f"There is no Namespace, and {cluster.logical_id} has no default one."
            yield at(resource, "ServiceConnectConfiguration", says=says)
        found, complete = containers(world, task) if task else ([], False)
        mappings = [fields(body) for one in found for body in items(one.get("PortMappings"))]
        names = [one.get("Name") for one in mappings]
        if not task or not complete or not all(one is None or isinstance(one, str) for one in names):
            return
        for index, one in enumerate(items(own.get("Services"))):
            name = fields(one).get("PortName")
            if isinstance(name, str) and name not in names:
                there = ", ".join(str(one) for one in names if one) or "none"
                says = f"{task.logical_id} has no port named {name}; named ports: {there}."
                yield at(resource, "ServiceConnectConfiguration", "Services", index, "PortName", says=says)


class Architecture(ResourceRule):
    """An image for another processor."""

    id = "TAP1132"
    title = "The image is for another processor architecture"
    description = "An image for arm64 does not start on X86_64 (which is the default), nor one for amd64 on ARM64."
    source = "ECS API, RuntimePlatform.cpuArchitecture"
    advice = "Set RuntimePlatform.CpuArchitecture to the image's, or use an image for both."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Images whose tag or name says what they are for."""
        said = resource.get("RuntimePlatform", "CpuArchitecture")
        if said is not None and not isinstance(said, str):
            return
        if said is None and on_fargate(resource) is not True:
            return
        for one in containers(world, resource)[0]:
            image = one.get("Image")
            text = shape(image) if isinstance(image, str | Text) else ""
            arm = bool(re.search(r"[/:_-](arm64(v8)?|aarch64)([-_./:]|$)", text))
            intel = bool(re.search(r"[/:_-](amd64|x86_64|x86-64)([-_./:]|$)", text))
            if arm and said in (None, "X86_64"):
                yield at(resource, *one.at("Image"), says=f"{text} is for ARM64; the task is for X86_64.")
            elif intel and said == "ARM64":
                yield at(resource, *one.at("Image"), says=f"{text} is for X86_64; the task is for ARM64.")


class EssentialSidecar(ResourceRule):
    """A helper whose end ends the service."""

    id = "TAP1133"
    title = "A telemetry sidecar should not be essential"
    description = (
        "When an essential container ends, the whole task is stopped: a collector that fails takes the service down."
    )
    severity = Severity.WARNING
    source = "ECS API, ContainerDefinition.essential"
    advice = "Set Essential: false on the sidecar."
    types = (TASK,)
    _COLLECTORS = re.compile(r"aws-otel-collector|opentelemetry-collector|xray-daemon|cloudwatch-agent|datadog/agent")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Collectors beside another essential container."""
        found, _ = containers(world, resource)
        for one in found:
            image = one.get("Image")
            text = shape(image) if isinstance(image, str | Text) else ""
            if (
                self._COLLECTORS.search(text)
                and one.essential
                and any(two.essential for two in found if two is not one)
            ):
                steps = one.at("Essential") if one.get("Essential") is not None else one.at()
                yield at(resource, *steps, says=f"{one.called} is a telemetry sidecar and essential.")


class OldTracing(ResourceRule):
    """A daemon that is at its end."""

    id = "TAP1134"
    title = "The X-Ray daemon is in maintenance and ends in February 2027"
    description = "The X-Ray SDKs and daemon are in maintenance mode since 2026-02-25 and lose support on 2027-02-25."
    severity = Severity.WARNING
    source = "AWS X-Ray developer guide, “X-Ray SDK and daemon end-of-support timeline”"
    advice = "Use the AWS Distro for OpenTelemetry collector or the CloudWatch agent."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Containers with the daemon's image."""
        for one in containers(world, resource)[0]:
            image = one.get("Image")
            if isinstance(image, str | Text) and re.search(r"(^|/)(aws-)?xray-daemon([:@]|$)", shape(image)):
                yield at(resource, *one.at("Image"), says=f"{one.called} runs the X-Ray daemon.")


class RootWithExec(ResourceRule):
    """A session that cannot be opened."""

    id = "TAP1127"
    title = "ECS Exec needs a writable root, a task role and its rights"
    description = (
        "ECS Exec writes into the container's root file system and talks to Systems Manager with the task role: with "
        "ReadonlyRootFilesystem, without a task role or without ssmmessages rights no session opens."
    )
    severity = Severity.WARNING
    source = "Amazon ECS developer guide, “Monitor Amazon ECS containers with ECS Exec”"
    advice = "Turn EnableExecuteCommand off, or make the root writable and let the task role do ssmmessages:*Channel."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services with ECS Exec."""
        task = task_of(world, resource)
        if as_bool(resource.get("EnableExecuteCommand")) is not True or task is None:
            return
        for one in containers(world, task)[0]:
            if as_bool(one.get("ReadonlyRootFilesystem")) and one.essential:
                says = f"{resource.logical_id} has ECS Exec on; {one.called} has a read-only root."
                yield at(task, *one.at("ReadonlyRootFilesystem"), says=says)
        if task.get("TaskRoleArn") is None:
            yield at(resource, "EnableExecuteCommand", says=f"ECS Exec is on; {task.logical_id} has no TaskRoleArn.")
            return
        role = world.target(task.get("TaskRoleArn"), ROLE)
        if role and may(world, role, "ssmmessages:OpenDataChannel") is False:
            says = f"ECS Exec is on; the task role {role.logical_id} may not do ssmmessages:OpenDataChannel."
            yield at(resource, "EnableExecuteCommand", says=says)
