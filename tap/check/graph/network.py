"""Subnets and their ways out: route tables, gateways, endpoints. Pure.

Source: VPC user guide, "Configure route tables"; a subnet without an association has the VPC's main route table, in
which there is no route but the local one unless somebody puts one in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from enum import Enum
from typing import Any

from tap.check.graph.cached import cached
from tap.check.model import Resource, World
from tap.check.values import Text, Unknown, items, shape

VPC = "AWS::EC2::VPC"
SUBNET = "AWS::EC2::Subnet"
ROUTE = "AWS::EC2::Route"
TABLE = "AWS::EC2::RouteTable"
INTERNET = "AWS::EC2::InternetGateway"
ATTACHMENT = "AWS::EC2::VPCGatewayAttachment"
NAT = "AWS::EC2::NatGateway"
ENDPOINT = "AWS::EC2::VPCEndpoint"
ASSOCIATION = "AWS::EC2::SubnetRouteTableAssociation"
ANYWHERE = ("0.0.0.0/0", "::/0")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TARGETS = (
    "CarrierGatewayId",
    "CoreNetworkArn",
    "EgressOnlyInternetGatewayId",
    "GatewayId",
    "InstanceId",
    "LocalGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "OdbNetworkArn",
    "TransitGatewayId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
)
"""The properties of a route that say where it leads (AWS::EC2::Route)."""


class WayOut(Enum):
    """What a subnet's default route (IPv4) leads to."""

    INTERNET = "the internet gateway"
    NAT = "a NAT gateway"
    OTHER = "something else"
    NONE = "nothing"
    UNKNOWN = "what is not known here"


def network(value: Any) -> Network | None:
    """A CIDR block that is known and well-formed, host bits aside."""
    if not isinstance(value, str) or "/" not in value:
        return None
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


@cached
def _associations(world: World) -> dict[str, Resource | None]:
    """Subnets by logical id with their route tables; None for a table that is not of this template."""
    found: dict[str, Resource | None] = {}
    for one in world.of_type(ASSOCIATION):
        subnet = world.target(one.get("SubnetId"), SUBNET)
        if subnet:
            found[subnet.logical_id] = world.target(one.get("RouteTableId"), TABLE)
    return found


@cached
def table_of(world: World, subnet: Resource) -> Resource | None:
    """The route table that a subnet is associated with, if both are in this template."""
    return _associations(world).get(subnet.logical_id)


@cached
def _routes(world: World) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for one in world.of_type(ROUTE):
        table = world.target(one.get("RouteTableId"), TABLE)
        if table:
            found.setdefault(table.logical_id, []).append(one)
    return found


def routes_of(world: World, table: Resource) -> list[Resource]:
    """The routes of a route table, in the template's order."""
    return _routes(world).get(table.logical_id, [])


def is_default(route: Resource) -> bool:
    """Whether a route takes everything (IPv4)."""
    return bool(route.get("DestinationCidrBlock") == "0.0.0.0/0")


def leads_to(world: World, route: Resource) -> WayOut:
    """Where a route leads."""
    for key in TARGETS:
        value = route.get(key)
        if value is None:
            continue
        target = world.target(value, INTERNET, NAT)
        if target:
            return WayOut.INTERNET if target.type == INTERNET else WayOut.NAT
        if key == "NatGatewayId":
            return WayOut.NAT
        if key == "GatewayId":
            literal = value if isinstance(value, str) else ""
            return WayOut.INTERNET if literal.startswith("igw-") else WayOut.UNKNOWN
        return WayOut.OTHER
    return WayOut.UNKNOWN


def _reached_from_outside(world: World, *logical_ids: str) -> bool:
    return world.open or any(one in world.told_outside for one in logical_ids)


@cached
def way_out(world: World, subnet: Resource) -> WayOut:
    """What the default route of a subnet of this template leads to."""
    associations = _associations(world)
    if subnet.logical_id not in associations:
        vpc = world.target(subnet.get("VpcId"), VPC)
        unsure = vpc is None or _reached_from_outside(world, vpc.logical_id, subnet.logical_id) or unlinked(world)
        if unsure or any(True for _ in world.uses(subnet) if _.resource.type.startswith("Custom::")):
            return WayOut.UNKNOWN
        return WayOut.NONE
    table = associations[subnet.logical_id]
    if table is None:
        return WayOut.UNKNOWN
    found = [leads_to(world, one) for one in routes_of(world, table) if is_default(one)]
    if found:
        return found[0]
    lists = any(one.get("DestinationPrefixListId") is not None for one in routes_of(world, table))
    if lists or unlinked(world) or _reached_from_outside(world, table.logical_id):
        return WayOut.UNKNOWN
    return WayOut.NONE


