"""Payments' requirements, one by one, in the emitted template: database, key.

"Decision" in a comment: where the system departs from the words of its row, and how.
"""

from __future__ import annotations

import pytest

from tests.requirements.parts import attributes, container, environment, injected, role
from tests.requirements.payments import (
    PLACES,
    S,
    balancer,
    database,
    key,
    payments,
    secret,
    service,
)
from tests.requirements.relations import refs, subnets, trusted
from tests.requirements.template import Reference

requirement = pytest.mark.requirement
each_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)


# ── Database ──


@requirement("PP-DB-1")
def test_pp_db_1_cluster() -> None:
    of = payments()
    it = database(of)
    assert it["Engine"] == "aurora-postgresql"
    # Decision: the newest minor version of 15.
    assert it["EngineVersion"] == "15.19"
    versions = of.body["Parameters"]["DatabaseEngineVersion"]["AllowedValues"]
    assert {version.split(".")[0] for version in versions} == {"15"}
    settings = of.at(it["DBClusterParameterGroupName"])
    assert settings["Family"] == "aurora-postgresql15"
    # Decision: TLS forced.
    assert settings["Parameters"]["rds.force_ssl"] == "1"
    assert of.at(it["DBSubnetGroupName"])["SubnetIds"] == refs(subnets(of, "isolated"))
    assert (it["StorageEncrypted"], it["KmsKeyId"]) == (True, key(of))
    assert it["BackupRetentionPeriod"] == 30
    assert it["PreferredBackupWindow"] == "03:00-04:00"
    assert it["PreferredMaintenanceWindow"] == "sun:04:00-sun:05:00"


@requirement("PP-DB-1")
def test_pp_db_1_writer_and_reader() -> None:
    of = payments()
    writer, reader = sorted(of.of("AWS::RDS::DBInstance"), key=lambda it: int(it["PromotionTier"]))
    for it in (writer, reader):
        assert it["DBClusterIdentifier"] == Reference(database(of).logical_id)
        assert it["Engine"] == "aurora-postgresql"
        assert it["DBInstanceClass"] == "db.r6g.xlarge"
        assert it["PubliclyAccessible"] is False
    # The first instance of a cluster is its writer; the other waits for it.
    assert writer.logical_id in reader.depends_on
    assert reader.logical_id not in writer.depends_on


@requirement("PP-DB-1")
def test_pp_db_1_watched() -> None:
    of = payments()
    it = database(of)
    # Decision: Database Insights' advanced mode keeps 465 days; a month would be a paid tier.
    assert it["DatabaseInsightsMode"] == "advanced"
    assert (it["PerformanceInsightsEnabled"], it["PerformanceInsightsRetentionPeriod"]) == (True, 465)
    assert it["PerformanceInsightsKmsKeyId"] == key(of)
    assert it["MonitoringInterval"] == 60
    reporter = role(of, it["MonitoringRoleArn"])
    assert trusted(reporter) == {"monitoring.rds.amazonaws.com"}
    assert reporter["ManagedPolicyArns"] == [
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    ]
    assert it["EnableCloudwatchLogsExports"] == ["postgresql"]
    # Made before the cluster, which would make it without a limit, or a key.
    group = of.one("AWS::Logs::LogGroup", LogGroupName=f"/aws/rds/cluster/tap-database-{S}/postgresql")
    assert (group["RetentionInDays"], group["KmsKeyId"]) == (30, key(of))
    assert group.logical_id in it.depends_on


@requirement("PP-DB-1")
def test_pp_db_1_protected_and_retained() -> None:
    of = payments()
    it = database(of)
    assert it["DeletionProtection"] is True
    # What a cluster that stays uses could not be deleted.
    kept = (it, of.at(it["DBSubnetGroupName"]), of.at(it["DBClusterParameterGroupName"]))
    assert [each.deletion for each in kept] == [("Retain", "Retain")] * 3


@requirement("PP-DB-2")
def test_pp_db_2_copies_every_six_hours() -> None:
    of = payments()
    plan = of.one("AWS::Backup::BackupPlan")
    (rule,) = plan["BackupPlan.BackupPlanRule"]
    # Decision: six fields of cron, for Backup takes no rates.
    assert rule["ScheduleExpression"] == "cron(0 0/6 * * ? *)"
    assert (rule["StartWindowMinutes"], rule["CompletionWindowMinutes"]) == (60, 120)
    assert rule["Lifecycle"] == {"DeleteAfterDays": 7}
    vault = of.at(rule["TargetBackupVault"])
    assert vault["EncryptionKeyArn"] == key(of)
    assert vault.deletion == ("Retain", "Retain")

    selection = of.one("AWS::Backup::BackupSelection", BackupPlanId=Reference(plan.logical_id))["BackupSelection"]
    assert selection["Resources"] == [Reference(database(of).logical_id, "DBClusterArn")]
    assert not {"ListOfTags", "Conditions"} & selection.keys()
    copier = role(of, selection["IamRoleArn"])
    assert trusted(copier) == {"backup.amazonaws.com"}
    policy = "service-role/AWSBackupServiceRolePolicyForBackup"
    assert f"arn:${{AWS::Partition}}:iam::aws:policy/{policy}" in copier["ManagedPolicyArns"]


