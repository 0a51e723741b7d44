"""TAP1101-1106, 1129, 1131, 1139: where services run, and on what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.ecs import (
    ASSOCIATIONS,
    CLUSTER,
    FARGATE,
    PROVIDER,
    SERVICE,
    associations_of,
    cluster_of,
    on_fargate,
    service_on_fargate,
    task_of,
)
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at, beside
from tap.check.values import as_int, fields, items, shape

_GUIDE = "Amazon ECS developer guide, “Amazon ECS clusters for Fargate workloads” (capacity providers)"
_STRATEGY = "ECS API, CapacityProviderStrategyItem"
_RESERVED = re.compile(r"(aws|ecs|fargate).*|(ec2[-_]?)?spot", re.IGNORECASE)


def _strategies(resource: Resource) -> Iterator[tuple[str, list[Any]]]:
    for key in ("CapacityProviderStrategy", "DefaultCapacityProviderStrategy"):
        if isinstance(resource.get(key), list):
            yield key, resource.get(key)


def _provider(value: Any, world: World) -> str:
    """A provider as it can be compared: its name, or the logical id of one of this template; empty: not known."""
    found = world.target(value, PROVIDER)
    return f"!{found.logical_id}" if found else value if isinstance(value, str) else ""


class UnknownProvider(ResourceRule):
    """A capacity provider that the cluster does not have."""

    id = "TAP1101"
    title = "A capacity provider must be associated with the cluster"
    description = (
        "A strategy may name only capacity providers that are associated with its cluster. By themselves there are "
        "FARGATE and FARGATE_SPOT; names that begin with aws, ecs or fargate are reserved."
    )
    source = _STRATEGY + ".capacityProvider; CreateCapacityProvider.name"
    advice = "List the provider in the CapacityProviders of the cluster's ClusterCapacityProviderAssociations."
    types = (SERVICE, CLUSTER, ASSOCIATIONS)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Every provider that is named."""
        for index, value in enumerate(items(resource.get("CapacityProviders"))):
            if self._is_none(value, world):
                yield at(resource, "CapacityProviders", index, says=f"There is no capacity provider {value}.")
        there = _associated(resource, world)
        for key, strategy in _strategies(resource):
            for index, one in enumerate(strategy):
                value = fields(one).get("CapacityProvider")
                name = _provider(value, world)
                steps = (key, index, "CapacityProvider")
                if self._is_none(value, world):
                    yield at(resource, *steps, says=f"There is no capacity provider {value}.")
                elif there is not None and name and name not in there:
                    listed = ", ".join(sorted(one.removeprefix("!") for one in there)) or "none"
                    says = f"{name.removeprefix('!')} is not associated with the cluster, which has: {listed}."
                    yield at(resource, *steps, says=says)

    @staticmethod
    def _is_none(value: Any, world: World) -> bool:
        if not isinstance(value, str) or value in FARGATE or value == "":
            return False
        return bool(_RESERVED.fullmatch(value)) and world.target(value, PROVIDER) is None


def _associated(resource: Resource, world: World) -> set[str] | None:
    """The providers of the cluster that a strategy is for; None where they are not all known."""
    cluster = resource if resource.type == CLUSTER else cluster_of(world, resource)
    if cluster is None or world.open:
        return None
    if resource.type == SERVICE and cluster.logical_id in world.told_outside and not associations_of(world, cluster):
        return None
    found: set[str] = set()
    for holder in [cluster, *associations_of(world, cluster)]:
        listed = holder.get("CapacityProviders")
        if listed is not None and not isinstance(listed, list):
            return None
        names = [_provider(one, world) for one in listed or ()]
        if "" in names:
            return None
        found |= set(names)
    if any(cluster_of(world, one) is None for one in world.of_type(ASSOCIATIONS)):
        return None
    return found


class ServiceBeforeProviders(ResourceRule):
    """A service that may be made before, and deleted after, its capacity providers."""

    id = "TAP1102"
    title = "A service with a capacity provider strategy must depend on the cluster's associations"
    description = (
        "Nothing in a service refers to ClusterCapacityProviderAssociations. Without DependsOn it may be made before "
        "them, and on deletion they go while its tasks run: “The specified capacity provider is in use”."
    )
    source = _GUIDE
    advice = "Add the AWS::ECS::ClusterCapacityProviderAssociations to the service's DependsOn."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services that use a strategy, their own or the cluster's."""
        cluster = cluster_of(world, resource)
        own = items(resource.get("CapacityProviderStrategy"))
        if cluster is None or (resource.get("LaunchType") is not None) or cluster.get("CapacityProviders"):
            return
        for one in associations_of(world, cluster):
            if not own and not items(one.get("DefaultCapacityProviderStrategy")):
                continue
            if one.logical_id not in before(world, resource):
                says = f"The service runs on capacity providers and does not wait for {one.logical_id}."
                yield beside(resource, "DependsOn", says=says) if resource.depends_on else at(resource, says=says)


