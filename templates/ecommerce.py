"""E-commerce: a Node.js shop on Fargate, Aurora Serverless that pauses, an API with a function, CloudFront.

Production keeps its data when the stack is deleted; other environments go whole.
"""

from __future__ import annotations

from awacs.aws import Allow, Statement
from troposphere import Equals, Ref, Region, Sub, ecr

from tap.model import SUFFIX, System
from templates.tiers.alerts import AlertsChoices, alerts
from templates.tiers.assets import Assets, AssetsChoices, assets
from templates.tiers.balancer import Balancer, BalancerChoices, FixedAnswer, balancer
from templates.tiers.buckets import BucketChoices
from templates.tiers.capacity import OnDemand
from templates.tiers.database import PORT, Database, DatabaseChoices, GeneratedCredentials, Names, Serverless, database
from templates.tiers.delivery import Behavior, CacheFor, DeliveryChoices, LogsTo
from templates.tiers.egress import NatGateways
from templates.tiers.encryption import EncryptionChoices, encryption
from templates.tiers.function import Function, FunctionChoices, function
from templates.tiers.gateway import Gateway, GatewayChoices, Throttle, gateway
from templates.tiers.gateway_routes import Answer, Call, Proxy
from templates.tiers.guards import GUARDS
from templates.tiers.images import OwnImage, RepositoryChoices, repositories
from templates.tiers.keeping import Keeping, by_environment
from templates.tiers.measures import (
    of_api,
    of_balancer,
    of_database,
    of_distribution,
    of_insights,
    of_service,
    of_targets,
)
from templates.tiers.monitoring import AlarmChoices, Metric, MonitoringChoices, Widget, monitoring
from templates.tiers.network import NetworkChoices, Subnets, network
from templates.tiers.paths import End
from templates.tiers.pipeline import PipelineChoices, pipeline
from templates.tiers.rotation import RotationChoices, rotation
from templates.tiers.scaling import Scaling, Steps, TargetTracking
from templates.tiers.services import ClusterChoices, HealthCheck, Reach, ServiceChoices, Services, services
from templates.tiers.storage import StorageChoices, storage
from templates.tiers.tasks import ContainerCheck, TaskChoices
from templates.tiers.words import actions, att, shared

NAME = "ecommerce"
WEEK = 7
UNWANTED = " %+~`#$&*()|[]{}:;<>?!'/@\"\\"
"""Characters that break connection strings, shells or URLs, and that no password has."""


