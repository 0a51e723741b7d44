"""TAP1631 to TAP1634: metric math, composite alarms, and metrics made from logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.alarms import ALARM, COMPOSITE, metrics, names_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import Text, as_bool, each, fields, items, known, shape

_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_WORD = re.compile(r"(?<![\w.\"'])([a-z]\w*)\b(?!\s*\()")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_CONSTANTS = {"e"}


class MetricMath(ResourceRule):
    """Metric math that CloudWatch refuses."""

    id = "TAP1631"
    title = "Metric math has ids, and one result"
    description = (
        "Each query has an id that begins with a small letter and is its own; expressions use ids that are there; "
        "exactly one query returns data; Metrics stands instead of MetricName."
    )
    source = "CloudWatch API reference, MetricDataQuery; user guide, “Using math expressions with CloudWatch metrics”"
    advice = "Set ReturnData: false on all queries but the one that the alarm judges."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The alarm's queries."""
        queries = items(resource.get("Metrics"))
        if not queries:
            return
        doubled = [
            key
            for key in ("MetricName", "Namespace", "Statistic", "Period", "Dimensions")
            if resource.get(key) is not None
        ]
        if doubled:
            yield at(resource, doubled[0], says=f"{doubled[0]} stands beside Metrics: the queries say it all.")
        ids = [fields(one).get("Id") for one in queries]
        for index, query in enumerate(queries):
            one, own = fields(query), ids[index]
            if isinstance(own, str) and not _ID.fullmatch(own):
                yield at(resource, "Metrics", index, "Id", says=f"The id {own!r} does not begin with a small letter.")
            elif isinstance(own, str) and own in ids[:index]:
                yield at(resource, "Metrics", index, "Id", says=f"The id {own} is there twice.")
            if one.get("MetricStat") is not None and one.get("Expression") is not None:
                yield at(resource, "Metrics", index, says=f"{shape(own)} has MetricStat and Expression.")
            elif one and one.get("MetricStat") is None and one.get("Expression") is None:
                yield at(resource, "Metrics", index, says=f"{shape(own)} has neither MetricStat nor Expression.")
            expression = one.get("Expression")
            if isinstance(expression, str) and known(ids) and not expression.lstrip().upper().startswith("SELECT"):
                used = set(_WORD.findall(_QUOTED.sub("", expression))) - _CONSTANTS
                strange = sorted(word for word in used if word not in ids and _looks_like_id(word, expression))
                if strange:
                    says = f"The expression uses {strange[0]}, which is no id: there are {', '.join(map(str, ids))}."
                    yield at(resource, "Metrics", index, "Expression", says=says)
        said = [fields(one).get("ReturnData", True) for one in queries]
        returned = [as_bool(one) for one in said]
        if None not in returned and returned.count(True) != 1 and resource.get("ThresholdMetricId") is None:
            says = f"{returned.count(True)} of {len(queries)} queries return data: it is to be one."
            yield at(resource, "Metrics", says=says)
        by = resource.get("ThresholdMetricId")
        if isinstance(by, str) and known(ids) and by not in ids:
            yield at(resource, "ThresholdMetricId", says=f"ThresholdMetricId {by} is none of the ids.")


def _looks_like_id(word: str, expression: str) -> bool:
    # Words within SEARCH('…') or after a dot are none, nor are words of the expression language.
    return (
        word not in ("and", "or", "not") and "SEARCH" not in expression.upper() and "INSIGHT" not in expression.upper()
    )


_FUNCTION = re.compile(r"\b(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(\"[^\"]*\"|'[^']*'|[^()]*?)\s*\)")


