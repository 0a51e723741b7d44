"""What a template does not do everywhere or does not meet, told from it: regions, cases, and exemptions from checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap.cases import Conditions


def asked_for_region(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """The mappings that are asked for the stack's region → the resources that ask.

    A region that such a mapping lacks is refused when the stack is made.
    """
    users: dict[str, list[str]] = {}
    for name, body in resources.items():
        for mapping in dict.fromkeys(_asked(body.get("Properties"))):
            users.setdefault(mapping, []).append(name)
    return users


def _asked(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        asked = node.get("Fn::FindInMap")
        if isinstance(asked, list) and asked[1] == {"Ref": "AWS::Region"} and isinstance(asked[0], str):
            yield asked[0]
        for each in node.values():
            yield from _asked(each)
    elif isinstance(node, list):
        for each in node:
            yield from _asked(each)


def only(resource: Mapping[str, Any], conditions: Conditions) -> str:
    """When there is a resource, in words; empty where there always is."""
    name = resource.get("Condition")
    if not name:
        return ""
    return "".join(when for when, holds in conditions.cases([name], lambda case: conditions.holds(name, case)) if holds)


def exemptions(resources: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """Check and reason → the resources that are excused for it, in their order."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, body in resources.items():
        metadata = body["Metadata"]
        reasons = {skip["id"]: skip["comment"] for skip in metadata.get("checkov", {}).get("skip", [])}
        for check, reason in (reasons | metadata.get("Exemptions", {})).items():
            found.setdefault((check, reason), []).append(name)
    return found
