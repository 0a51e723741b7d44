"""TAP1031-1032, 1034, 1036-1038: HTTP APIs, and functions that an API may not call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.api import HTTP, HTTP_STAGE, LINK_1, METHOD, integration
from tap.check.graph.balancing import BALANCER, LISTENER, TARGET_GROUP
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, as_bool, fields, items, shape

_INTEGRATION, _ROUTE = "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route"
_DEPLOYMENT, _AUTHORIZER = "AWS::ApiGatewayV2::Deployment", "AWS::ApiGatewayV2::Authorizer"
_FUNCTION, _PERMISSION = "AWS::Lambda::Function", "AWS::Lambda::Permission"
_DISCOVERY = "AWS::ServiceDiscovery::Service"


class HttpPrivateIntegration(ResourceRule):
    """An HTTP API whose private integration is written like a REST API's."""

    id = "TAP1031"
    title = "A private integration of an HTTP API names a listener"
    description = (
        "Through a VPC link the IntegrationUri is the ARN of an ALB or NLB listener or of a Cloud Map service; the "
        "type is HTTP_PROXY with payload format 1.0 and an IntegrationMethod; the link is of version 2."
    )
    source = "API Gateway API (v2), CreateIntegration.integrationUri, connectionId, payloadFormatVersion"
    advice = (
        "IntegrationType: HTTP_PROXY, ConnectionType: VPC_LINK, ConnectionId: !Ref Link, IntegrationUri: !Ref Listener."
    )
    types = (_INTEGRATION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations through a link, and HTTP_PROXY integrations."""
        link, connection = resource.get("ConnectionId"), resource.get("ConnectionType")
        kind, uri = resource.get("IntegrationType"), resource.get("IntegrationUri")
        if kind == "HTTP_PROXY":
            if resource.get("PayloadFormatVersion") == "2.0" or str(resource.get("PayloadFormatVersion")) == "2":
                yield at(resource, "PayloadFormatVersion", says="HTTP_PROXY has payload format 1.0, not 2.0.")
            if resource.get("IntegrationMethod") is None:
                yield at(resource, says="HTTP_PROXY needs an IntegrationMethod, such as ANY.")
        if connection == "VPC_LINK" and link is None:
            yield at(resource, "ConnectionType", says="ConnectionType is VPC_LINK and there is no ConnectionId.")
        if link is not None and connection in (None, "INTERNET"):
            yield at(resource, "ConnectionId", says="There is a ConnectionId, and ConnectionType is not VPC_LINK.")
        if world.target(link, LINK_1) and isinstance(link, Reference):
            says = f"{link.logical_id} is a link of version 1, which is for REST APIs."
            yield at(resource, "ConnectionId", says=says)
        if connection != "VPC_LINK" or uri is None:
            return
        if isinstance(kind, str) and kind != "HTTP_PROXY":
            yield at(resource, "IntegrationType", says=f"Through a VPC link the type is HTTP_PROXY, not {kind}.")
        wrong = _no_listener(uri, world)
        if wrong:
            yield at(
                resource, "IntegrationUri", says=f"IntegrationUri is {wrong}, no listener and no Cloud Map service."
            )


def _no_listener(value: Any, world: World) -> str:
    if isinstance(value, Reference):
        found = world.resources.get(value.logical_id)
        right = {LISTENER: {"", "ListenerArn"}, _DISCOVERY: {"Arn"}}
        if found is None or value.attribute in right.get(found.type, set()):
            return ""
        return str(value) if found.type in (BALANCER, TARGET_GROUP, *right) else ""
    text = shape(value) if isinstance(value, str | Text) else ""
    if text.startswith("http") or ":loadbalancer/" in text or ":targetgroup/" in text:
        return text
    return ""


class NeverDeployed(ResourceRule):
    """A stage of an HTTP API that shows nothing."""

    id = "TAP1032"
    title = "A stage of an HTTP API needs AutoDeploy or a deployment"
    description = (
        "Without AutoDeploy: true and without a DeploymentId a stage has no routes: every request ends in 404."
    )
    severity = Severity.WARNING
    source = "API Gateway developer guide, “Stages for HTTP APIs in API Gateway”"
    advice = "Set AutoDeploy: true, or a DeploymentId whose deployment depends on the routes."
    types = (HTTP_STAGE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Stages without both; deployments that do not wait for the routes."""
        auto = resource.get("AutoDeploy")
        if resource.get("DeploymentId") is None and (auto is None or as_bool(auto) is False):
            others = [
                one
                for one in world.of_type(_DEPLOYMENT)
                if one.get("StageName") is not None or world.target(one.get("ApiId"), HTTP) is None
            ]
            if not others and not world.open and resource.logical_id not in world.told_outside:
                yield at(resource, says="The stage has neither AutoDeploy nor a DeploymentId.")


class HttpCors(ResourceRule):
    """CORS that no browser accepts."""

    id = "TAP1034"
    title = "Credentials go with named origins only"
    description = (
        "With AllowCredentials: true an HTTP API refuses * as an origin; an origin has a scheme, and no path or "
        "slash at its end."
    )
    source = "API Gateway developer guide, “Configure CORS for HTTP APIs in API Gateway”"
    advice = "Name the origins (https://www.example.com), or leave AllowCredentials out."
    types = (HTTP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The CORS configuration of an API."""
        own = fields(resource.get("CorsConfiguration"))
        origins = items(own.get("AllowOrigins"))
        if as_bool(own.get("AllowCredentials")) and "*" in origins:
            says = "AllowCredentials is true and the origin * is allowed."
            yield at(resource, "CorsConfiguration", "AllowOrigins", says=says)
        for index, one in enumerate(origins):
            if isinstance(one, str) and one != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/]+", one):
                says = f"{one} is no origin: it has a scheme, a host, and nothing after that."
                yield at(resource, "CorsConfiguration", "AllowOrigins", index, says=says)


class RouteWithoutIntegration(ResourceRule):
    """A route that leads nowhere."""

    id = "TAP1036"
    title = "A route's target is integrations/ and the integration's id"
    description = (
        "Target is the text integrations/ID; a route's key is $default or METHOD /path. Without a target the route "
        "answers 500; with the bare id it is refused."
    )
    source = "API Gateway API (v2), CreateRoute.target, routeKey"
    advice = "Target: !Sub integrations/${Integration}."
    types = (_ROUTE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Routes of HTTP APIs of this template."""
        api = world.target(resource.get("ApiId"), HTTP)
        key, target = resource.get("RouteKey"), resource.get("Target")
        if api is None or api.get("ProtocolType") != "HTTP":
            return
        if target is None:
            yield at(resource, says="The route has no Target.")
        bare = isinstance(target, Reference) and world.target(target, _INTEGRATION)
        if bare or (isinstance(target, str) and not target.startswith("integrations/")):
            yield at(resource, "Target", says=f"The Target {shape(target)} does not begin with integrations/.")
        verbs = "ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
        if isinstance(key, str) and not re.fullmatch(rf"\$default|({verbs}) /.*", key):
            yield at(resource, "RouteKey", says=f"{key} is no route key: $default, or a method, a space and a path.")


class HttpAuthorizer(ResourceRule):
    """A route whose authorization does not fit its authorizer."""

    id = "TAP1037"
    title = "A route's authorization type and its authorizer belong together"
    description = (
        "JWT and CUSTOM need an AuthorizerId, of a JWT or a REQUEST authorizer; a JWT authorizer needs Issuer and "
        "Audience."
    )
    source = "API Gateway API (v2), CreateRoute.authorizationType; CreateAuthorizer"
    advice = "Set AuthorizationType and AuthorizerId together; give the JWT authorizer its JwtConfiguration."
    types = (_ROUTE, _AUTHORIZER)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Routes, and authorizers."""
        if resource.type == _AUTHORIZER:
            if resource.get("AuthorizerType") == "JWT":
                own = resource.get("JwtConfiguration")
                for key in ("Issuer", "Audience"):
                    if own is None or (isinstance(own, dict) and own.get(key) is None):
                        steps = ("JwtConfiguration",) if own is not None else ()
                        yield at(resource, *steps, says=f"The JWT authorizer has no {key}.")
                source = resource.get("IdentitySource")
                if source is None:
                    yield at(resource, says="The JWT authorizer has no IdentitySource.")
            return
        kind, authorizer = resource.get("AuthorizationType"), resource.get("AuthorizerId")
        if kind in ("JWT", "CUSTOM") and authorizer is None:
            yield at(resource, "AuthorizationType", says=f"AuthorizationType is {kind} and there is no AuthorizerId.")
        if authorizer is not None and (kind is None or kind == "NONE"):
            yield at(resource, "AuthorizerId", says="AuthorizationType is NONE: the authorizer is never asked.")
        found = world.target(authorizer, _AUTHORIZER)
        fits = {"JWT": "JWT", "CUSTOM": "REQUEST"}.get(str(kind))
        own_kind = found.get("AuthorizerType") if found else None
        if found and fits and isinstance(own_kind, str) and own_kind != fits:
            says = f"AuthorizationType is {kind}, and {found.logical_id} is an authorizer of type {own_kind}."
            yield at(resource, "AuthorizerId", says=says)


class FunctionShut(ResourceRule):
    """A function that lets no API call it."""

    id = "TAP1038"
    title = "API Gateway may not call the function"
    description = (
        "A function is called by an API only with AWS::Lambda::Permission for apigateway.amazonaws.com, or through "
        "a role in the integration's credentials. Otherwise each request ends in 500."
    )
    severity = Severity.WARNING
    source = "API Gateway developer guide, “Set up Lambda proxy integrations in API Gateway” (permissions)"
    advice = "Add AWS::Lambda::Permission: Action lambda:InvokeFunction, Principal apigateway.amazonaws.com, SourceArn."
    types = (METHOD, _INTEGRATION)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations with a function of this template."""
        own = integration(resource) if resource.type == METHOD else resource.properties
        uri = own.get("Uri") if resource.type == METHOD else own.get("IntegrationUri")
        role = own.get("Credentials") if resource.type == METHOD else own.get("CredentialsArn")
        kind = own.get("Type") if resource.type == METHOD else own.get("IntegrationType")
        function = world.target(uri, _FUNCTION)
        if function is None or role is not None or kind not in ("AWS", "AWS_PROXY") or world.open:
            return
        if function.logical_id in world.told_outside:
            return
        for one in world.of_type(_PERMISSION):
            found = world.target(one.get("FunctionName"), _FUNCTION)
            if found is None and not isinstance(one.get("FunctionName"), str):
                return
            principal = one.get("Principal")
            if found is function and (not isinstance(principal, str) or principal.startswith("apigateway.")):
                return
        steps = ("Integration", "Uri") if resource.type == METHOD else ("IntegrationUri",)
        says = f"Nothing lets API Gateway call {function.logical_id} (AWS::Lambda::Permission, or credentials)."
        yield at(resource, *steps, says=says)
