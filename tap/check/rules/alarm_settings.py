"""TAP1624 to TAP1630: how alarms judge, and whom they tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.arn import parse
from tap.check.graph.alarms import ACTIONS, ALARM, COMPOSITE, heard, metrics
from tap.check.metric_tables import NAMESPACES, ONES, PERCENT
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, as_bool, as_int, as_number, fields, items, shape

_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_EXTENDED = re.compile(
    r"(p|tm|tc|ts|wm)(\d{1,2}(\.\d{1,10})?|100)|IQM|(TM|TC|TS|WM|PR)\([\d.]*%?:[\d.]*%?\)", re.IGNORECASE
)
_DAY, _WEEK, _HOUR = 86_400, 604_800, 3_600


class StatisticOfAlarm(ResourceRule):
    """Alarms with no statistic, with two, or with one that there is not."""

    id = "TAP1624"
    title = "An alarm on a metric has one statistic"
    description = (
        "PutMetricAlarm refuses an alarm with neither or both of Statistic and ExtendedStatistic, and percentiles that "
        "are not of the form p99.9."
    )
    source = "CloudWatch API reference, PutMetricAlarm"
    advice = "Set Statistic (Average, Sum, Minimum, Maximum, SampleCount), or ExtendedStatistic such as p99."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The statistic."""
        plain, extended, metric = (resource.get(key) for key in ("Statistic", "ExtendedStatistic", "MetricName"))
        if metric is not None:
            if plain is not None and extended is not None:
                yield at(resource, "ExtendedStatistic", says="The alarm has Statistic and ExtendedStatistic.")
            elif plain is None and extended is None:
                yield at(resource, "MetricName", says="The alarm has neither Statistic nor ExtendedStatistic.")
            if resource.get("Period") is None:
                yield at(resource, "MetricName", says="The alarm on a metric has no Period.")
        if isinstance(plain, str) and plain not in _STATISTICS:
            hint = " (percentiles go to ExtendedStatistic)" if _EXTENDED.fullmatch(plain) else ""
            yield at(resource, "Statistic", says=f"Statistic {plain!r} is none of {', '.join(_STATISTICS)}{hint}.")
        if isinstance(extended, str) and not _EXTENDED.fullmatch(extended):
            yield at(resource, "ExtendedStatistic", says=f"ExtendedStatistic {extended!r} is none, as in p99 or tm95.")
        for one in metrics(resource):
            stat = one.statistic
            if not one.direct and isinstance(stat, str) and stat not in _STATISTICS and not _EXTENDED.fullmatch(stat):
                yield at(resource, *one.path[:-1], "Stat", says=f"Stat {stat!r} is no statistic.")


