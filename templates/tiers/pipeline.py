"""The image pipeline: from a commit to a running image. Optional: without a connection none of it is made."""

from __future__ import annotations

from dataclasses import dataclass

from awacs.aws import Allow, ArnEquals, Condition, Statement, StringEquals
from troposphere import (
    Equals,
    GetAtt,
    Not,
    Parameter,
    Ref,
    Sub,
    cloudformation,
    codebuild,
    codepipeline,
    ecr,
    iam,
    logs,
    s3,
)

from tap.model import Tier
from templates.tiers.buckets import BucketChoices, bucket, bucket_policy
from templates.tiers.emptier import emptied, empty_on_delete
from templates.tiers.encryption import DATA_KEYS, REENCRYPT, Encryption, log_key
from templates.tiers.keeping import Keeping
from templates.tiers.services import Services
from templates.tiers.words import actions, arn, att, named, policy, ref, sign_in_to_registry, trusts

BUILD = """\
version: 0.2
phases:
  pre_build:
    commands:
      - aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
  build:
    commands:
      - TAG=$(echo "$CODEBUILD_RESOLVED_SOURCE_VERSION" | cut -c 1-12)
      - docker build -t "$REPOSITORY:$TAG" .
      - docker push "$REPOSITORY:$TAG"
      - printf '[{"name":"%s","imageUri":"%s"}]' "$CONTAINER" "$REPOSITORY:$TAG" > imagedefinitions.json
artifacts:
  files: imagedefinitions.json
"""


@dataclass(frozen=True)
class PipelineChoices:
    """What a pipeline can differ in. ``name`` is before the suffix; ``service`` is the service that it deploys to,
    ``tag`` the parameter with the tag of that service's image."""

    name: str
    service: str
    tag: str
    log_days: int
    keeping: Keeping
    encryption: Encryption


def pipeline(choices: PipelineChoices, repository: ecr.Repository, run: Services) -> Tier:
    """Build the pipeline tier; all of it depends on the condition that there is a connection."""
    tier = Tier("pipeline", "Pipeline", "Optional: builds an image from each commit, and rolls it out.")
    connection = tier.parameter(
        "SourceConnectionArn",
        "Optional: the ARN of a connection to the source (CodeConnections), made and authorised in the console. Empty: "
        f"there is no pipeline. Requires {choices.tag}, for the pipeline changes the image alone and would keep the "
        f"placeholder's command. Give {choices.tag} the tag that runs before each later update of the stack, which "
        "otherwise goes back to an older image.",
        group="Pipeline",
        label="Connection",
        Default="",
        AllowedPattern="^$|^arn:aws[a-z-]*:code(star-)?connections:[a-z0-9-]+:[0-9]{12}:connection/[a-f0-9-]+$",
        ConstraintDescription="empty, or the ARN of a connection",
    )
    source = tier.parameter(
        "SourceRepository",
        "Required with SourceConnectionArn, ignored without: owner and name of the source repository (owner/name).",
        group="Pipeline",
        label="Source repository",
        Default="",
        AllowedPattern="^$|^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
        MaxLength=200,
        ConstraintDescription="empty, or owner/name",
    )
    branch = tier.parameter(
        "SourceBranch",
        "The branch whose commits are built; ignored without SourceConnectionArn.",
        group="Pipeline",
        label="Branch",
        Default="main",
        AllowedPattern="^[A-Za-z0-9_./-]+$",
        MaxLength=200,
        ConstraintDescription="the name of a branch",
    )
    only = {"Condition": tier.condition("HasPipeline", Not(Equals(Ref(connection), "")))}
    tier.template.add_rule(
        "PipelineNeedsRepository",
        {
            "RuleCondition": Not(Equals(Ref(connection), "")),
            "Assertions": [
                {
                    "Assert": Not(Equals(Ref(source), "")),
                    "AssertDescription": "SourceConnectionArn needs SourceRepository: owner/name.",
                },
                # The deploy action takes the service's own task definition, with another image (CodePipeline user
                # guide, "Amazon ECS deploy action reference"): the placeholder's command would stay in it.
                {
                    "Assert": Not(Equals(Ref(choices.tag), "")),
                    "AssertDescription": f"SourceConnectionArn needs {choices.tag}: push a first image, and deploy it.",
                },
            ],
        },
    )
    tier.add(
        cloudformation.WaitConditionHandle("PipelinePlaceholder"),
        "Does nothing: a stack has to have a resource, and without a connection this tier's has no other.",
    )
    artifacts = bucket(
        tier,
        BucketChoices(
            prefix="Artifacts",
            name=f"{choices.name}-artifacts",
            says="What the pipeline's stages hand each other; gone after a week.",
            keeping=choices.keeping,
            encryption=choices.encryption,
            versioned=True,
            expires=7,
            old_versions=1,
            exempt={"CKV_AWS_18": "Only the pipeline uses it."},
        ),
    )
    artifacts.Condition = only["Condition"]
    written = bucket_policy(tier, artifacts, "Lets nobody else in")
    written.Condition = only["Condition"]
    empty_on_delete(tier, choices.keeping, artifacts, condition=only["Condition"])
    producing = {} if choices.keeping.empties is False else {"DependsOn": emptied(artifacts)}
    build = _build(tier, choices, only, artifacts, repository)
    role = _role(tier, choices, only, artifacts, build, run, connection)
    tier.add(
        codepipeline.Pipeline(
            "Pipeline",
            **only,
            **producing,
            Name=named(choices.name),
            PipelineType="V2",
            RoleArn=GetAtt(role, "Arn"),
            ArtifactStore=codepipeline.ArtifactStore(
                Type="S3",
                Location=artifacts.ref(),
                EncryptionKey=codepipeline.EncryptionKey(Id=choices.encryption.arn, Type="KMS"),
            ),
            Stages=[
                _stage(
                    "Source",
                    "CodeStarSourceConnection",
                    "Source",
                    {
                        "ConnectionArn": Ref(connection),
                        "FullRepositoryId": Ref(source),
                        "BranchName": Ref(branch),
                    },
                    outputs="source",
                ),
                _stage("Build", "CodeBuild", "Build", {"ProjectName": build.ref()}, inputs="source", outputs="image"),
                _stage(
                    "Deploy",
                    "ECS",
                    "Deploy",
                    {
                        "ClusterName": run.cluster.ref(),
                        "ServiceName": GetAtt(run.services[choices.service].service, "Name"),
                        "FileName": "imagedefinitions.json",
                    },
                    inputs="image",
                ),
            ],
        ),
        "Builds an image from each commit to the branch, and rolls it out to the service.",
    )
    return tier


