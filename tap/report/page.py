"""A system's page for a browser: one file that needs no network, from its picture to its template's text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tap import pages
from tap.document import Told, scene_of
from tap.errors import TapError
from tap.model import System
from tap.report import alarms, explained, fates, order
from tap.report.dashboard import dashboards
from tap.report.palette import DARK, LIGHT, variables
from tap.report.picture.model import FAR, USERS, Node, Scene
from tap.report.picture.picture import in_words, picture
from tap.report.picture.svg import STYLE
from tap.report.section import Section
from tap.report.views import ResourceView, TemplateView, view
from tap.synth import Emitted

EDGE = "edge-"
"""What the anchors of the template in another region begin with."""


@dataclass(frozen=True)
class Box:
    """A box of the picture with the resources that belong to it; ``prefix`` begins their anchors."""

    anchor: str
    name: str
    kind: str
    says: str
    """Empty where it is the sentence of the first resource."""
    prefix: str
    resources: tuple[ResourceView, ...]


def render(system: System, emitted: Iterable[Emitted], version: str = "") -> str:
    """The page of a system from its files (``synth.emit`` with the layout ``stack``): the text of an HTML file.

    ``version`` stands in its head, where there is one. Raises TapError where the files have no ``stack`` template.
    """
    files = list(emitted)
    found = pages.told(system, files)
    if not found:
        raise TapError(f"system {system.name}: its page tells of the layout stack, which was not emitted.")
    main, edge = found
    texts = {file.path: file.text for file in files}

    def shown(told: Told, name: str, prefix: str = "") -> TemplateView:
        text = texts[f"{system.name}/{name}.yaml"]
        edge = "" if prefix else texts.get(f"{system.name}/edge.json", "")
        found = _sections(told, texts[f"{system.name}/{name}.json"], edge, whole=not prefix)
        return view(told, text, found, prefix=prefix, file=f"{name}.yaml")

    views = [shown(main, "stack"), *([shown(edge, "edge", EDGE)] if edge else [])]
    drawn = scene_of(main, edge)
    return (
        _environment()
        .get_template("page.html")
        .render(
            system=system,
            version=version,
            main=views[0],
            edge=views[1] if edge else None,
            picture=Markup(picture(drawn, _leads)) if drawn else "",
            words=in_words(drawn) if drawn else [],
            boxes=_boxes(drawn, *views) if drawn else [],
            dashboards=dashboards(main.body),
            style=Markup(_style()),
        )
    )


def _sections(told: Told, text: str, edge: str, *, whole: bool) -> tuple[Section, ...]:
    """What a page says of a template beside its parts."""
    environment = list(told.environments)[-1] if told.environments else ""
    found = [
        *explained.sections(told, text, environment, whole=whole, edge=edge),
        alarms.section(told.body),
        fates.section(told.body, told.environments),
        order.section(told.body),
    ]
    return tuple(each for each in found if each and (each.says or each.tables))


def _leads(node: Node) -> str:
    return f"#box-{node.key}" if node.key != USERS else ""


def _boxes(drawn: Scene, main: TemplateView, edge: TemplateView | None = None) -> list[Box]:
    found = []
    for node in drawn.boxes():
        of = edge if edge and node.key == FAR else main
        there = {each.name: each for tier in of.tiers for each in tier.resources}
        says = node.says if node.key != node.parts[0] else ""
        parts = tuple(there[name] for name in node.parts)
        found.append(Box(f"box-{node.key}", node.name, node.kind, says, of.prefix, parts))
    return found


def _style() -> str:
    light, dark = variables(LIGHT), variables(DARK)
    scheme = f"@media screen and (prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}"
    return f":root{{color-scheme:light;{light}}}{scheme}{STYLE}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["prose"] = prose
    made.filters["raw"] = Markup
    made.filters["breakable"] = breakable
    return made


def prose(text: str) -> Markup:
    """Plain text as HTML; what stands between backticks is code."""
    pieces = " ".join(text.split()).split("`")
    if len(pieces) % 2 == 0:  # an odd backtick is a letter
        return escape("`".join(pieces))
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if place % 2 else escape(piece) for place, piece in enumerate(pieces)
    )


def breakable(type: str) -> Markup:
    """A type's name as HTML that a narrow column breaks after colons, and nowhere else."""
    return Markup("::<wbr>").join(escape(piece) for piece in type.split("::"))
