"""The lines between boxes: upright and level pieces, in lanes of their own, so that none runs through a box or a text.

Down the middle run the ways of users, in the gap between two zones those from one box to the next below it. What skips
a box runs in a lane at the VPC's edge: from a load balancer on the left, to a database on the right. What leads out of
the VPC to the shelf has a lane in the channel between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tap.report.picture.drawing import Arrow, Point, Rect
from tap.report.picture.model import USERS, Scene
from tap.report.picture.ways import Way

PITCH, EDGE = 26.0, 24.0
STEP = 16.0


class Lanes:
    """Which ways run where: known before anything has a place, for lanes need room."""

    def __init__(self, scene: Scene) -> None:
        self.bands = [band.node.key for row in scene.vpc.rows for band in row.bands] if scene.vpc else []
        self.world = [node.key for node in scene.world]
        self.doors = [node.key for node in scene.doors]
        self.gates = [node.key for node in scene.vpc.gates] if scene.vpc else []
        self.shelf = [node.key for node in scene.shelf]
        beside = (*scene.shelf, *scene.world)
        self.owner = {part: node.key for node in beside for part in node.parts} | {key: key for key in self.bands}
        """What is shown → the box that shows it, where several share one."""
        balancers = (
            [band.node.key for row in scene.vpc.rows for band in row.bands if band.node.icon == "balance"]
            if (scene.vpc)
            else []
        )
        inside = [way for way in scene.ways if way.end in self.bands and way.start in self.bands]
        self.straight = [way for way in inside if self._next(way)]
        skipping = [way for way in inside if not self._next(way)]
        self.through = [way for way in scene.ways if way.start in self.doors and way.end in self.bands]
        self.left = [way for way in skipping if way.start in balancers]
        self.right = [way for way in skipping if way.start not in balancers]
        self.out = [
            way
            for way in scene.ways
            if way.start in (*self.bands, *self.doors) and self.owner.get(way.end, "") in self.shelf
        ]
        # The farthest end has the outermost lane; of all, what comes from outside the VPC.
        by_depth = sorted(dict.fromkeys(way.end for way in self.left), key=self.bands.index, reverse=True)
        self.left_ends = [*dict.fromkeys(way.end for way in self.through), *by_depth]
        self.right_ends = list(dict.fromkeys(way.end for way in self.right))

    def _next(self, way: Way) -> bool:
        return self.bands.index(way.end) - self.bands.index(way.start) == 1

    @property
    def left_width(self) -> float:
        """The room left of the zones."""
        return EDGE + PITCH * (len({way.end for way in self.left}) + len({way.end for way in self.through}))

    @property
    def right_width(self) -> float:
        """The room right of the zones."""
        return EDGE + PITCH * len(self.right_ends)

    @property
    def channel_width(self) -> float:
        """The room between the VPC and the shelf."""
        return STEP * (len(self.out) + 1)

    def left_lane(self, place: int, vpc: Rect) -> float:
        """Where a lane on the left is."""
        return vpc.x + EDGE - 4 + PITCH * place

    def right_lane(self, place: int, vpc: Rect) -> float:
        """Where a lane on the right is."""
        return vpc.right - EDGE + 4 - PITCH * place


def route(
    scene: Scene, places: Mapping[str, Rect], lanes: Lanes, columns: Sequence[float], gutter: float
) -> list[Arrow]:
    """Every way as an arrow; a way whose ends the picture does not show has none."""
    return _Router(scene, places, lanes, columns, gutter).arrows()


class _Router:
    def __init__(
        self, scene: Scene, places: Mapping[str, Rect], lanes: Lanes, columns: Sequence[float], gutter: float
    ) -> None:
        self.scene, self.places, self.lanes, self.columns, self.gutter = scene, places, lanes, columns, gutter
        self.region = places["region"]
        self.vpc = places[scene.vpc.node.key] if scene.vpc else None
        self.guards = {node.key: node.guard.key for node in scene.nodes() if node.guard}
        self.ports = self._ports()
        self.used: dict[tuple[str, str], int] = {}

    def _ports(self) -> dict[tuple[str, str], int]:
        """Box and side → how many lines end there."""
        found: dict[tuple[str, str], int] = {}

        def one(key: str, side: str) -> None:
            found[key, side] = found.get((key, side), 0) + 1

        lanes = self.lanes
        for key, side in {(way.start, "left") for way in lanes.left} | {(way.end, "left") for way in lanes.left}:
            one(key, side)
        for end in {way.end for way in lanes.through}:
            one(end, "left")
        for way in lanes.right:
            one(way.start, "right")
        for end in lanes.right_ends:
            one(end, "right")
        for way in lanes.out:
            one(way.start, "right")
            one(lanes.owner[way.end], "west")
        return found

    def _port(self, key: str, side: str) -> float:
        """The height of the next line at a side of a box."""
        number = self.used.get((key, side), 0)
        self.used[key, side] = number + 1
        rect, many = self.places[key], self.ports.get((key, side), 1)
        return rect.y + rect.h * (number + 1) / (max(many, number + 1) + 1)

    def arrows(self) -> list[Arrow]:
        """All arrows, those of users first."""
        found: list[Arrow] = []
        found += self._names()
        done: set[Way] = set()
        for way in self.scene.ways:
            if way in done or way.start == way.end:
                continue
            arrow = self._from_outside(way)
            if arrow:
                found.append(arrow)
                done.add(way)
        found += self._down()
        found += self._left()
        # What leads out leaves a box above what leads down: so they do not cross.
        found += self._out()
        found += self._right()
        found += self._desk()
        return _merged(found)

    def _arrow(self, way: Way, points: Sequence[Point], at: Point, *, turned: bool = False) -> Arrow:
        css = "grant" if way.granted else "way"
        start = way.start or "Users"
        says = f"{start} → {way.end}" + (f": {way.label}" if way.label else "")
        return Arrow(tuple(points), css, way.label, at, turned, says)

    def _names(self) -> list[Arrow]:
        users = self.places.get(USERS)
        found = []
        for node in self.scene.world:
            if node.icon == "sign" and users:
                box = self.places[node.key]
                at = ((users.x + box.right) / 2, users.middle)
                found.append(
                    self._arrow(Way("", node.key, "DNS"), [(users.x, users.middle), (box.right, users.middle)], at)
                )
        return found

    def _from_outside(self, way: Way) -> Arrow | None:
        """Ways from users, from the world, and from doors through gates."""
        lanes, places = self.lanes, self.places
        if way.start == USERS:
            return self._from_users(way)
        if lanes.owner.get(way.start, "") in lanes.world:
            return self._from_world(way)
        if way.start in lanes.doors and way.end in lanes.gates:
            start, end = places[way.start], places[way.end]
            return self._arrow(way, [(end.centre, start.bottom), (end.centre, end.y)], (0, 0))
        if way.start in lanes.gates and way.end in lanes.bands:
            start, end = places[way.start], places[way.end]
            top = self.vpc.y + 66 if self.vpc else 0
            return self._arrow(way, [(start.centre, start.bottom), (start.centre, end.y)], (start.centre, top))
        return None

    def _top(self, key: str) -> Rect:
        """A box, or what guards it."""
        return self.places[self.guards.get(key, key)]

    def _from_users(self, way: Way) -> Arrow | None:
        users, lanes = self.places[USERS], self.lanes
        if (target := lanes.owner.get(way.end, "")) in lanes.world:
            end = self._top(target)
            return self._arrow(
                way, [(users.right, users.middle), (end.x, users.middle)], ((users.right + end.x) / 2, users.middle)
            )
        if way.end in lanes.doors:
            end, x = self._top(way.end), users.x + 30
            bus = self.region.y - 22
            return self._arrow(
                way, [(x, users.bottom), (x, bus), (end.centre, bus), (end.centre, end.y)], ((x + end.centre) / 2, bus)
            )
        if way.end in lanes.bands and self.vpc:
            end = self.places[way.end]
            return self._arrow(
                way, [(users.centre, users.bottom), (users.centre, end.y)], (users.centre, self.vpc.y - 36)
            )
        return None

    def _from_world(self, way: Way) -> Arrow | None:
        lanes = self.lanes
        start = self.places[lanes.owner[way.start]]
        if way.end in lanes.bands and self.vpc:
            end = self.places[way.end]
            x = min(start.x + 40, end.right - 30)
            return self._arrow(way, [(x, start.bottom), (x, end.y)], (x, self.vpc.y - 36))
        if (target := lanes.owner.get(way.end, "")) in lanes.shelf:
            end, y = self.places[target], self.region.y - 20
            if target == lanes.shelf[0]:
                x = end.right - 56
                return self._arrow(way, [(x, start.bottom), (x, end.y)], (x, y))
            # A lane for all that are further down, which says once what is spoken.
            x = end.x - 12
            shown = Way(way.start, way.end, way.label if target == lanes.shelf[1] else "", way.granted)
            return self._arrow(shown, [(x, start.bottom), (x, end.middle), (end.x, end.middle)], (x, y))
        if way.end in lanes.doors:
            end, x = self._top(way.end), start.x + 80
            return self._arrow(
                way, [(x, start.bottom), (x, end.middle), (end.right, end.middle)], (x, self.region.y + 14)
            )
        return None

    def _down(self) -> list[Arrow]:
        """From a box to the one below it, in the gap between the first two zones."""
        found = []
        for way in self.lanes.straight:
            start, end = self.places[way.start], self.places[way.end]
            x = self.columns[1] - self.gutter / 2 if len(self.columns) > 1 else end.right - 80
            found.append(self._arrow(way, [(x, start.bottom), (x, end.y)], (x, end.y - 17)))
        return found

    def _left(self) -> list[Arrow]:
        """In the lanes on the left: from doors, and from load balancers to what is not next below."""
        found: list[Arrow] = []
        vpc = self.vpc
        if not vpc:
            return found
        heights: dict[str, float] = {}
        for way in self.lanes.through:
            place = self.lanes.left_ends.index(way.end)
            x, start = self.lanes.left_lane(place, vpc), self.places[way.start]
            end = self.places[way.end]
            y = heights.setdefault(way.end, self._port(way.end, "left"))
            found.append(self._arrow(way, [(x, start.bottom), (x, y), (end.x, y)], (x, y - 70), turned=True))
        outs: dict[str, float] = {}
        for way in self.lanes.left:
            start, end = self.places[way.start], self.places[way.end]
            place = len({each.end for each in self.lanes.through}) + [
                each for each in self.lanes.left_ends if each in {other.end for other in self.lanes.left}
            ].index(way.end)
            x = self.lanes.left_lane(place, vpc)
            first = outs.setdefault(way.start, self._port(way.start, "left"))
            last = self._port(way.end, "left")
            found.append(
                self._arrow(way, [(start.x, first), (x, first), (x, last), (end.x, last)], (x, last - 60), turned=True)
            )
        return found

    def _right(self) -> list[Arrow]:
        """In the lanes on the right, a lane for each end: what leads there joins it."""
        found: list[Arrow] = []
        if not self.vpc:
            return found
        heights: dict[str, float] = {}
        for way in self.lanes.right:
            start, end = self.places[way.start], self.places[way.end]
            x = self.lanes.right_lane(self.lanes.right_ends.index(way.end), self.vpc)
            first = self._port(way.start, "right")
            known = way.end in heights
            last = heights.setdefault(way.end, self._port(way.end, "right") if not known else 0)
            shown = way if not known else Way(way.start, way.end, "", way.granted)
            arrow = self._arrow(
                shown, [(start.right, first), (x, first), (x, last), (end.right, last)], (x, end.y - 60), turned=True
            )
            found.append(arrow)
        return found

    def _out(self) -> list[Arrow]:
        """Across the channel to the shelf."""
        lanes, found = self.lanes, []
        order = sorted(lanes.out, key=self._across)
        first = (self.vpc.right if self.vpc else self.places[lanes.shelf[0]].x - 60) + 10 if lanes.shelf else 0
        for number, way in enumerate(order):
            target = lanes.owner[way.end]
            start, end = self.places[way.start], self.places[target]
            x = first + STEP * (number + 1)
            low, high = self._port(way.start, "right"), self._port(target, "west")
            found.append(
                self._arrow(
                    way, [(start.right, low), (x, low), (x, high), (end.x, high)], (x, (low + high) / 2), turned=True
                )
            )
        return found

    def _across(self, way: Way) -> tuple[int, float, float]:
        """The order in which lanes do not cross: of those that lead up, the uppermost first; down, the lowest."""
        start, end = self.places[way.start].middle, self.places[self.lanes.owner[way.end]].middle
        return (0, start, end) if end < start else (1, -start, -end)

    def _desk(self) -> list[Arrow]:
        found = []
        for one, other in self.scene.arrows:
            start, end = self.places[one], self.places[other]
            says, x = f"{one} → {other}", start.x + 24
            if start.right < end.x and start.y == end.y:
                found.append(Arrow(((start.right, start.middle), (end.x, end.middle)), "tell", says=says))
            elif start.bottom < end.y and start.x == end.x:
                found.append(Arrow(((x, start.bottom), (x, end.y)), "tell", says=says))
        return found


def _merged(arrows: Sequence[Arrow]) -> list[Arrow]:
    """Arrows that are the same line are one, which says all that they say."""
    found: dict[tuple[tuple[Point, ...], str], Arrow] = {}
    for arrow in arrows:
        key = (arrow.points, arrow.css)
        found[key] = replace(found[key], says=f"{found[key].says}\n{arrow.says}") if key in found else arrow
    return list(found.values())
