"""The capabilities that CloudFormation wants acknowledged before it takes a template.

Source: API reference, ``CreateChangeSet``, parameter ``Capabilities``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_NAMED = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
_IAM = {*_NAMED, "AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::UserToGroupAddition"}


def iam_resources(body: Mapping[str, Any]) -> dict[str, bool]:
    """The IAM resources of a template, and whether each has a name of its own."""
    return {
        name: _NAMED.get(each["Type"], "") in each.get("Properties", {})
        for name, each in body.get("Resources", {}).items()
        if each["Type"] in _IAM
    }


def needed(bodies: Iterable[Mapping[str, Any]]) -> list[str]:
    """The capabilities for one template and those nested in it, sorted; none needed is an empty list."""
    found = set()
    for body in bodies:
        if body.get("Transform"):
            found.add("CAPABILITY_AUTO_EXPAND")
        for named in iam_resources(body).values():
            found.add("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM")
    if "CAPABILITY_NAMED_IAM" in found:
        found.discard("CAPABILITY_IAM")
    return sorted(found)
