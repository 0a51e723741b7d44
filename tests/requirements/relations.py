"""What resources are to one another: who enters a security group, what a role may do, where a subnet's traffic goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.requirements.template import Reference, Resource, Stack

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Rule:
    """A rule of a security group: protocol, ports and peer (a CIDR block, a prefix list, or a group's logical id)."""

    protocol: str
    first: int | None
    last: int | None
    peer: Any


NOWHERE = Rule("-1", None, None, "127.0.0.1/32")
"""Stands for no way out."""
EVERYWHERE = Rule("-1", None, None, ANYWHERE)
"""What a group gets from EC2 that has no egress rules of its own."""


def tcp(port: int, peer: str) -> Rule:
    """One TCP port, from or to ``peer``."""
    return Rule("tcp", port, port, peer)


def ingress(stack: Stack, group: Resource) -> list[Rule]:
    """Who may enter ``group``: its own rules and those that stand by themselves."""
    return _rules(stack, group, "SecurityGroupIngress", "Source")


def egress(stack: Stack, group: Resource) -> list[Rule]:
    """Where ``group`` may go; the rule that stands for nowhere is left out."""
    rules = _rules(stack, group, "SecurityGroupEgress", "Destination")
    if not group["SecurityGroupEgress"]:
        rules.append(EVERYWHERE)
    return [rule for rule in rules if rule != NOWHERE]


def _rules(stack: Stack, group: Resource, name: str, side: str) -> list[Rule]:
    assert group.type == "AWS::EC2::SecurityGroup"
    apart = [it.properties for it in stack.of(f"AWS::EC2::{name}") if stack.at(it["GroupId"], "GroupId") is group]
    return [_rule(stack, entry, side) for entry in (*(group[name] or []), *apart)]


def _rule(stack: Stack, entry: Mapping[str, Any], side: str) -> Rule:
    group = f"{side}SecurityGroupId"
    peers = [entry[key] for key in ("CidrIp", "CidrIpv6", group, f"{side}PrefixListId") if key in entry]
    assert len(peers) == 1, f"a rule has one peer, not {peers}"
    peer = stack.at(peers[0], "GroupId").logical_id if group in entry else peers[0]
    first, last = (int(entry[key]) if key in entry else None for key in ("FromPort", "ToPort"))
    return Rule(str(entry["IpProtocol"]), first, last, peer)


def routes(stack: Stack, subnet: Resource) -> list[Resource]:
    """The routes that a subnet's one route table has beside those within the VPC."""
    association = stack.one("AWS::EC2::SubnetRouteTableAssociation", SubnetId=Reference(subnet.logical_id))
    table = stack.at(association["RouteTableId"])
    assert table.type == "AWS::EC2::RouteTable"
    return [route for route in stack.of("AWS::EC2::Route") if route["RouteTableId"] == Reference(table.logical_id)]


def subnets(stack: Stack, kind: str) -> list[Resource]:
    """The ``public``, ``private`` or ``isolated`` subnets, told apart by where their traffic to the internet goes."""
    return [subnet for subnet in stack.of("AWS::EC2::Subnet") if _kind(stack, subnet) == kind]


def _kind(stack: Stack, subnet: Resource) -> str:
    found = [route for route in routes(stack, subnet) if route["DestinationCidrBlock"] == ANYWHERE]
    if not found:
        return "isolated"
    (route,) = found
    if "GatewayId" not in route.properties:
        return "private"
    gateway = stack.at(route["GatewayId"])
    joined = stack.one("AWS::EC2::VPCGatewayAttachment", InternetGatewayId=Reference(gateway.logical_id))
    assert gateway.type == "AWS::EC2::InternetGateway"
    assert joined["VpcId"] == subnet["VpcId"]
    assert joined.logical_id in route.depends_on
    return "public"


def refs(resources: list[Resource]) -> list[Reference]:
    """``Ref`` of each resource."""
    return [Reference(resource.logical_id) for resource in resources]


def statements(stack: Stack, role: Resource) -> list[Mapping[str, Any]]:
    """Every statement that a role's policies hold, within the role or attached from outside."""
    documents = [policy["PolicyDocument"] for policy in role["Policies"] or []]
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        for policy in stack.of(kind):
            if Reference(role.logical_id) in (*(policy["Roles"] or []), policy["RoleName"]):
                documents.append(policy["PolicyDocument"])
    return [statement for document in documents for statement in document["Statement"]]


def granted(stack: Stack, role: Resource) -> set[tuple[str, Any]]:
    """What a role may do, as pairs of action and resource."""
    return {
        (action, _hashable(resource))
        for statement in statements(stack, role)
        for action in statement["Action"]
        for resource in statement["Resource"]
        if statement["Effect"] == "Allow"
    }


def _hashable(resource: Any) -> Any:
    return resource if isinstance(resource, Reference) else str(resource)


def trusted(role: Resource) -> set[str]:
    """The services that may take on a role. Raises AssertionError when anybody else may."""
    services: set[str] = set()
    for statement in role["AssumeRolePolicyDocument.Statement"]:
        assert (statement["Effect"], statement["Action"]) == ("Allow", ["sts:AssumeRole"])
        assert statement["Principal"].keys() == {"Service"}
        service = statement["Principal"]["Service"]
        services.update([service] if isinstance(service, str) else service)
    return services
