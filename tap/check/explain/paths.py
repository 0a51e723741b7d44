"""Who can reach what on which port: through routes, security groups and network ACLs. Pure.

A way is open when the asker's groups let it out, the other's groups admit it, there is a route, and the ACLs of both
subnets let packets and their answers pass. What is not known is said to be so, never guessed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tap.check.explain.ends import End, ends, faces_internet
from tap.check.graph import delivery
from tap.check.graph.acls import connects, connects_outside
from tap.check.graph.api import METHOD
from tap.check.graph.balancing import BALANCER
from tap.check.graph.cached import cached
from tap.check.graph.groups import Pass, admitted, let_out, open_to_all, opens, peer_words, reaches
from tap.check.graph.network import NAT, WayOut, is_default, routes_of, table_of, way_out
from tap.check.model import Resource, World
from tap.check.values import fields
from tap.report.section import Cell, Section, Table, about

INTERNET = "the internet"


@dataclass(frozen=True, eq=False)
class Way:
    """A way from one end to another (``source`` is None for the internet) on one port.

    ``open`` is None where it cannot be told. ``why`` says what lets it pass, or what it fails at.
    """

    source: End | None
    target: End
    port: int
    open: bool | None
    why: str

    @property
    def asker(self) -> str:
        """The source in words."""
        return self.source.name if self.source else INTERNET


@cached
def ways(world: World) -> tuple[Way, ...]:
    """Every way between two ends, and from the internet, to each port that is listened on."""
    found: list[Way] = []
    for target in ends(world):
        for port in target.ports:
            found.append(_from_internet(world, target, port))
            found += [_between(world, source, target, port) for source in ends(world) if source is not target]
    return tuple(found)


def _from_internet(world: World, target: End, port: int) -> Way:
    faces = faces_internet(world, target)
    if faces is False:
        return Way(None, target, port, False, "it has no public address with a way to the internet gateway")
    sides = [admitted(world, one) for one in target.groups]
    passing = [one for side in sides for one in side.passes if one.has_port(port)]
    anybody = [one for one in passing if open_to_all(one)]
    listed = [one for one in passing if one.body.get("SourcePrefixListId") is not None]
    if not anybody:
        known = target.whole and all(side.complete for side in sides)
        if listed:
            return Way(None, target, port, None, f"only from the prefix list {peer_words(listed[0])}")
        return Way(None, target, port, False if known else None, f"its groups admit {_peers(passing)}")
    borders = [connects_outside(world, one, port, inwards=True) for one in target.subnets]
    if False in borders:
        return Way(None, target, port, False, "a network ACL refuses it")
    told = True if faces and None not in borders else None
    return Way(None, target, port, told, f"{anybody[0].owner.logical_id} admits {peer_words(anybody[0])}")


def _peers(passing: list[Pass]) -> str:
    return f"only {', '.join(dict.fromkeys(map(peer_words, passing)))}" if passing else "nobody on this port"


def _between(world: World, source: End, target: End, port: int) -> Way:
    out = reaches(world, source.groups, target.groups, port)
    into = opens(world, target.groups, source.groups, port)
    if out is False:
        return Way(source, target, port, False, f"the groups of {source.name} do not let it out")
    if into is False:
        return Way(source, target, port, False, f"the groups of {target.name} do not admit it")
    borders = [connects(world, one, other, port) for one in source.subnets for other in target.subnets]
    if borders and all(one is False for one in borders):
        return Way(source, target, port, False, "a network ACL refuses it")
    if None in (out, into) or None in borders or False in borders or not (source.groups and target.groups):
        return Way(source, target, port, None, "it depends on what is not in this template, or on the zone")
    by = next(one for group in target.groups for one in admitted(world, group).passes if one.has_port(port))
    return Way(source, target, port, True, f"{by.owner.logical_id} admits it")


@dataclass(frozen=True, eq=False)
class Door:
    """Something of AWS's own in front of the VPC: who it serves, and to what it hands requests on."""

    resource: Resource
    kind: str
    leads: tuple[str, ...]


@cached
def doors(world: World) -> tuple[Door, ...]:
    """Distributions and APIs."""
    found = []
    for one in world.of_type(delivery.DISTRIBUTION):
        to: list[str] = []
        for origin in delivery.origins(one, world):
            target = origin.bucket or world.target(origin.domain, BALANCER, "AWS::ApiGateway::RestApi")
            to += [target.logical_id] if target else []
        found.append(Door(one, "distribution", tuple(dict.fromkeys(to))))
    for one in world.of_type("AWS::ApiGateway::RestApi"):
        to = []
        for method in world.of_type(METHOD):
            if world.target(method.get("RestApiId"), "AWS::ApiGateway::RestApi") is one:
                integration = fields(method.get("Integration"))
                for value in (integration.get("IntegrationTarget"), integration.get("Uri")):
                    target = world.target(value, BALANCER, "AWS::Lambda::Function")
                    to += [target.logical_id] if target else []
        found.append(Door(one, "API", tuple(dict.fromkeys(to))))
    return tuple(found)


