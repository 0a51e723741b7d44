"""Media streaming: a React front end and a Flask API on Fargate, rolled out blue/green, with Aurora and CloudFront.

Built to be thrown away whole. What CloudFront wants in us-east-1 is in the edge, a stack of its own there.
"""

from __future__ import annotations

from troposphere import Equals, FindInMap, If, Not, Ref, Region

from tap.model import SUFFIX, System, Tier
from templates.tiers.acls import AclChoices
from templates.tiers.alerts import AlertsChoices, alerts
from templates.tiers.balancer import Balancer, BalancerChoices, balancer
from templates.tiers.capacity import OnDemand
from templates.tiers.configuration import Configuration, Setting, configuration
from templates.tiers.database import PORT, Database, DatabaseChoices, ManagedCredentials, Names, Provisioned, database
from templates.tiers.delivery import (
    CACHING_DISABLED,
    CACHING_OPTIMIZED,
    Behavior,
    CacheFor,
    DeliveryChoices,
    Domain,
    ErrorPage,
)
from templates.tiers.edge import DOMAIN_PATTERN, EdgeChoices, edge
from templates.tiers.egress import NatGateways
from templates.tiers.firewall import FirewallChoices, firewall
from templates.tiers.flow_logs import FlowLogs
from templates.tiers.gateway import Gateway, GatewayChoices, Throttle, gateway
from templates.tiers.guards import GUARDS
from templates.tiers.images import OwnImage, RepositoryChoices, repositories
from templates.tiers.keeping import DESTROY
from templates.tiers.measures import of_api, of_balancer, of_database, of_insights, of_service, of_targets
from templates.tiers.monitoring import AlarmChoices, Metric, MonitoringChoices, Widget, monitoring
from templates.tiers.network import NetworkChoices, Subnets, network
from templates.tiers.pages import PagesChoices, pages
from templates.tiers.paths import End
from templates.tiers.rollout import BlueGreen
from templates.tiers.scaling import Scaling, Steps
from templates.tiers.services import ClusterChoices, HealthCheck, Reach, ServiceChoices, Services, services
from templates.tiers.tasks import ContainerCheck, TaskChoices
from templates.tiers.vended_logs import LogsToCloudWatch
from templates.tiers.words import shared

NAME = "media-streaming"
LOGS = f"/{NAME}/${{{SUFFIX}}}"
DAYS = 30
FRONTEND, BACKEND = 80, 5000


