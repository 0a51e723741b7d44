"""What a deletion leaves standing, and what it takes with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.deploy import parameters, stacks
from tap.deploy.resolve import Scope, resolve
from tap.deploy.stacks import Resource
from tap.diff import stateful
from tap.diff.model import Action, Level

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_STAYS = {"Retain": "", "RetainExceptOnCreate": "", "Snapshot": "a snapshot of "}


@dataclass(frozen=True)
class Leaving:
    """What the deletion of a stack, and of those nested in it, comes to; a line for each resource.

    ``staying`` outlive it by their deletion policy, ``lost`` hold data and really go, each with the reason.
    """

    staying: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def leaving(client: CloudFormationClient, stack_id: str) -> Leaving:
    """What becomes of the resources of a stack: the policies are those of the template that it was made from."""
    staying, lost = [], []
    for one, body in _bodies(client, stack_id):
        policy = stateful.on_delete(body) if "DeletionPolicy" in body else ""
        if policy in _STAYS:
            staying.append(f"{_STAYS[policy]}{one.logical_id}, {one.type}: {one.physical_id}")
        elif reason := reason_of_loss(body):
            lost.append(f"{one.logical_id}, {one.type}: {reason}")
    return Leaving(tuple(staying), tuple(lost))


def reason_of_loss(body: Mapping[str, Any]) -> str:
    """Why the deletion of a resolved resource loses data; empty where it does not, or a snapshot stays."""
    policy = stateful.on_delete(body)
    if policy == stateful.SNAPSHOT and body["Type"] in stateful.SNAPSHOTS:
        return ""
    risks = stateful.decide(stateful.Fate(str(body["Type"]), Action.DELETE, body, policy=policy))
    return " ".join(risk.sentence for risk in risks if risk.level >= Level.POSSIBLE)


def _bodies(client: CloudFormationClient, stack_id: str) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Each resource that is there, with its part of the template resolved by the stack's own parameters."""
    scopes: dict[str, Scope] = {}
    for one in stacks.resources(client, stack_id):
        if one.stack_id not in scopes:
            template = stacks.deployed_template(client, one.stack_id)
            stack = stacks.look(client, one.stack_id)
            hidden = parameters.secrets(template.get("Parameters", {}))
            pseudo = {"AWS::StackName": stack.name, "AWS::Region": one.stack_id.split(":")[3]}
            scopes[one.stack_id] = Scope(template, stack.parameters, pseudo, hidden)
        scope = scopes[one.stack_id]
        body = scope.template.get("Resources", {}).get(one.logical_id, {})
        if one.physical_id:
            plain = {key: value for key, value in body.items() if key != "Metadata"}
            yield one, {"Type": one.type, **resolve(plain, scope)}
