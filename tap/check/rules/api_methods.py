"""TAP1005-1008, 1017, 1019-1024, 1033: methods of REST APIs and what they map."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.api import METHOD, PATH, PROXIES, REST, api_of, complete, integration, methods_of, path_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, as_bool, as_int, each, fields, items, shape

_FUNCTION = "AWS::Lambda::Function"
_MAPPING = "API Gateway developer guide, “Parameter mapping examples for REST APIs in API Gateway”"
_SOURCE = re.compile(r"method\.request\.(path|querystring|multivaluequerystring|header|multivalueheader)\.(.+)")
_RIGHT = re.compile(
    r"'.*'|method\.request\.(body.*|(path|querystring|multivaluequerystring|header|multivalueheader)\..+)"
    r"|context\..+|stageVariables\..+|\$\{.*",
    re.DOTALL,
)


class UndeclaredParameter(ResourceRule):
    """A mapping from a parameter that the method does not declare."""

    id = "TAP1005"
    title = "A mapping refers to a parameter that the method does not declare"
    description = (
        "method.request.path.x and its kind can be mapped only where the method's own RequestParameters have them "
        "(with true or false); a path parameter must also be in the resource's path. Otherwise: “Invalid mapping "
        "expression”."
    )
    source = _MAPPING
    advice = "Add the parameter to the method's RequestParameters, e.g. method.request.path.proxy: true."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Sources of the integration's parameters."""
        declared = resource.get("RequestParameters")
        if declared is not None and not isinstance(declared, dict):
            return
        path = path_of(world, resource)
        for name, value in fields(integration(resource).get("RequestParameters")).items():
            match = _SOURCE.fullmatch(value) if isinstance(value, str) else None
            if match is None:
                continue
            steps = ("Integration", "RequestParameters", name)
            if value not in (declared or {}):
                yield at(resource, *steps, says=f"{name} is mapped to {value}, which the method does not declare.")
            elif match[1] == "path" and path is not None and match[2] not in re.findall(r"\{([^{}+]+)\+?\}", path):
                yield at(resource, *steps, says=f"{value} is no part of the path {path}.")


class UnquotedValue(ResourceRule):
    """A static value without quotes."""

    id = "TAP1006"
    title = "A static value in a mapping stands in single quotes"
    description = (
        "What a parameter is mapped to is an expression (method.request.…, context.…, stageVariables.…), or a static "
        "value in single quotes. Without the quotes: “Invalid mapping expression specified”."
    )
    source = _MAPPING
    advice = "Write the value with quotes inside of the string: \"'value'\"."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Values of request and response parameters."""
        own = integration(resource)
        for name, value in fields(own.get("RequestParameters")).items():
            if isinstance(value, str | Text) and not _RIGHT.fullmatch(shape(value)):
                says = f"{name} is {shape(value)}, neither an expression nor quoted."
                yield at(resource, "Integration", "RequestParameters", name, says=says)
        for index, one in enumerate(items(own.get("IntegrationResponses"))):
            for name, value in fields(fields(one).get("ResponseParameters")).items():
                if isinstance(value, str) and not re.fullmatch(
                    r"'.*'|integration\.response\..+|context\..+|stageVariables\..+", value, re.DOTALL
                ):
                    steps = ("Integration", "IntegrationResponses", index, "ResponseParameters", name)
                    yield at(resource, *steps, says=f"{name} is {value}, neither an expression nor quoted.")


class ResponseWithoutMethodResponse(ResourceRule):
    """An answer of the backend for which the method has none."""

    id = "TAP1007"
    title = "Integration responses and method responses belong together"
    description = (
        "Each status code and header that an integration response sets must be declared in the method's "
        "MethodResponses, or the method is refused; an integration that is no proxy and has no integration response "
        "answers 500."
    )
    source = "API Gateway developer guide, “Set up an integration response in API Gateway”"
    advice = "Declare the status code, and each header with true, in MethodResponses."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations that are no proxies."""
        own = integration(resource)
        kind, responses = own.get("Type"), own.get("IntegrationResponses")
        if not isinstance(kind, str) or kind in PROXIES:
            return
        if responses is None and not _bare(own):
            yield at(
                resource, "Integration", says=f"An integration of type {kind} without IntegrationResponses answers 500."
            )
            return
        declared = {
            str(fields(one).get("StatusCode")): fields(fields(one).get("ResponseParameters"))
            for one in items(resource.get("MethodResponses"))
        }
        for index, one in enumerate(items(responses)):
            code = fields(one).get("StatusCode")
            if not isinstance(code, str | int):
                continue
            steps = ("Integration", "IntegrationResponses", index)
            if str(code) not in declared:
                yield at(resource, *steps, "StatusCode", says=f"MethodResponses have no status code {code}.")
                continue
            for name in fields(fields(one).get("ResponseParameters")):
                if name not in declared[str(code)]:
                    says = f"{name} is not declared in the MethodResponses' {code}."
                    yield at(resource, *steps, "ResponseParameters", name, says=says)


