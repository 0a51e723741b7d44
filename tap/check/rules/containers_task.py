"""TAP1111-1115, 1135-1137: task definitions by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.ecs import (
    TASK,
    Container,
    containers,
    network_mode,
    on_fargate,
)
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import as_bool, as_int, as_number, each, fields, items

_TASK = "ECS API, RegisterTaskDefinition"


def _gib(value: Any) -> float | None:
    """Memory or CPU as a number; also as ECS takes it in words (``2 GB``, ``1 vCPU``)."""
    match = re.fullmatch(r"\s*(\d+(\.\d+)?)\s*(gb|vcpu)\s*", value, re.IGNORECASE) if isinstance(value, str) else None
    return float(match[1]) * 1024 if match else as_number(value)


class ContainerDependencies(ResourceRule):
    """Containers that wait for what never comes."""

    id = "TAP1111"
    title = "A container depends on what the task does not have or never reaches"
    description = (
        "DependsOn names another container of the task, without a circle; HEALTHY needs that container's HealthCheck; "
        "COMPLETE and SUCCESS are not for an essential container."
    )
    source = "ECS API, ContainerDependency.condition"
    advice = "Name a container of the task; give it a HealthCheck, or use START."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each dependency of each container."""
        found, complete = containers(world, resource)
        if not complete or not all(isinstance(one.name, str) for one in found):
            return
        by_name = {str(one.name): one for one in found}
        waits: dict[str, list[str]] = {}
        for one in found:
            for index, body in enumerate(items(one.get("DependsOn"))):
                name, condition = fields(body).get("ContainerName"), fields(body).get("Condition")
                steps = one.at("DependsOn", index)
                if not isinstance(name, str):
                    continue
                other = by_name.get(name)
                if other is None:
                    says = f"{one.called} depends on {name}; there is no such container."
                    yield at(resource, *steps, "ContainerName", says=says)
                    continue
                waits.setdefault(str(one.name), []).append(name)
                if condition == "HEALTHY" and other.get("HealthCheck") is None:
                    says = f"{one.called} waits for {name} to be HEALTHY, which has no HealthCheck."
                    yield at(resource, *steps, "Condition", says=says)
                if condition in ("COMPLETE", "SUCCESS") and other.essential:
                    says = f"{one.called} waits for {name} to end ({condition}), which is essential."
                    yield at(resource, *steps, "Condition", says=says)
        for name in waits:
            if name in _reached(waits, name):
                yield at(resource, *by_name[name].at("DependsOn"), says=f"{name} waits for itself, in a circle.")
                return


