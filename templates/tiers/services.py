"""The services: an ECS cluster on Fargate, and what each service needs to run, be reached and scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import Action, Allow, Statement
from troposphere import Equals, GetAtt, If, Not, Ref, Region, Sub, Tags, ec2, ecs, iam, logs
from troposphere import elasticloadbalancingv2 as elb

from tap.model import Tier
from templates.tiers.balancer import Balancer
from templates.tiers.network import Network
from templates.tiers.scaling import Scaling, scale
from templates.tiers.words import DESTROYED, arn, named, policy, trusts


@dataclass(frozen=True)
class HealthCheck:
    """How the load balancer finds out that a task is well; times in seconds."""

    path: str = "/"
    interval: int = 30
    timeout: int = 5
    healthy: int = 2
    unhealthy: int = 3


@dataclass(frozen=True)
class Reach:
    """A way that a service's tasks need: to a security group, on a port. ``to`` says what it leads to."""

    group: ec2.SecurityGroup
    port: int
    to: str


@dataclass(frozen=True)
class ServiceChoices:
    """What a service can differ in.

    ``name`` names the container, the log streams and the resources (``Backend…``); ``service`` and ``target_group``
    are names before the suffix. ``cpu`` is in CPU units (1024 is one), ``memory`` in MiB. ``path`` is the pattern that
    the load balancer routes here, ``priority`` its place among the patterns. ``environment`` holds plain values,
    ``secrets`` what ECS takes from Secrets Manager when a task starts. ``command`` runs with the default image only.
    ``may`` are the permissions of the tasks, ``may_inject`` those for reading what ``secrets`` names.
    """

    name: str
    says: str
    service: str
    target_group: str
    image: str
    cpu: int
    memory: int
    port: int
    path: str
    priority: int
    scaling: Scaling
    health: HealthCheck = HealthCheck()
    environment: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    may: tuple[Statement, ...] = ()
    may_inject: tuple[Statement, ...] = ()
    reaches: tuple[Reach, ...] = ()
    waits: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterChoices:
    """What a cluster can differ in. ``cluster`` and ``execution_role`` are names before the suffix; ``logs`` begins
    the names of the log groups, which are kept ``log_days``."""

    cluster: str
    execution_role: str
    logs: str
    log_days: int
    services: tuple[ServiceChoices, ...]
    drain: int = 30


@dataclass(frozen=True)
class Service:
    """Handles of one service."""

    name: str
    service: ecs.Service
    security_group: ec2.SecurityGroup
    target_group: elb.TargetGroup
    log_group: logs.LogGroup


@dataclass(frozen=True)
class Services:
    """Handles of the cluster and its services, by name."""

    tier: Tier
    cluster: ecs.Cluster
    services: Mapping[str, Service]


_LOG_EXEMPT = {"CKV_AWS_158": "Application logs without customer data; the service's own encryption is enough."}


def services(choices: ClusterChoices, network: Network, balancer: Balancer) -> Services:
    """Build the services tier in the private subnets, behind the load balancer."""
    tier = Tier(
        "services",
        "Services",
        "The ECS cluster and its Fargate services: what runs, who reaches it, what it may do, and how it scales.",
    )
    cluster = _cluster(tier, choices)
    groups = {service.name: _log_group(tier, choices, service) for service in choices.services}
    role = _execution_role(tier, choices, groups)
    made = {
        each.name: _service(tier, choices, each, cluster, role, groups[each.name], network, balancer)
        for each in choices.services
    }
    return Services(tier, cluster, made)