@cached
def unlinked(world: World) -> bool:
    """Whether there is an association or route of which it is not known which subnet or table it is for.

    One that names a subnet outside of this template (a literal id) is no such.
    """
    for one in world.of_type(ASSOCIATION):
        if world.target(one.get("SubnetId"), SUBNET) is None and not isinstance(one.get("SubnetId"), str):
            return True
    for one in world.of_type(ROUTE):
        if world.target(one.get("RouteTableId"), TABLE) is None and not isinstance(one.get("RouteTableId"), str):
            return True
    return False


def subnets(world: World, value: Any) -> tuple[list[Resource], bool]:
    """The subnets of this template in a list of subnet ids, and whether these are all of them."""
    if not isinstance(value, list):
        found = _joined(world, value)
        return found, False
    mine = [world.target(one, SUBNET) for one in value]
    return [one for one in mine if one], all(mine)


def _joined(world: World, value: Any) -> list[Resource]:
    if isinstance(value, Text | Unknown):
        return [
            one
            for reference in value.references
            if (one := world.resources.get(reference.logical_id)) and one.type == SUBNET
        ]
    return []


def zone_of(subnet: Resource) -> str:
    """The availability zone of a subnet as far as it can be compared with another's; empty where it is not stated.

    Two subnets with the same text are in the same zone; with different texts they may be, unless both are literal or
    are chosen from the same list.
    """
    for key in ("AvailabilityZone", "AvailabilityZoneId"):
        value = subnet.get(key)
        if value is not None:
            return f"{key} {shape(value)}" if not isinstance(value, list | dict) else ""
    return ""


def vpc_of(world: World, value: Any) -> Resource | None:
    """The VPC of this template that a subnet, group, target group, … is in."""
    return world.target(value, VPC)


@cached
def vpc_networks(world: World, vpc: Resource) -> tuple[list[Network], bool]:
    """The CIDR blocks of a VPC, and whether these are all."""
    found: list[Network] = []
    complete = not (world.open or vpc.logical_id in world.told_outside)
    blocks = [vpc.get("CidrBlock")]
    if vpc.get("Ipv4IpamPoolId") is not None:
        complete = False
    for one in world.of_type("AWS::EC2::VPCCidrBlock"):
        if world.target(one.get("VpcId"), VPC) in (vpc, None):
            if one.get("CidrBlock") is None:
                complete = complete and one.get("Ipv4IpamPoolId") is None
                continue
            blocks.append(one.get("CidrBlock"))
    for block in blocks:
        parsed = network(block)
        if parsed is None:
            complete = False
        else:
            found.append(parsed)
    return found, complete


@cached
def endpoints(world: World) -> list[tuple[Resource, str, str]]:
    """The VPC endpoints: resource, the service's short name (``ecr.api``; empty: not known), and their type."""
    found = []
    for one in world.of_type(ENDPOINT):
        kind = one.get("VpcEndpointType")
        found.append((one, service_of(one.get("ServiceName")), kind if isinstance(kind, str) else "Gateway"))
    return found


def service_of(value: Any) -> str:
    """The short name in an endpoint's service name: ``ecr.api`` of ``com.amazonaws.eu-west-1.ecr.api``."""
    text = shape(value) if isinstance(value, str | Text) else ""
    parts = text.replace("${AWS::Region}", "REGION").split(".")
    if len(parts) > 3 and parts[:2] == ["com", "amazonaws"] and parts[2] != "vpce":
        return ".".join(parts[3:])
    if len(parts) > 4 and parts[:3] == ["cn", "com", "amazonaws"]:
        return ".".join(parts[4:])
    return ""


def references_to(world: World, values: Any, type_name: str) -> Iterator[Resource]:
    """The resources of a type that a list of values means."""
    for value in items(values):
        found = world.target(value, type_name)
        if found:
            yield found