def chains(world: World, target: End) -> Iterator[tuple[str, ...]]:
    """The shortest ways from the internet to an end, one for each door or public end: names, with ports between."""
    open_ways = [way for way in ways(world) if way.open]
    onward: dict[str, list[tuple[str, str]]] = {}
    for way in open_ways:
        onward.setdefault(way.asker, []).append((str(way.port), way.target.name))
    for door in doors(world):
        onward.setdefault(INTERNET, []).append(("443", door.resource.logical_id))
        for name in door.leads:
            onward.setdefault(door.resource.logical_id, []).append(("", name))
    for port, first in dict.fromkeys(onward.get(INTERNET, ())):
        found = _shortest(onward, first, target.name)
        if found:
            yield (INTERNET, f"→ {port}", *found)


def _shortest(onward: dict[str, list[tuple[str, str]]], start: str, goal: str) -> tuple[str, ...]:
    todo: deque[tuple[str, ...]] = deque([(start,)])
    seen = {start}
    while todo:
        way = todo.popleft()
        if way[-1] == goal:
            return way
        for port, name in onward.get(way[-1], ()):
            if name not in seen:
                seen.add(name)
                todo.append((*way, f"→ {port}" if port else "→", name))
    return ()


def explain(world: World) -> Section:
    """The page: from the internet, between ends, to the data, and out."""
    return Section(
        "paths",
        "Who can reach what",
        "Through routes, security groups and network ACLs, on the ports that something listens on. "
        "What a template alone cannot tell is called unknown.",
        tuple(table for table in (_inwards(world), _matrix(world), _to_data(world), _outwards(world)) if table.rows),
    )


def _inwards(world: World) -> Table:
    rows = [
        (
            about(one.resource.logical_id),
            Cell(one.kind),
            Cell("443"),
            Cell("yes"),
            Cell("it is a public service of AWS"),
        )
        for one in doors(world)
    ]
    for way in ways(world):
        if way.source is None:
            port = Cell(str(way.port))
            rows.append((about(way.target.name), Cell(way.target.kind), port, _told(way.open), Cell(way.why)))
    return Table("From the internet", ("what", "is", "port", "reachable", "because"), tuple(rows))


def _matrix(world: World) -> Table:
    targets = [one for one in ends(world) if one.ports]
    sources = [one for one in ends(world) if any(way.source is one and way.open is not False for way in ways(world))]
    rows = []
    for source in sources:
        cells = [about(source.name)]
        for target in targets:
            if source is target:
                cells.append(Cell("·"))
                continue
            mine = [way for way in ways(world) if way.source is source and way.target is target]
            sure = [str(way.port) for way in mine if way.open]
            unsure = [f"{way.port}?" for way in mine if way.open is None]
            cells.append(Cell(", ".join(sure + unsure) or "–", tone="good" if sure else ""))
        rows.append(tuple(cells))
    head = ("from \\ to", *(target.name for target in targets))
    says = "A port: open. A port with ?: it depends on what is not in this template. –: closed."
    return Table("Inside", head, tuple(rows), says)


def _to_data(world: World) -> Table:
    rows = []
    for end in ends(world):
        if not end.stores:
            continue
        found = sorted(chains(world, end), key=len)
        direct = next((way for way in ways(world) if way.source is None and way.target is end), None)
        first = Cell(
            "no" if direct and direct.open is False else "unknown" if not direct or direct.open is None else "yes"
        )
        rows += [(about(end.name), first, Cell(" ".join(one))) for one in found] or [
            (about(end.name), first, Cell("no way from the internet leads there"))
        ]
    return Table("From the internet to the data", ("store", "directly", "by way of"), tuple(rows))


def _outwards(world: World) -> Table:
    rows = []
    for end in ends(world):
        if end.resource.type == "AWS::EC2::VPCEndpoint":
            continue
        free = [
            one
            for group in end.groups
            for one in let_out(world, group).passes
            if open_to_all(one) or one.peer_group is None
        ]
        out = sorted({_ports_of(one) for one in free if open_to_all(one)})
        through = sorted({_through(world, one) for one in end.subnets}) or ["unknown"]
        # A load balancer and a link begin no connections of their own to the internet.
        allowed = _in_words(out) if out else "nothing: its groups name what it may reach"
        rows.append((about(end.name), Cell(allowed), Cell(", ".join(through) if out else "–")))
    return Table("Out to the internet", ("what", "its groups let out", "through"), tuple(rows))


def _in_words(ports: list[str]) -> str:
    if "all" in ports:
        return "all ports"
    return f"port{'' if len(ports) == 1 and ports[0].isdecimal() else 's'} {', '.join(ports)}"


def _ports_of(one: Pass) -> str:
    if one.ports is None:
        return "unknown"
    low, high = one.ports
    return "all" if (low, high) == (0, 65535) else str(low) if low == high else f"{low}–{high}"


def _through(world: World, subnet: Resource) -> str:
    way = way_out(world, subnet)
    if way is WayOut.NAT or way is WayOut.OTHER:
        table = table_of(world, subnet)
        for route in routes_of(world, table) if table else ():
            if is_default(route):
                target = world.target(route.get("NatGatewayId"), NAT) or world.target(
                    route.get("NetworkInterfaceId"), "AWS::EC2::NetworkInterface"
                )
                return target.logical_id if target else way.value
    return {WayOut.NONE: "no route", WayOut.UNKNOWN: "unknown"}.get(way, way.value)


def _told(answer: bool | None) -> Cell:
    return Cell({True: "yes", False: "no", None: "unknown"}[answer])
