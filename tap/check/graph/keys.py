"""Keys: which key a value means, and whom a key's policy lets use it.

Sources: KMS developer guide, "Key policies in AWS KMS", "Default key policy"; the guides of the services for what they
need of a key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tap.check.graph.iam import Statement, statements
from tap.check.model import Resource, World
from tap.check.values import Reference, Text, Unknown

KEY, ALIAS = "AWS::KMS::Key", "AWS::KMS::Alias"


def key_of(world: World, value: Any) -> Resource | None:
    """The key of the template that a value means: by reference, ARN, or through an alias; None if there is none."""
    if isinstance(value, Reference | Text | Unknown):
        found = world.target(value, KEY)
        if found:
            return found
    alias = world.target(value, ALIAS) if isinstance(value, Reference | Text | str) else None
    return world.target(alias.get("TargetKeyId"), KEY) if alias else None


@dataclass(frozen=True, eq=False)
class Admission:
    """A statement of a key's policy that lets a service do something."""

    statement: Statement
    services: tuple[str, ...]


def key_statements(key: Resource) -> tuple[Statement, ...] | None:
    """The statements of a key's policy; None where they are not known. A key without a policy has the default one,
    which admits nobody but the account (KMS developer guide, "Default key policy")."""
    if "KeyPolicy" not in key.properties:
        return ()
    return statements(key.get("KeyPolicy"), ("KeyPolicy",))


def admits(world: World, key: Resource, service: str, action: str) -> bool | None:
    """Whether a key's policy lets a service principal (``logs``: ``logs.amazonaws.com`` or that of the region) do an
    action; None when that cannot be told. Conditions count as met."""
    told = key_statements(key)
    if told is None or world.open:
        return None
    unsure = False
    for one in told:
        if not one.allows:
            continue
        who = _is_service(world, one, service)
        what = one.covers(action)
        if who and what:
            return True
        if who is not False and what is not False:
            unsure = True
    return None if unsure else False


def admissions(world: World, key: Resource, service: str, action: str) -> Iterator[Statement]:
    """The statements that let a service do an action, or may."""
    for one in key_statements(key) or ():
        if one.allows and _is_service(world, one, service) is not False and one.covers(action) is not False:
            yield one


def _is_service(world: World, statement: Statement, service: str) -> bool | None:
    if statement.negated:
        return None
    unsure = False
    for kind, value in statement.principals:
        if kind == "*" or (kind == "AWS" and value == "*"):
            # Anybody: a service too, but for conditions on who calls.
            return True
        if kind != "Service":
            continue
        told = names_service(world, value, service)
        if told:
            return True
        unsure = unsure or told is None
    return None if unsure else False


def names_service(world: World, value: Any, service: str) -> bool | None:
    """Whether a principal is a service's (``logs``, ``delivery.logs``) in the region; None when it cannot be told."""
    if isinstance(value, str):
        wanted = {f"{service}.amazonaws.com", f"{service}.amazonaws.com.cn", "*"}
        if world.region:
            wanted |= {f"{service}.{world.region}.amazonaws.com", f"{service}.{world.region}.amazonaws.com.cn"}
            return value.lower() in wanted
        return value.lower() in wanted or (value.lower().startswith(f"{service}.") and None)
    if isinstance(value, Text):
        first = value.prefix.lower()
        return first == f"{service}." or (first == "" and None)
    return None