def _cluster(tier: Tier, choices: ClusterChoices) -> ecs.Cluster:
    insights = tier.add(
        logs.LogGroup(
            "ClusterInsightsLogGroup",
            **DESTROYED,
            LogGroupName=Sub(f"/aws/ecs/containerinsights/{choices.cluster}-${{EnvironmentSuffix}}/performance"),
            RetentionInDays=choices.log_days,
        ),
        "What Container Insights measures; made before the cluster, which would make it and leave it behind.",
        exempt=_LOG_EXEMPT,
    )
    cluster = tier.add(
        ecs.Cluster(
            "Cluster",
            DependsOn=insights.title,
            ClusterName=named(choices.cluster),
            ClusterSettings=[ecs.ClusterSetting(Name="containerInsights", Value="enabled")],
        ),
        "The ECS cluster that all services run in, with Container Insights.",
    )
    tier.add(
        ecs.ClusterCapacityProviderAssociations(
            "ClusterCapacity",
            Cluster=cluster.ref(),
            CapacityProviders=["FARGATE", "FARGATE_SPOT"],
            DefaultCapacityProviderStrategy=[ecs.CapacityProviderStrategy(CapacityProvider="FARGATE_SPOT", Weight=1)],
        ),
        "What the cluster runs tasks on: Fargate, on demand and spot.",
    )
    base = tier.parameter(
        "OnDemandTasks",
        "How many tasks of each service run on demand before the rest runs on spot capacity. With 0 everything runs on "
        "spot, which AWS can take back at two minutes' notice.",
        group="Services",
        label="On-demand tasks per service",
        Type="Number",
        Default=0,
        MinValue=0,
        MaxValue=10,
        ConstraintDescription="a number from 0 to 10",
    )
    tier.condition("HasOnDemandTasks", Not(Equals(Ref(base), "0")))
    return cluster


def _strategy() -> Any:
    # Only one provider of a strategy may have a base (ECS API, CapacityProviderStrategyItem).
    item = ecs.CapacityProviderStrategyItem
    return If(
        "HasOnDemandTasks",
        [
            item(CapacityProvider="FARGATE", Base=Ref("OnDemandTasks"), Weight=0),
            item(CapacityProvider="FARGATE_SPOT", Weight=1),
        ],
        [item(CapacityProvider="FARGATE_SPOT", Base=1, Weight=1)],
    )


def _log_group(tier: Tier, choices: ClusterChoices, service: ServiceChoices) -> logs.LogGroup:
    return tier.add(
        logs.LogGroup(
            f"{service.name.capitalize()}LogGroup",
            **DESTROYED,
            LogGroupName=Sub(f"{choices.logs}/${{EnvironmentSuffix}}/{service.name}"),
            RetentionInDays=choices.log_days,
        ),
        f"What the {service.name} writes to its standard output, kept {choices.log_days} days.",
        exempt=_LOG_EXEMPT,
    )