def system() -> System:
    """Media streaming, tier by tier, in the order of its deployment."""
    common = shared()
    net = network(
        NetworkChoices(
            vpc="vpc",
            subnets=Subnets(
                public=("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"),
                private=("10.0.10.0/24", "10.0.11.0/24", "10.0.12.0/24"),
            ),
            egress=NatGateways(),
            acls=AclChoices(tasks=(FRONTEND, BACKEND), database=PORT),
            flow_logs=FlowLogs(f"{LOGS}/vpc-flow", DAYS, DESTROY),
        )
    )
    heard = alerts(AlertsChoices(topic="alarms", exempt=TOPIC_EXEMPT))
    settings = configuration(f"/{NAME}", SETTINGS)
    images, (front_images, back_images) = repositories(
        _repository("frontend"),
        _repository("backend"),
    )
    db = database(
        DatabaseChoices(
            cluster="aurora",
            security_group="database-sg",
            names=Names(user="dbadmin", database="media"),
            credentials=ManagedCredentials(),
            capacity=Provisioned("db.t4g.medium", readers=1),
            keeping=DESTROY,
            major="16",
            backup_days=7,
            log_days=DAYS,
            endpoint_outputs=(
                ("DatabaseEndpoint", "Endpoint.Address", "db-endpoint"),
                ("DatabaseReaderEndpoint", "ReadEndpoint.Address", "db-reader-endpoint"),
            ),
            exempt=DATABASE_EXEMPT,
        ),
        net,
    )
    door = balancer(
        BalancerChoices(
            name="alb",
            security_group="alb-sg",
            keeping=DESTROY,
            may_be_shut=True,
            access_logs=LogsToCloudWatch(f"{LOGS}/alb-access", "media-alb", DAYS, DESTROY),
            exempt=BALANCER_EXEMPT,
        ),
        net,
    )
    run = services(
        ClusterChoices(
            cluster="ecs-cluster",
            execution_role="media-task-execution-role",
            logs=f"{LOGS}/{{service}}",
            log_days=DAYS,
            capacity=OnDemand(),
            keeping=DESTROY,
            services=(
                _service("frontend", FRONTEND, "/*", 20, OwnImage(front_images, PLACEHOLDER), settings, None),
                _service("backend", BACKEND, "/api/*", 10, OwnImage(back_images, PLACEHOLDER), settings, db),
            ),
        ),
        net,
        door,
        heard,
    )
    api = gateway(
        GatewayChoices(
            api="api",
            title="Media streaming API",
            link="vpc-link",
            plan="usage-plan",
            key="api-key",
            logs=f"{LOGS}/api-access",
            log_days=DAYS,
            stage="prod",
            throttle=Throttle(rate=1000, burst=2000),
            quota=(1_000_000, "DAY"),
            keeping=DESTROY,
            exports={"url": ("ApiGatewayUrl", "api-url")},
            exempt=STAGE_EXEMPT,
        ),
        net,
        door,
    )
    limit = firewall(FirewallChoices("api-firewall", limit=1000, window=60, log_days=DAYS, keeping=DESTROY), api)
    cdn = pages(_delivery(common), door)
    watch = monitoring(
        MonitoringChoices(dashboard="dashboard", alarms=_alarms(db, run, door), widgets=_widgets(db, run, api, door)),
        heard,
    )
    tags = {"System": NAME, "Environment": f"${{{SUFFIX}}}", "ManagedBy": "CloudFormation"}
    tiers = (
        net.tier, heard.tier, settings.tier, images, db.tier, door.tier, run.tier, api.tier, limit, cdn, watch
    )  # fmt: skip
    return System(
        name=NAME,
        title="Media streaming",
        says="A React front end and a Flask API on Fargate, rolled out blue/green behind a load balancer, API Gateway "
        "and CloudFront, with Aurora PostgreSQL. Deleting the stack deletes everything, data included.",
        region="ap-southeast-1",
        shared=common,
        tiers=tiers,
        environments={"dev": {}, "staging": {}, "prod": {}},
        guards=GUARDS,
        tags=tags,
        edge=edge(
            EdgeChoices(
                system=NAME,
                title="Media streaming",
                firewall=FirewallChoices("cdn-firewall", limit=1000, window=60, log_days=DAYS, keeping=DESTROY),
                logs=f"{LOGS}/cloudfront-access",
                log_days=DAYS,
            ),
            tags,
            ("dev", "staging", "prod"),
        ),
    )


SETTINGS = (
    Setting("log-level", "LOG_LEVEL", "How much the services log.", "info", "^(debug|info|warning|error)$"),
    Setting(
        "max-bitrate",
        "MAX_BITRATE_KBPS",
        "The highest bitrate of a stream, in kbit/s.",
        "8000",
        "^[0-9]{2,6}$",
    ),
)
PLACEHOLDER = "public.ecr.aws/docker/library/node:22-alpine"
TWO_TO_TEN = Scaling(2, 10, (Steps("CPU", out=70, back=30, beyond=True),))


def _repository(name: str) -> RepositoryChoices:
    prefix = name.capitalize()
    outputs = ((f"{prefix}RepositoryUri", f"{name}-repository-uri"),)
    return RepositoryChoices(prefix, name, DESTROY, immutable=True, keep_images=10, outputs=outputs)


def _service(
    name: str, port: int, path: str, priority: int, image: OwnImage, settings: Configuration, db: Database | None
) -> ServiceChoices:
    """Both services differ in little more than their port, their path and the database."""
    secret = db.read_secret() if db else ()
    return ServiceChoices(
        name=name,
        service=f"{name}-service",
        target_group=f"{name}-tg",
        path=path,
        priority=priority,
        scaling=TWO_TO_TEN,
        rollout=BlueGreen(bake=5),
        health=HealthCheck(path="/health"),
        reaches=(Reach(End(db.security_group, "the database"), PORT),) if db else (),
        waits=db.waits if db else (),
        task=TaskChoices(
            image=image,
            placeholder=("node", "-e", f"require('http').createServer((req, res) => res.end('OK')).listen({port})"),
            expects=f"It listens on port {port} and answers /health with 200.",
            says="the pages that viewers see." if db is None else "the API, in Flask.",
            cpu=256 if db is None else 512,
            memory=512 if db is None else 1024,
            port=port,
            check=ContainerCheck(f"wget -q -O /dev/null http://127.0.0.1:{port}/health || exit 1"),
            environment={"ENVIRONMENT": Ref(SUFFIX), **(db.environment() if db else {})},
            secrets={**settings.injected(), **(db.injected() if db else {})},
            may=(settings.read(), *secret),
            may_inject=(settings.inject(), *secret),
        ),
    )


