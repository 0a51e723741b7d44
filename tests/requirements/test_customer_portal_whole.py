"""The customer portal's requirements, one by one, in the emitted template: monitoring, the whole.

"Decision" in a comment: where the portal departs from the words of its brief, and how.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.requirements.parts import (
    check_emptied,
)
from tests.requirements.portal import (
    SERVICES,
    S,
    api,
    assets,
    balancer,
    database,
    distribution,
    portal,
    secret,
    service,
    sessions,
    stage,
)
from tests.requirements.relations import (
    granted,
)
from tests.requirements.template import Reference, Stack, walk

requirement = pytest.mark.requirement


# ── Monitoring ──


def metrics(of: Stack) -> set[tuple[str, ...]]:
    """What the dashboard shows: namespace, metric, and the dimensions' names and values, one after the other."""
    body = json.loads(of.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    return {
        tuple(part for part in metric if isinstance(part, str))
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
    }


def dimensions(of: Stack, name: str) -> dict[str, str]:
    """What tells apart the metrics of a service, the database, the API and the sessions table."""
    if name in SERVICES:
        it = service(of, name)
        return {"ClusterName": str(it["Cluster"]), "ServiceName": str(Reference(it.logical_id, "Name"))}
    if name == "database":
        return {"DBClusterIdentifier": str(Reference(database(of).logical_id))}
    if name == "api":
        return {"ApiName": f"customer-portal-api-{S}", "Stage": str(Reference(stage(of).logical_id))}
    return {"TableName": str(Reference(sessions(of).logical_id))}


@requirement("CP-MON-1")
def test_cp_mon_1_dashboard() -> None:
    of = portal()
    assert of.one("AWS::CloudWatch::Dashboard")["DashboardName"] == f"customer-portal-dashboard-{S}"
    wanted = {
        ("AWS/ECS", "CPUUtilization", "frontend"),
        ("AWS/ECS", "MemoryUtilization", "frontend"),
        ("AWS/ECS", "CPUUtilization", "backend"),
        ("AWS/ECS", "MemoryUtilization", "backend"),
        ("AWS/RDS", "DatabaseConnections", "database"),
        ("AWS/RDS", "CPUUtilization", "database"),
        ("AWS/ApiGateway", "Latency", "api"),
        ("AWS/ApiGateway", "4XXError", "api"),
        ("AWS/ApiGateway", "5XXError", "api"),
        ("AWS/DynamoDB", "ConsumedReadCapacityUnits", "sessions"),
        ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "sessions"),
    }
    assert {(space, name, *itertools.chain(*dimensions(of, what).items())) for space, name, what in wanted} == metrics(
        of
    )
    body = json.loads(of.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    assert {widget["properties"]["region"] for widget in body["widgets"]} == {"${AWS::Region}"}
    assert {widget["type"] for widget in body["widgets"]} == {"metric"}
    # Counts are summed; an average of them would hide how many.
    assert {
        metric[1]: metric[-1]["stat"] for widget in body["widgets"] for metric in widget["properties"]["metrics"]
    } == {name: "Sum" if "Error" in name or "Consumed" in name else "Average" for _, name, _ in wanted}


@requirement("CP-MON-2")
@pytest.mark.parametrize(
    ("name", "space", "metric", "what", "threshold"),
    [
        ("backend-high-cpu", "AWS/ECS", "CPUUtilization", "backend", 80),
        ("high-db-connections", "AWS/RDS", "DatabaseConnections", "database", 80),
        ("high-api-latency", "AWS/ApiGateway", "Latency", "api", 1000),
    ],
)
def test_cp_mon_2_alarms(name: str, space: str, metric: str, what: str, threshold: int) -> None:
    of = portal()
    alarm = of.one("AWS::CloudWatch::Alarm", AlarmName=f"{name}-{S}")
    assert (alarm["Namespace"], alarm["MetricName"]) == (space, metric)
    assert {entry["Name"]: str(entry["Value"]) for entry in alarm["Dimensions"]} == dimensions(of, what)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", threshold)
    assert (alarm["EvaluationPeriods"], alarm["Period"], alarm["Statistic"]) == (2, 300, "Average")
    assert alarm["DatapointsToAlarm"] in {None, 2}
    assert alarm["TreatMissingData"] == "notBreaching"
    # Decision: alarms and their end are told to a topic; the brief's notify nobody.
    topic = Reference(of.one("AWS::SNS::Topic").logical_id)
    assert alarm["AlarmActions"] == alarm["OKActions"] == [topic]


@requirement("CP-MON-2")
def test_cp_mon_2_alarms_reach_people() -> None:
    assert not portal().of("AWS::SNS::Subscription")
    of = portal(AlarmEmail="ops@example.com")
    topic = Reference(of.one("AWS::SNS::Topic").logical_id)
    subscription = of.one("AWS::SNS::Subscription")
    assert subscription.properties == {"TopicArn": topic, "Protocol": "email", "Endpoint": "ops@example.com"}
    policy = of.one("AWS::SNS::TopicPolicy")
    assert policy["Topics"] == [topic]
    (leave,) = policy["PolicyDocument.Statement"]
    assert (leave["Effect"], leave["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert (leave["Action"], leave["Resource"]) == (["sns:Publish"], [topic])
    assert leave["Condition"]["StringEquals"] == {"aws:SourceAccount": "${AWS::AccountId}"}


# ── The whole ──


@requirement("CP-OUT-1")
@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("VpcId", "vpc-id"),
        ("AlbDnsName", "alb-dns"),
        ("ApiGatewayUrl", "api-url"),
        ("CloudFrontUrl", "cloudfront-url"),
        ("DatabaseSecretArn", "db-secret-arn"),
        ("SessionsTableName", "sessions-table"),
        ("StaticAssetsBucketName", "assets-bucket"),
        ("DashboardUrl", "dashboard-url"),
    ],
)
def test_cp_out_1_outputs(name: str, tail: str) -> None:
    of = portal()
    output = of.outputs[name]
    # Decision: the system's name leads, so that two systems with one suffix can share an account.
    assert output.export == f"customer-portal-{S}-{tail}"
    there = "${AWS::Region}"
    dashboard = of.one("AWS::CloudWatch::Dashboard")["DashboardName"]
    values: dict[str, Any] = {
        "VpcId": Reference(of.one("AWS::EC2::VPC").logical_id),
        "AlbDnsName": Reference(balancer(of).logical_id, "DNSName"),
        "ApiGatewayUrl": f"https://{Reference(api(of).logical_id)}.execute-api.{there}.${{AWS::URLSuffix}}/"
        f"{Reference(stage(of).logical_id)}/",
        "CloudFrontUrl": f"https://{Reference(distribution(of).logical_id, 'DomainName')}",
        "DatabaseSecretArn": Reference(secret(of).logical_id),
        "SessionsTableName": Reference(sessions(of).logical_id),
        "StaticAssetsBucketName": Reference(assets(of).logical_id),
        "DashboardUrl": f"https://{there}.console.aws.amazon.com/cloudwatch/home?region={there}"
        f"#dashboards:name={dashboard}",
    }
    assert output.value == values[name]


KEPT_BY_DEFAULT = {"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"}
"""What CloudFormation snapshots where no policy is given (user guide, ``DeletionPolicy`` attribute)."""


@requirement("CP-DEL-1")
def test_cp_del_1_nothing_retained() -> None:
    # Decision: only the account-wide role for API logs stays, for other APIs use it; false leaves even that out.
    of = portal(CreateApiGatewayLogsRole="false")
    for it in of.resources.values():
        assert set(it.deletion) <= {"Delete", ""}, it.logical_id
        assert it.type not in KEPT_BY_DEFAULT or it.deletion == ("Delete", "Delete"), it.logical_id
        assert not it["DeletionProtection"], it.logical_id
        assert not it["DeletionProtectionEnabled"], it.logical_id
    retained = {it.type for it in portal().resources.values() if set(it.deletion) - {"Delete", ""}}
    assert retained == {"AWS::IAM::Role", "AWS::ApiGateway::Account"}
    attributes = {entry["Key"]: entry["Value"] for entry in balancer(of)["LoadBalancerAttributes"]}
    assert attributes["deletion_protection.enabled"] == "false"


@requirement("CP-DEL-1")
def test_cp_del_1_buckets_are_emptied() -> None:
    of = portal()
    buckets = of.of("AWS::S3::Bucket")
    assert buckets
    for bucket in buckets:
        check_emptied(of, bucket)
    assert not of.of("AWS::ECR::Repository")
    assert not of.of("AWS::KMS::Key")


@requirement("CP-DEL-1")
def test_cp_del_1_services_leave_no_logs_behind() -> None:
    """A log group that a service would make by itself, and nobody would delete, is in the template, made before it."""
    of = portal()
    groups = {it["LogGroupName"]: it for it in of.of("AWS::Logs::LogGroup")}
    made_by = {
        f"/aws/ecs/containerinsights/customer-portal-cluster-{S}/performance": of.one("AWS::ECS::Cluster"),
        f"/aws/rds/cluster/customer-portal-db-{S}/postgresql": database(of),
        f"API-Gateway-Execution-Logs_{Reference(api(of).logical_id)}/prod": stage(of),
    }
    for name, maker in made_by.items():
        assert groups[name].logical_id in maker.waits_for, name
    assert database(of)["EnableCloudwatchLogsExports"] == ["postgresql"]
    for function in of.of("AWS::Lambda::Function"):
        group = of.at(function["LoggingConfig.LogGroup"])
        assert group.type == "AWS::Logs::LogGroup"
        assert "logs:CreateLogGroup" not in {action for action, _ in granted(of, of.at(function["Role"], "Arn"))}
    assert all(it.deletion == ("Delete", "Delete") for it in of.of("AWS::Logs::LogGroup"))


@requirement("CP-DEL-1")
def test_cp_del_1_no_reference_outside() -> None:
    """Nothing that another stack owns, so nothing that would hold up a deletion from outside."""
    assert not [value for value in walk(portal().body) if isinstance(value, dict) and "Fn::ImportValue" in value]
