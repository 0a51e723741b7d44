"""The customer portal: a web front end and an API on Fargate, Aurora PostgreSQL, sessions in DynamoDB, CloudFront.

Built to be thrown away whole: a stack's deletion leaves nothing behind but the account's role for API logs.
"""

from __future__ import annotations

from troposphere import Ref

from tap.model import SUFFIX, System
from templates.tiers.alerts import AlertsChoices, alerts
from templates.tiers.assets import AssetsChoices, assets
from templates.tiers.balancer import BalancerChoices, balancer
from templates.tiers.buckets import BucketChoices
from templates.tiers.capacity import Spot
from templates.tiers.database import PORT, Database, DatabaseChoices, GeneratedCredentials, Names, Provisioned, database
from templates.tiers.delivery import CACHING_DISABLED, EVERY_ERROR, Behavior, DeliveryChoices, ErrorPage
from templates.tiers.egress import NatInstances
from templates.tiers.gateway import Gateway, GatewayChoices, Throttle, gateway
from templates.tiers.guards import GUARDS
from templates.tiers.images import GivenImage
from templates.tiers.keeping import DESTROY
from templates.tiers.measures import of_api, of_database, of_service
from templates.tiers.monitoring import AlarmChoices, Metric, MonitoringChoices, Widget, monitoring
from templates.tiers.network import NetworkChoices, Subnets, network
from templates.tiers.paths import End
from templates.tiers.scaling import Scaling, TargetTracking
from templates.tiers.services import ClusterChoices, Reach, ServiceChoices, Services, services
from templates.tiers.sessions import Index, Sessions, SessionsChoices, sessions
from templates.tiers.tasks import TaskChoices
from templates.tiers.words import ref, shared

NAME = "customer-portal"
LOGS = f"/{NAME}/${{{SUFFIX}}}"


def system() -> System:
    """The customer portal, tier by tier, in the order of its deployment."""
    net = network(
        NetworkChoices(
            vpc=f"{NAME}-vpc",
            subnets=Subnets(
                public=("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"),
                private=("10.0.3.0/24", "10.0.4.0/24", "10.0.5.0/24"),
                isolated=("10.0.6.0/24", "10.0.7.0/24", "10.0.8.0/24"),
            ),
            egress=NatInstances(instance_type="t3.micro"),
            exempt=(("CKV2_AWS_11", "The portal's design keeps no flow logs."),),
        )
    )
    heard = alerts(AlertsChoices(topic=f"{NAME}-alarms", exempt=TOPIC_EXEMPT))
    db = database(
        DatabaseChoices(
            cluster=f"{NAME}-db",
            security_group="database-sg",
            names=Names(user="dbadmin", database="customerportal"),
            credentials=GeneratedCredentials(f"{NAME}-db-secret", exempt={"CKV_AWS_149": NO_KEY}),
            capacity=Provisioned("db.t3.medium", readers=2),
            keeping=DESTROY,
            backup_days=1,
            exempt=DATABASE_EXEMPT,
        ),
        net,
    )
    kept = sessions(
        SessionsChoices(
            table=f"{NAME}-sessions",
            partition=("sessionId", "S"),
            sort=("userId", "S"),
            indexes=(
                Index("UserIdIndex", ("userId", "S"), ("createdAt", "N")),
                Index("ActiveSessionsIndex", ("status", "S"), ("lastAccessedAt", "N")),
            ),
            expiry="expiresAt",
            export="sessions-table",
            keeping=DESTROY,
            exempt={"CKV_AWS_119": NO_KEY},
        )
    )
    door = balancer(
        BalancerChoices(name=f"{NAME}-alb", security_group="alb-sg", keeping=DESTROY, exempt=BALANCER_EXEMPT), net
    )
    run = services(
        ClusterChoices(
            cluster=f"{NAME}-cluster",
            execution_role="ecs-task-execution-role",
            logs=f"{LOGS}/{{service}}",
            log_days=7,
            capacity=Spot(),
            keeping=DESTROY,
            services=(_frontend(), _backend(db, kept)),
        ),
        net,
        door,
        heard,
    )
    api = gateway(
        GatewayChoices(
            api=f"{NAME}-api",
            title="Customer portal API",
            link=f"{NAME}-vpclink",
            plan=f"{NAME}-usage-plan",
            key=f"{NAME}-key",
            logs=f"{LOGS}/api-access",
            log_days=7,
            stage="prod",
            throttle=Throttle(rate=1000, burst=500),
            quota=(100_000, "DAY"),
            keeping=DESTROY,
            exempt=STAGE_EXEMPT,
        ),
        net,
        door,
    )
    files = assets(
        AssetsChoices(
            BucketChoices(
                prefix="Assets",
                name=f"{NAME}-assets",
                says="The static files. Private: only CloudFront reads it. Old versions of a file are kept 30 days. "
                "Emptied and deleted with the stack.",
                keeping=DESTROY,
                old_versions=30,
                exempt=ASSETS_EXEMPT,
            ),
            DeliveryChoices(
                title="Customer portal",
                says="What users reach: static files from the bucket, cached near them; /api/* from the load balancer, "
                "never cached. Plain HTTP is redirected to HTTPS.",
                access=f"{NAME}-assets",
                behaviors=(
                    Behavior("", "assets"),
                    Behavior("/api/*", "web", cache=CACHING_DISABLED, writes=True, whole=True),
                ),
                price_class="PriceClass_100",
                errors=(ErrorPage(EVERY_ERROR, ""),),
                exempt=DELIVERY_EXEMPT,
            ),
        ),
        door,
    )
    watch = monitoring(
        MonitoringChoices(
            dashboard=f"{NAME}-dashboard",
            alarms=_alarms(db, run, api),
            widgets=_widgets(db, kept, run, api),
            recover=net.nat_instances,
        ),
        heard,
    )
    return System(
        name=NAME,
        title="Customer portal",
        says="A web front end and an API on Fargate behind a load balancer, API Gateway and CloudFront, with Aurora "
        "PostgreSQL and DynamoDB. Deleting the stack deletes everything, data included.",
        region="us-east-1",
        shared=shared(),
        tiers=(net.tier, heard.tier, db.tier, kept.tier, door.tier, run.tier, api.tier, files.tier, watch),
        environments={"dev": {}, "staging": {}, "prod": {"OnDemandTasks": "1"}},
        guards=GUARDS,
        tags={"System": NAME, "Environment": f"${{{SUFFIX}}}", "ManagedBy": "CloudFormation"},
    )


