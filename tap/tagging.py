"""The system's tags on every resource that takes tags, in the shape that its troposphere class declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import AWSHelperFn, AWSObject, AWSProperty, Tags

from tap.model import text

_PROPERTIES = ("Tags", "BackupVaultTags", "BackupPlanTags", "HostedZoneTags")

_PROPAGATING = frozenset({"AWS::AutoScaling::AutoScalingGroup"})
"""Types whose tags must say whether the instances get them too (``PropagateAtLaunch``), which is what is wanted.

Source: CloudFormation template reference, ``AWS::AutoScaling::AutoScalingGroup TagProperty``.
"""


def apply(resource: AWSObject, tags: Mapping[str, str]) -> None:
    """Add ``tags`` to a resource whose class takes tags; a tag that it has already keeps its value.

    Most types take a list of Key and Value; some a map (API Gateway V2, SSM parameters, Backup). Tags stand last.
    """
    for name in _PROPERTIES:
        if name not in resource.props:
            continue
        present = resource.properties.pop(name, None)
        if resource.props[name][0] is dict:
            own_map = dict(present or {})
            resource.properties[name] = own_map | {k: text(v) for k, v in tags.items() if k not in own_map}
            continue
        own = _listed(present)
        taken = {tag["Key"] for tag in own}
        merged = Tags()
        merged.tags = own + [{"Key": k, "Value": text(v)} for k, v in tags.items() if k not in taken]
        if resource.resource_type in _PROPAGATING:
            merged.tags = [{**tag, "PropagateAtLaunch": tag.get("PropagateAtLaunch", True)} for tag in merged.tags]
        resource.properties[name] = merged


def _listed(tags: Any) -> list[dict[str, Any]]:
    """Tags as troposphere takes them in a list: its own classes for them, or dictionaries."""
    listed = tags.to_dict() if isinstance(tags, AWSHelperFn) else list(tags or [])
    return [tag.to_dict() if isinstance(tag, AWSProperty) else tag for tag in listed]
