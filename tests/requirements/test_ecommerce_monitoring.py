"""The shop's requirements, one by one, in the emitted template: notifications, alarms, dashboard.

"Decision" in a comment: where the shop departs from the words of its brief, and how.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.requirements.ecommerce import (
    ABROAD,
    ACCOUNT,
    KINDS,
    S,
    balancer,
    cluster,
    database,
    distribution,
    function,
    key,
    service,
    shop,
    stage,
    target_group,
    topic,
)
from tests.requirements.parts import shown
from tests.requirements.template import Reference, Resource, Stack

requirement = pytest.mark.requirement
at_home_and_abroad = pytest.mark.parametrize("parameters", [{}, ABROAD], ids=["home", "abroad"])


@requirement("EC-SNS-1")
@pytest.mark.parametrize("kind", KINDS)
def test_ec_sns_1_topic(kind: str) -> None:
    of = shop(EnvironmentType=kind)
    assert topic(of)["KmsMasterKeyId"] == key(of)
    assert not of.of("AWS::SNS::Subscription")
    heard = shop(EnvironmentType=kind, AlarmEmail="ops@example.com").one("AWS::SNS::Subscription")
    here = Reference(topic(of).logical_id)
    assert heard.properties == {"TopicArn": here, "Protocol": "email", "Endpoint": "ops@example.com"}
    policy = of.one("AWS::SNS::TopicPolicy", Topics=[here])
    (leave,) = policy["PolicyDocument.Statement"]
    assert (leave["Effect"], leave["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert (leave["Action"], leave["Resource"]) == (["sns:Publish"], [here])
    alarms = f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:{ACCOUNT}:alarm:*"
    assert leave["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": alarms},
    }


@requirement("EC-SNS-1")
def test_ec_sns_1_every_alarm_notifies_it() -> None:
    of = shop()
    here = Reference(topic(of).logical_id)
    silent = [it for it in of.of("AWS::CloudWatch::Alarm") if here not in it["AlarmActions"]]
    # One is no alarm to people: little load, in which the shop spends its nights, only takes tasks away.
    assert [it["AlarmName"] for it in silent] == [f"app-cpu-low-{S}"]
    assert len(silent[0]["AlarmActions"]) == 1


def of_service(of: Stack) -> dict[str, Any]:
    return {"ClusterName": Reference(cluster(of).logical_id), "ServiceName": Reference(service(of).logical_id, "Name")}


def of_balancer(of: Stack) -> dict[str, Any]:
    return {"LoadBalancer": Reference(balancer(of).logical_id, "LoadBalancerFullName")}


def of_targets(of: Stack) -> dict[str, Any]:
    return {"TargetGroup": Reference(target_group(of).logical_id, "TargetGroupFullName")} | of_balancer(of)


def of_database(of: Stack) -> dict[str, Any]:
    return {"DBClusterIdentifier": Reference(database(of).logical_id)}


def of_api(of: Stack) -> dict[str, Any]:
    return {"ApiName": f"E-Commerce-API-{S}", "Stage": Reference(stage(of).logical_id)}


def of_function(of: Stack) -> dict[str, Any]:
    return {"FunctionName": Reference(function(of).logical_id)}


def of_distribution(of: Stack) -> dict[str, Any]:
    return {"DistributionId": Reference(distribution(of).logical_id), "Region": "Global"}


ABOVE, FROM = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
ELB, API, FUNCTION, CDN = "AWS/ApplicationELB", "AWS/ApiGateway", "AWS/Lambda", "AWS/CloudFront"
ALARMS = [
    ("ecs-high-cpu", "AWS/ECS", "CPUUtilization", of_service, "Average", ABOVE, 70),
    ("ecs-high-memory", "AWS/ECS", "MemoryUtilization", of_service, "Average", ABOVE, 80),
    ("db-high-connections", "AWS/RDS", "DatabaseConnections", of_database, "Average", ABOVE, 80),
    ("db-high-cpu", "AWS/RDS", "CPUUtilization", of_database, "Average", ABOVE, 80),
    ("alb-unhealthy-targets", "AWS/ApplicationELB", "UnHealthyHostCount", of_targets, "Maximum", FROM, 1),
    ("alb-5xx-errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", of_balancer, "Sum", ABOVE, 10),
    ("api-4xx-errors", "AWS/ApiGateway", "4XXError", of_api, "Sum", ABOVE, 50),
    ("api-5xx-errors", "AWS/ApiGateway", "5XXError", of_api, "Sum", ABOVE, 10),
    ("api-high-latency", "AWS/ApiGateway", "Latency", of_api, "Average", ABOVE, 3000),
    ("lambda-errors", "AWS/Lambda", "Errors", of_function, "Sum", ABOVE, 5),
    ("lambda-throttles", "AWS/Lambda", "Throttles", of_function, "Sum", ABOVE, 10),
]


@requirement("EC-MON-1")
@pytest.mark.parametrize("wanted", ALARMS, ids=[name for name, *_ in ALARMS])
def test_ec_mon_1_alarms(wanted: tuple[Any, ...]) -> None:
    name, space, metric, dimensions, statistic, comparison, threshold = wanted
    of = shop()
    # The system's name leads: media streaming has alarms of the same names.
    alarm = of.one("AWS::CloudWatch::Alarm", AlarmName=f"ecommerce-{name}-{S}")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (space, metric, statistic)
    assert {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]} == dimensions(of)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (comparison, threshold)
    assert (alarm["EvaluationPeriods"], alarm["Period"]) == (2, 300)
    assert alarm["DatapointsToAlarm"] in {None, 2}
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"] == alarm["OKActions"] == [Reference(topic(of).logical_id)]


@requirement("EC-MON-1")
def test_ec_mon_1_eleven() -> None:
    names = {it["AlarmName"] for it in shop().of("AWS::CloudWatch::Alarm")}
    scaling = {f"app-cpu-high-{S}", f"app-cpu-low-{S}"}
    assert names - scaling == {f"ecommerce-{name}-{S}" for name, *_ in ALARMS}
    assert len(ALARMS) == 11


WIDGETS = [
    [("AWS/ECS", "CPUUtilization", of_service, "Average")],
    [("AWS/ECS", "MemoryUtilization", of_service, "Average")],
    [(ELB, "RequestCount", of_targets, "Sum")],
    [(ELB, "TargetResponseTime", of_targets, "Average")],
    [("AWS/RDS", "DatabaseConnections", of_database, "Average")],
    [("AWS/RDS", "CPUUtilization", of_database, "Average")],
    [(API, "4XXError", of_api, "Sum"), (API, "5XXError", of_api, "Sum")],
    [(API, "Latency", of_api, "Average")],
    [(FUNCTION, "Invocations", of_function, "Sum"), (FUNCTION, "Errors", of_function, "Sum")],
    [(FUNCTION, "Duration", of_function, "Average")],
    [(ELB, "HealthyHostCount", of_targets, "Average")],
    [(ELB, "UnHealthyHostCount", of_targets, "Average")],
    [(API, "Count", of_api, "Sum")],
    # What Container Insights counts; the notes take the number of CPU samples for it.
    [("ECS/ContainerInsights", "RunningTaskCount", of_service, "Average")],
    [(CDN, "Requests", of_distribution, "Sum")],
    [(CDN, "4xxErrorRate", of_distribution, "Average"), (CDN, "5xxErrorRate", of_distribution, "Average")],
]


def dashboard(of: Stack) -> Resource:
    return of.one("AWS::CloudWatch::Dashboard", DashboardName=f"ecommerce-infrastructure-{S}")


@requirement("EC-MON-2")
@at_home_and_abroad
def test_ec_mon_2_sixteen_widgets(parameters: dict[str, str]) -> None:
    of = shop(**parameters)
    found: dict[str, list[Any]] = {}
    for each in shown(dashboard(of)):
        found.setdefault(each.widget, []).append((each.namespace, each.name, each.dimensions, each.statistic))
    wanted = [
        [
            (space, name, {key: str(value) for key, value in place(of).items()}, stat)
            for space, name, place, stat in each
        ]
        for each in WIDGETS
    ]
    assert [*found.values()] == wanted
    assert len(json.loads(dashboard(of)["DashboardBody"])["widgets"]) == len(wanted) == 16


@requirement("EC-MON-2")
def test_ec_mon_2_shape() -> None:
    widgets = json.loads(dashboard(shop())["DashboardBody"])["widgets"]
    numbers = [widget for widget in widgets if widget["properties"]["view"] == "singleValue"]
    titles = [widget["properties"]["title"] for widget in numbers]
    assert titles == ["Healthy targets", "Unhealthy targets", "API requests, 24 hours", "Running tasks"]
    assert numbers[2]["properties"]["metrics"][0][-1]["period"] == 86_400
    # Nothing over the edge, nothing over another (the dashboard is 24 columns wide).
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
