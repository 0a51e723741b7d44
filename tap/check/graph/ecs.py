"""Containers: which task a service runs, in which cluster, behind which target groups, in which subnets. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap.check.graph.balancing import TARGET_GROUP
from tap.check.graph.cached import cached
from tap.check.graph.groups import groups_of
from tap.check.graph.network import subnets
from tap.check.model import Resource, World
from tap.check.values import as_bool, as_int, fields, items

SERVICE, TASK, CLUSTER = "AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::ECS::Cluster"
ASSOCIATIONS = "AWS::ECS::ClusterCapacityProviderAssociations"
PROVIDER = "AWS::ECS::CapacityProvider"
FARGATE = ("FARGATE", "FARGATE_SPOT")
CONTROLLERS = ("ECS", "CODE_DEPLOY", "EXTERNAL")


@dataclass(frozen=True, eq=False)
class Container:
    """A container of a task definition."""

    task: Resource
    index: int
    body: Any

    @property
    def name(self) -> Any:
        """``Name``."""
        return fields(self.body).get("Name")

    @property
    def called(self) -> str:
        """The name for a message."""
        return str(self.name) if isinstance(self.name, str) else f"number {self.index + 1}"

    @property
    def essential(self) -> bool | None:
        """Whether it is essential (true where nothing is said)."""
        value = fields(self.body).get("Essential")
        return True if value is None else as_bool(value)

    def get(self, *steps: str | int) -> Any:
        """What stands at these steps below the container."""
        return self.task.get("ContainerDefinitions", self.index, *steps)

    def at(self, *steps: str | int) -> tuple[str | int, ...]:
        """The path of something in it below ``Properties``."""
        return ("ContainerDefinitions", self.index, *steps)

    @property
    def ports(self) -> list[int] | None:
        """The container ports that it maps; None where one of them is not known."""
        mappings = self.get("PortMappings")
        if mappings is not None and not isinstance(mappings, list):
            return None
        found = []
        for one in items(mappings):
            port = as_int(fields(one).get("ContainerPort"))
            if port is None:
                return None
            found.append(port)
        return found

    @property
    def options(self) -> Any:
        """``LogConfiguration.Options``."""
        return self.get("LogConfiguration", "Options")


@cached
def containers(world: World, task: Resource) -> tuple[list[Container], bool]:
    """The containers of a task definition, and whether these are surely all."""
    listed = task.get("ContainerDefinitions")
    found = [Container(task, index, one) for index, one in enumerate(items(listed)) if isinstance(one, dict)]
    return found, isinstance(listed, list) and len(found) == len(listed) and not world.open


@cached
def task_of(world: World, service: Resource) -> Resource | None:
    """The task definition that a service (or task set) runs."""
    return world.target(service.get("TaskDefinition"), TASK)


@cached
def services_of(world: World, task: Resource) -> list[Resource]:
    """The services that run a task definition."""
    return [one for one in world.of_type(SERVICE) if task_of(world, one) is task]


@cached
def cluster_of(world: World, resource: Resource) -> Resource | None:
    """The cluster of a service or of associations."""
    return world.target(resource.get("Cluster"), CLUSTER)


@cached
def associations_of(world: World, cluster: Resource) -> list[Resource]:
    """What associates capacity providers with a cluster."""
    return [one for one in world.of_type(ASSOCIATIONS) if cluster_of(world, one) is cluster]


def on_fargate(task: Resource) -> bool | None:
    """Whether a task definition is for Fargate only; None where that is not known."""
    kinds = task.get("RequiresCompatibilities")
    if kinds is not None and not isinstance(kinds, list):
        return None
    if kinds and all(isinstance(one, str) for one in kinds):
        return set(kinds) == {"FARGATE"}
    return False if not kinds else None


def service_on_fargate(world: World, service: Resource) -> bool | None:
    """Whether a service runs on Fargate; None where that is not known."""
    kind = service.get("LaunchType")
    if isinstance(kind, str):
        return kind == "FARGATE"
    strategy = service.get("CapacityProviderStrategy")
    if isinstance(strategy, list) and strategy:
        names = [fields(one).get("CapacityProvider") for one in strategy]
        if all(one in FARGATE for one in names):
            return True
        if all(isinstance(one, str) and one not in FARGATE for one in names):
            return False
    task = task_of(world, service)
    return True if task and on_fargate(task) else None


def network_mode(task: Resource) -> str:
    """The network mode of a task definition; empty where it is not known."""
    value = task.get("NetworkMode")
    if isinstance(value, str):
        return value
    return "bridge" if value is None else ""


def controller_of(service: Resource) -> str:
    """The deployment controller's type; empty where it is not known."""
    value = service.get("DeploymentController", "Type")
    return "ECS" if value is None else value if isinstance(value, str) else ""


def strategy_of(service: Resource) -> str:
    """The deployment strategy; empty where it is not known."""
    value = service.get("DeploymentConfiguration", "Strategy")
    return "ROLLING" if value is None else value if isinstance(value, str) else ""


def target_groups(world: World, service: Resource) -> list[tuple[tuple[str | int, ...], Any, Resource | None]]:
    """The target groups that a service registers its tasks with: where it says so, the value, and the resource."""
    found: list[tuple[tuple[str | int, ...], Any, Resource | None]] = []
    for index, one in enumerate(items(service.get("LoadBalancers"))):
        value = fields(one).get("TargetGroupArn")
        if value is not None:
            found.append((("LoadBalancers", index, "TargetGroupArn"), value, world.target(value, TARGET_GROUP)))
        other = fields(fields(one).get("AdvancedConfiguration")).get("AlternateTargetGroupArn")
        if other is not None:
            steps = ("LoadBalancers", index, "AdvancedConfiguration", "AlternateTargetGroupArn")
            found.append((steps, other, world.target(other, TARGET_GROUP)))
    return found


def awsvpc(service: Resource) -> Any:
    """``NetworkConfiguration.AwsvpcConfiguration``."""
    return fields(service.get("NetworkConfiguration", "AwsvpcConfiguration"))


def service_subnets(world: World, service: Resource) -> tuple[list[Resource], bool]:
    """The subnets of this template that a service's tasks run in, and whether these are all."""
    return subnets(world, service.get("NetworkConfiguration", "AwsvpcConfiguration", "Subnets"))


def service_groups(world: World, service: Resource) -> tuple[tuple[Resource, ...], bool]:
    """The security groups of a service's tasks, and whether these are all."""
    return groups_of(world, service)
