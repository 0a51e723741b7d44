"""The shop's requirements, one by one, in the emitted template: configuration, tags, deletion, outputs, pipeline, load.

"Decision" in a comment: where the shop departs from the words of its brief, and how.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest

from tap.deploy.parameters import check
from tests import load as scenario
from tests.requirements.ecommerce import (
    DISPOSABLE,
    KINDS,
    PIPELINE,
    S,
    api,
    balancer,
    bucket,
    check_private,
    cluster,
    database,
    distribution,
    every_shop,
    function,
    helpers,
    key,
    method,
    repository,
    secret,
    service,
    shop,
    stage,
    target_group,
    topic,
)
from tests.requirements.house import FILES, LIMITS, refused, takes_tags
from tests.requirements.parts import attributes, check_emptied, task
from tests.requirements.relations import granted, statements, trusted
from tests.requirements.template import OUT, Reference, Resource, Stack, load, walk

requirement = pytest.mark.requirement
each_disposable = pytest.mark.parametrize("kind", DISPOSABLE)
each_kind = pytest.mark.parametrize("kind", KINDS)
ACCOUNT = "${AWS::AccountId}"


# ── Configuration ──


def parameters() -> Mapping[str, Mapping[str, Any]]:
    declared: Mapping[str, Mapping[str, Any]] = load("ecommerce/stack.json")["Parameters"]
    return declared


@requirement("EC-CFG-1")
@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("EnvironmentSuffix", ["", "Prod", "pro d", "prod_1", "a--b", "-a", "a-", "a" * 16]),
        ("EnvironmentType", ["", "production", "Prod"]),
        ("AlarmEmail", ["nobody", "a@b", "a b@c.de", "@c.de", "a@b.c@d.e"]),
        ("DatabaseUser", ["", "admin", "1shop", "shop-admin", "shop admin", "a" * 64]),
        ("DatabaseName", ["", "1shop", "e-commerce", "shop;drop", "a" * 64]),
        ("AppImage", ["Shop", "shop:1.0", "shop image", "https://registry/shop", "/shop", "shop/"]),
        ("AppImageTag", ["latest", "a b", "-a", ".a", "a" * 129, "v1:2"]),
        ("SourceConnectionArn", ["connection", "arn:aws:codeconnections:us-east-1:1:connection/0a"]),
        ("SourceRepository", ["shop", "https://github.com/acme/shop", "acme/"]),
    ],
)
def test_ec_cfg_1_bad_values_are_refused_with_a_message(name: str, bad: list[str]) -> None:
    entry = parameters()[name]
    said = entry["ConstraintDescription"]
    assert len(said) > 10
    assert "AllowedPattern" in entry or "AllowedValues" in entry
    for value in bad:
        assert refused(entry, value), value
        # The same rule before any call, in the same words.
        (first, *_) = check([parameters()], {name: value})
        assert first.key == name
        assert said.rstrip(".")[1:] in first.sentence


@requirement("EC-CFG-1")
@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("EnvironmentSuffix", ["dev", "qa-1", "2", "a" * 15]),
        ("EnvironmentType", ["dev", "staging", "prod"]),
        ("AlarmEmail", ["", "ops@example.com", "first.last+shop@sub.example.co.uk"]),
        ("DatabaseUser", ["dbadmin", "Shop_1", "administrator"]),
        ("DatabaseName", ["ecommerce", "Shop_1"]),
        (
            "AppImage",
            ["", "shop", "acme/shop", "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/shop", "host:5000/a"],
        ),
        ("AppImageTag", ["", "1.4.2", "latest-2", "v1_2", "0a1b2c3d4e5f"]),
        ("SourceConnectionArn", ["", PIPELINE["SourceConnectionArn"]]),
        ("SourceRepository", ["", "acme/shop", "acme-1/my.shop_2"]),
    ],
)
def test_ec_cfg_1_good_values_are_taken(name: str, good: list[str]) -> None:
    for value in good:
        assert not refused(parameters()[name], value), value
        assert check([parameters()], {name: value}) == ()


@requirement("EC-CFG-1")
def test_ec_cfg_1_the_tool_refuses_before_any_call(tmp_path: Path) -> None:
    """The public command, with an endpoint where nobody listens: it never gets so far as to ask."""
    words = "deploy ecommerce --env dev --yes --endpoint-url http://127.0.0.1:1 --parameter DatabaseUser=admin"
    words += " --parameter AlarmEmail=nobody --parameter EnvironmentSuffix=a--b"
    generate = str(OUT.parent / "generate.py")
    command = [sys.executable, generate, *shlex.split(words), "--outputs-dir", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert "3 parameters cannot be used; nothing was sent to CloudFormation." in ran.stderr
    for name in ("DatabaseUser", "AlarmEmail", "EnvironmentSuffix"):
        assert f"  {name}: " in ran.stderr
    assert "not admin, which Aurora keeps for itself" in ran.stderr


@requirement("EC-CFG-1")
def test_ec_cfg_1_they_arrive() -> None:
    given = shop(DatabaseUser="shopkeeper", DatabaseName="shelves", AppImage="acme/shop", AppImageTag="7")
    assert secret(given)["GenerateSecretString.SecretStringTemplate"] == '{"username": "shopkeeper"}'
    assert database(given)["DatabaseName"] == "shelves"
    (container,) = task(given, service(given))["ContainerDefinitions"]
    assert container["Image"] == "acme/shop:7"
    for where in (
        container["Environment"],
        [{"Name": "DB_NAME", "Value": function(given)["Environment.Variables.DB_NAME"]}],
    ):
        assert {"Name": "DB_NAME", "Value": "shelves"} in where


@requirement("EC-CFG-2")
def test_ec_cfg_2_what_would_need_tidying_is_refused() -> None:
    # Decision: CloudFormation cannot rewrite a value; what the notes would tidy up is refused, and said.
    entry = parameters()["EnvironmentSuffix"]
    assert next(iter(parameters())) == "EnvironmentSuffix"

    def tidied(text: str) -> str:
        return re.sub("-+", "-", re.sub("[^a-z0-9-]", "-", text.lower())).strip("-")

    for text in ("Dev", "qa_1", "pre--prod", "-dev-", "été", "a.b", "dev", "qa-1", "x"):
        assert refused(entry, text) is (text != tidied(text)), text
        assert not refused(entry, tidied(text))
    assert "lower-case letters, digits and single hyphens, no hyphen at either end" in entry["ConstraintDescription"]


@requirement("EC-CFG-2")
def test_ec_cfg_2_names_are_clean() -> None:
    """The suffix is in every name as it is, apart from its neighbours by one hyphen, or by a slash in a path."""
    named = 0
    for of in every_shop():
        for it in of.resources.values():
            for kind, path in LIMITS:
                if it.type == kind and isinstance(it[path], str) and S in it[path]:
                    assert re.search(rf"[^-][-/]{S}(?=$|-[^-]|/)", it[path]), it.logical_id
                    assert "--" not in it[path]
                    named += 1
    assert named > 200


# ── Tags ──


@requirement("EC-TAG-1")
@each_kind
def test_ec_tag_1_on_everything_that_takes_tags(kind: str) -> None:
    of = shop(EnvironmentType=kind, AlarmEmail="ops@example.com", **PIPELINE)
    wanted = {
        "Environment": S,
        "Application": "E-Commerce",
        "ManagedBy": "CloudFormation",
        "CostCenter": "Engineering",
    }
    tagged = [it for it in of.resources.values() if takes_tags(it.type, of.region)]
    assert len(tagged) > 60
    for it in tagged:
        assert it.tags.items() >= wanted.items(), it.logical_id
    # And on the stack, through the change set.
    assert {**of.body["Metadata"]["Template"]["Tags"], "Environment": S}.items() >= wanted.items()
    # Tasks get those of their service.
    assert service(of)["PropagateTags"] == "SERVICE"


# ── Deletion ──

DATA = {
    "AWS::S3::Bucket": "Retain",
    "AWS::KMS::Key": "Retain",
    "AWS::SecretsManager::Secret": "Retain",
    "AWS::ECR::Repository": "Retain",
    "AWS::Logs::LogGroup": "Retain",
    "AWS::RDS::DBCluster": "Snapshot",
}
ACCOUNT_WIDE = {"AWS::ApiGateway::Account", "AWS::IAM::Role"}
"""What stays in any case: the account's role for API logs, which other APIs use."""


