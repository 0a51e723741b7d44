"""A drawing as SVG: text stays text, colours are variables for light and dark, the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from tap.report.palette import DARK, LIGHT, variables
from tap.report.picture.drawing import PLATE, Arrow, Drawing, Group, Icon, Label, Shape
from tap.report.picture.icons import ICONS
from tap.report.picture.measure import FAMILY
from tap.report.picture.model import Node

Link = Callable[[Node], str]
"""Where a box leads when it is clicked; empty: nowhere."""

STYLE = (
    f".picture{{font-family:{FAMILY}}}"
    ".picture text{fill:var(--ink)}"
    ".picture rect{stroke-width:1.25}"
    ".picture .panel{fill:var(--panel);stroke:var(--line)}"
    ".picture .vpc{fill:var(--card);stroke-width:1.75}"
    ".picture .zone{fill:none;stroke:var(--line);stroke-dasharray:5 5}"
    ".picture .public{fill:var(--public);stroke:none}"
    ".picture .private{fill:var(--private);stroke:none}"
    ".picture .isolated{fill:var(--isolated);stroke:none}"
    ".picture .card{fill:var(--card)}.picture .frame{fill:none;stroke-dasharray:2 4}"
    ".picture .chip{fill:var(--panel);stroke-width:.75}"
    ".picture .plate{fill:var(--card);stroke:none}"
    ".picture .dashed{stroke-dasharray:6 4}"
    ".picture .icon{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}"
    ".picture .line{fill:none;stroke-width:2;stroke-linejoin:round}"
    ".picture .way{stroke:var(--way)}.picture .grant{stroke:var(--grant);stroke-dasharray:3 5;stroke-linecap:round}"
    ".picture .tell{stroke:var(--watch)}.picture .head-tell{fill:var(--watch)}"
    ".picture .head-way{fill:var(--way)}.picture .head-grant{fill:var(--grant)}"
)
"""The style of every picture; its colours come from the variables of the page that it stands on."""

ALONE = (
    f".picture{{{variables(LIGHT)}background:var(--page)}}"
    f"@media (prefers-color-scheme:dark){{.picture{{{variables(DARK)}}}}}"
)
"""The colours, for a picture that stands alone."""


def svg(drawing: Drawing, title: str, says: str, link: Link | None = None) -> str:
    """The text of an SVG file, or with ``link`` of an element for a page, whose boxes lead somewhere.

    ``title`` and ``says`` are for those who do not see it.
    """
    w, h = _number(drawing.w), _number(drawing.h)
    role = "group" if link else "img"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
        f'role="{role}" aria-labelledby="picture-title picture-desc">',
        f'<title id="picture-title">{escape(title)}</title>',
        f'<desc id="picture-desc">{escape(says)}</desc>',
        *([] if link else [f"<style>{ALONE}{STYLE}</style>"]),
        "<defs>",
        *(
            f'<marker id="head-{css}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path class="head-{css}" d="M0 1L10 5L0 9z"/></marker>'
            for css in ("way", "grant", "tell")
        ),
        "</defs>",
    ]
    if not link:
        lines.append(f'<rect width="{w}" height="{h}" fill="var(--page)"/>')
    for group in drawing.back:
        lines += _group(group, link)
    lines += [_line(arrow) for arrow in drawing.arrows]
    for group in drawing.front:
        lines += _group(group, link)
    lines += [_plate(arrow) for arrow in drawing.arrows if arrow.label]
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _group(group: Group, link: Link | None) -> Iterator[str]:
    node = group.node
    target = link(node) if link and node else ""
    if node and target:
        spoken = f"{node.name}, {node.kind}" if node.kind != node.name else node.name
        yield f'<a href="{escape(target)}" aria-label="{escape(spoken)}">'
    else:
        yield "<g>"
    if node and node.says:
        yield f"<title>{escape(node.says)}</title>"
    for item in group.items:
        if isinstance(item, Shape):
            yield _shape(item)
        elif isinstance(item, Icon):
            yield _icon(item)
        else:
            yield _label(item)
    yield "</a>" if target else "</g>"


def _shape(shape: Shape) -> str:
    rect = shape.rect
    css = f"{shape.css} dashed" if shape.dashed and shape.css not in ("zone", "frame") else shape.css
    own = "" if shape.css in ("panel", "zone", "public", "private", "isolated") else f' stroke="var(--{shape.tone})"'
    return (
        f'<rect class="{css}" x="{_number(rect.x)}" y="{_number(rect.y)}" width="{_number(rect.w)}" '
        f'height="{_number(rect.h)}" rx="{_number(shape.radius)}"{own}/>'
    )


def _icon(icon: Icon) -> str:
    scale = _number(icon.size / 24)
    return (
        f'<g class="icon" stroke="var(--{icon.tone})" transform="translate({_number(icon.x)} {_number(icon.y)}) '
        f'scale({scale})" aria-hidden="true">{ICONS[icon.name]}</g>'
    )


def _label(label: Label) -> str:
    anchor = "" if label.anchor == "start" else f' text-anchor="{label.anchor}"'
    weight = ' font-weight="700"' if label.bold else ""
    # An attribute would lose against the style sheet.
    tone = "" if label.tone == "ink" else f' style="fill:var(--{label.tone})"'
    return (
        f'<text x="{_number(label.x)}" y="{_number(label.y)}" font-size="{_number(label.size)}"{anchor}{weight}{tone}>'
        f"{escape(label.text, quote=False)}</text>"
    )


def _line(arrow: Arrow) -> str:
    path = "".join(f"{'L' if n else 'M'}{_number(x)} {_number(y)}" for n, (x, y) in enumerate(arrow.points))
    said = f"<title>{escape(arrow.says)}</title>" if arrow.says else ""
    return f'<path class="line {arrow.css}" d="{path}" marker-end="url(#head-{arrow.css})">{said}</path>'


def _plate(arrow: Arrow) -> str:
    x, y = arrow.at
    wide = arrow.plate.h if arrow.turned else arrow.plate.w
    turn = f' transform="rotate(-90 {_number(x)} {_number(y)})"' if arrow.turned else ""
    return (
        f'<g{turn}><rect class="plate" x="{_number(x - wide / 2)}" y="{_number(y - 9)}" width="{_number(wide)}" '
        f'height="18" rx="9"/><text x="{_number(x)}" y="{_number(y + 4)}" '
        f'font-size="{PLATE}" font-weight="700" text-anchor="middle" style="fill:var(--{arrow.css})">'
        f"{escape(arrow.label, quote=False)}</text></g>"
    )


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
