"""TAP1590-1592: an application load balancer behind a network load balancer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tap.check.graph.balancing import (
    BALANCER,
    TARGET_GROUP,
    actions,
    balancers_to,
    ports_of,
    rules_of,
)
from tap.check.graph.groups import admitted, groups_of, names, opens
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import as_int, fields, items, shape, strings

_SOURCE = "Network Load Balancers user guide, “Use an Application Load Balancer as a target”"


def _inner(group: Resource, world: World) -> tuple[Resource, int] | None:
    """The application load balancer that a target group of type alb leads to, and the port that it is asked on."""
    if group.get("TargetType") != "alb":
        return None
    targets = items(group.get("Targets"))
    if len(targets) != 1:
        return None
    balancer = world.target(fields(targets[0]).get("Id"), BALANCER)
    port = as_int(fields(targets[0]).get("Port") or group.get("Port"))
    return None if balancer is None or port is None else (balancer, port)


class InnerListener(ResourceRule):
    """An inner load balancer that does not listen, or not yet."""

    id = "TAP1590"
    title = "A load balancer that is a target listens on the target group's port, before it becomes one"
    description = (
        "A load balancer can be registered only where it has a listener on the target group's port. The target group "
        "has to wait for that listener: a reference to the load balancer does not make it."
    )
    source = _SOURCE
    advice = "Add a listener on that port, and DependsOn it to the target group."
    types = (TARGET_GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Target groups of type alb whose target is a load balancer of the template."""
        found = _inner(resource, world)
        if found is None:
            return
        balancer, port = found
        listeners, complete = ports_of(world, balancer)
        if port in listeners:
            if not any(one.logical_id in before(world, resource) for one in listeners[port]):
                says = (
                    f"{resource.logical_id} does not wait for {listeners[port][0].logical_id}, the listener on {port}."
                )
                yield at(resource, "Targets", says=says, advice=f"Add DependsOn: {listeners[port][0].logical_id}.")
        elif complete:
            said = ", ".join(map(str, sorted(listeners))) or "no port"
            says = f"{balancer.logical_id} listens on {said}, not on {port}."
            yield at(resource, "Targets" if "Port" in fields(items(resource.get("Targets"))[0]) else "Port", says=says)


class InnerShut(ResourceRule):
    """An inner load balancer that does not let the outer one in."""

    id = "TAP1591"
    title = "The load balancer that is a target does not admit the network load balancer"
    description = (
        "The group of the application load balancer must admit the network load balancer on the target group's port: "
        "its group, or the addresses of the VPC where it has none."
    )
    severity = Severity.WARNING
    source = f"{_SOURCE}; “Security groups for your Network Load Balancer”"
    advice = "Admit the network load balancer's group (or the VPC's block) on that port."
    types = (TARGET_GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Target groups of type alb, with both load balancers in the template."""
        found = _inner(resource, world)
        if found is None:
            return
        balancer, port = found
        mine, complete = groups_of(world, balancer)
        sides = [admitted(world, one) for one in mine]
        if not mine or not complete or not all(one.complete for one in sides):
            return
        passes = [one for side in sides for one in side.passes if one.has_port(port) is not False]
        place = ("Targets", 0, "Id")
        if not passes:
            yield at(resource, *place, says=f"{names(mine)} of {balancer.logical_id} admits nobody on port {port}.")
            return
        for outer in balancers_to(world, resource):
            theirs, whole = groups_of(world, outer)
            if outer.get("SecurityGroups") is None:
                # Without groups of its own it comes from an address, which no group stands for.
                if all(one.peer_group is not None for one in passes):
                    says = (
                        f"{names(mine)} of {balancer.logical_id} admits groups only on port {port}, and "
                        f"{outer.logical_id} has none."
                    )
                    yield at(resource, *place, says=says)
            elif theirs and whole and opens(world, mine, theirs, port) is False:
                says = f"{names(mine)} of {balancer.logical_id} does not admit {names(theirs)} on port {port}."
                yield at(resource, *place, says=says)


class InnerHealth(ResourceRule):
    """A health check that gets what the inner load balancer answers by default."""

    id = "TAP1592"
    title = "The health check of a load balancer that is a target gets an answer that counts as sick"
    description = (
        "The health check asks for its path as any client does. Where no rule takes that path and the listener answers "
        "by itself with an error, the target is never healthy."
    )
    severity = Severity.WARNING
    source = f"{_SOURCE}; AWS::ElasticLoadBalancingV2::TargetGroup HealthCheckPath, Matcher"
    advice = "Set HealthCheckPath to one that a rule forwards."
    types = (TARGET_GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Target groups of type alb whose listener answers with a fixed response by default."""
        found = _inner(resource, world)
        if found is None or world.open:
            return
        balancer, port = found
        listeners, _ = ports_of(world, balancer)
        health = as_int(resource.get("HealthCheckPort"))
        path = resource.get("HealthCheckPath")
        path = "/" if path is None else path
        for listener in listeners.get(health or port, ()):
            listed = actions(listener)
            status = fields(fields(listed[-1].body).get("FixedResponseConfig")).get("StatusCode") if listed else None
            bad = isinstance(status, str | int) and not str(status).startswith(("2", "3"))
            matcher = resource.get("Matcher", "HttpCode")
            if not bad or not isinstance(path, str) or matcher is not None or listener.logical_id in world.told_outside:
                continue
            if all(_leaves_out(rule, path) for rule in rules_of(world, listener)):
                says = f"{path} gets {shape(status)} from {listener.logical_id}, which no rule takes elsewhere."
                yield at(resource, *(("HealthCheckPath",) if resource.get("HealthCheckPath") else ()), says=says)


def _leaves_out(rule: Resource, path: str) -> bool:
    """Whether a rule surely does not take a path, asked for by a health check."""
    for one in items(rule.get("Conditions")):
        body = fields(one)
        if body.get("Field") == "path-pattern":
            patterns = strings(fields(body.get("PathPatternConfig")).get("Values")) or strings(body.get("Values"))
            if patterns and not any(_takes(pattern, path) for pattern in patterns):
                return True
        elif body.get("Field") == "host-header":
            hosts = strings(fields(body.get("HostHeaderConfig")).get("Values")) or strings(body.get("Values"))
            if hosts and not any("*" in host for host in hosts):
                return True  # A health check asks for the load balancer's address.
    return False


def _takes(pattern: str, path: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), path) is not None