@requirement("EC-DEL-1")
@pytest.mark.parametrize("options", [{}, PIPELINE], ids=["plain", "pipeline"])
def test_ec_del_1_production_keeps_data(options: dict[str, str]) -> None:
    of = shop(EnvironmentType="prod", **options)
    kept: dict[str, int] = {}
    for it in of.resources.values():
        if it.type in DATA and it.logical_id not in helpers(of):
            assert it.deletion == (DATA[it.type], DATA[it.type]), it.logical_id
            kept[it.type] = kept.get(it.type, 0) + 1
    assert kept.keys() == DATA.keys()
    assert kept["AWS::S3::Bucket"] == (3 if options else 2)
    assert of.one("AWS::KMS::Key")["PendingWindowInDays"] == 30


@requirement("EC-DEL-1")
@pytest.mark.parametrize("options", [{}, PIPELINE], ids=["plain", "pipeline"])
def test_ec_del_1_production_is_protected(options: dict[str, str]) -> None:
    of = shop(EnvironmentType="prod", **options)
    assert database(of)["DeletionProtection"] is True
    assert attributes(balancer(of), "LoadBalancerAttributes")["deletion_protection.enabled"] == "true"
    assert repository(of)["EmptyOnDelete"] is False
    for emptier in of.of("Custom::EmptiedBucket"):
        assert emptier["Empties"] == "false"
        role = of.at(of.at(emptier["ServiceToken"], "Arn")["Role"], "Arn")
        assert not [action for action, _ in granted(of, role) if action.startswith("s3:")]


