"""Parts of services, load balancers, distributions and dashboards that the requirements of several systems name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.requirements.relations import granted
from tests.requirements.template import Reference, Resource, Stack

EVERY_METHOD = {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""CloudFront's managed policies (CloudFront developer guide, "Use managed cache policies", "Use managed origin request
policies")."""


def task(of: Stack, service: Resource) -> Resource:
    """The task definition that a service runs."""
    return of.at(service["TaskDefinition"])


def container(of: Stack, service: Resource, name: str) -> Mapping[str, Any]:
    """A container of a service's tasks, by its name. Raises AssertionError when it is none, or several."""
    found = [each for each in task(of, service)["ContainerDefinitions"] if each["Name"] == name]
    assert len(found) == 1, f"{len(found)} containers {name} in {service.logical_id}"
    return dict(found[0])


def environment(of: Mapping[str, Any]) -> dict[str, Any]:
    """The plain variables of a container."""
    return {entry["Name"]: entry["Value"] for entry in of.get("Environment", [])}


def injected(of: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a container that ECS fetches from Secrets Manager or Parameter Store."""
    return {entry["Name"]: entry["ValueFrom"] for entry in of.get("Secrets", [])}


def log_group(of: Stack, container: Mapping[str, Any]) -> Resource:
    """Where a container's output goes."""
    log = container["LogConfiguration"]
    assert log["LogDriver"] == "awslogs"
    assert log["Options"]["awslogs-region"] == "${AWS::Region}"
    found = of.at(log["Options"]["awslogs-group"])
    assert found.type == "AWS::Logs::LogGroup"
    return found


def role(of: Stack, arn: Any) -> Resource:
    """The role that an ARN refers to."""
    found = of.at(arn, "Arn")
    assert found.type == "AWS::IAM::Role"
    return found


def security_group(of: Stack, service: Resource) -> Resource:
    """The one security group of a service's tasks."""
    (group,) = service["NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"]
    return of.at(group, "GroupId")


def scaled(of: Stack, service: Resource) -> Resource:
    """What lets auto scaling change a service's number of tasks."""
    resource = f"service/{service['Cluster']}/{Reference(service.logical_id, 'Name')}"
    target = of.one("AWS::ApplicationAutoScaling::ScalableTarget", ResourceId=resource)
    assert (target["ServiceNamespace"], target["ScalableDimension"]) == ("ecs", "ecs:service:DesiredCount")
    return target


def tracked(of: Stack, service: Resource) -> dict[str, Mapping[str, Any]]:
    """The target tracking of a service: predefined metric → configuration. Raises AssertionError for another kind."""
    found: dict[str, Mapping[str, Any]] = {}
    for policy in of.of("AWS::ApplicationAutoScaling::ScalingPolicy"):
        if policy["ScalingTargetId"] == Reference(scaled(of, service).logical_id):
            assert policy["PolicyType"] == "TargetTrackingScaling", policy.logical_id
            configuration = policy["TargetTrackingScalingPolicyConfiguration"]
            metric = configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]
            assert metric not in found, f"two policies on {metric}"
            found[metric] = configuration
    return found


def attributes(of: Resource, kind: str) -> dict[str, Any]:
    """``LoadBalancerAttributes`` or ``TargetGroupAttributes`` as key and value."""
    found = {entry["Key"]: entry["Value"] for entry in of[kind]}
    assert len(found) == len(of[kind]), "an attribute stands twice"
    return found


def method(of: Stack, api: Resource, where: str, verb: str) -> Resource:
    """A method on the ``root`` of a REST API, or on its ``proxy``, which takes every path below."""
    here, root = Reference(api.logical_id), Reference(api.logical_id, "RootResourceId")
    below = of.one("AWS::ApiGateway::Resource", RestApiId=here, ParentId=root, PathPart="{proxy+}")
    resource = root if where == "root" else Reference(below.logical_id)
    return of.one("AWS::ApiGateway::Method", RestApiId=here, ResourceId=resource, HttpMethod=verb)


def check_preflight(it: Resource) -> None:
    """A method answers a browser's preflight by itself: any site, every method, the headers that matter."""
    assert (it["HttpMethod"], it["AuthorizationType"], it["ApiKeyRequired"]) == ("OPTIONS", "NONE", False)
    assert it["Integration.Type"] == "MOCK"
    assert json.loads(it["Integration.RequestTemplates.application/json"]) == {"statusCode": 204}
    (answer,) = it["Integration.IntegrationResponses"]
    (declared,) = it["MethodResponses"]
    assert answer["StatusCode"] == declared["StatusCode"] == "204"
    assert declared["ResponseParameters"].keys() == answer["ResponseParameters"].keys()
    headers = {
        name.removeprefix("method.response.header."): value.strip("'").split(",")
        for name, value in answer["ResponseParameters"].items()
    }
    assert headers["Access-Control-Allow-Origin"] == ["*"]
    assert {*headers["Access-Control-Allow-Methods"]} == EVERY_METHOD
    assert {"Authorization", "Content-Type", "X-Api-Key"} <= {*headers["Access-Control-Allow-Headers"]}


def behaviours(distribution: Resource) -> dict[str, Mapping[str, Any]]:
    """The cache behaviours in the order in which CloudFront tries them, by path pattern; ``*`` is the default."""
    config = distribution["DistributionConfig"]
    listed = {each["PathPattern"]: each for each in config.get("CacheBehaviors", [])}
    assert len(listed) == len(config.get("CacheBehaviors", [])), "a path pattern stands twice"
    return {**listed, "*": config["DefaultCacheBehavior"]}


def origin(distribution: Resource, behaviour: Mapping[str, Any]) -> Mapping[str, Any]:
    """The origin that a cache behaviour asks."""
    (only,) = (each for each in distribution["DistributionConfig.Origins"] if each["Id"] == behaviour["TargetOriginId"])
    return dict(only)


@dataclass(frozen=True)
class Shown:
    """A metric on a dashboard; dimensions are text."""

    widget: str
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str


def shown(dashboard: Resource) -> Iterator[Shown]:
    """Every metric that a dashboard shows or reckons with, in its order. Raises AssertionError for one without a
    statistic."""
    for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
        about = widget["properties"]
        spaces = {metric[0] for metric in about["metrics"] if isinstance(metric[0], str)}
        # CloudFront's metrics are in us-east-1, wherever the stack is.
        assert about["region"] == ("us-east-1" if spaces == {"AWS/CloudFront"} else "${AWS::Region}"), about["title"]
        for metric in about["metrics"]:
            if isinstance(metric[0], Mapping):
                continue  # An expression: what it reckons with stands beside it.
            namespace, name, *dimensions, options = metric
            pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
            yield Shown(about["title"], namespace, name, pairs, options["stat"])


def check_emptied(of: Stack, bucket: Resource) -> None:
    """A custom resource that goes before the bucket, the function behind it, and its rights on that bucket alone."""
    emptier = of.one("Custom::EmptiedBucket", BucketName=Reference(bucket.logical_id))
    function = of.at(emptier["ServiceToken"], "Arn")
    assert function.type == "AWS::Lambda::Function"
    arn = Reference(bucket.logical_id, "Arn")
    rights = granted(of, of.at(function["Role"], "Arn"))
    assert {(action, place) for action, place in rights if action.startswith("s3:")} == {
        ("s3:ListBucketVersions", arn),
        ("s3:DeleteObject", f"{arn}/*"),
        ("s3:DeleteObjectVersion", f"{arn}/*"),
    }
    assert function["Timeout"] < emptier["ServiceTimeout"]
