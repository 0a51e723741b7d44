"""TAP1001-1004, 1027-1030: from a REST API through its VPC link to a load balancer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.api import LINK_1, LINK_2, METHOD, integration, link_of, path_of, port_of, uri_parts
from tap.check.graph.balancing import BALANCER, LISTENER, TARGET_GROUP, listeners_of, ports_of
from tap.check.graph.groups import groups_of, names, opens, reaches
from tap.check.graph.network import subnets
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, Unknown, as_bool, as_int, fields, items, shape

_GUIDE = "API Gateway developer guide, “Private integrations for REST APIs in API Gateway”"
_GREEDY = re.compile(r"\{([^{}+]+)\+\}$")


class LinkToApplicationLoadBalancer(ResourceRule):
    """A link of version 1 leads to a load balancer that it cannot reach."""

    id = "TAP1001"
    title = "A VPC link of version 1 takes a network load balancer only"
    description = (
        "AWS::ApiGateway::VpcLink is a link of version 1: its targets are network load balancers. With the ARN of an "
        "application load balancer its creation fails with “NLB ARN is malformed”."
    )
    source = _GUIDE
    advice = "Use AWS::ApiGatewayV2::VpcLink, with the load balancer's ARN as the integration's IntegrationTarget."
    types = ("AWS::ApiGateway::VpcLink",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each target that is a load balancer of another type, or none."""
        for index, target in enumerate(items(resource.get("TargetArns"))):
            found = world.target(target, BALANCER)
            # Without a type it is an application load balancer.
            kind = found.get("Type") or "application" if found else None
            literal = isinstance(target, str | Text) and (
                ":loadbalancer/app/" in shape(target) or ":listener/" in shape(target)
            )
            other = world.target(target, LISTENER, TARGET_GROUP)
            if other or literal or (isinstance(kind, str) and kind != "network"):
                who = other or found
                says = f"The link's target {who.logical_id if who else shape(target)} is no network load balancer."
                yield at(resource, "TargetArns", index, says=says)
        if len(items(resource.get("TargetArns"))) > 1:
            says = f"The link has {len(items(resource.get('TargetArns')))} targets; it takes exactly one."
            yield at(resource, "TargetArns", says=says)


class IntegrationTarget(ResourceRule):
    """An integration through a link of version 2 does not say to which load balancer."""

    id = "TAP1002"
    title = "An integration through a VPC link of version 2 needs the load balancer's ARN as its IntegrationTarget"
    description = (
        "Through a link of version 2 the request goes to IntegrationTarget, the ARN of an application or network load "
        "balancer; the Uri is not used for routing. Without it: “IntegrationTarget is required for VpcLinkV2”."
    )
    source = "API Gateway API, PutIntegration.integrationTarget (“The ALB or NLB ARN to send the request to”)"
    advice = "Set IntegrationTarget to !Ref of the load balancer."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations through a link of version 2."""
        link = link_of(world, resource)
        if link is None or link.type != LINK_2:
            return
        target = integration(resource).get("IntegrationTarget")
        if target is None:
            says = f"The integration goes through {link.logical_id}, a link of version 2, without an IntegrationTarget."
            yield at(resource, "Integration", says=says)
            return
        wrong = _no_balancer(target, world)
        if wrong:
            says = f"IntegrationTarget is {wrong}, not the ARN of a load balancer."
            yield at(resource, "Integration", "IntegrationTarget", says=says)


def _no_balancer(value: Any, world: World) -> str:
    """What a value is when it is surely not a load balancer's ARN."""
    if isinstance(value, Reference):
        found = world.resources.get(value.logical_id)
        if found is None:
            return ""
        if found.type == BALANCER:
            return "" if value.attribute in ("", "LoadBalancerArn") else str(value)
        return f"{found.logical_id}, {_article(found.type)}" if found.type.startswith("AWS::") else ""
    text = shape(value) if isinstance(value, str | Text) else ""
    if ":listener/" in text or ":targetgroup/" in text or text.startswith(("http://", "https://")):
        return text
    if isinstance(value, str) and not value.startswith("arn:"):
        return value
    return ""


def _article(type_name: str) -> str:
    short = type_name.rpartition("::")[2]
    return f"a{'n' if short[:1] in 'AEIO' else ''} {short}"


