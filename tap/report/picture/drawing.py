"""A picture with everything in its place: rectangles, text, icons and arrows, in units of the picture's own size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tap.report.picture.measure import fit, width
from tap.report.picture.model import Node

Point = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """A rectangle: its upper left corner, width and height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.h

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.y + self.h / 2

    @property
    def centre(self) -> float:
        """Where its middle is from left to right."""
        return self.x + self.w / 2


@dataclass(frozen=True)
class Shape:
    """A rectangle as it is drawn: its class, a palette name for its line, and a radius."""

    rect: Rect
    css: str
    tone: str = "line"
    radius: float = 8
    dashed: bool = False


@dataclass(frozen=True)
class Label:
    """A line of text: where its baseline begins (or ends, or has its middle: ``anchor``), how it looks."""

    x: float
    y: float
    text: str
    size: float = 12
    tone: str = "ink"
    bold: bool = False
    anchor: str = "start"

    @property
    def rect(self) -> Rect:
        """The room that it takes."""
        wide = width(self.text, self.size, bold=self.bold)
        left = {"start": self.x, "middle": self.x - wide / 2, "end": self.x - wide}[self.anchor]
        return Rect(left, self.y - self.size * 0.78, wide, self.size)


@dataclass(frozen=True)
class Icon:
    """An icon of 22 units: its upper left corner, its name and its colour."""

    x: float
    y: float
    name: str
    tone: str
    size: float = 22


@dataclass(frozen=True)
class Arrow:
    """A way: its corners from start to end, what it says (on a plate over the line), and whether a role allows it.

    ``turned``: the plate lies along an upright line.
    """

    points: tuple[Point, ...]
    css: str = "way"
    label: str = ""
    at: Point = (0, 0)
    turned: bool = False
    says: str = ""

    @property
    def plate(self) -> Rect:
        """The plate under the label."""
        wide = width(self.label, PLATE) + 14
        w, h = (20.0, wide) if self.turned else (wide, 20.0)
        return Rect(self.at[0] - w / 2, self.at[1] - h / 2, w, h)


PLATE = 11.5
"""The size of the text on a plate."""

Item = Shape | Label | Icon


@dataclass
class Group:
    """What is drawn for a box, and clicked with it; None: a surface that is no box."""

    node: Node | None
    items: list[Item] = field(default_factory=list)


@dataclass
class Drawing:
    """Everything, from the back to the front: groups, arrows, then the boxes that lie over the arrows."""

    w: float = 0
    h: float = 0
    back: list[Group] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    front: list[Group] = field(default_factory=list)
    places: dict[str, Rect] = field(default_factory=dict)
    """Box → where it is."""

    def labels(self) -> list[Label]:
        """Every line of text but those on arrows."""
        return [item for group in [*self.back, *self.front] for item in group.items if isinstance(item, Label)]


def card(node: Node, rect: Rect, *, lines: Sequence[str], kind: bool = True) -> Group:
    """A box with its icon, its name, what it is, and lines of facts."""
    made = Group(node)
    made.items.append(Shape(rect, "card", node.tone, dashed=node.optional))
    made.items.append(Icon(rect.x + 12, rect.y + 11, node.icon, node.tone))
    left, room = rect.x + 44, rect.w - 54
    made.items.append(Label(left, rect.y + 19, fit(node.name, 13.5, room, bold=True), 13.5, bold=True))
    y = rect.y + 35
    for number, line in enumerate([*([node.kind] if kind else []), *lines]):
        tone = node.tone if kind and number == 0 else "muted"
        made.items.append(Label(left, y, fit(line, 12, room), 12, tone))
        y += 16
    return made
