"""A dashboard as it will be laid out: its widgets on the grid of 24 columns, read from the dashboard's body.

Source: CloudWatch API reference, "Dashboard body structure and syntax" (x, y, width and height in grid units).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.report.picture.values import of_type, properties

COLUMNS = 24


@dataclass(frozen=True)
class Widget:
    """A widget: where it is, its title, and a line for each of its metrics."""

    x: int
    y: int
    width: int
    height: int
    title: str
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: its resource, and its widgets from top to bottom."""

    name: str
    widgets: tuple[Widget, ...]


def dashboards(body: Mapping[str, Any]) -> list[Dashboard]:
    """The dashboards of a template; one whose body is no JSON text is left out."""
    found = []
    for name in of_type(body["Resources"], "CloudWatch::Dashboard"):
        text = properties(body["Resources"], name).get("DashboardBody")
        text = text.get("Fn::Sub", text) if isinstance(text, dict) else text
        text = text[0] if isinstance(text, list) else text
        try:
            widgets = json.loads(text)["widgets"] if isinstance(text, str) else []
        except (ValueError, KeyError, TypeError):
            continue
        made = sorted((_widget(each) for each in widgets), key=lambda each: (each.y, each.x))
        found.append(Dashboard(name, tuple(made)))
    return found


def _widget(each: Mapping[str, Any]) -> Widget:
    told = each.get("properties", {})
    x, y, width, height = (int(each.get(key, default)) for key, default in _PLACE)
    title = told.get("title") or told.get("markdown", "") or each.get("type", "")
    return Widget(x, y, width, height, str(title), tuple(_metrics(told.get("metrics", []))))


_PLACE = (("x", 0), ("y", 0), ("width", 6), ("height", 6))
"""Keys and CloudWatch's defaults."""


def _metrics(rows: list[list[Any]]) -> Iterator[str]:
    """Each metric by its label, or its name, with its statistic."""
    for row in rows:
        options = row[-1] if row and isinstance(row[-1], dict) else {}
        name = options.get("label") or options.get("expression") or (row[1] if len(row) > 1 else "")
        statistic = options.get("stat", "")
        yield f"{name} ({statistic})" if statistic else str(name)
