"""TAP1501-1507, 1509: address ranges, routes and gateways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.graph.network import (
    ASSOCIATION,
    ATTACHMENT,
    INTERNET,
    NAT,
    ROUTE,
    SUBNET,
    TABLE,
    TARGETS,
    VPC,
    Network,
    WayOut,
    is_default,
    leads_to,
    network,
    table_of,
    vpc_networks,
    way_out,
)
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at, beside
from tap.check.values import Reference, as_int, fields, shape

_ROUTES = "VPC user guide, “Configure route tables”"
_NAT = "VPC user guide, “NAT gateways”"

_KINDS = {
    INTERNET: ("GatewayId",),
    "AWS::EC2::VPNGateway": ("GatewayId",),
    NAT: ("NatGatewayId",),
    "AWS::EC2::EgressOnlyInternetGateway": ("EgressOnlyInternetGatewayId",),
    "AWS::EC2::TransitGateway": ("TransitGatewayId",),
    "AWS::EC2::VPCPeeringConnection": ("VpcPeeringConnectionId",),
    "AWS::EC2::NetworkInterface": ("NetworkInterfaceId",),
    "AWS::EC2::Instance": ("InstanceId",),
    "AWS::EC2::VPCEndpoint": ("VpcEndpointId", "GatewayId"),
}


class SubnetRange(ResourceRule):
    """A subnet outside of its VPC, or in the way of another."""

    id = "TAP1501"
    title = "A subnet's addresses must be in its VPC's and its own"
    description = (
        "A subnet's block lies in one of its VPC's blocks and overlaps with no other subnet's; blocks of VPCs and "
        "subnets are /16 to /28. Otherwise: “The CIDR … is invalid” or “… conflicts with another subnet”."
    )
    source = "EC2 API, CreateSubnet, CreateVpc; VPC user guide, “Subnet CIDR blocks”"
    advice = "Choose blocks side by side within the VPC's."
    types = (SUBNET, VPC)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Blocks that are known."""
        own = network(resource.get("CidrBlock"))
        if own is None:
            return
        if own.version == 4 and not 16 <= own.prefixlen <= 28:
            yield at(resource, "CidrBlock", says=f"{own} is a /{own.prefixlen}; /16 to /28 is allowed.")
        if resource.type == VPC:
            return
        vpc = world.target(resource.get("VpcId"), VPC)
        blocks, complete = vpc_networks(world, vpc) if vpc else ([], False)
        if vpc and complete and not any(_within(own, block) for block in blocks):
            there = ", ".join(map(str, blocks))
            yield at(resource, "CidrBlock", says=f"{own} is outside of {vpc.logical_id}'s {there}.")
        for other in world.of_type(SUBNET):
            if other.logical_id == resource.logical_id:
                break
            block = network(other.get("CidrBlock"))
            same = world.same(other.get("VpcId"), resource.get("VpcId"))
            if same and block and block.version == own.version and block.overlaps(own):
                yield at(resource, "CidrBlock", says=f"{own} overlaps with {other.logical_id}'s {block}.")


def _within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.overlaps(outer) and inner.prefixlen >= outer.prefixlen


class CidrCount(Rule):
    """A block that Fn::Cidr does not make."""

    id = "TAP1502"
    title = "Fn::Cidr does not make that many blocks"
    description = (
        "Fn::Cidr makes as many blocks as it is told, at most 256, and only as many as fit: an Fn::Select beyond "
        "the last one fails. The last argument is the number of host bits: 8 makes /24 of IPv4."
    )
    source = "CloudFormation template reference, Fn::Cidr"
    advice = "Raise the count, and check that so many blocks of 32 minus the host bits fit."

    def check(self, world: World) -> Iterator[Found]:
        """Every Fn::Select from an Fn::Cidr, and every Fn::Cidr, in subnets."""
        for resource in world.of_type(SUBNET, "AWS::EC2::VPCCidrBlock", "AWS::EC2::SubnetCidrBlock"):
            for path, node in resource.written_walked:
                says = _too_many(node, world)
                if says:
                    yield at(resource, *path, says=says)
                said = node.get("Fn::Select") if isinstance(node, dict) and len(node) == 1 else None
                if not isinstance(said, list) or len(said) != 2:
                    continue
                source = fields(said[1]).get("Fn::Cidr")
                if not isinstance(source, list) or len(source) not in (2, 3):
                    continue
                index, count = as_int(world.resolve(said[0])), as_int(world.resolve(source[1]))
                if network(world.resolve(source[0])) is not None:
                    continue  # The blocks are known: a choice beyond them is seen like that from any list.
                if index is not None and count is not None and index >= count:
                    says = f"Index {index} of {count} block{'s' if count != 1 else ''}; the last one is {count - 1}."
                    yield at(resource, *path, says=says)
                elif count is not None and not 1 <= count <= 256:
                    yield at(resource, *path, says=f"Fn::Cidr makes 1 to 256 blocks, not {count}.")


