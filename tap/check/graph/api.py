"""REST APIs: their methods with their paths, their links and what these lead to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tap.check.graph.cached import cached
from tap.check.model import Resource, World
from tap.check.values import Reference, Text, fields, shape

REST, STAGE, DEPLOYMENT = "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment"
METHOD, PATH = "AWS::ApiGateway::Method", "AWS::ApiGateway::Resource"
PLAN, KEY, PLAN_KEY = "AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::ApiKey", "AWS::ApiGateway::UsagePlanKey"
ACCOUNT = "AWS::ApiGateway::Account"
LINK_1, LINK_2 = "AWS::ApiGateway::VpcLink", "AWS::ApiGatewayV2::VpcLink"
HTTP, HTTP_STAGE = "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"
PROXIES = ("AWS_PROXY", "HTTP_PROXY")
_URI = re.compile(r"(https?)://([^/]*)(/.*)?", re.DOTALL)


@cached
def api_of(world: World, resource: Resource) -> Resource | None:
    """The REST API of a method, stage, deployment, …"""
    return world.target(resource.get("RestApiId"), REST)


@cached
def methods_of(world: World, api: Resource) -> list[Resource]:
    """The methods of a REST API that are resources of their own."""
    return [one for one in world.of_type(METHOD) if api_of(world, one) is api]


def described(api: Resource) -> bool:
    """Whether an API's methods stand in a description (OpenAPI) that is not read here."""
    return api.get("Body") is not None or api.get("BodyS3Location") is not None


@cached
def complete(world: World, api: Resource) -> bool:
    """Whether all methods of an API are resources of this template."""
    return not (described(api) or world.open or api.logical_id in world.told_outside or loose_methods(world))


@cached
def loose_methods(world: World) -> bool:
    """Whether there is a method of which it is not known to which API it belongs."""
    return any(api_of(world, one) is None for one in world.of_type(METHOD))


@cached
def path_of(world: World, method: Resource) -> str | None:
    """The path of a method (``/orders/{id}``); None where it is not known."""
    found: list[str] = []
    value: Any = method.get("ResourceId")
    for _ in range(30):
        if isinstance(value, Reference) and value.attribute == "RootResourceId":
            return "/" + "/".join(reversed(found))
        resource = world.target(value, PATH)
        if resource is None or not isinstance(resource.get("PathPart"), str):
            return None
        found.append(str(resource.get("PathPart")))
        value = resource.get("ParentId")
    return None


def integration(method: Resource) -> Mapping[str, Any]:
    """The integration of a method, empty where there is none."""
    return fields(method.get("Integration"))


@cached
def link_of(world: World, method: Resource) -> Resource | None:
    """The VPC link that a method's integration goes through, of either version."""
    return world.target(integration(method).get("ConnectionId"), LINK_1, LINK_2)


def uri_parts(value: Any) -> tuple[str, str, str] | None:
    """Scheme, host with port, and path of an http URI (``${…}`` for what is not known); None for another."""
    match = _URI.fullmatch(shape(value)) if isinstance(value, str | Text) else None
    return (match[1], match[2], match[3] or "") if match else None


def port_of(value: Any) -> int | None:
    """The port of an http URI; None where it is not known."""
    parts = uri_parts(value)
    if parts is None:
        return None
    host = re.sub(r"\$\{[^}]*\}", "", parts[1])
    before, colon, port = host.rpartition(":")
    if not colon:
        return 443 if parts[0] == "https" else 80
    del before
    return int(port) if port.isdigit() else None


def stage_name(world: World, value: Any) -> tuple[Resource | None, str]:
    """The stage that a value means when it refers to it, and the name that it says when it is text."""
    if isinstance(value, Reference):
        return world.target(value, STAGE), ""
    return None, value if isinstance(value, str) else ""
