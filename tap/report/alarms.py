"""Alarms in words: what each watches, when it rings, and whom it tells.

Sources: CloudFormation template reference, ``AWS::CloudWatch::Alarm``; CloudWatch user guide, "Using Amazon CloudWatch
alarms" (periods, datapoints, missing data).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap.report.picture.values import Resources, count, listed, named, of_type, properties, said, sentence
from tap.report.section import Cell, Section, Table, about, rows

_STATISTICS = {"Average": "average", "Maximum": "highest", "Minimum": "lowest", "Sum": "sum", "SampleCount": "number"}
_COMPARED = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at least",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at most",
}
_MISSING = {
    "breaching": "No data is trouble.",
    "notBreaching": "No data is no trouble.",
    "ignore": "Without data it stays as it is.",
}


def section(body: Mapping[str, Any]) -> Section | None:
    """The alarms of a template; None where it has none."""
    resources: Resources = body["Resources"]
    found = of_type(resources, "CloudWatch::Alarm")
    if not found:
        return None
    parameters = body.get("Parameters", {})
    told = []
    for name in found:
        alarm = properties(resources, name)
        watched = tuple(each for each in named(_measured(alarm), resources) if each != name)
        says = str(alarm.get("AlarmDescription") or sentence(resources, name))
        told.append((about(name), Cell(says), Cell(rings(alarm, parameters)), about(*watched), _tells(name, resources)))
    head = ("Alarm", "What it means", "Rings when", "Watches", "Tells")
    return Section("alarms", "Alarms", tables=(Table("", head, rows(told)),))


def rings(alarm: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """When an alarm rings, as a sentence."""
    measured, seconds = _measure(alarm, parameters)
    over = _COMPARED.get(str(alarm.get("ComparisonOperator")), str(alarm.get("ComparisonOperator")))
    periods = alarm.get("EvaluationPeriods", 1)
    points = alarm.get("DatapointsToAlarm", periods)
    if periods == 1:
        when = f"for {_span(seconds)}"
    elif points == periods:
        when = f"for {periods} periods of {_span(seconds)}"
    else:
        when = f"in {points} of {periods} periods of {_span(seconds)}"
    missing = _MISSING.get(str(alarm.get("TreatMissingData")), "")
    return f"{measured} {over} {_threshold(alarm.get('Threshold'), parameters)}, {when}. {missing}".strip()


def _measure(alarm: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[str, Any]:
    """What is measured, and the seconds of a period."""
    if "MetricName" in alarm:
        statistic = str(alarm.get("Statistic") or alarm.get("ExtendedStatistic", ""))
        return f"`{alarm['MetricName']}` ({_STATISTICS.get(statistic, statistic)})", alarm.get("Period")
    metrics = alarm.get("Metrics", [])
    shown: Mapping[str, Any] = next((each for each in metrics if each.get("ReturnData", True)), {})
    seconds = next((each["MetricStat"].get("Period") for each in metrics if "MetricStat" in each), None)
    if "Expression" in shown:
        return f"{shown.get('Label', 'the expression')} (`{said(shown['Expression'], parameters)}`)", seconds
    metric = shown.get("MetricStat", {})
    statistic = str(metric.get("Stat", ""))
    return f"`{metric.get('Metric', {}).get('MetricName', '')}` ({_STATISTICS.get(statistic, statistic)})", seconds


def _measured(alarm: Mapping[str, Any]) -> Any:
    return [alarm.get("Dimensions"), alarm.get("Metrics")]


def _threshold(value: Any, parameters: Mapping[str, Any]) -> str:
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        mapping, key, column = value["Fn::FindInMap"]
        return f"what `{mapping}` says for {said(key, parameters)} (`{said(column, parameters)}`)"
    text = said(value, parameters)
    return f"{value:,}" if isinstance(value, int | float) else text


def _span(seconds: Any) -> str:
    if not isinstance(seconds, int):
        return "a period"
    return count(seconds // 60, "minute") if seconds % 60 == 0 else count(seconds, "second")


def _tells(name: str, resources: Resources) -> Cell:
    """Whom an alarm tells: the resources of its actions, and those that listen to it by its name."""
    alarm = properties(resources, name)
    actions = alarm.get("AlarmActions", [])
    told = named(actions, resources)
    texts = [
        "EC2, which moves the instance to another machine"
        for each in actions
        if isinstance(each, dict) and "ec2:recover" in str(each.get("Fn::Sub"))
    ]
    listening = [
        each
        for each in of_type(resources, "ECS::Service")
        if name in named(properties(resources, each).get("DeploymentConfiguration"), resources)
    ]
    if listening:
        texts.append(f"{listed(listening)}, which takes a deployment back")
    for each in of_type(resources, "SNS::Subscription"):
        subscription = properties(resources, each)
        if {*told} & {*named(subscription.get("TopicArn"), resources)} and subscription.get("Protocol") == "email":
            texts.append(f"by mail to `{said(subscription.get('Endpoint'), {})}`")
    return Cell("; ".join(texts), tuple(told))