class MockWithoutStatus(ResourceRule):
    """A mock that answers with an error."""

    id = "TAP1008"
    title = "A mock integration needs the status code in its request template"
    description = (
        'A MOCK integration answers what its request template says: without one that comes to {"statusCode": 200} it '
        "answers 500."
    )
    severity = Severity.WARNING
    source = "API Gateway developer guide, “Mock integrations for REST APIs in API Gateway”"
    advice = "Set RequestTemplates: {application/json: '{\"statusCode\": 200}'}."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Mock integrations."""
        own = integration(resource)
        if own.get("Type") != "MOCK" or _bare(own):
            return
        templates = own.get("RequestTemplates")
        if templates is None:
            yield at(resource, "Integration", says="The mock has no RequestTemplates.")
            return
        for name, value in fields(templates).items():
            if isinstance(value, str) and not re.search(r"statusCode['\"]?\s*:", value):
                steps = ("Integration", "RequestTemplates", name)
                yield at(resource, *steps, says=f"The template {json.dumps(value)[:60]} names no statusCode.")


def _bare(own: Mapping[str, Any]) -> bool:
    """Whether an integration is a mock with nothing else: a place that is kept for what comes later."""
    return own.get("Type") == "MOCK" and own.get("RequestTemplates") is None and own.get("IntegrationResponses") is None


class BareMock(ResourceRule):
    """A mock that is a place kept for later."""

    id = "TAP1033"
    title = "A mock without a request template answers 500"
    description = "A MOCK integration without RequestTemplates and IntegrationResponses answers every request with 500."
    severity = Severity.NOTE
    source = "API Gateway developer guide, “Mock integrations for REST APIs in API Gateway”"
    advice = "Set RequestTemplates: {application/json: '{\"statusCode\": 200}'} and an integration response."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Mocks with nothing else."""
        if _bare(integration(resource)):
            yield at(resource, "Integration", says="The mock has neither RequestTemplates nor IntegrationResponses.")


