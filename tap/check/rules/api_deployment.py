"""TAP1009-1019, 1025-1026: deployments, stages and their logs, usage plans and keys of REST APIs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.api import (
    ACCOUNT,
    DEPLOYMENT,
    HTTP_STAGE,
    STAGE,
    api_of,
    complete,
    described,
    methods_of,
    path_of,
)
from tap.check.graph.iam import ROLE, may
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at, beside
from tap.check.values import Reference, Text, Unknown, as_bool, fields, items, shape

_LOG_GROUP = "AWS::Logs::LogGroup"
_SETUP = "API Gateway developer guide, “Set up CloudWatch logging for REST APIs in API Gateway”"


class DeploymentBeforeMethods(ResourceRule):
    """A deployment that may be made before the methods that it is to deploy."""

    id = "TAP1009"
    title = "A deployment must depend on the methods that it deploys"
    description = (
        "AWS::ApiGateway::Deployment takes the API as it is at that moment. Nothing in it refers to the methods: "
        "without DependsOn it fails with “The REST API doesn't contain any methods”, or leaves out those made later."
    )
    source = "CloudFormation template reference, AWS::ApiGateway::Deployment"
    advice = "List every method of the API in the deployment's DependsOn."
    types = (DEPLOYMENT,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Methods of the same API that are not surely made before."""
        api = api_of(world, resource)
        if api is None or described(api):
            return
        there = before(world, resource)
        missing = [one.logical_id for one in methods_of(world, api) if one.logical_id not in there]
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            says = f"Nothing makes the deployment wait for {', '.join(missing[:3])}{more}."
            yield _waits(resource, says)


