"""The API: a REST API that hands every request to the load balancer, through a private link into the VPC."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from troposphere import AWSObject, Equals, GetAtt, If, Ref, Sub, Tags, apigateway, apigatewayv2, ec2, iam, logs

from tap.model import SUFFIX, Tier
from templates.tiers.balancer import Balancer
from templates.tiers.encryption import Encryption, log_key
from templates.tiers.gateway_routes import Proxy, Route, Site, add
from templates.tiers.keeping import Keeping
from templates.tiers.network import Network
from templates.tiers.words import managed_policy, named, ref, trusts

LOGS_ROLE = "CreateApiGatewayLogsRole"


@dataclass(frozen=True)
class Throttle:
    """Requests a second, and how many may come at once."""

    rate: int
    burst: int


@dataclass(frozen=True)
class GatewayChoices:
    """What an API can differ in.

    ``api``, ``link``, ``plan`` and ``key`` are names before the suffix; ``quota`` is a number a ``DAY``, ``WEEK`` or
    ``MONTH``. ``logs`` is the name of the access log's group as text for ``Sub``. ``exports`` maps ``url``, ``id`` and
    ``key`` to an output's name and the tail of its export.
    """

    api: str
    title: str
    link: str
    plan: str
    key: str
    logs: str
    log_days: int
    stage: str
    throttle: Throttle
    quota: tuple[int, str]
    keeping: Keeping
    routes: tuple[Route, ...] = (Proxy(),)
    encryption: Encryption | None = None
    tracing: bool = False
    exports: Mapping[str, tuple[str, str]] = field(default_factory=lambda: {"url": ("ApiGatewayUrl", "api-url")})
    exempt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Gateway:
    """Handles of the API. ``name`` is its physical name as text for ``Sub``, by which CloudWatch knows it."""

    tier: Tier
    api: apigateway.RestApi
    stage: apigateway.Stage
    name: str


def gateway(choices: GatewayChoices, network: Network, balancer: Balancer) -> Gateway:
    """Build the API tier."""
    tier = Tier("gateway", "API", "A REST API in front of the load balancer, with keys, quotas and throttling.")
    api = tier.add(
        apigateway.RestApi(
            "Api",
            Name=named(choices.api),
            Description=choices.title,
            EndpointConfiguration=apigateway.EndpointConfiguration(Types=["REGIONAL"]),
        ),
        f"{choices.title}: what clients call.",
    )
    link = _link(tier, choices, network, balancer)
    responses = _error_responses(tier, api)
    resources: list[AWSObject] = []
    methods: list[AWSObject] = []
    for route in choices.routes:
        new_resources, new_methods = add(Site(tier, api, link, balancer), route)
        resources += new_resources
        methods += new_methods
    deployment = _deployment(tier, api, [api, link, *resources, *responses, *methods], [*responses, *methods])
    stage = _stage(tier, choices, api, deployment)
    key = _plan(tier, choices, api, stage)
    url = Sub(f"https://{ref(api)}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{ref(stage)}/")
    values = {
        "url": (url, "Where clients reach the API."),
        "id": (api.ref(), "The id of the API."),
        "key": (key.ref(), "The id of the first client's key."),
    }
    for kind, (name, export) in choices.exports.items():
        value, says = values[kind]
        tier.output(name, says, value, export=export)
    return Gateway(tier, api, stage, f"{choices.api}-${{{SUFFIX}}}")


def _link(tier: Tier, choices: GatewayChoices, network: Network, balancer: Balancer) -> apigatewayv2.VpcLink:
    group = tier.add(
        ec2.SecurityGroup(
            "LinkSecurityGroup",
            GroupDescription="Link of the API into the VPC: on to the load balancer only",
            VpcId=network.vpc.ref(),
            SecurityGroupEgress=[
                ec2.SecurityGroupRule(
                    IpProtocol="tcp",
                    FromPort=balancer.port,
                    ToPort=balancer.port,
                    DestinationSecurityGroupId=GetAtt(balancer.security_group, "GroupId"),
                    Description="To the load balancer",
                )
            ],
            Tags=Tags(Name=named("api-link")),
        ),
        "Guards API Gateway's interfaces in the VPC: they send to the load balancer, and nothing enters by them.",
    )
    # Only this half stands apart: the group above is new, and can name the load balancer's.
    tier.add(
        ec2.SecurityGroupIngress(
            "LinkToBalancerIngress",
            GroupId=GetAtt(balancer.security_group, "GroupId"),
            SourceSecurityGroupId=GetAtt(group, "GroupId"),
            IpProtocol="tcp",
            FromPort=balancer.port,
            ToPort=balancer.port,
            Description="Into the load balancer, from the link of the API",
        ),
        "Lets the load balancer be reached by API Gateway's link, whoever else may or may not reach it.",
    )
    return tier.add(
        apigatewayv2.VpcLink(
            "ApiLink",
            Name=named(choices.link),
            SubnetIds=[subnet.ref() for subnet in network.private],
            SecurityGroupIds=[GetAtt(group, "GroupId")],
        ),
        "API Gateway's private way into the VPC. It cannot be changed: other subnets or groups mean a new one. "
        "After 60 days without requests AWS puts it to sleep, and the next requests fail for some minutes.",
    )


_ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"


def _error_responses(tier: Tier, api: apigateway.RestApi) -> list[AWSObject]:
    return [
        tier.add(
            apigateway.GatewayResponse(
                f"Api{kind}Response",
                RestApiId=api.ref(),
                ResponseType=f"DEFAULT_{kind}",
                ResponseParameters={_ORIGIN: "'*'"},
            ),
            f"Lets a browser on any site read API Gateway's own {kind} errors.",
        )
        for kind in ("4XX", "5XX")
    ]


def _deployment(tier: Tier, api: AWSObject, content: list[AWSObject], waits: list[AWSObject]) -> apigateway.Deployment:
    # A deployment is a snapshot, made once: a new one is needed, under a new logical id, whenever its content changes.
    said = json.dumps({each.title: each.to_dict().get("Properties") for each in content}, sort_keys=True)
    digest = hashlib.sha256(said.encode()).hexdigest()[:8]
    return tier.add(
        apigateway.Deployment(
            f"ApiDeployment{digest}",
            DependsOn=[each.title for each in waits],
            RestApiId=api.ref(),
            Description=f"Content {digest}",
        ),
        "The API as it was when this was made. Its name changes with the API's content, so that CloudFormation makes a "
        "new one and the stage moves to it.",
    )


def _logs_role(tier: Tier) -> If:
    """The account-wide role, made on demand; gives a text that waits for it where it is made."""
    wanted = tier.parameter(
        LOGS_ROLE,
        "API Gateway writes logs with one role for the whole account and region. true makes that role; false leaves "
        "the account's own as it is. The role stays when the stack is deleted, because other APIs use it too.",
        group="API",
        label="Make the account's role for API logs",
        Default="true",
        AllowedValues=["true", "false"],
        ConstraintDescription="true or false",
    )
    condition = tier.condition("MakesApiLogsRole", Equals(Ref(wanted), "true"))
    keep = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Condition": condition}
    role = tier.add(
        iam.Role(
            "ApiLogsRole",
            **keep,
            AssumeRolePolicyDocument=trusts("apigateway.amazonaws.com"),
            ManagedPolicyArns=[managed_policy("service-role/AmazonAPIGatewayPushToCloudWatchLogs")],
        ),
        "Lets API Gateway write logs, for every API of this account and region. Stays when the stack goes.",
    )
    account = tier.add(
        apigateway.Account("ApiAccount", **keep, CloudWatchRoleArn=GetAtt(role, "Arn")),
        "Tells API Gateway to use that role. Stays when the stack goes.",
    )
    # DependsOn may not name a resource that a condition can take away; a reference within If may.
    return If(condition, Sub(f"Logs with the role set by {ref(account)}"), "Logs with the account's own role")


_ACCESS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationStatus": "$context.integrationStatus",
    "error": "$context.error.message",
    "userAgent": "$context.identity.userAgent",
}


def _stage(tier: Tier, choices: GatewayChoices, api: AWSObject, deployment: AWSObject) -> apigateway.Stage:
    logs_with = _logs_role(tier)
    plain = {"CKV_AWS_158": "Request lines without bodies; the service's own encryption is enough."}
    exempt = {} if choices.encryption else plain
    kept = choices.keeping.policies | log_key(choices.encryption)
    access = tier.add(
        logs.LogGroup(
            "ApiAccessLogGroup",
            **kept,
            LogGroupName=Sub(choices.logs),
            RetentionInDays=choices.log_days,
        ),
        f"One line of JSON for each request to the API, kept {choices.log_days} days.",
        exempt=exempt,
    )
    execution = tier.add(
        logs.LogGroup(
            "ApiExecutionLogGroup",
            **kept,
            LogGroupName=Sub(f"API-Gateway-Execution-Logs_{ref(api)}/{choices.stage}"),
            RetentionInDays=choices.log_days,
        ),
        "How API Gateway handled each request; made here because it would make it itself, without a limit.",
        exempt=exempt,
    )
    return tier.add(
        apigateway.Stage(
            "ApiStage",
            DependsOn=execution.title,
            RestApiId=api.ref(),
            DeploymentId=deployment.ref(),
            StageName=choices.stage,
            Description=logs_with,
            **({"TracingEnabled": True} if choices.tracing else {}),
            AccessLogSetting=apigateway.AccessLogSetting(
                DestinationArn=GetAtt(access, "Arn"), Format=json.dumps(_ACCESS)
            ),
            MethodSettings=[
                apigateway.MethodSetting(
                    ResourcePath="/*",
                    HttpMethod="*",
                    LoggingLevel="INFO",
                    # Bodies hold what customers send; they have no place in a log.
                    DataTraceEnabled=False,
                    MetricsEnabled=True,
                    ThrottlingRateLimit=choices.throttle.rate,
                    ThrottlingBurstLimit=choices.throttle.burst,
                )
            ],
        ),
        f"The API as clients see it, under /{choices.stage}: at most {choices.throttle.rate:,} requests a second, "
        f"{choices.throttle.burst:,} at once.",
        exempt=choices.exempt.get("ApiStage"),
    )


def _plan(tier: Tier, choices: GatewayChoices, api: AWSObject, stage: AWSObject) -> apigateway.ApiKey:
    limit, period = choices.quota
    plan = tier.add(
        apigateway.UsagePlan(
            "ApiUsagePlan",
            UsagePlanName=named(choices.plan),
            ApiStages=[apigateway.ApiStage(ApiId=api.ref(), Stage=stage.ref())],
            Throttle=apigateway.ThrottleSettings(RateLimit=choices.throttle.rate, BurstLimit=choices.throttle.burst),
            Quota=apigateway.QuotaSettings(Limit=limit, Period=period),
        ),
        f"What a client with a key gets: {limit:,} requests a {period.lower()}.",
    )
    key = tier.add(
        apigateway.ApiKey("ApiKey", DependsOn=stage.title, Name=named(choices.key), Enabled=True),
        "The key of the first client. Its value is in the API Gateway console.",
    )
    tier.add(
        apigateway.UsagePlanKey("ApiUsagePlanKey", KeyId=key.ref(), KeyType="API_KEY", UsagePlanId=plan.ref()),
        "Puts the key under the usage plan.",
    )
    return key