ONE_TO_TEN = Scaling(1, 10, (TargetTracking("CPU", 70, cooldown_in=60, cooldown_out=60),))


def _frontend() -> ServiceChoices:
    return ServiceChoices(
        name="frontend",
        service="frontend-service",
        target_group="frontend-tg",
        path="/*",
        priority=2,
        scaling=ONE_TO_TEN,
        task=TaskChoices(
            image=GivenImage("public.ecr.aws/docker/library/nginx:stable"),
            expects="It listens on port 80 and answers / with 200.",
            says="the pages that users see.",
            cpu=256,
            memory=512,
            port=80,
            environment={"ENVIRONMENT": Ref(SUFFIX)},
        ),
    )


def _backend(db: Database, kept: Sessions) -> ServiceChoices:
    return ServiceChoices(
        name="backend",
        service="backend-service",
        target_group="backend-tg",
        path="/api/*",
        priority=1,
        scaling=ONE_TO_TEN,
        reaches=(Reach(End(db.security_group, "the database"), PORT),),
        waits=db.waits,
        task=TaskChoices(
            image=GivenImage("public.ecr.aws/docker/library/node:22-alpine"),
            placeholder=("node", "-e", "require('http').createServer((req, res) => res.end('OK')).listen(3000)"),
            expects="It listens on port 3000 and answers / with 200.",
            says="the API. With the default image, a placeholder that answers every request with OK.",
            cpu=512,
            memory=1024,
            port=3000,
            environment={
                "ENVIRONMENT": Ref(SUFFIX),
                "NODE_ENV": "production",
                **db.environment(),
                "SESSIONS_TABLE": kept.table.ref(),
            },
            secrets=db.injected(),
            may=(*db.read_secret(), kept.read_write()),
            may_inject=db.read_secret(),
        ),
    )


def _alarms(db: Database, run: Services, api: Gateway) -> tuple[AlarmChoices, ...]:
    return (
        AlarmChoices(
            "BackendHighCpuAlarm",
            "backend-high-cpu",
            "The backend's tasks use more than 80 % of their CPU on average, for ten minutes.",
            of_service(run, "backend", "CPUUtilization"),
            80,
        ),
        AlarmChoices(
            "HighDatabaseConnectionsAlarm",
            "high-db-connections",
            "The database has more than 80 connections on average, for ten minutes.",
            of_database(db, "DatabaseConnections"),
            80,
        ),
        AlarmChoices(
            "HighApiLatencyAlarm",
            "high-api-latency",
            "The API takes more than a second to answer on average, for ten minutes.",
            of_api(api, "Latency", "Average"),
            1000,
        ),
    )


def _widgets(db: Database, kept: Sessions, run: Services, api: Gateway) -> tuple[Widget, ...]:
    def load(name: str) -> tuple[Metric, ...]:
        return (
            of_service(run, name, "CPUUtilization", "CPU %"),
            of_service(run, name, "MemoryUtilization", "Memory %"),
        )

    table = {"TableName": ref(kept.table)}
    return (
        Widget("Frontend: CPU and memory", load("frontend")),
        Widget("Backend: CPU and memory", load("backend")),
        Widget("Database: connections", (of_database(db, "DatabaseConnections"),)),
        Widget("Database: CPU", (of_database(db, "CPUUtilization"),)),
        Widget("API: latency", (of_api(api, "Latency", "Average"),)),
        Widget("API: errors", (of_api(api, "4XXError"), of_api(api, "5XXError"))),
        Widget(
            "Sessions: consumed capacity",
            tuple(
                Metric("AWS/DynamoDB", f"Consumed{way}CapacityUnits", table, "Sum", label=way)
                for way in ("Read", "Write")
            ),
        ),
    )


# What a checker (checkov) asks for and the portal's design leaves out, with the reasons; written beside the resources.
NO_KEY = "AWS's own key encrypts it; the portal's design has no customer key."
DATABASE_EXEMPT = {
    "DatabaseInstance": {"CKV_AWS_118": "The portal's design watches the cluster's own metrics, not the host's."},
}
BALANCER_EXEMPT = {
    "CKV_AWS_91": "The portal's design keeps no access logs of the load balancer; the API keeps its own."
}
STAGE_EXEMPT = {
    "ApiStage": {
        "CKV_AWS_73": "The portal's design has no tracing; the services would have to take part in it.",
        "CKV_AWS_120": "Answers differ from user to user, so nothing is cached.",
    }
}
TOPIC_EXEMPT = {"CKV_AWS_26": "Alarms hold no customer data; the portal's design has no customer key."}
ASSETS_EXEMPT = {"CKV_AWS_18": "Only CloudFront reads it, and public files they are."}
DELIVERY_EXEMPT = {
    "Distribution": {
        "CKV_AWS_68": "The portal's design has no firewall; the API throttles, and the services check their input.",
        "CKV_AWS_86": "The portal's design keeps no access logs of CloudFront.",
        "CKV_AWS_174": "The certificate of *.cloudfront.net fixes the oldest TLS version.",
    },
}