@requirement("EC-DEL-1")
@each_disposable
@pytest.mark.parametrize("options", [{}, PIPELINE], ids=["plain", "pipeline"])
def test_ec_del_1_others_go_whole(kind: str, options: dict[str, str]) -> None:
    of = shop(EnvironmentType=kind, **options)
    for it in of.resources.values():
        if it.type in {*DATA, "AWS::RDS::DBInstance"}:
            assert it.deletion == ("Delete", "Delete"), it.logical_id
        elif it.type not in ACCOUNT_WIDE:
            assert it.deletion == ("", ""), it.logical_id
    retained = {it.type for it in of.resources.values() if set(it.deletion) & {"Retain", "Snapshot"}}
    assert retained == ACCOUNT_WIDE
    assert database(of)["DeletionProtection"] is False
    assert attributes(balancer(of), "LoadBalancerAttributes")["deletion_protection.enabled"] == "false"
    assert repository(of)["EmptyOnDelete"] is True
    assert of.one("AWS::KMS::Key")["PendingWindowInDays"] == 7


def waits_for(of: Stack, it: Resource, other: Resource) -> bool:
    """Whether one is made after another, and so deleted before it, directly or by way of a third."""
    names = it.waits_for & of.resources.keys()
    return other.logical_id in names or any(waits_for(of, of.resources[name], other) for name in names)


@requirement("EC-DEL-1")
@each_disposable
def test_ec_del_1_buckets_are_emptied_when_nobody_writes_any_more(kind: str) -> None:
    of = shop(EnvironmentType=kind, **PIPELINE)
    writers = {
        "static-assets": [],
        "logs": [balancer(of), of.one("AWS::Logs::Delivery")],
        "pipeline-artifacts": [of.one("AWS::CodePipeline::Pipeline")],
    }
    assert len(of.of("AWS::S3::Bucket")) == len(writers)
    for name, who in writers.items():
        it = bucket(of, name)
        check_emptied(of, it)
        emptier = of.one("Custom::EmptiedBucket", BucketName=Reference(it.logical_id))
        assert emptier["Empties"] == "true"
        for writer in who:
            assert waits_for(of, writer, emptier), f"{writer.logical_id} writes until it is deleted"


@requirement("EC-DEL-1")
def test_ec_del_1_a_change_to_production_takes_nothing_away() -> None:
    """What a condition took away would be deleted by the update: an emptier would then empty its bucket."""
    for options in ({}, PIPELINE):
        kinds = [shop(EnvironmentType=kind, **options) for kind in KINDS]
        assert all(of.resources.keys() == kinds[0].resources.keys() for of in kinds)