SHIELDS = {
    "us-east-1": "us-east-1", "us-east-2": "us-east-2", "us-west-2": "us-west-2", "ap-south-1": "ap-south-1",
    "ap-northeast-2": "ap-northeast-2", "ap-southeast-1": "ap-southeast-1", "ap-southeast-2": "ap-southeast-2",
}  # fmt: skip
"""Region → where its origin shield is (source: CloudFront developer guide, "Choosing the AWS Region for your Origin
Shield"): all regions that the network knows have one of their own."""


def _delivery(common: Tier) -> PagesChoices:
    given = {"AllowedPattern": "^$|^arn:aws[a-z-]*:[a-z0-9]+:us-east-1:[0-9]{12}:.+$", "Default": "", "group": "Edge"}
    certificate = common.parameter(
        "CloudFrontCertificateArn",
        "Optional: the edge stack's output of this name, a certificate in us-east-1. Requires CdnDomainName.",
        label="Certificate of the distribution",
        ConstraintDescription="empty, or an ARN in us-east-1",
        **given,
    )
    acl = common.parameter(
        "CloudFrontWebAclArn",
        "Optional: the edge stack's output of this name, the firewall in front of CloudFront.",
        label="Firewall of the distribution",
        ConstraintDescription="empty, or an ARN in us-east-1",
        **given,
    )
    domain = common.parameter(
        "CdnDomainName",
        "Required with CloudFrontCertificateArn, ignored without: the name under which users reach CloudFront. Your "
        "DNS points it at the distribution.",
        group="Edge",
        label="Host name of the distribution",
        Default="",
        AllowedPattern=DOMAIN_PATTERN,
        MaxLength=253,
        ConstraintDescription="empty, or a host name in lower case",
    )
    common.template.add_rule(
        "CloudFrontCertificateNeedsCdnDomainName",
        {
            "RuleCondition": Not(Equals(Ref(certificate), "")),
            "Assertions": [
                {
                    "Assert": Not(Equals(Ref(domain), "")),
                    "AssertDescription": "CloudFrontCertificateArn needs CdnDomainName: the name on the certificate.",
                }
            ],
        },
    )
    certified = common.condition("HasCloudFrontCertificate", Not(Equals(Ref(certificate), "")))
    guarded = common.condition("HasCloudFrontWebAcl", Not(Equals(Ref(acl), "")))
    shields = common.mapping("OriginShields", {region: {"Region": shield} for region, shield in SHIELDS.items()})
    long = CacheFor("Static", "static-cache", 604_800, 31_536_000, "Static files are cached for a week")
    short = CacheFor("Page", "page-cache", 60, 300, "Pages are cached for a minute", query=True)
    return PagesChoices(
        bucket="error-pages",
        keeping=DESTROY,
        delivery=DeliveryChoices(
            title="Media streaming",
            says="What viewers reach: pages from the load balancer, cached for a minute, static files for a week, and "
            "/api/*, never cached. Where the system does not answer, a page says so; what the API itself answers is "
            "passed on as it is.",
            access="error-pages",
            root="",
            behaviors=(
                Behavior("", "web", cache=short),
                Behavior("/api/*", "web", cache=CACHING_DISABLED, writes=True, whole=True),
                Behavior("/static/*", "web", cache=long),
                Behavior("/errors/*", "assets", cache=CACHING_OPTIMIZED),
            ),
            price_class="PriceClass_All",
            # Pages only for what CloudFront and the load balancer answer by themselves: too long a request, no healthy
            # task, no answer in time. The others are the application's, and stay its own.
            errors=(
                ErrorPage((400, 403, 404, 405, 500, 501), ""),
                ErrorPage((414, 416), "/errors/4xx.html"),
                ErrorPage((502, 503, 504), "/errors/5xx.html"),
            ),
            shield=FindInMap(shields, Region, "Region"),
            firewall=If(guarded, Ref(acl), Ref("AWS::NoValue")),
            domain=Domain((Ref(domain),), Ref(certificate), certified),
            exports=(
                ("CloudFrontUrl", "url", "cloudfront-url"),
                ("CloudFrontDistributionId", "id", "cloudfront-id"),
            ),
            exempt=DELIVERY_EXEMPT,
        ),
    )