def system() -> System:
    """E-commerce, tier by tier, in the order of its deployment."""
    common = shared()
    keeping = by_environment(common)
    in_us_east_1 = common.condition("IsInUsEast1", Equals(Region, "us-east-1"))
    key = encryption(
        EncryptionChoices(
            "Encrypts the shop's data", keeping, alias="ecommerce-master-key", cloudfront=True, exports=True
        )
    )
    net = network(
        NetworkChoices(
            vpc=f"{NAME}-vpc",
            subnets=Subnets(
                public=("10.0.1.0/24", "10.0.2.0/24"),
                private=("10.0.3.0/24", "10.0.4.0/24"),
                isolated=("10.0.5.0/24", "10.0.6.0/24"),
            ),
            named_zones=("us-east-1a", "us-east-1b"),
            egress=NatGateways(),
            exempt=(("CKV2_AWS_11", "The shop's design keeps no flow logs."),),
        )
    )
    heard = alerts(AlertsChoices(topic=f"{NAME}-alerts", encryption=key, export="sns-topic-arn"))
    images, (repository,) = repositories(
        RepositoryChoices(
            "App",
            f"{NAME}-app",
            keeping,
            keep_images=10,
            encryption=key,
            outputs=(("ECRRepositoryURI", "ecr-uri"), ("ECRRepositoryName", "ecr-name")),
        )
    )
    logs = storage(StorageChoices(f"{NAME}-logs", days=90, keeping=keeping))
    js_and_css = CacheFor("Script", f"{NAME}-scripts", 86_400, 31_536_000, "Scripts and styles are cached for a day")
    files = assets(
        AssetsChoices(
            BucketChoices(
                prefix="Assets",
                name=f"{NAME}-static-assets",
                says="The shop's static files. Private: only CloudFront and the app read it. Files move to cheaper "
                f"storage after 30 and after 90 days. {keeping.says}",
                keeping=keeping,
                encryption=key,
                old_versions=90,
                infrequent=30,
                archive=90,
                exempt={"CKV_AWS_18": "CloudFront serves its files, and keeps an access log of its own."},
            ),
            DeliveryChoices(
                title="E-commerce",
                says="What shoppers reach: static files from the bucket, cached near them. Its access log is delivered "
                "where the stack is in us-east-1.",
                access=f"{NAME}-assets",
                behaviors=(
                    Behavior("", "assets"),
                    Behavior("*.js", "assets", cache=js_and_css),
                    Behavior("*.css", "assets", cache=js_and_css),
                ),
                logs=LogsTo(logs.bucket, f"{NAME}-cdn", in_us_east_1, logs.waits),
                exports=(
                    ("CloudFrontURL", "url", "cloudfront-url"),
                    ("CloudFrontDistributionId", "id", "cloudfront-id"),
                ),
                exempt=DELIVERY_EXEMPT,
            ),
            outputs=(("S3BucketName", "s3-bucket"), ("S3BucketArn", "s3-bucket-arn")),
        )
    )
    db = database(
        DatabaseChoices(
            cluster=f"{NAME}-db",
            security_group=f"{NAME}-database-sg",
            names=Names(user="dbadmin", database="ecommerce", asked=True),
            credentials=GeneratedCredentials(f"{NAME}-db-credentials", without=UNWANTED),
            capacity=Serverless(least="0", most="1", pause_after=300, readers=1),
            keeping=keeping,
            encryption=key,
            backup_days=7,
            backup_window="03:00-04:00",
            maintenance_window="sun:04:00-sun:05:00",
            log_days=WEEK,
            endpoint_outputs=(
                ("DatabaseEndpoint", "Endpoint.Address", "db-endpoint"),
                ("DatabaseReaderEndpoint", "ReadEndpoint.Address", "db-reader-endpoint"),
                ("DatabasePort", "Endpoint.Port", "db-port"),
            ),
            exempt=DATABASE_EXEMPT,
        ),
        net,
    )
    rotated = rotation(RotationChoices(f"{NAME}-rotation", 30, UNWANTED, log_days=WEEK, keeping=keeping), net, db)
    door = balancer(
        BalancerChoices(
            name=f"{NAME}-alb",
            security_group=f"{NAME}-alb-sg",
            keeping=keeping,
            access_logs=logs.from_balancer(),
            answers=(FixedAnswer("Health", "/health", "OK", priority=1),),
            exports=(("ALBDNSName", "DNSName", "alb-dns"), ("ALBSecurityGroupId", "GroupId", "alb-sg-id")),
        ),
        net,
    )
    run = services(
        ClusterChoices(
            cluster=f"{NAME}-cluster",
            execution_role=f"{NAME}-task-execution-role",
            logs=f"/ecs/{NAME}-{{service}}-${{{SUFFIX}}}",
            log_days=WEEK,
            capacity=OnDemand(),
            keeping=keeping,
            encryption=key,
            services=(_app(db, files, _image(repository)),),
            exports=(("ECSClusterName", "ecs-cluster"), ("ECSServiceName", "ecs-service")),
        ),
        net,
        door,
        heard,
    )
    work = function(_process(db, keeping), net)
    api = gateway(
        GatewayChoices(
            api="E-Commerce-API",
            title="E-commerce API",
            link=f"{NAME}-vpclink",
            plan=f"{NAME}-usage-plan",
            key=f"{NAME}-key",
            logs=f"/{NAME}/${{{SUFFIX}}}/api-access",
            log_days=WEEK,
            stage="prod",
            throttle=Throttle(rate=1000, burst=2000),
            quota=(1_000_000, "MONTH"),
            keeping=keeping,
            encryption=key,
            tracing=True,
            routes=(
                Proxy("api", key_required=True),
                Call("process", "POST", work.function),
                Answer("health", '{"status": "healthy"}'),
            ),
            exports={
                "url": ("APIGatewayURL", "api-url"),
                "id": ("APIGatewayId", "api-id"),
                "key": ("APIKeyId", "api-key-id"),
            },
            exempt=STAGE_EXEMPT,
        ),
        net,
        door,
    )
    watch = monitoring(
        MonitoringChoices(
            dashboard=f"{NAME}-infrastructure",
            alarms=_alarms(db, run, door, api, work),
            widgets=_widgets(db, run, door, api, work, files),
            output=("DashboardURL", "dashboard-url"),
        ),
        heard,
    )
    built = pipeline(PipelineChoices(f"{NAME}-pipeline", "app", "AppImageTag", WEEK, keeping, key), repository, run)
    tiers = (
        key.tier, net.tier, heard.tier, images, logs.tier, files.tier, db.tier, rotated, door.tier, run.tier,
        work.tier, api.tier, watch, built,
    )  # fmt: skip
    return System(
        name=NAME,
        title="E-commerce",
        says="A Node.js shop on Fargate behind a load balancer and API Gateway, with Aurora Serverless, a function and "
        "CloudFront. In production, what holds data stays when the stack is deleted.",
        region="us-east-1",
        shared=common,
        tiers=tiers,
        environments={name: {"EnvironmentType": name} for name in ("dev", "staging", "prod")},
        guards=GUARDS,
        tags={
            "Environment": f"${{{SUFFIX}}}",
            "System": NAME,
            "Application": "E-Commerce",
            "ManagedBy": "CloudFormation",
            "CostCenter": "Engineering",
        },
    )