@requirement("EC-DEL-1")
@pytest.mark.parametrize(
    ("request_type", "empties", "deleted"),
    [
        ("Delete", "true", True),
        ("Delete", "false", False),
        ("Update", "true", False),
        ("Update", "false", False),
        ("Create", "true", False),
    ],
)
def test_ec_del_1_what_the_emptier_does(request_type: str, empties: str, deleted: bool) -> None:
    """The function in the template, run against stand-ins for boto3 and cfnresponse."""
    of = shop()
    emptier = of.one("Custom::EmptiedBucket", BucketName=Reference(bucket(of, "static-assets").logical_id))
    code = of.at(emptier["ServiceToken"], "Arn")["Code.ZipFile"]
    boto3, cfnresponse = Mock(), Mock(SUCCESS="SUCCESS")
    with patch.dict(sys.modules, boto3=boto3, cfnresponse=cfnresponse):
        names: dict[str, Any] = {}
        exec(code, names)
        about = {"BucketName": "assets", "Empties": empties}
        names["handler"]({"RequestType": request_type, "ResourceProperties": about}, None)
    assert boto3.resource.return_value.Bucket.return_value.object_versions.delete.called is deleted
    (answer,) = cfnresponse.send.call_args_list
    assert (answer.args[2], answer.args[4]) == ("SUCCESS", "assets")


@requirement("EC-DEL-1")
def test_ec_del_1_policies_by_kind_need_a_transform() -> None:
    """A policy that a condition decides is text to CloudFormation without AWS::LanguageExtensions."""
    seen = 0
    for file in (file for file in FILES if file.startswith("ecommerce/")):
        body = load(file)
        decided = [
            name
            for name, it in body["Resources"].items()
            if isinstance(it.get("DeletionPolicy"), Mapping) or isinstance(it.get("UpdateReplacePolicy"), Mapping)
        ]
        if decided:
            assert "AWS::LanguageExtensions" in body["Transform"], file
            assert "CAPABILITY_AUTO_EXPAND" in body["Metadata"]["Template"]["Capabilities"], file
            seen += 1
    assert seen > 10


@requirement("EC-DEL-1")
def test_ec_del_1_services_leave_no_logs_behind() -> None:
    """A log group that a service would make by itself, and nobody would delete, is in the template, made before it."""
    of = shop(**PIPELINE)
    groups = {it["LogGroupName"]: it for it in of.of("AWS::Logs::LogGroup")}
    build = of.one("AWS::CodeBuild::Project")
    made_by = {
        f"/aws/ecs/containerinsights/ecommerce-cluster-{S}/performance": cluster(of),
        f"/aws/rds/cluster/ecommerce-db-{S}/postgresql": database(of),
        f"API-Gateway-Execution-Logs_{Reference(api(of).logical_id)}/prod": stage(of),
        f"/aws/lambda/ecommerce-rotation-{S}": of.one("AWS::SecretsManager::RotationSchedule"),
        f"/aws/codebuild/{build['Name']}": build,
    }
    for name, maker in made_by.items():
        assert groups[name].logical_id in maker.waits_for, name
    assert build["LogsConfig.CloudWatchLogs.Status"] == "ENABLED"
    for it in of.of("AWS::Lambda::Function"):
        group = of.at(it["LoggingConfig.LogGroup"])
        assert group.type == "AWS::Logs::LogGroup"
        rights = granted(of, of.at(it["Role"], "Arn"))
        for action in ("CreateLogStream", "PutLogEvents"):
            assert (f"logs:{action}", Reference(group.logical_id, "Arn")) in rights, it.logical_id
    for role in of.of("AWS::IAM::Role"):
        assert "logs:CreateLogGroup" not in {action for action, _ in granted(of, role)}, role.logical_id


# ── Outputs ──