def _execution_role(tier: Tier, choices: ClusterChoices, groups: Mapping[str, logs.LogGroup]) -> iam.Role:
    pull = [Action("ecr", verb) for verb in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")]
    write = [Action("logs", "CreateLogStream"), Action("logs", "PutLogEvents")]
    return tier.add(
        iam.Role(
            "TaskExecutionRole",
            RoleName=named(choices.execution_role),
            AssumeRolePolicyDocument=trusts("ecs-tasks.amazonaws.com"),
            Policies=[
                iam.Policy(
                    PolicyName="start-tasks",
                    PolicyDocument=policy(
                        # GetAuthorizationToken knows no resource (Service Authorization Reference, ECR).
                        Statement(
                            Sid="SignInToRegistry",
                            Effect=Allow,
                            Action=[Action("ecr", "GetAuthorizationToken")],
                            Resource=["*"],
                        ),
                        Statement(Sid="PullImages", Effect=Allow, Action=pull, Resource=[arn("ecr", "repository/*")]),
                        Statement(
                            Sid="WriteLogs",
                            Effect=Allow,
                            Action=write,
                            Resource=[GetAtt(group, "Arn") for group in groups.values()],
                        ),
                        *{id(s): s for service in choices.services for s in service.may_inject}.values(),
                    ),
                )
            ],
        ),
        "What ECS itself does to start a task: pull the image, open the log, fetch the secrets it injects.",
    )


def _service(
    tier: Tier,
    choices: ClusterChoices,
    service: ServiceChoices,
    cluster: ecs.Cluster,
    execution_role: iam.Role,
    log_group: logs.LogGroup,
    network: Network,
    balancer: Balancer,
) -> Service:
    prefix = service.name.capitalize()
    group = _security_group(tier, prefix, service, network, balancer)
    target_group = _target_group(tier, prefix, service, choices.drain, network)
    rule = tier.add(
        elb.ListenerRule(
            f"{prefix}ListenerRule",
            ListenerArn=balancer.listener,
            Priority=service.priority,
            Conditions=[
                elb.Condition(Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=[service.path]))
            ],
            Actions=[elb.ListenerRuleAction(Type="forward", TargetGroupArn=target_group.ref())],
        ),
        f"Sends {service.path} to the {service.name}.",
    )
    task = _task(tier, prefix, service, execution_role, log_group)
    made = tier.add(
        ecs.Service(
            f"{prefix}Service",
            # The rule joins the target group to a load balancer, without which ECS refuses it; the capacity
            # providers must outlive the service; the routes bring the image.
            DependsOn=[rule.title, "ClusterCapacity", *(route.title for route in network.ways_out), *service.waits],
            ServiceName=named(service.service),
            Cluster=cluster.ref(),
            TaskDefinition=task.ref(),
            CapacityProviderStrategy=_strategy(),
            DeploymentConfiguration=ecs.DeploymentConfiguration(
                MinimumHealthyPercent=100,
                MaximumPercent=200,
                DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(Enable=True, Rollback=True),
            ),
            HealthCheckGracePeriodSeconds=60,
            NetworkConfiguration=ecs.NetworkConfiguration(
                AwsvpcConfiguration=ecs.AwsvpcConfiguration(
                    AssignPublicIp="DISABLED",
                    Subnets=[subnet.ref() for subnet in network.private],
                    SecurityGroups=[GetAtt(group, "GroupId")],
                )
            ),
            LoadBalancers=[
                ecs.LoadBalancer(
                    ContainerName=service.name, ContainerPort=service.port, TargetGroupArn=target_group.ref()
                )
            ],
            PropagateTags="SERVICE",
            EnableECSManagedTags=True,
        ),
        f"Keeps the tasks of the {service.name} running; a deployment whose tasks stay unhealthy is rolled back. "
        "Auto scaling says how many tasks there are: a desired count here would set them back at each update.",
    )
    scale(tier, prefix, service.name, service.scaling, cluster, made)
    return Service(service.name, made, group, target_group, log_group)


def _security_group(
    tier: Tier, prefix: str, service: ServiceChoices, network: Network, balancer: Balancer
) -> ec2.SecurityGroup:
    group = tier.add(
        ec2.SecurityGroup(
            f"{prefix}SecurityGroup",
            GroupDescription=f"Tasks of the {service.name}: entered from the load balancer only",
            VpcId=network.vpc.ref(),
            SecurityGroupEgress=[
                ec2.SecurityGroupRule(
                    IpProtocol="tcp",
                    FromPort=443,
                    ToPort=443,
                    CidrIp="0.0.0.0/0",
                    Description="HTTPS to AWS services and image registries",
                )
            ],
            Tags=Tags(Name=named(f"{service.name}-tasks")),
        ),
        f"Guards the tasks of the {service.name}: in from the load balancer on port {service.port}; out by HTTPS"
        + "".join(f" and to {reach.to}" for reach in service.reaches)
        + ".",
    )
    _pair(
        tier,
        balancer.security_group,
        group,
        service.port,
        f"BalancerTo{prefix}",
        "the load balancer",
        f"the {service.name}",
    )
    for reach in service.reaches:
        name = f"{prefix}To{reach.group.title.removesuffix('SecurityGroup')}"
        _pair(tier, group, reach.group, reach.port, name, f"the {service.name}", reach.to)
    return group