def _image(repository: ecr.Repository) -> OwnImage:
    return OwnImage(repository, "public.ecr.aws/docker/library/node:22-alpine", replaceable=True)


def _app(db: Database, files: Assets, image: OwnImage) -> ServiceChoices:
    return ServiceChoices(
        name="app",
        service=f"{NAME}-service",
        target_group=f"{NAME}-app-tg",
        path="/api/*",
        priority=10,
        scaling=Scaling(
            2,
            10,
            (
                Steps("CPU", out=70, back=30),
                # Removing tasks is the steps' alone: two policies that both did would fight.
                TargetTracking("memory", 70, cooldown_in=60, cooldown_out=60, only_out=True),
            ),
        ),
        health=HealthCheck(path="/health"),
        reaches=(Reach(End(db.security_group, "the database"), PORT),),
        waits=db.waits,
        task=TaskChoices(
            image=image,
            placeholder=("node", "-e", "require('http').createServer((req, res) => res.end('OK')).listen(3000)"),
            expects="It listens on port 3000 and answers /health with 200, without asking the database, which could "
            "then never pause.",
            says="the shop, in Node.js.",
            cpu=1024,
            memory=2048,
            port=3000,
            check=ContainerCheck("wget -q -O /dev/null http://127.0.0.1:3000/health || exit 1"),
            environment={
                "NODE_ENV": "production",
                "PORT": "3000",
                "CLOUDFRONT_URL": Sub(f"https://{att(files.distribution, 'DomainName')}"),
                **db.environment(),
            },
            secrets=db.injected(),
            may=(*db.read_secret(), *_read_assets(files)),
            may_inject=db.read_secret(),
        ),
    )


def _read_assets(files: Assets) -> tuple[Statement, ...]:
    read = Statement(
        Sid="ReadAssets",
        Effect=Allow,
        Action=actions("s3", "GetObject"),
        Resource=[Sub(f"{att(files.bucket, 'Arn')}/*")],
    )
    return (read,)


CODE = """\
exports.handler = async (event) => {
  const order = JSON.parse(event.body || "{}");
  console.log(JSON.stringify({ message: "order received", keys: Object.keys(order) }));
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" },
    body: JSON.stringify({ message: "processed", at: new Date().toISOString() }),
  };
};
"""
"""A placeholder that answers; the shop's own code takes its place by a deployment of the function."""


def _process(db: Database, keeping: Keeping) -> FunctionChoices:
    return FunctionChoices(
        name=f"{NAME}-process",
        says="Processes what is posted to /process.",
        runtime="nodejs22.x",
        code=CODE,
        memory=512,
        timeout=30,
        log_days=WEEK,
        keeping=keeping,
        encryption=db.encryption,
        environment={"ENVIRONMENT": Ref(SUFFIX), **db.environment()},
        may=db.read_secret(),
        reaches=(Reach(End(db.security_group, "the database"), PORT),),
        outputs=(("LambdaFunctionName", "lambda-function"), ("LambdaFunctionArn", "lambda-arn")),
    )


def _of_function(work: Function, metric: str, statistic: str = "Sum", label: str = "", right: bool = False) -> Metric:
    return Metric(
        "AWS/Lambda", metric, {"FunctionName": f"${{{work.function.title}}}"}, statistic, label=label, right=right
    )


