"""What a picture shows, before anything has a place: boxes, bands, zones, and the ways between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tap.report.picture.ways import Way

USERS = ""
"""The key of the users: the start of every way that comes from the internet (as in ``ways``)."""

FAR = "edge"
"""The key of what the system has in another region."""


@dataclass(frozen=True)
class Node:
    """A box: what it stands for.

    ``key`` is a resource's logical id, or a word that is none (``alarms``); ``kind`` what a person calls it; ``facts``
    short lines below the name; ``parts`` the resources that belong to it; ``tone`` the palette's name of its colour.
    ``optional``: only there under a condition. ``guard``: what stands before it and sees all that comes.
    """

    key: str
    name: str
    kind: str
    icon: str
    tone: str
    facts: tuple[str, ...] = ()
    says: str = ""
    parts: tuple[str, ...] = ()
    optional: bool = False
    guard: Node | None = None


@dataclass(frozen=True)
class Band:
    """A box across the zones of its row: a service, a cluster, a load balancer; ``chips`` are what stands in each."""

    node: Node
    chips: tuple[tuple[str, ...], ...] = ()
    group: str = ""
    """The key of what it runs on: bands of one group lie in one frame."""


@dataclass(frozen=True)
class Row:
    """The subnets of one kind, one in each zone that has any, what stands in them alone, and what lies across them."""

    kind: str
    subnets: tuple[Node | None, ...]
    chips: tuple[tuple[Node, ...], ...]
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Vpc:
    """A VPC: its gates (the ways through its border), its zones, and its rows from the outside in."""

    node: Node
    gates: tuple[Node, ...]
    zones: tuple[str, ...]
    rows: tuple[Row, ...]
    groups: tuple[Node, ...] = ()
    ends: tuple[Node, ...] = ()
    """Gateway endpoints: ways to AWS's own services that do not leave its network."""


@dataclass(frozen=True)
class Scene:
    """A whole picture."""

    system: str
    title: str
    says: str
    region: str
    ways: tuple[Way, ...]
    world: tuple[Node, ...] = ()
    doors: tuple[Node, ...] = ()
    vpc: Vpc | None = None
    shelf: tuple[Node, ...] = ()
    desk: tuple[Node, ...] = ()
    arrows: tuple[tuple[str, str], ...] = field(default=())
    """Between boxes of the desk: from, to."""

    def nodes(self) -> Iterator[Node]:
        """Every box, in reading order."""
        yield from self.world
        yield from self.doors
        if self.vpc:
            yield self.vpc.node
            yield from self.vpc.gates
            yield from self.vpc.ends
            yield from self.vpc.groups
            for row in self.vpc.rows:
                for subnet, chips in zip(row.subnets, row.chips, strict=True):
                    yield from [*([subnet] if subnet else []), *chips]
                yield from (band.node for band in row.bands)
        yield from self.shelf
        yield from self.desk

    def boxes(self) -> Iterator[Node]:
        """Every box, and what guards it as a box of its own."""
        for node in self.nodes():
            if node.guard:
                yield node.guard
            yield replace(node, guard=None)