def _alarms(db: Database, run: Services, door: Balancer) -> tuple[AlarmChoices, ...]:
    return (
        AlarmChoices(
            "SlowResponsesAlarm",
            "slow-responses",
            "One in a hundred requests takes longer than a second, for ten minutes.",
            of_balancer(door, "TargetResponseTime", "p99"),
            1,
        ),
        AlarmChoices(
            "BalancerErrorsAlarm",
            "alb-5xx-errors",
            "The load balancer itself answered more than ten requests in five minutes with 5XX, twice in a row.",
            of_balancer(door, "HTTPCode_ELB_5XX_Count"),
            10,
        ),
        AlarmChoices(
            "DatabaseCpuAlarm",
            "db-high-cpu",
            "The database uses more than 80 % of its CPU on average, for ten minutes.",
            of_database(db, "CPUUtilization"),
            80,
        ),
        *(
            AlarmChoices(
                f"{name.capitalize()}MemoryAlarm",
                f"{name}-high-memory",
                f"The tasks of the {name} use more than 85 % of their memory on average, for ten minutes.",
                of_service(run, name, "MemoryUtilization"),
                85,
            )
            for name in run.services
        ),
    )


def _widgets(db: Database, run: Services, api: Gateway, door: Balancer) -> tuple[Widget, ...]:
    def percentile(which: str) -> Metric:
        return of_balancer(door, "TargetResponseTime", which, which)

    def errors(name: str) -> Widget:
        failed = of_targets(door, run, name, "HTTPCode_Target_5XX_Count")
        asked = of_targets(door, run, name, "RequestCount")
        rate = "100 * (FILL(m1, 0) + FILL(m2, 0)) / (FILL(m3, 0) + FILL(m4, 0))"
        return Widget(f"{name.capitalize()}: error rate, %", (*failed, *asked), expression=rate, label="5XX %")

    def load(name: str) -> Widget:
        measures = (
            of_service(run, name, "CPUUtilization", "CPU %"),
            of_service(run, name, "MemoryUtilization", "Memory %"),
        )
        return Widget(f"{name.capitalize()}: CPU and memory", measures)

    def health(name: str) -> Widget:
        healthy = of_targets(door, run, name, "HealthyHostCount", "Minimum", "healthy")
        sick = of_targets(door, run, name, "UnHealthyHostCount", "Maximum", "unhealthy")
        return Widget(f"{name.capitalize()}: target health", (*healthy, *sick))

    return (
        Widget("Response time, seconds", tuple(percentile(which) for which in ("p50", "p95", "p99"))),
        Widget(
            "Requests", (of_balancer(door, "RequestCount", label="load balancer"), of_api(api, "Count", label="API"))
        ),
        errors("frontend"),
        errors("backend"),
        Widget("Database: connections", (of_database(db, "DatabaseConnections"),)),
        Widget(
            "Database: query performance, seconds",
            tuple(of_database(db, name, name) for name in ("ReadLatency", "WriteLatency", "CommitLatency")),
        ),
        Widget("Tasks", tuple(of_insights(run, name, "RunningTaskCount", name) for name in run.services)),
        Widget("Database: CPU", (of_database(db, "CPUUtilization"),)),
        load("frontend"),
        load("backend"),
        health("frontend"),
        health("backend"),
    )


# What a checker (checkov) asks for and the design leaves out, with the reasons; written beside the resources.
TOPIC_EXEMPT = {"CKV_AWS_26": "Alarms hold no customer data; the design has no customer key."}
DATABASE_EXEMPT = {"DatabaseInstance": {"CKV_AWS_118": "The design watches the cluster's own metrics, not the host's."}}
BALANCER_EXEMPT = {"CKV_AWS_91": "The access log is delivered to CloudWatch Logs, which the checker does not see."}
STAGE_EXEMPT = {
    "ApiStage": {
        "CKV_AWS_73": "The design has no tracing; the services would have to take part in it.",
        "CKV_AWS_120": "Answers differ from user to user, so nothing is cached.",
    }
}
DELIVERY_EXEMPT = {
    "Distribution": {
        "CKV_AWS_68": "The firewall is the edge stack's, in us-east-1, and optional.",
        "CKV_AWS_86": "The access log is delivered by the edge stack, in us-east-1.",
        "CKV_AWS_174": "Without a domain, the certificate of *.cloudfront.net fixes the oldest TLS version.",
        "CKV_AWS_305": "The root is the front end's own page, not a file.",
    },
}