@requirement("EC-OUT-1")
@each_kind
def test_ec_out_1_outputs(kind: str) -> None:
    of = shop(EnvironmentType=kind)
    here = "${AWS::Region}"
    assets, logs = bucket(of, "static-assets"), bucket(of, "logs")
    values: dict[str, tuple[str, Any]] = {
        "VpcId": ("vpc-id", Reference(of.one("AWS::EC2::VPC").logical_id)),
        "ALBDNSName": ("alb-dns", Reference(balancer(of).logical_id, "DNSName")),
        "ALBSecurityGroupId": ("alb-sg-id", balancer(of)["SecurityGroups.0"]),
        "CloudFrontURL": ("cloudfront-url", f"https://{Reference(distribution(of).logical_id, 'DomainName')}"),
        "CloudFrontDistributionId": ("cloudfront-id", Reference(distribution(of).logical_id)),
        "APIGatewayURL": (
            "api-url",
            f"https://{Reference(api(of).logical_id)}.execute-api.{here}.${{AWS::URLSuffix}}/"
            f"{Reference(stage(of).logical_id)}/",
        ),
        "APIGatewayId": ("api-id", Reference(api(of).logical_id)),
        "APIKeyId": ("api-key-id", Reference(of.one("AWS::ApiGateway::ApiKey").logical_id)),
        "S3BucketName": ("s3-bucket", Reference(assets.logical_id)),
        "S3BucketArn": ("s3-bucket-arn", Reference(assets.logical_id, "Arn")),
        "LogsBucketName": ("logs-bucket", Reference(logs.logical_id)),
        "DatabaseEndpoint": ("db-endpoint", Reference(database(of).logical_id, "Endpoint.Address")),
        "DatabasePort": ("db-port", Reference(database(of).logical_id, "Endpoint.Port")),
        "DatabaseSecretArn": ("db-secret-arn", Reference(secret(of).logical_id)),
        "ECRRepositoryURI": ("ecr-uri", Reference(repository(of).logical_id, "RepositoryUri")),
        "ECRRepositoryName": ("ecr-name", Reference(repository(of).logical_id)),
        "ECSClusterName": ("ecs-cluster", Reference(cluster(of).logical_id)),
        "ECSServiceName": ("ecs-service", Reference(service(of).logical_id, "Name")),
        "LambdaFunctionName": ("lambda-function", Reference(function(of).logical_id)),
        "LambdaFunctionArn": ("lambda-arn", Reference(function(of).logical_id, "Arn")),
        "SNSTopicArn": ("sns-topic-arn", Reference(topic(of).logical_id)),
        "KMSKeyId": ("kms-key-id", Reference(key(of).logical_id)),
        "KMSKeyArn": ("kms-key-arn", key(of)),
        "DashboardURL": (
            "dashboard-url",
            f"https://{here}.console.aws.amazon.com/cloudwatch/home?region={here}"
            f"#dashboards:name=ecommerce-infrastructure-{S}",
        ),
        # The notes' list has no address for reading, which the reader of EC-DB-1 is for.
        "DatabaseReaderEndpoint": ("db-reader-endpoint", Reference(database(of).logical_id, "ReadEndpoint.Address")),
    }
    # Decision: the system's name leads, so that two systems with one suffix can share an account.
    wanted = {name: (f"ecommerce-{S}-{tail}", value) for name, (tail, value) in values.items()}
    assert {name: (output.export, output.value) for name, output in of.outputs.items()} == wanted
    assert len(wanted) == 25


# ── Pipeline ──


@requirement("EC-CICD-1")
@each_kind
def test_ec_cicd_1_off_by_default(kind: str) -> None:
    without, built = shop(EnvironmentType=kind), shop(EnvironmentType=kind, **PIPELINE)
    more = {it.type for name, it in built.resources.items() if name not in without.resources}
    assert {"AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project", "AWS::S3::Bucket"} <= more
    assert not [it for it in without.resources.values() if it.type.startswith("AWS::Code")]
    assert not without.resources.keys() - built.resources.keys()
    assert built.outputs.keys() == without.outputs.keys()


