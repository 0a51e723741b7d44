"""Monitoring: the alarms that tell the topic, and a dashboard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from troposphere import Sub, cloudwatch, ec2, sns

from tap.model import SUFFIX, Tier, text
from templates.tiers.alerts import Alerts
from templates.tiers.words import ZONES, named

Comparison = Literal[">", ">="]
_COMPARISONS: Mapping[Comparison, str] = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
}


@dataclass(frozen=True)
class Metric:
    """A CloudWatch metric. ``dimensions`` hold text for ``Sub``; ``period`` is in seconds. ``right`` puts it on the
    right axis of a graph."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Average"
    period: int = 300
    label: str = ""
    right: bool = False


@dataclass(frozen=True)
class AlarmChoices:
    """An alarm when ``metric`` is ``above`` (``>`` or ``>=``) ``threshold`` for ``periods``.

    ``name`` is before the suffix. ``missing`` says what a period without data is (CloudWatch's word).
    """

    logical_id: str
    name: str
    says: str
    metric: Metric
    threshold: Any
    above: Comparison = ">"
    periods: int = 2
    missing: str = "notBreaching"


@dataclass(frozen=True)
class Widget:
    """A graph of the dashboard, or (``number``) the newest values; width of 24 columns, height in rows.

    With ``expression`` it shows that instead of the metrics, which are m1, m2 … in it.
    """

    title: str
    metrics: tuple[Metric, ...]
    number: bool = False
    width: int = 12
    height: int = 6
    expression: str = ""
    label: str = ""


@dataclass(frozen=True)
class MonitoringChoices:
    """What monitoring can differ in. ``dashboard`` is its name before the suffix; ``recover`` are NAT instances.
    ``output`` is the name of the output for the dashboard's address, with the tail of its export."""

    dashboard: str
    alarms: tuple[AlarmChoices, ...]
    widgets: tuple[Widget, ...]
    recover: tuple[ec2.Instance, ...] = ()
    output: tuple[str, str] = ("DashboardUrl", "dashboard-url")


def monitoring(choices: MonitoringChoices, alerts: Alerts) -> Tier:
    """Build the monitoring tier."""
    tier = Tier(
        "monitoring", "Monitoring", "Alarms that reach people, and a dashboard that shows the system at a glance."
    )
    for alarm in choices.alarms:
        _alarm(tier, alarm, alerts.topic)
    for letter, instance in zip(ZONES, choices.recover, strict=False):
        _recovery(tier, letter, instance, alerts.topic)
    tier.add(
        cloudwatch.Dashboard(
            "Dashboard", DashboardName=named(choices.dashboard), DashboardBody=Sub(_body(choices.widgets))
        ),
        "The system at a glance.",
    )
    name, export = choices.output
    tier.output(
        name,
        "The dashboard in the CloudWatch console.",
        Sub(
            "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}"
            f"#dashboards:name={choices.dashboard}-${{{SUFFIX}}}"
        ),
        export=export,
    )
    return tier


def _alarm(tier: Tier, alarm: AlarmChoices, topic: sns.Topic) -> None:
    metric = alarm.metric
    extended = metric.statistic.startswith("p")
    tier.add(
        cloudwatch.Alarm(
            alarm.logical_id,
            AlarmName=named(alarm.name),
            AlarmDescription=alarm.says,
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[
                cloudwatch.MetricDimension(Name=name, Value=text(value)) for name, value in metric.dimensions.items()
            ],
            **{"ExtendedStatistic" if extended else "Statistic": metric.statistic},
            Period=metric.period,
            EvaluationPeriods=alarm.periods,
            Threshold=alarm.threshold,
            ComparisonOperator=_COMPARISONS[alarm.above],
            TreatMissingData=alarm.missing,
            AlarmActions=[topic.ref()],
            OKActions=[topic.ref()],
        ),
        alarm.says,
    )


def _recovery(tier: Tier, letter: str, instance: ec2.Instance, topic: sns.Topic) -> None:
    tier.add(
        cloudwatch.Alarm(
            f"NatRecoveryAlarm{letter}",
            AlarmName=named(f"nat-{letter.lower()}-down"),
            AlarmDescription=f"The machine under the NAT of zone {letter} has failed; EC2 moves it to another.",
            Namespace="AWS/EC2",
            MetricName="StatusCheckFailed_System",
            Dimensions=[cloudwatch.MetricDimension(Name="InstanceId", Value=instance.ref())],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=2,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[Sub("arn:${AWS::Partition}:automate:${AWS::Region}:ec2:recover"), topic.ref()],
            OKActions=[topic.ref()],
        ),
        f"Recovers the NAT instance of zone {letter} when the machine under it fails, and tells people.",
    )


def _graph(x: int, y: int, widget: Widget) -> tuple[dict[str, Any], list[list[Any]]]:
    """A widget without its metrics, and those."""
    graph = {
        "type": "metric",
        "x": x,
        "y": y,
        "width": widget.width,
        "height": widget.height,
        "properties": {
            "title": widget.title,
            # CloudFront's metrics are in us-east-1 only.
            "region": "us-east-1" if widget.metrics[0].namespace == "AWS/CloudFront" else "${AWS::Region}",
            "view": "singleValue" if widget.number else "timeSeries",
        },
    }
    metrics = [
        [
            metric.namespace,
            metric.name,
            *(part for pair in metric.dimensions.items() for part in pair),
            {
                "stat": metric.statistic,
                "period": metric.period,
                **({"label": metric.label} if metric.label else {}),
                **({"yAxis": "right"} if metric.right else {}),
                **({"id": f"m{number}", "visible": False} if widget.expression else {}),
                **({"region": "us-east-1"} if metric.namespace == "AWS/CloudFront" else {}),
            },
        ]
        for number, metric in enumerate(widget.metrics, 1)
    ]
    if widget.expression:
        metrics.insert(0, [{"expression": widget.expression, "label": widget.label}])
    return graph, metrics


def _body(widgets: tuple[Widget, ...]) -> str:
    """The dashboard as JSON for a person to read: a line for each metric (source: CloudWatch user guide, "Dashboard
    body structure and syntax"; the dashboard is 24 columns wide)."""
    graphs = []
    x = y = row = 0
    for widget in widgets:
        if x + widget.width > 24:
            x, y, row = 0, y + row, 0
        graph, metrics = _graph(x, y, widget)
        x, row = x + widget.width, max(row, widget.height)
        head = json.dumps({key: value for key, value in graph.items() if key != "properties"})[:-1]
        inner = json.dumps(graph["properties"])[:-1]
        lines = ",\n".join(f"          {json.dumps(metric)}" for metric in metrics)
        graphs.append(f'    {head},\n      "properties": {inner}, "metrics": [\n{lines}\n      ]}}}}')
    return '{\n  "widgets": [\n' + ",\n".join(graphs) + "\n  ]\n}"