class PrivateConnection(ResourceRule):
    """A private integration whose parts do not fit together."""

    id = "TAP1003"
    title = "ConnectionType VPC_LINK and ConnectionId belong together"
    description = (
        "A private integration has ConnectionType VPC_LINK and the link's id as ConnectionId, and is of type HTTP or "
        "HTTP_PROXY. One without the other is refused, or goes to the public internet."
    )
    source = "API Gateway API, PutIntegration.connectionType, connectionId"
    advice = "State ConnectionType: VPC_LINK and ConnectionId: !Ref of the link, with type HTTP_PROXY or HTTP."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations that have one without the other, or an impossible type."""
        own = integration(resource)
        kind, link = own.get("ConnectionType"), own.get("ConnectionId")
        if kind == "VPC_LINK" and link is None:
            yield at(resource, "Integration", says="ConnectionType is VPC_LINK and there is no ConnectionId.")
        if link is not None and (kind is None or kind == "INTERNET"):
            said = "is INTERNET" if kind else "is not stated, which means INTERNET"
            yield at(resource, "Integration", says=f"There is a ConnectionId, and ConnectionType {said}.")
        if kind == "VPC_LINK" and own.get("Type") in ("AWS", "AWS_PROXY", "MOCK"):
            says = f"An integration of type {own.get('Type')} cannot go through a VPC link."
            yield at(resource, "Integration", "Type", says=says)
        if isinstance(link, Reference) and kind == "VPC_LINK":
            found = world.resources.get(link.logical_id)
            if found and found.type not in (LINK_1, LINK_2) and found.type.startswith("AWS::"):
                says = f"ConnectionId is {found.logical_id}, {_article(found.type)}, which is no VPC link."
                yield at(resource, "Integration", "ConnectionId", says=says)


class PathLost(ResourceRule):
    """A greedy path that does not reach the backend."""

    id = "TAP1004"
    title = "The path does not reach the backend"
    description = (
        "What {proxy+} stands for reaches the backend only where the integration's Uri has {proxy} in it and "
        "RequestParameters map integration.request.path.proxy to method.request.path.proxy."
    )
    severity = Severity.WARNING
    source = "API Gateway developer guide, “Set up a proxy integration with a proxy resource”"
    advice = (
        "End the Uri in /{proxy} and set Integration.RequestParameters integration.request.path.proxy: "
        "method.request.path.proxy (with the parameter's own name)."
    )
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """HTTP integrations below a greedy path."""
        own = integration(resource)
        path = path_of(world, resource)
        parts = uri_parts(own.get("Uri"))
        if own.get("Type") not in ("HTTP", "HTTP_PROXY") or path is None or parts is None:
            return
        greedy = _GREEDY.search(path)
        mapped = own.get("RequestParameters")
        known = mapped is None or isinstance(mapped, dict)
        uri = own.get("Uri")
        # A parameter or an import may bring a path with it.
        open_end = isinstance(uri, Text) and any(isinstance(one, Unknown) and not one.pseudo for one in uri.parts)
        if greedy and f"{{{greedy[1]}}}" not in parts[2] and not open_end:
            says = f"The path is {path}, and the Uri {shape(uri)} has no {{{greedy[1]}}}."
            yield at(resource, "Integration", "Uri", says=says)
            return
        for name in re.findall(r"(?<!\$)\{([^{}]+)\}", parts[2]):
            if known and f"integration.request.path.{name}" not in (mapped or {}):
                says = f"The Uri has {{{name}}}, and RequestParameters do not map integration.request.path.{name}."
                yield at(resource, "Integration", says=says)


class LinkGroups(ResourceRule):
    """Security groups between a VPC link and the load balancer shut each other out."""

    id = "TAP1027"
    title = "The security groups do not let the VPC link reach the load balancer"
    description = (
        "The network interfaces of a VPC link have the link's security groups: these must let out to the port that the "
        "load balancer listens on, and its own must admit it from them. Otherwise every request ends in a 503 or 504."
    )
    severity = Severity.WARNING
    source = _GUIDE
    advice = (
        "Admit the link's group in the load balancer's, and let the link's group out to it, on the listener's port."
    )
    types = (METHOD, "AWS::ApiGatewayV2::Integration")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations through a link of version 2 to a load balancer of this template."""
        for link, balancer, port in _way(resource, world):
            senders, all_senders = groups_of(world, link)
            receivers, all_receivers = groups_of(world, balancer)
            if not senders or not all_senders or not receivers or not all_receivers:
                continue
            if opens(world, receivers, senders, port) is False:
                says = f"{names(receivers)} of {balancer.logical_id} does not admit {names(senders)} on port {port}."
                yield at(link, "SecurityGroupIds", says=says)
            elif reaches(world, senders, receivers, port) is False:
                says = (
                    f"{names(senders)} does not let out to {names(receivers)} of {balancer.logical_id} on port {port}."
                )
                yield at(link, "SecurityGroupIds", says=says)


