"""TAP1635 and TAP1636: dashboards and X-Ray."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.metrics import unknown_metric, wrong_namespace
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Text, as_int, as_number, fields, items

_KINDS = ("metric", "text", "log", "alarm", "explorer", "custom")
_WIDTH, _HEIGHT = 24, 1000
_MARK = "1"
"""Stands for what is not known, in text that is read as JSON: a digit is right in a string and as a number."""


class Dashboard(ResourceRule):
    """Bodies of dashboards that CloudWatch refuses."""

    id = "TAP1635"
    title = "A dashboard's body is JSON with widgets on a grid of 24 columns"
    description = (
        "PutDashboard refuses a body that is no JSON, widgets without type or properties, outside of the grid, and "
        "metrics that are not lists of namespace, name and dimensions."
    )
    source = "CloudWatch API reference, “Dashboard body structure and syntax”"
    advice = "Keep x + width at 24 at the most; write each metric as [namespace, name, dimension, value, …]."
    types = ("AWS::CloudWatch::Dashboard",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The body, with what is not known put in as a digit."""
        body = resource.get("DashboardBody")
        if not isinstance(body, str | Text):
            return
        text = "".join(
            part if isinstance(part, str) else _MARK for part in (body.parts if isinstance(body, Text) else (body,))
        )
        try:
            found = json.loads(text)
        except ValueError as error:
            yield at(resource, "DashboardBody", says=f"The body is no JSON: {error}.")
            return
        widgets = fields(found).get("widgets")
        if not isinstance(found, dict) or (widgets is not None and not isinstance(widgets, list)):
            yield at(resource, "DashboardBody", says="The body is no mapping with a list of widgets.")
            return
        if len(items(widgets)) > 500:
            yield at(resource, "DashboardBody", says=f"{len(items(widgets))} widgets: a dashboard has 500 at the most.")
        for number, widget in enumerate(items(widgets), 1):
            for says in _widget_faults(widget):
                yield at(resource, "DashboardBody", says=f"Widget {number}: {says}")


def _widget_faults(widget: Any) -> Iterator[str]:
    if not isinstance(widget, Mapping):
        yield "it is no mapping."
        return
    kind, properties = widget.get("type"), widget.get("properties")
    if kind not in _KINDS:
        yield f"its type {kind!r} is none of {', '.join(_KINDS)}."
        return
    for key, least, most in (("x", 0, 23), ("y", 0, None), ("width", 1, _WIDTH), ("height", 1, _HEIGHT)):
        value = widget.get(key)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{key} is {value!r}, no whole number."
        elif value < least or (most is not None and value > most):
            yield f"{key} is {value}: it is {least} to {most}." if most else f"{key} is {value}."
    x, width = widget.get("x"), widget.get("width")
    if isinstance(x, int) and isinstance(width, int) and x <= 23 and width <= _WIDTH and x + width > _WIDTH:
        yield f"x {x} and width {width} are more than {_WIDTH} columns."
    if not isinstance(properties, Mapping):
        yield "it has no properties."
    elif kind == "metric":
        yield from _metric_faults(properties)
    elif kind == "text" and not isinstance(properties.get("markdown"), str):
        yield "a text widget has markdown."
    elif kind == "log" and not isinstance(properties.get("query"), str):
        yield "a log widget has a query."
    elif kind == "alarm" and not isinstance(properties.get("alarms"), list):
        yield "an alarm widget has a list of alarms."


def _metric_faults(properties: Mapping[str, Any]) -> Iterator[str]:
    metrics = properties.get("metrics")
    if metrics is None and properties.get("annotations") is None:
        yield "a metric widget has metrics, or annotations with an alarm."
    elif metrics is not None and not isinstance(metrics, list):
        yield "its metrics are no list."
    view, period = properties.get("view"), properties.get("period")
    if view is not None and view not in ("timeSeries", "singleValue", "gauge", "bar", "pie", "table"):
        yield f"view {view!r} is none that there is."
    if isinstance(period, int) and (period not in (1, 5, 10, 20, 30) and (period < 60 or period % 60)):
        yield f"a period of {period} seconds: it is 1, 5, 10, 20, 30 or a multiple of 60."
    if "region" not in properties and any(
        isinstance(one, list) and one and isinstance(one[0], str) for one in items(metrics)
    ):
        yield "a metric widget names its region."
    before: list[Any] = []
    for one in items(metrics):
        if not isinstance(one, list):
            yield f"the metric {one!r} is no list of namespace, name and dimensions."
            continue
        parts = [part for part in one if not isinstance(part, dict)]
        if not parts:
            continue
        if len(parts) % 2 or not all(isinstance(part, str) for part in parts):
            yield f"the metric {parts} is not namespace, name, and pairs of dimension and value."
            continue
        full = [before[at_] if part == "." and at_ < len(before) else part for at_, part in enumerate(parts)]
        if full[0] == "..." or parts[0] == "...":
            continue
        before = full
        meant = wrong_namespace(str(full[0]))
        near = unknown_metric(str(full[0]), str(full[1]))
        if meant:
            yield f"there is no namespace {full[0]}: it is {meant}."
        elif near is not None and _MARK not in str(full[1]):
            yield f"{full[0]} has no metric {full[1]}{f'; {near} is one' if near else ''}."


class SamplingRule(ResourceRule):
    """Sampling rules that X-Ray refuses."""

    id = "TAP1636"
    title = "A sampling rule has a rate from 0 to 1, and a priority from 1 to 9999"
    description = "X-Ray refuses rates outside of 0 to 1, priorities outside of 1 to 9999 and versions other than 1."
    source = "X-Ray API model, SamplingRule"
    advice = "Write FixedRate: 0.05 for five per cent."
    types = ("AWS::XRay::SamplingRule",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The rule."""
        own = fields(resource.get("SamplingRule"))
        if not own:
            return
        rate, priority, version = (
            as_number(own.get("FixedRate")),
            as_int(own.get("Priority")),
            as_int(own.get("Version")),
        )
        name = own.get("RuleName")
        if rate is not None and not 0 <= rate <= 1:
            yield at(resource, "SamplingRule", "FixedRate", says=f"FixedRate {rate:g} is not between 0 and 1.")
        if priority is not None and not 1 <= priority <= 9999:
            yield at(resource, "SamplingRule", "Priority", says=f"Priority {priority} is not between 1 and 9999.")
        if version is not None and version != 1:
            yield at(resource, "SamplingRule", "Version", says=f"Version {version}: there is version 1 only.")
        if isinstance(name, str) and (len(name) > 32 or not re.fullmatch(r"[\w-]+", name)):
            yield at(
                resource,
                "SamplingRule",
                "RuleName",
                says=f"{name!r}: a rule's name has 32 letters and hyphens at most.",
            )
