"""That nothing in a picture lies on anything else: texts, boxes, and the lines between them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import pytest

from tap.report.picture.drawing import Arrow, Drawing, Label, Rect, Shape
from tap.report.picture.layout import layout
from tap.report.picture.measure import fit, width, wrap
from tap.report.picture.model import USERS, Scene
from tap.report.picture.scene import scene
from tests.report import drawn
from tests.report.drawn import NAMES
from tests.report.picture.made import Shape as Made
from tests.report.picture.made import template

SHAPES = [
    Made(),
    Made(zones=1),
    Made(zones=3, services=3),
    Made(zones=4, services=1, databases=2),
    Made(zones=1, services=4, functions=2, firewall=True),
    Made(zones=2, services=2, functions=2, records=True, buckets=3),
    Made(zones=3, functions=1, firewall=True, records=True),
    Made(zones=3, isolated=False, api=False, distributions=0, alarms=False),
    Made(zones=2, services=0, functions=3, databases=0, distributions=0, buckets=0),
    Made(zones=3, services=1, databases=0, api=False, buckets=2),
    Made(zones=2, distributions=2, buckets=2),
]
SYSTEMS: list[str | Made] = [*NAMES, *SHAPES]
"""Those of the project, the fifth, and some of other shapes."""


@functools.cache
def scene_of(system: str | Made) -> Scene:
    found = drawn.scene_of(system) if isinstance(system, str) else scene(template(system))
    assert found
    return found


@functools.cache
def drawing(system: str | Made) -> Drawing:
    return layout(scene_of(system))


def meet(one: Rect, other: Rect, by: float = 0) -> bool:
    apart = one.right - by <= other.x or other.right - by <= one.x
    return not (apart or one.bottom - by <= other.y or other.bottom - by <= one.y)


def pieces(arrow: Arrow) -> Iterator[Rect]:
    for (x1, y1), (x2, y2) in itertools.pairwise(arrow.points):
        assert x1 == x2 or y1 == y2, f"{arrow.says}: a line that is neither level nor upright"
        yield Rect(min(x1, x2) - 1, min(y1, y2) - 1, abs(x2 - x1) + 2, abs(y2 - y1) + 2)


def boxes(made: Drawing) -> dict[str, Rect]:
    """The boxes that stand on surfaces."""
    found = {}
    for group in made.front:
        shape = group.items[0]
        if group.node and isinstance(shape, Shape) and shape.css == "card":
            found[group.node.key] = shape.rect
    return found


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_no_text_lies_on_another(system: str | Made) -> None:
    labels = [(label.text, label.rect) for label in drawing(system).labels()]
    labels += [(arrow.label, arrow.plate) for arrow in drawing(system).arrows if arrow.label]
    pairs = itertools.combinations(labels, 2)
    assert [(one[0], other[0]) for one, other in pairs if meet(one[1], other[1], by=1)] == []


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_no_line_runs_through_a_text(system: str | Made) -> None:
    labels = [label for group in drawing(system).back for label in group.items if isinstance(label, Label)]
    crossed = [
        (arrow.says, label.text)
        for arrow in drawing(system).arrows
        for piece in pieces(arrow)
        for label in labels
        if meet(piece, label.rect)
    ]
    assert crossed == []


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_no_line_runs_through_a_box_that_is_not_at_its_end(system: str | Made) -> None:
    """But through gates, which are there to be gone through."""
    made, scene = drawing(system), scene_of(system)
    gates = {node.key for node in scene.vpc.gates} if scene.vpc else set()
    for arrow in made.arrows:
        ends = (arrow.points[0], arrow.points[-1])
        for key, rect in boxes(made).items():
            near = Rect(rect.x - 2, rect.y - 2, rect.w + 4, rect.h + 4)
            if key in gates or any(meet(near, Rect(x - 1, y - 1, 2, 2)) for x, y in ends):
                continue
            assert not any(meet(piece, rect) for piece in pieces(arrow)), f"{arrow.says} runs through {key}"


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_no_box_lies_on_another(system: str | Made) -> None:
    """But what guards a box, which is joined to it."""
    guards = {node.guard.key for node in scene_of(system).nodes() if node.guard}
    found = {key: rect for key, rect in boxes(drawing(system)).items() if key not in guards}
    assert [(a, b) for (a, x), (b, y) in itertools.combinations(found.items(), 2) if meet(x, y)] == []


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_no_plate_covers_a_text_or_a_box(system: str | Made) -> None:
    made = drawing(system)
    for arrow in made.arrows:
        if arrow.label:
            assert [key for key, rect in boxes(made).items() if meet(arrow.plate, rect)] == [], arrow.says


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_every_text_is_within_its_box(system: str | Made) -> None:
    made = drawing(system)
    for group in [*made.back, *made.front]:
        shape = group.items[0] if group.items else None
        if group.node and isinstance(shape, Shape):
            for label in (item for item in group.items if isinstance(item, Label)):
                assert shape.rect.x <= label.rect.x and label.rect.right <= shape.rect.right, label.text
                assert shape.rect.y <= label.rect.y and label.rect.bottom <= shape.rect.bottom, label.text


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_everything_is_on_the_paper(system: str | Made) -> None:
    made = drawing(system)
    paper = Rect(0, 0, made.w, made.h)
    for rect in [label.rect for label in made.labels()] + [r for each in made.arrows for r in pieces(each)]:
        assert paper.x <= rect.x and rect.right <= paper.right
        assert paper.y <= rect.y and rect.bottom <= paper.bottom


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_every_box_has_a_place_and_every_way_an_arrow(system: str | Made) -> None:
    made, scene = drawing(system), scene_of(system)
    assert {box.key for box in scene.boxes()} | {USERS} <= made.places.keys()
    says = {line.partition(":")[0] for arrow in made.arrows for line in arrow.says.split("\n")}
    assert {f"{way.start or 'Users'} → {way.end}" for way in scene.ways} <= says


def test_what_does_not_fit_is_cut_and_says_so() -> None:
    assert fit("short", 12, 100) == "short"
    cut = fit("much too long for so little room", 12, 60)
    assert cut.endswith("…") and width(cut, 12) <= 60
    assert wrap("one two three", 12, 45) == ["one two", "three"]
