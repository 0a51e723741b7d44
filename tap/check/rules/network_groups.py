"""TAP1511-1518: security groups and VPC endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.graph.balancing import BALANCER, actions, balancers_to, kind_of, ports_of
from tap.check.graph.ecs import SERVICE, containers, service_groups, target_groups, task_of
from tap.check.graph.groups import (
    EGRESS,
    GROUP,
    INGRESS,
    admitted,
    groups_of,
    holders,
    names,
    opens,
    peer_words,
    reaches,
)
from tap.check.graph.network import ENDPOINT, VPC, network, service_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import as_bool, as_int, fields, items, references_in

_GROUPS = "VPC user guide, “Security group rules”"
_DATABASES = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
_PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306, "oracle": 1521, "sqlserver": 1433}
_PEERS = ("CidrIp", "CidrIpv6", "SourceSecurityGroupId", "SourceSecurityGroupName", "SourcePrefixListId")
_OUT = ("CidrIp", "CidrIpv6", "DestinationSecurityGroupId", "DestinationPrefixListId")


class GroupRule(ResourceRule):
    """A rule of a security group that is refused or says nothing."""

    id = "TAP1511"
    title = "A security group's rule needs one peer and a range of ports"
    description = (
        "A rule has exactly one peer (a block, a prefix list or a group); TCP and UDP need FromPort and ToPort, the "
        "first not above the second, within 0 to 65535."
    )
    source = (
        "EC2 API, AuthorizeSecurityGroupIngress; CloudFormation template reference, AWS::EC2::SecurityGroup Ingress"
    )
    advice = "State one peer, and the ports from the lower to the higher."
    types = (GROUP, INGRESS, EGRESS)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Inline rules, and rules that are resources."""
        if resource.type != GROUP:
            yield from self._rule(resource, (), resource.properties, resource.type == INGRESS)
            return
        for key in ("SecurityGroupIngress", "SecurityGroupEgress"):
            for index, one in enumerate(items(resource.get(key))):
                if isinstance(one, dict):
                    yield from self._rule(resource, (key, index), one, key == "SecurityGroupIngress")

    @staticmethod
    def _rule(resource: Resource, steps: tuple[str | int, ...], body: Any, into: bool) -> Iterator[Found]:
        peers = [key for key in (_PEERS if into else _OUT) if body.get(key) is not None]
        if not peers:
            yield at(resource, *steps, says="The rule names no peer: no block, no prefix list and no group.")
        elif len(peers) > 1:
            yield at(resource, *steps, says=f"The rule names {len(peers)} peers: {', '.join(peers)}.")
        protocol = str(body.get("IpProtocol")).lower()
        low, high = as_int(body.get("FromPort")), as_int(body.get("ToPort"))
        if protocol in ("tcp", "udp", "6", "17"):
            if body.get("FromPort") is None or body.get("ToPort") is None:
                yield at(
                    resource, *steps, says=f"The rule is for {protocol} and does not state both FromPort and ToPort."
                )
            elif low is not None and high is not None and low != -1 and (low > high or low < 0 or high > 65535):
                yield at(resource, *steps, "FromPort", says=f"The ports are {low} to {high}.")
        for key in ("CidrIp", "CidrIpv6"):
            value = body.get(key)
            block = network(value)
            if isinstance(value, str) and (block is None or block.version != (4 if key == "CidrIp" else 6)):
                yield at(resource, *steps, key, says=f"{value} is no block of addresses for {key}.")