class CompositeRule(ResourceRule):
    """Rules of composite alarms that CloudWatch cannot read, or that watch alarms that are not there."""

    id = "TAP1632"
    title = "A composite alarm's rule is made of states of alarms that are there"
    description = (
        "AlarmRule is made of ALARM(name), OK(name), INSUFFICIENT_DATA(name), TRUE, FALSE, AND, OR and NOT. "
        "PutCompositeAlarm refuses another rule, and one that names an alarm that is not there yet."
    )
    source = "CloudWatch API reference, PutCompositeAlarm, AlarmRule"
    advice = "Write ALARM(${Alarm}) in !Sub, which also makes the composite wait for the alarm."
    types = (COMPOSITE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The rule's grammar, and its alarms."""
        rule = resource.get("AlarmRule")
        if not isinstance(rule, str | Text):
            return
        text = shape(rule)
        fault = _grammar_fault(text)
        if fault:
            yield at(resource, "AlarmRule", says=fault)
            return
        alarms = [one for one in world.of_type(ALARM, COMPOSITE) if one is not resource]
        for match in _FUNCTION.finditer(text):
            name = match[2].strip("\"'")
            own = [
                one
                for one in alarms
                if name in names_of(one, world) or name.endswith(tuple(f":{n}" for n in names_of(one, world)))
            ]
            if any(one.logical_id == name and name not in names_of(one, world) for one in alarms):
                yield at(
                    resource, "AlarmRule", says=f"{name} is an alarm's logical id, not its name: write ${{{name}}}."
                )
            elif own and "${" not in name and own[0].logical_id not in resource.depends_on:
                says = f"{name} may not be there yet: nothing makes the composite wait for {own[0].logical_id}."
                yield at(resource, "AlarmRule", says=says)


def _grammar_fault(text: str) -> str:
    rest = _FUNCTION.sub(" TRUE ", text)
    if rest.count("(") != rest.count(")"):
        return "The rule's parentheses do not match."
    words = re.findall(r"\$\{[^}]*\}|[^\s()]+", rest)
    strange = [one for one in words if one not in ("TRUE", "FALSE", "AND", "OR", "NOT") and not one.startswith("${")]
    if strange:
        return f"The rule has {strange[0]!r}, which is none of ALARM(…), OK(…), INSUFFICIENT_DATA(…), AND, OR, NOT."
    operands = [one for one in words if one in ("TRUE", "FALSE")]
    joins = [one for one in words if one in ("AND", "OR")]
    if not any(one.startswith("${") for one in words) and len(joins) != max(len(operands) - 1, 0):
        return "The rule's states are not joined by AND and OR."
    return "The rule names no alarm." if not operands and not any(one.startswith("${") for one in words) else ""


class LogMetric(ResourceRule):
    """Metric filters that CloudWatch Logs refuses."""

    id = "TAP1633"
    title = "A metric filter makes a metric outside of the namespaces of AWS"
    description = (
        "PutMetricFilter refuses namespaces that begin with AWS/, and a DefaultValue together with Dimensions."
    )
    source = "CloudWatch Logs API reference, MetricTransformation"
    advice = "Choose a namespace of your own, and leave out DefaultValue where there are Dimensions."
    types = ("AWS::Logs::MetricFilter",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each transformation."""
        transformations = items(resource.get("MetricTransformations"))
        for index, body in enumerate(transformations):
            one = fields(body)
            namespace = one.get("MetricNamespace")
            steps = ("MetricTransformations", index)
            if isinstance(namespace, str | Text) and shape(namespace).startswith("AWS/"):
                yield at(resource, *steps, "MetricNamespace", says=f"{shape(namespace)} is a namespace of AWS.")
            elif isinstance(namespace, str) and (":" in namespace or not namespace):
                yield at(resource, *steps, "MetricNamespace", says=f"{namespace!r} is no namespace.")
            if one.get("DefaultValue") is not None and each(one.get("Dimensions")):
                yield at(resource, *steps, "DefaultValue", says="A metric with Dimensions takes no DefaultValue.")
        if len(transformations) > 1:
            yield at(
                resource, "MetricTransformations", says=f"{len(transformations)} transformations: a filter has one."
            )


class MetricNobodyMakes(Rule):
    """Alarms on metrics that a filter of the template nearly makes."""

    id = "TAP1634"
    title = "An alarm on a metric of the template's filters names it as the filter does"
    severity = Severity.WARNING
    description = (
        "An alarm in a filter's namespace with another metric name, or its name in another namespace, has no data."
    )
    source = "CloudWatch Logs user guide, “Creating metrics from log events using filters”"
    advice = "Use the filter's MetricNamespace and MetricName."

    def check(self, world: World) -> Iterator[Found]:
        """Each alarm on a namespace of the template's own."""
        made: dict[str, set[str]] = {}
        for one in world.of_type("AWS::Logs::MetricFilter"):
            for body in items(one.get("MetricTransformations")):
                space, name = fields(body).get("MetricNamespace"), fields(body).get("MetricName")
                if space is not None and name is not None and not isinstance(space, Mapping | list):
                    made.setdefault(shape(space), set()).add(shape(name))
        for alarm in world.of_type(ALARM):
            for metric in metrics(alarm):
                if not isinstance(metric.name, str | Text) or not isinstance(metric.namespace, str | Text):
                    continue
                space, name = shape(metric.namespace), shape(metric.name)
                near = [one for one in made.get(space, ()) if _near(one, name)]
                elsewhere = [key for key, names in made.items() if name in names]
                if space in made and name not in made[space] and near and not elsewhere:
                    says = f"The filters make {near[0]} in {space}, and no {name}."
                    yield at(alarm, *metric.at("MetricName"), says=says)
                elif space not in made and elsewhere and not space.startswith("AWS/"):
                    says = f"{name} is made in {elsewhere[0]}, not in {space}."
                    yield at(alarm, *metric.at("Namespace"), says=says)


def _near(one: Any, two: Any) -> bool:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, str(one).lower(), str(two).lower()).ratio() > 0.6
