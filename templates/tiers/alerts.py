"""Alerts: the topic that every alarm tells, and who hears it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from awacs.aws import Allow, ArnLike, Condition, Principal, Statement, StringEquals
from troposphere import Equals, Not, Ref, sns

from tap.model import Tier
from templates.tiers.encryption import Encryption
from templates.tiers.words import actions, arn, named, policy


@dataclass(frozen=True)
class AlertsChoices:
    """What alerts can differ in. ``topic`` is the topic's name before the suffix."""

    topic: str
    encryption: Encryption | None = None
    export: str = ""
    exempt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alerts:
    """Handles of alerts."""

    tier: Tier
    topic: sns.Topic


def alerts(choices: AlertsChoices) -> Alerts:
    """Build the alerts tier."""
    tier = Tier("alerts", "Alerts", "Where alarms are told, and the people who hear them.")
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
    key = {"KmsMasterKeyId": choices.encryption.arn} if choices.encryption else {}
    topic = tier.add(
        sns.Topic("AlarmTopic", TopicName=named(choices.topic), **key),
        "Where every alarm of the system is told.",
        exempt=dict(choices.exempt),
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
                    Action=actions("sns", "Publish"),
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
    if choices.export:
        tier.output("SNSTopicArn", "The topic that alarms are told.", topic.ref(), export=choices.export)
    return Alerts(tier, topic)