def _stage(
    name: str, provider: str, category: str, configuration: dict[str, object], inputs: str = "", outputs: str = ""
) -> codepipeline.Stages:
    return codepipeline.Stages(
        Name=name,
        Actions=[
            codepipeline.Actions(
                Name=name,
                ActionTypeId=codepipeline.ActionTypeId(Category=category, Owner="AWS", Provider=provider, Version="1"),
                Configuration=configuration,
                **({"InputArtifacts": [codepipeline.InputArtifacts(Name=inputs)]} if inputs else {}),
                **({"OutputArtifacts": [codepipeline.OutputArtifacts(Name=outputs)]} if outputs else {}),
            )
        ],
    )


def _build(
    tier: Tier,
    choices: PipelineChoices,
    only: dict[str, str],
    artifacts: s3.Bucket,
    repository: ecr.Repository,
) -> codebuild.Project:
    log = tier.add(
        logs.LogGroup(
            "BuildLogGroup",
            **only,
            **choices.keeping.policies,
            LogGroupName=Sub(f"/aws/codebuild/{choices.name}-${{EnvironmentSuffix}}"),
            RetentionInDays=choices.log_days,
            **log_key(choices.encryption),
        ),
        f"What the builds write, kept {choices.log_days} days.",
    )
    push = (
        "BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart"
    )  # fmt: skip
    role = tier.add(
        iam.Role(
            "BuildRole",
            **only,
            AssumeRolePolicyDocument=trusts("codebuild.amazonaws.com"),
            Policies=[
                iam.Policy(
                    PolicyName="work",
                    PolicyDocument=policy(
                        sign_in_to_registry(),
                        Statement(
                            Sid="PushImages",
                            Effect=Allow,
                            Action=actions("ecr", *push, "BatchGetImage", "GetDownloadUrlForLayer"),
                            Resource=[GetAtt(repository, "Arn")],
                        ),
                        Statement(
                            Sid="WriteLog",
                            Effect=Allow,
                            Action=actions("logs", "CreateLogStream", "PutLogEvents"),
                            Resource=[GetAtt(log, "Arn")],
                        ),
                        _artifacts(artifacts),
                        _key(choices),
                    ),
                )
            ],
        ),
        "What a build may do: push to the repository, and hand on its artifacts.",
    )
    return tier.add(
        codebuild.Project(
            "Build",
            **only,
            Name=named(choices.name),
            ServiceRole=GetAtt(role, "Arn"),
            EncryptionKey=choices.encryption.arn,
            Artifacts=codebuild.Artifacts(Type="CODEPIPELINE"),
            Source=codebuild.Source(Type="CODEPIPELINE", BuildSpec=BUILD),
            Environment=codebuild.Environment(
                ComputeType="BUILD_GENERAL1_SMALL",
                Image="aws/codebuild/amazonlinux-x86_64-standard:5.0",
                Type="LINUX_CONTAINER",
                # Docker in a build runs only in a privileged container.
                PrivilegedMode=True,
                EnvironmentVariables=[
                    codebuild.EnvironmentVariable(Name="REPOSITORY", Value=GetAtt(repository, "RepositoryUri")),
                    codebuild.EnvironmentVariable(Name="CONTAINER", Value=choices.service),
                ],
            ),
            LogsConfig=codebuild.LogsConfig(
                CloudWatchLogs=codebuild.CloudWatchLogs(Status="ENABLED", GroupName=log.ref())
            ),
            TimeoutInMinutes=30,
        ),
        "Builds an image from the source, and pushes it under the commit's first twelve characters.",
        exempt={"CKV_AWS_316": "Building an image needs Docker, which needs a privileged container."},
    )


