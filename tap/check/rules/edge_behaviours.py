"""TAP1414 to TAP1423: a distribution's behaviours: policies, methods, functions, error pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tap.check.graph.delivery import DISTRIBUTION, HOME, behaviours, config, origin_of, origins
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, as_bool, as_int, each, fields, items, known, shape, strings

_CACHE = {
    "2e54312d-136d-493c-8eb9-b001f22f67d2": "Amplify",
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": "CachingDisabled",
    "658327ea-f89d-4fab-a63d-7e88639e58f6": "CachingOptimized",
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": "CachingOptimizedForUncompressedObjects",
    "08627262-05a9-4f76-9ded-b50ca2e3a84f": "Elemental-MediaPackage",
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": "UseOriginCacheControlHeaders",
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": "UseOriginCacheControlHeaders-QueryStrings",
}
_ORIGIN = {
    "216adef6-5c7f-47e4-b989-5492eafa07d3": "AllViewer",
    "33f36d7e-f396-46d9-90e0-52428a34d9dc": "AllViewerAndCloudFrontHeaders-2022-06",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": "AllViewerExceptHostHeader",
    "59781a5b-3903-41f3-afcb-af62929ccde1": "CORS-CustomOrigin",
    "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": "CORS-S3Origin",
    "775133bc-15f2-49f9-abea-afb2e0bf67d2": "Elemental-MediaTailor-PersonalizedManifests",
    "acba4595-bd28-49b8-b9fe-13317c0390fa": "UserAgentRefererHeaders",
    "bf0718e1-ba1e-49d1-88b1-f726733018ae": "HostHeaderOnly",
}
_RESPONSE = {
    "60669652-455b-4ae9-85a4-c4c02393f86c": "SimpleCORS",
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd": "CORS-With-Preflight",
    "67f7725c-6f97-4210-82d7-5512b31e9d03": "SecurityHeadersPolicy",
    "e61eb60c-9c35-4d20-a928-2b84e02af89c": "CORS-and-SecurityHeadersPolicy",
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63": "CORS-with-preflight-and-SecurityHeadersPolicy",
}
_POLICIES: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "CachePolicyId": ("cache policy", "AWS::CloudFront::CachePolicy", _CACHE),
    "OriginRequestPolicyId": ("origin request policy", "AWS::CloudFront::OriginRequestPolicy", _ORIGIN),
    "ResponseHeadersPolicyId": ("response headers policy", "AWS::CloudFront::ResponseHeadersPolicy", _RESPONSE),
}
"""Property → its kind, the type that makes one, and the managed ones (CloudFront developer guide, "Use managed cache
policies", "Use managed origin request policies", "Use managed response headers policies")."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TTLS = ("MinTTL", "DefaultTTL", "MaxTTL")


class CachingUnsaid(ResourceRule):
    """A behaviour that says not, or twice, how it caches."""

    id = "TAP1414"
    title = "A behaviour has a cache policy or the older settings, not both and not neither"
    description = (
        "Without CachePolicyId and ForwardedValues a behaviour is refused; so is one with both, or with a cache policy "
        "and TTLs of its own, or with an origin request policy but no cache policy."
    )
    source = "CloudFront API reference, CacheBehavior, CachePolicyId and ForwardedValues"
    advice = "Set CachePolicyId, and neither ForwardedValues nor MinTTL, DefaultTTL, MaxTTL."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each behaviour."""
        for behaviour in behaviours(resource):
            body = behaviour.body
            policy = body.get("CachePolicyId") not in (None, "")
            older = [key for key in ("ForwardedValues", *_TTLS) if body.get(key) is not None]
            name = behaviour.name[0].upper() + behaviour.name[1:]
            if not policy and "ForwardedValues" not in older:
                says = f"{name} has neither CachePolicyId nor ForwardedValues."
                yield at(resource, *behaviour.at(), says=says)
            elif policy and older:
                says = f"{name} has a cache policy, and {', '.join(older)} with it."
                yield at(resource, *behaviour.at(older[0]), says=says)
            elif not policy and body.get("OriginRequestPolicyId") is not None:
                says = f"{name} has an origin request policy without a cache policy."
                yield at(resource, *behaviour.at("OriginRequestPolicyId"), says=says)


class PolicyIds(ResourceRule):
    """Ids that are those of no policy, or of one of another kind."""

    id = "TAP1415"
    title = "Ids of policies are those of policies of that kind"
    description = (
        "CloudFront refuses an id that is no policy's (NoSuchCachePolicy, …). A literal id is that of a policy that "
        "AWS manages, or one whose maker is outside of the template's sight."
    )
    source = "CloudFront developer guide, “Use managed cache policies” and its sisters"
    advice = "Use a managed policy's id, !Ref of a policy of the template, or a parameter without a default."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each id of each behaviour."""
        for behaviour in behaviours(resource):
            for key, (kind, made_by, managed) in _POLICIES.items():
                value = behaviour.body.get(key)
                says = ""
                if isinstance(value, Reference):
                    found = world.resources.get(value.logical_id)
                    if found is not None and found.type in {one for _, one, _ in _POLICIES.values()} - {made_by}:
                        says = f"{found.logical_id} is no {kind}: it is an {found.type}."
                elif isinstance(value, str) and value and value not in managed:
                    says = _wrong_id(value, kind)
                if says:
                    yield at(resource, *behaviour.at(key), says=says)


def _wrong_id(value: str, kind: str) -> str:
    for other, _, managed in _POLICIES.values():
        if value in managed:
            return f"{value} is the {other} {managed[value]}, no {kind}."
        if value.removeprefix("Managed-") in managed.values():
            own = next(key for key, name in managed.items() if name == value.removeprefix("Managed-"))
            return f"{value} is a policy's name; its id is {own}."
    return f"{value} is the id of no managed {kind}." if _ID.fullmatch(value) else f"{value!r} is no policy's id."


_SETS = ({"GET", "HEAD"}, {"GET", "HEAD", "OPTIONS"}, {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"})


class Methods(ResourceRule):
    """Sets of methods that CloudFront does not know."""

    id = "TAP1416"
    title = "Allowed and cached methods are one of the sets that CloudFront takes"
    description = "AllowedMethods is one of three sets, CachedMethods one of the first two and a part of it."
    source = "CloudFront API reference, AllowedMethods and CachedMethods"
    advice = "Use [GET, HEAD], [GET, HEAD, OPTIONS] or [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each behaviour."""
        for behaviour in behaviours(resource):
            said = {key: behaviour.body.get(key) for key in ("AllowedMethods", "CachedMethods")}
            for key, value in said.items():
                sets = _SETS if key == "AllowedMethods" else _SETS[:2]
                methods = strings(value)
                if methods and (set(methods) not in sets or len(set(methods)) < len(methods)):
                    says = f"{key} [{', '.join(methods)}] is none of the sets that CloudFront takes."
                    yield at(resource, *behaviour.at(key), says=says)
                    return
            cached = strings(said["CachedMethods"])
            allowed = ["GET", "HEAD"] if said["AllowedMethods"] is None else strings(said["AllowedMethods"])
            if cached and allowed and not set(cached) <= set(allowed):
                says = f"[{', '.join(cached)}] is cached, but only [{', '.join(allowed)}] is allowed."
                yield at(resource, *behaviour.at("CachedMethods"), says=says)


class ErrorPages(ResourceRule):
    """Error pages in a form that CloudFront refuses."""

    id = "TAP1417"
    title = "An error page has a code, a path with a slash, and a status that it is answered with"
    description = (
        "ResponsePagePath and ResponseCode come together, the path begins with a slash, each code stands once."
    )
    source = "CloudFront API reference, CustomErrorResponse"
    advice = "Set ErrorCode, ResponseCode and ResponsePagePath: /page together."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each error response."""
        codes: set[int] = set()
        for index, body in enumerate(items(config(resource).get("CustomErrorResponses"))):
            one = fields(body)
            steps = ("DistributionConfig", "CustomErrorResponses", index)
            code, path, answer = as_int(one.get("ErrorCode")), one.get("ResponsePagePath"), one.get("ResponseCode")
            if code is not None and code in codes:
                yield at(resource, *steps, "ErrorCode", says=f"There are two error responses for {code}.")
            if code is not None:
                codes.add(code)
                if code not in _CODES:
                    says = f"CloudFront has no error response for {code}; it has for {', '.join(map(str, _CODES))}."
                    yield at(resource, *steps, "ErrorCode", says=says)
            if isinstance(path, str) and path and not path.startswith("/"):
                yield at(resource, *steps, "ResponsePagePath", says=f"ResponsePagePath {path!r} begins with no slash.")
            if (path is None) != (answer is None):
                missing = "ResponsePagePath" if path is None else "ResponseCode"
                yield at(resource, *steps, says=f"The error response for {code} has no {missing}.")


_CODES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)


class ErrorsRewritten(ResourceRule):
    """Error pages of a web site that swallow the errors of the API beside it."""

    id = "TAP1418"
    title = "Error pages count for the API behind the same distribution too"
    severity = Severity.WARNING
    description = (
        "Custom error responses apply to all behaviours: a page with status 200 for 403 or 404 turns the API's own "
        "errors into a web page."
    )
    source = "CloudFront developer guide, “Generate custom error responses”"
    advice = "Let a CloudFront function on the site's behaviour rewrite paths, and drop the error response."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The distribution's error responses, where it has an API."""
        among = origins(resource, world)
        own = behaviours(resource)
        apis = [
            one
            for one in own
            if one.index is not None
            and (origin := origin_of(one, among)) is not None
            and _is_api(one.body, origin.kind)
        ]
        if not apis or all(one in apis for one in own):
            return
        for index, body in enumerate(items(config(resource).get("CustomErrorResponses"))):
            code, answer = as_int(fields(body).get("ErrorCode")), as_int(fields(body).get("ResponseCode"))
            if code is not None and 400 <= code < 500 and answer == 200:
                says = f"A {code} of {apis[0].name} becomes {fields(body).get('ResponsePagePath')} with status 200."
                yield at(resource, "DistributionConfig", "CustomErrorResponses", index, says=says)


def _is_api(body: Mapping[str, Any], kind: str) -> bool:
    path = shape(body.get("PathPattern")).lower()
    return (
        kind in ("api", "function") or (kind != "bucket" and "api" in re.split(r"[/*.-]", path)) or kind == "balancer"
    )


class HostForwarded(ResourceRule):
    """The viewer's Host header sent to an origin that knows itself by its own name only."""

    id = "TAP1419"
    title = "API Gateway, function URLs and buckets refuse the viewer's Host header"
    severity = Severity.WARNING
    description = "They find what is asked for by the Host header: with the distribution's name in it they answer 403."
    source = "CloudFront developer guide, “Use managed origin request policies”, AllViewerExceptHostHeader"
    advice = "Use AllViewerExceptHostHeader (b689b0a8-53d0-40ab-baf2-68738e2966ac), or CORS-S3Origin for a bucket."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each behaviour with an origin of that kind."""
        among = origins(resource, world)
        for behaviour in behaviours(resource):
            origin = origin_of(behaviour, among)
            kind = origin.kind if origin else ""
            if kind not in ("api", "function", "bucket"):
                continue
            value = behaviour.body.get("OriginRequestPolicyId")
            forwarded = [str(one).lower() for one in each(fields(behaviour.body.get("ForwardedValues")).get("Headers"))]
            by_policy = (isinstance(value, str) and value in _WITH_HOST) or _own_policy_has_host(value, world)
            if by_policy:
                says = f"{behaviour.name} sends the viewer's Host header to {shape(origin.domain) if origin else ''}."
                yield at(resource, *behaviour.at("OriginRequestPolicyId"), says=says[0].upper() + says[1:])
            elif kind != "bucket" and {"*", "host"} & set(forwarded):
                says = f"{behaviour.name} sends the viewer's Host header to {shape(origin.domain) if origin else ''}."
                yield at(resource, *behaviour.at("ForwardedValues", "Headers"), says=says[0].upper() + says[1:])


_WITH_HOST = frozenset(
    key for key, name in _ORIGIN.items() if name.startswith("AllViewer") and "Except" not in name
) | {key for key, name in _ORIGIN.items() if name == "HostHeaderOnly"}


def _own_policy_has_host(value: Any, world: World) -> bool:
    policy = world.target(value, "AWS::CloudFront::OriginRequestPolicy") if isinstance(value, Reference) else None
    headers = fields(policy.get("OriginRequestPolicyConfig", "HeadersConfig")) if policy else {}
    how, names = headers.get("HeaderBehavior"), [str(one).lower() for one in each(headers.get("Headers"))]
    if how in ("allViewer", "allViewerAndWhitelistCloudFront"):
        return True
    return (how == "whitelist" and "host" in names) or (how == "allExcept" and "host" not in names and known(names))


class PatternOrder(ResourceRule):
    """Behaviours that never come to pass."""

    id = "TAP1420"
    title = "A behaviour after one that matches all of its paths is never used"
    severity = Severity.WARNING
    description = "Behaviours are tried in their order; two with the same pattern are refused."
    source = "CloudFront developer guide, “Path pattern”"
    advice = "Put the narrower pattern first."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each pattern against those before it."""
        before: list[str] = []
        for behaviour in behaviours(resource):
            pattern = behaviour.body.get("PathPattern")
            if behaviour.index is None or not isinstance(pattern, str):
                continue
            wider = next((one for one in before if _covers(one, pattern)), None)
            if wider is not None:
                says = f"{pattern} is never reached: {wider}, before it, matches all of its paths."
                yield at(resource, *behaviour.at("PathPattern"), says=says)
            before.append(pattern)


def _covers(wider: str, pattern: str) -> bool:
    one, two = wider.lstrip("/"), pattern.lstrip("/")
    return one == two or ("?" not in two and "[" not in one + two and fnmatchcase(two.replace("*", "\0*"), one))


_VIEWER = {"viewer-request", "viewer-response"}
_EVENTS = {*_VIEWER, "origin-request", "origin-response"}


class EdgeFunctions(ResourceRule):
    """Functions at the edge that CloudFront refuses."""

    id = "TAP1421"
    title = "Functions of a behaviour: one an event, of a version, of one kind on the viewer's side"
    description = (
        "An event takes one function; CloudFront functions run on viewer events and not together with Lambda@Edge "
        "there; Lambda@Edge takes a published version in us-east-1."
    )
    source = "CloudFront developer guide, “Restrictions on edge functions”"
    advice = "Use the Ref of an AWS::Lambda::Version in us-east-1, or a CloudFront function on a viewer event."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each behaviour's associations."""
        for behaviour in behaviours(resource):
            events: dict[str, list[str]] = {}
            for key, arn_key in (
                ("FunctionAssociations", "FunctionARN"),
                ("LambdaFunctionAssociations", "LambdaFunctionARN"),
            ):
                for index, body in enumerate(items(behaviour.body.get(key))):
                    event = fields(body).get("EventType")
                    says = _event_fault(key, event, events)
                    says = says or _arn_fault(key, fields(body).get(arn_key), world)
                    if says:
                        yield at(resource, *behaviour.at(key, index), says=says)
                    if isinstance(event, str):
                        events.setdefault(event, []).append(key)


def _event_fault(key: str, event: Any, events: Mapping[str, list[str]]) -> str:
    if not isinstance(event, str):
        return ""
    if event not in _EVENTS:
        return f"There is no event {event!r}."
    if event in events:
        return f"Two functions for {event}: there can be one."
    if key == "FunctionAssociations" and event not in _VIEWER:
        return f"A CloudFront function runs on viewer events, not on {event}."
    if (
        key == "LambdaFunctionAssociations"
        and event in _VIEWER
        and any("FunctionAssociations" in one for one in events.values())
    ):
        return "A behaviour has CloudFront functions or Lambda@Edge on viewer events, not both."
    return ""


def _arn_fault(key: str, value: Any, world: World) -> str:
    found = world.resources.get(value.logical_id) if isinstance(value, Reference) else None
    text = shape(value) if isinstance(value, str | Text) else ""
    if key == "FunctionAssociations":
        own = world.target(value, "AWS::CloudFront::Function")
        if own is not None and as_bool(own.get("AutoPublish")) is not True:
            return f"{own.logical_id} is not published (AutoPublish is not true): nothing can use it."
        if found is not None and found.type in ("AWS::Lambda::Function", "AWS::Lambda::Version"):
            return f"{found.logical_id} is a function of Lambda: it belongs in LambdaFunctionAssociations."
        return f"{text} is a function of Lambda." if ":lambda:" in text else ""
    if found is not None and found.type == "AWS::Lambda::Function":
        return f"{found.logical_id} is no published version: Lambda@Edge takes the Ref of an AWS::Lambda::Version."
    if found is not None and found.type == "AWS::Lambda::Version" and world.region not in ("", HOME):
        return f"{found.logical_id} is in {world.region}: Lambda@Edge takes functions of us-east-1."
    if ":lambda:" in text and not re.search(r":\d+$", text) and (isinstance(value, str) or text.endswith(":$LATEST")):
        return f"{text} names no published version."
    match = re.match(r"arn:[^:]*:lambda:([a-z0-9-]+):", text)
    return (
        f"The function is in {match[1]}: Lambda@Edge takes functions of us-east-1."
        if match and match[1] != HOME
        else ""
    )