class PeriodOfAlarm(ResourceRule):
    """Periods that CloudWatch refuses."""

    id = "TAP1625"
    title = "An alarm looks at a day at the most, in periods of 10, 20, 30 seconds or whole minutes"
    description = (
        "Period is 10, 20, 30 or a multiple of 60; times EvaluationPeriods it is a day at the most, seven with periods "
        "of an hour and more; DatapointsToAlarm is not more than EvaluationPeriods."
    )
    source = "CloudWatch API reference, PutMetricAlarm, Period, EvaluationPeriods and DatapointsToAlarm"
    advice = "Use fewer or shorter periods."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Period, evaluation periods, data points."""
        count, points = as_int(resource.get("EvaluationPeriods")), as_int(resource.get("DatapointsToAlarm"))
        for one in metrics(resource):
            period = as_int(one.period)
            steps = ("Period",) if one.direct else (*one.path[:-1], "Period")
            if period is None:
                continue
            if period not in (10, 20, 30) and (period < 60 or period % 60):
                yield at(resource, *steps, says=f"A period of {period} seconds: it is 10, 20, 30 or a multiple of 60.")
            elif count is not None and count * period > (_WEEK if period >= _HOUR else _DAY):
                most = "seven days" if period >= _HOUR else "a day"
                yield at(resource, *steps, says=f"{count} × {period} seconds is more than {most}.")
                return
        if count is not None and count < 1:
            yield at(resource, "EvaluationPeriods", says=f"EvaluationPeriods is {count}: it is 1 at least.")
        if count is not None and points is not None and not 1 <= points <= count:
            says = f"DatapointsToAlarm is {points}, and EvaluationPeriods {count}."
            yield at(resource, "DatapointsToAlarm", says=says)


class PeriodTooShort(ResourceRule):
    """Periods in which the metric has no value."""

    id = "TAP1626"
    title = "An alarm's period is not shorter than its metric's"
    severity = Severity.WARNING
    description = (
        "In periods without a value an alarm has no data: storage metrics come once a day, most others once a minute."
    )
    source = "CloudWatch API reference, PutMetricAlarm, Period; S3 user guide, “Metrics and dimensions”"
    advice = "Use 86400 for metrics that come daily, 60 at least for other metrics of AWS services."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each metric of an AWS service."""
        for one in metrics(resource):
            period = as_int(one.period)
            if period is None or not isinstance(one.namespace, str) or not isinstance(one.name, str):
                continue
            daily = (one.namespace, one.name) in _DAILY
            steps = ("Period",) if one.direct else (*one.path[:-1], "Period")
            if daily and period < _DAY:
                yield at(resource, *steps, says=f"{one.name} has a value a day, and the period is {period} seconds.")
            elif period in (10, 20, 30) and one.namespace in NAMESPACES and one.namespace not in _FINE:
                yield at(resource, *steps, says=f"{one.name} has a value a minute, and the period is {period} seconds.")


_DAILY = (("AWS/S3", "BucketSizeBytes"), ("AWS/S3", "NumberOfObjects"), ("AWS/CertificateManager", "DaysToExpiry"))
_FINE = ("AWS/ECS", "ECS/ContainerInsights")
_OPERATORS = (
    *("GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"),
    *("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"),
)


class Threshold(ResourceRule):
    """Thresholds that are never, or always, passed."""

    id = "TAP1627"
    title = "A threshold is one that the metric can pass, and does not always"
    severity = Severity.WARNING
    description = (
        "Percentages are between 0 and 100, counts are never below 0, and of counts that come as ones only the sum can "
        "exceed 1: an alarm outside of that never fires, or always."
    )
    source = "The services' own pages of CloudWatch metrics: units and valid statistics"
    advice = "Compare in the metric's own unit (percent, seconds, bytes), and sum up counts."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The alarm's own metric."""
        limit, operator = as_number(resource.get("Threshold")), resource.get("ComparisonOperator")
        for one in metrics(resource):
            if not one.direct or limit is None or not isinstance(one.namespace, str) or not isinstance(one.name, str):
                continue
            if one.namespace not in NAMESPACES or one.name not in NAMESPACES[one.namespace].metrics:
                continue
            says = _threshold_fault(one.namespace, one.name, one.statistic, limit, str(operator))
            if says:
                yield at(resource, "Threshold", says=says)