@requirement("EC-CICD-1")
def test_ec_cicd_1_source_build_deploy() -> None:
    of = shop(**PIPELINE)
    it = of.one("AWS::CodePipeline::Pipeline")
    assert it["PipelineType"] == "V2"
    actions = [action for stage in it["Stages"] for action in stage["Actions"]]
    assert [stage["Name"] for stage in it["Stages"]] == ["Source", "Build", "Deploy"]
    kinds = [("Source", "CodeStarSourceConnection"), ("Build", "CodeBuild"), ("Deploy", "ECS")]
    assert [action["ActionTypeId"] for action in actions] == [
        {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"} for category, provider in kinds
    ]
    source, build, deploy = (action["Configuration"] for action in actions)
    assert source == {
        "ConnectionArn": PIPELINE["SourceConnectionArn"],
        "FullRepositoryId": "acme/shop",
        "BranchName": "release",
    }
    assert build == {"ProjectName": Reference(of.one("AWS::CodeBuild::Project").logical_id)}
    assert deploy == {
        "ClusterName": Reference(cluster(of).logical_id),
        "ServiceName": Reference(service(of).logical_id, "Name"),
        "FileName": "imagedefinitions.json",
    }
    # Each stage takes what the one before hands on.
    assert actions[0]["OutputArtifacts"] == actions[1]["InputArtifacts"]
    assert actions[1]["OutputArtifacts"] == actions[2]["InputArtifacts"]
    artifacts = bucket(of, "pipeline-artifacts")
    check_private(of, artifacts)
    assert it["ArtifactStore"] == {
        "Type": "S3",
        "Location": Reference(artifacts.logical_id),
        "EncryptionKey": {"Id": key(of), "Type": "KMS"},
    }


@requirement("EC-CICD-1")
def test_ec_cicd_1_build_pushes_what_the_deployment_names(tmp_path: Path) -> None:
    """The commands of the build, run with stand-ins for docker and aws."""
    of = shop(**PIPELINE)
    it = of.one("AWS::CodeBuild::Project")
    spec = it["Source.BuildSpec"]
    assert it["Environment.PrivilegedMode"] is True, "Docker runs in a privileged container only"
    variables = {entry["Name"]: entry["Value"] for entry in it["Environment.EnvironmentVariables"]}
    (container,) = task(of, service(of))["ContainerDefinitions"]
    assert variables == {
        "REPOSITORY": Reference(repository(of).logical_id, "RepositoryUri"),
        "CONTAINER": container["Name"],
    }
    commands = re.findall(r"^      - (.*)$", spec, re.M)
    assert re.search(r"^  files: imagedefinitions\.json$", spec, re.M)
    stands_in = 'aws() { echo secret; }\ndocker() { echo "docker $*" >> said; cat > /dev/null < /dev/stdin; }\n'
    environment = {
        "PATH": "/usr/bin:/bin",
        "REPOSITORY": "registry.example/shop",
        "CONTAINER": "app",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": "0123456789abcdef0123",
    }
    script = "set -e\n" + stands_in + "\n".join(commands)
    subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, check=True, timeout=30
    )
    image = "registry.example/shop:0123456789ab"
    assert (tmp_path / "said").read_text().splitlines() == [
        "docker login --username AWS --password-stdin registry.example",
        f"docker build -t {image} .",
        f"docker push {image}",
    ]
    assert (tmp_path / "imagedefinitions.json").read_text() == f'[{{"name":"app","imageUri":"{image}"}}]'
    # A tag that the template's own parameter takes too.
    assert not refused(parameters()["AppImageTag"], image.rpartition(":")[2])


@requirement("EC-CICD-1")
def test_ec_cicd_1_needs_a_repository_and_a_first_image() -> None:
    assert not shop().broken_rules()
    assert not shop(**PIPELINE).broken_rules()
    # The deploy action changes the image alone: the placeholder's command would stay in the task definition.
    for missing in ("SourceRepository", "AppImageTag"):
        assert len(shop(**PIPELINE | {missing: ""}).broken_rules()) == 1, missing


def artifacts_and_key(of: Stack) -> set[tuple[str, Any]]:
    """What the pipeline and the build both may do."""
    it = Reference(bucket(of, "pipeline-artifacts").logical_id, "Arn")
    objects = ("GetObject", "GetObjectVersion", "PutObject", "GetBucketVersioning")
    use = ("Decrypt", "DescribeKey", "Encrypt", "ReEncryptFrom", "ReEncryptTo")
    made = ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
    return {(f"s3:{action}", place) for action in objects for place in (it, f"{it}/*")} | {
        (f"kms:{action}", key(of)) for action in (*use, *made)
    }