def _way(resource: Resource, world: World) -> Iterator[tuple[Resource, Resource, int]]:
    """Link, load balancer and port of a private integration."""
    if resource.type == METHOD:
        link, own = link_of(world, resource), integration(resource)
        balancer, port = world.target(own.get("IntegrationTarget"), BALANCER), port_of(own.get("Uri"))
    else:
        link = world.target(resource.get("ConnectionId"), LINK_2)
        listener = world.target(resource.get("IntegrationUri"), LISTENER)
        balancer = world.target(listener.get("LoadBalancerArn"), BALANCER) if listener else None
        port = as_int(listener.get("Port")) if listener else None
    if link and link.type == LINK_2 and balancer and port:
        yield link, balancer, port


class UriWithoutListener(ResourceRule):
    """The Uri names a port or scheme that the load balancer does not listen on."""

    id = "TAP1028"
    title = "The load balancer does not listen on the Uri's port"
    description = "Port and scheme of a private integration come from its Uri: the load balancer needs such a listener."
    severity = Severity.WARNING
    source = _GUIDE
    advice = "Write the listener's port and scheme into the Uri, or add the listener."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations whose load balancer is in this template."""
        uri = integration(resource).get("Uri")
        port, parts = port_of(uri), uri_parts(uri)
        balancer = world.target(integration(resource).get("IntegrationTarget"), BALANCER)
        if balancer is None and parts and parts[1].startswith("${") and isinstance(uri, Text):
            balancer = world.target(uri, BALANCER)
        if port is None or parts is None or balancer is None:
            return
        ports, sure = ports_of(world, balancer)
        if port not in ports:
            if sure:
                heard = ", ".join(map(str, sorted(ports))) or "no port"
                says = f"The Uri's port is {port}; {balancer.logical_id} listens on {heard}."
                yield at(resource, "Integration", "Uri", says=says)
            return
        wanted = {"http": {"HTTP", "TCP", "TCP_UDP"}, "https": {"HTTPS", "TLS", "TCP", "TCP_UDP"}}[parts[0]]
        protocols = [one.get("Protocol") for one in ports[port]]
        if protocols and all(isinstance(one, str) and one not in wanted for one in protocols):
            says = f"The Uri says {parts[0]}; {balancer.logical_id} speaks {protocols[0]} on port {port}."
            yield at(resource, "Integration", "Uri", says=says)


class HttpsToBalancersName(ResourceRule):
    """TLS to a name that no certificate can be for."""

    id = "TAP1029"
    title = "No certificate covers a load balancer's own name"
    description = (
        "With https the host of the Uri must be a name in the load balancer's certificate. Nobody gets a certificate "
        "for *.elb.amazonaws.com, so the TLS handshake fails and every request ends in a 502 or 504."
    )
    severity = Severity.WARNING
    source = _GUIDE
    advice = "Write a domain name of the certificate into the Uri (it is not used for routing), or use http."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations with https and a load balancer's DNS name."""
        own = integration(resource)
        uri = own.get("Uri")
        parts = uri_parts(uri)
        if (
            parts is None
            or parts[0] != "https"
            or as_bool(fields(own.get("TlsConfig")).get("InsecureSkipVerification"))
        ):
            return
        named = [one for one in uri.references if one.attribute == "DNSName"] if isinstance(uri, Text) else []
        balancers = [world.resources.get(one.logical_id) for one in named]
        by_reference = any(one and one.type == BALANCER and not _passes_on(one, world) for one in balancers)
        if by_reference or (".elb." in parts[1] and parts[1].partition(":")[0].endswith(".amazonaws.com")):
            yield at(
                resource, "Integration", "Uri", says=f"The Uri {shape(uri)} is https to a load balancer's own name."
            )


def _passes_on(balancer: Resource, world: World) -> bool:
    """Whether a load balancer may hand TLS on as it is (TCP), so that the certificate is not its own."""
    return any(one.get("Protocol") in ("TCP", "TCP_UDP") for one in listeners_of(world, balancer))


class LinkZone(ResourceRule):
    """A VPC link in a zone where there are none."""

    id = "TAP1030"
    title = "VPC links are not available in this availability zone"
    description = "A VPC link of version 2 with a subnet in use1-az3 is not made."
    source = "API Gateway developer guide, “Set up VPC links V2 in API Gateway” (supported Availability Zones)"
    advice = "Use subnets in use1-az1, -az2, -az4, -az5 or -az6."
    types = (LINK_2,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each subnet of this template that is in such a zone."""
        for subnet in subnets(world, resource.get("SubnetIds"))[0]:
            if subnet.get("AvailabilityZoneId") == "use1-az3":
                says = f"The link's subnet {subnet.logical_id} is in use1-az3, where there are no VPC links."
                yield at(resource, "SubnetIds", says=says)