def _artifacts(artifacts: s3.Bucket) -> Statement:
    bucket_arn = att(artifacts, "Arn")
    return Statement(
        Sid="HandOnArtifacts",
        Effect=Allow,
        Action=actions("s3", "GetObject", "GetObjectVersion", "PutObject", "GetBucketVersioning"),
        Resource=[Sub(bucket_arn), Sub(f"{bucket_arn}/*")],
    )


def _key(choices: PipelineChoices) -> Statement:
    return Statement(
        Sid="UseTheKey",
        Effect=Allow,
        Action=actions("kms", "Decrypt", "DescribeKey", "Encrypt", *DATA_KEYS, *REENCRYPT),
        Resource=[choices.encryption.arn],
    )


def _role(
    tier: Tier,
    choices: PipelineChoices,
    only: dict[str, str],
    artifacts: s3.Bucket,
    build: codebuild.Project,
    run: Services,
    connection: Parameter,
) -> iam.Role:
    service = run.services[choices.service].service
    return tier.add(
        iam.Role(
            "PipelineRole",
            **only,
            AssumeRolePolicyDocument=trusts("codepipeline.amazonaws.com"),
            Policies=[
                iam.Policy(
                    PolicyName="work",
                    PolicyDocument=policy(
                        _artifacts(artifacts),
                        _key(choices),
                        Statement(
                            Sid="ReadSource",
                            Effect=Allow,
                            Action=actions("codestar-connections", "UseConnection")
                            + actions("codeconnections", "UseConnection"),
                            Resource=[Ref(connection)],
                        ),
                        Statement(
                            Sid="Build",
                            Effect=Allow,
                            Action=actions("codebuild", "StartBuild", "BatchGetBuilds"),
                            Resource=[GetAtt(build, "Arn")],
                        ),
                        Statement(
                            Sid="UpdateTheService",
                            Effect=Allow,
                            Action=actions("ecs", "DescribeServices", "UpdateService"),
                            Resource=[service.ref()],
                        ),
                        Statement(
                            Sid="WatchTasks",
                            Effect=Allow,
                            Action=actions("ecs", "DescribeTasks"),
                            Resource=[arn("ecs", f"task/{ref(run.cluster)}/*")],
                        ),
                        Statement(
                            Sid="ListTasks",
                            Effect=Allow,
                            Action=actions("ecs", "ListTasks"),
                            Resource=["*"],
                            Condition=Condition(ArnEquals({"ecs:cluster": GetAtt(run.cluster, "Arn")})),
                        ),
                        # These take no resource (Service Authorization Reference, ECS).
                        Statement(
                            Sid="RegisterTasks",
                            Effect=Allow,
                            Action=actions("ecs", "DescribeTaskDefinition", "RegisterTaskDefinition"),
                            Resource=["*"],
                        ),
                        Statement(
                            Sid="TagTasks",
                            Effect=Allow,
                            Action=actions("ecs", "TagResource"),
                            Resource=[arn("ecs", "task-definition/*")],
                        ),
                        Statement(
                            Sid="HandRolesToTasks",
                            Effect=Allow,
                            Action=actions("iam", "PassRole"),
                            Resource=[GetAtt(role, "Arn") for role in run.roles(choices.service)],
                            Condition=Condition(StringEquals({"iam:PassedToService": "ecs-tasks.amazonaws.com"})),
                        ),
                    ),
                )
            ],
        ),
        "What the pipeline may do: read the source, build, and roll out to this one service.",
    )
