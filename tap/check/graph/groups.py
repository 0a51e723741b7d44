"""Security groups: whose they are, what they admit and what they let out. Pure.

Source: template reference, AWS::EC2::SecurityGroup ("When you create a security group, if you do not add egress rules,
we add egress rules that allow all outbound IPv4 and IPv6 traffic"; AWS::EC2::SecurityGroupEgress takes those away too).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tap.check.graph.cached import cached
from tap.check.graph.network import VPC, Network, network, vpc_networks
from tap.check.model import Resource, World
from tap.check.values import Reference, Unknown, as_int, fields, items, shape

GROUP = "AWS::EC2::SecurityGroup"
INGRESS, EGRESS = "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"
HOLDERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "AWS::ApiGatewayV2::VpcLink": (("SecurityGroupIds",),),
    "AWS::EC2::Instance": (("SecurityGroupIds",),),
    "AWS::EC2::NetworkInterface": (("GroupSet",),),
    "AWS::EC2::VPCEndpoint": (("SecurityGroupIds",),),
    "AWS::ECS::Service": (("NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups"),),
    "AWS::EFS::MountTarget": (("SecurityGroups",),),
    "AWS::ElastiCache::CacheCluster": (("VpcSecurityGroupIds",),),
    "AWS::ElastiCache::ReplicationGroup": (("SecurityGroupIds",),),
    "AWS::ElastiCache::ServerlessCache": (("SecurityGroupIds",),),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (("SecurityGroups",),),
    "AWS::Lambda::Function": (("VpcConfig", "SecurityGroupIds"),),
    "AWS::RDS::DBCluster": (("VpcSecurityGroupIds",),),
    "AWS::RDS::DBInstance": (("VPCSecurityGroups",),),
    "AWS::RDS::DBProxy": (("VpcSecurityGroupIds",),),
}
"""Where resources say which security groups they have."""
_RANGE, _ALL = (0, 65535), {"-1", "all"}
_TCP = {"tcp", "6"} | _ALL


@dataclass(frozen=True, eq=False)
class Pass:
    """One rule of a security group. ``owner`` and ``steps`` say where it stands; ``ports`` is None where not known."""

    owner: Resource
    steps: tuple[str | int, ...]
    protocol: Any
    ports: tuple[int, int] | None
    body: Any

    @property
    def cidr(self) -> Any:
        """The block that it is for, IPv4 or IPv6; None where it is for something else."""
        return self.body.get("CidrIp") or self.body.get("CidrIpv6")

    @property
    def peer_group(self) -> Any:
        """The security group that it is for."""
        return self.body.get("SourceSecurityGroupId") or self.body.get("DestinationSecurityGroupId")

    @property
    def tcp(self) -> bool | None:
        """Whether it is for TCP; None where that is not known."""
        if not isinstance(self.protocol, str | int):
            return None
        return str(self.protocol).lower() in _TCP

    def has_port(self, port: int) -> bool | None:
        """Whether this port is in it."""
        if self.tcp is not True:
            return self.tcp
        if str(self.protocol).lower() in _ALL:
            return True
        return None if self.ports is None else self.ports[0] <= port <= self.ports[1]


@dataclass(frozen=True, eq=False)
class Side:
    """The rules of a group in one direction, and whether these are surely all."""

    passes: tuple[Pass, ...]
    complete: bool


@cached
def _standalone(world: World) -> dict[tuple[str, str], list[Pass]]:
    found: dict[tuple[str, str], list[Pass]] = {}
    for one in world.of_type(INGRESS, EGRESS):
        group = world.target(one.get("GroupId"), GROUP) or world.target(one.get("GroupName"), GROUP)
        key = group.logical_id if group else "" if isinstance(one.get("GroupId"), str) else "?"
        found.setdefault((key, one.type), []).append(_pass(one, (), one.properties))
    return found


def _pass(owner: Resource, steps: tuple[str | int, ...], body: Any) -> Pass:
    body = fields(body)
    low, high = as_int(body.get("FromPort")), as_int(body.get("ToPort"))
    if body.get("FromPort") is None and body.get("ToPort") is None:
        ports: tuple[int, int] | None = _RANGE
    else:
        ports = None if low is None or high is None else _RANGE if low == -1 else (low, high)
    return Pass(owner, steps, body.get("IpProtocol"), ports, body)


@cached
def admitted(world: World, group: Resource) -> Side:
    """What a group admits."""
    return _side(world, group, "SecurityGroupIngress", INGRESS)


@cached
def let_out(world: World, group: Resource) -> Side:
    """What a group lets out: everything, where no rule is stated."""
    found = _side(world, group, "SecurityGroupEgress", EGRESS)
    if not found.passes and found.complete:
        everything = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
        return Side((_pass(group, (), everything),), True)
    return found


def _side(world: World, group: Resource, key: str, type_name: str) -> Side:
    inline = group.get(key)
    own = [_pass(group, (key, index), one) for index, one in enumerate(items(inline)) if isinstance(one, dict)]
    complete = len(own) == len(items(inline)) and (inline is None or isinstance(inline, list))
    apart = _standalone(world)
    unsure = ("?", type_name) in apart or world.open or group.logical_id in world.told_outside
    # A custom resource that is given the group may do anything with it.
    handled = any(use.resource.type.startswith(("Custom::", "AWS::CloudFormation")) for use in world.uses(group))
    return Side((*own, *apart.get((group.logical_id, type_name), ())), complete and not unsure and not handled)


@cached
def groups_of(world: World, resource: Resource) -> tuple[tuple[Resource, ...], bool]:
    """The security groups of this template that a resource has, and whether it has no others."""
    found: list[Resource] = []
    complete = True
    for way in HOLDERS.get(resource.type, ()):
        value = resource.get(*way)
        if not isinstance(value, list) or not value:
            complete = False
            continue
        mine = [world.target(one, GROUP) for one in value]
        found += [one for one in mine if one]
        complete = complete and all(mine)
    return tuple(found), complete


@cached
def holders(world: World, group: Resource) -> list[Resource]:
    """What has this group."""
    return [one for one in world.of_type(*HOLDERS) if group in groups_of(world, one)[0]]


def opens(world: World, to: Sequence[Resource], come_from: Sequence[Resource], port: int) -> bool | None:
    """Whether these groups admit, on a TCP port, what has the others; None where that cannot be told."""
    return _any(world, [admitted(world, one) for one in to], come_from, port)


def reaches(world: World, goes_from: Sequence[Resource], to: Sequence[Resource], port: int) -> bool | None:
    """Whether these groups let out, to a TCP port, to what has the others; None where that cannot be told."""
    return _any(world, [let_out(world, one) for one in goes_from], to, port)


def _any(world: World, sides: Sequence[Side], peers: Sequence[Resource], port: int) -> bool | None:
    unsure = not sides or not all(one.complete for one in sides)
    for side in sides:
        for one in side.passes:
            told = one.has_port(port)
            fits = _fits(world, one, peers) if told is not False else False
            if told and fits:
                return True
            unsure = unsure or (told is not False and fits is not False)
    return None if unsure else False


def _fits(world: World, one: Pass, peers: Sequence[Resource]) -> bool | None:
    """Whether a rule is for one of these groups' holders."""
    if one.peer_group is not None:
        group = world.target(one.peer_group, GROUP)
        if group is None:
            return None if not isinstance(one.peer_group, str) else False
        return group in peers
    block = network(one.cidr)
    if block is None:
        return None
    if block.prefixlen == 0:
        return True
    if block.is_loopback:
        return False  # the usual way of saying: to nobody
    if block.version != 4:
        return None
    for peer in peers:
        vpc = world.target(peer.get("VpcId"), VPC)
        if vpc is None:
            return None
        blocks, complete = vpc_networks(world, vpc)
        if complete and blocks and all(_inside(mine, block) for mine in blocks):
            return True
        if not complete or any(block.overlaps(mine) for mine in blocks if mine.version == block.version):
            return None
    return False


def _inside(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.network_address in outer and inner.prefixlen >= outer.prefixlen


def open_to_all(one: Pass) -> bool:
    """Whether a rule is for the whole internet."""
    block = network(one.cidr)
    return block is not None and block.prefixlen == 0


def names(groups: Sequence[Resource]) -> str:
    """The groups for a message."""
    return " and ".join(one.logical_id for one in groups)


def peer_words(one: Pass) -> str:
    """Whom a rule is for, for a message."""
    for value in (
        one.peer_group,
        one.cidr,
        one.body.get("SourcePrefixListId"),
        one.body.get("DestinationPrefixListId"),
    ):
        if isinstance(value, Reference):
            return value.logical_id
        if value is not None:
            return str(value) if isinstance(value, Unknown) else shape(value)
    return "nobody"
