"""A scene as a picture, and the same in words."""

from __future__ import annotations

from tap.report.picture.layout import layout
from tap.report.picture.model import Scene
from tap.report.picture.svg import Link, svg
from tap.report.picture.ways import Way


def picture(scene: Scene, link: Link | None = None) -> str:
    """The SVG of a scene: a file that stands alone, or with ``link`` a part of a page, whose boxes lead somewhere."""
    title = f"The architecture of {scene.title}"
    return svg(layout(scene), title, " ".join([scene.says, *(f"{line}." for line in in_words(scene))]), link)


def in_words(scene: Scene) -> list[str]:
    """Each way of a scene, as a line of text."""
    return [_told(way) for way in scene.ways]


def _told(way: Way) -> str:
    start = way.start or "Users"
    if way.granted:
        return f"{start} may use {way.end}, by its role"
    return f"{start} → {way.end}" + (f": {way.label}" if way.label else "")