@requirement("EC-CICD-1")
def test_ec_cicd_1_roles() -> None:
    of = shop(**PIPELINE)
    here = f"arn:${{AWS::Partition}}:ecs:${{AWS::Region}}:{ACCOUNT}"
    definition = task(of, service(of))
    build = of.one("AWS::CodeBuild::Project")
    role = of.at(of.one("AWS::CodePipeline::Pipeline")["RoleArn"], "Arn")
    assert trusted(role) == {"codepipeline.amazonaws.com"}
    assert granted(of, role) == artifacts_and_key(of) | {
        ("codestar-connections:UseConnection", PIPELINE["SourceConnectionArn"]),
        ("codeconnections:UseConnection", PIPELINE["SourceConnectionArn"]),
        ("codebuild:StartBuild", Reference(build.logical_id, "Arn")),
        ("codebuild:BatchGetBuilds", Reference(build.logical_id, "Arn")),
        ("ecs:DescribeServices", Reference(service(of).logical_id)),
        ("ecs:UpdateService", Reference(service(of).logical_id)),
        ("ecs:DescribeTasks", f"{here}:task/{Reference(cluster(of).logical_id)}/*"),
        ("ecs:TagResource", f"{here}:task-definition/*"),
        # These take no resource.
        ("ecs:ListTasks", "*"),
        ("ecs:DescribeTaskDefinition", "*"),
        ("ecs:RegisterTaskDefinition", "*"),
        ("iam:PassRole", definition["TaskRoleArn"]),
        ("iam:PassRole", definition["ExecutionRoleArn"]),
    }
    (lists,) = (s for s in statements(of, role) if "ecs:ListTasks" in s["Action"])
    assert lists["Condition"] == {"ArnEquals": {"ecs:cluster": Reference(cluster(of).logical_id, "Arn")}}
    # Only this service's roles, only to tasks.
    (passes,) = (s for s in statements(of, role) if "iam:PassRole" in s["Action"])
    assert passes["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}

    builder = of.at(build["ServiceRole"], "Arn")
    assert trusted(builder) == {"codebuild.amazonaws.com"}
    images = Reference(repository(of).logical_id, "Arn")
    log = Reference(build["LogsConfig.CloudWatchLogs.GroupName"].logical_id, "Arn")
    push = ("CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart")
    pull = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    assert granted(of, builder) == artifacts_and_key(of) | {
        ("ecr:GetAuthorizationToken", "*"),
        *((f"ecr:{action}", images) for action in (*push, *pull)),
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
    }


# ── Load ──


@requirement("EC-TST-1")
def test_ec_tst_1_the_scenarios_figures() -> None:
    """How the scenario behaves, tests/test_load.py shows against servers on this machine."""
    it = scenario.Scenario("https://shop")
    assert (it.requests, it.at_once, it.errors, it.mean) == (200, 50, 0.05, 5)
    given = scenario._parser().parse_args([])
    assert (given.requests, given.at_once, given.errors, given.mean) == (200, 50, 0.05, 5)


@requirement("EC-TST-1")
def test_ec_tst_1_it_asks_what_answers_without_a_key() -> None:
    of = shop()
    given = scenario._parser().parse_args([])
    assert given.outputs == Path("cfn-outputs/flat-outputs.json")
    assert str(of.outputs[given.output].value).endswith(f"/{Reference(stage(of).logical_id)}/")
    assert method(of, given.path, "GET")["ApiKeyRequired"] is False
    # Below the limits, so that it measures the system and not its throttles.
    assert given.requests < stage(of)["MethodSettings.0.ThrottlingBurstLimit"]
    assert target_group(of)["HealthCheckPath"] == given.path


@requirement("EC-TST-1")
def test_ec_tst_1_no_reference_outside() -> None:
    """A deployment needs nothing that another stack owns, so it can be made for a test and deleted after."""
    assert not [value for value in walk(shop().body) if isinstance(value, dict) and "Fn::ImportValue" in value]
