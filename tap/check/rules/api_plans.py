"""TAP1013-1016: usage plans, keys and throttles of APIs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tap.check.graph.api import (
    DEPLOYMENT,
    HTTP_STAGE,
    KEY,
    PLAN,
    PLAN_KEY,
    REST,
    STAGE,
    api_of,
    complete,
    methods_of,
)
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, as_bool, as_number, fields, items, shape


class PlanWithoutStage(ResourceRule):
    """A usage plan that names its stage instead of referring to it."""

    id = "TAP1013"
    title = "A usage plan must refer to its stage"
    description = (
        "A usage plan with the stage's name as text does not wait for the stage: it is made before it, and fails with "
        "“API Stage not found”; with a name that no stage has it always does."
    )
    source = "API Gateway API, CreateUsagePlan.apiStages"
    advice = "Write Stage: !Ref of the stage."
    types = (PLAN,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Stages of APIs of this template that are named by text."""
        for index, body in enumerate(items(resource.get("ApiStages"))):
            api = world.target(fields(body).get("ApiId"), REST)
            said = fields(body).get("Stage")
            if api is None or said is None or isinstance(said, Reference):
                continue
            mine = [stage for stage in world.of_type(STAGE) if api_of(world, stage) is api]
            makers = [*mine, *(two for two in world.of_type(DEPLOYMENT) if api_of(world, two) is api)]
            if before(world, resource) & {stage.logical_id for stage in mine}:
                continue
            waits = before(world, resource) & {two.logical_id for two in makers}
            named = [two for two in makers if world.same(two.get("StageName"), said)]
            if named and not waits:
                says = f"The stage is named {shape(said)}; nothing makes the plan wait for {named[0].logical_id}."
                yield at(resource, "ApiStages", index, "Stage", says=says)
            known = isinstance(said, str) and all(isinstance(two.get("StageName"), str) for two in mine)
            if mine and known and not named and not world.open:
                there = ", ".join(str(two.get("StageName")) for two in mine)
                says = f"The API has no stage {said} in this template; it has {there}."
                yield at(resource, "ApiStages", index, "Stage", says=says)


class KeysThatDoNotMeet(ResourceRule):
    """Methods that ask for a key without a plan, or a plan without methods that ask for a key."""

    id = "TAP1014"
    title = "A usage plan and the methods that require its keys belong together"
    description = (
        "A method with ApiKeyRequired answers 403 unless the key is in a usage plan of its stage. A usage plan counts "
        "requests by key: where no method requires one, its throttle and quota never apply."
    )
    severity = Severity.WARNING
    source = "API Gateway developer guide, “Usage plans and API keys for REST APIs in API Gateway”"
    advice = "Set ApiKeyRequired: true on the methods, and tie the stage to a usage plan (ApiStages) that has a key."
    types = (REST,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """APIs whose methods and plans are all in this template."""
        methods = methods_of(world, resource)
        if not methods or not complete(world, resource):
            return
        asks = [as_bool(one.get("ApiKeyRequired") or False) for one in methods]
        plans = world.of_type(PLAN)
        tied, unsure = [], resource.get("ApiKeySourceType") == "AUTHORIZER"
        for plan in plans:
            stages = plan.get("ApiStages")
            apis = [world.target(fields(one).get("ApiId"), REST) for one in items(stages)]
            unsure = unsure or (stages is not None and not isinstance(stages, list)) or None in apis
            if resource in apis:
                tied.append(plan)
        if True in asks and not tied and not unsure:
            first = methods[asks.index(True)]
            what = "no usage plan has its stages" if plans else "there is no usage plan"
            yield at(first, "ApiKeyRequired", says=f"The method requires an API key, and {what}: nobody gets in.")
        if tied and all(one is False for one in asks):
            says = f"No method of {resource.logical_id} requires an API key: the plan never applies."
            yield at(tied[0], "ApiStages", says=says)


class KeyWithoutPlan(ResourceRule):
    """A key that opens nothing."""

    id = "TAP1015"
    title = "An API key must be in a usage plan"
    description = "A key that no AWS::ApiGateway::UsagePlanKey puts into a usage plan is refused by every stage."
    severity = Severity.WARNING
    source = "API Gateway developer guide, “Usage plans and API keys for REST APIs in API Gateway”"
    advice = (
        "Add AWS::ApiGateway::UsagePlanKey with KeyId: !Ref of the key, KeyType: API_KEY and the plan's UsagePlanId."
    )
    types = (KEY,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Keys in no plan, and keys that are off."""
        ties = world.of_type(PLAN_KEY)
        found = [world.target(one.get("KeyId"), KEY) for one in ties]
        sure = not world.open and resource.logical_id not in world.told_outside and None not in found
        if sure and resource not in found and not world.uses(resource):
            yield at(resource, says="The key is in no usage plan.")
        enabled = resource.get("Enabled")
        if resource in found and (enabled is None or as_bool(enabled) is False):
            said = "is false" if enabled is not None else "is not stated, which means false"
            yield at(resource, "Enabled", says=f"The key is in a usage plan, and Enabled {said}: it is refused.")


class Throttles(ResourceRule):
    """Limits that stop everything, or hold for a second what is meant for a minute."""

    id = "TAP1016"
    title = "A throttle that does not hold what is meant"
    description = (
        "Rate limits of API Gateway are requests per second. A rate or burst of 0 refuses every request; a quota "
        "without a period is incomplete."
    )
    severity = Severity.WARNING
    source = "API Gateway API, ThrottleSettings (rateLimit: “steady-state rate limit … requests per second”)"
    advice = "Divide a limit per minute by 60; leave a limit out where there is to be none."
    types = (PLAN, STAGE, HTTP_STAGE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The throttles of plans and stages."""
        for steps, rate_key, burst_key in _throttles(resource):
            rate, burst = resource.get(*steps, rate_key), resource.get(*steps, burst_key)
            for key, value in ((rate_key, rate), (burst_key, burst)):
                if as_number(value) == 0:
                    yield at(resource, *steps, key, says=f"{key} is 0: every request is refused.")
            number, said = as_number(rate), _words(resource)
            if number and number >= 60 and re.search(rf"\b{number:g}\b[^.]*\b(per|a|/)?\s*min", said):
                says = f"{rate_key} is {number:g} requests per second; “{said}” speaks of a minute."
                yield at(resource, *steps, rate_key, says=says)
        quota = fields(resource.get("Quota")) if resource.type == PLAN else {}
        if quota.get("Limit") is not None and quota.get("Period") is None:
            yield at(resource, "Quota", says="The quota has a Limit and no Period.")


def _throttles(resource: Resource) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    if resource.type == PLAN:
        yield ("Throttle",), "RateLimit", "BurstLimit"
    elif resource.type == STAGE:
        for index in range(len(items(resource.get("MethodSettings")))):
            yield ("MethodSettings", index), "ThrottlingRateLimit", "ThrottlingBurstLimit"
    else:
        yield ("DefaultRouteSettings",), "ThrottlingRateLimit", "ThrottlingBurstLimit"


def _words(resource: Resource) -> str:
    said = [resource.get("Description"), resource.get("UsagePlanName"), resource.metadata.get("Description")]
    return " ".join(str(one).replace(",", "") for one in said if isinstance(one, str))
