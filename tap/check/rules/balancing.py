"""TAP1552-1555, 1560-1564: load balancers, listeners and target groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.balancing import (
    BALANCER,
    LISTENER,
    RULE,
    TARGET_GROUP,
    Action,
    actions,
    balancer_of,
    balancers_to,
    kind_of,
    listeners_of,
    scheme_of,
)
from tap.check.graph.network import SUBNET, WayOut, references_to, way_out
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import as_int, each, fields, items

_API = "Elastic Load Balancing API (v2), "
_APPLICATION, _NETWORK = ("HTTP", "HTTPS"), ("TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC")
_POLICY = re.compile(
    r"ELBSecurityPolicy-("
    r"2016-08|2015-05|TLS-1-0-2015-04|TLS-1-1-2017-01|TLS-1-2-2017-01|TLS-1-2-Ext-2018-06|FS-2018-06|FS-1-1-2019-08|"
    r"FS-1-2-2019-08|FS-1-2-Res-2019-08|FS-1-2-Res-2020-10|"
    r"TLS13-1-[01]-2021-06|TLS13-1-3-2021-06|TLS13-1-2(-Res|-Ext1|-Ext2)?-2021-06|"
    r"TLS13-1-[013]-FIPS-2023-04|TLS13-1-2(-Res|-Ext0|-Ext1|-Ext2)?-FIPS-2023-04|"
    r"TLS13-1-[0-3](-Res|-Ext[012])?(-FIPS)?-PQ-2025-09|.*RFC-?9151.*)"
)


class ListenerTls(ResourceRule):
    """A listener whose certificate and protocol do not fit."""

    id = "TAP1552"
    title = "HTTPS and TLS listeners have a certificate, others none"
    description = (
        "A listener for HTTPS or TLS needs a certificate; one for HTTP, TCP or UDP takes neither a certificate nor an "
        "SslPolicy; the policy is one of AWS's."
    )
    source = _API + "CreateListener.certificates, sslPolicy; “Security policies for your Application Load Balancer”"
    advice = (
        "Set Certificates: [{CertificateArn: …}] on HTTPS and TLS, with a policy such as "
        "ELBSecurityPolicy-TLS13-1-2-2021-06."
    )
    types = (LISTENER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each listener."""
        protocol, own = resource.get("Protocol"), resource.get("Certificates")
        policy = resource.get("SslPolicy")
        if protocol in ("HTTPS", "TLS") and (own is None or own == []):
            yield at(resource, "Protocol", says=f"The listener is for {protocol} and has no certificate.")
        if protocol in ("HTTP", "TCP", "UDP", "TCP_UDP"):
            for key, value in (("Certificates", own), ("SslPolicy", policy)):
                if value:
                    yield at(resource, key, says=f"The listener is for {protocol} and has {key}.")
        if isinstance(policy, str) and not _POLICY.fullmatch(policy):
            yield at(resource, "SslPolicy", says=f"There is no security policy {policy}.")


