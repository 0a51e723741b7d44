"""Payments' requirements, one by one, in the emitted template: containers, load balancer, roles.

"Decision" in a comment: where the system departs from the words of its row, and how.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.requirements.parts import (
    attributes,
    container,
    environment,
    injected,
    log_group,
    role,
    scaled,
    task,
    tracked,
)
from tests.requirements.payments import (
    SERVICES,
    S,
    balancer,
    key,
    listener,
    payments,
    secret,
    service,
    target_group,
)
from tests.requirements.relations import granted, refs, routes, subnets, trusted
from tests.requirements.template import Reference

requirement = pytest.mark.requirement
each_service = pytest.mark.parametrize("name", SERVICES)


# ── Containers ──


@requirement("PP-ECS-1")
def test_pp_ecs_1_cluster() -> None:
    of = payments()
    cluster = of.one("AWS::ECS::Cluster", ClusterName=f"tap-payment-cluster-{S}")
    assert {"Name": "containerInsights", "Value": "enabled"} in cluster["ClusterSettings"]
    assert {service(of, name)["Cluster"] for name in SERVICES} == {Reference(cluster.logical_id)}
    assert len(of.of("AWS::ECS::Service")) == 2


@requirement("PP-ECS-1")
@each_service
def test_pp_ecs_1_three_to_twenty_tasks(name: str) -> None:
    of = payments()
    it = service(of, name)
    # Decision: no desired count, for auto scaling owns it and each update would reset it.
    assert it["DesiredCount"] is None
    assert (scaled(of, it)["MinCapacity"], scaled(of, it)["MaxCapacity"]) == (3, 20)
    found = tracked(of, it)
    targets = {"ECSServiceAverageCPUUtilization": 70, "ECSServiceAverageMemoryUtilization": 75}
    assert {metric: configuration["TargetValue"] for metric, configuration in found.items()} == targets
    for configuration in found.values():
        assert (configuration["ScaleInCooldown"], configuration["ScaleOutCooldown"]) == (300, 60)
        assert configuration.get("DisableScaleIn", False) is False


@requirement("PP-ECS-1")
@each_service
def test_pp_ecs_1_on_demand_first_then_spot(name: str) -> None:
    of = payments()
    it = service(of, name)
    assert it["LaunchType"] is None
    assert it["CapacityProviderStrategy"] == [
        {"CapacityProvider": "FARGATE", "Base": 3, "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 2},
    ]
    capacity = of.one("AWS::ECS::ClusterCapacityProviderAssociations", Cluster=it["Cluster"])
    assert {*capacity["CapacityProviders"]} == {"FARGATE", "FARGATE_SPOT"}
    assert capacity.logical_id in it.depends_on


@requirement("PP-ECS-1")
@each_service
def test_pp_ecs_1_rollout_and_network(name: str) -> None:
    of = payments()
    it = service(of, name)
    rollout = it["DeploymentConfiguration"]
    assert (rollout["MinimumHealthyPercent"], rollout["MaximumPercent"]) == (100, 200)
    assert rollout["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    network = it["NetworkConfiguration.AwsvpcConfiguration"]
    assert network["Subnets"] == refs(subnets(of, "private"))
    assert network["AssignPublicIp"] == "DISABLED"
    assert it["PropagateTags"] == "SERVICE"
    # Its images, logs and secrets come by the NAT gateways, its requests by the rule.
    ways_out = {route.logical_id for subnet in subnets(of, "private") for route in routes(of, subnet)}
    group = Reference(target_group(of, name).logical_id)
    (rule,) = (r for r in of.of("AWS::ElasticLoadBalancingV2::ListenerRule") if r["Actions.0.TargetGroupArn"] == group)
    assert ways_out | {rule.logical_id} <= {*it.depends_on}


def check_task(name: str, cpu: str, memory: str, port: int) -> None:
    of = payments()
    definition, main = task(of, service(of, name)), container(of, service(of, name), name)
    assert (definition["RequiresCompatibilities"], definition["NetworkMode"]) == (["FARGATE"], "awsvpc")
    assert (definition["Cpu"], definition["Memory"]) == (cpu, memory)
    assert main["Essential"] is True
    assert main["PortMappings"] == [{"ContainerPort": port, "Protocol": "tcp"}]
    assert service(of, name)["LoadBalancers"] == [
        {
            "ContainerName": name,
            "ContainerPort": port,
            "TargetGroupArn": Reference(target_group(of, name).logical_id),
        }
    ]


@requirement("PP-ECS-2")
def test_pp_ecs_2_backend_task() -> None:
    check_task("backend", "1024", "2048", 3000)


@requirement("PP-ECS-2")
def test_pp_ecs_2_frontend_task() -> None:
    check_task("frontend", "512", "1024", 80)
    of = payments()
    assert len(task(of, service(of, "frontend"))["ContainerDefinitions"]) == 1


@requirement("PP-ECS-2")
def test_pp_ecs_2_container_health_check() -> None:
    # Decision: with what the image has (wget, not curl), and a parameter.
    of = payments()
    it = container(of, service(of, "backend"), "backend")["HealthCheck"]
    assert (it["Interval"], it["Retries"]) == (30, 3)
    assert it["Timeout"] < it["Interval"]
    kind, command = it["Command"]
    assert kind == "CMD-SHELL"
    assert re.fullmatch(r"wget .*http://127\.0\.0\.1:3000/health( .*)?", command)
    other = payments(BackendHealthCommand="node check.js")
    assert container(other, service(other, "backend"), "backend")["HealthCheck"]["Command"] == [kind, "node check.js"]


@requirement("PP-ECS-2")
def test_pp_ecs_2_tracing_beside_the_backend() -> None:
    # Decision: the OpenTelemetry collector, which takes what the X-Ray daemon took; the daemon is in maintenance.
    of = payments()
    it = container(of, service(of, "backend"), "tracing")
    assert it["Essential"] is False
    assert it["PortMappings"] == [{"ContainerPort": 2000, "Protocol": "udp"}]
    assert it["Command"] == ["--config=/etc/ecs/ecs-default-config.yaml"]
    assert "aws-otel-collector:" in it["Image"]
    # What it reserves leaves the backend most of the task.
    definition = task(of, service(of, "backend"))
    assert it["Cpu"] <= int(definition["Cpu"]) / 8
    assert it["Memory"] <= int(definition["Memory"]) / 8
    assert log_group(of, it) is log_group(of, container(of, service(of, "backend"), "backend"))
    # Both are in one network: the application finds it at localhost.
    there = environment(container(of, service(of, "backend"), "backend"))["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert there == "http://localhost:4318"


@requirement("PP-ECS-2")
def test_pp_ecs_2_secret_injected() -> None:
    of = payments()
    found = injected(container(of, service(of, "backend"), "backend"))
    assert {*found.values()} == {f"{secret(of)}:username::", f"{secret(of)}:password::"}


@requirement("PP-ECS-2")
def test_pp_ecs_2_placeholder_answers_until_there_is_an_image() -> None:
    of = payments()
    node, flag, script = container(of, service(of, "backend"), "backend")["Command"]
    assert (node, flag) == ("node", "-e")
    assert ".listen(3000)" in script
    other = payments(BackendImage="registry.example.org/api:7")
    assert "Command" not in container(other, service(other, "backend"), "backend")


# ── Load balancer ──


@requirement("PP-ALB-1")
def test_pp_alb_1_load_balancer() -> None:
    of = payments()
    it = balancer(of)
    assert (it["Type"], it["Scheme"]) == ("application", "internet-facing")
    assert it["Subnets"] == refs(subnets(of, "public"))
    assert attributes(it, "LoadBalancerAttributes")["deletion_protection.enabled"] == "true"


@requirement("PP-ALB-1")
def test_pp_alb_1_rules() -> None:
    of = payments()
    rules = of.of("AWS::ElasticLoadBalancingV2::ListenerRule")
    assert {rule["ListenerArn"] for rule in rules} == {Reference(listener(of, 443).logical_id)}
    found = {rule["Priority"]: (rule["Conditions"], rule["Actions"]) for rule in rules}
    assert len(found) == len(rules)
    assert found == {
        priority: (
            [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            [{"Type": "forward", "TargetGroupArn": Reference(target_group(of, name).logical_id)}],
        )
        for priority, path, name in ((10, "/api/*", "backend"), (20, "/*", "frontend"))
    }


@requirement("PP-ALB-1")
@pytest.mark.parametrize(("name", "path"), [("frontend", "/"), ("backend", "/health")])
def test_pp_alb_1_target_groups(name: str, path: str) -> None:
    of = payments()
    group = target_group(of, name)
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("HTTP", SERVICES[name], "ip")
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTP", path)
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (30, 10)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
    assert group["Matcher"] == {"HttpCode": "200-299"}
    assert attributes(group, "TargetGroupAttributes") == {
        "deregistration_delay.timeout_seconds": "30",
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "3600",
    }


# ── Logs and roles ──


@requirement("PP-LOG-1")
@each_service
def test_pp_log_1_a_month_encrypted(name: str) -> None:
    of = payments()
    group = log_group(of, container(of, service(of, name), name))
    assert group["LogGroupName"] == f"/ecs/tap/{name}-{S}"
    assert group["RetentionInDays"] == 30
    assert group["KmsKeyId"] == key(of)


def by_way_of_secrets_manager() -> dict[str, Any]:
    return {"StringEquals": {"kms:ViaService": "secretsmanager.${AWS::Region}.amazonaws.com"}}


@requirement("PP-IAM-1")
def test_pp_iam_1_backend_traces_and_reads_the_one_secret() -> None:
    of = payments()
    it = role(of, task(of, service(of, "backend"))["TaskRoleArn"])
    assert trusted(it) == {"ecs-tasks.amazonaws.com"}
    assert not it["ManagedPolicyArns"]
    verbs = ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")
    assert granted(of, it) == {
        ("secretsmanager:GetSecretValue", secret(of)),
        ("kms:Decrypt", key(of)),
        # What the policy AWSXRayDaemonWriteAccess allows; X-Ray's write actions know no resource.
        *((f"xray:{verb}", "*") for verb in (*verbs, "GetSamplingStatisticSummaries")),
    }
    (decrypt,) = (
        statement
        for policy in it["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == ["kms:Decrypt"]
    )
    assert decrypt["Condition"] == by_way_of_secrets_manager()


@requirement("PP-IAM-1")
def test_pp_iam_1_frontend_cannot_read_the_secret() -> None:
    # Decision: no role of its own, so its code has no way into AWS at all; nor is anything injected.
    of = payments()
    assert task(of, service(of, "frontend"))["TaskRoleArn"] is None
    it = container(of, service(of, "frontend"), "frontend")
    assert injected(it) == {}
    assert not [name for name in environment(it) if re.search("DB_|SECRET|PASSWORD|TOKEN", name)]


@requirement("PP-IAM-1")
def test_pp_iam_1_who_may_read_the_secret() -> None:
    of = payments()
    readers = {
        it.logical_id
        for it in of.of("AWS::IAM::Role")
        if any(action.startswith("secretsmanager:") for action, _ in granted(of, it))
    }
    backend = task(of, service(of, "backend"))
    assert readers == {role(of, backend[name]).logical_id for name in ("TaskRoleArn", "ExecutionRoleArn")}


@requirement("PP-IAM-1")
def test_pp_iam_1_execution_role() -> None:
    of = payments()
    it = of.one("AWS::IAM::Role", RoleName=f"tap-task-execution-role-{S}")
    assert {task(of, service(of, name))["ExecutionRoleArn"] for name in SERVICES} == {Reference(it.logical_id, "Arn")}
    assert trusted(it) == {"ecs-tasks.amazonaws.com"}
    assert not it["ManagedPolicyArns"]
    repositories = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"
    pulls = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    groups = [log_group(of, container(of, service(of, name), name)) for name in SERVICES]
    assert granted(of, it) == {
        ("ecr:GetAuthorizationToken", "*"),
        *((f"ecr:{verb}", repositories) for verb in pulls),
        *(
            (f"logs:{verb}", Reference(group.logical_id, "Arn"))
            for verb in ("CreateLogStream", "PutLogEvents")
            for group in groups
        ),
        ("secretsmanager:GetSecretValue", secret(of)),
        ("kms:Decrypt", key(of)),
    }