class FunctionIntegration(ResourceRule):
    """A function that API Gateway calls the wrong way."""

    id = "TAP1020"
    title = "A function is called with POST, at its invocation path"
    description = (
        "API Gateway calls Lambda with POST, whatever the client's method is, at "
        "arn:…:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations. Anything else is refused or ends "
        "in 500."
    )
    source = "API Gateway developer guide, “Set up Lambda proxy integrations in API Gateway”"
    advice = "Set IntegrationHttpMethod: POST and the full invocation path as the Uri."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Integrations with a function."""
        own = integration(resource)
        uri = own.get("Uri")
        named = world.target(uri, _FUNCTION) if isinstance(uri, Text | Reference) else None
        to_function = ":lambda:path/" in shape(uri) if isinstance(uri, Text | str) else False
        if own.get("Type") not in ("AWS", "AWS_PROXY") or not (named or to_function):
            return
        method = own.get("IntegrationHttpMethod")
        if method is None or (isinstance(method, str) and method != "POST"):
            says = f"IntegrationHttpMethod is {method or 'not stated'}; Lambda takes POST only."
            yield at(resource, "Integration", *(("IntegrationHttpMethod",) if method else ()), says=says)
        text = shape(uri)
        if isinstance(uri, Reference) or not re.search(r"/functions/.+/invocations$", text):
            says = f"The Uri {text} is no path that invokes a function."
            yield at(resource, "Integration", "Uri", says=says)


class AuthorizerMissing(ResourceRule):
    """An authorization type that its authorizer does not fit."""

    id = "TAP1021"
    title = "An authorization type and its authorizer belong together"
    description = (
        "CUSTOM needs the AuthorizerId of a TOKEN or REQUEST authorizer, COGNITO_USER_POOLS that of a user pool's; "
        "with NONE or AWS_IAM an AuthorizerId is without effect."
    )
    source = "API Gateway API, PutMethod.authorizationType, authorizerId"
    advice = "Set AuthorizerId: !Ref of an authorizer of the same API and the fitting type."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Methods whose authorization type is known."""
        kind, authorizer = resource.get("AuthorizationType"), resource.get("AuthorizerId")
        if kind in ("CUSTOM", "COGNITO_USER_POOLS") and authorizer is None:
            yield at(resource, "AuthorizationType", says=f"AuthorizationType is {kind} and there is no AuthorizerId.")
        if authorizer is not None and (kind is None or kind in ("NONE", "AWS_IAM")):
            says = f"AuthorizationType is {kind or 'NONE'}: the authorizer is never asked."
            yield at(resource, "AuthorizerId", says=says)
        found = world.target(authorizer, "AWS::ApiGateway::Authorizer")
        if found is None:
            return
        own = found.get("Type")
        fits = {"CUSTOM": {"TOKEN", "REQUEST"}, "COGNITO_USER_POOLS": {"COGNITO_USER_POOLS"}}.get(str(kind))
        if fits and isinstance(own, str) and own not in fits:
            says = f"AuthorizationType is {kind}, and {found.logical_id} is an authorizer of type {own}."
            yield at(resource, "AuthorizerId", says=says)
        if world.same(found.get("RestApiId"), resource.get("RestApiId")) is False:
            yield at(resource, "AuthorizerId", says=f"{found.logical_id} is an authorizer of another API.")


