"""TAP1620 to TAP1623: what alarms watch: namespaces, metrics, dimensions and their values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.graph.alarms import ALARM, Metric, metrics
from tap.check.graph.delivery import HOME
from tap.check.metric_tables import NAMESPACES
from tap.check.metrics import unknown_metric, wrong_namespace
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, shape

_SOURCE = "CloudWatch user guide, “AWS services that publish CloudWatch metrics”, and the service's page of metrics"


class UnknownMetric(ResourceRule):
    """A metric that no service publishes."""

    id = "TAP1620"
    title = "An alarm watches a metric that is published"
    severity = Severity.WARNING
    description = "CloudWatch takes any name: an alarm on a metric that nobody publishes stays without data for ever."
    source = _SOURCE
    advice = "Write namespace and metric exactly as the service's documentation does; case counts."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each metric of the alarm."""
        for one in metrics(resource):
            if not isinstance(one.namespace, str):
                continue
            meant = wrong_namespace(one.namespace)
            if meant:
                says = f"There is no namespace {one.namespace}: it is {meant}."
                yield at(resource, *one.at("Namespace"), says=says)
            elif isinstance(one.name, str):
                near = unknown_metric(one.namespace, one.name)
                if near is not None:
                    hint = f"; {near} is one" if near else ""
                    says = f"{one.namespace} has no metric {one.name}{hint}."
                    yield at(resource, *one.at("MetricName"), says=says)


class WrongDimensions(ResourceRule):
    """Dimensions that a metric is not published with."""

    id = "TAP1621"
    title = "An alarm names the dimensions that its metric is published with"
    severity = Severity.WARNING
    description = (
        "A metric is found only with exactly the dimensions that it is published with: one too few, one too many, or a "
        "misspelt one, and the alarm has no data."
    )
    source = _SOURCE
    advice = "Give all dimensions of the metric, with the names of the service's documentation."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each metric of a namespace that is known."""
        for one in metrics(resource):
            known = NAMESPACES.get(one.namespace) if isinstance(one.namespace, str) else None
            if known is None or one.dimensions is None or not isinstance(one.name, str):
                continue
            names = set(one.dimensions)
            strange = sorted(names - known.dimensions)
            wanted = known.only.get(one.name, known.sets)
            if strange:
                says = (
                    f"{one.namespace} has no dimension {strange[0]}; it has {', '.join(sorted(known.dimensions)[:8])}."
                )
                yield at(resource, *one.at("Dimensions"), says=says)
            elif wanted and names and names not in wanted:
                forms = " or ".join(" + ".join(sorted(each)) for each in sorted(wanted, key=sorted)[:3])
                says = f"{one.name} is published with {forms}, not with {' + '.join(sorted(names))} alone."
                yield at(resource, *one.at("Dimensions"), says=says)
            elif not names and one.namespace in _PER_RESOURCE:
                says = f"{one.name} has no Dimensions: it is published per resource ({_PER_RESOURCE[one.namespace]})."
                yield at(resource, *one.at("MetricName"), says=says)


_PER_RESOURCE = {
    "AWS/ECS": "ClusterName, ServiceName",
    "ECS/ContainerInsights": "ClusterName, ServiceName",
    "AWS/ApplicationELB": "LoadBalancer",
    "AWS/NetworkELB": "LoadBalancer",
    "AWS/ApiGateway": "ApiName or ApiId",
    "AWS/CloudFront": "DistributionId, Region",
    "AWS/SQS": "QueueName",
    "AWS/NATGateway": "NatGatewayId",
    "AWS/CertificateManager": "CertificateArn",
    "AWS/S3": "BucketName and StorageType or FilterId",
}

_LB = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_TG = "AWS::ElasticLoadBalancingV2::TargetGroup"
_FORMS: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("LoadBalancer", "AWS/ApplicationELB"): {_LB: ("LoadBalancerFullName",)},
    ("LoadBalancer", "AWS/NetworkELB"): {_LB: ("LoadBalancerFullName",)},
    ("TargetGroup", "AWS/ApplicationELB"): {_TG: ("TargetGroupFullName",)},
    ("TargetGroup", "AWS/NetworkELB"): {_TG: ("TargetGroupFullName",)},
    ("ClusterName", ""): {"AWS::ECS::Cluster": ("",)},
    ("ServiceName", "AWS/ECS"): {"AWS::ECS::Service": ("Name",)},
    ("ServiceName", "ECS/ContainerInsights"): {"AWS::ECS::Service": ("Name",)},
    ("DBInstanceIdentifier", ""): {"AWS::RDS::DBInstance": ("",)},
    ("DBClusterIdentifier", ""): {"AWS::RDS::DBCluster": ("",)},
    ("TableName", ""): {"AWS::DynamoDB::Table": ("",), "AWS::DynamoDB::GlobalTable": ("",)},
    ("ApiName", ""): {"AWS::ApiGateway::RestApi": (), "AWS::ApiGatewayV2::Api": ()},
    ("ApiId", ""): {"AWS::ApiGatewayV2::Api": ("", "ApiId"), "AWS::ApiGateway::RestApi": ()},
    ("Stage", ""): {"AWS::ApiGateway::Stage": ("",), "AWS::ApiGatewayV2::Stage": ("",)},
    ("DistributionId", ""): {"AWS::CloudFront::Distribution": ("", "Id")},
    ("FunctionName", "AWS/Lambda"): {"AWS::Lambda::Function": ("",)},
    ("QueueName", ""): {"AWS::SQS::Queue": ("QueueName",)},
    ("TopicName", ""): {"AWS::SNS::Topic": ("TopicName",)},
    ("NatGatewayId", ""): {"AWS::EC2::NatGateway": ("", "NatGatewayId")},
    ("InstanceId", "AWS/EC2"): {"AWS::EC2::Instance": ("", "InstanceId")},
    ("AutoScalingGroupName", ""): {"AWS::AutoScaling::AutoScalingGroup": ("", "AutoScalingGroupName")},
    ("StateMachineArn", ""): {"AWS::StepFunctions::StateMachine": ("", "Arn")},
    ("CertificateArn", ""): {"AWS::CertificateManager::Certificate": ("", "CertificateArn")},
    ("BucketName", ""): {"AWS::S3::Bucket": ("",)},
    ("HealthCheckId", ""): {"AWS::Route53::HealthCheck": ("", "HealthCheckId")},
    ("RuleName", "AWS/Events"): {"AWS::Events::Rule": ("",)},
    ("LogGroupName", ""): {"AWS::Logs::LogGroup": ("",)},
}
"""Dimension and namespace (empty: any) → the types whose value it is, with the attributes that have its form (empty:
``Ref``). Source: the types' “Return values” in the CloudFormation template reference."""


