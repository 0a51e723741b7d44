"""The customer portal: a web front end and an API on Fargate, Aurora PostgreSQL, sessions in DynamoDB, CloudFront.

Built to be thrown away whole: a stack's deletion leaves nothing behind but the account's role for API logs.
"""

from __future__ import annotations

from awacs.aws import Action, Allow, Statement
from troposphere import Ref, Sub

from tap.model import SUFFIX, System
from templates.tiers.balancer import BalancerChoices, balancer
from templates.tiers.database import PORT, Database, DatabaseChoices, Provisioned, database
from templates.tiers.delivery import DeliveryChoices, delivery
from templates.tiers.egress import NatInstances
from templates.tiers.gateway import Gateway, GatewayChoices, Throttle, gateway
from templates.tiers.monitoring import AlarmChoices, Metric, MonitoringChoices, Widget, monitoring
from templates.tiers.network import NetworkChoices, Subnets, network
from templates.tiers.scaling import Scaling, TargetTracking
from templates.tiers.services import ClusterChoices, Reach, ServiceChoices, Services, services
from templates.tiers.sessions import Index, Sessions, SessionsChoices, sessions
from templates.tiers.words import att, ref, shared

NAME = "customer-portal"


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
    db = database(
        DatabaseChoices(
            cluster=f"{NAME}-db",
            database="customerportal",
            secret=f"{NAME}-db-secret",
            security_group="database-sg",
            capacity=Provisioned("db.t3.medium", readers=2),
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
            exempt={"CKV_AWS_119": NO_KEY},
        )
    )
    door = balancer(BalancerChoices(name=f"{NAME}-alb", security_group="alb-sg", exempt=BALANCER_EXEMPT), net)
    run = services(
        ClusterChoices(
            cluster=f"{NAME}-cluster",
            execution_role="ecs-task-execution-role",
            logs=f"/{NAME}",
            log_days=7,
            services=(_backend(db, kept), _frontend()),
        ),
        net,
        door,
    )
    api = gateway(
        GatewayChoices(
            api=f"{NAME}-api",
            title="Customer portal API",
            link=f"{NAME}-vpclink",
            plan=f"{NAME}-usage-plan",
            key=f"{NAME}-key",
            logs=f"/{NAME}",
            log_days=7,
            stage="prod",
            throttle=Throttle(rate=1000, burst=500),
            quota=(100_000, "DAY"),
            exempt=STAGE_EXEMPT,
        ),
        net,
        door,
    )
    cdn = delivery(
        DeliveryChoices(
            bucket=f"{NAME}-assets", access=f"{NAME}-assets", title="Customer portal", exempt=DELIVERY_EXEMPT
        ),
        door,
    )
    watch = monitoring(
        MonitoringChoices(
            topic=f"{NAME}-alarms",
            dashboard=f"{NAME}-dashboard",
            alarms=_alarms(db, run, api),
            widgets=_widgets(db, kept, run, api),
            recover=net.nat_instances,
            exempt={
                "AlarmTopic": {"CKV_AWS_26": "Alarms hold no customer data; the portal's design has no customer key."}
            },
        )
    )
    return System(
        name=NAME,
        title="Customer portal",
        says="A web front end and an API on Fargate behind a load balancer, API Gateway and CloudFront, with Aurora "
        "PostgreSQL and DynamoDB. Deleting the stack deletes everything, data included.",
        region="us-east-1",
        shared=shared(),
        tiers=(net.tier, db.tier, kept.tier, door.tier, run.tier, api.tier, cdn.tier, watch.tier),
        environments={"dev": {}, "staging": {}, "prod": {"OnDemandTasks": "1"}},
        tags={"System": NAME, "Environment": f"${{{SUFFIX}}}", "ManagedBy": "CloudFormation"},
    )


ONE_TO_TEN = Scaling(1, 10, (TargetTracking("CPU", 70, cooldown_in=60, cooldown_out=60),))


def _frontend() -> ServiceChoices:
    return ServiceChoices(
        name="frontend",
        says="the pages that users see.",
        service="frontend-service",
        target_group="frontend-tg",
        image="public.ecr.aws/docker/library/nginx:stable",
        cpu=256,
        memory=512,
        port=80,
        path="/*",
        priority=2,
        scaling=ONE_TO_TEN,
        environment={"ENVIRONMENT": Ref(SUFFIX)},
    )


