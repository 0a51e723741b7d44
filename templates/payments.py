"""Payments: a front end and an API on Fargate for fifty thousand users at once, Aurora PostgreSQL, CloudFront.

Built to keep its data: what holds any outlives the stack, and the database is protected from deletion.
"""

from __future__ import annotations

from troposphere import If, Ref, Sub

from tap.model import SUFFIX, System
from templates.tiers.alerts import AlertsChoices, alerts
from templates.tiers.assets import AssetsChoices, assets
from templates.tiers.backup import BackupChoices, backups
from templates.tiers.balancer import Balancer, BalancerChoices, balancer
from templates.tiers.buckets import BucketChoices
from templates.tiers.capacity import Mixed
from templates.tiers.database import PORT, Database, DatabaseChoices, ManagedCredentials, Names, Provisioned, database
from templates.tiers.delivery import Behavior, DeliveryChoices, Domain, LogsTo
from templates.tiers.dns import domain, records
from templates.tiers.egress import NatGateways
from templates.tiers.encryption import EncryptionChoices, encryption
from templates.tiers.flow_logs import FlowLogs
from templates.tiers.guards import GUARDS
from templates.tiers.images import GivenImage
from templates.tiers.keeping import RETAIN
from templates.tiers.measures import of_balancer, of_database, of_service, of_targets
from templates.tiers.monitoring import AlarmChoices, Metric, MonitoringChoices, Widget, monitoring
from templates.tiers.network import NetworkChoices, Subnets, network
from templates.tiers.paths import End
from templates.tiers.scaling import Scaling, TargetTracking
from templates.tiers.services import ClusterChoices, HealthCheck, Reach, ServiceChoices, Services, services
from templates.tiers.storage import StorageChoices, storage
from templates.tiers.tasks import ContainerCheck, TaskChoices, Tracing
from templates.tiers.tls import RequiredTls
from templates.tiers.words import att, shared

NAME = "payments"
MONTH = 30