class DimensionValue(ResourceRule):
    """A dimension whose value has not the form that the metric is published with."""

    id = "TAP1622"
    title = "A dimension's value has the form that the service publishes"
    severity = Severity.WARNING
    description = "An ARN where a name is published (or the reverse) names no metric: the alarm has no data."
    source = _SOURCE
    advice = "Use LoadBalancerFullName, TargetGroupFullName, a cluster's Ref, a service's Name, an API's name."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each dimension of each metric."""
        for one in metrics(resource):
            for name, value in (one.dimensions or {}).items():
                says = _form_fault(one, name, value, world)
                if says:
                    yield at(resource, *one.at("Dimensions"), says=says)


def _form_fault(metric: Metric, name: str, value: Any, world: World) -> str:
    if name == "Region" and metric.namespace == "AWS/CloudFront" and isinstance(value, str) and value != "Global":
        return f"The dimension Region of CloudFront is Global, not {value}."
    forms = _FORMS.get((name, str(metric.namespace)), _FORMS.get((name, ""), {}))
    if isinstance(value, Reference):
        target = world.resources.get(value.logical_id)
        if target is None or not forms:
            return ""
        right = forms.get(target.type)
        if right is None:
            known = {kind for one in _FORMS.values() for kind in one}
            return f"{name} is {value}, which is an {target.type}." if target.type in known else ""
        if not right:
            return f"{name} is {value}, which is an API's id{'' if name == 'ApiName' else ': a REST API has ApiName'}."
        if value.attribute not in right:
            wanted = " or ".join(str(Reference(target.logical_id, one)) for one in right[:1])
            return f"{name} is {value}: its form is that of {wanted}."
        return ""
    text = shape(value) if isinstance(value, str | Text) else ""
    if text.startswith("arn:") and "Arn" not in name and forms:
        return f"{name} is an ARN ({text}): it is published by name."
    if name == "LoadBalancer" and isinstance(value, str) and value and not value.startswith(("app/", "net/", "gwy/")):
        return f"{name} is {value!r}: its form is app/NAME/ID."
    if name == "TargetGroup" and isinstance(value, str) and value and not value.startswith("targetgroup/"):
        return f"{name} is {value!r}: its form is targetgroup/NAME/ID."
    return ""


class GlobalMetric(ResourceRule):
    """An alarm in a region where its metric is not published."""

    id = "TAP1623"
    title = "Metrics of global services are published in us-east-1 only"
    severity = Severity.WARNING
    description = "CloudFront, Route 53 and billing publish in us-east-1: an alarm elsewhere has no data."
    source = "CloudFront developer guide, “Monitor CloudFront metrics with Amazon CloudWatch”; Route 53 developer guide"
    advice = "Make the alarm in a stack in us-east-1."
    types = (ALARM,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each metric of a global service, where the region is known."""
        for one in metrics(resource):
            known = NAMESPACES.get(one.namespace) if isinstance(one.namespace, str) else None
            cloudfront = one.namespace == "AWS/WAFV2" and (one.dimensions or {}).get("Region") == "CloudFront"
            if world.region in ("", HOME) or not ((known and known.home) or cloudfront):
                continue
            says = f"{one.namespace} publishes in us-east-1, and the alarm is in {world.region}."
            yield at(resource, *one.at("Namespace"), says=says)
