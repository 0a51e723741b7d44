"""TAP1107-1110, 1124-1125, 1138: services behind load balancers, and deployments between two target groups."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.balancing import (
    LISTENER,
    RULE,
    TARGET_GROUP,
    actions,
    balancer_of,
    kind_of,
    leading_to,
    unclear_actions,
)
from tap.check.graph.ecs import (
    SERVICE,
    containers,
    controller_of,
    network_mode,
    service_on_fargate,
    strategy_of,
    target_groups,
    task_of,
)
from tap.check.graph.iam import ROLE, may
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at, beside
from tap.check.values import as_bool, as_int, as_number, fields, items

_SHIFTING = ("BLUE_GREEN", "LINEAR", "CANARY")
_BLUE_GREEN = "Amazon ECS developer guide, “Amazon ECS blue/green deployments”"


class NoSuchContainer(ResourceRule):
    """A load balancer is to send to a container or port that the task does not have."""

    id = "TAP1107"
    title = "The task has no such container or port"
    description = (
        "ContainerName and ContainerPort of a service's load balancer or registry must be those of a container of its "
        "task definition, which maps that port. Otherwise the service is refused."
    )
    source = "ECS API, LoadBalancer.containerName, containerPort"
    advice = "Use the container's Name and one of the ContainerPorts in its PortMappings."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Load balancers and registries of services whose task is in this template."""
        task = task_of(world, resource)
        if task is None:
            return
        found, complete = containers(world, task)
        by_name = {one.name: one for one in found if isinstance(one.name, str)}
        if not complete or len(by_name) != len({one.index for one in found}):
            return
        for key in ("LoadBalancers", "ServiceRegistries"):
            for index, one in enumerate(items(resource.get(key))):
                name, port = fields(one).get("ContainerName"), as_int(fields(one).get("ContainerPort"))
                if not isinstance(name, str):
                    continue
                if name not in by_name:
                    says = f"{task.logical_id} has no container {name}; it has {', '.join(by_name)}."
                    yield at(resource, key, index, "ContainerName", says=says)
                    continue
                ports = by_name[name].ports
                ranged = any(fields(two).get("ContainerPortRange") for two in items(by_name[name].get("PortMappings")))
                if port is not None and ports is not None and port not in ports and not ranged:
                    heard = ", ".join(map(str, ports)) or "none"
                    says = f"The container {name} maps no port {port}; its ports: {heard}."
                    yield at(resource, key, index, "ContainerPort", says=says)


class TargetType(ResourceRule):
    """A target group for instances, and tasks that have addresses of their own."""

    id = "TAP1108"
    title = "Tasks with awsvpc need a target group of type ip"
    description = (
        "A task with the network mode awsvpc is registered by its address: with a target group of type instance (the "
        "default) the service is refused; bridge and host tasks are registered by their instance."
    )
    source = "ECS API, LoadBalancer.targetGroupArn (“you must choose ip as the target type, not instance”)"
    advice = "Set TargetType: ip on the target group."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Target groups of this template."""
        task = task_of(world, resource)
        mode = network_mode(task) if task else ""
        for steps, _, group in target_groups(world, resource):
            kind = group.get("TargetType") if group else None
            if group is None or not (kind is None or isinstance(kind, str)):
                continue
            kind = kind or "instance"
            if (mode == "awsvpc" or service_on_fargate(world, resource)) and kind != "ip":
                says = f"{group.logical_id} has targets of type {kind}; the tasks have the network mode awsvpc."
                yield at(resource, *steps, says=says)
            elif mode in ("bridge", "host") and kind == "ip" and not service_on_fargate(world, resource):
                says = f"{group.logical_id} has targets of type ip; the tasks have the network mode {mode}."
                yield at(resource, *steps, says=says)


class GroupWithoutListener(ResourceRule):
    """A target group that no load balancer sends to."""

    id = "TAP1109"
    title = "No listener forwards to the service's target group"
    description = (
        "A service with a target group that no listener or rule uses is refused: “The target group … does not have an "
        "associated load balancer.”"
    )
    source = "ECS API, CreateService.loadBalancers; Elastic Load Balancing user guide, “Target groups”"
    advice = "Forward to it in a listener's default action or in a listener rule."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Target groups of this template that nothing in it leads to."""
        for steps, _, group in target_groups(world, resource):
            if group is None or "AdvancedConfiguration" in steps or world.open or unclear_actions(world):
                continue
            if group.logical_id not in world.told_outside and not leading_to(world, group):
                yield at(resource, *steps, says=f"No listener and no rule forwards to {group.logical_id}.")


