"""The form of a resource type, and how it gets into MiniStack's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
"""A resource's properties, with every intrinsic function resolved."""

Made = tuple[str, dict[str, Any]]
"""What ``Ref`` gives, and what ``Fn::GetAtt`` gives by attribute name."""


@dataclass(frozen=True)
class Wanted:
    """A resource that a stack wants: its logical id, the stack's name, and its properties."""

    logical_id: str
    stack: str
    properties: Properties

    def name(self, limit: int) -> str:
        """A physical name as CloudFormation makes it, stack-logicalId-suffix, within ``limit`` characters."""
        generated: str = provisioners._physical_name(self.stack, self.logical_id, max_len=limit)
        return generated


@dataclass(frozen=True)
class Kind:
    """A resource type: how to create, update in place and delete it.

    ``update`` is given the physical id, the old properties and what is wanted now. Without it the type cannot
    be updated in place, and an attempt is refused; then ``replaced_by`` should name all its properties.
    ``replaced_by`` are the properties whose change replaces the resource, ``perhaps`` those whose change
    sometimes does (*Update requires* in the CloudFormation reference). ``tags`` is the tag property with its
    shape, where the type takes stack tags.
    """

    type: str
    create: Callable[[Wanted], Made]
    delete: Callable[[str, Properties], None]
    update: Callable[[str, Properties, Wanted], Made] | None = None
    replaced_by: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    tags: tuple[str, str] | None = None


LIST_TAGS = ("Tags", "list")
"""``Tags`` as a list of Key and Value."""
MAP_TAGS = ("Tags", "map")
"""``Tags`` as a map."""


def register(kind: Kind) -> None:
    """Enter a type in MiniStack's tables: how to provision it, what replaces it, where stack tags go."""

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        return kind.create(Wanted(logical_id, stack, properties))

    def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None) -> Made:
        if kind.update is None:
            raise ValueError(f"{kind.type}: the local emulator cannot change {_changed(old, new)} in place")
        return kind.update(physical_id, old, Wanted(logical_id or physical_id, stack, new))

    provisioners._RESOURCE_HANDLERS[kind.type] = {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": kind.delete,
    }
    provisioners._REPLACING_PROPERTIES[kind.type] = kind.replaced_by
    if kind.perhaps:
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES[kind.type] = kind.perhaps
    if kind.tags:
        provisioners._STACK_TAG_PROPERTY[kind.type] = kind.tags


def picked(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of the named properties that are there."""
    return {name: properties[name] for name in names if properties.get(name) is not None}


def without(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """All properties but the named ones."""
    return {name: value for name, value in properties.items() if name not in names}


def arn(service: str, resource: str, *, regional: bool = True) -> str:
    """An ARN in the account and region of the request that is being served."""
    return f"arn:aws:{service}:{get_region() if regional else ''}:{get_account_id()}:{resource}"


def _changed(old: Properties, new: Properties) -> str:
    return ", ".join(sorted(name for name in {*old, *new} if old.get(name) != new.get(name)))
