"""A fifth system, from the tiers that the others are made of: a front end and an API that keep no data, on Fargate.

It is no product of this project. It shows what a further system costs: this page, and no line in any tier.
"""

from __future__ import annotations

from troposphere import Ref

from tap.model import SUFFIX, System
from templates.tiers.alerts import AlertsChoices, alerts
from templates.tiers.balancer import Balancer, BalancerChoices, balancer
from templates.tiers.capacity import OnDemand
from templates.tiers.egress import NatGateways
from templates.tiers.gateway import Gateway, GatewayChoices, Throttle, gateway
from templates.tiers.images import GivenImage
from templates.tiers.keeping import DESTROY
from templates.tiers.measures import of_api, of_balancer, of_service
from templates.tiers.monitoring import AlarmChoices, MonitoringChoices, Widget, monitoring
from templates.tiers.network import NetworkChoices, Subnets, network
from templates.tiers.scaling import Scaling, TargetTracking
from templates.tiers.services import ClusterChoices, ServiceChoices, Services, services
from templates.tiers.tasks import TaskChoices
from templates.tiers.words import shared

NAME = "unit-converter"
LOGS = f"/{NAME}/${{{SUFFIX}}}"
WEEK = 7


def system(region: str = "us-east-1") -> System:
    """The unit converter, tier by tier, in the order of its deployment."""
    net = network(
        NetworkChoices(
            vpc=f"{NAME}-vpc",
            subnets=Subnets(public=("10.0.0.0/24", "10.0.1.0/24"), private=("10.0.2.0/24", "10.0.3.0/24")),
            egress=NatGateways(),
        )
    )
    heard = alerts(AlertsChoices(topic=f"{NAME}-alarms"))
    door = balancer(BalancerChoices(name=f"{NAME}-alb", security_group="alb-sg", keeping=DESTROY), net)
    run = services(
        ClusterChoices(
            cluster=f"{NAME}-cluster",
            execution_role=f"{NAME}-task-execution-role",
            logs=f"{LOGS}/{{service}}",
            log_days=WEEK,
            capacity=OnDemand(),
            keeping=DESTROY,
            services=(
                _service("pages", "/*", 2, 80, "public.ecr.aws/docker/library/nginx:stable"),
                _service("units", "/api/*", 1, 8080, "public.ecr.aws/docker/library/httpd:2.4"),
            ),
        ),
        net,
        door,
        heard,
    )
    api = gateway(
        GatewayChoices(
            api=f"{NAME}-api",
            title="Unit converter API",
            link=f"{NAME}-link",
            plan=f"{NAME}-plan",
            key=f"{NAME}-key",
            logs=f"{LOGS}/api-access",
            log_days=WEEK,
            stage="v1",
            throttle=Throttle(rate=100, burst=50),
            quota=(10_000, "DAY"),
            keeping=DESTROY,
        ),
        net,
        door,
    )
    watch = monitoring(MonitoringChoices(f"{NAME}-dashboard", _alarms(run, api), _widgets(run, door, api)), heard)
    return System(
        name=NAME,
        title="Unit converter",
        says="A front end and an API on Fargate behind a load balancer and API Gateway; it keeps no data.",
        region=region,
        shared=shared(),
        tiers=(net.tier, heard.tier, door.tier, run.tier, api.tier, watch),
        environments={"dev": {}, "prod": {}},
        tags={"System": NAME, "Environment": f"${{{SUFFIX}}}"},
    )


def _service(name: str, path: str, priority: int, port: int, image: str) -> ServiceChoices:
    return ServiceChoices(
        name=name,
        service=f"{name}-service",
        target_group=f"{name}-tg",
        path=path,
        priority=priority,
        scaling=Scaling(2, 6, (TargetTracking("CPU", 60, cooldown_in=120, cooldown_out=60),)),
        task=TaskChoices(
            image=GivenImage(image),
            expects=f"It listens on port {port} and answers / with 200.",
            says=f"the {name}.",
            cpu=256,
            memory=512,
            port=port,
            environment={"ENVIRONMENT": Ref(SUFFIX)},
        ),
    )


def _alarms(run: Services, api: Gateway) -> tuple[AlarmChoices, ...]:
    return (
        AlarmChoices(
            "UnitsCpuAlarm",
            "units-high-cpu",
            "The tasks of the API use more than 80 % of their CPU on average, for ten minutes.",
            of_service(run, "units", "CPUUtilization"),
            80,
        ),
        AlarmChoices(
            "ApiErrorsAlarm",
            "api-5xx",
            "The API answers more than ten requests in five minutes with 5XX, twice in a row.",
            of_api(api, "5XXError"),
            10,
        ),
    )


def _widgets(run: Services, door: Balancer, api: Gateway) -> tuple[Widget, ...]:
    return (
        *(Widget(f"{name}: CPU, %", (of_service(run, name, "CPUUtilization"),)) for name in run.services),
        Widget("Load balancer: requests", (of_balancer(door, "RequestCount"),)),
        Widget("API: requests", (of_api(api, "Count"),)),
    )
