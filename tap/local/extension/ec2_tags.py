"""EC2's tags, as its calls take them."""

from __future__ import annotations

from typing import Any

from tap.local.extension.api import call, module
from tap.local.extension.registry import Properties


def as_specification(properties: Properties, kind: str) -> dict[str, Any]:
    """The ``TagSpecifications`` argument of a call that creates a ``kind``; nothing without tags."""
    if not properties.get("Tags"):
        return {}
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": properties["Tags"]}]}


def retag(identifier: str, old: Properties, new: Properties) -> None:
    """Bring the tags of a resource from the old properties to the new ones; tags from elsewhere stay."""
    before = {tag["Key"]: tag["Value"] for tag in old.get("Tags") or []}
    after = {tag["Key"]: tag["Value"] for tag in new.get("Tags") or []}
    if gone := [{"Key": key} for key in before if key not in after]:
        call("ec2", "DeleteTags", Resources=[identifier], Tags=gone)
    if changed := [{"Key": k, "Value": v} for k, v in after.items() if before.get(k) != v]:
        call("ec2", "CreateTags", Resources=[identifier], Tags=changed)


def untag(identifier: str) -> None:
    """Forget the tags of a deleted resource, which the service keeps."""
    module("ec2")._tags.pop(identifier, None)
