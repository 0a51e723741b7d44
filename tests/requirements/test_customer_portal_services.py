"""The customer portal's requirements, one by one, in the emitted template: containers, database, sessions.

"Decision" in a comment: where the portal departs from the words of its brief, and how.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.requirements.portal import (
    SERVICES,
    S,
    database,
    own_group,
    portal,
    secret,
    service,
    sessions,
)
from tests.requirements.relations import (
    egress,
    granted,
    ingress,
    refs,
    routes,
    statements,
    subnets,
    tcp,
    trusted,
)
from tests.requirements.template import Reference, Resource, Stack

requirement = pytest.mark.requirement


def task(of: Stack, name: str) -> Resource:
    return of.at(service(of, name)["TaskDefinition"])


def container(of: Stack, name: str) -> dict[str, Any]:
    (only,) = task(of, name)["ContainerDefinitions"]
    assert only["Name"] == name
    return dict(only)


def environment(of: Stack, name: str) -> dict[str, Any]:
    return {entry["Name"]: entry["Value"] for entry in container(of, name)["Environment"]}


# ── Containers ──


@requirement("CP-ECS-1")
def test_cp_ecs_1_cluster() -> None:
    of = portal()
    cluster = of.one("AWS::ECS::Cluster")
    assert cluster["ClusterName"] == f"customer-portal-cluster-{S}"
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enabled"}]
    assert {service(of, name)["Cluster"] for name in SERVICES} == {Reference(cluster.logical_id)}


def check_task(of: Stack, name: str, cpu: str, memory: str, port: int) -> None:
    definition = task(of, name)
    assert definition["Family"] == f"{name}-task-{S}"
    assert definition["RequiresCompatibilities"] == ["FARGATE"]
    assert definition["NetworkMode"] == "awsvpc"
    assert (definition["Cpu"], definition["Memory"]) == (cpu, memory)
    assert container(of, name)["Essential"] is True
    assert container(of, name)["PortMappings"] == [{"ContainerPort": port, "Protocol": "tcp"}]
    assert environment(of, name)["ENVIRONMENT"] == S


@requirement("CP-ECS-2")
def test_cp_ecs_2_frontend_task() -> None:
    of = portal()
    check_task(of, "frontend", "256", "512", 80)
    assert re.fullmatch(r"public\.ecr\.aws/docker/library/nginx:[\w.-]+", container(of, "frontend")["Image"])
    assert container(portal(FrontendImage="registry/pages:7"), "frontend")["Image"] == "registry/pages:7"


@requirement("CP-ECS-3")
def test_cp_ecs_3_backend_task() -> None:
    of = portal()
    check_task(of, "backend", "512", "1024", 3000)
    assert environment(of, "backend")["NODE_ENV"] == "production"
    assert re.fullmatch(r"public\.ecr\.aws/docker/library/node:[\w.-]+", container(of, "backend")["Image"])
    node, flag, script = container(of, "backend")["Command"]
    assert (node, flag) == ("node", "-e")
    # A server that sets no status answers 200.
    assert re.fullmatch(r"require\('http'\)\.createServer\(\(req, res\) => res\.end\('OK'\)\)\.listen\(3000\)", script)

    other = container(portal(BackendImage="registry/api:7"), "backend")
    assert other["Image"] == "registry/api:7"
    assert "Command" not in other, "the placeholder's command replaces the one of a real image"


@requirement("CP-ECS-4")
@pytest.mark.parametrize("name", SERVICES)
def test_cp_ecs_4_logs(name: str) -> None:
    of = portal()
    log = container(of, name)["LogConfiguration"]
    assert log["LogDriver"] == "awslogs"
    assert log["Options"]["awslogs-stream-prefix"] == name
    assert log["Options"]["awslogs-region"] == "${AWS::Region}"
    group = of.at(log["Options"]["awslogs-group"])
    assert group.type == "AWS::Logs::LogGroup"
    assert group["RetentionInDays"] == 7
    (other,) = {*SERVICES} - {name}
    assert log["Options"]["awslogs-group"] != container(of, other)["LogConfiguration"]["Options"]["awslogs-group"]
    writer = of.at(task(of, name)["ExecutionRoleArn"], "Arn")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        assert (action, Reference(group.logical_id, "Arn")) in granted(of, writer)


@requirement("CP-ECS-5")
@pytest.mark.parametrize("name", SERVICES)
def test_cp_ecs_5_services(name: str) -> None:
    of = portal()
    it = service(of, name)
    # Decision: no desired count, for auto scaling owns it and each update would reset it.
    assert it["DesiredCount"] is None
    network = it["NetworkConfiguration.AwsvpcConfiguration"]
    assert network["Subnets"] == refs(subnets(of, "private"))
    assert network["AssignPublicIp"] == "DISABLED"
    group = own_group(of, name)
    sharing = [
        r.logical_id
        for r in of.resources.values()
        if not r.type.startswith("AWS::EC2::SecurityGroup") and group.logical_id in r.waits_for
    ]
    assert sharing == [it.logical_id]

    assert it["LaunchType"] is None
    assert it["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Base": 1, "Weight": 1}]
    mixed = service(portal(OnDemandTasks="2"), name)["CapacityProviderStrategy"]
    assert mixed == [
        {"CapacityProvider": "FARGATE", "Base": "2", "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 4},
    ]
    capacity = of.one("AWS::ECS::ClusterCapacityProviderAssociations", Cluster=it["Cluster"])
    assert capacity["CapacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert capacity.logical_id in it.depends_on
    assert it["DeploymentConfiguration.DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


@requirement("CP-ECS-5")
@pytest.mark.parametrize("name", SERVICES)
def test_cp_ecs_5_services_start_when_all_is_there(name: str) -> None:
    of = portal()
    ways_out = {route.logical_id for subnet in subnets(of, "private") for route in routes(of, subnet)}
    (rule,) = (
        r
        for r in of.of("AWS::ElasticLoadBalancingV2::ListenerRule")
        if r["Actions.0.TargetGroupArn"] == service(of, name)["LoadBalancers.0.TargetGroupArn"]
    )
    assert ways_out | {rule.logical_id} <= {*service(of, name).depends_on}


@requirement("CP-ECS-6")
@pytest.mark.parametrize("name", SERVICES)
def test_cp_ecs_6_scaling(name: str) -> None:
    of = portal()
    it = service(of, name)
    resource = f"service/{it['Cluster']}/{Reference(it.logical_id, 'Name')}"
    target = of.one("AWS::ApplicationAutoScaling::ScalableTarget", ResourceId=resource)
    assert (target["ServiceNamespace"], target["ScalableDimension"]) == ("ecs", "ecs:service:DesiredCount")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 10)
    policy = of.one("AWS::ApplicationAutoScaling::ScalingPolicy", ScalingTargetId=Reference(target.logical_id))
    assert policy["PolicyType"] == "TargetTrackingScaling"
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 70,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleInCooldown": 60,
        "ScaleOutCooldown": 60,
    }


@requirement("CP-ECS-7")
def test_cp_ecs_7_execution_role() -> None:
    of = portal()
    role = of.one("AWS::IAM::Role", RoleName=f"ecs-task-execution-role-{S}")
    assert {task(of, name)["ExecutionRoleArn"] for name in SERVICES} == {Reference(role.logical_id, "Arn")}
    assert trusted(role) == {"ecs-tasks.amazonaws.com"}
    actions = {action for action, _ in granted(of, role)}
    assert actions == {
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
    }
    assert not role["ManagedPolicyArns"]
    # It fetches what ECS injects into the backend.
    assert ("secretsmanager:GetSecretValue", Reference(secret(of).logical_id)) in granted(of, role)


@requirement("CP-ECS-7")
def test_cp_ecs_7_backend_task_role() -> None:
    of = portal()
    role = of.at(task(of, "backend")["TaskRoleArn"], "Arn")
    assert trusted(role) == {"ecs-tasks.amazonaws.com"}
    assert not role["ManagedPolicyArns"]
    assert all(statement["Effect"] == "Allow" for statement in statements(of, role))
    table = Reference(sessions(of).logical_id, "Arn")
    read = {"GetItem", "BatchGetItem", "Query", "ConditionCheckItem", "DescribeTable"}
    write = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}
    allowed: set[tuple[str, Any]] = {("secretsmanager:GetSecretValue", Reference(secret(of).logical_id))}
    for action in read | write:
        allowed |= {(f"dynamodb:{action}", table), (f"dynamodb:{action}", f"{table}/index/*")}
    assert granted(of, role) == allowed


@requirement("CP-ECS-7")
def test_cp_ecs_7_frontend_may_nothing() -> None:
    assert task(portal(), "frontend")["TaskRoleArn"] is None


# ── Database ──


@requirement("CP-DB-1")
def test_cp_db_1_cluster() -> None:
    of = portal()
    it = database(of)
    assert it["Engine"] == "aurora-postgresql"
    assert it["DatabaseName"] == "customerportal"
    # Decision: the newest minor version of 15, and a choice of others.
    assert it["EngineVersion"] == "15.19"
    versions = of.body["Parameters"]["DatabaseEngineVersion"]["AllowedValues"]
    assert {version.split(".")[0] for version in versions} == {"15"}
    settings = of.at(it["DBClusterParameterGroupName"])
    assert settings["Family"] == "aurora-postgresql15"
    assert settings["Parameters"] == {"rds.force_ssl": "1"}
    assert of.at(it["DBSubnetGroupName"])["SubnetIds"] == refs(subnets(of, "isolated"))


@requirement("CP-DB-1")
def test_cp_db_1_instances() -> None:
    of = portal()
    instances = of.of("AWS::RDS::DBInstance")
    assert len(instances) == 3
    for it in instances:
        assert it["DBClusterIdentifier"] == Reference(database(of).logical_id)
        assert it["DBInstanceClass"] == "db.t3.medium"
        assert it["Engine"] == "aurora-postgresql"
        assert it["PubliclyAccessible"] is False
    # The first instance of a cluster is its writer; the others wait for it.
    writer, *readers = sorted(instances, key=lambda it: int(it["PromotionTier"]))
    assert [it["PromotionTier"] for it in (writer, *readers)] == [0, 1, 2]
    assert not writer.depends_on
    assert [it.depends_on for it in readers] == [(writer.logical_id,)] * 2


@requirement("CP-DB-2")
def test_cp_db_2_encrypted_and_deletable() -> None:
    of = portal()
    it = database(of)
    assert it["StorageEncrypted"] is True
    assert it["BackupRetentionPeriod"] == 1
    assert it["DeletionProtection"] is False
    for each in (it, *of.of("AWS::RDS::DBInstance")):
        assert each.deletion == ("Delete", "Delete"), each.logical_id


@requirement("CP-DB-3")
def test_cp_db_3_secret() -> None:
    of = portal()
    generated = secret(of)["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"username": "dbadmin"}
    assert generated["GenerateStringKey"] == "password"
    assert generated["PasswordLength"] == 32
    assert set(generated["ExcludeCharacters"]) == set('"@/\\')
    attachment = of.one("AWS::SecretsManager::SecretTargetAttachment")
    assert attachment["SecretId"] == Reference(secret(of).logical_id)
    assert attachment["TargetId"] == Reference(database(of).logical_id)
    assert attachment["TargetType"] == "AWS::RDS::DBCluster"
    here = Reference(secret(of).logical_id)
    assert database(of)["MasterUsername"] == f"{{{{resolve:secretsmanager:{here}:SecretString:username}}}}"
    assert database(of)["MasterUserPassword"] == f"{{{{resolve:secretsmanager:{here}:SecretString:password}}}}"


@requirement("CP-DB-3")
def test_cp_db_3_backend_gets_the_credentials() -> None:
    # Decision: the address as plain values, user and password from the secret's keys, and the secret's ARN.
    of = portal()
    here = Reference(secret(of).logical_id)
    values = environment(of, "backend")
    assert values["DB_HOST"] == Reference(database(of).logical_id, "Endpoint.Address")
    assert values["DB_PORT"] == Reference(database(of).logical_id, "Endpoint.Port")
    assert values["DB_NAME"] == database(of)["DatabaseName"]
    assert values["DB_SECRET_ARN"] == here
    assert container(of, "backend")["Secrets"] == [
        {"Name": "DB_USER", "ValueFrom": f"{here}:username::"},
        {"Name": "DB_PASSWORD", "ValueFrom": f"{here}:password::"},
    ]
    assert of.one("AWS::SecretsManager::SecretTargetAttachment").logical_id in service(of, "backend").depends_on
    assert "Secrets" not in container(of, "frontend")


@requirement("CP-DB-4")
def test_cp_db_4_security_group() -> None:
    of = portal()
    group = of.one("AWS::EC2::SecurityGroup", GroupName=f"database-sg-{S}")
    assert database(of)["VpcSecurityGroupIds"] == [Reference(group.logical_id, "GroupId")]
    assert database(of)["Port"] == 5432
    backend = own_group(of, "backend")
    assert ingress(of, group) == [tcp(5432, backend.logical_id)]
    assert egress(of, group) == []
    assert tcp(5432, group.logical_id) in egress(of, backend)


# ── Sessions ──


@requirement("CP-SES-1")
def test_cp_ses_1_table() -> None:
    table = sessions(portal())
    assert table["KeySchema"] == [
        {"AttributeName": "sessionId", "KeyType": "HASH"},
        {"AttributeName": "userId", "KeyType": "RANGE"},
    ]
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    assert (types["sessionId"], types["userId"]) == ("S", "S")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


@requirement("CP-SES-2")
def test_cp_ses_2_indexes() -> None:
    table = sessions(portal())
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    indexes = {
        index["IndexName"]: [
            (key["AttributeName"], types[key["AttributeName"]], key["KeyType"]) for key in index["KeySchema"]
        ]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert indexes == {
        "UserIdIndex": [("userId", "S", "HASH"), ("createdAt", "N", "RANGE")],
        "ActiveSessionsIndex": [("status", "S", "HASH"), ("lastAccessedAt", "N", "RANGE")],
    }
    assert all(index["Projection"] == {"ProjectionType": "ALL"} for index in table["GlobalSecondaryIndexes"])
    assert environment(portal(), "backend")["SESSIONS_TABLE"] == Reference(table.logical_id)