class ServiceBeforeListener(ResourceRule):
    """A service that may be made before its target group has a load balancer."""

    id = "TAP1110"
    title = "A service must depend on the listener of its target group"
    description = (
        "Nothing in a service refers to the listener. Without DependsOn the service may be made before it, and fails: "
        "“The target group … does not have an associated load balancer.”"
    )
    source = "CloudFormation template reference, AWS::ECS::Service; Amazon ECS developer guide, service load balancing"
    advice = "Add the listener, or the rule, that forwards to the target group to the service's DependsOn."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services behind listeners of this template."""
        there = before(world, resource)
        for steps, _, group in target_groups(world, resource):
            if group is None or "AdvancedConfiguration" in steps:
                continue
            owners = list(dict.fromkeys(one.owner.logical_id for one in leading_to(world, group)))
            if owners and not there & set(owners):
                says = f"Nothing makes the service wait for {owners[0]}, which forwards to {group.logical_id}."
                yield beside(resource, "DependsOn", says=says) if resource.depends_on else at(resource, says=says)


class TwoGroups(ResourceRule):
    """A deployment between two target groups that lacks a part."""

    id = "TAP1124"
    title = "A blue/green, linear or canary deployment lacks a part"
    description = (
        "Such a deployment moves a listener rule from one target group to another: each load balancer needs an "
        "AlternateTargetGroupArn, a ProductionListenerRule (a rule of an ALB, a listener of an NLB) and a RoleArn; "
        "BLUE_GREEN needs BakeTimeInMinutes."
    )
    source = "ECS API, AdvancedConfiguration, DeploymentConfiguration.bakeTimeInMinutes; " + _BLUE_GREEN
    advice = "State every part of AdvancedConfiguration and the bake time."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services whose strategy moves traffic."""
        strategy = strategy_of(resource)
        own = fields(resource.get("DeploymentConfiguration"))
        yield from self._numbers(resource, strategy)
        if strategy not in _SHIFTING:
            return
        if strategy == "BLUE_GREEN" and own.get("BakeTimeInMinutes") is None:
            yield at(resource, "DeploymentConfiguration", says="The strategy is BLUE_GREEN without BakeTimeInMinutes.")
        for index, one in enumerate(items(own.get("LifecycleHooks"))):
            hook = fields(one)
            if hook.get("TargetType", "AWS_LAMBDA") != "AWS_LAMBDA":
                continue
            for key in ("HookTargetArn", "RoleArn", "LifecycleStages"):
                if not hook.get(key):
                    says = f"The lifecycle hook has no {key}."
                    yield at(resource, "DeploymentConfiguration", "LifecycleHooks", index, says=says)
        for index, one in enumerate(items(resource.get("LoadBalancers"))):
            yield from self._balancer(resource, index, fields(one).get("AdvancedConfiguration"), strategy, world)

    @staticmethod
    def _numbers(resource: Resource, strategy: str) -> Iterator[Found]:
        for key, wanted in (("LinearConfiguration", "LINEAR"), ("CanaryConfiguration", "CANARY")):
            if strategy and resource.get("DeploymentConfiguration", key) is not None and strategy != wanted:
                says = f"{key} goes with the strategy {wanted}; it is {strategy}."
                yield at(resource, "DeploymentConfiguration", key, says=says)
        for way, low, high in (
            (("BakeTimeInMinutes",), 0, 1440),
            (("CanaryConfiguration", "CanaryPercent"), 0.1, 100),
            (("CanaryConfiguration", "CanaryBakeTimeInMinutes"), 0, 1440),
            (("LinearConfiguration", "StepPercent"), 3, 100),
            (("LinearConfiguration", "StepBakeTimeInMinutes"), 0, 1440),
        ):
            value = as_number(resource.get("DeploymentConfiguration", *way))
            if value is not None and not low <= value <= high:
                says = f"{way[-1]} is {value:g}; {low} to {high} is allowed."
                yield at(resource, "DeploymentConfiguration", *way, says=says)

    @staticmethod
    def _balancer(resource: Resource, index: int, own: object, strategy: str, world: World) -> Iterator[Found]:
        here = ("LoadBalancers", index)
        if own is None:
            yield at(resource, *here, says=f"The strategy is {strategy} and there is no AdvancedConfiguration.")
            return
        if not isinstance(own, dict):
            return
        for key in ("AlternateTargetGroupArn", "ProductionListenerRule", "RoleArn"):
            if own.get(key) is None:
                yield at(resource, *here, "AdvancedConfiguration", says=f"There is no {key}.")
        main = resource.get(*here, "TargetGroupArn")
        if main is not None and own.get("AlternateTargetGroupArn") == main:
            steps = (*here, "AdvancedConfiguration", "AlternateTargetGroupArn")
            yield at(resource, *steps, says="The alternate target group is the same as the first.")
        group, other = world.target(main, TARGET_GROUP), world.target(own.get("AlternateTargetGroupArn"), TARGET_GROUP)
        for key in ("ProductionListenerRule", "TestListenerRule"):
            said = world.target(own.get(key), LISTENER, RULE)
            steps = (*here, "AdvancedConfiguration", key)
            balancer = balancer_of(world, said) if said else None
            kind = kind_of(balancer) if balancer else ""
            if said and said.type == LISTENER and kind == "application":
                yield at(resource, *steps, says=f"{said.logical_id} is a listener; an ALB needs a listener rule here.")
            elif said and said.type == RULE and group and key == "ProductionListenerRule":
                led = [world.target(value, TARGET_GROUP) for one in actions(said) for _, value, _ in one.targets()]
                if None not in led and group not in led and other not in led:
                    says = f"{said.logical_id} forwards to neither {group.logical_id} nor the alternate target group."
                    yield at(resource, *steps, says=says)
        role = world.target(own.get("RoleArn"), ROLE)
        changes = ("elasticloadbalancing:ModifyRule", "elasticloadbalancing:ModifyListener")
        if role and all(may(world, role, one) is False for one in changes):
            says = f"{role.logical_id} may not change listeners and rules (elasticloadbalancing:ModifyRule)."
            yield at(resource, *here, "AdvancedConfiguration", "RoleArn", says=says)


