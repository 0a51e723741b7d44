"""Put all of the extension into MiniStack, before it serves its first request."""

from __future__ import annotations

from ministack.services.cloudformation import provisioners

from tap.local.extension import (
    alarms,
    attributes,
    changesets,
    ec2_addresses,
    ec2_instance,
    ec2_network,
    interrupted,
    numbers,
    operations,
    recorders,
    replacements,
    secrets,
    security,
)
from tap.local.extension.registry import Kind, register

_FAMILIES = (ec2_addresses, ec2_instance, ec2_network, operations, security)


def kinds() -> tuple[Kind, ...]:
    """All the resource types that the extension gives MiniStack."""
    return tuple(kind for family in _FAMILIES for kind in family.KINDS) + recorders.kinds()


def install() -> None:
    """Register the resource types, and apply the repairs.

    Raises RuntimeError when MiniStack has come to know a type by itself: then ours must go, or it would hide
    it.
    """
    for kind in kinds():
        if kind.type in provisioners._RESOURCE_HANDLERS:
            raise RuntimeError(f"MiniStack has {kind.type} itself; remove it from tap.local.extension")
        register(kind)
    for repaired in (alarms, attributes, changesets, interrupted, numbers, replacements, secrets):
        repaired.repair()
