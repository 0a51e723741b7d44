"""The system's tags on every resource that takes tags, in the shape that its troposphere class declares."""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import AWSObject, Tags

from tap.model import text

_PROPERTIES = ("Tags", "BackupVaultTags", "BackupPlanTags", "HostedZoneTags")


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
        own = present.to_dict() if isinstance(present, Tags) else list(present or [])
        taken = {tag["Key"] for tag in own}
        merged = Tags()
        merged.tags = own + [{"Key": k, "Value": text(v)} for k, v in tags.items() if k not in taken]
        resource.properties[name] = merged
