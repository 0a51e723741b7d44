"""The shop's requirements, one by one, in the emitted template: database, its credentials, the customer key.

"Decision" in a comment: where the shop departs from the words of its brief, and how.
"""

from __future__ import annotations

import json

import pytest

from tests.requirements.ecommerce import (
    ABROAD,
    PIPELINE,
    POSTGRES,
    S,
    bucket,
    database,
    database_group,
    decrypts,
    every_shop,
    function,
    helpers,
    key,
    reads_the_secret,
    repository,
    secret,
    service,
    shop,
    topic,
)
from tests.requirements.parts import container, environment, task
from tests.requirements.relations import ANYWHERE, egress, ingress, refs, routes, subnets, tcp
from tests.requirements.template import Reference, Resource, Stack, load

requirement = pytest.mark.requirement


# ── Database ──


@requirement("EC-DB-1")
def test_ec_db_1_cluster() -> None:
    of = shop()
    it = database(of)
    assert it["Engine"] == "aurora-postgresql"
    # Decision: the newest minor version of 15, and a choice of others.
    assert it["EngineVersion"] == "15.19"
    versions = of.body["Parameters"]["DatabaseEngineVersion"]["AllowedValues"]
    assert {version.split(".")[0] for version in versions} == {"15"}
    assert it["DatabaseName"] == "ecommerce"
    assert it["Port"] == POSTGRES
    assert it["StorageEncrypted"] is True
    # Decision: the customer key, not AWS's own.
    assert it["KmsKeyId"] == key(of)
    assert it["BackupRetentionPeriod"] == 7
    assert it["PreferredBackupWindow"] == "03:00-04:00"
    assert it["PreferredMaintenanceWindow"] == "sun:04:00-sun:05:00"
    settings = of.at(it["DBClusterParameterGroupName"])
    assert (settings["Family"], settings["Parameters"]) == ("aurora-postgresql15", {"rds.force_ssl": "1"})


@requirement("EC-DB-1")
def test_ec_db_1_capacity_and_pause() -> None:
    # Decision: it pauses only with a minimum of 0, which the brief's 0.5 contradicts; all three are parameters.
    assert database(shop())["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": "0",
        "MaxCapacity": "1",
        "SecondsUntilAutoPause": "300",
    }
    awake = {"DatabaseMinCapacity": "0.5", "DatabaseMaxCapacity": "2"}
    assert database(shop(**awake))["ServerlessV2ScalingConfiguration"] == {"MinCapacity": "0.5", "MaxCapacity": "2"}
    parameters = shop().body["Parameters"]
    pause = parameters["DatabasePauseSeconds"]
    assert (pause["MinValue"], pause["MaxValue"]) == (300, 86_400)
    assert max(map(float, parameters["DatabaseMaxCapacity"]["AllowedValues"])) == 256
    assert min(map(float, parameters["DatabaseMaxCapacity"]["AllowedValues"])) == 1
    # What would keep it awake: a health check that asks it.
    assert "without asking the database" in parameters["AppImageTag"]["Description"]


@requirement("EC-DB-1")
def test_ec_db_1_writer_and_reader() -> None:
    of = shop()
    instances = of.of("AWS::RDS::DBInstance")
    assert len(instances) == 2
    for it in instances:
        assert it["DBClusterIdentifier"] == Reference(database(of).logical_id)
        assert (it["DBInstanceClass"], it["Engine"]) == ("db.serverless", "aurora-postgresql")
        assert it["PubliclyAccessible"] is False
    # The first instance of a cluster is its writer; the reader waits for it.
    writer, reader = sorted(instances, key=lambda it: int(it["PromotionTier"]))
    assert (writer["PromotionTier"], reader["PromotionTier"]) == (0, 1)
    assert not writer.depends_on
    assert reader.depends_on == (writer.logical_id,)


@requirement("EC-DB-1")
def test_ec_db_1_private_only() -> None:
    of = shop()
    group = database_group(of)
    assert database(of)["VpcSecurityGroupIds"] == [Reference(group.logical_id, "GroupId")]
    entering = {"AppSecurityGroup", "FunctionSecurityGroup", "RotationSecurityGroup"}
    assert {(rule.protocol, rule.first, rule.last) for rule in ingress(of, group)} == {("tcp", POSTGRES, POSTGRES)}
    assert {rule.peer for rule in ingress(of, group)} == entering
    assert egress(of, group) == []
    for name in entering:
        assert tcp(POSTGRES, group.logical_id) in egress(of, of.resources[name])


