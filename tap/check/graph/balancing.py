"""Load balancers, their listeners and rules, and the target groups that these lead to. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tap.check.graph.cached import cached
from tap.check.model import Resource, World
from tap.check.values import as_int, fields, items

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"


@dataclass(frozen=True, eq=False)
class Action:
    """An action of a listener or rule. ``steps`` lead to it below ``Properties``."""

    owner: Resource
    steps: tuple[str | int, ...]
    body: Any

    @property
    def kind(self) -> Any:
        """``Type``."""
        return fields(self.body).get("Type")

    def targets(self) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
        """The target groups that it forwards to: where it says so, which, and with what weight."""
        body = fields(self.body)
        if body.get("TargetGroupArn") is not None:
            yield (*self.steps, "TargetGroupArn"), body["TargetGroupArn"], None
        for index, one in enumerate(items(fields(body.get("ForwardConfig")).get("TargetGroups"))):
            steps = (*self.steps, "ForwardConfig", "TargetGroups", index, "TargetGroupArn")
            yield steps, fields(one).get("TargetGroupArn"), fields(one).get("Weight")


def kind_of(balancer: Resource) -> str:
    """``application``, ``network``, ``gateway``; empty where it is not known."""
    value = balancer.get("Type")
    return "application" if value is None else value if isinstance(value, str) else ""


def scheme_of(balancer: Resource) -> str:
    """``internet-facing`` or ``internal``; empty where it is not known."""
    value = balancer.get("Scheme")
    return "internet-facing" if value is None else value if isinstance(value, str) else ""


@cached
def listeners_of(world: World, balancer: Resource) -> list[Resource]:
    """The listeners of a load balancer."""
    return [one for one in world.of_type(LISTENER) if world.target(one.get("LoadBalancerArn"), BALANCER) is balancer]


@cached
def balancer_of(world: World, listener: Resource) -> Resource | None:
    """The load balancer of a listener or of a listener rule."""
    if listener.type == RULE:
        own = world.target(listener.get("ListenerArn"), LISTENER)
        return balancer_of(world, own) if own else None
    return world.target(listener.get("LoadBalancerArn"), BALANCER)


@cached
def rules_of(world: World, listener: Resource) -> list[Resource]:
    """The rules of a listener, in the template's order."""
    return [one for one in world.of_type(RULE) if world.target(one.get("ListenerArn"), LISTENER) is listener]


def actions(resource: Resource) -> list[Action]:
    """The actions of a listener (``DefaultActions``) or rule (``Actions``)."""
    key = "DefaultActions" if resource.type == LISTENER else "Actions"
    return [Action(resource, (key, index), one) for index, one in enumerate(items(resource.get(key)))]


@cached
def _led(world: World) -> dict[str, list[Action]]:
    found: dict[str, list[Action]] = {}
    for owner in world.of_type(LISTENER, RULE):
        for action in actions(owner):
            for _, value, _ in action.targets():
                group = world.target(value, TARGET_GROUP)
                if group:
                    found.setdefault(group.logical_id, []).append(action)
    return found


def leading_to(world: World, group: Resource) -> list[Action]:
    """The actions of listeners and rules that forward to a target group."""
    return _led(world).get(group.logical_id, [])


@cached
def balancers_to(world: World, group: Resource) -> list[Resource]:
    """The load balancers of this template that lead to a target group."""
    found = [balancer_of(world, one.owner) for one in leading_to(world, group)]
    return list(dict.fromkeys(one for one in found if one))


@cached
def unclear_actions(world: World) -> bool:
    """Whether a listener or rule forwards to something that is not known, so that it may be any target group."""
    for owner in world.of_type(LISTENER, RULE):
        key = "DefaultActions" if owner.type == LISTENER else "Actions"
        if not isinstance(owner.get(key), list):
            return True
        for action in actions(owner):
            for _, value, _ in action.targets():
                if not isinstance(value, str) and world.target(value, TARGET_GROUP) is None:
                    return True
    return False


@cached
def ports_of(world: World, balancer: Resource) -> tuple[dict[int, list[Resource]], bool]:
    """The ports that a load balancer listens on, and whether these are surely all."""
    found: dict[int, list[Resource]] = {}
    complete = not world.open and balancer.logical_id not in world.told_outside
    for one in listeners_of(world, balancer):
        port = as_int(one.get("Port"))
        if port is None:
            complete = False
        else:
            found.setdefault(port, []).append(one)
    strays = [one for one in world.of_type(LISTENER) if balancer_of(world, one) is None]
    return found, complete and not any(not isinstance(one.get("LoadBalancerArn"), str) for one in strays)
