"""TAP1395: conditions on who causes a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.arn import parse
from tap.check.graph.functions import PERMISSION
from tap.check.graph.iam import policies
from tap.check.model import World
from tap.check.rule import Found, Rule, Severity, at
from tap.check.values import Reference, each, fields, shape

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("execute-api", "apigateway"),
    "cloudfront": ("cloudfront",),
    "cloudwatch": ("cloudwatch",),
    "delivery.logs": ("logs", "ec2", "cloudfront", "route53resolver", "ecs", "elasticloadbalancing"),
    "events": ("events",),
    "logdelivery.elasticloadbalancing": ("elasticloadbalancing",),
    "s3": ("s3",),
    "sns": ("sns",),
}
"""Service principals, and the services whose ARNs aws:SourceArn has when they call. Sources: the services' guides on
preventing the confused deputy; Lambda developer guide, "Using resource-based policies"."""
_TYPES: Mapping[str, str] = {
    "AWS::S3::Bucket": "s3",
    "AWS::SNS::Topic": "sns",
    "AWS::SQS::Queue": "sqs",
    "AWS::Events::Rule": "events",
    "AWS::CloudWatch::Alarm": "cloudwatch",
    "AWS::Lambda::Function": "lambda",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "elasticloadbalancing",
}


class WrongSource(Rule):
    """A condition that what calls never meets."""

    id = "TAP1395"
    title = "A condition on aws:SourceArn is met by the service that it is for"
    description = (
        "aws:SourceArn is the ARN of what causes the call: a rule's for events, an alarm's for cloudwatch, a "
        "distribution's for cloudfront, a bucket's for s3, a topic's for sns. With another service's ARN the statement "
        "never applies, and what it should allow is refused."
    )
    severity = Severity.WARNING
    source = "IAM user guide, “AWS global condition context keys”: aws:SourceArn; “The confused deputy problem”"
    advice = "Name the ARN of what calls, not of what is called."

    def check(self, world: World) -> Iterator[Found]:
        """Statements for one service in policies of resources; permissions of functions."""
        for policy in policies(world):
            if policy.kind != "resource":
                continue
            for one in policy.statements:
                services = {_service(value) for kind, value in one.principals if kind == "Service"}
                if not one.allows or len(one.principals) != 1 or len(services) != 1:
                    continue
                for operator, tests in one.conditions.items():
                    if str(operator).startswith(("ArnNot", "StringNot", "Null")):
                        continue
                    for key, values in fields(tests).items():
                        if str(key).lower() == "aws:sourcearn":
                            says = _fault(services.pop() if services else "", each(values), world)
                            if says:
                                yield at(policy.resource, *one.place, "Condition", str(operator), key, says=says)
        for permission in world.of_type(PERMISSION):
            value = permission.get("SourceArn")
            says = _fault(_service(permission.get("Principal")), [value], world) if value is not None else ""
            if says:
                yield at(permission, "SourceArn", says=says)


def _service(value: Any) -> str:
    """The name of a service principal; empty where it is not known."""
    if not isinstance(value, str):
        return ""
    return value.lower().removesuffix(".cn").removesuffix(".amazonaws.com")


def _fault(service: str, values: list[Any], world: World) -> str:
    wanted = _SOURCES.get(service)
    if not wanted or not values:
        return ""
    found = [_caller(value, world) for value in values]
    if any(one == "" or one in wanted or "*" in one for one in found):
        return ""
    return f"{shape(values[0])} is an ARN of {found[0]}: {service}.amazonaws.com calls for {' or '.join(wanted)}."


def _caller(value: Any, world: World) -> str:
    """The service that an ARN is of; empty where it is not known."""
    if isinstance(value, Reference):
        target = world.resources.get(value.logical_id)
        return _TYPES.get(target.type, "") if target else ""
    arn = parse(value)
    return arn.service or "" if arn else ""