class ProvidersTwice(ResourceRule):
    """Two owners of the same list."""

    id = "TAP1103"
    title = "Capacity providers are set in one place"
    description = (
        "The cluster's CapacityProviders and ClusterCapacityProviderAssociations set the same list; each overwrites "
        "the other, and which one is left depends on the order."
    )
    severity = Severity.WARNING
    source = "CloudFormation template reference, AWS::ECS::ClusterCapacityProviderAssociations"
    advice = "Keep the associations and take CapacityProviders and the default strategy out of the cluster."
    types = (CLUSTER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Clusters with both."""
        for key in ("CapacityProviders", "DefaultCapacityProviderStrategy"):
            for other in associations_of(world, resource):
                if resource.get(key):
                    yield at(resource, key, says=f"{other.logical_id} sets the cluster's capacity providers too.")
                    return
        if len(associations_of(world, resource)) > 1:
            both = " and ".join(one.logical_id for one in associations_of(world, resource)[:2])
            yield at(resource, says=f"{both} each set the cluster's capacity providers.")


class LaunchTypeAndStrategy(ResourceRule):
    """A service that says twice where it runs."""

    id = "TAP1104"
    title = "LaunchType and CapacityProviderStrategy exclude each other"
    description = "“If a launchType is specified, the capacityProviderStrategy parameter must be omitted.”"
    source = "ECS API, CreateService.launchType"
    advice = "Leave LaunchType out."
    types = (SERVICE, "AWS::ECS::TaskSet")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services with both."""
        if resource.get("LaunchType") is not None and resource.get("CapacityProviderStrategy"):
            says = f"LaunchType is {shape(resource.get('LaunchType'))}, and there is a CapacityProviderStrategy."
            yield at(resource, "LaunchType", says=says)


class StrategyNumbers(ResourceRule):
    """A strategy that places nothing, or is refused."""

    id = "TAP1105"
    title = "A capacity provider strategy has one base and a weight above 0"
    description = (
        "Only one provider of a strategy may have a base; at least one of several must have a weight above 0; Fargate "
        "and Auto Scaling providers do not mix; a provider stands once. Otherwise the service is refused."
    )
    source = _STRATEGY + ".base, weight"
    advice = "Give one provider a Base, and each that is to be used a Weight of 1 or more."
    types = (SERVICE, CLUSTER, ASSOCIATIONS)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each strategy."""
        for key, strategy in _strategies(resource):
            if not strategy or not all(isinstance(one, dict) for one in strategy):
                continue
            bases = [as_int(one.get("Base") or 0) for one in strategy]
            weights = [as_int(one.get("Weight") or 0) for one in strategy]
            names = [_provider(one.get("CapacityProvider"), world) for one in strategy]
            if sum(1 for base in bases if base) > 1:
                yield at(resource, key, says=f"{sum(1 for base in bases if base)} providers have a Base above 0.")
            if all(weight == 0 for weight in weights) and (len(strategy) > 1 or not any(bases)):
                yield at(resource, key, says="No provider has a Weight above 0.")
            for name in sorted({one for one in names if one and names.count(one) > 1}):
                yield at(resource, key, says=f"{name.removeprefix('!')} stands in the strategy more than once.")
            if any(one in FARGATE for one in names) and any(one.startswith("!") for one in names):
                yield at(resource, key, says="Fargate and other capacity providers stand in one strategy.")
            if not all(base is None or 0 <= base <= 100_000 for base in bases):
                yield at(resource, key, says="A Base is from 0 to 100,000.")
            if not all(weight is None or 0 <= weight <= 1000 for weight in weights):
                yield at(resource, key, says="A Weight is from 0 to 1,000.")


class SpotWithoutFloor(ResourceRule):
    """A service that may have no task at all."""

    id = "TAP1106"
    title = "A service on spot capacity alone may have no task"
    description = (
        "FARGATE_SPOT tasks are taken away with two minutes' notice and come back when there is spare capacity. "
        "Without tasks on FARGATE nothing may be left to answer."
    )
    severity = Severity.WARNING
    source = (
        "Amazon ECS developer guide, “Amazon ECS clusters for Fargate workloads” (Fargate Spot termination notices)"
    )
    advice = "Give FARGATE a Base (the tasks that must be there) and let FARGATE_SPOT have the rest."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services behind a load balancer; not where it is said to be for development, or chosen by a condition."""
        if not resource.get("LoadBalancers") or _for_development(world):
            return
        strategy, owner, key = resource.get("CapacityProviderStrategy"), resource, "CapacityProviderStrategy"
        if strategy is None and resource.get("LaunchType") is None:
            cluster = cluster_of(world, resource)
            for one in [*(associations_of(world, cluster) if cluster else ()), *([cluster] if cluster else ())]:
                if one.get("DefaultCapacityProviderStrategy"):
                    key = "DefaultCapacityProviderStrategy"
                    owner, strategy = one, one.get(key)
                    break
        used = [
            fields(one).get("CapacityProvider")
            for one in items(strategy)
            if as_int(fields(one).get("Weight") or 0) != 0 or as_int(fields(one).get("Base") or 0) != 0
        ]
        if used and all(one == "FARGATE_SPOT" for one in used) and not _chosen(owner, key, world):
            says = f"All tasks of {resource.logical_id} run on FARGATE_SPOT."
            yield at(owner, key, says=says)


def _chosen(resource: Resource, key: str, world: World) -> bool:
    """Whether a condition of the template decides on a property: somebody has thought of it."""
    whole = fields(fields(world.model.resources.get(resource.logical_id)).get("Properties")).get(key)
    return bool(whole != resource.written.get(key))


def _for_development(world: World) -> bool:
    """Whether this world's parameters say that it is no production."""
    return any(
        re.match(r"(dev|test|stag|sandbox|qa|int)", value, re.IGNORECASE)
        for name, value in world.case.values.items()
        if isinstance(value, str) and re.search(r"env|stage", name, re.IGNORECASE)
    )


class ClusterSettings(ResourceRule):
    """A setting that there is not."""

    id = "TAP1129"
    title = "Container Insights is enhanced, enabled or disabled"
    description = "The only setting of a cluster is containerInsights, with the values enhanced, enabled and disabled."
    source = "ECS API, ClusterSetting.name, value"
    advice = "ClusterSettings: [{Name: containerInsights, Value: enhanced}]."
    types = (CLUSTER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each setting."""
        for index, one in enumerate(items(resource.get("ClusterSettings"))):
            name, value = fields(one).get("Name"), fields(one).get("Value")
            if isinstance(name, str) and name != "containerInsights":
                yield at(resource, "ClusterSettings", index, "Name", says=f"There is no setting {name}.")
            elif isinstance(value, str | bool) and value not in ("enhanced", "enabled", "disabled"):
                yield at(resource, "ClusterSettings", index, "Value", says=f"containerInsights has no value {value}.")


class FargatePlacement(ResourceRule):
    """What Fargate services do not have."""

    id = "TAP1131"
    title = "A service on Fargate has no placement, no daemons and no role of its own"
    description = (
        "Fargate has no container instances: the DAEMON strategy, placement constraints and strategies are refused; "
        "with the network mode awsvpc so is the service's Role."
    )
    source = "ECS API, CreateService.schedulingStrategy, placementStrategy, role"
    advice = "Leave them out."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services that surely run on Fargate."""
        if service_on_fargate(world, resource) is not True:
            return
        if resource.get("SchedulingStrategy") == "DAEMON":
            yield at(resource, "SchedulingStrategy", says="SchedulingStrategy is DAEMON on Fargate.")
        for key in ("PlacementConstraints", "PlacementStrategies", "Role"):
            if resource.get(key):
                yield at(resource, key, says=f"{key} is stated for a service on Fargate.")


class NotOnFargate(ResourceRule):
    """A Fargate task that is started on instances."""

    id = "TAP1139"
    title = "Nothing says that the service runs on Fargate"
    description = (
        "Without LaunchType and without a strategy, its own or the cluster's, a service is of launch type EC2: a task "
        "definition for Fargate is refused."
    )
    source = "ECS API, CreateService.launchType, capacityProviderStrategy"
    advice = "Set LaunchType: FARGATE or a CapacityProviderStrategy."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services of a cluster whose default strategy is known."""
        task, cluster = task_of(world, resource), cluster_of(world, resource)
        if task is None or on_fargate(task) is not True:
            return
        kind = resource.get("LaunchType")
        if isinstance(kind, str) and kind != "FARGATE":
            yield at(resource, "LaunchType", says=f"LaunchType is {kind}; {task.logical_id} is for Fargate only.")
        says_nothing = kind is None and resource.get("CapacityProviderStrategy") is None
        if cluster is None or not says_nothing or world.open or cluster.logical_id in world.told_outside:
            return
        holders = [cluster, *world.of_type(ASSOCIATIONS)]
        if all(one.get("DefaultCapacityProviderStrategy") is None for one in holders):
            says = f"{task.logical_id} is for Fargate; the service has no LaunchType and no strategy."
            yield at(resource, says=says)
