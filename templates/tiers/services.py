"""The services: an ECS cluster on Fargate, and what each service needs to be reached, to roll out and to scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import Allow, Statement
from troposphere import GetAtt, Sub, Tags, ec2, ecs, iam, logs
from troposphere import elasticloadbalancingv2 as elb

from tap.model import Tier
from templates.tiers.alerts import Alerts
from templates.tiers.balancer import Balancer
from templates.tiers.capacity import Capacity
from templates.tiers.encryption import Encryption, log_key
from templates.tiers.keeping import Keeping
from templates.tiers.network import Network
from templates.tiers.paths import HTTPS_OUT, End, way
from templates.tiers.rollout import Rolling, Rollout, Route
from templates.tiers.scaling import Scaled, Scaling, scale
from templates.tiers.tasks import TaskChoices, task
from templates.tiers.words import actions, named, policy, sign_in_to_registry, trusts


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
    """A way that a service's tasks need: to what a security group guards, on a port."""

    end: End
    port: int


@dataclass(frozen=True)
class ServiceChoices:
    """What a service can differ in.

    ``name`` names the container, the log streams and the resources (``Backend…``); ``service`` and ``target_group``
    are names before the suffix. ``path`` is the pattern that the load balancer routes here, ``priority`` its place
    among the patterns. ``sticky`` keeps a user on the same task for so many seconds. ``waits`` are logical ids that
    must be there first.
    """

    name: str
    service: str
    target_group: str
    task: TaskChoices
    path: str
    priority: int
    scaling: Scaling
    health: HealthCheck = HealthCheck()
    rollout: Rollout = field(default_factory=Rolling)
    sticky: int = 0
    reaches: tuple[Reach, ...] = ()
    waits: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterChoices:
    """What a cluster can differ in.

    ``cluster`` and ``execution_role`` are names before the suffix. ``logs`` is the name of a service's log group as
    text for ``Sub``, with ``{service}`` for the service; ``log_days`` is how long it is kept. ``drain`` is how many
    seconds a task that goes may finish its requests. ``exports`` are the outputs for the cluster and the first
    service, each with the tail of its export.
    """

    cluster: str
    execution_role: str
    logs: str
    log_days: int
    capacity: Capacity
    keeping: Keeping
    services: tuple[ServiceChoices, ...]
    drain: int = 30
    encryption: Encryption | None = None
    exports: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Service:
    """Handles of one service; ``target_groups`` are two where it rolls out blue/green."""

    name: str
    service: ecs.Service
    security_group: ec2.SecurityGroup
    target_groups: tuple[elb.TargetGroup, ...]
    task_role: iam.Role | None


@dataclass(frozen=True)
class Services:
    """Handles of the cluster and its services, by name."""

    tier: Tier
    cluster: ecs.Cluster
    services: Mapping[str, Service]
    execution_role: iam.Role

    def roles(self, name: str) -> tuple[iam.Role, ...]:
        """The roles that tasks of a service are started with."""
        own = self.services[name].task_role
        return (self.execution_role, own) if own else (self.execution_role,)


@dataclass(frozen=True)
class _Site:
    tier: Tier
    choices: ClusterChoices
    network: Network
    balancer: Balancer
    alerts: Alerts
    cluster: ecs.Cluster
    strategy: Any
    execution_role: iam.Role


def services(choices: ClusterChoices, network: Network, balancer: Balancer, alerts: Alerts) -> Services:
    """Build the services tier in the private subnets, behind the load balancer."""
    tier = Tier(
        "services",
        "Services",
        "The ECS cluster and its Fargate services: what runs, who reaches it, what it may do, and how it scales.",
    )
    cluster = _cluster(tier, choices)
    strategy = choices.capacity.strategy(tier)
    groups = {service.name: _log_group(tier, choices, service) for service in choices.services}
    role = _execution_role(tier, choices, groups)
    site = _Site(tier, choices, network, balancer, alerts, cluster, strategy, role)
    made = {each.name: _service(site, each, groups[each.name]) for each in choices.services}
    values = (
        (cluster.ref(), "The ECS cluster."),
        (GetAtt(next(iter(made.values())).service, "Name"), "The ECS service."),
    )
    for (name, export), (value, says) in zip(choices.exports, values, strict=False):
        tier.output(name, says, value, export=export)
    return Services(tier, cluster, made, role)


