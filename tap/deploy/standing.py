"""Whether a saved plan still stands: nothing that it was made from may have changed since."""

from __future__ import annotations

from enum import Enum

from botocore.exceptions import ClientError

from tap.deploy import saved, stacks
from tap.deploy.aws_errors import is_missing_stack
from tap.deploy.execute import BEGUN
from tap.deploy.gate import BlockedError
from tap.deploy.saved import SavedPlan, SavedStack
from tap.deploy.session import Session
from tap.deploy.stacks import Stack

_AGAIN = "Plan again: the change set is of no use any more (execute FILE --discard removes it)."


class Standing(Enum):
    """How far a saved change set has come."""

    READY = "ready"
    UNDER_WAY = "being executed"
    DONE = "executed"


def check_place(plan: SavedPlan, session: Session) -> None:
    """Raise BlockedError when a session reaches another account, region or endpoint than the plan was made in."""
    for what, wanted, found in (
        ("endpoint", plan.endpoint, saved.endpoint_of(session)),
        ("region", plan.region, session.region),
        ("account", plan.account, session.account),
    ):
        if wanted != found:
            raise BlockedError(f"the plan was made for the {what} {wanted}; this is {found}. Nothing was changed.")


def check(one: SavedStack, session: Session) -> tuple[Standing, Stack]:
    """How far a stack's part has come, and the stack. Raises BlockedError when it stands no more, with the reason."""
    client = session.cloudformation
    try:
        told = client.describe_change_set(ChangeSetName=one.change_set)
    except client.exceptions.ChangeSetNotFoundException:
        raise BlockedError(f"{one.name}: the change set of the plan is gone. Plan again.") from None
    except ClientError as error:
        if is_missing_stack(error):
            raise BlockedError(
                f"{one.name}: the stack of the plan is gone, and its change set with it. Plan again."
            ) from None
        raise
    stack = stacks.look(client, one.stack_id)
    status, execution = told["Status"], told.get("ExecutionStatus", "")
    if execution in BEGUN:
        return _begun(one, stack, execution)
    if status != "CREATE_COMPLETE" or execution != "AVAILABLE":
        raise BlockedError(
            f"{one.name}: the change set of the plan cannot be executed ({status}, {execution}). {_AGAIN}"
        )
    if one.kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
        raise BlockedError(f"{one.name} was to be created, and is {stack.status} by now. {_AGAIN}")
    if one.kind == "UPDATE":
        _check_unchanged(one, session, stack)
    return Standing.READY, stack


def _begun(one: SavedStack, stack: Stack, execution: str) -> tuple[Standing, Stack]:
    if stack.state.under_way:
        return Standing.UNDER_WAY, stack
    if execution == "EXECUTE_COMPLETE" and stack.state.good:
        return Standing.DONE, stack
    raise BlockedError(
        f"{one.name}: the change set of the plan was executed ({execution}), and the stack {stack.state.sentence} "
        f"({stack.status}). Plan again."
    )


def _check_unchanged(one: SavedStack, session: Session, stack: Stack) -> None:
    if not stack.exists or saved.changed(stack) != one.changed:
        by_now = saved.changed(stack) or "gone"
        raise BlockedError(
            f"{one.name} has changed since the plan was made (then {one.changed}, by now {by_now}). {_AGAIN}"
        )
    deployed = saved.digest_of_deployed(session, stack)
    if one.deployed and deployed and deployed != one.deployed:
        raise BlockedError(f"{one.name}: its template is not the one that the plan was made against. {_AGAIN}")
