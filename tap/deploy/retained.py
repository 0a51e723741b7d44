"""What a deletion leaves standing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.deploy import stacks

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_STAYS = {"Retain": "", "RetainExceptOnCreate": "", "Snapshot": "a snapshot of "}


def staying(client: CloudFormationClient, stack_id: str) -> list[str]:
    """The resources of a stack, and of those nested in it, that outlive it by their deletion policy: a line each."""
    policies = {
        logical_id: str(one.get("DeletionPolicy", ""))
        for logical_id, one in stacks.deployed_template(client, stack_id).get("Resources", {}).items()
    }
    found = []
    for page in client.get_paginator("list_stack_resources").paginate(StackName=stack_id):
        for one in page["StackResourceSummaries"]:
            logical_id, physical_id = one["LogicalResourceId"], one.get("PhysicalResourceId", "")
            if one["ResourceStatus"] == "DELETE_COMPLETE" or not physical_id:
                continue
            if policies.get(logical_id) in _STAYS:
                found.append(f"{_STAYS[policies[logical_id]]}{logical_id}, {one['ResourceType']}: {physical_id}")
            elif one["ResourceType"] == "AWS::CloudFormation::Stack" and physical_id.startswith("arn:"):
                found += staying(client, physical_id)
    return found
