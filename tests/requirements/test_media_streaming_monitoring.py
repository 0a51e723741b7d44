"""Media streaming's requirements, one by one, in the emitted templates: logs and measures.

"Decision" in a comment: where the system departs from the words of its brief, and how.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.requirements.media import (
    DAYS,
    SERVICES,
    S,
    api,
    balancer,
    container,
    database,
    distribution,
    edge,
    media,
    service,
    stage,
    target_groups,
)
from tests.requirements.parts import (
    Shown,
    attributes,
    log_group,
    role,
    shown,
    task,
)
from tests.requirements.relations import granted, trusted
from tests.requirements.template import Reference, Resource, Stack, given, load, variants

requirement = pytest.mark.requirement


def of_service(of: Stack, name: str) -> dict[str, str]:
    it = service(of, name)
    return {"ClusterName": str(it["Cluster"]), "ServiceName": str(Reference(it.logical_id, "Name"))}


def of_targets(of: Stack, name: str) -> list[dict[str, str]]:
    door = str(Reference(balancer(of).logical_id, "LoadBalancerFullName"))
    return [
        {"TargetGroup": str(Reference(group.logical_id, "TargetGroupFullName")), "LoadBalancer": door}
        for group in target_groups(of, name)
    ]


@requirement("MS-MON-1")
def test_ms_mon_1_dashboard() -> None:
    of = media()
    dashboard = of.one("AWS::CloudWatch::Dashboard", DashboardName=f"dashboard-{S}")
    door = {"LoadBalancer": str(Reference(balancer(of).logical_id, "LoadBalancerFullName"))}
    data = {"DBClusterIdentifier": str(Reference(database(of).logical_id))}
    called = {"ApiName": f"api-{S}", "Stage": str(Reference(stage(of).logical_id))}
    elb = "AWS/ApplicationELB"
    wanted: list[tuple[str, str, Mapping[str, str], str]] = [
        *((elb, "TargetResponseTime", door, percentile) for percentile in ("p50", "p95", "p99")),
        (elb, "RequestCount", door, "Sum"),
        ("AWS/ApiGateway", "Count", called, "Sum"),
        ("AWS/RDS", "DatabaseConnections", data, "Average"),
        *(("AWS/RDS", f"{kind}Latency", data, "Average") for kind in ("Read", "Write", "Commit")),
        ("AWS/RDS", "CPUUtilization", data, "Average"),
    ]
    for name in SERVICES:
        wanted += [("ECS/ContainerInsights", "RunningTaskCount", of_service(of, name), "Average")]
        wanted += [("AWS/ECS", f"{kind}Utilization", of_service(of, name), "Average") for kind in ("CPU", "Memory")]
        for targets in of_targets(of, name):
            wanted += [
                (elb, "HTTPCode_Target_5XX_Count", targets, "Sum"),
                (elb, "RequestCount", targets, "Sum"),
                (elb, "HealthyHostCount", targets, "Minimum"),
                (elb, "UnHealthyHostCount", targets, "Maximum"),
            ]

    def key(namespace: str, name: str, dimensions: Mapping[str, str], statistic: str) -> tuple[Any, ...]:
        return namespace, name, sorted(dimensions.items()), statistic

    found: list[Shown] = [*shown(dashboard)]
    assert sorted(key(it.namespace, it.name, it.dimensions, it.statistic) for it in found) == sorted(
        key(*each) for each in wanted
    )


@requirement("MS-MON-1")
@pytest.mark.parametrize("name", SERVICES)
def test_ms_mon_1_error_rate_of_whichever_group_serves(name: str) -> None:
    of = media()
    body = json.loads(of.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    (widget,) = (w for w in body["widgets"] if w["properties"]["title"] == f"{name.capitalize()}: error rate, %")
    (reckoned,), *metrics = widget["properties"]["metrics"]
    ids = {metric[-1]["id"]: (metric[1], metric[3]) for metric in metrics}
    # A group without targets reports nothing, and nothing in a sum makes nothing of it all.
    parts = {each: f"FILL({each}, 0)" for each in ids}
    failed = " + ".join(parts[each] for each, (metric, _) in ids.items() if "5XX" in metric)
    asked = " + ".join(parts[each] for each, (metric, _) in ids.items() if metric == "RequestCount")
    assert reckoned["expression"] == f"100 * ({failed}) / ({asked})"
    groups = {group for _, group in ids.values()}
    assert groups == {targets["TargetGroup"] for targets in of_targets(of, name)}


@requirement("MS-MON-1")
@pytest.mark.parametrize(
    ("name", "space", "metric", "statistic", "threshold"),
    [
        ("slow-responses", "AWS/ApplicationELB", "TargetResponseTime", "p99", 1),
        ("alb-5xx-errors", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", 10),
        ("db-high-cpu", "AWS/RDS", "CPUUtilization", "Average", 80),
        ("frontend-high-memory", "AWS/ECS", "MemoryUtilization", "Average", 85),
        ("backend-high-memory", "AWS/ECS", "MemoryUtilization", "Average", 85),
    ],
)
def test_ms_mon_1_alarms(name: str, space: str, metric: str, statistic: str, threshold: int) -> None:
    # Decision: alarms beside the dashboard, which nobody watches all the time.
    of = media()
    alarm = of.one("AWS::CloudWatch::Alarm", AlarmName=f"{name}-{S}")
    assert (alarm["Namespace"], alarm["MetricName"]) == (space, metric)
    assert (alarm["ExtendedStatistic"] or alarm["Statistic"]) == statistic
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", threshold)
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (300, 2)
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"] == alarm["OKActions"] == [Reference(of.one("AWS::SNS::Topic").logical_id)]
    watched = {
        "AWS/ApplicationELB": {"LoadBalancer": str(Reference(balancer(of).logical_id, "LoadBalancerFullName"))},
        "AWS/RDS": {"DBClusterIdentifier": str(Reference(database(of).logical_id))},
        "AWS/ECS": of_service(of, name.split("-", maxsplit=1)[0]) if space == "AWS/ECS" else {},
    }
    assert {entry["Name"]: str(entry["Value"]) for entry in alarm["Dimensions"]} == watched[space]


@requirement("MS-MON-1")
def test_ms_mon_1_alarms_reach_people() -> None:
    assert not media().of("AWS::SNS::Subscription")
    of = media(AlarmEmail="ops@example.com")
    topic = of.one("AWS::SNS::Topic", TopicName=f"alarms-{S}")
    here = Reference(topic.logical_id)
    subscription = of.one("AWS::SNS::Subscription")
    assert subscription.properties == {"TopicArn": here, "Protocol": "email", "Endpoint": "ops@example.com"}
    policy = of.one("AWS::SNS::TopicPolicy")
    assert policy["Topics"] == [here]
    (leave,) = policy["PolicyDocument.Statement"]
    assert (leave["Effect"], leave["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert (leave["Action"], leave["Resource"]) == (["sns:Publish"], [here])
    assert leave["Condition"]["StringEquals"] == {"aws:SourceAccount": "${AWS::AccountId}"}


def log_groups(of: Stack) -> dict[str, Resource]:
    return {str(it["LogGroupName"] or it.logical_id): it for it in of.of("AWS::Logs::LogGroup")}


@requirement("MS-MON-2")
@pytest.mark.parametrize("file", ["stack", "edge"])
def test_ms_mon_2_every_log_is_kept_thirty_days(file: str) -> None:
    body = load(f"media-streaming/{file}.json")
    for parameters in variants(body):
        of = given(body, {"EnvironmentSuffix": S, **parameters})
        assert {it.logical_id: it["RetentionInDays"] for it in of.of("AWS::Logs::LogGroup")} == {
            it.logical_id: DAYS for it in of.of("AWS::Logs::LogGroup")
        }


@requirement("MS-MON-2")
def test_ms_mon_2_a_group_for_each_service() -> None:
    of = media()
    names = {}
    for name in SERVICES:
        it = container(of, name)
        assert it["LogConfiguration"]["Options"]["awslogs-stream-prefix"] == name
        group = log_group(of, it)
        names[name] = group["LogGroupName"]
        writer = role(of, task(of, service(of, name))["ExecutionRoleArn"])
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            assert (action, Reference(group.logical_id, "Arn")) in granted(of, writer)
    assert names == {name: f"/media-streaming/{S}/{name}" for name in SERVICES}


@requirement("MS-MON-2")
def test_ms_mon_2_api_logs() -> None:
    of = media()
    it = stage(of)
    access = of.at(it["AccessLogSetting.DestinationArn"], "Arn")
    assert access["LogGroupName"] == f"/media-streaming/{S}/api-access"
    assert json.loads(it["AccessLogSetting.Format"])["ip"] == "$context.identity.sourceIp"
    (settings,) = it["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    # Decision: never full bodies.
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("INFO", False)
    execution = log_groups(of)[f"API-Gateway-Execution-Logs_{Reference(api(of).logical_id)}/prod"]
    assert execution.logical_id in it.depends_on
    account = of.one("AWS::ApiGateway::Account")
    assert account.logical_id in it.waits_for
    writer = role(of, account["CloudWatchRoleArn"])
    managed = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    assert writer["ManagedPolicyArns"] == [f"arn:${{AWS::Partition}}:iam::aws:policy/{managed}"]
    assert trusted(writer) == {"apigateway.amazonaws.com"}
    without = media(CreateApiGatewayLogsRole="false")
    assert not without.of("AWS::ApiGateway::Account")
    assert stage(without)["AccessLogSetting"] == it["AccessLogSetting"]


@requirement("MS-MON-2")
def test_ms_mon_2_flow_log() -> None:
    of = media()
    it = of.one("AWS::EC2::FlowLog")
    assert (it["ResourceType"], it["ResourceId"]) == ("VPC", Reference(of.one("AWS::EC2::VPC").logical_id))
    assert (it["TrafficType"], it["LogDestinationType"]) == ("ALL", "cloud-watch-logs")
    group = of.at(it["LogGroupName"])
    assert group["LogGroupName"] == f"/media-streaming/{S}/vpc-flow"
    writer = role(of, it["DeliverLogsPermissionArn"])
    assert trusted(writer) == {"vpc-flow-logs.amazonaws.com"}
    here = Reference(group.logical_id, "Arn")
    assert {(f"logs:{a}", here) for a in ("CreateLogStream", "PutLogEvents")} <= granted(of, writer)
    assert {place for _, place in granted(of, writer)} == {here}


@requirement("MS-MON-2")
def test_ms_mon_2_database_and_insights() -> None:
    of = media()
    assert database(of)["EnableCloudwatchLogsExports"] == ["postgresql"]
    # Made first: the service would make it itself, and keep it for ever.
    made_before = {
        f"/aws/rds/cluster/aurora-{S}/postgresql": database(of),
        f"/aws/ecs/containerinsights/ecs-cluster-{S}/performance": of.one("AWS::ECS::Cluster"),
    }
    for name, maker in made_before.items():
        assert log_groups(of)[name].logical_id in maker.depends_on


@requirement("MS-MON-2")
@pytest.mark.parametrize("where", ["api", "cdn"])
def test_ms_mon_2_firewall_logs(where: str) -> None:
    of = media() if where == "api" else edge()
    it = of.one("AWS::WAFv2::LoggingConfiguration")
    assert it["ResourceArn"] == Reference(of.one("AWS::WAFv2::WebACL").logical_id, "Arn")
    # WAF writes to groups whose names begin like this only.
    group = log_groups(of)[f"aws-waf-logs-{where}-firewall-{S}"]
    here = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    assert it["LogDestinationConfigs"] == [f"{here}{Reference(group.logical_id)}"]


def check_delivered(of: Stack, kind: str, resource: Any, group: str) -> None:
    """The three resources that carry a log of that kind into that group."""
    source = of.one("AWS::Logs::DeliverySource", LogType=kind)
    assert source["ResourceArn"] == resource
    way = of.one("AWS::Logs::Delivery", DeliverySourceName=Reference(source.logical_id))
    end = of.at(way["DeliveryDestinationArn"], "Arn")
    assert end.type == "AWS::Logs::DeliveryDestination"
    assert end["OutputFormat"] == "json"
    assert of.at(end["DestinationResourceArn"], "Arn")["LogGroupName"] == group


@requirement("MS-MON-2")
def test_ms_mon_2_load_balancer_log() -> None:
    # Decision: vended delivery to a log group, not a bucket.
    of = media()
    check_delivered(of, "ALB_ACCESS_LOGS", Reference(balancer(of).logical_id), f"/media-streaming/{S}/alb-access")
    assert not [key for key in attributes(balancer(of), "LoadBalancerAttributes") if "_logs" in key]
    assert not distribution(of)["DistributionConfig.Logging"]


@requirement("MS-MON-2")
def test_ms_mon_2_cloudfront_log() -> None:
    # Decision: CloudFront's logs are delivered from us-east-1 only, so by the edge, once it knows the distribution.
    of = edge(DistributionId="E1ABCDEF")
    arn = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/E1ABCDEF"
    check_delivered(of, "ACCESS_LOGS", arn, f"/media-streaming/{S}/cloudfront-access")
    assert not edge().of("AWS::Logs::Delivery")
    whole = media()
    assert whole.outputs["CloudFrontDistributionId"].value == Reference(distribution(whole).logical_id)


@requirement("MS-MON-2")
def test_ms_mon_2_every_group_is_one_of_these() -> None:
    of, other = media(), edge(DistributionId="E1ABCDEF")
    own = {f"/media-streaming/{S}/{it}" for it in ("vpc-flow", "alb-access", "frontend", "backend", "api-access")}
    assert log_groups(of).keys() == own | {
        f"aws-waf-logs-api-firewall-{S}",
        f"/aws/rds/cluster/aurora-{S}/postgresql",
        f"/aws/ecs/containerinsights/ecs-cluster-{S}/performance",
        f"API-Gateway-Execution-Logs_{Reference(api(of).logical_id)}/prod",
        # Named by CloudFormation, so that they can be replaced.
        "DefaultGroupCloserLogGroup",
        "PageWriterLogGroup",
    }
    assert log_groups(other).keys() == {f"aws-waf-logs-cdn-firewall-{S}", f"/media-streaming/{S}/cloudfront-access"}
    for function in of.of("AWS::Lambda::Function"):
        assert of.at(function["LoggingConfig.LogGroup"]).type == "AWS::Logs::LogGroup"