def _pair(
    tier: Tier, source: ec2.SecurityGroup, target: ec2.SecurityGroup, port: int, name: str, start: str, end: str
) -> None:
    """Both halves of a way between two groups: out of the one, into the other. Apart from the groups, which would
    otherwise need each other."""
    tier.add(
        ec2.SecurityGroupEgress(
            f"{name}Egress",
            GroupId=GetAtt(source, "GroupId"),
            DestinationSecurityGroupId=GetAtt(target, "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            Description=f"Out of {start}, to {end}",
        ),
        f"Lets {start} send to {end} on port {port}.",
    )
    tier.add(
        ec2.SecurityGroupIngress(
            f"{name}Ingress",
            GroupId=GetAtt(target, "GroupId"),
            SourceSecurityGroupId=GetAtt(source, "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            Description=f"Into {end}, from {start}",
        ),
        f"Lets {end} be reached by {start} on port {port}.",
    )


def _target_group(tier: Tier, prefix: str, service: ServiceChoices, drain: int, network: Network) -> elb.TargetGroup:
    check = service.health
    return tier.add(
        elb.TargetGroup(
            f"{prefix}TargetGroup",
            Name=named(service.target_group),
            VpcId=network.vpc.ref(),
            TargetType="ip",
            Protocol="HTTP",
            Port=service.port,
            HealthCheckProtocol="HTTP",
            HealthCheckPath=check.path,
            HealthCheckIntervalSeconds=check.interval,
            HealthCheckTimeoutSeconds=check.timeout,
            HealthyThresholdCount=check.healthy,
            UnhealthyThresholdCount=check.unhealthy,
            Matcher=elb.Matcher(HttpCode="200-299"),
            TargetGroupAttributes=[
                elb.TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value=str(drain))
            ],
        ),
        f"The tasks of the {service.name} that answer {check.path} on port {service.port}.",
        exempt={"CKV_AWS_378": "HTTP within the VPC, from the load balancer to the tasks: their images speak no TLS."},
    )


def _task(
    tier: Tier, prefix: str, service: ServiceChoices, execution_role: iam.Role, log_group: logs.LogGroup
) -> ecs.TaskDefinition:
    image = tier.parameter(
        f"{prefix}Image",
        f"The container image of the {service.name}, with its tag or digest. It listens on port {service.port} and "
        f"answers {service.health.path} with 200.",
        group="Services",
        label=f"Image of the {service.name}",
        Default=service.image,
        AllowedPattern="^[A-Za-z0-9][A-Za-z0-9./:@_-]+$",
        MaxLength=512,
        ConstraintDescription="the name of a container image: registry/name:tag or registry/name@digest",
    )
    more: dict[str, Any] = {}
    command: dict[str, Any] = {}
    if service.command:
        placeholder = tier.condition(f"Uses{prefix}Placeholder", Equals(Ref(image), service.image))
        command["Command"] = If(placeholder, list(service.command), Ref("AWS::NoValue"))
    if service.secrets:
        command["Secrets"] = [ecs.Secret(Name=name, ValueFrom=value) for name, value in service.secrets.items()]
    if service.may:
        role = tier.add(
            iam.Role(
                f"{prefix}TaskRole",
                AssumeRolePolicyDocument=trusts("ecs-tasks.amazonaws.com"),
                Policies=[iam.Policy(PolicyName="work", PolicyDocument=policy(*service.may))],
            ),
            f"What the {service.name}'s own code may do in AWS, and nothing else.",
        )
        more["TaskRoleArn"] = GetAtt(role, "Arn")
    return tier.add(
        ecs.TaskDefinition(
            f"{prefix}TaskDefinition",
            Family=named(f"{service.name}-task"),
            RequiresCompatibilities=["FARGATE"],
            NetworkMode="awsvpc",
            Cpu=str(service.cpu),
            Memory=str(service.memory),
            RuntimePlatform=ecs.RuntimePlatform(CpuArchitecture="X86_64", OperatingSystemFamily="LINUX"),
            ExecutionRoleArn=GetAtt(execution_role, "Arn"),
            **more,
            ContainerDefinitions=[
                ecs.ContainerDefinition(
                    Name=service.name,
                    Image=Ref(image),
                    Essential=True,
                    PortMappings=[ecs.PortMapping(ContainerPort=service.port, Protocol="tcp")],
                    Environment=[
                        ecs.Environment(Name=name, Value=value) for name, value in service.environment.items()
                    ],
                    **command,
                    LogConfiguration=ecs.LogConfiguration(
                        LogDriver="awslogs",
                        Options={
                            "awslogs-group": log_group.ref(),
                            "awslogs-region": Region,
                            "awslogs-stream-prefix": service.name,
                        },
                    ),
                )
            ],
        ),
        f"One task of the {service.name}: {service.says}",
        exempt={
            "CKV_AWS_336": "The default image writes to its own file system; a read-only one is the image's to support."
        },
    )
