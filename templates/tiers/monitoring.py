"""Monitoring: a topic that tells people, the alarms that tell it, and a dashboard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import Action, Allow, ArnLike, Condition, Principal, Statement, StringEquals
from troposphere import Equals, Not, Ref, Sub, cloudwatch, ec2, sns

from tap.model import SUFFIX, Tier
from templates.tiers.words import ZONES, arn, named, policy


@dataclass(frozen=True)
class Metric:
    """A CloudWatch metric. ``dimensions`` hold text for ``Sub``; ``period`` is in seconds."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Average"
    period: int = 300
    label: str = ""


@dataclass(frozen=True)
class AlarmChoices:
    """An alarm when ``metric`` is above ``threshold`` for ``periods``. ``name`` is before the suffix."""

    logical_id: str
    name: str
    says: str
    metric: Metric
    threshold: float
    periods: int = 2


@dataclass(frozen=True)
class Widget:
    """A graph of the dashboard, half its width."""

    title: str
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class MonitoringChoices:
    """What monitoring can differ in. ``topic`` and ``dashboard`` are names before the suffix."""

    topic: str
    dashboard: str
    alarms: tuple[AlarmChoices, ...]
    widgets: tuple[Widget, ...]
    recover: tuple[ec2.Instance, ...] = ()
    dashboard_export: str = "dashboard-url"
    exempt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Monitoring:
    """Handles of monitoring."""

    tier: Tier
    topic: sns.Topic
    dashboard: cloudwatch.Dashboard


def monitoring(choices: MonitoringChoices) -> Monitoring:
    """Build the monitoring tier."""
    tier = Tier(
        "monitoring", "Monitoring", "Alarms that reach people, and a dashboard that shows the system at a glance."
    )
    topic = _topic(tier, choices)
    for alarm in choices.alarms:
        _alarm(tier, alarm, topic)
    for letter, instance in zip(ZONES, choices.recover, strict=False):
        _recovery(tier, letter, instance, topic)
    dashboard = tier.add(
        cloudwatch.Dashboard(
            "Dashboard", DashboardName=named(choices.dashboard), DashboardBody=Sub(_body(choices.widgets))
        ),
        "The system at a glance.",
    )
    tier.output(
        "DashboardUrl",
        "The dashboard in the CloudWatch console.",
        Sub(
            "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}"
            f"#dashboards:name={choices.dashboard}-${{{SUFFIX}}}"
        ),
        export=choices.dashboard_export,
    )
    return Monitoring(tier, topic, dashboard)


def _topic(tier: Tier, choices: MonitoringChoices) -> sns.Topic:
    email = tier.parameter(
        "AlarmEmail",
        "Optional: the address that alarms are sent to. AWS sends it a message first, in which the subscription has to "
        "be confirmed. Empty: the alarms reach the topic, and nobody by mail.",
        group="Monitoring",
        label="Address for alarms",
        Default="",
        AllowedPattern=r"^$|^[^\s@]+@[^\s@]+\.[^\s@]+$",
        MaxLength=254,
        ConstraintDescription="empty, or an e-mail address",
    )
    mailed = tier.condition("HasAlarmEmail", Not(Equals(Ref(email), "")))
    topic = tier.add(
        sns.Topic("AlarmTopic", TopicName=named(choices.topic)),
        "Where every alarm of the system is told.",
        exempt=choices.exempt.get("AlarmTopic"),
    )
    tier.add(
        sns.TopicPolicy(
            "AlarmTopicPolicy",
            Topics=[topic.ref()],
            PolicyDocument=policy(
                Statement(
                    Sid="LetAlarmsPublish",
                    Effect=Allow,
                    Principal=Principal("Service", "cloudwatch.amazonaws.com"),
                    Action=[Action("sns", "Publish")],
                    Resource=[topic.ref()],
                    Condition=Condition(
                        [
                            StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")}),
                            ArnLike({"aws:SourceArn": arn("cloudwatch", "alarm:*")}),
                        ]
                    ),
                )
            ),
        ),
        "Lets the alarms of this account, and nobody else, publish to the topic.",
    )
    tier.add(
        sns.SubscriptionResource(
            "AlarmSubscription", Condition=mailed, TopicArn=topic.ref(), Protocol="email", Endpoint=Ref(email)
        ),
        "Sends alarms by mail, when an address is given.",
    )
    return topic


def _alarm(tier: Tier, alarm: AlarmChoices, topic: sns.Topic) -> None:
    metric = alarm.metric
    tier.add(
        cloudwatch.Alarm(
            alarm.logical_id,
            AlarmName=named(alarm.name),
            AlarmDescription=alarm.says,
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[
                cloudwatch.MetricDimension(Name=name, Value=_text(value)) for name, value in metric.dimensions.items()
            ],
            Statistic=metric.statistic,
            Period=metric.period,
            EvaluationPeriods=alarm.periods,
            Threshold=alarm.threshold,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
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


def _text(value: str) -> Any:
    return Sub(value) if "${" in value else value


def _graph(place: int, widget: Widget) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": 12 * (place % 2),
        "y": 6 * (place // 2),
        "width": 12,
        "height": 6,
        "properties": {
            "title": widget.title,
            "region": "${AWS::Region}",
            "metrics": [
                [
                    metric.namespace,
                    metric.name,
                    *(part for pair in metric.dimensions.items() for part in pair),
                    {
                        "stat": metric.statistic,
                        "period": metric.period,
                        **({"label": metric.label} if metric.label else {}),
                    },
                ]
                for metric in widget.metrics
            ],
        },
    }


def _body(widgets: tuple[Widget, ...]) -> str:
    """The dashboard as JSON for a person to read: a line for each metric (source: CloudWatch user guide, "Dashboard
    body structure and syntax"; the dashboard is 24 columns wide)."""
    graphs = []
    for place, widget in enumerate(widgets):
        graph = _graph(place, widget)
        metrics = graph["properties"].pop("metrics")
        head = json.dumps({key: value for key, value in graph.items() if key != "properties"})[:-1]
        inner = json.dumps(graph["properties"])[:-1]
        lines = ",\n".join(f"          {json.dumps(metric)}" for metric in metrics)
        graphs.append(f'    {head},\n      "properties": {inner}, "metrics": [\n{lines}\n      ]}}}}')
    return '{\n  "widgets": [\n' + ",\n".join(graphs) + "\n  ]\n}"