@requirement("PP-DB-3")
def test_pp_db_3_secret_made_and_rotated_by_rds() -> None:
    # Decision: RDS makes the secret, with a password that it takes itself, joined to the cluster, and rotates it; no
    # function, no transform.
    of = payments()
    it = database(of)
    assert it["MasterUsername"] == "dbadmin"
    assert it["ManageMasterUserPassword"] is True
    assert it["MasterUserSecret"] == {"KmsKeyId": key(of)}
    assert it["MasterUserPassword"] is None
    assert not [r.logical_id for r in of.resources.values() if r.type.startswith("AWS::SecretsManager::")]
    assert "Transform" not in of.body


@requirement("PP-DB-3")
def test_pp_db_3_backend_gets_the_credentials() -> None:
    of = payments()
    backend = container(of, service(of, "backend"), "backend")
    cluster = database(of).logical_id
    assert environment(backend).items() >= {
        ("DB_HOST", Reference(cluster, "Endpoint.Address")),
        ("DB_PORT", Reference(cluster, "Endpoint.Port")),
        ("DB_NAME", database(of)["DatabaseName"]),
        # The application reads it again when a password is refused: after a rotation.
        ("DB_SECRET_ARN", secret(of)),
    }
    assert injected(backend) == {"DB_USER": f"{secret(of)}:username::", "DB_PASSWORD": f"{secret(of)}:password::"}
    frontend = container(of, service(of, "frontend"), "frontend")
    assert not [name for name in environment(frontend) | injected(frontend) if name.startswith("DB_")]


@requirement("PP-DB-3")
def test_pp_db_3_backend_starts_when_the_database_answers() -> None:
    """A cluster without an instance answers nobody; tasks that cannot log in would be rolled back."""
    of = payments()
    writer = min(of.of("AWS::RDS::DBInstance"), key=lambda it: int(it["PromotionTier"]))
    assert writer.logical_id in service(of, "backend").depends_on


# ── Key ──


NOT_CUSTOMERS = {"DefaultGroupCloserLogGroup": "what a function of the deployment reports"}
"""Log groups without customer data, which need neither the customer key nor to outlive the stack."""


@requirement("PP-KMS-1")
def test_pp_kms_1_key() -> None:
    of = payments()
    it = of.one("AWS::KMS::Key")
    assert it["EnableKeyRotation"] is True
    assert it["Enabled"] in {None, True}
    assert it.deletion == ("Retain", "Retain")
    alias = of.one("AWS::KMS::Alias")
    assert (alias["AliasName"], alias["TargetKeyId"]) == (f"alias/payments-key-{S}", Reference(it.logical_id))


@requirement("PP-KMS-1")
def test_pp_kms_1_what_it_encrypts() -> None:
    of = payments()
    it = database(of)
    # By ARN: log groups refuse the id.
    assert it["KmsKeyId"] == it["PerformanceInsightsKmsKeyId"] == it["MasterUserSecret.KmsKeyId"] == key(of)
    assert of.one("AWS::SNS::Topic")["KmsMasterKeyId"] == key(of)
    groups = [group for group in of.of("AWS::Logs::LogGroup") if group.logical_id not in NOT_CUSTOMERS]
    assert len(groups) == 5
    for group in groups:
        assert group["KmsKeyId"] == key(of), group.logical_id


@requirement("PP-KMS-1")
def test_pp_kms_1_lets_the_services_in() -> None:
    """RDS and its Insights, Secrets Manager and Backup come through the principal that calls them, whom the account's
    own statement admits (KMS developer guide, "Grants"); logs and alarms come by themselves."""
    of = payments()
    arn = "arn:${AWS::Partition}"
    account, here = "${AWS::AccountId}", "${AWS::Region}:${AWS::AccountId}"
    found = {}
    for statement in of.one("AWS::KMS::Key")["KeyPolicy.Statement"]:
        assert (statement["Effect"], statement["Resource"]) == ("Allow", ["*"])
        ((kind, who),) = statement["Principal"].items()
        found[kind, who] = ({*statement["Action"]}, statement.get("Condition"))
    assert found == {
        ("AWS", f"{arn}:iam::{account}:root"): ({"kms:*"}, None),
        ("Service", "logs.${AWS::Region}.amazonaws.com"): (
            {
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:DescribeKey",
            },
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{arn}:logs:{here}:log-group:*"}},
        ),
        ("Service", "cloudwatch.amazonaws.com"): (
            {"kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"},
            {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"{arn}:cloudwatch:{here}:alarm:*"},
            },
        ),
    }


DATA = {"AWS::Backup::BackupVault", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::RDS::DBCluster", "AWS::S3::Bucket"}
"""What holds data in this system. An Aurora instance holds none: the cluster does."""


@requirement("PP-KMS-1")
@each_place
def test_pp_kms_1_what_it_encrypts_stays_with_it(place: dict[str, str]) -> None:
    """Nothing that holds data goes with the stack, nor when it is replaced; and no data without its key."""
    of = payments(**place)
    kept = [it for it in of.resources.values() if it.type in DATA and it.logical_id not in NOT_CUSTOMERS]
    assert {it.type for it in kept} == DATA
    assert [it.logical_id for it in kept if it.deletion != ("Retain", "Retain")] == []
    assert not of.of("Custom::EmptiedBucket")
    assert attributes(balancer(of), "LoadBalancerAttributes")["deletion_protection.enabled"] == "true"