class Preflight(ResourceRule):
    """A browser's first question is refused."""

    id = "TAP1022"
    title = "A preflight request has neither a key nor a token"
    description = (
        "Browsers ask with OPTIONS before a request from another origin, without API key, token or cookie. A method "
        "OPTIONS that requires one answers 401 or 403, and the browser sends nothing."
    )
    severity = Severity.WARNING
    source = "API Gateway developer guide, “CORS for REST APIs in API Gateway”"
    advice = "Give the OPTIONS method AuthorizationType: NONE and ApiKeyRequired: false."
    types = (METHOD,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Methods for OPTIONS alone."""
        if resource.get("HttpMethod") != "OPTIONS":
            return
        if as_bool(resource.get("ApiKeyRequired")):
            yield at(resource, "ApiKeyRequired", says="The OPTIONS method requires an API key.")
        kind = resource.get("AuthorizationType")
        if isinstance(kind, str) and kind != "NONE":
            yield at(resource, "AuthorizationType", says=f"The OPTIONS method requires authorization ({kind}).")


class SamePath(ResourceRule):
    """Two resources or methods in one place."""

    id = "TAP1023"
    title = "A path or a method stands twice in the API"
    description = (
        "Below one parent a path part is there once (“Another resource with the same parent already has this "
        "name”), one variable at most, and a resource has a method once. A path part has no slash in it."
    )
    source = "API Gateway API, CreateResource, PutMethod"
    advice = "Keep one of them; nest a resource for each part of a path."
    types = (REST,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Resources and methods of this API."""
        paths: dict[Any, Resource] = {}
        variables: dict[Any, tuple[Resource, str]] = {}
        for one in world.of_type(PATH):
            part, parent = one.get("PathPart"), one.get("ParentId")
            if api_of(world, one) is not resource or not isinstance(part, str) or not isinstance(parent, Reference):
                continue
            if "/" in part:
                yield at(one, "PathPart", says=f"The path part {part} has a slash in it.")
            if (parent, part) in paths:
                yield at(one, "PathPart", says=f"{paths[parent, part].logical_id} is {part} below the same parent too.")
            elif part.startswith("{"):
                if parent in variables and part.endswith("+}") == variables[parent][1].endswith("+}"):
                    other = variables[parent]
                    says = f"{part} is a variable beside {other[1]} of {other[0].logical_id}: a sibling is not allowed."
                    yield at(one, "PathPart", says=says)
                variables.setdefault(parent, (one, part))
            paths.setdefault((parent, part), one)
        methods: dict[Any, Resource] = {}
        for one in methods_of(world, resource):
            verb, place = one.get("HttpMethod"), one.get("ResourceId")
            if isinstance(verb, str) and isinstance(place, Reference):
                if (place, verb) in methods:
                    says = f"{methods[place, verb].logical_id} is {verb} of the same resource too."
                    yield at(one, "HttpMethod", says=says)
                methods.setdefault((place, verb), one)


class PrivateWithoutPolicy(ResourceRule):
    """A private API that lets nobody in."""

    id = "TAP1024"
    title = "A private API needs a resource policy"
    description = (
        "A PRIVATE API without a policy cannot be deployed: “Private REST API doesn't have a resource policy "
        "attached to it”."
    )
    source = "API Gateway developer guide, “Create a private API”"
    advice = "Add a Policy that allows execute-api:Invoke from the VPC endpoint (aws:SourceVpce)."
    types = (REST,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Private APIs whose policy is not in their description."""
        body = resource.get("Body")
        within = body is not None and (not isinstance(body, dict) or "x-amazon-apigateway-policy" in body)
        kinds = each(resource.get("EndpointConfiguration", "Types"))
        elsewhere = within or world.open or resource.get("BodyS3Location") is not None
        if kinds == ["PRIVATE"] and resource.get("Policy") is None and not elsewhere:
            yield at(resource, "EndpointConfiguration", says="The API is PRIVATE and has no Policy.")


class GreedyWithoutRoot(ResourceRule):
    """The front page is missing."""

    id = "TAP1019"
    title = "{proxy+} does not match the root path"
    description = (
        "A proxy resource takes every path below its parent, not the parent itself: without a method on RootResourceId "
        "a request for / ends in 403 “Missing Authentication Token”."
    )
    severity = Severity.NOTE
    source = "API Gateway developer guide, “Set up a proxy integration with a proxy resource”"
    advice = "Add a method with ResourceId: !GetAtt Api.RootResourceId and the same integration, its Uri ending in /."
    types = (REST,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """APIs with a proxy resource on the root through a VPC link or to an HTTP backend."""
        if not complete(world, resource):
            return
        found = {one: path_of(world, one) for one in methods_of(world, resource)}
        if None in found.values() or "/" in found.values():
            return
        for method, path in found.items():
            if path and re.fullmatch(r"/\{[^{}/]+\+\}", path) and integration(method).get("Type") == "HTTP_PROXY":
                says = f"{resource.logical_id} answers {path} and has no method on its root: / ends in 403."
                yield at(method, "ResourceId", says=says)
                return


class IntegrationTimeout(ResourceRule):
    """A timeout that API Gateway does not wait for."""

    id = "TAP1017"
    title = "API Gateway does not wait that long"
    description = (
        "A REST API waits 50 to 29,000 ms for its backend; more than that is a raised quota, for Regional and private "
        "APIs only. HTTP APIs wait at most 30,000 ms. Answers that are streamed may take 15 minutes."
    )
    source = "API Gateway API, PutIntegration.timeoutInMillis; CreateIntegration.timeoutInMillis (HTTP APIs)"
    advice = "Stay within 29,000 ms and answer long work later (a queue, a status to ask for)."
    types = (METHOD, "AWS::ApiGatewayV2::Integration")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Timeouts that are known."""
        rest = resource.type == METHOD
        steps = ("Integration", "TimeoutInMillis") if rest else ("TimeoutInMillis",)
        value = as_int(resource.get(*steps))
        if value is None or integration(resource).get("ResponseTransferMode") == "STREAM":
            return
        if not rest:
            websocket = world.target(resource.get("ApiId"), "AWS::ApiGatewayV2::Api")
            most = 29_000 if websocket and websocket.get("ProtocolType") == "WEBSOCKET" else 30_000
            if not 50 <= value <= most:
                yield at(resource, *steps, says=f"TimeoutInMillis is {value}; 50 to {most} is allowed.")
        elif not 50 <= value <= 29_000:
            api = api_of(world, resource)
            kinds = each(api.get("EndpointConfiguration", "Types")) if api else []
            kind = "an edge-optimized API allows" if kinds == ["EDGE"] else "without a raised quota an API allows"
            yield at(resource, *steps, says=f"TimeoutInMillis is {value}; {kind} 50 to 29,000.")