def system() -> System:
    """Payments, tier by tier, in the order of its deployment."""
    key = encryption(EncryptionChoices("Encrypts the payments platform's data", RETAIN, alias=f"{NAME}-key"))
    net = network(
        NetworkChoices(
            vpc=f"{NAME}-vpc",
            subnets=Subnets(
                public=("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"),
                private=("10.0.3.0/24", "10.0.4.0/24", "10.0.5.0/24"),
                isolated=("10.0.6.0/26", "10.0.6.64/26", "10.0.6.128/26"),
            ),
            egress=NatGateways(),
            flow_logs=FlowLogs(f"/vpc/tap-${{{SUFFIX}}}", MONTH, RETAIN, key),
        )
    )
    heard = alerts(AlertsChoices(topic="tap-alerts", encryption=key))
    names = domain("payments.example.com")
    logs = storage(StorageChoices(f"{NAME}-logs", days=90, keeping=RETAIN, balancer=True))
    db = database(
        DatabaseChoices(
            cluster="tap-database",
            security_group="tap-database-sg",
            names=Names(user="dbadmin", database="payments"),
            credentials=ManagedCredentials(),
            # Each size is set to take somewhat fewer connections than Aurora would let it by its memory.
            capacity=Provisioned(
                "db.r6g.xlarge",
                readers=1,
                connections=CONNECTIONS,
            ),
            keeping=RETAIN,
            encryption=key,
            backup_days=MONTH,
            backup_window="03:00-04:00",
            maintenance_window="sun:04:00-sun:05:00",
            insights=True,
            host_metrics=60,
            log_days=MONTH,
            endpoint_outputs=(
                ("DbEndpoint", "Endpoint.Address", "db-endpoint"),
                ("DbReaderEndpoint", "ReadEndpoint.Address", "db-reader-endpoint"),
            ),
            exempt=DATABASE_EXEMPT,
        ),
        net,
    )
    copies = backups(
        BackupChoices("tap-backup", "cron(0 0/6 * * ? *)", 60, 120, days=7, keeping=RETAIN, encryption=key), db
    )
    door = balancer(
        BalancerChoices(
            name="tap-alb",
            security_group="tap-alb-sg",
            keeping=RETAIN,
            tls=RequiredTls(names.certificate, names.name),
            access_logs=logs.from_balancer(),
        ),
        net,
    )
    run = services(
        ClusterChoices(
            cluster="tap-payment-cluster",
            execution_role="tap-task-execution-role",
            logs=f"/ecs/tap/{{service}}-${{{SUFFIX}}}",
            log_days=MONTH,
            capacity=Mixed(base=3, on_demand=1, spot=2),
            keeping=RETAIN,
            encryption=key,
            services=(_frontend(), _backend(db)),
        ),
        net,
        door,
        heard,
    )
    files = assets(
        AssetsChoices(
            BucketChoices(
                prefix="Assets",
                name=f"{NAME}-assets",
                says="The static files. Private: only CloudFront reads it. Old versions of a file are kept 30 days. "
                "Stays when the stack is deleted.",
                keeping=RETAIN,
                old_versions=30,
                exempt={"CKV_AWS_18": "Only CloudFront reads it, whose own access log is kept."},
            ),
            DeliveryChoices(
                title="Payments",
                says="What users reach under cdn.: static files from the bucket, cached near them, by HTTPS.",
                access=f"{NAME}-assets",
                behaviors=(Behavior("", "assets"),),
                price_class="PriceClass_All",
                domain=Domain((names.cdn_name,), names.cdn_certificate, names.delivered),
                logs=LogsTo(logs.bucket, f"{NAME}-cdn", names.local),
                exports=(),
                exempt=DELIVERY_EXEMPT,
            ),
            outputs=(),
        )
    )
    found = records(names, door, files.distribution)
    app, cloudfront = _domain(names.name), att(files.distribution, "DomainName")
    found.output("AppUrl", "Where users reach the application.", Sub(f"https://{app}"), export="app-url")
    cdn_url = If(names.delivered, Sub(f"https://cdn.{app}"), Sub(f"https://{cloudfront}"))
    files.tier.output("CdnUrl", "Where static files are reached.", cdn_url, export="cdn-url")
    watch = monitoring(
        MonitoringChoices("tap-platform-dashboard", _alarms(db, run, door), _widgets(db, run, door)), heard
    )
    tiers = (
        key.tier, net.tier, heard.tier, names.tier, logs.tier, db.tier, copies, door.tier, run.tier, files.tier,
        found, watch,
    )  # fmt: skip
    example = {"DomainName": "payments.example.com", "HostedZoneId": "Z0000000000000EXAMPLE"}
    return System(
        name=NAME,
        title="Payments",
        says="A front end and an API on Fargate behind a load balancer with TLS, Aurora PostgreSQL with copies every "
        "six hours, and CloudFront. What holds data stays when the stack is deleted.",
        region="us-east-1",
        shared=shared(),
        tiers=tiers,
        environments={
            "dev": {**example, "DomainName": "dev.payments.example.com", "DatabaseInstanceClass": "db.r6g.large"},
            "staging": {**example, "DomainName": "staging.payments.example.com"},
            "prod": example,
        },
        guards=GUARDS,
        tags={
            "Environment": f"${{{SUFFIX}}}",
            "System": NAME,
            "Project": "TAP",
            "CostCenter": "FINTECH-001",
            "ManagedBy": "CloudFormation",
        },
    )


def _domain(name: Ref) -> str:
    return f"${{{name.data['Ref']}}}"


CONNECTIONS = {"db.r6g.large": 1600, "db.r6g.xlarge": 3200, "db.r6g.2xlarge": 5000, "db.r6g.4xlarge": 5000}
THREE_TO_TWENTY = Scaling(
    3,
    20,
    (
        TargetTracking("CPU", 70, cooldown_in=300, cooldown_out=60),
        TargetTracking("memory", 75, cooldown_in=300, cooldown_out=60),
    ),
)
HOUR = 3600


def _frontend() -> ServiceChoices:
    return ServiceChoices(
        name="frontend",
        service="tap-frontend",
        target_group="tap-frontend-tg",
        path="/*",
        priority=20,
        scaling=THREE_TO_TWENTY,
        health=HealthCheck(path="/", timeout=10),
        sticky=HOUR,
        task=TaskChoices(
            image=GivenImage("public.ecr.aws/docker/library/nginx:1.27-alpine", versioned=True),
            expects="It listens on port 80 and answers / with 200.",
            says="the pages that users see.",
            cpu=512,
            memory=1024,
            port=80,
            check=ContainerCheck("wget -q -O /dev/null http://127.0.0.1/ || exit 1"),
            environment={"NODE_ENV": "production"},
        ),
    )


