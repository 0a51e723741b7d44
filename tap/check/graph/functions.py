"""Functions, topics and queues: whom they let call them, and what runs them.

Sources: Lambda developer guide, "Using resource-based policies for Lambda"; SNS developer guide, "Example cases for
Amazon SNS access control"; SQS developer guide, "Basic examples of Amazon SQS policies"; EventBridge user guide, "Using
resource-based policies for Amazon EventBridge".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap.check.graph.cached import cached
from tap.check.graph.iam import Statement, statements
from tap.check.graph.keys import names_service
from tap.check.model import Resource, World
from tap.check.values import Reference, Text, Unknown, each, shape

FUNCTION, PERMISSION = "AWS::Lambda::Function", "AWS::Lambda::Permission"
VERSIONS = ("AWS::Lambda::Alias", "AWS::Lambda::Version")
TOPIC, QUEUE, TOPIC_POLICY, QUEUE_POLICY = (
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
)
_SENDS = {TOPIC: "sns:Publish", QUEUE: "sqs:SendMessage"}


@dataclass(frozen=True, eq=False)
class Let:
    """A function, topic or queue of the template, and what lets a service call it (nothing: it may not)."""

    target: Resource
    by: tuple[Resource, ...]


def function_of(world: World, value: Any) -> Resource | None:
    """The function that a value means, itself or one of its versions and aliases."""
    found = world.target(value, FUNCTION)
    if found:
        return found
    version = world.target(value, *VERSIONS)
    return world.target(version.get("FunctionName"), FUNCTION) if version else None


def allows_call(world: World, value: Any, service: str) -> Let | None:
    """What lets a service (``s3``, ``events``) call what a value means; None where that cannot be told."""
    if world.open:
        return None
    function = function_of(world, value)
    if function:
        return None if function.logical_id in world.told_outside else _permissions(world, function, service)
    target = world.target(value, TOPIC, QUEUE)
    return _policies(world, target, service) if target else None


@cached
def _permissions(world: World, function: Resource, service: str) -> Let | None:
    found: list[Resource] = []
    for permission in world.of_type(PERMISSION):
        named = permission.get("FunctionName")
        meant = function_of(world, named)
        if meant is None and isinstance(named, Unknown | Text | Reference):
            return None
        if meant is not function:
            continue
        principal = permission.get("Principal")
        told = True if principal == "*" else names_service(world, principal, service)
        if told is None or isinstance(principal, Unknown | Reference):
            return None
        action = permission.get("Action")
        if told and not (isinstance(action, str) and action.lower() not in ("lambda:invokefunction", "lambda:*", "*")):
            found.append(permission)
    return Let(function, tuple(found))


@cached
def policies_of(world: World, target: Resource) -> tuple[Resource, ...] | None:
    """The policies of a topic or queue in the template; None where they cannot be known."""
    kind, key = (TOPIC_POLICY, "Topics") if target.type == TOPIC else (QUEUE_POLICY, "Queues")
    found: list[Resource] = []
    if world.open:
        return None
    for policy in world.of_type(kind):
        for one in each(policy.get(key)):
            meant = world.target(one, target.type)
            if meant is None and isinstance(one, Unknown | Text):
                return None
            if meant is target:
                found.append(policy)
    return tuple(dict.fromkeys(found))


@cached
def _policies(world: World, target: Resource, service: str) -> Let | None:
    policies = policies_of(world, target)
    if policies is None or target.logical_id in world.told_outside:
        return None
    found: list[Resource] = []
    for policy in policies:
        told = statements(policy.get("PolicyDocument"), ("PolicyDocument",))
        if told is None:
            return None
        answers = [_sends(world, one, target, service) for one in told]
        if None in answers and True not in answers:
            return None
        if True in answers:
            found.append(policy)
    return Let(target, tuple(found))


def _sends(world: World, statement: Statement, target: Resource, service: str) -> bool | None:
    if not statement.allows:
        return False
    covered = statement.covers(_SENDS[target.type])
    if covered is False:
        return False
    if statement.negated or not statement.complete:
        return None
    if statement.resources and not any(_is(world, one, target) for one in statement.resources):
        return False
    answers = [
        True if kind == "*" or (kind == "AWS" and value == "*") else names_service(world, value, service)
        for kind, value in statement.principals
        if kind in ("*", "AWS", "Service", "") and (kind != "AWS" or value == "*")
    ]
    if True in answers:
        return covered
    return None if None in answers else False


def _is(world: World, resource: Any, target: Resource) -> bool:
    meant = world.target(resource, target.type)
    if meant is not None:
        return meant is target
    # Another one of the template it is not; what is not known may be this.
    return isinstance(resource, Unknown | Text | Reference) or resource == "*" or "*" in shape(resource)
