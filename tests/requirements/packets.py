"""What network ACLs let through: packets from hop to hop, against the rules in a template.

An ACL remembers nothing: the answer to a packet that passed needs a rule of its own, to the port that the asker spoke
from. It is asked where a packet leaves a subnet and where it enters one, not within a subnet (source: VPC user guide,
"Control subnet traffic with network access control lists").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from tests.requirements.template import Reference, Resource, Stack

TCP = "6"
EVERY_PROTOCOL = "-1"
Ports = range


@dataclass(frozen=True)
class Entry:
    """A rule: its number, whether it allows, the protocol, whom it is about, and the destination ports."""

    number: int
    allows: bool
    protocol: str
    block: IPv4Network
    ports: Ports

    def is_about(self, peer: IPv4Address, port: int) -> bool:
        """Whether it decides about a TCP packet from or to ``peer`` with that destination port."""
        return self.protocol in {TCP, EVERY_PROTOCOL} and peer in self.block and port in self.ports


@dataclass(frozen=True)
class Place:
    """An address, and the subnet that it is in; None: outside the VPC."""

    address: IPv4Address
    subnet: Resource | None = None


@dataclass(frozen=True)
class Hop:
    """A packet's way over one border: it leaves a subnet, enters one, or both. ``ports`` are the destination ports
    that it may have."""

    source: IPv4Address
    target: IPv4Address
    ports: Ports
    leaves: Resource | None
    enters: Resource | None


def place(subnet: Resource, host: int = 10) -> Place:
    """A host in a subnet."""
    return Place(IPv4Network(subnet["CidrBlock"])[host], subnet)


def acl(of: Stack, subnet: Resource) -> Resource:
    """The one ACL of a subnet."""
    joined = of.one("AWS::EC2::SubnetNetworkAclAssociation", SubnetId=Reference(subnet.logical_id))
    return of.at(joined["NetworkAclId"])


def entries(of: Stack, it: Resource, *, egress: bool) -> list[Entry]:
    """The rules of an ACL for one direction, in the order in which they are tried."""
    found = [
        Entry(
            int(entry["RuleNumber"]),
            entry["RuleAction"] == "allow",
            str(entry["Protocol"]),
            IPv4Network(entry["CidrBlock"]),
            Ports(int(entry["PortRange.From"]), int(entry["PortRange.To"]) + 1)
            if entry["PortRange"]
            else Ports(0, 65_536),
        )
        for entry in of.of("AWS::EC2::NetworkAclEntry")
        if entry["NetworkAclId"] == Reference(it.logical_id) and entry["Egress"] is egress
    ]
    return sorted(found, key=lambda entry: entry.number)


def _allowed(rules: list[Entry], peer: IPv4Address, port: int) -> bool:
    # What no rule decides about is refused.
    return next((rule.allows for rule in rules if rule.is_about(peer, port)), False)


def passing(of: Stack, hop: Hop) -> tuple[bool, bool]:
    """Whether a hop is allowed with every one of its ports, and with any. Only the ports at which a rule begins or
    ends are tried: between them nothing changes."""
    if hop.leaves is not None and hop.leaves is hop.enters:
        return True, True
    out = entries(of, acl(of, hop.leaves), egress=True) if hop.leaves else None
    into = entries(of, acl(of, hop.enters), egress=False) if hop.enters else None
    edges = {hop.ports.start, hop.ports.stop - 1}
    for rule in (*(out or ()), *(into or ())):
        edges |= {rule.ports.start - 1, rule.ports.start, rule.ports.stop - 1, rule.ports.stop}
    verdicts = [
        (out is None or _allowed(out, hop.target, port)) and (into is None or _allowed(into, hop.source, port))
        for port in edges
        if port in hop.ports
    ]
    return all(verdicts), any(verdicts)


def conversation(asker: Place, answerer: Place, port: int, spoken_from: Ports) -> Iterator[Hop]:
    """The request to a port, and the answer to whichever port the asker spoke from."""
    yield Hop(asker.address, answerer.address, Ports(port, port + 1), asker.subnet, answerer.subnet)
    yield Hop(answerer.address, asker.address, spoken_from, answerer.subnet, asker.subnet)


def through_nat(
    asker: Place, nat: Place, answerer: Place, port: int, spoken_from: Ports, nat_speaks_from: Ports
) -> Iterator[Hop]:
    """The same by way of a NAT gateway, which changes the asker's address on the way out and back: within the VPC a
    packet keeps the far end's address (source: VPC user guide, "NAT gateway basics")."""
    there = Ports(port, port + 1)
    yield Hop(asker.address, answerer.address, there, asker.subnet, nat.subnet)
    yield Hop(nat.address, answerer.address, there, nat.subnet, None)
    yield Hop(answerer.address, nat.address, nat_speaks_from, None, nat.subnet)
    yield Hop(answerer.address, asker.address, spoken_from, nat.subnet, asker.subnet)