class UselessPort(ResourceRule):
    """A port that is open and leads nowhere."""

    id = "TAP1512"
    title = "A port is open that nothing listens on"
    description = (
        "A load balancer's group should admit the ports of its listeners, a service's those of its containers. "
        "Anything else is open for what comes later, or is a mistake in the number."
    )
    severity = Severity.WARNING
    source = _GROUPS
    advice = "Take the rule out, or open the port that is meant."
    types = (GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Groups of which all that has them is known."""
        if world.open or resource.logical_id in world.told_outside:
            return
        heard = _heard(world, resource)
        if not heard:
            return
        for one in admitted(world, resource).passes:
            if one.tcp is True and one.ports and str(one.protocol).lower() in ("tcp", "6"):
                low, high = one.ports
                if not any(low <= port <= high for port in heard):
                    listen = ", ".join(map(str, sorted(heard)))
                    span = str(low) if low == high else f"{low} to {high}"
                    who = f"what has {resource.logical_id} listens on {listen}"
                    says = f"Port {span} is open for {peer_words(one)}; {who}."
                    yield at(one.owner, *one.steps, says=says)


def _heard(world: World, group: Resource) -> set[int]:
    """The ports that the holders of a group listen on; empty where they are not all known."""
    found: set[int] = set()
    mine = holders(world, group)
    used = {use.resource for use in world.uses(group) if use.resource.type not in (GROUP, INGRESS, EGRESS)}
    if not mine or used - set(mine):
        return set()
    for one in mine:
        if one.type == BALANCER:
            ports, sure = ports_of(world, one)
            if not sure or not ports:
                return set()
            found |= set(ports)
        elif one.type == SERVICE:
            task = task_of(world, one)
            listed, complete = containers(world, task) if task else ([], False)
            if not complete or any(two.ports is None for two in listed):
                return set()
            found |= {port for two in listed for port in two.ports or ()}
            checks = [as_int(two.get("HealthCheckPort")) for _, _, two in target_groups(world, one) if two]
            found |= {port for port in checks if port is not None}
        elif one.type != "AWS::ApiGatewayV2::VpcLink":
            return set()
    return found


class ListenerShut(ResourceRule):
    """A load balancer that nobody reaches."""

    id = "TAP1513"
    title = "The load balancer's security group does not admit its listener's port"
    description = "A listener on a port that no rule of the load balancer's groups admits is never reached."
    severity = Severity.WARNING
    source = "Elastic Load Balancing user guide, “Security groups for your Application Load Balancer”"
    advice = "Add an ingress rule for the listener's port."
    types = (BALANCER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Load balancers whose groups are in this template."""
        groups, complete = groups_of(world, resource)
        sides = [admitted(world, one) for one in groups]
        if not groups or not complete or not all(one.complete for one in sides):
            return
        for port, listeners in ports_of(world, resource)[0].items():
            kinds = [one.kind for one in actions(listeners[0])]
            # A closed port that would only redirect is a choice, and shuts out nobody who uses the other one.
            if listeners[0].get("Protocol") in ("UDP", "TCP_UDP") or kinds == ["redirect"]:
                continue
            if all(one.has_port(port) is False for side in sides for one in side.passes):
                says = f"{names(groups)} of {resource.logical_id} admits nobody on port {port}."
                yield at(listeners[0], "Port", says=says)


class TargetShut(ResourceRule):
    """Tasks that their load balancer does not reach."""

    id = "TAP1514"
    title = "The security groups do not let the load balancer reach the tasks"
    description = (
        "The tasks' groups must admit the load balancer on the container's port, and its own must let out to them: "
        "otherwise every health check fails and the service never becomes stable."
    )
    source = (
        "Elastic Load Balancing user guide, “Security groups for your Application Load Balancer”; ECS service events"
    )
    advice = "Admit the load balancer's group on the container's port, and let it out to the tasks' group."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Services behind load balancers of this template."""
        mine, complete = service_groups(world, resource)
        if not mine or not complete:
            return
        for steps, _, group in target_groups(world, resource):
            port = as_int(fields(resource.get(*steps[:2])).get("ContainerPort"))
            for balancer in balancers_to(world, group) if group else ():
                theirs, whole = groups_of(world, balancer)
                if port is None or not theirs or not whole or kind_of(balancer) not in ("application", "network"):
                    continue
                here = ("NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups")
                if opens(world, mine, theirs, port) is False:
                    says = f"{names(mine)} does not admit {names(theirs)} of {balancer.logical_id} on port {port}."
                    yield at(resource, *here, says=says)
                elif reaches(world, theirs, mine, port) is False:
                    says = f"{names(theirs)} of {balancer.logical_id} does not let out to {names(mine)} on port {port}."
                    yield at(resource, *here, says=says)


class DatabaseShut(ResourceRule):
    """A database that its service does not reach."""

    id = "TAP1515"
    title = "The security groups do not let the tasks reach the database"
    description = (
        "The database's groups must admit the tasks on its port, and theirs must let out to it. Otherwise every "
        "connection times out."
    )
    severity = Severity.WARNING
    source = "RDS user guide, “Controlling access with security groups”"
    advice = "Admit the tasks' group on the database's port."
    types = _DATABASES

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Databases with groups of this template, and the services that are told of them."""
        if resource.type == "AWS::RDS::DBInstance" and resource.get("DBClusterIdentifier") is not None:
            return
        ports = _ports(resource)
        groups, complete = groups_of(world, resource)
        sides = [admitted(world, one) for one in groups]
        if not ports or not groups or not complete or not all(one.complete for one in sides):
            return
        key = "VpcSecurityGroupIds" if resource.type.endswith("Cluster") else "VPCSecurityGroups"
        said = " or ".join(map(str, ports))
        if all(one.has_port(port) is False for side in sides for one in side.passes for port in ports):
            yield at(resource, key, says=f"{names(groups)} admits nobody on port {said}, the database's.")
            return
        for service in world.of_type(SERVICE):
            task = task_of(world, service)
            theirs, whole = service_groups(world, service)
            told = task and any(one.logical_id == resource.logical_id for _, one in references_in(task.properties))
            if not told or not theirs or not whole:
                continue
            if all(opens(world, groups, theirs, port) is False for port in ports):
                says = f"{names(groups)} does not admit {names(theirs)} of {service.logical_id} on port {said}."
                yield at(resource, key, says=says)
            elif all(reaches(world, theirs, groups, port) is False for port in ports):
                says = f"{names(theirs)} of {service.logical_id} does not let out to {names(groups)} on port {said}."
                yield at(resource, key, says=says)


def _ports(database: Resource) -> tuple[int, ...]:
    """The ports that a database may have; none where that is not known.

    Without Port an Aurora cluster for PostgreSQL has 3306 or 5432, by its engine mode (AWS::RDS::DBCluster Port).
    """
    said, engine = database.get("Port"), database.get("Engine")
    if said is not None:
        number = as_int(said)
        return () if number is None else (number,)
    if not isinstance(engine, str) or engine.startswith("oracle"):
        return ()
    if engine == "aurora-postgresql":
        return (5432, 3306)
    return tuple(port for name, port in _PORTS.items() if name in engine)[:1]


class OtherNetwork(ResourceRule):
    """A security group of another VPC."""

    id = "TAP1517"
    title = "Security groups and subnets are of the same VPC"
    description = (
        "A security group without VpcId is one of the account's default VPC. With subnets of another VPC: “Security "
        "group and subnet belong to different networks”."
    )
    source = "EC2 API, CreateNetworkInterface; CloudFormation template reference, AWS::EC2::SecurityGroup VpcId"
    advice = "Set the group's VpcId to the VPC of the subnets."
    types = (GROUP, "AWS::ElasticLoadBalancingV2::TargetGroup")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Groups whose holders are in a VPC of this template."""
        vpc = world.target(resource.get("VpcId"), VPC)
        if resource.get("VpcId") is not None and vpc is None:
            return
        users = holders(world, resource) if resource.type == GROUP else balancers_to(world, resource)
        for one in users:
            other = _vpc(world, one)
            if other and vpc is not other:
                mine = f"is in {vpc.logical_id}" if vpc else "has no VpcId: it is in the default VPC"
                if resource.type != GROUP and vpc is None:
                    continue
                says = f"{resource.logical_id} {mine}; {one.logical_id} is in {other.logical_id}."
                yield at(resource, *(("VpcId",) if vpc else ()), says=says)
                return


def _vpc(world: World, resource: Resource) -> Resource | None:
    """The VPC of what has subnets of this template."""
    group = world.target(resource.get("DBSubnetGroupName"), "AWS::RDS::DBSubnetGroup")
    found = {
        world.target(subnet.get("VpcId"), VPC)
        for _, reference in (group or resource).references
        if (subnet := world.resources.get(reference.logical_id)) and subnet.type == "AWS::EC2::Subnet"
    }
    return found.pop() if len(found) == 1 else None


class Endpoint(ResourceRule):
    """A VPC endpoint that nobody gets through."""

    id = "TAP1518"
    title = "A VPC endpoint is of the kind that its service has, and open to those who need it"
    description = (
        "Gateway endpoints (the default type) are for S3 and DynamoDB, in route tables; all others are of type "
        "Interface, in subnets, with groups that admit HTTPS, and with private DNS so that the usual names lead to "
        "them."
    )
    source = "VPC PrivateLink guide, “Gateway endpoints”, “Access an AWS service using an interface VPC endpoint”"
    advice = (
        "VpcEndpointType: Interface with SubnetIds, SecurityGroupIds and PrivateDnsEnabled: true; or RouteTableIds."
    )
    types = (ENDPOINT,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each endpoint of a service of AWS."""
        kind = resource.get("VpcEndpointType")
        kind = "Gateway" if kind is None else kind
        service = service_of(resource.get("ServiceName"))
        if kind == "Gateway":
            yield from self._gateway(resource, service)
        elif kind == "Interface":
            yield from self._interface(resource, service, world)

    @staticmethod
    def _gateway(resource: Resource, service: str) -> Iterator[Found]:
        if service and service not in ("s3", "dynamodb", "s3express"):
            said = ("VpcEndpointType",) if resource.get("VpcEndpointType") else ("ServiceName",)
            yield at(resource, *said, says=f"{service} has no gateway endpoint; it needs the type Interface.")
            return
        for key in ("SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled"):
            value = resource.get(key)
            if value and as_bool(value) is not False:
                yield at(resource, key, says=f"A gateway endpoint has no {key}.")
        if resource.get("RouteTableIds") is None or resource.get("RouteTableIds") == []:
            yield at(resource, says="The gateway endpoint is in no route table: nobody uses it.")

    @staticmethod
    def _interface(resource: Resource, service: str, world: World) -> Iterator[Found]:
        if resource.get("RouteTableIds"):
            yield at(resource, "RouteTableIds", says="An interface endpoint has no route tables.")
        if resource.get("SubnetIds") is None or resource.get("SubnetIds") == []:
            yield at(resource, says="The interface endpoint is in no subnet.")
        private = resource.get("PrivateDnsEnabled")
        if service and private is not None and as_bool(private) is False and service not in ("s3", "dynamodb"):
            says = f"Without private DNS the usual name of {service} does not lead to the endpoint."
            yield at(resource, "PrivateDnsEnabled", says=says)
        vpc = world.target(resource.get("VpcId"), VPC)
        if vpc and as_bool(private):
            for key in ("EnableDnsSupport", "EnableDnsHostnames"):
                value = vpc.get(key)
                off = as_bool(value) is False or (value is None and key == "EnableDnsHostnames")
                if off:
                    says = f"Private DNS needs {key}: true on {vpc.logical_id}."
                    yield at(resource, "PrivateDnsEnabled", says=says)
        groups, complete = groups_of(world, resource)
        sides = [admitted(world, one) for one in groups]
        shut = all(one.has_port(443) is False for side in sides for one in side.passes)
        over_https = service and not service.startswith(("email-smtp", "cassandra", "transfer"))
        if over_https and groups and complete and all(one.complete for one in sides) and shut:
            yield at(resource, "SecurityGroupIds", says=f"{names(groups)} admits nobody on port 443.")