def _threshold_fault(namespace: str, name: str, statistic: Any, limit: float, operator: str) -> str:
    more, less, equal = operator.startswith("GreaterThan"), operator.startswith("LessThan"), "OrEqual" in operator
    single = statistic in ("Average", "Maximum", "Minimum")
    text = f"{limit:g}"
    if (namespace, name) in PERCENT and statistic not in ("Sum", "SampleCount"):
        if more and (limit > 100 or (limit == 100 and not equal)):
            return f"{name} is a percentage: it is never {'at least' if equal else 'above'} {text}."
        if less and limit > 100:
            return f"{name} is a percentage: it is always below {text}."
        if more and 0 < limit < 1 and namespace != "AWS/CloudFront":
            return f"{name} is a percentage from 0 to 100: {text} is passed by almost anything."
    if name not in _CAN_BE_NEGATIVE:
        if less and (limit < 0 or (limit == 0 and not equal)):
            return f"{name} is never below {text}."
        if more and (limit < 0 or (limit == 0 and equal)):
            return f"{name} is always {'at least' if equal else 'above'} {text}."
    if (namespace, name) in ONES and single and more and (limit > 1 or (limit == 1 and not equal)):
        return f"The {statistic} of {name} is never above 1: its values are ones, only their Sum is a count."
    if name in _SECONDS and more and limit >= 1000 and statistic not in ("Sum", "SampleCount"):
        return f"{name} is in seconds: {text} is {limit / 60:.0f} minutes."
    if (namespace, name) in _BYTES and less and 0 < limit < 1_000_000:
        return f"{name} is in bytes: {text} bytes are never reached."
    if (namespace, name) in _MILLISECONDS and more and statistic not in ("Sum", "SampleCount"):
        if limit > 900_000:
            return f"{name} is in milliseconds: {text} is more than any request may take."
        if 0 < limit < 1:
            return f"{name} is in milliseconds: {text} is passed by every request."
    return ""


_CAN_BE_NEGATIVE = ("ReplicaLag", "DaysToExpiry", "AuroraReplicaLag", "OldestReplicationSlotLag")
_SECONDS = ("TargetResponseTime",)
_BYTES = tuple(("AWS/RDS", one) for one in ("FreeStorageSpace", "FreeableMemory", "FreeLocalStorage"))
_MILLISECONDS = (
    *(("AWS/ApiGateway", "Latency"), ("AWS/ApiGateway", "IntegrationLatency"), ("AWS/Lambda", "Duration")),
    *(("AWS/DynamoDB", "SuccessfulRequestLatency"), ("AWS/CloudFront", "OriginLatency")),
)


class AlarmWords(ResourceRule):
    """Words that PutMetricAlarm does not know."""

    id = "TAP1628"
    title = "An alarm compares and treats missing data in words that CloudWatch knows"
    description = (
        "Operators, TreatMissingData and EvaluateLowSampleCountPercentile have fixed values; a band goes with "
        "ThresholdMetricId."
    )
    source = "CloudWatch API model, PutMetricAlarm"
    advice = "TreatMissingData is breaching, notBreaching, ignore or missing."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each of the words; what goes with what."""
        operator, missing = resource.get("ComparisonOperator"), resource.get("TreatMissingData")
        low = resource.get("EvaluateLowSampleCountPercentile")
        if isinstance(operator, str) and operator not in _OPERATORS:
            yield at(resource, "ComparisonOperator", says=f"{operator!r} is none of {', '.join(_OPERATORS)}.")
        if isinstance(missing, str) and missing not in ("breaching", "notBreaching", "ignore", "missing"):
            says = f"TreatMissingData {missing!r} is none of breaching, notBreaching, ignore, missing."
            yield at(resource, "TreatMissingData", says=says)
        if isinstance(low, str) and low not in ("evaluate", "ignore"):
            yield at(resource, "EvaluateLowSampleCountPercentile", says=f"{low!r} is neither evaluate nor ignore.")
        band = isinstance(operator, str) and operator in _OPERATORS[4:]
        limit, by = resource.get("Threshold"), resource.get("ThresholdMetricId")
        if band and by is None:
            yield at(
                resource,
                "ComparisonOperator",
                says=f"{operator} compares with a band, and there is no ThresholdMetricId.",
            )
        elif limit is not None and by is not None:
            yield at(resource, "Threshold", says="The alarm has Threshold and ThresholdMetricId.")
        elif by is not None and isinstance(operator, str) and operator in _OPERATORS[:4]:
            yield at(resource, "ComparisonOperator", says=f"{operator} compares with a threshold, not with a band.")
        elif limit is None and by is None and resource.get("EvaluationCriteria") is None and isinstance(operator, str):
            yield at(resource, "ComparisonOperator", says="The alarm has neither Threshold nor ThresholdMetricId.")


class NobodyHears(ResourceRule):
    """Alarms that tell nobody."""

    id = "TAP1629"
    title = "An alarm tells somebody"
    severity = Severity.WARNING
    description = "An alarm without actions, which nothing else watches, changes its state and nobody learns of it."
    source = "CloudWatch user guide, “Alarm actions”"
    advice = "Give AlarmActions a topic that people or a pager subscribe to."
    types = (ALARM, COMPOSITE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Whether there are actions, and whether they are on."""
        if as_bool(resource.get("ActionsEnabled")) is False:
            # Where a condition or a parameter switches them off, that is meant.
            raw = fields(fields(world.model.resources.get(resource.logical_id)).get("Properties")).get("ActionsEnabled")
            if as_bool(raw) is False and not heard(resource, world):
                yield at(resource, "ActionsEnabled", says="The alarm's actions are switched off.")
            return
        raw = fields(fields(world.model.resources.get(resource.logical_id)).get("Properties"))
        if all(raw.get(key) in (None, []) for key in ACTIONS) and not heard(resource, world) and not world.open:
            yield at(resource, says="The alarm has no actions, and nothing in the template watches it.")


