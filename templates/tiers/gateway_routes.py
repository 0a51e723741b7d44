"""What an API does with a request: hand it to the load balancer, to a function, or answer it itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import AWSObject, GetAtt, Sub, apigateway, awslambda

from tap.model import Tier
from templates.tiers.balancer import Balancer
from templates.tiers.words import arn, att, ref


@dataclass(frozen=True)
class Proxy:
    """Every path below ``base`` (empty: the root, and the root itself) goes to the load balancer, with CORS."""

    base: str = ""
    key_required: bool = False


@dataclass(frozen=True)
class Call:
    """A path and method that run a function, with CORS."""

    path: str
    method: str
    function: awslambda.Function
    key_required: bool = True


@dataclass(frozen=True)
class Answer:
    """A path that API Gateway answers itself with 200 and this JSON."""

    path: str
    body: str


Route = Proxy | Call | Answer


@dataclass(frozen=True)
class Site:
    """Where routes are added: the tier, the API, the link into the VPC and the load balancer behind it."""

    tier: Tier
    api: apigateway.RestApi
    link: AWSObject
    balancer: Balancer


def add(site: Site, route: Route) -> tuple[list[AWSObject], list[AWSObject]]:
    """Add a route; gives its resources, and its methods, which a deployment waits for."""
    if isinstance(route, Proxy):
        return _proxy(site, route)
    if isinstance(route, Call):
        return _call(site, route)
    return _answer(site, route)


def _resource(site: Site, name: str, parent: Any, part: str, says: str) -> apigateway.Resource:
    return site.tier.add(apigateway.Resource(name, RestApiId=site.api.ref(), ParentId=parent, PathPart=part), says)


def _proxy(site: Site, route: Proxy) -> tuple[list[AWSObject], list[AWSObject]]:
    root = GetAtt(site.api, "RootResourceId")
    resources: list[AWSObject] = []
    methods: list[AWSObject] = []
    parent, at = root, ""
    if route.base:
        base = _resource(site, f"Api{route.base.capitalize()}", root, route.base, f"The path /{route.base}.")
        resources.append(base)
        parent, at = base.ref(), f"/{route.base}"
    else:
        methods += [_any(site, "ApiRootAny", root, "/", False, route), _preflight(site, "ApiRootOptions", root)]
    proxy = _resource(site, "ApiProxy", parent, "{proxy+}", f"Every path below {at or 'the root'}.")
    resources.append(proxy)
    methods += [
        _any(site, "ApiProxyAny", proxy.ref(), f"{at}/{{proxy}}", True, route),
        _preflight(site, "ApiProxyOptions", proxy.ref()),
    ]
    return resources, methods


def _any(site: Site, name: str, resource: Any, path: str, below: bool, route: Proxy) -> apigateway.Method:
    mapping = {"RequestParameters": {"integration.request.path.proxy": "method.request.path.proxy"}} if below else {}
    return site.tier.add(
        apigateway.Method(
            name,
            RestApiId=site.api.ref(),
            ResourceId=resource,
            HttpMethod="ANY",
            AuthorizationType="NONE",
            ApiKeyRequired=route.key_required,
            **({"RequestParameters": {"method.request.path.proxy": True}} if below else {}),
            Integration=apigateway.Integration(
                Type="HTTP_PROXY",
                IntegrationHttpMethod="ANY",
                ConnectionType="VPC_LINK",
                ConnectionId=site.link.ref(),
                IntegrationTarget=site.balancer.load_balancer.ref(),
                # The path is spelled out: left to itself, API Gateway sends the stage's name before it.
                Uri=site.balancer.url(path),
                **mapping,
                TimeoutInMillis=29_000,
            ),
        ),
        f"Hands every method on {path.replace('{proxy}', '*')} to the load balancer as it is"
        + (", for clients with a key." if route.key_required else "."),
        exempt=_open(route.key_required),
    )


def _open(key_required: bool) -> dict[str, str]:
    key = "the key tells clients apart" if key_required else "the usage plan's key is optional"
    return {"CKV_AWS_59": f"Open by design: the services behind it know their users; {key}."}


_PREFLIGHT = {
    "Access-Control-Allow-Origin": "'*'",
    "Access-Control-Allow-Methods": "'GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS'",
    "Access-Control-Allow-Headers": "'Authorization,Content-Type,X-Api-Key,X-Amz-Date,X-Amz-Security-Token'",
    "Access-Control-Max-Age": "'600'",
}


def _preflight(site: Site, name: str, resource: Any) -> apigateway.Method:
    return site.tier.add(
        apigateway.Method(
            name,
            RestApiId=site.api.ref(),
            ResourceId=resource,
            HttpMethod="OPTIONS",
            AuthorizationType="NONE",
            ApiKeyRequired=False,
            Integration=apigateway.Integration(
                Type="MOCK",
                RequestTemplates={"application/json": '{"statusCode": 204}'},
                PassthroughBehavior="WHEN_NO_MATCH",
                IntegrationResponses=[
                    apigateway.IntegrationResponse(
                        StatusCode="204",
                        ResponseParameters={f"method.response.header.{k}": v for k, v in _PREFLIGHT.items()},
                    )
                ],
            ),
            MethodResponses=[
                apigateway.MethodResponse(
                    StatusCode="204", ResponseParameters={f"method.response.header.{k}": True for k in _PREFLIGHT}
                )
            ],
        ),
        "Answers a browser that asks before it sends (CORS): any site may call, with any method.",
    )


def _call(site: Site, route: Call) -> tuple[list[AWSObject], list[AWSObject]]:
    name = route.path.capitalize()
    resource = _resource(site, f"Api{name}", GetAtt(site.api, "RootResourceId"), route.path, f"The path /{route.path}.")
    function = att(route.function, "Arn")
    method = site.tier.add(
        apigateway.Method(
            f"Api{name}{route.method.capitalize()}",
            RestApiId=site.api.ref(),
            ResourceId=resource.ref(),
            HttpMethod=route.method,
            AuthorizationType="NONE",
            ApiKeyRequired=route.key_required,
            Integration=apigateway.Integration(
                Type="AWS_PROXY",
                IntegrationHttpMethod="POST",
                Uri=Sub(
                    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                    f"{function}/invocations"
                ),
                TimeoutInMillis=29_000,
            ),
        ),
        f"Runs the function for {route.method} /{route.path}.",
        exempt=_open(route.key_required),
    )
    site.tier.add(
        awslambda.Permission(
            f"Api{name}Permission",
            Action="lambda:InvokeFunction",
            FunctionName=GetAtt(route.function, "Arn"),
            Principal="apigateway.amazonaws.com",
            SourceArn=arn("execute-api", f"{ref(site.api)}/*/{route.method}/{route.path}"),
        ),
        "Lets this path of the API, and nothing else, run the function.",
    )
    return [resource], [method, _preflight(site, f"Api{name}Options", resource.ref())]


def _answer(site: Site, route: Answer) -> tuple[list[AWSObject], list[AWSObject]]:
    name = route.path.capitalize()
    resource = _resource(site, f"Api{name}", GetAtt(site.api, "RootResourceId"), route.path, f"The path /{route.path}.")
    method = site.tier.add(
        apigateway.Method(
            f"Api{name}Get",
            RestApiId=site.api.ref(),
            ResourceId=resource.ref(),
            HttpMethod="GET",
            AuthorizationType="NONE",
            ApiKeyRequired=False,
            Integration=apigateway.Integration(
                Type="MOCK",
                RequestTemplates={"application/json": '{"statusCode": 200}'},
                PassthroughBehavior="WHEN_NO_MATCH",
                IntegrationResponses=[
                    apigateway.IntegrationResponse(StatusCode="200", ResponseTemplates={"application/json": route.body})
                ],
            ),
            MethodResponses=[apigateway.MethodResponse(StatusCode="200")],
        ),
        f"Answers GET /{route.path} at API Gateway itself, without a key.",
        exempt={"CKV_AWS_59": "Open by design: the answer is the same for everybody, and tells nothing."},
    )
    return [resource], [method]
