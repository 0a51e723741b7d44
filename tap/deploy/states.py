"""What a stack's status means for what may be done next. Pure: one table over CloudFormation's ``StackStatus``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Next(Enum):
    """What a deployment does with a stack that it finds."""

    CREATE = "create"
    UPDATE = "update"
    DELETE_FIRST = "delete first"
    BUSY = "busy"
    STUCK = "stuck"


@dataclass(frozen=True)
class State:
    """A status in words.

    ``good``: an operation that ends in it did what it was asked to do. ``advice`` says what to do; ``{name}``
    in it is the stack's name.
    """

    next: Next
    good: bool
    sentence: str
    advice: str = ""

    @property
    def under_way(self) -> bool:
        """Whether an operation is running."""
        return self.next is Next.BUSY


ABSENT = State(Next.CREATE, True, "does not exist")

_WAIT = "Wait until it is done (`status` shows it), then run this again."


def _busy(sentence: str, advice: str = _WAIT) -> State:
    return State(Next.BUSY, False, sentence, advice)


def _made(sentence: str, *, good: bool) -> State:
    return State(Next.UPDATE, good, sentence)


def _never_made(sentence: str) -> State:
    return State(
        Next.DELETE_FIRST, False, sentence, "It was never complete and cannot be updated: delete it and create it anew."
    )


def _stuck(sentence: str, advice: str) -> State:
    return State(Next.STUCK, False, sentence, advice)


_CANCEL = (
    "Wait until it is done, or take it back: aws cloudformation cancel-update-stack --stack-name {name} "
    "— then run this again."
)
_CONTINUE = (
    "Mend what its events name, then: aws cloudformation continue-update-rollback --stack-name {name} "
    "(--resources-to-skip ID … for what cannot be mended)."
)

STATES: Mapping[str, State] = {
    "CREATE_IN_PROGRESS": _busy("is being created"),
    "CREATE_FAILED": _never_made("could not be created"),
    "CREATE_COMPLETE": _made("is there", good=True),
    "ROLLBACK_IN_PROGRESS": _busy("could not be created and is being taken back"),
    "ROLLBACK_FAILED": _never_made("could not be created, nor wholly taken back"),
    "ROLLBACK_COMPLETE": _never_made("could not be created and was taken back"),
    "DELETE_IN_PROGRESS": _busy("is being deleted"),
    "DELETE_FAILED": _stuck(
        "could not be wholly deleted",
        "Mend what its events name, then delete it again: aws cloudformation delete-stack --stack-name {name} "
        "(--retain-resources ID … for what is to stay).",
    ),
    "DELETE_COMPLETE": State(Next.CREATE, True, "is deleted"),
    "UPDATE_IN_PROGRESS": _busy("is being updated", _CANCEL),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": _busy("is updated, and what was replaced is being removed"),
    "UPDATE_COMPLETE": _made("is there", good=True),
    "UPDATE_FAILED": _made("could not be updated and was left as it is", good=False),
    "UPDATE_ROLLBACK_IN_PROGRESS": _busy("could not be updated and is being taken back"),
    "UPDATE_ROLLBACK_FAILED": _stuck("could not be updated, nor taken back", _CONTINUE),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": _busy(
        "could not be updated and is as before; what was new is being removed"
    ),
    "UPDATE_ROLLBACK_COMPLETE": _made("could not be updated and is as it was before", good=False),
    "REVIEW_IN_PROGRESS": State(Next.CREATE, False, "has a change set and no resources yet"),
    "IMPORT_IN_PROGRESS": _busy("is importing resources"),
    "IMPORT_COMPLETE": _made("is there, with resources imported", good=True),
    "IMPORT_ROLLBACK_IN_PROGRESS": _busy("could not import resources and is being taken back"),
    "IMPORT_ROLLBACK_FAILED": _stuck(
        "could not import resources, nor be taken back",
        "Mend what its events name and import again, or ask AWS Support.",
    ),
    "IMPORT_ROLLBACK_COMPLETE": _made("could not import resources and is as it was before", good=False),
}


def state_of(status: str | None) -> State:
    """The meaning of a status; None for a stack that is not there.

    A status newer than this table is told by its ending: what is in progress is somebody's operation, and of
    the rest nothing is assumed.
    """
    if status is None:
        return ABSENT
    if status in STATES:
        return STATES[status]
    if status.endswith("_IN_PROGRESS"):
        return _busy(f"is in {status}")
    return _stuck(f"is in {status}, which this tool does not know", "Look at it in the console of CloudFormation.")