class ActionKind(ResourceRule):
    """Actions that an alarm cannot take."""

    id = "TAP1630"
    title = "An alarm's action is the ARN of something that alarms can do"
    description = "Topics, scaling policies, functions, EC2 actions and OpsItems, by their ARNs, in the alarm's region."
    source = "CloudWatch API reference, PutMetricAlarm, AlarmActions"
    advice = "Use !Ref of a topic or of a scaling policy, !GetAtt Function.Arn for a function."
    types = (ALARM, COMPOSITE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each action."""
        for key in ACTIONS:
            for index, value in enumerate(items(resource.get(key))):
                says = _action_fault(value, world)
                if says:
                    yield at(resource, key, index, says=says)


_ACTION_ATTRIBUTES = {
    "AWS::SNS::Topic": ("", "TopicArn"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("", "Arn"),
    "AWS::AutoScaling::ScalingPolicy": ("", "Arn", "PolicyARN"),
    "AWS::Lambda::Function": ("Arn",),
    "AWS::Lambda::Alias": ("", "AliasArn"),
    "AWS::Lambda::Version": ("", "FunctionArn"),
    "AWS::SSMIncidents::ResponsePlan": ("", "Arn"),
}
_NO_ACTION = (
    *("AWS::SQS::Queue", "AWS::IAM::Role", "AWS::Events::Rule", "AWS::SNS::Subscription", "AWS::ECS::Service"),
    *("AWS::ApplicationAutoScaling::ScalableTarget", "AWS::StepFunctions::StateMachine", "AWS::Logs::LogGroup"),
)
_SERVICES = (
    "sns",
    "autoscaling",
    "lambda",
    "automate",
    "swf",
    "ssm",
    "ssm-incidents",
    "aiops",
    "application-autoscaling",
)


def _action_fault(value: Any, world: World) -> str:
    if isinstance(value, Reference):
        target = world.resources.get(value.logical_id)
        if target is None:
            return ""
        if target.type in _NO_ACTION:
            return f"{target.logical_id} is an {target.type}, which an alarm cannot act on."
        right = _ACTION_ATTRIBUTES.get(target.type)
        return f"{value} is not the ARN of {target.logical_id}." if right and value.attribute not in right else ""
    arn = parse(value)
    if arn is None:
        return f"{value!r} is no ARN." if isinstance(value, str) and value else ""
    if arn.service is not None and arn.service not in _SERVICES:
        return f"{shape(value)}: an alarm cannot act on {arn.service}."
    if arn.service == "sns" and world.region and arn.region not in (None, "", world.region):
        return f"The topic is in {arn.region}, the alarm in {world.region}."
    return ""
