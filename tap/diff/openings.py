"""What security groups let through, and what they let through that they did not before. Pure.

Rules: EC2 user guide, "Security group rules". A group without any outbound rule in the template gets the one that lets
everything out (template reference, AWS::EC2::SecurityGroup).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.deploy.resolve import Unresolved
from tap.diff.model import Widening
from tap.diff.statements import text_of

GROUP = "AWS::EC2::SecurityGroup"
_STANDALONE = {
    "AWS::EC2::SecurityGroupIngress": "in",
    "AWS::EC2::SecurityGroupEgress": "out",
    "AWS::VPC::SecurityGroupIngress": "in",
}
_PEERS = (
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "DestinationSecurityGroupId",
    "SourcePrefixListId",
    "DestinationPrefixListId",
    "SourceSecurityGroupName",
)
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
_EVERY_PORT = (0, 65535)
_ALL = "-1"
_WORLD = {"0.0.0.0/0": "anyone (0.0.0.0/0)", "::/0": "anyone (::/0)"}
_NOBODY = frozenset({"127.0.0.1/32", "::1/128"})
"""What a rule names that is to let nothing through."""

Resources = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Rule:
    """What one rule lets through. ``ports`` is None where the numbers cannot be known; ``said`` are they as written."""

    group: str
    direction: str
    protocol: str
    ports: tuple[int, int] | None
    said: str
    peer: str


def widenings(old: Resources, new: Resources) -> Iterator[Widening]:
    """Each rule of ``new`` that lets through what ``old`` does not; both are resolved resources by logical id."""
    before, after = list(_rules(old)), list(_rules(new))
    for rule in dict.fromkeys(after):
        if rule.peer in _NOBODY or _let_through(rule, before):
            continue
        fresh = rule.group not in old
        certain = rule.ports is not None and not rule.peer.startswith("!")
        yield Widening("network", rule.group, rule.peer, _sentence(rule), certain, fresh)


def _let_through(rule: Rule, rules: list[Rule]) -> bool:
    """Whether ``rules`` let through all that ``rule`` does, if need be several of them port by port."""
    if rule in rules:
        return True
    spans = []
    for one in rules:
        if (one.group, one.direction) != (rule.group, rule.direction) or not _includes(one.peer, rule.peer):
            continue
        if one.protocol == _ALL:
            return True
        if one.protocol == rule.protocol and one.ports is not None and rule.ports is not None:
            spans.append(one.ports)
    if rule.ports is None:
        return False
    reached, last = rule.ports
    for first, end in sorted(spans):
        if first <= reached <= end:
            reached = end + 1
    return reached > last


def _includes(wide: str, narrow: str) -> bool:
    if wide == narrow:
        return True
    try:
        outer, inner = ipaddress.ip_network(wide, strict=False), ipaddress.ip_network(narrow, strict=False)
    except ValueError:
        return False
    if isinstance(outer, ipaddress.IPv4Network):
        return isinstance(inner, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, ipaddress.IPv6Network) and inner.subnet_of(outer)


def _rules(resources: Resources) -> Iterator[Rule]:
    inline_out, standalone_out = set(), set()
    for logical_id, body in resources.items():
        kind, properties = body["Type"], body.get("Properties") or {}
        if kind == GROUP:
            for direction, name in (("in", "SecurityGroupIngress"), ("out", "SecurityGroupEgress")):
                listed = properties.get(name)
                if direction == "out" and listed:
                    inline_out.add(logical_id)
                for one in listed if isinstance(listed, list) else [] if listed is None else [listed]:
                    yield _rule(logical_id, direction, one)
        elif kind in _STANDALONE:
            group = _group(properties.get("GroupId", properties.get("GroupName")))
            if _STANDALONE[kind] == "out":
                standalone_out.add(group)
            yield _rule(group, _STANDALONE[kind], properties)
    for logical_id, body in resources.items():
        if body["Type"] == GROUP and logical_id not in inline_out | standalone_out:
            for peer in _WORLD:
                yield Rule(logical_id, "out", _ALL, _EVERY_PORT, "", peer)


def _rule(group: str, direction: str, one: Any) -> Rule:
    if not isinstance(one, Mapping):
        return Rule(group, direction, "?", None, text_of(one), "whom it says")
    protocol = str(one.get("IpProtocol", _ALL)).lower()
    protocol = _PROTOCOLS.get(protocol, protocol)
    peer = next((text_of(one[name]) for name in _PEERS if one.get(name) is not None), "whom it says")
    first, last = one.get("FromPort"), one.get("ToPort")
    if protocol == _ALL:
        return Rule(group, direction, protocol, _EVERY_PORT, "", peer)
    if isinstance(first, Unresolved) or isinstance(last, Unresolved):
        return Rule(group, direction, protocol, None, f"{text_of(first)} to {text_of(last)}", peer)
    try:
        ports = (int(first), int(last)) if first is not None and last is not None else _EVERY_PORT
    except (TypeError, ValueError):
        return Rule(group, direction, protocol, None, f"{first} to {last}", peer)
    if protocol.startswith("icmp") or ports == (-1, -1):
        # Not ports but a type and a code, where -1 is any.
        ports = _EVERY_PORT if ports[0] == -1 else (ports[0], ports[0])
    return Rule(group, direction, protocol, ports, "", peer)


def _group(value: Any) -> str:
    """The logical id of a group of the same template, else the id or name as it is."""
    text = text_of(value)
    return text.removeprefix("${").removesuffix("}").split(".")[0] if text.startswith("${") else text


def _sentence(rule: Rule) -> str:
    what = _what(rule)
    peer = _WORLD.get(rule.peer, _named(rule.peer))
    if rule.direction == "in":
        several = rule.ports is not None and rule.ports[0] != rule.ports[1] and what.startswith("ports")
        verb = "may open" if rule.ports is None else "open" if several else "opens"
        return f"{what} of {rule.group} {verb} to {peer}"
    verb = "may be allowed" if rule.ports is None else "is allowed"
    return f"{rule.group} {verb} out to {peer}, {what}"


def _what(rule: Rule) -> str:
    if rule.protocol == "?":
        return f"what {rule.said} lets through"
    if rule.protocol == _ALL:
        return "every port and protocol"
    if rule.ports is None:
        return f"port {rule.said}/{rule.protocol}"
    if rule.protocol.startswith("icmp"):
        return rule.protocol if rule.ports == _EVERY_PORT else f"{rule.protocol} type {rule.ports[0]}"
    first, last = rule.ports
    if rule.ports == _EVERY_PORT:
        return f"every {rule.protocol} port"
    return f"port {first}/{rule.protocol}" if first == last else f"ports {first} to {last}/{rule.protocol}"


def _named(peer: str) -> str:
    return _group(peer) if peer.startswith("${") else peer