class DeploymentWithStage(ResourceRule):
    """A deployment that makes a stage although there is a resource for it."""

    id = "TAP1010"
    title = "A deployment with a StageName makes a stage beside AWS::ApiGateway::Stage"
    description = (
        "With StageName a deployment makes the stage itself. A resource for the same stage then fails with “Stage "
        "already exists”; one of another name leaves a second, unguarded stage."
    )
    source = "API Gateway API, CreateDeployment.stageName"
    advice = "Leave StageName and StageDescription out of the deployment; let AWS::ApiGateway::Stage own the stage."
    types = (DEPLOYMENT,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Deployments with a stage's name, of an API that has a stage of its own."""
        name = resource.get("StageName")
        if name is None:
            if resource.get("StageDescription") is not None:
                says = "There is a StageDescription without a StageName, which is refused."
                yield at(resource, "StageDescription", says=says)
            return
        for stage in world.of_type(STAGE):
            if world.same(stage.get("RestApiId"), resource.get("RestApiId")):
                same = world.same(stage.get("StageName"), name)
                what = "the same stage" if same else "another stage"
                yield at(
                    resource, "StageName", says=f"The deployment makes {shape(name)}; {stage.logical_id} is {what}."
                )


def _waits(resource: Resource, says: str) -> Found:
    return beside(resource, "DependsOn", says=says) if resource.depends_on else at(resource, says=says)


def _logs(stage: Resource) -> list[tuple[tuple[str | int, ...], str]]:
    """What a stage logs, and where it says so."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    if fields(stage.get("AccessLogSetting")).get("DestinationArn") is not None:
        arn = shape(stage.get("AccessLogSetting", "DestinationArn"))
        if ":firehose:" not in arn:
            found.append((("AccessLogSetting",), "access logs"))
    for index, one in enumerate(items(stage.get("MethodSettings"))):
        if fields(one).get("LoggingLevel") in ("INFO", "ERROR"):
            found.append((("MethodSettings", index, "LoggingLevel"), "execution logs"))
    return found


class LoggingWithoutAccount(ResourceRule):
    """A stage that logs while nothing lets API Gateway write logs."""

    id = "TAP1011"
    title = "A stage that logs needs the account's role for CloudWatch Logs"
    description = (
        "API Gateway writes logs with one role per account and region, AWS::ApiGateway::Account. Where nobody has set "
        "it, the stage fails with “CloudWatch Logs role ARN must be set in account settings to enable logging”."
    )
    severity = Severity.WARNING
    source = _SETUP
    advice = "Add AWS::ApiGateway::Account with a role, under a condition where the account may have one already."
    types = (STAGE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Logging stages in a template that has no such account, under any condition."""
        if world.open or any(one.get("Type") == ACCOUNT for one in world.model.resources.values()):
            return
        for steps, what in _logs(resource)[:1]:
            says = f"The stage has {what}, and the template sets no role for them (AWS::ApiGateway::Account)."
            yield at(resource, *steps, says=says)


class LoggingBeforeAccount(ResourceRule):
    """A stage that may be made before the role for its logs is set."""

    id = "TAP1012"
    title = "A stage that logs must depend on the account's role"
    description = "Nothing in a stage refers to AWS::ApiGateway::Account: it may be made before it, and fails."
    source = _SETUP
    advice = "Add the AWS::ApiGateway::Account to the stage's DependsOn."
    types = (STAGE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Logging stages beside an account that they do not wait for; accounts without a role."""
        accounts = world.of_type(ACCOUNT)
        logs = _logs(resource)
        if not accounts or not logs:
            return
        if all(one.get("CloudWatchRoleArn") is None for one in accounts):
            yield at(accounts[0], says="The account's settings have no CloudWatchRoleArn, and a stage logs.")
        elif not before(world, resource) & {one.logical_id for one in accounts}:
            says = f"The stage has {logs[0][1]} and does not wait for {accounts[0].logical_id}."
            yield _waits(resource, says)


class AccountRole(ResourceRule):
    """A role for logs that may not write them."""

    id = "TAP1039"
    title = "The account's role for logs may write logs"
    description = "API Gateway tries the role when it is set: “The role ARN does not have required permissions”."
    source = _SETUP
    advice = "Attach arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs to it."
    types = (ACCOUNT,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A role of the template."""
        role = world.target(resource.get("CloudWatchRoleArn"), ROLE)
        if role and may(world, role, "logs:PutLogEvents") is False:
            yield at(resource, "CloudWatchRoleArn", says=f"{role.logical_id} may not do logs:PutLogEvents.")


class MethodSettingPaths(ResourceRule):
    """Settings of a stage for a method that there is not."""

    id = "TAP1018"
    title = "Method settings name a method that the API does not have"
    description = (
        "In MethodSettings a path is written with ~1 for each inner slash (/~1orders~1{id}); /* with HttpMethod * is "
        "for all. A path or method that the API does not have is refused or never applies."
    )
    severity = Severity.WARNING
    source = "CloudFormation template reference, AWS::ApiGateway::Stage MethodSetting (ResourcePath)"
    advice = "Use ResourcePath: '/*' with HttpMethod: '*', or /~1 and the path with ~1 for its slashes."
    types = (STAGE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each setting with a path and method that are known."""
        api = api_of(world, resource)
        if api is None or not complete(world, api):
            return
        paths = {one.logical_id: path_of(world, one) for one in methods_of(world, api)}
        there = {path.strip("/") for path in paths.values() if path is not None}
        if None in paths.values() or not there:
            return
        for index, one in enumerate(items(resource.get("MethodSettings"))):
            said, verb = fields(one).get("ResourcePath"), fields(one).get("HttpMethod")
            if not isinstance(said, str) or said == "/*":
                if said == "/*" and isinstance(verb, str) and verb != "*":
                    says = f"HttpMethod is {verb} with the path /*, which goes with * only."
                    yield at(resource, "MethodSettings", index, "HttpMethod", says=says)
                continue
            plain = said.replace("~1", "/").strip("/")
            if plain not in there:
                says = f"The API has no method at {said}; it has {', '.join(sorted(f'/{path}' for path in there))}."
                yield at(resource, "MethodSettings", index, "ResourcePath", says=says)
            elif "/" in said[1:] and "~1" not in said:
                yield at(
                    resource, "MethodSettings", index, "ResourcePath", says=f"{said} needs ~1 for its inner slashes."
                )


class AccessLogs(ResourceRule):
    """Access logs that are refused."""

    id = "TAP1025"
    title = "Access logs need the ARN of a log group, and a format with the request's id"
    description = (
        "DestinationArn is the ARN of a log group or of a Firehose stream whose name begins with amazon-apigateway-. "
        "Format is one line and has $context.requestId or $context.extendedRequestId in it."
    )
    source = "API Gateway API, AccessLogSettings"
    advice = "DestinationArn: !GetAtt LogGroup.Arn, and a Format in one line with $context.requestId."
    types = (STAGE, HTTP_STAGE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Stages with access logs."""
        key = "AccessLogSetting" if resource.type == STAGE else "AccessLogSettings"
        own = fields(resource.get(key))
        target, form = own.get("DestinationArn"), own.get("Format")
        if _is_name(target, world):
            yield at(resource, key, "DestinationArn", says=f"DestinationArn is {target}, which is no ARN.")
        if own and target is None:
            yield at(resource, key, says="The access log has no DestinationArn.")
        if target is not None and form is None:
            yield at(resource, key, says="The access log has no Format.")
        if isinstance(form, str):
            if not re.search(r"\$context\.(extendedR|r)equestId\b", form):
                says = "The Format has neither $context.requestId nor $context.extendedRequestId."
                yield at(resource, key, "Format", says=says)
            elif "\n" in form.rstrip("\n"):
                yield at(resource, key, "Format", says="The Format has more than one line.")


def _is_name(value: Any, world: World) -> bool:
    """Whether a value is surely no ARN."""
    if isinstance(value, Reference):
        found = world.resources.get(value.logical_id)
        return bool(found and found.type == _LOG_GROUP and not value.attribute)
    if isinstance(value, str):
        return not value.startswith("arn:")
    if isinstance(value, Text):
        return bool(value.prefix) and not value.prefix.startswith("arn:"[: len(value.prefix)])
    return False


class CacheSettings(ResourceRule):
    """A cache that is not there."""

    id = "TAP1026"
    title = "Method caching needs the stage's cache"
    description = (
        "CachingEnabled in MethodSettings has an effect only where the stage has a cache cluster, and a cache cluster "
        "needs its size."
    )
    severity = Severity.WARNING
    source = "API Gateway API, Stage.cacheClusterEnabled, cacheClusterSize"
    advice = "Set CacheClusterEnabled: true and CacheClusterSize on the stage, or leave the cache out."
    types = (STAGE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Stages with caching methods and no cache."""
        enabled = resource.get("CacheClusterEnabled")
        if isinstance(enabled, Unknown | Reference | Text):
            return
        for index, one in enumerate(items(resource.get("MethodSettings"))):
            if as_bool(fields(one).get("CachingEnabled")) and not as_bool(enabled):
                says = "CachingEnabled is true, and the stage has no cache cluster."
                yield at(resource, "MethodSettings", index, "CachingEnabled", says=says)


class BodiesInLogs(ResourceRule):
    """Whole requests and answers in the logs."""

    id = "TAP1035"
    title = "Data tracing writes whole requests and answers into the logs"
    description = (
        "DataTraceEnabled logs full request and response bodies: personal data, tokens and passwords with them."
    )
    severity = Severity.WARNING
    source = "API Gateway developer guide, “Set up CloudWatch logging for REST APIs”: not recommended for production"
    advice = "Set DataTraceEnabled: false, or true only under a condition that production does not meet."
    types = (STAGE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Settings with data tracing, wherever no condition of the template decides on it."""
        written = items(resource.written.get("MethodSettings"))
        whole = items(
            fields(world.model.resources.get(resource.logical_id, {}).get("Properties")).get("MethodSettings")
        )
        for index, one in enumerate(written):
            if as_bool(fields(one).get("DataTraceEnabled")) and written == whole:
                says = "DataTraceEnabled is true in every environment."
                yield at(resource, "MethodSettings", index, "DataTraceEnabled", says=says)
