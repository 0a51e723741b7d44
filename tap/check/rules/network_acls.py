"""TAP1519-1520: network ACLs."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.acls import ACL, Entry, entries_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import as_bool, as_int


class AclNumbers(ResourceRule):
    """An entry of a network ACL that is refused."""

    id = "TAP1519"
    title = "An entry of a network ACL has its own number, and ports where it needs them"
    description = (
        "In each direction a number from 1 to 32766 stands once; TCP (6) and UDP (17) need a PortRange, ICMP its "
        "type and code; the protocol is a number, -1 for all."
    )
    source = "EC2 API, CreateNetworkAclEntry"
    advice = "Number the entries of each direction apart, and state the ports."
    types = ("AWS::EC2::NetworkAclEntry",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each entry, against those before it."""
        number, protocol = as_int(resource.get("RuleNumber")), as_int(resource.get("Protocol"))
        if number is not None and not 1 <= number <= 32766:
            yield at(resource, "RuleNumber", says=f"RuleNumber is {number}; 1 to 32766 is allowed.")
        if protocol in (6, 17) and resource.get("PortRange") is None:
            yield at(resource, says=f"The entry is for protocol {protocol} and has no PortRange.")
        if protocol in (1, 58) and resource.get("Icmp") is None:
            yield at(resource, says=f"The entry is for protocol {protocol} and has no Icmp.")
        low, high = as_int(resource.get("PortRange", "From")), as_int(resource.get("PortRange", "To"))
        if low is not None and high is not None and low > high:
            yield at(resource, "PortRange", says=f"The ports are {low} to {high}.")
        for other in world.of_type("AWS::EC2::NetworkAclEntry"):
            if other is resource:
                return
            if number is None or as_int(other.get("RuleNumber")) != number:
                continue
            same = world.same(other.get("NetworkAclId"), resource.get("NetworkAclId"))
            direction = as_bool(other.get("Egress") or False) == as_bool(resource.get("Egress") or False)
            if same and direction:
                says = f"{other.logical_id} has the number {number} in the same direction."
                yield at(resource, "RuleNumber", says=says)


class AnswersStopped(ResourceRule):
    """A network ACL that lets a question through and not the answer."""

    id = "TAP1520"
    title = "The network ACL stops the answers"
    description = (
        "A network ACL keeps no state: what comes in on a port is answered to the client's own port (1024 to "
        "65535), and what goes out is answered to ours. Each needs an entry in the other direction."
    )
    severity = Severity.WARNING
    source = "VPC user guide, “Custom network ACLs and other AWS services” (ephemeral ports)"
    advice = "Allow TCP 1024-65535 in the direction of the answers."
    types = ("AWS::EC2::NetworkAcl",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """ACLs of which all entries are known."""
        entries = world.of_type("AWS::EC2::NetworkAclEntry")
        mine = [one for one in entries if world.target(one.get("NetworkAclId"), "AWS::EC2::NetworkAcl") is resource]
        strays = [one for one in entries if world.target(one.get("NetworkAclId"), "AWS::EC2::NetworkAcl") is None]
        if not mine or strays or world.open or resource.logical_id in world.told_outside:
            return
        sides: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        for one in mine:
            out, protocol = as_bool(one.get("Egress") or False), as_int(one.get("Protocol"))
            if out is None or protocol is None or not isinstance(one.get("RuleAction"), str):
                return
            if one.get("RuleAction").lower() != "allow" or protocol not in (-1, 6):
                continue
            low, high = as_int(one.get("PortRange", "From")), as_int(one.get("PortRange", "To"))
            if protocol == 6 and (low is None or high is None):
                return
            sides[out].append((0, 65535) if protocol == -1 else (low or 0, high or 0))
        for out, way, back in ((False, "in", "out"), (True, "out", "in")):
            # What is open for 1024-65535 alone is for answers itself, and asks for none.
            asked = [span for span in sides[out] if span[0] > 32768 or span[1] < 60999 or span == (0, 65535)]
            asked = asked or (sides[out] if not sides[not out] else [])
            if asked and not any(low <= 60999 and high >= 32768 for low, high in sides[not out]):
                span = min(asked, key=lambda one: one == (0, 65535))
                ports = str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"
                says = f"TCP {ports} goes {way}; no entry lets the answers {back} (ports 1024-65535)."
                yield at(resource, says=says)


class NeverAsked(ResourceRule):
    """An entry that never decides anything."""

    id = "TAP1596"
    title = "An entry of a network ACL is decided by one before it"
    description = (
        "Entries are tried by their numbers, and the first that fits decides: one that takes all that a later one is "
        "for, and says the opposite, leaves the later one without effect."
    )
    severity = Severity.WARNING
    source = "VPC user guide, “Control subnet traffic with network access control lists”"
    advice = "Give the narrower entry the lower number."
    types = (ACL,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The entries of an ACL, each against those before it."""
        for egress in (False, True):
            told = entries_of(world, resource, egress).entries
            for place, one in enumerate(told):
                for other in told[:place]:
                    if other.allows != one.allows and other.number != one.number and _takes_all(other, one):
                        word = "allows" if other.allows else "denies"
                        says = f"{other.resource.logical_id} (number {other.number}) {word} all that it is for."
                        yield at(one.resource, "RuleNumber", says=says)
                        break


def _takes_all(first: Entry, second: Entry) -> bool:
    if first.block is None or second.block is None or first.ports is None or second.ports is None:
        return False
    if first.protocol not in ("-1", second.protocol) or first.block.version != second.block.version:
        return False
    if first.protocol not in ("-1", "6", "17"):
        return False  # ICMP has types and codes of its own.
    ports = first.protocol == "-1" or (first.ports[0] <= second.ports[0] and second.ports[1] <= first.ports[1])
    return (
        ports
        and int(first.block.network_address) <= int(second.block.network_address)
        and (int(second.block.broadcast_address) <= int(first.block.broadcast_address))
    )