class WrongController(ResourceRule):
    """Settings that are for another deployment controller."""

    id = "TAP1125"
    title = "These deployment settings go with the controller ECS only"
    description = (
        "The circuit breaker, deployment alarms and the strategies of ECS are for the deployment controller ECS: with "
        "CODE_DEPLOY or EXTERNAL the service is refused."
    )
    source = "ECS API, DeploymentConfiguration.deploymentCircuitBreaker, strategy; DeploymentController.type"
    advice = "Leave the controller out (ECS), or leave these settings to CodeDeploy."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services with another controller."""
        controller = controller_of(resource)
        if controller in ("ECS", ""):
            return
        own = fields(resource.get("DeploymentConfiguration"))
        here = "DeploymentConfiguration"
        if as_bool(fields(own.get("DeploymentCircuitBreaker")).get("Enable")):
            yield at(resource, here, "DeploymentCircuitBreaker", says=f"The circuit breaker is on with {controller}.")
        if as_bool(fields(own.get("Alarms")).get("Enable")):
            yield at(resource, here, "Alarms", says=f"Deployment alarms are on with {controller}.")
        if own.get("Strategy") is not None:
            yield at(resource, here, "Strategy", says=f"Strategy is stated with the controller {controller}.")
        if controller == "CODE_DEPLOY" and not resource.get("LoadBalancers"):
            yield at(resource, "DeploymentController", says="The controller is CODE_DEPLOY without a load balancer.")


class HealthCheckPort(ResourceRule):
    """The health check asks a port that no container has."""

    id = "TAP1138"
    title = "The health check asks a port that the task does not have"
    description = (
        "A HealthCheckPort that no container of the task maps is never answered: the service does not get stable."
    )
    severity = Severity.WARNING
    source = "Elastic Load Balancing API, CreateTargetGroup.healthCheckPort"
    advice = "Leave HealthCheckPort out (traffic-port), or give a port that the container listens on."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Target groups whose service and task are in this template."""
        task = task_of(world, resource)
        if task is None or network_mode(task) != "awsvpc":
            return
        found, complete = containers(world, task)
        ports = [port for one in found for port in one.ports or ()]
        if not complete or any(one.ports is None for one in found) or not ports:
            return
        for _, _, group in target_groups(world, resource):
            port = as_int(group.get("HealthCheckPort")) if group else None
            if group and port is not None and port not in ports:
                says = f"The health check asks port {port}; the containers of {task.logical_id} map {_list(ports)}."
                yield at(group, "HealthCheckPort", says=says)


def _list(ports: list[int]) -> str:
    return ", ".join(str(one) for one in dict.fromkeys(ports))