def _reached(waits: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    todo = list(waits.get(start, ()))
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += waits.get(one, ())
    return found


class SameName(ResourceRule):
    """Two containers, ports or variables with one name."""

    id = "TAP1112"
    title = "A name stands twice in the task definition"
    description = (
        "Containers of a task have different names, so have its port mappings; a variable is either in Environment "
        "or in Secrets. Otherwise the task definition is refused."
    )
    source = _TASK + ".containerDefinitions; ContainerDefinition.secrets, PortMapping.name"
    advice = "Rename one of them."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Names of containers, of their ports and of their variables."""
        found, _ = containers(world, resource)
        seen: set[str] = set()
        ports: set[str] = set()
        for one in found:
            if isinstance(one.name, str):
                if one.name in seen:
                    yield at(resource, *one.at("Name"), says=f"Two containers have the name {one.name}.")
                seen.add(one.name)
            for index, body in enumerate(items(one.get("PortMappings"))):
                name = fields(body).get("Name")
                if isinstance(name, str):
                    if name in ports:
                        yield at(
                            resource, *one.at("PortMappings", index, "Name"), says=f"Two ports have the name {name}."
                        )
                    ports.add(name)
            variables: dict[str, str] = {}
            for key in ("Environment", "Secrets"):
                for index, body in enumerate(items(one.get(key))):
                    name = fields(body).get("Name")
                    if not isinstance(name, str):
                        continue
                    if name in variables and "Secrets" in (key, variables[name]):
                        where = "Environment and Secrets" if variables[name] != key else key
                        yield at(resource, *one.at(key, index, "Name"), says=f"{name} stands twice in {where}.")
                    variables.setdefault(name, key)


class TaskSize(ResourceRule):
    """Containers that the task has no room for."""

    id = "TAP1113"
    title = "The containers need more than the task has"
    description = (
        "The containers' CPU and memory together are at most the task's; a container's Memory is more than its "
        "MemoryReservation; ephemeral storage is 21 to 200 GiB. Otherwise the task definition is refused."
    )
    source = _TASK + ".cpu, memory; ContainerDefinition.memory; EphemeralStorage.sizeInGiB"
    advice = "Raise the task's Cpu or Memory, or lower the containers'."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Sizes that are known."""
        found, _ = containers(world, resource)
        for key, unit in (("Cpu", "CPU units"), ("Memory", "MiB")):
            total = _gib(resource.get(key))
            parts = [(one, as_number(one.get(key))) for one in found]
            known = [(one, number) for one, number in parts if number is not None]
            if total is None or not known:
                continue
            single = [(one, number) for one, number in known if number > total]
            if single:
                one, number = single[0]
                says = f"{one.called} has {number:g} {unit}, the task {total:g}."
                yield at(resource, *one.at(key), says=says)
            elif sum(number for _, number in known) > total:
                says = (
                    f"The containers have {sum(number for _, number in known):g} {unit} together, the task {total:g}."
                )
                yield at(resource, key, says=says)
        reserved = [as_number(one.get("MemoryReservation")) or 0 for one in found]
        memory = _gib(resource.get("Memory"))
        if memory is not None and sum(reserved) > memory:
            yield at(resource, "Memory", says=f"The containers reserve {sum(reserved):g} MiB, the task has {memory:g}.")
        for one, soft in zip(found, reserved, strict=True):
            hard = as_number(one.get("Memory"))
            if hard is not None and soft and hard <= soft:
                says = f"{one.called} reserves {soft:g} MiB and may have {hard:g}."
                yield at(resource, *one.at("MemoryReservation"), says=says)
        size = as_number(resource.get("EphemeralStorage", "SizeInGiB"))
        if size is not None and not 21 <= size <= 200:
            says = f"Ephemeral storage is {size:g} GiB; 21 to 200 is allowed."
            yield at(resource, "EphemeralStorage", "SizeInGiB", says=says)


class ContainerHealthCheck(ResourceRule):
    """A health check that is refused."""

    id = "TAP1114"
    title = "A container's health check is out of range"
    description = (
        "Interval is 5 to 300 s, Timeout 2 to 60 s, Retries 1 to 10, StartPeriod 0 to 300 s; the command begins "
        "with CMD or CMD-SHELL (or is NONE)."
    )
    source = "ECS API, HealthCheck"
    advice = 'Stay within these, and write the command as [CMD-SHELL, "… || exit 1"].'
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each container's health check."""
        for one in containers(world, resource)[0]:
            for key, low, high in (
                ("Interval", 5, 300),
                ("Timeout", 2, 60),
                ("Retries", 1, 10),
                ("StartPeriod", 0, 300),
            ):
                value = as_number(one.get("HealthCheck", key))
                if value is not None and not low <= value <= high:
                    says = f"{key} of {one.called}'s health check is {value:g}; {low} to {high} is allowed."
                    yield at(resource, *one.at("HealthCheck", key), says=says)
            command = one.get("HealthCheck", "Command")
            first = command[0] if isinstance(command, list) and command else None
            if isinstance(first, str) and first not in ("CMD", "CMD-SHELL", "NONE"):
                says = f"The health check's command begins with {first!r}, not with CMD or CMD-SHELL."
                yield at(resource, *one.at("HealthCheck", "Command"), says=says)
            elif first in ("CMD", "CMD-SHELL") and len(command) == 1:
                yield at(resource, *one.at("HealthCheck", "Command"), says="The health check has no command.")
            stop = as_number(one.get("StopTimeout"))
            if stop is not None and on_fargate(resource) and not 2 <= stop <= 120:
                says = f"StopTimeout of {one.called} is {stop:g}; Fargate allows 2 to 120 s."
                yield at(resource, *one.at("StopTimeout"), says=says)


class NotForFargate(ResourceRule):
    """What a container on Fargate cannot have."""

    id = "TAP1115"
    title = "Fargate does not have this"
    description = (
        "On Fargate there is no host: privileged containers, links, devices, shared memory, swap, host volumes, "
        "placement and the modes bridge and host are refused; capabilities can only add SYS_PTRACE."
    )
    source = "Amazon ECS developer guide, “Amazon ECS task definition differences for Fargate”"
    advice = "Leave it out, or run the task on instances."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Task definitions for Fargate only."""
        if on_fargate(resource) is not True:
            return
        for key in ("PlacementConstraints", "IpcMode"):
            if resource.get(key):
                yield at(resource, key, says=f"{key} is stated for Fargate.")
        if resource.get("PidMode") == "host":
            yield at(resource, "PidMode", says="PidMode is host; Fargate has task only.")
        mode = network_mode(resource)
        if mode not in ("awsvpc", ""):
            yield at(
                resource,
                *(("NetworkMode",) if resource.get("NetworkMode") else ()),
                says=f"The network mode is {mode}.",
            )
        for index, one in enumerate(items(resource.get("Volumes"))):
            volume = fields(one)
            if volume.get("DockerVolumeConfiguration") or fields(volume.get("Host")).get("SourcePath"):
                yield at(resource, "Volumes", index, says="Fargate has no host volumes and no Docker volumes.")
        for container in containers(world, resource)[0]:
            yield from self._container(container)

    @staticmethod
    def _container(one: Container) -> Iterator[Found]:
        if as_bool(one.get("Privileged")):
            yield at(one.task, *one.at("Privileged"), says=f"{one.called} is privileged.")
        for way in (
            ("Links",),
            ("ExtraHosts",),
            ("DockerSecurityOptions",),
            ("LinuxParameters", "Devices"),
            ("LinuxParameters", "SharedMemorySize"),
            ("LinuxParameters", "MaxSwap"),
            ("LinuxParameters", "Swappiness"),
        ):
            if one.get(*way):
                yield at(one.task, *one.at(*way), says=f"{one.called} has {way[-1]}.")
        for index, name in enumerate(items(one.get("LinuxParameters", "Capabilities", "Add"))):
            if isinstance(name, str) and name not in ("SYS_PTRACE", "CAP_SYS_PTRACE"):
                steps = one.at("LinuxParameters", "Capabilities", "Add", index)
                yield at(one.task, *steps, says=f"{one.called} adds the capability {name}.")
        for index, body in enumerate(items(one.get("ResourceRequirements"))):
            if fields(body).get("Type") == "GPU":
                yield at(one.task, *one.at("ResourceRequirements", index), says=f"{one.called} requires a GPU.")


class SamePort(ResourceRule):
    """Two containers on one port."""

    id = "TAP1135"
    title = "Two containers of a task listen on the same port"
    description = (
        "With awsvpc the containers of a task share one network interface: only one of them can listen on a port."
    )
    severity = Severity.WARNING
    source = "Amazon ECS developer guide, “Amazon ECS task networking for Fargate”"
    advice = "Give each container a port of its own."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Ports of all containers."""
        if network_mode(resource) not in ("awsvpc", "host"):
            return
        seen: dict[tuple[int, str], Container] = {}
        for one in containers(world, resource)[0]:
            for index, body in enumerate(items(one.get("PortMappings"))):
                port = as_int(fields(body).get("ContainerPort"))
                protocol = str(fields(body).get("Protocol") or "tcp").lower()
                other = seen.setdefault((port, protocol), one) if port is not None else one
                if other is not one:
                    says = f"{one.called} and {other.called} both listen on port {port}."
                    yield at(resource, *one.at("PortMappings", index, "ContainerPort"), says=says)


class Volumes(ResourceRule):
    """A volume that the task does not have."""

    id = "TAP1136"
    title = "A mount point names a volume of the task"
    description = (
        "SourceVolume is the Name of one of the task's Volumes, SourceContainer the name of one of its containers. "
        "With an EFS access point or IAM authorization TransitEncryption is ENABLED."
    )
    source = "ECS API, MountPoint.sourceVolume, VolumeFrom, EFSVolumeConfiguration.transitEncryption"
    advice = "Declare the volume in Volumes; set TransitEncryption: ENABLED."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Mount points and EFS volumes."""
        listed = resource.get("Volumes")
        names = [fields(one).get("Name") for one in items(listed)]
        known = (listed is None or isinstance(listed, list)) and all(isinstance(one, str) for one in names)
        found, complete = containers(world, resource)
        for one in found:
            for index, body in enumerate(items(one.get("MountPoints"))):
                name = fields(body).get("SourceVolume")
                if isinstance(name, str) and known and name not in names:
                    says = f"{one.called} mounts {name}; the task's volumes: {', '.join(map(str, names)) or 'none'}."
                    yield at(resource, *one.at("MountPoints", index, "SourceVolume"), says=says)
            for index, body in enumerate(items(one.get("VolumesFrom"))):
                name = fields(body).get("SourceContainer")
                there = [two.name for two in found]
                if (
                    complete
                    and isinstance(name, str)
                    and all(isinstance(two, str) for two in there)
                    and name not in there
                ):
                    says = f"{one.called} takes volumes from {name}; there is no such container."
                    yield at(resource, *one.at("VolumesFrom", index, "SourceContainer"), says=says)
        for index, one_ in enumerate(items(listed)):
            own = fields(fields(one_).get("EFSVolumeConfiguration"))
            access = fields(own.get("AuthorizationConfig"))
            needs = access.get("AccessPointId") is not None or access.get("IAM") == "ENABLED"
            transit = own.get("TransitEncryption")
            if needs and (transit is None or transit == "DISABLED"):
                steps = ("Volumes", index, "EFSVolumeConfiguration")
                yield at(resource, *steps, says="The EFS volume has an access point or IAM, and no TransitEncryption.")


class Compatibility(ResourceRule):
    """Settings of the task that its launch types do not have."""

    id = "TAP1137"
    title = "A task definition for Fargate needs its CPU and memory"
    description = "With RequiresCompatibilities FARGATE the task states Cpu and Memory; otherwise it is refused."
    source = _TASK + ".cpu, memory (“This field is required for Fargate”)"
    advice = "Set Cpu and Memory on the task definition."
    types = (TASK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Task definitions for Fargate."""
        if "FARGATE" not in each(resource.get("RequiresCompatibilities")):
            return
        for key in ("Cpu", "Memory"):
            if resource.get(key) is None:
                yield at(resource, says=f"The task is for Fargate and states no {key}.")
