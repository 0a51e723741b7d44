"""Which role may do what on what, and why a wildcard is one. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tap.check.evaluate import short
from tap.check.graph import iam
from tap.check.graph.iam import Policy, Statement
from tap.check.model import World
from tap.check.values import Reference, Text, each, fields, items, shape
from tap.report.section import Cell, Section, Table, about


@dataclass(frozen=True)
class Grant:
    """One statement: who (a role or another identity, or whom a resource's policy names) may do what, on what.

    ``wildcard`` is why it says ``*`` where it does; empty where it does not.
    """

    owner: str
    who: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: str
    wildcard: str


def grants(world: World) -> Iterator[Grant]:
    """Every statement of every policy of the template, in its order; trust policies apart (:func:`trusts`)."""
    for policy in iam.policies(world):
        if policy.kind == "trust":
            continue
        for statement in policy.statements:
            yield _grant(world, policy, statement)


def _grant(world: World, policy: Policy, statement: Statement) -> Grant:
    resource = policy.resource
    if policy.kind == "resource":
        who = ", ".join(_principal(kind, value) for kind, value in statement.principals) or "anybody"
        who = f"all but {who}" if statement.negated else who
    else:
        said = [*each(resource.get("Roles")), *each(resource.get("RoleName"))]
        names = [found.logical_id for one in said if (found := world.target(one, iam.ROLE))]
        who = ", ".join(names) or resource.logical_id
    actions = tuple(map(short, statement.actions)) or tuple(f"all but {short(one)}" for one in statement.not_actions)
    on = tuple(map(short, statement.resources)) or tuple(f"all but {short(one)}" for one in statement.not_resources)
    if policy.kind == "resource" and not on:
        on = (resource.logical_id,)
    return Grant(
        resource.logical_id,
        who,
        statement.effect,
        actions,
        on,
        condition(statement.conditions),
        _wildcard(policy, statement) if statement.allows else "",
    )


def _wildcard(policy: Policy, statement: Statement) -> str:
    """Why a statement that allows on ``*`` does so."""
    if "*" not in [short(one) for one in statement.resources]:
        return ""
    if policy.kind == "resource":
        return "the resource that the policy is about"
    actions = [one for one in statement.actions if isinstance(one, str)]
    free = [one for one in actions if takes_no_resource(one)]
    if actions and len(free) == len(statement.actions):
        return "the action takes no resource" if len(actions) == 1 else "the actions take no resource"
    if statement.conditions:
        return "narrowed by its condition"
    reason = fields(policy.resource.metadata.get("checkov"))
    said = [str(fields(one).get("comment")) for one in items(reason.get("skip"))]
    return said[0] if said else "no reason is given"


def takes_no_resource(action: str) -> bool:
    """Whether IAM knows no resource for an action, so that only ``*`` will do (Service authorization reference, as
    cfn-lint brings it along)."""
    service, _, name = action.lower().partition(":")
    known = _authorization().get(service, {}).get("Actions", {})
    if "*" in name:
        prefix = name.split("*")[0]
        hits = [body for key, body in known.items() if key.startswith(prefix)]
        return bool(hits) and not any(body.get("Resources") for body in hits)
    return name in known and not known[name].get("Resources")


@cache
def _authorization() -> Mapping[str, Any]:
    from tap.diff.schemas import bundled

    path = bundled().folder.parent / "AdditionalSpecs" / "Policies.json"
    try:
        found: Mapping[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _principal(kind: str, value: Any) -> str:
    if kind == "*" or value == "*":
        return "anybody"
    text = shape(value) if isinstance(value, str | Text) else short(value)
    if isinstance(value, Reference):
        return value.logical_id
    if kind == "AWS" and text.endswith(":root"):
        return "the account"
    return text


def condition(conditions: Mapping[str, Any]) -> str:
    """Conditions in a line: ``aws:SourceArn like arn:…; aws:SecureTransport is false``."""
    words = {"StringEquals": "is", "StringLike": "like", "ArnLike": "like", "ArnEquals": "is", "Bool": "is"}
    parts = []
    for operator, body in conditions.items():
        for key, value in fields(body).items():
            parts.append(f"{key} {words.get(operator, operator)} {short(value)}")
    return "; ".join(parts)


def explain(world: World) -> Section:
    """The page: who may become what, what roles may do, and whom resources let in."""
    return Section(
        "grants",
        "Who may do what",
        "From the policies in the template. What AWS's managed policies allow is theirs to say.",
        tuple(table for table in (_trusts(world), _roles(world), _resources(world)) if table.rows),
    )


def _trusts(world: World) -> Table:
    rows = []
    for role in world.of_type(iam.ROLE):
        told = iam.statements(role.get("AssumeRolePolicyDocument")) or ()
        who = [_principal(kind, value) for one in told if one.allows for kind, value in one.principals]
        conditions = "; ".join(filter(None, (condition(one.conditions) for one in told)))
        managed = [arn.rsplit("/", 1)[-1] for arn in iam.grants(world, role).managed]
        rows.append(
            (
                about(role.logical_id),
                Cell(", ".join(who) or "unknown"),
                Cell(conditions or "–"),
                Cell(", ".join(managed) or "–"),
            )
        )
    return Table("Roles", ("role", "who may assume it", "if", "managed policies"), tuple(rows))


def _roles(world: World) -> Table:
    kinds = {policy.resource.logical_id for policy in iam.policies(world) if policy.kind == "identity"}
    rows = [
        (
            about(*one.who.split(", ")),
            Cell(f"{'' if one.effect == 'Allow' else 'must not: '}{', '.join(one.actions)}"),
            Cell(", ".join(one.resources)),
            Cell(one.condition or "–"),
            Cell(one.wildcard or "–", tone="bad" if one.wildcard == "no reason is given" else ""),
        )
        for one in grants(world)
        if one.owner in kinds
    ]
    return Table("What roles may do", ("role", "may", "on", "if", "why a wildcard"), tuple(rows))


def _resources(world: World) -> Table:
    kinds = {policy.resource.logical_id for policy in iam.policies(world) if policy.kind == "resource"}
    rows = [
        (
            about(one.owner),
            Cell(one.who),
            Cell(f"{'' if one.effect == 'Allow' else 'must not: '}{', '.join(one.actions)}"),
            Cell(", ".join(one.resources)),
            Cell(one.condition or "–"),
        )
        for one in grants(world)
        if one.owner in kinds
    ]
    return Table("Whom resources let in", ("policy", "who", "may", "on", "if"), tuple(rows))