@requirement("EC-DB-2")
def test_ec_db_2_secret() -> None:
    of = shop()
    generated = secret(of)["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"username": "dbadmin"}
    assert generated["GenerateStringKey"] == "password"
    assert generated["PasswordLength"] == 32
    assert set("@/\"' \\") <= set(generated["ExcludeCharacters"]), "Aurora refuses these"
    here = Reference(secret(of).logical_id)
    assert database(of)["MasterUsername"] == f"{{{{resolve:secretsmanager:{here}:SecretString:username}}}}"
    assert database(of)["MasterUserPassword"] == f"{{{{resolve:secretsmanager:{here}:SecretString:password}}}}"
    attachment = of.one("AWS::SecretsManager::SecretTargetAttachment", SecretId=here)
    assert attachment["TargetId"] == Reference(database(of).logical_id)
    assert attachment["TargetType"] == "AWS::RDS::DBCluster"


@requirement("EC-DB-2")
def test_ec_db_2_tasks_get_the_credentials() -> None:
    # Decision: the address as plain values, user and password from the secret's keys, and the secret's ARN.
    of = shop()
    here = Reference(secret(of).logical_id)
    it = container(of, service(of), "app")
    values = environment(it)
    assert values["DB_HOST"] == Reference(database(of).logical_id, "Endpoint.Address")
    assert values["DB_PORT"] == Reference(database(of).logical_id, "Endpoint.Port")
    assert values["DB_NAME"] == database(of)["DatabaseName"]
    assert values["DB_SECRET_ARN"] == here
    assert it["Secrets"] == [
        {"Name": "DB_USER", "ValueFrom": f"{here}:username::"},
        {"Name": "DB_PASSWORD", "ValueFrom": f"{here}:password::"},
    ]
    # So that the application can read it again after a rotation.
    assert reads_the_secret(of, of.at(task(of, service(of))["TaskRoleArn"], "Arn"))


def rotation(of: Stack) -> Resource:
    return of.one("AWS::SecretsManager::RotationSchedule", SecretId=Reference(secret(of).logical_id))


@requirement("EC-DB-2")
def test_ec_db_2_rotated_every_thirty_days() -> None:
    # Decision: by a function that a transform of AWS's makes.
    of = shop()
    it = rotation(of)
    assert it["RotationRules"] == {"AutomaticallyAfterDays": 30}
    # Not at once: the tasks would have started with a password that is no more.
    assert it["RotateImmediatelyOnUpdate"] is False
    hosted = it["HostedRotationLambda"]
    assert hosted["RotationType"] == "PostgreSQLSingleUser"
    assert hosted["ExcludeCharacters"] == secret(of)["GenerateSecretString.ExcludeCharacters"]
    assert hosted["KmsKeyArn"] == key(of)
    # Not with this transform (CloudFormation, HostedRotationLambda: Runtime).
    assert "Runtime" not in hosted


@requirement("EC-DB-2")
def test_ec_db_2_functions_name_fits() -> None:
    longest = int(load("ecommerce/stack.json")["Parameters"]["EnvironmentSuffix"]["MaxLength"])
    hosted = rotation(shop())["HostedRotationLambda"]
    assert hosted["RotationLambdaName"] == f"ecommerce-rotation-{S}"
    assert len(hosted["RotationLambdaName"]) - len(S) + longest <= 64


@requirement("EC-DB-2")
@pytest.mark.parametrize("file", ["stack", "tiers/08-rotation", "nested/rotation"])
def test_ec_db_2_transform_wherever_the_schedule_is(file: str) -> None:
    body = load(f"ecommerce/{file}.json")
    assert "AWS::SecretsManager-2024-09-16" in body["Transform"]
    assert "AWS::SecretsManager::RotationSchedule" in {each["Type"] for each in body["Resources"].values()}
    assert "CAPABILITY_AUTO_EXPAND" in body["Metadata"]["Template"]["Capabilities"]
    # In their order: deletion policies are decided before the other reads the template.
    assert body["Transform"][0] == "AWS::LanguageExtensions"


@requirement("EC-DB-2")
def test_ec_db_2_function_reaches_database_and_secrets_manager() -> None:
    of = shop()
    hosted = rotation(of)["HostedRotationLambda"]
    group = of.at(hosted["VpcSecurityGroupIds"], "GroupId")
    assert egress(of, group) == [tcp(443, ANYWHERE), tcp(POSTGRES, database_group(of).logical_id)]
    assert ingress(of, group) == []
    assert tcp(POSTGRES, group.logical_id) in ingress(of, database_group(of))
    assert hosted["VpcSubnetIds"] == ",".join(map(str, refs(subnets(of, "private"))))
    shared = [r.logical_id for r in of.resources.values() if group.logical_id in r.waits_for and "Lambda" in r.type]
    assert not shared, "a group of its own"


@requirement("EC-DB-2")
def test_ec_db_2_rotation_comes_after_all_that_it_needs() -> None:
    """The function is tried out when the schedule is made: it needs the secret in its final form, and the ways."""
    of = shop()
    it = rotation(of)
    attachment = of.one("AWS::SecretsManager::SecretTargetAttachment")
    writer = of.one("AWS::RDS::DBInstance", PromotionTier=0)
    group = it["HostedRotationLambda.VpcSecurityGroupIds"]
    ways = {
        rule.logical_id
        for kind in ("Ingress", "Egress")
        for rule in of.of(f"AWS::EC2::SecurityGroup{kind}")
        if group in (rule["GroupId"], rule["SourceSecurityGroupId"])
    }
    assert len(ways) == 2
    ways |= {route.logical_id for subnet in subnets(of, "private") for route in routes(of, subnet)}
    assert {attachment.logical_id, writer.logical_id} | ways <= {*it.depends_on}


# ── The key ──


@requirement("EC-KMS-1")
def test_ec_kms_1_key() -> None:
    of = shop()
    it = of.one("AWS::KMS::Key")
    assert it["EnableKeyRotation"] is True
    alias = of.one("AWS::KMS::Alias", TargetKeyId=Reference(it.logical_id))
    assert alias["AliasName"] == f"alias/ecommerce-master-key-{S}"


@requirement("EC-KMS-1")
@pytest.mark.parametrize("parameters", [{}, ABROAD, PIPELINE], ids=["home", "abroad", "pipeline"])
def test_ec_kms_1_exactly_these_may_use_it(parameters: dict[str, str]) -> None:
    # Decision: RDS, Secrets Manager, ECR and S3 use it through who calls them, whom the account's statement admits.
    of = shop(**parameters)
    account = "${AWS::AccountId}"
    encrypt = {"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"}
    data_keys = {"kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"}
    found = {}
    for statement in of.one("AWS::KMS::Key")["KeyPolicy.Statement"]:
        assert (statement["Effect"], statement["Resource"]) == ("Allow", ["*"])
        ((kind, who),) = statement["Principal"].items()
        assert who not in found
        found[who] = (kind, {*statement["Action"]}, statement.get("Condition"))
    assert found == {
        f"arn:${{AWS::Partition}}:iam::{account}:root": ("AWS", {"kms:*"}, None),
        "logs.${AWS::Region}.amazonaws.com": (
            "Service",
            encrypt | data_keys,
            {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": "arn:${AWS::Partition}:logs:${AWS::Region}:"
                    f"{account}:log-group:*"
                }
            },
        ),
        "cloudwatch.amazonaws.com": (
            "Service",
            {"kms:Decrypt"} | data_keys,
            {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:{account}:alarm:*"},
            },
        ),
        "cloudfront.amazonaws.com": (
            "Service",
            {"kms:Decrypt"},
            # All of the account's: with this one alone, key, bucket and distribution would need each other.
            {"StringLike": {"aws:SourceArn": f"arn:${{AWS::Partition}}:cloudfront::{account}:distribution/*"}},
        ),
    }


@requirement("EC-KMS-1")
def test_ec_kms_1_what_it_encrypts() -> None:
    for of in every_shop():
        here = key(of)
        assert database(of)["KmsKeyId"] == secret(of)["KmsKeyId"] == topic(of)["KmsMasterKeyId"] == here
        assert repository(of)["EncryptionConfiguration.KmsKey"] == here
        assert function(of)["KmsKeyArn"] == here
        assert decrypts(of, of.at(function(of)["Role"], "Arn"), "lambda")
        for it in of.of("AWS::S3::Bucket"):
            (rule,) = it["BucketEncryption.ServerSideEncryptionConfiguration"]
            # Decision: not the logs' bucket, which a load balancer could not write to.
            logs = it is bucket(of, "logs")
            own = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": here}
            assert rule["ServerSideEncryptionByDefault"] == ({"SSEAlgorithm": "AES256"} if logs else own)
        for group in of.of("AWS::Logs::LogGroup"):
            # The functions behind custom resources write no customer's data. The ARN: the id alone is refused.
            assert group["KmsKeyId"] == (None if group.logical_id in helpers(of) else here), group.logical_id
