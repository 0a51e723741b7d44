"""Network ACLs: which packets they let in and out of a subnet. Pure.

Source: VPC user guide, "Control subnet traffic with network access control lists": the rules are tried by number, the
first that fits decides, and what fits none is refused. An ACL keeps no state: the answer to a packet needs a rule of
its own, to the port that the asker spoke from. It is not asked about traffic within a subnet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap.check.graph.cached import cached
from tap.check.graph.network import SUBNET, Network, network
from tap.check.model import Resource, World
from tap.check.values import as_bool, as_int

ACL, ENTRY, JOINED = "AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation"
EPHEMERAL = (1024, 65535)
"""The ports from which clients speak (the same page, "Ephemeral ports")."""
_LISTEN = (32768, 60999)
"""What the kernel of Amazon Linux, and Fargate's, speak from: inside :data:`EPHEMERAL`."""
_TCP, _ANY = "6", "-1"


@dataclass(frozen=True, eq=False)
class Entry:
    """A rule of an ACL. ``ports`` are destination ports; None where they are not known."""

    resource: Resource
    number: int
    allows: bool
    protocol: str
    block: Network | None
    ports: tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class Entries:
    """The rules for one direction in the order in which they are tried, and whether these are surely all."""

    entries: tuple[Entry, ...]
    complete: bool


@cached
def _joined(world: World) -> dict[str, Resource | None]:
    found: dict[str, Resource | None] = {}
    for one in world.of_type(JOINED):
        subnet = world.target(one.get("SubnetId"), SUBNET)
        if subnet:
            found[subnet.logical_id] = world.target(one.get("NetworkAclId"), ACL)
    return found


def acl_of(world: World, subnet: Resource) -> Resource | None:
    """The ACL of this template that a subnet has; None: the VPC's default one (which lets all pass) or another's."""
    return _joined(world).get(subnet.logical_id)


@cached
def entries_of(world: World, acl: Resource, egress: bool) -> Entries:
    """The IPv4 rules of an ACL, in or out."""
    found: list[Entry] = []
    complete = not world.open and acl.logical_id not in world.told_outside
    for one in world.of_type(ENTRY):
        target = world.target(one.get("NetworkAclId"), ACL)
        if target is not acl:
            complete = complete and (target is not None or isinstance(one.get("NetworkAclId"), str))
            continue
        direction = as_bool(one.get("Egress"))
        if direction is None:
            direction = False if one.get("Egress") is None else None
        if direction is None:
            complete = False
            continue
        if direction != egress or one.get("Ipv6CidrBlock") is not None:
            continue
        number, action, protocol = as_int(one.get("RuleNumber")), one.get("RuleAction"), one.get("Protocol")
        if number is None or action not in ("allow", "deny") or not isinstance(protocol, str | int):
            complete = False
            continue
        found.append(
            Entry(
                one, number, action == "allow", str(protocol), network(one.get("CidrBlock")), _ports(one, str(protocol))
            )
        )
    return Entries(tuple(sorted(found, key=lambda one: one.number)), complete)


def _ports(entry: Resource, protocol: str) -> tuple[int, int] | None:
    stated: Any = entry.get("PortRange")
    if protocol == _ANY or stated is None:
        return (0, 65535)
    low, high = as_int(entry.get("PortRange", "From")), as_int(entry.get("PortRange", "To"))
    return None if low is None or high is None else (low, high)


def passes(world: World, subnet: Resource, peer: Network, ports: tuple[int, int], *, egress: bool) -> bool | None:
    """Whether a subnet's ACL lets all TCP packets pass, to ``ports``, from or to all of ``peer``.

    None where it cannot be told, or where some pass and some do not.
    """
    acl = acl_of(world, subnet)
    if acl is None:
        return True if subnet.logical_id not in _joined(world) else None
    told = entries_of(world, acl, egress)
    for one in told.entries:
        if one.protocol not in (_TCP, _ANY):
            continue
        if one.block is None or one.ports is None:
            return None
        if one.block.version != peer.version or not one.block.overlaps(peer):
            continue
        if one.ports[1] < ports[0] or ports[1] < one.ports[0]:
            continue
        whole = one.ports[0] <= ports[0] and ports[1] <= one.ports[1] and _inside(peer, one.block)
        if whole:
            return one.allows
        return None
    return False if told.complete else None


def _inside(inner: Network, outer: Network) -> bool:
    return inner.network_address in outer and inner.broadcast_address in outer


@cached
def connects(world: World, source: Resource, target: Resource, port: int) -> bool | None:
    """Whether the ACLs of two subnets let a TCP connection be made, and its answers come back."""
    if source is target:
        return True
    blocks = network(source.get("CidrBlock")), network(target.get("CidrBlock"))
    if blocks[0] is None or blocks[1] is None:
        return None if acl_of(world, source) or acl_of(world, target) else True
    return _all(
        passes(world, source, blocks[1], (port, port), egress=True),
        passes(world, target, blocks[0], (port, port), egress=False),
        passes(world, target, blocks[0], _LISTEN, egress=True),
        passes(world, source, blocks[1], _LISTEN, egress=False),
    )


def connects_outside(world: World, subnet: Resource, port: int, *, inwards: bool) -> bool | None:
    """Whether a subnet's ACL lets a TCP connection with the whole internet be made: ``inwards``, or out of it."""
    anywhere = network("0.0.0.0/0")
    assert anywhere is not None
    return _all(
        passes(world, subnet, anywhere, (port, port), egress=not inwards),
        passes(world, subnet, anywhere, _LISTEN, egress=inwards),
    )


def _all(*answers: bool | None) -> bool | None:
    return False if False in answers else None if None in answers else True
