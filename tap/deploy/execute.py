"""Beginning an operation: executing a change set, deleting a stack. Following it is another's part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.deploy import events

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

    from tap.deploy.changeset import ChangeSet


def execute(client: CloudFormationClient, change_set: ChangeSet) -> str:
    """Execute a change set by its ARN; gives the id of the newest event before that.

    What a failed operation has newly made is taken back even where the template says Retain
    (``RetainExceptOnCreate``): else its names would be in the way of the next attempt.
    """
    before = events.latest(client, change_set.stack_id)
    client.execute_change_set(ChangeSetName=change_set.arn, RetainExceptOnCreate=True)
    return before


def delete(client: CloudFormationClient, stack_id: str) -> str:
    """Begin to delete a stack; gives the id of the newest event before that."""
    before = events.latest(client, stack_id)
    client.delete_stack(StackName=stack_id)
    return before
