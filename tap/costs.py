"""What costs money while nobody uses a system: a template's resources that are billed by time, or by what is stored.

No prices: they differ by region and change. Sources: the pricing pages of the services, of EC2 ("Amazon VPC pricing":
public IPv4 addresses, NAT gateways) and of CloudWatch ("Pricing": alarms, dashboards, custom metrics).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BY_TIME = {
    "AWS::RDS::DBInstance": "each instance, by the hour",
    "AWS::EC2::NatGateway": "each gateway, by the hour, and each gigabyte through it",
    "AWS::EC2::Instance": "each instance and its disk, by the hour",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "the load balancer, by the hour, and its public address in each zone",
    "AWS::EC2::EIP": "each public address, by the hour",
    "AWS::ECS::Cluster": "the metrics of Container Insights, for each task",
    "AWS::WAFv2::WebACL": "the firewall and each of its rules, by the month",
    "AWS::KMS::Key": "the key, by the month",
    "AWS::SecretsManager::Secret": "each secret, by the month",
    "AWS::CloudWatch::Alarm": "each alarm, by the month and by the metrics that it reads",
    "AWS::CloudWatch::Dashboard": "the dashboard, by the month, beyond those that are free",
    "AWS::CodePipeline::Pipeline": "the minutes that it runs",
}
_STORED = {
    "AWS::RDS::DBCluster": "its storage, and backups beyond the storage's own size",
    "AWS::DynamoDB::Table": "what is stored, its indexes, and its backup for restoring to any second",
    "AWS::S3::Bucket": "what is stored",
    "AWS::ECR::Repository": "the images stored",
    "AWS::Backup::BackupVault": "the copies stored",
    "AWS::Logs::LogGroup": "what is written, and what is stored",
}


@dataclass(frozen=True)
class Cost:
    """What is paid for, of a type: how many there are, how many of them only under a condition, and for what."""

    type: str
    count: int
    optional: int
    what: str


def idle(body: Mapping[str, Any]) -> list[Cost]:
    """What costs while idle in a template, the dearest kinds first: tasks and machines, then what is stored."""
    resources = body["Resources"]
    found = [_tasks(resources)] if _of("AWS::ECS::Service", resources) else []
    for kind, what in (_BY_TIME | _STORED).items():
        if there := _of(kind, resources):
            found.append(Cost(kind, len(there), _optional(there), _exactly(kind, there, what)))
    return found


def _of(kind: str, resources: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in resources.values() if each["Type"] == kind]


def _tasks(resources: Mapping[str, Any]) -> Cost:
    """The services, whose tasks auto scaling keeps to a least number."""
    running = _of("AWS::ECS::Service", resources)
    targets = _of("AWS::ApplicationAutoScaling::ScalableTarget", resources)
    least = [each["Properties"].get("MinCapacity") for each in targets]
    known = len(least) == len(running) and all(isinstance(each, int) for each in least)
    what = f"at least {sum(least)} tasks in all, by their CPU and memory, by the second" if known else "their tasks"
    return Cost("AWS::ECS::Service", len(running), _optional(running), what)


def _optional(there: list[Mapping[str, Any]]) -> int:
    return sum("Condition" in each for each in there)


def _exactly(kind: str, there: list[Mapping[str, Any]], what: str) -> str:
    """What is paid for, as far as it depends on how the resources are configured."""

    def any_has(key: str, *values: object) -> bool:
        return any(key in each["Properties"] and each["Properties"][key] in values for each in there)

    if kind == "AWS::RDS::DBInstance" and any_has("DBInstanceClass", "db.serverless"):
        return "each instance, by the capacity units that it holds; while it is paused, nothing"
    if kind == "AWS::RDS::DBCluster":
        insights = any_has("DatabaseInsightsMode", "advanced")
        managed = any_has("ManageMasterUserPassword", True)
        return (
            what
            + ("; Database Insights, by the hour and size of the instances" if insights else "")
            + ("; the secret that RDS makes, by the month" if managed else "")
        )
    return what