def _alarms(db: Database, run: Services, door: Balancer, api: Gateway, work: Function) -> tuple[AlarmChoices, ...]:
    def alarm(name: str, title: str, says: str, metric: Metric, threshold: float) -> AlarmChoices:
        return AlarmChoices(f"{title}Alarm", f"{NAME}-{name}", f"{says}, for ten minutes.", metric, threshold)

    sick = of_targets(door, run, "app", "UnHealthyHostCount", "Maximum")[0]
    return (
        alarm("ecs-high-cpu", "EcsHighCpu", "The tasks use more than 70 % of their CPU on average",
              of_service(run, "app", "CPUUtilization"), 70),
        alarm("ecs-high-memory", "EcsHighMemory", "The tasks use more than 80 % of their memory on average",
              of_service(run, "app", "MemoryUtilization"), 80),
        alarm("db-high-connections", "DbHighConnections", "The database has more than 80 connections on average",
              of_database(db, "DatabaseConnections"), 80),
        alarm("db-high-cpu", "DbHighCpu", "The database uses more than 80 % of its CPU on average",
              of_database(db, "CPUUtilization"), 80),
        AlarmChoices("AlbUnhealthyTargetsAlarm", f"{NAME}-alb-unhealthy-targets",
                     "A task does not answer its health check, for ten minutes.", sick, 1, above=">="),
        alarm("alb-5xx-errors", "Alb5xxErrors", "The tasks answer more than ten requests in five minutes with 5XX",
              of_balancer(door, "HTTPCode_Target_5XX_Count"), 10),
        alarm("api-4xx-errors", "Api4xxErrors", "The API answers more than fifty requests in five minutes with 4XX",
              of_api(api, "4XXError"), 50),
        alarm("api-5xx-errors", "Api5xxErrors", "The API answers more than ten requests in five minutes with 5XX",
              of_api(api, "5XXError"), 10),
        alarm("api-high-latency", "ApiHighLatency", "The API takes more than three seconds to answer on average",
              of_api(api, "Latency", "Average"), 3000),
        alarm("lambda-errors", "LambdaErrors", "The function fails more than five times in five minutes",
              _of_function(work, "Errors"), 5),
        alarm("lambda-throttles", "LambdaThrottles", "The function is held back more than ten times in five minutes",
              _of_function(work, "Throttles"), 10),
    )  # fmt: skip


def _widgets(
    db: Database, run: Services, door: Balancer, api: Gateway, work: Function, files: Assets
) -> tuple[Widget, ...]:
    def number(title: str, *metrics: Metric) -> Widget:
        return Widget(title, metrics, number=True, width=6, height=4)

    made = files.distribution
    return (
        Widget("ECS: CPU, %", (of_service(run, "app", "CPUUtilization"),)),
        Widget("ECS: memory, %", (of_service(run, "app", "MemoryUtilization"),)),
        Widget("Load balancer: requests", of_targets(door, run, "app", "RequestCount")),
        Widget("Load balancer: response time, seconds", of_targets(door, run, "app", "TargetResponseTime", "Average")),
        Widget("Database: connections", (of_database(db, "DatabaseConnections"),)),
        Widget("Database: CPU, %", (of_database(db, "CPUUtilization"),)),
        Widget("API: errors", (of_api(api, "4XXError", label="4XX"), of_api(api, "5XXError", label="5XX"))),
        Widget("API: latency, milliseconds", (of_api(api, "Latency", "Average"),)),
        Widget(
            "Function: invocations and errors",
            (_of_function(work, "Invocations"), _of_function(work, "Errors", right=True)),
        ),
        Widget("Function: duration, milliseconds", (_of_function(work, "Duration", "Average"),)),
        number("Healthy targets", *of_targets(door, run, "app", "HealthyHostCount", "Average")),
        number("Unhealthy targets", *of_targets(door, run, "app", "UnHealthyHostCount", "Average")),
        number("API requests, 24 hours", of_api(api, "Count", period=86_400)),
        number("Running tasks", of_insights(run, "app", "RunningTaskCount")),
        Widget("CloudFront: requests", (of_distribution(made, "Requests", "Sum"),)),
        Widget(
            "CloudFront: error rates, %",
            (of_distribution(made, "4xxErrorRate", "Average"), of_distribution(made, "5xxErrorRate", "Average")),
        ),
    )


# What a checker (checkov) asks for and the design leaves out, with the reasons; written beside the resources.
DATABASE_EXEMPT = {"DatabaseInstance": {"CKV_AWS_118": "The design watches the cluster's own metrics, not the host's."}}
STAGE_EXEMPT = {"ApiStage": {"CKV_AWS_120": "Answers differ from user to user, so nothing is cached."}}
DELIVERY_EXEMPT = {
    "Distribution": {
        "CKV_AWS_68": "It serves public static files only; there is nothing to protect but their bandwidth.",
        "CKV_AWS_86": "The access log is delivered by CloudWatch Logs, which the checker does not see.",
        "CKV_AWS_174": "The certificate of *.cloudfront.net fixes the oldest TLS version; no domain is given.",
    },
}
