"""Media streaming's requirements, one by one, in the emitted template: configuration, database, roles.

"Decision" in a comment: where the system departs from the words of its brief, and how.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.requirements.media import (
    HTTPS,
    POSTGRES,
    SERVICES,
    S,
    container,
    database,
    media,
    secret,
    service,
)
from tests.requirements.parts import environment, injected, log_group, role, task
from tests.requirements.relations import granted, refs, subnets, trusted
from tests.requirements.template import Reference, Stack, walk

requirement = pytest.mark.requirement
each_service = pytest.mark.parametrize("name", SERVICES)


# ── Configuration ──


@requirement("MS-CFG-1")
def test_ms_cfg_1_settings_in_parameter_store() -> None:
    of = media(LogLevelSetting="debug")
    settings = {it["Name"]: it for it in of.of("AWS::SSM::Parameter")}
    assert {name: it["Value"] for name, it in settings.items()} == {
        f"/media-streaming/{S}/log-level": "debug",
        f"/media-streaming/{S}/max-bitrate": "8000",
    }
    assert {it["Type"] for it in settings.values()} == {"String"}
    for name in SERVICES:
        read = {arn for variable, arn in injected(container(of, name)).items() if not variable.startswith("DB_")}
        assert read == parameter_arns(of)
        assert {"LOG_LEVEL", "MAX_BITRATE_KBPS"} <= injected(container(of, name)).keys()


# ── Database ──


@requirement("MS-DB-1")
def test_ms_db_1_cluster() -> None:
    of = media()
    it = database(of)
    assert it["Engine"] == "aurora-postgresql"
    # Decision: no version named, so the newest minor of 16, and a choice of others.
    assert it["EngineVersion"] == "16.15"
    versions = of.body["Parameters"]["DatabaseEngineVersion"]["AllowedValues"]
    assert {version.split(".")[0] for version in versions} == {"16"}
    assert it["DatabaseName"] == "media"
    assert it["Port"] == POSTGRES
    assert it["StorageEncrypted"] is True
    assert it["BackupRetentionPeriod"] == 7
    # Decision: six subnets only, so the private ones.
    assert of.at(it["DBSubnetGroupName"])["SubnetIds"] == refs(subnets(of, "private"))
    settings = of.at(it["DBClusterParameterGroupName"])
    assert (settings["Family"], settings["Parameters"]) == ("aurora-postgresql16", {"rds.force_ssl": "1"})


@requirement("MS-DB-1")
def test_ms_db_1_one_writer_and_one_reader() -> None:
    of = media()
    writer, reader = sorted(of.of("AWS::RDS::DBInstance"), key=lambda it: int(it["PromotionTier"]))
    for it in (writer, reader):
        assert it["DBClusterIdentifier"] == Reference(database(of).logical_id)
        assert it["Engine"] == "aurora-postgresql"
        assert it["DBInstanceClass"] == "db.t4g.medium"
        assert it["PubliclyAccessible"] is False
    # The first instance of a cluster is its writer; the other waits for it.
    assert not writer.depends_on
    assert reader.depends_on == (writer.logical_id,)


@requirement("MS-DB-2")
def test_ms_db_2_secret_that_rotates_by_itself() -> None:
    # Decision: RDS keeps the secret, and rotates it every seven days: no function, no schedule.
    of = media()
    it = database(of)
    assert it["ManageMasterUserPassword"] is True
    assert it["MasterUserPassword"] is None
    assert not [r for r in of.resources.values() if r.type.startswith("AWS::SecretsManager::")]


@requirement("MS-DB-2")
def test_ms_db_2_backend_gets_the_credentials() -> None:
    # Decision: the address as plain values, user and password from the secret's keys, and the secret's ARN, so that
    # the application can read again after a rotation.
    of = media()
    back, front = container(of, "backend"), container(of, "frontend")
    here = database(of).logical_id
    assert environment(back) == {
        "ENVIRONMENT": S,
        "DB_HOST": Reference(here, "Endpoint.Address"),
        "DB_PORT": Reference(here, "Endpoint.Port"),
        "DB_NAME": "media",
        "DB_SECRET_ARN": secret(of),
    }
    assert injected(back).items() >= {
        ("DB_USER", f"{secret(of)}:username::"),
        ("DB_PASSWORD", f"{secret(of)}:password::"),
    }
    assert not [name for name in environment(front) | injected(front) if name.startswith("DB_")]


# ── Roles ──


def parameter_arns(of: Stack) -> set[str]:
    here = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"
    return {f"{here}{Reference(it.logical_id)}" for it in of.of("AWS::SSM::Parameter")}


@requirement("MS-IAM-1")
def test_ms_iam_1_execution_role() -> None:
    of = media()
    it = of.one("AWS::IAM::Role", RoleName=f"media-task-execution-role-{S}")
    assert {task(of, service(of, name))["ExecutionRoleArn"] for name in SERVICES} == {Reference(it.logical_id, "Arn")}
    assert trusted(it) == {"ecs-tasks.amazonaws.com"}
    assert not it["ManagedPolicyArns"]
    allowed: set[tuple[str, Any]] = {("ecr:GetAuthorizationToken", "*"), ("secretsmanager:GetSecretValue", secret(of))}
    for repository in of.of("AWS::ECR::Repository"):
        for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"):
            allowed.add((f"ecr:{action}", Reference(repository.logical_id, "Arn")))
    for name in SERVICES:
        for action in ("CreateLogStream", "PutLogEvents"):
            allowed.add((f"logs:{action}", Reference(log_group(of, container(of, name)).logical_id, "Arn")))
    allowed |= {("ssm:GetParameters", arn) for arn in parameter_arns(of)}
    assert granted(of, it) == allowed


@requirement("MS-IAM-1")
@each_service
def test_ms_iam_1_task_roles(name: str) -> None:
    of = media()
    it = role(of, task(of, service(of, name))["TaskRoleArn"])
    assert trusted(it) == {"ecs-tasks.amazonaws.com"}
    assert not it["ManagedPolicyArns"]
    here = f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/media-streaming/{S}"
    verbs = ("GetParameter", "GetParameters", "GetParametersByPath")
    # By path, the path itself is what is asked for.
    allowed: set[tuple[str, Any]] = {(f"ssm:{verb}", f"{here}{rest}") for verb in verbs for rest in ("", "/*")}
    if name == "backend":
        # Its way to the database is this secret and its security group's rule.
        allowed.add(("secretsmanager:GetSecretValue", secret(of)))
    assert granted(of, it) == allowed


@requirement("MS-IAM-1")
def test_ms_iam_1_every_role_is_one_of_these() -> None:
    of = media()
    # Decision: scaling has the role that Application Auto Scaling makes for ECS in every account; it takes no other
    # (RegisterScalableTarget, RoleARN).
    assert [it["RoleARN"] for it in of.of("AWS::ApplicationAutoScaling::ScalableTarget")] == [None, None]
    trust = sorted((sorted(trusted(it)), it.logical_id) for it in of.of("AWS::IAM::Role"))
    assert trust == [
        (["apigateway.amazonaws.com"], "ApiLogsRole"),
        (["ecs-tasks.amazonaws.com"], "BackendTaskRole"),
        (["ecs-tasks.amazonaws.com"], "FrontendTaskRole"),
        (["ecs-tasks.amazonaws.com"], "TaskExecutionRole"),
        (["ecs.amazonaws.com"], "BackendRolloutRole"),
        (["ecs.amazonaws.com"], "FrontendRolloutRole"),
        (["lambda.amazonaws.com"], "DefaultGroupCloserRole"),
        (["lambda.amazonaws.com"], "PageWriterRole"),
        (["vpc-flow-logs.amazonaws.com"], "FlowLogRole"),
    ]
    assert not of.of("AWS::IAM::User")
    assert not of.of("AWS::IAM::AccessKey")


@requirement("MS-IAM-1")
def test_ms_iam_1_no_literal_credentials() -> None:
    of = media(**HTTPS)
    for it in of.resources.values():
        for value in walk(it.properties):
            if isinstance(value, dict):
                keys = {key for key in value if re.search(r"(?i)password|secret|token", str(key))}
                assert not {key for key in keys if isinstance(value[key], str)}, it.logical_id
            assert not (isinstance(value, str) and re.search(r"AKIA[0-9A-Z]{16}|-----BEGIN", value)), it.logical_id
    # Nor a parameter through which one would be typed in.
    assert not [name for name, entry in of.body["Parameters"].items() if entry.get("NoEcho") or "Password" in name]
    for name in SERVICES:
        assert not [key for key in environment(container(of, name)) if re.search("PASSWORD|USER|TOKEN|KEY", key)]