def _log_exempt(choices: ClusterChoices) -> dict[str, str]:
    reason = "Application logs without customer data; the service's own encryption is enough."
    return {} if choices.encryption else {"CKV_AWS_158": reason}


def _cluster(tier: Tier, choices: ClusterChoices) -> ecs.Cluster:
    insights = tier.add(
        logs.LogGroup(
            "ClusterInsightsLogGroup",
            **choices.keeping.policies,
            LogGroupName=Sub(f"/aws/ecs/containerinsights/{choices.cluster}-${{EnvironmentSuffix}}/performance"),
            RetentionInDays=choices.log_days,
            **log_key(choices.encryption),
        ),
        "What Container Insights measures; made before the cluster, which would make it and leave it behind.",
        exempt=_log_exempt(choices),
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
            DefaultCapacityProviderStrategy=[ecs.CapacityProviderStrategy(CapacityProvider="FARGATE", Weight=1)],
        ),
        "What the cluster may run tasks on: Fargate, on demand and spot.",
    )
    return cluster


def _log_group(tier: Tier, choices: ClusterChoices, service: ServiceChoices) -> logs.LogGroup:
    return tier.add(
        logs.LogGroup(
            f"{service.name.capitalize()}LogGroup",
            **choices.keeping.policies,
            LogGroupName=Sub(choices.logs.replace("{service}", service.name)),
            RetentionInDays=choices.log_days,
            **log_key(choices.encryption),
        ),
        f"What the {service.name} writes to its standard output, kept {choices.log_days} days.",
        exempt=_log_exempt(choices),
    )


def _execution_role(tier: Tier, choices: ClusterChoices, groups: Mapping[str, logs.LogGroup]) -> iam.Role:
    inject = {s.properties["Sid"]: s for service in choices.services for s in service.task.may_inject}
    repositories = [service.task.image.repository_arn for service in choices.services]
    return tier.add(
        iam.Role(
            "TaskExecutionRole",
            RoleName=named(choices.execution_role),
            AssumeRolePolicyDocument=trusts("ecs-tasks.amazonaws.com"),
            Policies=[
                iam.Policy(
                    PolicyName="start-tasks",
                    PolicyDocument=policy(
                        sign_in_to_registry(),
                        Statement(
                            Sid="PullImages",
                            Effect=Allow,
                            Action=actions(
                                "ecr", "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"
                            ),
                            Resource=[*{str(each.data): each for each in repositories}.values()],
                        ),
                        Statement(
                            Sid="WriteLogs",
                            Effect=Allow,
                            Action=actions("logs", "CreateLogStream", "PutLogEvents"),
                            Resource=[GetAtt(group, "Arn") for group in groups.values()],
                        ),
                        *inject.values(),
                    ),
                )
            ],
        ),
        "What ECS itself does to start a task: pull the image, open the log, fetch what it injects.",
    )


