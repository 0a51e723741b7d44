"""What CloudWatch measures of the tiers' resources: metrics by a word each."""

from __future__ import annotations

from troposphere import cloudfront

from templates.tiers.balancer import Balancer
from templates.tiers.database import Database
from templates.tiers.gateway import Gateway
from templates.tiers.monitoring import Metric
from templates.tiers.services import Services
from templates.tiers.words import att, ref


def of_service(run: Services, name: str, metric: str, label: str = "", statistic: str = "Average") -> Metric:
    """A metric of an ECS service: ``CPUUtilization`` or ``MemoryUtilization``."""
    dimensions = {"ClusterName": ref(run.cluster), "ServiceName": att(run.services[name].service, "Name")}
    return Metric("AWS/ECS", metric, dimensions, statistic, label=label)


def of_insights(run: Services, name: str, metric: str, label: str = "") -> Metric:
    """A metric of Container Insights for a service: ``RunningTaskCount``, ``DesiredTaskCount`` …"""
    dimensions = {"ClusterName": ref(run.cluster), "ServiceName": att(run.services[name].service, "Name")}
    return Metric("ECS/ContainerInsights", metric, dimensions, period=60, label=label)


def of_database(db: Database, metric: str, label: str = "", role: str = "", statistic: str = "Average") -> Metric:
    """A metric of the cluster: over all instances, or of the ``WRITER`` or ``READER`` alone. ``Maximum`` is that of the
    instance that has most of it, ``Average`` lies between them."""
    dimensions = {"DBClusterIdentifier": ref(db.cluster)} | ({"Role": role} if role else {})
    return Metric("AWS/RDS", metric, dimensions, statistic, label=label)


def of_api(api: Gateway, metric: str, statistic: str = "Sum", label: str = "", period: int = 300) -> Metric:
    """A metric of the API's stage: ``Count``, ``Latency``, ``4XXError`` …"""
    return Metric("AWS/ApiGateway", metric, {"ApiName": api.name, "Stage": ref(api.stage)}, statistic, period, label)


def of_balancer(door: Balancer, metric: str, statistic: str = "Sum", label: str = "") -> Metric:
    """A metric of the load balancer as a whole."""
    return Metric("AWS/ApplicationELB", metric, {"LoadBalancer": door.full_name}, statistic, label=label)


def of_targets(
    door: Balancer, run: Services, name: str, metric: str, statistic: str = "Sum", label: str = "", period: int = 300
) -> tuple[Metric, ...]:
    """A metric of a service's target groups: one metric a group."""
    groups = run.services[name].target_groups
    names = (
        [label or name] if len(groups) == 1 else [f"{label or name} {number}" for number in range(1, len(groups) + 1)]
    )
    return tuple(
        Metric(
            "AWS/ApplicationELB",
            metric,
            {"TargetGroup": att(group, "TargetGroupFullName"), "LoadBalancer": door.full_name},
            statistic,
            period,
            each,
        )
        for group, each in zip(groups, names, strict=True)
    )


def of_distribution(made: cloudfront.Distribution, metric: str, statistic: str, label: str = "") -> Metric:
    """A metric of a CloudFront distribution, which CloudWatch keeps in us-east-1."""
    return Metric("AWS/CloudFront", metric, {"DistributionId": ref(made), "Region": "Global"}, statistic, label=label)
