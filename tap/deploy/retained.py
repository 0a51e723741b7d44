"""What a deletion leaves standing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.deploy import stacks

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_STAYS = {"Retain": "", "RetainExceptOnCreate": "", "Snapshot": "a snapshot of "}


def staying(client: CloudFormationClient, stack_id: str) -> list[str]:
    """The resources of a stack, and of those nested in it, that outlive it by their deletion policy: a line each."""
    policies: dict[str, dict[str, str]] = {}
    found = []
    for one in stacks.resources(client, stack_id):
        if one.stack_id not in policies:
            made_from = stacks.deployed_template(client, one.stack_id).get("Resources", {})
            policies[one.stack_id] = {key: str(each.get("DeletionPolicy", "")) for key, each in made_from.items()}
        policy = policies[one.stack_id].get(one.logical_id, "")
        if policy in _STAYS and one.physical_id:
            found.append(f"{_STAYS[policy]}{one.logical_id}, {one.type}: {one.physical_id}")
    return found
