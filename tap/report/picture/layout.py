"""Where everything of a picture goes: the world above, the region below it, in it the VPC as a grid of zones and rows.

A three-tier system is drawn from the outside in: users on top, then what faces them, then load balancer, services and
database, each across the zones. So traffic runs down. What lies side by side with the VPC (buckets, tables, keys)
stands on a shelf to the right; what watches and keeps the system, on a desk along the bottom.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tap.report.picture.drawing import Arrow, Drawing, Group, Icon, Label, Rect, Shape, card
from tap.report.picture.measure import fit, width, wrap
from tap.report.picture.model import USERS, Band, Node, Row, Scene, Vpc
from tap.report.picture.routes import Lanes, route

MARGIN, PAD, GAP = 24.0, 20.0, 14.0
GUTTER, CHANNEL = 36.0, 30.0
SHELF_W = 252.0
COLUMN_W = {1: 560.0, 2: 344.0, 3: 236.0}
LINE = 16.0
USERS_H = 48.0


def layout(scene: Scene) -> Drawing:
    """Everything of a scene in its place."""
    return _Layout(scene).drawing()


class _Layout:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.lanes = Lanes(scene)
        self.made = Drawing()
        zones = len(scene.vpc.zones) if scene.vpc else 0
        self.column = COLUMN_W.get(zones, 200.0)
        across = zones * self.column + max(zones - 1, 0) * GUTTER
        self.vpc_x = MARGIN + PAD
        self.grid_x = self.vpc_x + self.lanes.left_width
        self.vpc_w = self.lanes.left_width + across + self.lanes.right_width if zones else 760.0
        self.columns = [self.grid_x + number * (self.column + GUTTER) for number in range(zones)]
        self.shelf_x = self.vpc_x + self.vpc_w + CHANNEL + self.lanes.channel_width
        self.right = self.shelf_x + SHELF_W
        self.middle = self._middle(zones)

    def _middle(self, zones: int) -> float:
        """Where users come straight down: into the middle zone, or between two."""
        if not zones:
            return self.vpc_x + self.vpc_w / 2
        last = self.columns[zones // 2]
        return last + self.column / 2 if zones % 2 else last - GUTTER / 2

    def drawing(self) -> Drawing:
        """Place all, from top to bottom; then the ways between."""
        made, scene = self.made, self.scene
        made.w = self.right + PAD + MARGIN
        made.back.append(
            Group(
                None,
                [
                    Label(MARGIN, 40, scene.title, 24, bold=True),
                    Label(MARGIN, 64, fit(scene.says, 13, made.w - 2 * MARGIN), 13, "muted"),
                    Label(made.w - MARGIN, 40, f"{scene.system} · {scene.region}", 13, "muted", anchor="end"),
                ],
            )
        )
        bottom = self._world(88)
        region_y = bottom + 44
        y = self._doors(region_y + 34)
        vpc_y = y + (42 if scene.doors else 22)
        vpc_bottom = self._vpc(scene.vpc, vpc_y) if scene.vpc else y
        if scene.vpc and scene.vpc.ends:
            vpc_bottom += 20
        bottom = self._beside(region_y + 34, vpc_bottom)
        region = Rect(MARGIN, region_y, made.w - 2 * MARGIN, bottom + PAD - region_y)
        made.back.insert(
            0,
            Group(
                None,
                [
                    Shape(region, "panel", radius=14),
                    Label(region.x + PAD, region_y + 21, f"Region {scene.region}", 12.5, "muted", bold=True),
                ],
            ),
        )
        made.places["region"] = region
        made.arrows = route(scene, made.places, self.lanes, self.columns, GUTTER)
        made.h = self._legend(region.bottom + 28) + 16
        return made

    def _put(self, group: Group, *, front: bool = True) -> None:
        (self.made.front if front else self.made.back).append(group)
        if group.node:
            shapes = [item.rect for item in group.items if isinstance(item, Shape)]
            self.made.places[group.node.key] = shapes[0]

    # ── above ──

    def _world(self, y: float) -> float:
        """Users in the middle, names to their left, CloudFront to their right."""
        users = Node(USERS, "Users", "on the internet", "users", "ink")
        bottom = y
        width_users = 150.0
        boxes: list[tuple[Node, Rect]] = []
        for node in self.scene.world:
            if node.icon == "sign":
                x, w = self.vpc_x, min(280.0, self.middle - width_users / 2 - 120 - self.vpc_x)
            else:
                x = self.middle + width_users / 2 + 132
                w = self.right - x
            lines = self._lines(node, w)
            h = 46 + LINE * len(lines)
            top = y + (38 if node.guard else 0)
            boxes.append((node, Rect(x, top, w, h)))
            bottom = max(bottom, top + h)
        tall = max(bottom - y, USERS_H)
        rect = Rect(self.middle - width_users / 2, y + (tall - USERS_H) / 2, width_users, USERS_H)
        if any(node.guard for node, _ in boxes):
            rect = replace(rect, y=next(box.y for node, box in boxes if node.guard) - 38 + 23 - USERS_H / 2)
        group = card(users, rect, lines=())
        self._put(group)
        bottom = max(bottom, rect.bottom)
        for node, box in boxes:
            self._card(node, replace(box, y=rect.middle - box.h / 2) if node.icon == "sign" else box)
        return bottom

    def _lines(self, node: Node, w: float) -> list[str]:
        return [line for fact in node.facts for line in wrap(fact, 12, w - 56)]

    def _card(self, node: Node, rect: Rect) -> None:
        """A box, and above it, joined, what guards it."""
        if node.guard:
            guard = node.guard
            strip = Rect(rect.x + 14, rect.y - 38, rect.w - 28, 38 + 8)
            made = Group(guard, [Shape(strip, "card", guard.tone, dashed=guard.optional)])
            made.items.append(Icon(strip.x + 10, strip.y + 8, guard.icon, guard.tone, 20))
            named = fit(guard.name, 12.5, strip.w - 50, bold=True)
            made.items.append(Label(strip.x + 38, strip.y + 16, named, 12.5, bold=True))
            rest = fit(guard.facts[0] if guard.facts else guard.kind, 11.5, strip.w - 50)
            made.items.append(Label(strip.x + 38, strip.y + 31, rest, 11.5, "muted"))
            self._put(made)
        self._put(card(node, rect, lines=self._lines(node, rect.w)))

    def _doors(self, y: float) -> float:
        """What lets users in within the region: APIs, over the first zone."""
        bottom, x = y, self.vpc_x
        for node in self.scene.doors:
            w = min(self.columns[0] + self.column, self.middle - 90) - x if x == self.vpc_x and self.columns else 260.0
            lines = self._lines(node, w)
            top = y + (38 if node.guard else 0)
            rect = Rect(x, top, w, 46 + LINE * len(lines))
            self._card(node, rect)
            bottom, x = max(bottom, rect.bottom), rect.right + GAP
        return bottom

    # ── the VPC ──

    def _vpc(self, vpc: Vpc, y: float) -> float:
        frame = Group(vpc.node)
        self.made.back.append(frame)
        top = y + 52
        row_y = top + 28
        for row in vpc.rows:
            row_y = self._row(row, vpc, row_y) + GAP
        bottom = row_y - GAP + 26
        head = Group(None)
        for name, x in zip(vpc.zones, self.columns, strict=True):
            head.items.append(Label(x + self.column / 2, bottom - 8, name, 12.5, "network", bold=True, anchor="middle"))
        zones = [Rect(x - 8, top, self.column + 16, bottom - top) for x in self.columns]
        head.items[:0] = [Shape(rect, "zone", radius=12, dashed=True) for rect in zones]
        self.made.back.insert(self.made.back.index(frame) + 1, head)
        rect = Rect(self.vpc_x, y, self.vpc_w, bottom + (28 if vpc.ends else 14) - y)
        cidr = " · ".join(["VPC", *vpc.node.facts])
        # Ways from an API into the VPC come down on its left.
        left = self.grid_x if self.lanes.through else rect.x + 12
        frame.items += [
            Shape(rect, "vpc", "network", 12),
            Icon(left, rect.y + 14, "network", "network", 20),
            Label(left + 26, rect.y + 22, vpc.node.name, 13.5, bold=True),
            Label(left + 26, rect.y + 38, cidr, 12, "network"),
        ]
        self.made.places[vpc.node.key] = rect
        named = left + 26 + width(vpc.node.name, 13.5, bold=True) + 12, left + 26 + width(cidr, 12) + 12
        self._gates(vpc, rect, named)
        return rect.bottom

    def _gates(self, vpc: Vpc, rect: Rect, named: tuple[float, float]) -> None:
        """Small boxes on the border: the API's link over the first zone, the internet gateway in the middle.

        ``named`` is where the VPC's name and its addresses end: the link stands, and leads, to the right of them.
        """
        for node in vpc.gates:
            w = max(width(node.name, 12, bold=True), width(node.kind, 11)) + 48
            x = self.middle - w / 2
            if node.icon == "link":
                centre = self.columns[0] + self.column * (0.7 if self.lanes.through else 0.5)
                centre = max(min(centre, self.middle - 100 - w / 2), named[0] + w / 2, named[1])
                x = centre - w / 2
            self._put(self._small(node, Rect(x, rect.y - 20, w, 40)))
        x = rect.right - 14
        for node in reversed(vpc.ends):
            w = max(width(node.name, 12, bold=True), width(node.kind, 11)) + 48
            x -= w
            self._put(self._small(node, Rect(x, rect.bottom - 20, w, 40)))
            x -= GAP

    def _small(self, node: Node, rect: Rect) -> Group:
        """A box of two lines."""
        return Group(
            node,
            [
                Shape(rect, "card", node.tone, dashed=node.optional),
                Icon(rect.x + 9, rect.y + rect.h / 2 - 10, node.icon, node.tone, 20),
                Label(rect.x + 36, rect.y + rect.h / 2 - 3, fit(node.name, 12, rect.w - 42, bold=True), 12, bold=True),
                Label(rect.x + 36, rect.y + rect.h / 2 + 12, fit(node.kind, 11, rect.w - 42), 11, node.tone),
            ],
        )

    def _row(self, row: Row, vpc: Vpc, y: float) -> float:
        """A row of subnets, from what lies across them to what stands in each; gives its lower edge."""
        inner = y + 12
        first = [band for band in row.bands if band.node.icon == "balance"]
        rest = [band for band in row.bands if band.node.icon != "balance"]
        for band in first:
            inner = self._band(band, inner) + 12
        tall = max((len(chips) for chips in row.chips), default=0)
        for column, chips in enumerate(row.chips):
            for number, node in enumerate(chips):
                w = min(self.column - 24, 300.0)
                self._put(self._small(node, Rect(self.columns[column] + 12, inner + number * 48, w, 40)))
        inner += tall * 48 + (4 if tall else 0)
        group = ""
        for place, band in enumerate(rest):
            below = place and any(way.end == band.node.key for way in self.lanes.straight)
            inner += 18 if below else 0
            if band.group and band.group != group:
                inner = self._frame(band.group, vpc, [b for b in rest if b.group == band.group], inner)
            group = band.group
            inner = self._band(band, inner) + 12
            if group and (place + 1 == len(rest) or rest[place + 1].group != group):
                inner += 10
        bottom = inner + 36
        for column, subnet in enumerate(row.subnets):
            if subnet:
                rect = Rect(self.columns[column], y, self.column, bottom - y)
                room, left = rect.w - 24, rect.x + 12
                named = fit(subnet.name, 12, room, bold=True)
                told = fit(" · ".join(subnet.facts), 11.5, room)
                surface = Group(subnet, [Shape(rect, row.kind, radius=8)])
                surface.items.append(Label(left, rect.bottom - 24, named, 12, bold=True))
                surface.items.append(Label(left, rect.bottom - 9, told, 11.5, "muted"))
                self._put(surface, front=False)
        return bottom

    def _frame(self, key: str, vpc: Vpc, bands: list[Band], y: float) -> float:
        """The frame of a cluster, around its services; gives where the first of them begins."""
        node = next(each for each in vpc.groups if each.key == key)
        tall = sum(self._height(band) + 12 for band in bands) + 34
        rect = Rect(self.columns[0] + 10, y, self.columns[-1] + self.column - self.columns[0] - 20, tall)
        made = Group(node, [Shape(rect, "frame", node.tone, 10, dashed=node.optional)])
        made.items.append(Label(rect.x + 14, y + 20, node.name, 12, bold=True))
        made.items.append(Label(rect.x + 22 + width(node.name, 12, bold=True), y + 20, node.kind, 12, node.tone))
        self._put(made)
        return y + 30

    def _height(self, band: Band) -> float:
        return 48 + (34 if any(band.chips) else 0)

    def _band(self, band: Band, y: float) -> float:
        """A box across all zones, with what stands in each zone; gives its lower edge."""
        inset = 22.0 if band.group else 12.0
        rect = Rect(
            self.columns[0] + inset, y, self.columns[-1] + self.column - self.columns[0] - 2 * inset, self._height(band)
        )
        node = band.node
        made = card(node, rect, lines=(), kind=False)
        made.items.append(Label(rect.x + 44, y + 36, fit(node.kind, 12, rect.w - 60), 12, node.tone))
        after = width(node.kind, 12) + 3
        text = ""
        for fact in node.facts:  # as many as there is room for, each whole
            longer = f"{text} · {fact}"
            text = longer if width(longer, 12) <= rect.w - 60 - after else text
        made.items.append(Label(rect.x + 44 + after, y + 36, text.strip(), 12, "muted"))
        for column, chips in enumerate(band.chips):
            x = self.columns[column] + inset + 10
            room = self.column - 2 * inset - 20
            each = (room - 8 * (len(chips) - 1)) / max(len(chips), 1)
            for number, chip in enumerate(chips):
                spot = Rect(x + number * (each + 8), y + 46, each, 26)
                made.items.append(Shape(spot, "chip", node.tone, 6))
                made.items.append(Icon(spot.x + 7, spot.y + 5, node.icon, node.tone, 16))
                made.items.append(Label(spot.x + 29, spot.y + 17, fit(chip, 11.5, each - 34), 11.5))
        self._put(made)
        return rect.bottom

    # ── beside and below ──

    def _beside(self, y: float, bottom: float) -> float:
        """The shelf, and what watches and keeps: below it where there is room, else along the bottom."""
        lower = self._column(self.scene.shelf, "Data, secrets, images", y)
        desk = self.scene.desk
        if not desk:
            return max(bottom, lower)
        tall = 22 + sum(self._tall(node) for node in desk) + GAP * (len(desk) - 1) + 10 * len(self.scene.arrows)
        if lower + 24 + tall <= bottom:
            top = bottom - tall if self.scene.shelf else y
            return max(bottom, self._column(desk, "Watching and keeping", top))
        return self._desk(max(bottom, lower) + 14)

    def _tall(self, node: Node) -> float:
        return 46 + LINE * len(self._lines(node, SHELF_W))

    def _column(self, nodes: Iterable[Node], title: str, y: float) -> float:
        """Boxes below one another, under a title; gives their lower edge."""
        nodes = list(nodes)
        if not nodes:
            return y
        self._title(title, self.shelf_x, y)
        y += 22
        for place, node in enumerate(nodes):
            rect = Rect(self.shelf_x, y, SHELF_W, self._tall(node))
            self._card(node, rect)
            joined = place + 1 < len(nodes) and (node.key, nodes[place + 1].key) in self.scene.arrows
            y = rect.bottom + GAP + (10 if joined else 0)
        return y - GAP

    def _title(self, title: str, x: float, y: float) -> None:
        self.made.back.append(Group(None, [Label(x, y + 12, title, 12.5, "muted", bold=True)]))

    def _desk(self, y: float) -> float:
        """What watches and keeps, side by side, as many to a line as there is room for."""
        nodes = self.scene.desk
        self._title("Watching and keeping", self.vpc_x, y)
        y += 22
        many = min(len(nodes), 5)
        gap = 40.0
        w = (self.right - self.vpc_x - gap * (many - 1)) / many
        bottom = y
        for start in range(0, len(nodes), many):
            line = nodes[start : start + many]
            facts = {node.key: self._lines(node, w) for node in line}
            tall = 46 + LINE * max(len(each) for each in facts.values())
            for number, node in enumerate(line):
                self._card(node, Rect(self.vpc_x + number * (w + gap), y, w, tall))
            bottom = y + tall
            y = bottom + GAP
        return bottom

    def _legend(self, y: float) -> float:
        """What lines mean; gives the lowest baseline."""
        made = Group(None)
        x = MARGIN
        meanings = (
            ("way", "traffic, with protocol and port"),
            ("grant", "use that a role allows"),
            ("tell", "messages"),
        )
        drawn = {arrow.css for arrow in self.made.arrows}
        for css, text in meanings:
            if css not in drawn:
                continue
            self.made.arrows.append(Arrow(((x, y - 4), (x + 36, y - 4)), css))
            made.items.append(Label(x + 46, y, text, 12, "muted"))
            x += 46 + width(text, 12) + 30
        self.made.back.append(made)
        if any(node.optional for node in self.scene.boxes()):
            made.items.append(Shape(Rect(x, y - 13, 36, 17), "card", "edge", 5, dashed=True))
            text = "only under a condition"
            made.items.append(Label(x + 46, y, text, 12, "muted"))
            x += 46 + width(text, 12) + 30
        note = "AWS chooses the zones of tasks and database instances."
        if self.scene.vpc:
            made.items.append(Label(x, y, note, 12, "muted"))
        return y