def _backend(db: Database) -> ServiceChoices:
    return ServiceChoices(
        name="backend",
        service="tap-backend",
        target_group="tap-backend-tg",
        path="/api/*",
        priority=10,
        scaling=THREE_TO_TWENTY,
        health=HealthCheck(path="/health", timeout=10),
        sticky=HOUR,
        reaches=(Reach(End(db.security_group, "the database"), PORT),),
        waits=db.waits,
        task=TaskChoices(
            image=GivenImage("public.ecr.aws/docker/library/node:22-alpine", versioned=True),
            placeholder=("node", "-e", "require('http').createServer((req, res) => res.end('OK')).listen(3000)"),
            expects="It listens on port 3000 and answers /health with 200.",
            says="the API. With the default image, a placeholder that answers every request with OK.",
            cpu=1024,
            memory=2048,
            port=3000,
            check=ContainerCheck("wget -q -O /dev/null http://127.0.0.1:3000/health || exit 1"),
            tracing=Tracing(),
            environment={
                "NODE_ENV": "production",
                "OTEL_SERVICE_NAME": "tap-backend",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318",
                **db.environment(),
            },
            secrets=db.injected(),
            may=db.read_secret(),
            may_inject=db.read_secret(),
        ),
    )


def _alarms(db: Database, run: Services, door: Balancer) -> tuple[AlarmChoices, ...]:
    return (
        *(
            AlarmChoices(
                f"{name.capitalize()}CpuAlarm",
                f"tap-{name}-high-cpu",
                f"The tasks of the {name} use more than 80 % of their CPU on average, for ten minutes.",
                of_service(run, name, "CPUUtilization"),
                80,
                missing="breaching",
            )
            for name in run.services
        ),
        AlarmChoices(
            "DatabaseConnectionsAlarm",
            "tap-db-connections",
            "An instance of the database had more than 90 % of the connections that it takes, in five minutes, twice "
            "in a row.",
            # The fullest instance: on average a full writer and an idle reader would be half full.
            of_database(db, "DatabaseConnections", statistic="Maximum"),
            db.busy,
            missing="breaching",
        ),
        *(
            AlarmChoices(
                f"{name.capitalize()}TargetHealthAlarm",
                f"tap-{name}-unhealthy",
                f"A task of the {name} has not answered its health check, for two minutes.",
                of_targets(door, run, name, "UnHealthyHostCount", "Maximum", period=60)[0],
                1,
                above=">=",
                missing="breaching",
            )
            for name in run.services
        ),
        AlarmChoices(
            "TargetErrorsAlarm",
            "tap-target-5xx",
            "The services answered more than ten requests in five minutes with 5XX, twice in a row.",
            of_balancer(door, "HTTPCode_Target_5XX_Count"),
            10,
        ),
    )


def _widgets(db: Database, run: Services, door: Balancer) -> tuple[Widget, ...]:
    def both(metric: str) -> tuple[Metric, ...]:
        return tuple(of_service(run, name, metric, name) for name in run.services)

    return (
        Widget("CPU, %", both("CPUUtilization")),
        Widget("Memory, %", both("MemoryUtilization")),
        Widget("Load balancer: requests", (of_balancer(door, "RequestCount"),)),
        Widget("Load balancer: response time, seconds", (of_balancer(door, "TargetResponseTime", "Average"),)),
        Widget("Database: connections", (of_database(db, "DatabaseConnections", statistic="Maximum"),)),
        Widget("Database: CPU, %", (of_database(db, "CPUUtilization"),)),
    )


# What a checker (checkov) asks for and the design leaves out, with the reasons; written beside the resources.
DATABASE_EXEMPT = {
    "DatabaseInstance": {"CKV_AWS_118": "The cluster measures its hosts; repeated on an instance it would drift."}
}
DELIVERY_EXEMPT = {
    "Distribution": {
        "CKV_AWS_68": "It serves public static files only; there is nothing to protect but their bandwidth.",
        "CKV_AWS_86": "The access log is delivered by CloudWatch Logs, which the checker does not see.",
        "CKV_AWS_174": "TLS 1.2 wherever there is a certificate; the checker does not see it inside Fn::If.",
    },
}