def _service(site: _Site, service: ServiceChoices, log_group: logs.LogGroup) -> Service:
    tier, prefix = site.tier, service.name.capitalize()
    group = _security_group(site, prefix, service)
    routed = service.rollout.route(
        tier,
        Route(
            prefix,
            service.name,
            service.path,
            service.priority,
            site.balancer,
            site.alerts.topic,
            lambda suffix: _target_group(site, prefix, service, suffix),
        ),
    )
    definition, task_role = task(tier, prefix, service.name, service.task, site.execution_role, log_group)
    made = tier.add(
        ecs.Service(
            f"{prefix}Service",
            # The rules join the target groups to a load balancer, without which ECS refuses them; the capacity
            # providers must outlive the service; the routes bring the image.
            DependsOn=[
                *routed.waits,
                "ClusterCapacity",
                *(route.title for route in site.network.ways_out),
                *service.waits,
            ],
            ServiceName=named(service.service),
            Cluster=site.cluster.ref(),
            TaskDefinition=definition.ref(),
            CapacityProviderStrategy=site.strategy,
            DeploymentConfiguration=routed.configuration,
            HealthCheckGracePeriodSeconds=60,
            NetworkConfiguration=ecs.NetworkConfiguration(
                AwsvpcConfiguration=ecs.AwsvpcConfiguration(
                    AssignPublicIp="DISABLED",
                    Subnets=[subnet.ref() for subnet in site.network.private],
                    SecurityGroups=[GetAtt(group, "GroupId")],
                )
            ),
            LoadBalancers=[
                ecs.LoadBalancer(ContainerName=service.name, ContainerPort=service.task.port, **routed.load_balancer)
            ],
            PropagateTags="SERVICE",
            EnableECSManagedTags=True,
        ),
        f"Keeps the tasks of the {service.name} running; {routed.says}. "
        "Auto scaling says how many tasks there are: a desired count here would set them back at each update.",
    )
    scale(tier, service.scaling, Scaled(prefix, service.name, site.cluster, made, site.alerts.topic))
    return Service(service.name, made, group, routed.target_groups, task_role)


def _security_group(site: _Site, prefix: str, service: ServiceChoices) -> ec2.SecurityGroup:
    port = service.task.port
    group = site.tier.add(
        ec2.SecurityGroup(
            f"{prefix}SecurityGroup",
            GroupDescription=f"Tasks of the {service.name}: entered from the load balancer only",
            VpcId=site.network.vpc.ref(),
            SecurityGroupEgress=[HTTPS_OUT],
            Tags=Tags(Name=named(f"{service.name}-tasks")),
        ),
        f"Guards the tasks of the {service.name}: in from the load balancer on port {port}; out by HTTPS"
        + "".join(f" and to {reach.end.what}" for reach in service.reaches)
        + ".",
    )
    own = End(group, f"the {service.name}")
    way(site.tier, f"BalancerTo{prefix}", End(site.balancer.security_group, "the load balancer"), own, port)
    for reach in service.reaches:
        name = reach.end.group.title.removesuffix("SecurityGroup")
        way(site.tier, f"{prefix}To{name}", own, reach.end, reach.port)
    return group


def _target_group(site: _Site, prefix: str, service: ServiceChoices, kind: str) -> elb.TargetGroup:
    check = service.health
    sticky = {
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": str(service.sticky),
    }
    attributes = {
        "deregistration_delay.timeout_seconds": str(site.choices.drain),
        **(sticky if service.sticky else {}),
    }
    return site.tier.add(
        elb.TargetGroup(
            f"{prefix}{kind}TargetGroup",
            Name=named(f"{service.target_group}-{kind.lower()}" if kind else service.target_group),
            VpcId=site.network.vpc.ref(),
            TargetType="ip",
            Protocol="HTTP",
            Port=service.task.port,
            HealthCheckProtocol="HTTP",
            HealthCheckPath=check.path,
            HealthCheckIntervalSeconds=check.interval,
            HealthCheckTimeoutSeconds=check.timeout,
            HealthyThresholdCount=check.healthy,
            UnhealthyThresholdCount=check.unhealthy,
            Matcher=elb.Matcher(HttpCode="200-299"),
            TargetGroupAttributes=[elb.TargetGroupAttribute(Key=key, Value=value) for key, value in attributes.items()],
        ),
        f"The tasks of the {service.name} that answer {check.path} on port {service.task.port}"
        + (", in the set that takes turns with the first." if kind else "."),
        exempt={"CKV_AWS_378": "HTTP within the VPC, from the load balancer to the tasks: their images speak no TLS."},
    )
