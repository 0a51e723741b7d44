"""Beginning an operation: executing a change set, deleting a stack. Following it is another's part.

Each carries a ``ClientRequestToken`` that follows from what is asked, so that a call which is sent twice (a retry after
a lost answer, a run after a kill) begins one operation: by the API reference CloudFormation knows a token again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tap.deploy import events
from tap.deploy.body import digest

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

BEGUN = frozenset({"EXECUTE_IN_PROGRESS", "EXECUTE_COMPLETE", "EXECUTE_FAILED"})
"""The ``ExecutionStatus`` of a change set whose execution has begun, and may be over."""


def token(*words: str) -> str:
    """A ``ClientRequestToken``: the same for the same words, in the API's alphabet and length."""
    return f"tap-{digest(*words)[:32]}"


def execute(client: CloudFormationClient, arn: str, stack_id: str, *, disable_rollback: bool | None = False) -> str:
    """Execute a change set by its ARN; gives the id of the newest event before that.

    ``disable_rollback`` is None where the change set itself says what becomes of a failure: both is refused.

    What a failed operation has newly made is taken back even where the template says Retain
    (``RetainExceptOnCreate``): else its names would be in the way of the next attempt. When CloudFormation refuses
    because that very change set is being executed, the answer to an earlier call was lost, and all is well.
    """
    before = events.latest(client, stack_id)
    # The API reference names True as the default of DisableRollback: it is always said.
    more: dict[str, Any] = {} if disable_rollback is None else {"DisableRollback": disable_rollback}
    try:
        client.execute_change_set(
            ChangeSetName=arn, RetainExceptOnCreate=True, ClientRequestToken=token("execute", arn), **more
        )
    except client.exceptions.InvalidChangeSetStatusException:
        if client.describe_change_set(ChangeSetName=arn).get("ExecutionStatus") not in BEGUN:
            raise
    return before


def delete(client: CloudFormationClient, stack_id: str, retain: Sequence[str] = (), *, force: bool = False) -> str:
    """Begin to delete a stack; gives the id of the newest event before that.

    ``retain`` are logical ids of resources that stay, ``force`` leaves behind whatever cannot be deleted;
    CloudFormation takes both in the state ``DELETE_FAILED`` only.
    """
    before = events.latest(client, stack_id)
    more: dict[str, Any] = {"RetainResources": list(retain)} if retain else {}
    if force:
        more["DeletionMode"] = "FORCE_DELETE_STACK"
    client.delete_stack(
        StackName=stack_id, ClientRequestToken=token("delete", stack_id, before, *retain, str(force)), **more
    )
    return before


def continue_rollback(client: CloudFormationClient, stack_id: str, skip: Sequence[str] = ()) -> str:
    """Begin to continue a rollback that failed; gives the id of the newest event before that.

    ``skip`` names resources as ``ResourcesToSkip`` does: ``NestedStackName.LogicalId`` in a nested stack.
    """
    before = events.latest(client, stack_id)
    more: dict[str, Any] = {"ResourcesToSkip": list(skip)} if skip else {}
    client.continue_update_rollback(
        StackName=stack_id, ClientRequestToken=token("continue", stack_id, before, *skip), **more
    )
    return before