def _backend(db: Database, kept: Sessions) -> ServiceChoices:
    read_secret = Statement(
        Sid="ReadDatabaseSecret",
        Effect=Allow,
        Action=[Action("secretsmanager", "GetSecretValue")],
        Resource=[db.secret.ref()],
    )
    return ServiceChoices(
        name="backend",
        says="the API. With the default image, a placeholder that answers every request with OK.",
        service="backend-service",
        target_group="backend-tg",
        image="public.ecr.aws/docker/library/node:22-alpine",
        command=("node", "-e", "require('http').createServer((req, res) => res.end('OK')).listen(3000)"),
        cpu=512,
        memory=1024,
        port=3000,
        path="/api/*",
        priority=1,
        scaling=ONE_TO_TEN,
        environment={
            "ENVIRONMENT": Ref(SUFFIX),
            "NODE_ENV": "production",
            "DB_HOST": db.host,
            "DB_PORT": db.port,
            "DB_NAME": db.name,
            "DB_SECRET_ARN": db.secret.ref(),
            "SESSIONS_TABLE": kept.table.ref(),
        },
        secrets={
            "DB_USER": Sub(f"{ref(db.secret)}:username::"),
            "DB_PASSWORD": Sub(f"{ref(db.secret)}:password::"),
        },
        may=(read_secret, kept.read_write()),
        may_inject=(read_secret,),
        reaches=(Reach(db.security_group, PORT, "the database"),),
        waits=(db.attachment.title,),
    )


def _task_metrics(run: Services, name: str) -> tuple[Metric, Metric]:
    dimensions = {"ClusterName": ref(run.cluster), "ServiceName": att(run.services[name].service, "Name")}
    return (
        Metric("AWS/ECS", "CPUUtilization", dimensions, label="CPU %"),
        Metric("AWS/ECS", "MemoryUtilization", dimensions, label="Memory %"),
    )


def _database_metric(db: Database, name: str) -> Metric:
    return Metric("AWS/RDS", name, {"DBClusterIdentifier": ref(db.cluster)})


def _api_metric(api: Gateway, name: str, statistic: str = "Sum") -> Metric:
    dimensions = {"ApiName": str(api.name.data["Fn::Sub"]), "Stage": ref(api.stage)}
    return Metric("AWS/ApiGateway", name, dimensions, statistic)


def _alarms(db: Database, run: Services, api: Gateway) -> tuple[AlarmChoices, ...]:
    return (
        AlarmChoices(
            "BackendHighCpuAlarm",
            "backend-high-cpu",
            "The backend's tasks use more than 80 % of their CPU on average, for ten minutes.",
            _task_metrics(run, "backend")[0],
            80,
        ),
        AlarmChoices(
            "HighDatabaseConnectionsAlarm",
            "high-db-connections",
            "The database has more than 80 connections on average, for ten minutes.",
            _database_metric(db, "DatabaseConnections"),
            80,
        ),
        AlarmChoices(
            "HighApiLatencyAlarm",
            "high-api-latency",
            "The API takes more than a second to answer on average, for ten minutes.",
            _api_metric(api, "Latency", "Average"),
            1000,
        ),
    )


def _widgets(db: Database, kept: Sessions, run: Services, api: Gateway) -> tuple[Widget, ...]:
    table = {"TableName": ref(kept.table)}
    return (
        Widget("Frontend: CPU and memory", _task_metrics(run, "frontend")),
        Widget("Backend: CPU and memory", _task_metrics(run, "backend")),
        Widget("Database: connections", (_database_metric(db, "DatabaseConnections"),)),
        Widget("Database: CPU", (_database_metric(db, "CPUUtilization"),)),
        Widget("API: latency", (_api_metric(api, "Latency", "Average"),)),
        Widget("API: errors", (_api_metric(api, "4XXError"), _api_metric(api, "5XXError"))),
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
    "DatabaseSecret": {"CKV_AWS_149": NO_KEY},
    "DatabaseInstance": {"CKV_AWS_118": "The portal's design watches the cluster's own metrics, not the host's."},
}
BALANCER_EXEMPT = {
    "BalancerSecurityGroup": {
        "CKV_AWS_260": "A public web site: port 80 is its door, and redirects to HTTPS once there is a certificate.",
        "CKV_AWS_23": "Every rule has a description; the checker does not see the one inside Fn::If.",
    },
    "LoadBalancer": {
        "CKV_AWS_91": "The portal's design keeps no access logs of the load balancer; the API keeps its own."
    },
    "HttpListener": {
        "CKV_AWS_2": "Without a certificate there is only HTTP; with CertificateArn this listener redirects to HTTPS.",
        "CKV_AWS_103": "Without a certificate there is only HTTP; with CertificateArn HttpsListener asks for TLS 1.2.",
    },
}
STAGE_EXEMPT = {
    "ApiStage": {
        "CKV_AWS_73": "The portal's design has no tracing; the services would have to take part in it.",
        "CKV_AWS_120": "Answers differ from user to user, so nothing is cached.",
    }
}
DELIVERY_EXEMPT = {
    "AssetsBucket": {"CKV_AWS_18": "Only CloudFront reads it, and public files they are."},
    "Distribution": {
        "CKV_AWS_68": "The portal's design has no firewall; the API throttles, and the services check their input.",
        "CKV_AWS_86": "The portal's design keeps no access logs of CloudFront.",
        "CKV_AWS_174": "The certificate of *.cloudfront.net fixes the oldest TLS version.",
    },
}