def _too_many(node: Any, world: World) -> str:
    """What is wrong with an Fn::Cidr that does not fit into its block; empty for nothing, or where it is not known."""
    said = node.get("Fn::Cidr") if isinstance(node, dict) and len(node) == 1 else None
    if not isinstance(said, list) or len(said) not in (2, 3):
        return ""
    block = world.resolve(said[0])
    if isinstance(block, Reference) and block.attribute == "CidrBlock" and block.logical_id in world.resources:
        block = world.resources[block.logical_id].get("CidrBlock")
    own, count = network(block), as_int(world.resolve(said[1]))
    bits = as_int(world.resolve(said[2])) if len(said) == 3 else 8
    if own is None or count is None or bits is None:
        return ""
    free = own.max_prefixlen - own.prefixlen - bits
    fits = 2**free if free >= 0 else 0
    return f"{count} blocks of {bits} host bits do not fit into {own}: {fits} do." if count > fits else ""


class NatPlace(ResourceRule):
    """A NAT gateway that reaches nothing."""

    id = "TAP1503"
    title = "A public NAT gateway stands in a public subnet, with an address"
    description = (
        "A public NAT gateway of one zone needs a subnet whose default route leads to the internet gateway, and the "
        "AllocationId of an elastic address. A regional one has a VpcId and neither subnet nor address."
    )
    source = _NAT + "; EC2 API, CreateNatGateway"
    advice = "Put it into a public subnet with AllocationId: !GetAtt Address.AllocationId."
    types = (NAT,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """NAT gateways of both kinds."""
        mode, public = resource.get("AvailabilityMode"), resource.get("ConnectivityType")
        subnet, address = resource.get("SubnetId"), resource.get("AllocationId")
        if mode == "regional":
            for key, value in (("SubnetId", subnet), ("AllocationId", address)):
                if value is not None:
                    yield at(resource, key, says=f"A regional NAT gateway has no {key}.")
            if resource.get("VpcId") is None:
                yield at(resource, says="A regional NAT gateway needs its VpcId.")
            return
        if mode not in (None, "zonal"):
            return
        if subnet is None:
            yield at(resource, says="The NAT gateway has no SubnetId.")
        if public == "private":
            if address is not None:
                yield at(resource, "AllocationId", says="A private NAT gateway has no elastic address.")
            return
        if public not in (None, "public"):
            return
        if address is None:
            yield at(resource, says="A public NAT gateway needs the AllocationId of an elastic address.")
        elif isinstance(address, Reference) and not address.attribute and world.target(address, "AWS::EC2::EIP"):
            says = f"!Ref {address.logical_id} is the address itself; the NAT gateway needs its AllocationId."
            yield at(resource, "AllocationId", says=says)
        found = world.target(subnet, SUBNET)
        if found and way_out(world, found) in (WayOut.NONE, WayOut.NAT):
            says = f"The default route of its subnet {found.logical_id} leads to {way_out(world, found).value}."
            yield at(resource, "SubnetId", says=says)


class SharedAddress(ResourceRule):
    """One address for two NAT gateways."""

    id = "TAP1504"
    title = "An elastic address is for one thing at a time"
    description = "A second NAT gateway, load balancer or instance with the same allocation is refused: it is in use."
    source = _NAT
    advice = "Give each NAT gateway an AWS::EC2::EIP of its own."
    types = ("AWS::EC2::EIP",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Addresses that are used twice."""
        uses = [one for one in world.uses(resource, NAT, "AWS::EC2::EIPAssociation") if one.path[-1] == "AllocationId"]
        if len({one.resource.logical_id for one in uses}) > 1:
            first, second = uses[0].resource, uses[1].resource
            says = f"{first.logical_id} has the same address {resource.logical_id}."
            yield at(second, "AllocationId", says=says)


class GatewayAttached(ResourceRule):
    """A way to the internet that is not there, or not yet."""

    id = "TAP1505"
    title = "A route to the internet gateway needs its attachment"
    description = (
        "An internet gateway is used once it is attached to the VPC. A route to it, a NAT gateway and an elastic "
        "address that do not wait for AWS::EC2::VPCGatewayAttachment may fail: “… has no Internet gateway "
        "attached”."
    )
    source = "CloudFormation user guide, DependsOn attribute (“VPC-gateway attachment”); " + _ROUTES
    advice = "Add the attachment, and DependsOn it."
    types = (ROUTE, NAT)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Routes to an internet gateway of this template, and public NAT gateways."""
        attached = [one for one in world.of_type(ATTACHMENT) if one.get("InternetGatewayId") is not None]
        if resource.type == NAT:
            public = resource.get("ConnectivityType") in (None, "public")
            table = self._table(resource, world)
            if not public or not attached or table is None or leads_to(world, table) != WayOut.INTERNET:
                return
            if not before(world, resource) & {one.logical_id for one in attached}:
                yield self._waits(resource, attached[0])
            return
        gateway = world.target(resource.get("GatewayId"), INTERNET)
        if gateway is None:
            return
        mine = [one for one in attached if world.same(one.get("InternetGatewayId"), Reference(gateway.logical_id))]
        unsure = any(world.target(one.get("InternetGatewayId"), INTERNET) is None for one in attached)
        if not mine:
            if not unsure and not world.open and gateway.logical_id not in world.told_outside:
                yield at(resource, "GatewayId", says=f"{gateway.logical_id} is attached to no VPC.")
            return
        if not before(world, resource) & {one.logical_id for one in mine}:
            yield self._waits(resource, mine[0])

    @staticmethod
    def _table(resource: Resource, world: World) -> Resource | None:
        """The default route of a NAT gateway's subnet."""
        subnet = world.target(resource.get("SubnetId"), SUBNET)
        table = table_of(world, subnet) if subnet else None
        routes = [
            one for one in world.of_type(ROUTE) if table and world.target(one.get("RouteTableId"), TABLE) is table
        ]
        return next((one for one in routes if is_default(one)), None)

    @staticmethod
    def _waits(resource: Resource, attachment: Resource) -> Found:
        says = f"Nothing makes it wait for {attachment.logical_id}."
        return beside(resource, "DependsOn", says=says) if resource.depends_on else at(resource, says=says)


class SameRoute(Rule):
    """Two routes or associations where there is room for one."""

    id = "TAP1506"
    title = "A route table has one route for a destination, a subnet one route table"
    description = (
        "A second route for the same destination, or a second route table or network ACL for the same subnet, is "
        "refused: “already exists”, “already associated”."
    )
    source = "EC2 API, CreateRoute, AssociateRouteTable; " + _ROUTES
    advice = "Keep one of them, or give the subnets route tables of their own."

    def check(self, world: World) -> Iterator[Found]:
        """Routes by table and destination, associations by subnet."""
        yield from self._same(world, ROUTE, "RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock")
        for type_name in (ASSOCIATION, "AWS::EC2::SubnetNetworkAclAssociation"):
            yield from self._same(world, type_name, "SubnetId")

    @staticmethod
    def _same(world: World, type_name: str, owner: str, *keys: str) -> Iterator[Found]:
        seen: dict[tuple[str, str, str], Resource] = {}
        for one in world.of_type(type_name):
            value = one.get(owner)
            if not isinstance(value, str | Reference):
                continue
            for key in keys or (owner,):
                what = one.get(key)
                if what is None or not isinstance(what, str | Reference):
                    continue
                mine = (shape(value), key, shape(what))
                if mine in seen:
                    says = f"{seen[mine].logical_id} has {shape(what) if keys else 'the subnet'} already."
                    yield at(one, key, says=says)
                seen.setdefault(mine, one)


class RouteTarget(ResourceRule):
    """A route that leads nowhere."""

    id = "TAP1507"
    title = "A route leads to one target, under the property for its kind"
    description = (
        "A route has exactly one target: GatewayId for an internet gateway, NatGatewayId for a NAT gateway, and so "
        "on; IPv6 leaves through EgressOnlyInternetGatewayId or GatewayId. A NAT gateway's own subnet does not lead "
        "back to it."
    )
    source = "EC2 API, CreateRoute"
    advice = "Name the one target under its own property."
    types = (ROUTE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each route."""
        said = [key for key in TARGETS if resource.get(key) is not None]
        if not said:
            yield at(resource, says="The route has no target.")
        if len(said) > 1:
            yield at(resource, says=f"The route has {len(said)} targets: {', '.join(said)}.")
        for key in said:
            value = resource.get(key)
            found = world.resources.get(value.logical_id) if isinstance(value, Reference) else None
            if found and found.type in _KINDS and key not in _KINDS[found.type]:
                says = f"{found.logical_id} stands under {key}; it belongs under {_KINDS[found.type][0]}."
                yield at(resource, key, says=says)
        destinations = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
        if all(resource.get(key) is None for key in destinations):
            yield at(resource, says="The route has no destination.")
        block = network(resource.get("DestinationCidrBlock"))
        if block is not None and block.version == 6:
            yield at(
                resource, "DestinationCidrBlock", says=f"{block} is IPv6: it stands under DestinationIpv6CidrBlock."
            )


class PublicInName(ResourceRule):
    """Subnets that call themselves public, and are not."""

    id = "TAP1509"
    title = "A subnet that gives out public addresses has no way to the internet gateway"
    description = (
        "MapPublicIpOnLaunch gives a public address to what starts in a subnet. Without a default route to an internet "
        "gateway, neither the internet reaches it nor it the internet."
    )
    severity = Severity.WARNING
    source = _ROUTES
    advice = "Associate the subnet with a route table that has 0.0.0.0/0 to the internet gateway."
    types = (SUBNET,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Public subnets of which the way out is known."""
        value = resource.get("MapPublicIpOnLaunch")
        if str(value).lower() == "true" and way_out(world, resource) in (WayOut.NONE, WayOut.NAT):
            says = (
                f"The subnet gives out public addresses; its default route leads to {way_out(world, resource).value}."
            )
            yield at(resource, "MapPublicIpOnLaunch", says=says)
