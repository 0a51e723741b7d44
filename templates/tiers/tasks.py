"""What one task of a service runs: its container, a collector of traces beside it, and what its code may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import Allow, Statement
from troposphere import GetAtt, If, Ref, Region, ecs, iam, logs

from tap.model import Tier
from templates.tiers.images import VERSIONED, VERSIONED_SAYS, ImageSource
from templates.tiers.words import actions, named, policy, trusts


@dataclass(frozen=True)
class Tracing:
    """An OpenTelemetry collector beside the container, which passes traces on to X-Ray.

    It takes what the X-Ray daemon took (UDP 2000) as well as OTLP (source: AWS Distro for OpenTelemetry, "ECS default
    configuration"); the daemon itself is in maintenance.
    """

    image: str = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"

    def statement(self) -> Statement:
        """What the collector needs. X-Ray's write actions know no resource (Service Authorization Reference, X-Ray)."""
        verbs = ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")
        return Statement(
            Sid="SendTraces",
            Effect=Allow,
            Action=actions("xray", *verbs, "GetSamplingStatisticSummaries"),
            Resource=["*"],
        )


@dataclass(frozen=True)
class ContainerCheck:
    """How ECS finds out inside the container that it is well: a shell command, offered as a parameter; seconds."""

    command: str
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    start: int = 60


@dataclass(frozen=True)
class TaskChoices:
    """What a task can differ in.

    ``cpu`` is in CPU units (1024 is one), ``memory`` in MiB. ``expects`` says what its image must do. ``environment``
    holds plain values, ``secrets`` what ECS takes from Secrets Manager or Parameter Store when a task starts.
    ``placeholder`` is the command that runs with the placeholder image only. ``may`` are the permissions of its code,
    ``may_inject`` those for reading what ``secrets`` names.
    """

    image: ImageSource
    cpu: int
    memory: int
    port: int
    expects: str
    says: str
    environment: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    placeholder: tuple[str, ...] = ()
    check: ContainerCheck | None = None
    tracing: Tracing | None = None
    may: tuple[Statement, ...] = ()
    may_inject: tuple[Statement, ...] = ()


def task(
    tier: Tier, prefix: str, name: str, choices: TaskChoices, execution_role: iam.Role, log_group: logs.LogGroup
) -> tuple[ecs.TaskDefinition, iam.Role | None]:
    """Add the task definition of a service, and its role where its code may do something."""
    image = choices.image.image(tier, prefix, name, choices.expects)
    container: dict[str, Any] = {}
    if choices.placeholder:
        container["Command"] = If(image.placeholder(), list(choices.placeholder), Ref("AWS::NoValue"))
    if choices.secrets:
        container["Secrets"] = [ecs.Secret(Name=key, ValueFrom=value) for key, value in choices.secrets.items()]
    if choices.check:
        container["HealthCheck"] = _check(tier, prefix, name, choices.check)
    main = ecs.ContainerDefinition(
        Name=name,
        Image=image.name,
        Essential=True,
        PortMappings=[ecs.PortMapping(ContainerPort=choices.port, Protocol="tcp")],
        Environment=[ecs.Environment(Name=key, Value=value) for key, value in choices.environment.items()],
        **container,
        LogConfiguration=_log(log_group, name),
    )
    may = [*choices.may, *([choices.tracing.statement()] if choices.tracing else [])]
    role = _role(tier, prefix, name, may) if may else None
    definition = tier.add(
        ecs.TaskDefinition(
            f"{prefix}TaskDefinition",
            Family=named(f"{name}-task"),
            RequiresCompatibilities=["FARGATE"],
            NetworkMode="awsvpc",
            Cpu=str(choices.cpu),
            Memory=str(choices.memory),
            RuntimePlatform=ecs.RuntimePlatform(CpuArchitecture="X86_64", OperatingSystemFamily="LINUX"),
            ExecutionRoleArn=GetAtt(execution_role, "Arn"),
            **({"TaskRoleArn": GetAtt(role, "Arn")} if role else {}),
            ContainerDefinitions=[main, *([_collector(tier, choices.tracing, log_group)] if choices.tracing else [])],
        ),
        f"One task of the {name}: {choices.says}",
        exempt={"CKV_AWS_336": "Images may write to their own file system; a read-only one is the image's to support."},
    )
    return definition, role


def _role(tier: Tier, prefix: str, name: str, may: list[Statement]) -> iam.Role:
    return tier.add(
        iam.Role(
            f"{prefix}TaskRole",
            AssumeRolePolicyDocument=trusts("ecs-tasks.amazonaws.com"),
            Policies=[iam.Policy(PolicyName="work", PolicyDocument=policy(*may))],
        ),
        f"What the {name}'s own code may do in AWS, and nothing else.",
    )


def _log(group: logs.LogGroup, prefix: str) -> ecs.LogConfiguration:
    return ecs.LogConfiguration(
        LogDriver="awslogs",
        Options={"awslogs-group": group.ref(), "awslogs-region": Region, "awslogs-stream-prefix": prefix},
    )


def _check(tier: Tier, prefix: str, name: str, check: ContainerCheck) -> ecs.HealthCheck:
    command = tier.parameter(
        f"{prefix}HealthCommand",
        f"The shell command with which the {name}'s container finds out that it is well, with what its image has.",
        group="Services",
        label=f"Health check of the {name}",
        Default=check.command,
        MinLength=1,
        MaxLength=1024,
        ConstraintDescription="a shell command that ends with 0 when the container is well",
    )
    return ecs.HealthCheck(
        Command=["CMD-SHELL", Ref(command)],
        Interval=check.interval,
        Timeout=check.timeout,
        Retries=check.retries,
        StartPeriod=check.start,
    )


def _collector(tier: Tier, tracing: Tracing, log_group: logs.LogGroup) -> ecs.ContainerDefinition:
    name = "TracingImage"
    if name not in tier.template.parameters:
        tier.parameter(
            name,
            "The image of the OpenTelemetry collector that passes traces on to X-Ray, with its tag or digest. "
            "latest, or no tag, is refused.",
            group="Services",
            label="Image of the trace collector",
            Default=tracing.image,
            AllowedPattern=VERSIONED,
            MaxLength=512,
            ConstraintDescription=VERSIONED_SAYS,
        )
    return ecs.ContainerDefinition(
        Name="tracing",
        Image=Ref(name),
        # A system without traces still serves.
        Essential=False,
        Cpu=32,
        Memory=256,
        Command=["--config=/etc/ecs/ecs-default-config.yaml"],
        PortMappings=[ecs.PortMapping(ContainerPort=2000, Protocol="udp")],
        LogConfiguration=_log(log_group, "tracing"),
    )
