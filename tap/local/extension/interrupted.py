"""Repair: a stack operation that was under way when the emulator was stopped has failed when it starts again.

Nobody goes on with it; without this, the stack would be in progress for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import Any

from ministack.services import cloudformation

_LEFT_AS = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
}
_REASON = "The emulator was stopped during this operation"


def repair() -> None:
    """Look through the stacks of all accounts when MiniStack loads what it kept."""
    original = cloudformation.load_persisted_state

    @wraps(original)
    def load(data: Any) -> None:
        original(data)
        settle(cloudformation._stacks._data.values())

    cloudformation.load_persisted_state = load


def settle(stacks: Iterable[dict[str, Any]]) -> None:
    """Give each stack and resource that is in progress the status that a failure leaves it in."""
    for stack in stacks:
        if stack.get("StackStatus") not in _LEFT_AS:
            continue
        stack["StackStatus"] = _LEFT_AS[stack["StackStatus"]]
        stack["StackStatusReason"] = _REASON
        for resource in stack.get("_resources", {}).values():
            status = resource.get("ResourceStatus", "")
            if status.endswith("_IN_PROGRESS"):
                resource["ResourceStatus"] = status.removesuffix("IN_PROGRESS") + "FAILED"
                resource["ResourceStatusReason"] = _REASON