class HealthCheckNumbers(ResourceRule):
    """A health check that is refused."""

    id = "TAP1553"
    title = "A target group's health check is out of range"
    description = (
        "The timeout is below the interval; the interval is 5 to 300 s, the timeout 2 to 120 s, the thresholds 2 to "
        "10; the path begins with /; codes are 200 to 499 (to 599 behind a network load balancer), of gRPC 0 to 99."
    )
    source = _API + "CreateTargetGroup (healthCheckIntervalSeconds, healthCheckTimeoutSeconds, matcher)"
    advice = "E.g. interval 30, timeout 5, healthy 2, unhealthy 3, Matcher 200."
    types = (TARGET_GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Numbers, path and codes."""
        for key, low, high in (
            ("HealthCheckIntervalSeconds", 5, 300),
            ("HealthCheckTimeoutSeconds", 2, 120),
            ("HealthyThresholdCount", 2, 10),
            ("UnhealthyThresholdCount", 2, 10),
        ):
            value = as_int(resource.get(key))
            if value is not None and not low <= value <= high:
                yield at(resource, key, says=f"{key} is {value}; {low} to {high} is allowed.")
        protocol = resource.get("Protocol")
        usual = {"HTTP": 6, "TCP": 10, "TLS": 10, "HTTPS": 10}.get(str(protocol))
        interval = as_int(resource.get("HealthCheckIntervalSeconds") or 30)
        said = resource.get("HealthCheckTimeoutSeconds")
        timeout = usual if said is None else as_int(said)
        if (
            interval is not None
            and timeout is not None
            and timeout >= interval
            and resource.get("TargetType") != "lambda"
        ):
            key = "HealthCheckTimeoutSeconds" if said is not None else "HealthCheckIntervalSeconds"
            yield at(resource, key, says=f"The timeout of {timeout} s is not below the interval of {interval} s.")
        path = resource.get("HealthCheckPath")
        grpc = resource.get("ProtocolVersion") == "GRPC"
        if isinstance(path, str) and not path.startswith("/"):
            yield at(resource, "HealthCheckPath", says=f"The path {path} does not begin with /.")
        check = resource.get("HealthCheckProtocol") or protocol
        if (
            path is not None
            and check in ("TCP", "TLS", "UDP", "TCP_UDP")
            and resource.get("HealthCheckProtocol") == "TCP"
        ):
            yield at(resource, "HealthCheckPath", says="A health check over TCP has no path.")
        key = "GrpcCode" if grpc else "HttpCode"
        code = resource.get("Matcher", key)
        highest = 99 if grpc else 599 if protocol in _NETWORK else 499
        if isinstance(code, str | int):
            numbers = [int(one) for one in re.findall(r"\d+", str(code))]
            if not re.fullmatch(r"\d+([-,]\d+)*", str(code)) or not all(
                (0 if grpc else 200) <= one <= highest for one in numbers
            ):
                says = f"The codes {code} are not within {0 if grpc else 200} to {highest}."
                yield at(resource, "Matcher", key, says=says)


class ProtocolPairs(ResourceRule):
    """Protocols that do not go together."""

    id = "TAP1554"
    title = "The protocols of load balancer, listener and target group do not go together"
    description = (
        "An application load balancer has listeners and target groups for HTTP and HTTPS; a network load balancer for "
        "TCP, TLS, UDP, QUIC; the other pairs are refused."
    )
    source = _API + "CreateListener.protocol, CreateTargetGroup.protocol"
    advice = "Use HTTP or HTTPS with an application load balancer, TCP or TLS with a network load balancer."
    types = (LISTENER, TARGET_GROUP)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Listeners of load balancers of this template, and what they lead to."""
        protocol = resource.get("Protocol")
        if resource.type == LISTENER:
            found = [one for one in [balancer_of(world, resource)] if one]
            if not isinstance(protocol, str) and protocol is None and found and kind_of(found[0]) != "gateway":
                yield at(resource, says="The listener states no Protocol.")
        else:
            found = balancers_to(world, resource)
            kind = resource.get("TargetType")
            if kind == "lambda":
                for key in ("Port", "Protocol", "VpcId"):
                    if resource.get(key) is not None:
                        yield at(resource, key, says=f"A target group for a function has no {key}.")
                return
            if kind in (None, "instance", "ip", "alb"):
                for key in ("Port", "Protocol", "VpcId"):
                    if resource.get(key) is None:
                        yield at(resource, says=f"The target group has no {key}.")
            if kind == "alb" and isinstance(protocol, str) and protocol != "TCP":
                yield at(resource, "Protocol", says=f"Targets of type alb are reached by TCP, not {protocol}.")
        if not isinstance(protocol, str):
            return
        for balancer in found:
            allowed = {"application": _APPLICATION, "network": _NETWORK}.get(kind_of(balancer))
            if allowed and protocol not in allowed:
                says = f"{protocol} behind {balancer.logical_id}, which is of type {kind_of(balancer)}."
                yield at(resource, "Protocol", says=says)
                return


class ActionParts(ResourceRule):
    """An action that lacks what it needs."""

    id = "TAP1555"
    title = "An action lacks its target, or leads in a circle"
    description = (
        "forward needs a target group, redirect a RedirectConfig with HTTP_301 or HTTP_302 that changes protocol, "
        "host, port, path or query, fixed-response a status code of 2XX, 4XX or 5XX; the last action answers, and "
        "only that one."
    )
    source = _API + "Action, RedirectActionConfig, FixedResponseActionConfig"
    advice = "Give the action its configuration; redirect to another protocol, host, port or path."
    types = (LISTENER, RULE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each action."""
        for action in actions(resource):
            yield from self._action(action, resource, world)

    def _action(self, action: Action, resource: Resource, world: World) -> Iterator[Found]:
        body = fields(action.body)
        balancer = balancer_of(world, resource)
        if balancer and kind_of(balancer) == "network" and action.kind in ("redirect", "fixed-response"):
            yield at(resource, *action.steps, "Type", says=f"A network load balancer cannot do {action.kind}.")
        if action.kind == "forward" and not list(action.targets()) and not _hidden(body):
            yield at(resource, *action.steps, says="The action forwards to no target group.")
        if action.kind == "forward":
            weights = [as_int(weight) for _, _, weight in action.targets() if weight is not None]
            if weights and any(weight is not None and not 0 <= weight <= 999 for weight in weights):
                yield at(resource, *action.steps, "ForwardConfig", says="A weight is from 0 to 999.")
        if action.kind == "fixed-response":
            code = fields(body.get("FixedResponseConfig")).get("StatusCode")
            if body.get("FixedResponseConfig") is None:
                yield at(resource, *action.steps, says="The fixed response has no FixedResponseConfig.")
            elif isinstance(code, str | int) and not re.fullmatch(r"[245]\d\d", str(code)):
                steps = (*action.steps, "FixedResponseConfig", "StatusCode")
                yield at(resource, *steps, says=f"A fixed response has no status code {code}.")
        if action.kind == "redirect":
            config = body.get("RedirectConfig")
            if config is None:
                yield at(resource, *action.steps, says="The redirect has no RedirectConfig.")
            elif isinstance(config, dict):
                code = config.get("StatusCode")
                if code is None or (isinstance(code, str) and code not in ("HTTP_301", "HTTP_302")):
                    says = f"StatusCode is {code or 'not stated'}; it is HTTP_301 or HTTP_302."
                    yield at(resource, *action.steps, "RedirectConfig", says=says)
                if self._circle(config, resource, world):
                    says = "The redirect leads to where it comes from."
                    yield at(resource, *action.steps, "RedirectConfig", says=says)

    @staticmethod
    def _circle(config: dict[str, Any], resource: Resource, world: World) -> bool:
        listener = resource if resource.type == LISTENER else world.target(resource.get("ListenerArn"), LISTENER)
        own, port = (listener.get("Protocol"), listener.get("Port")) if listener else (None, None)
        if any(not isinstance(one, str | int) for one in config.values()):
            return False
        same = all(
            str(config.get(key, usual)) == usual
            for key, usual in (("Host", "#{host}"), ("Path", "/#{path}"), ("Query", "#{query}"))
        )
        protocol, to = str(config.get("Protocol", "#{protocol}")), str(config.get("Port", "#{port}"))
        stays = protocol == "#{protocol}" or (isinstance(own, str) and protocol == own)
        there = to == "#{port}" or (isinstance(port, str | int) and to == str(port))
        return same and stays and there


def _hidden(body: Any) -> bool:
    config = body.get("ForwardConfig")
    return config is not None and not isinstance(fields(config).get("TargetGroups"), list)


class GroupsAndNetworks(ResourceRule):
    """A target group of two load balancers, or of another VPC."""

    id = "TAP1560"
    title = "A target group belongs to one load balancer"
    description = "A target group that two load balancers forward to is refused: it is associated with one at the most."
    source = _API + "TargetGroup.loadBalancerArns (“You can use each target group with only one load balancer”)"
    advice = "Make a target group for each load balancer."
    types = (TARGET_GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Target groups that several load balancers of this template lead to."""
        found = balancers_to(world, resource)
        if len(found) > 1:
            yield at(resource, says=f"{' and '.join(one.logical_id for one in found)} forward to it.")


class SamePortTwice(ResourceRule):
    """Two listeners on one port."""

    id = "TAP1561"
    title = "Two listeners of a load balancer have the same port"
    description = "“A listener already exists on this port for this load balancer.”"
    source = _API + "CreateListener (DuplicateListener)"
    advice = "Use one listener with rules."
    types = (BALANCER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Listeners with the same port and transport."""
        seen: dict[tuple[int, bool], Resource] = {}
        for one in listeners_of(world, resource):
            port = as_int(one.get("Port"))
            if port is None:
                continue
            if not 1 <= port <= 65535:
                yield at(one, "Port", says=f"The port is {port}.")
            key = (port, one.get("Protocol") in ("UDP", "QUIC"))
            if key in seen:
                yield at(one, "Port", says=f"{seen[key].logical_id} listens on port {port} too.")
            seen.setdefault(key, one)


class Scheme(ResourceRule):
    """A load balancer on the wrong side."""

    id = "TAP1563"
    title = "The load balancer's scheme does not fit its subnets"
    description = (
        "An internet-facing load balancer needs subnets whose default route leads to an internet gateway; an "
        "internal one belongs into private subnets."
    )
    severity = Severity.WARNING
    source = "Elastic Load Balancing user guide, “Application Load Balancers” (subnets); CreateLoadBalancer.scheme"
    advice = "Put it into public subnets, or set Scheme: internal."
    types = (BALANCER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Load balancers with subnets of this template."""
        named = each(resource.get("Subnets")) or [
            fields(one).get("SubnetId") for one in items(resource.get("SubnetMappings"))
        ]
        found = list(references_to(world, named, SUBNET))
        ways = {one.logical_id: way_out(world, one) for one in found}
        scheme = scheme_of(resource)
        if scheme == "internet-facing":
            for logical_id, way in ways.items():
                if way in (WayOut.NONE, WayOut.NAT):
                    says = (
                        f"The load balancer is internet-facing; the default route of {logical_id} leads to {way.value}."
                    )
                    yield at(resource, "Scheme" if resource.get("Scheme") else "Subnets", says=says)
                    return
        private = any(
            way_out(world, one) in (WayOut.NAT, WayOut.NONE) for one in world.of_type(SUBNET) if one not in found
        )
        if scheme == "internal" and ways and private and all(way == WayOut.INTERNET for way in ways.values()):
            says = "The load balancer is internal and stands in public subnets, beside private ones."
            yield at(resource, "Scheme", says=says)


class NoGroups(ResourceRule):
    """A load balancer with the default group."""

    id = "TAP1564"
    title = "An application load balancer needs security groups of its own"
    description = (
        "Without SecurityGroups an application load balancer has the VPC's default group, which admits only what "
        "has the same group: nobody reaches it."
    )
    severity = Severity.WARNING
    source = _API + "CreateLoadBalancer.securityGroups; VPC user guide, “Default security groups”"
    advice = "Set SecurityGroups."
    types = (BALANCER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Application load balancers with a listener."""
        if (
            kind_of(resource) == "application"
            and resource.get("SecurityGroups") is None
            and listeners_of(world, resource)
        ):
            yield at(resource, says="The load balancer has no SecurityGroups.")
