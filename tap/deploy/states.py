"""What a stack's status means for what may be done next. Pure: one table over CloudFormation's ``StackStatus``.

``docs/deploying.md`` shows the same table; :func:`rows` is what it is checked against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from tap.exit_codes import DONE, ERROR, LEFT_FAILED, ROLLED_BACK


class Next(Enum):
    """What a deployment does with a stack that it finds; in the words of the table."""

    CREATE = "creates"
    UPDATE = "updates"
    DELETE_FIRST = "asks, deletes it, creates anew"
    BUSY = "follows it to its end, then goes on"
    STUCK = "stops, and says what to do"


class Deletion(Enum):
    """What ``delete`` does with a stack that it finds."""

    DELETE = "deletes"
    RETRY = "deletes again; --retain, --force"
    FOLLOW = "follows it to its end"
    WAIT = "stops: another operation is under way"
    NOTHING = "nothing to do"


class Resumption(Enum):
    """What ``continue-rollback`` does with a stack that it finds."""

    CONTINUE = "continues"
    FOLLOW = "follows it to its end"
    NOTHING = "nothing to do"
    REFUSE = "stops"


@dataclass(frozen=True)
class State:
    """A status in words, and what each command does with it.

    ``code`` is the exit code when an operation ends in it. ``drift`` tells whether CloudFormation detects drift in it.
    ``advice`` says what to do; ``{name}`` in it is the stack's name.
    """

    next: Next
    sentence: str
    code: int = ERROR
    deletion: Deletion = Deletion.DELETE
    resumption: Resumption = Resumption.REFUSE
    drift: bool = False
    advice: str = ""

    @property
    def good(self) -> bool:
        """Whether an operation that ends in it did what it was asked to do."""
        return self.code == DONE

    @property
    def under_way(self) -> bool:
        """Whether an operation is running."""
        return self.next is Next.BUSY


_WAIT = "Wait until it is done (`status` shows it), then run this again."
_CANCEL = (
    "Wait until it is done, or take it back: aws cloudformation cancel-update-stack --stack-name {name} "
    "— then run this again."
)
_ANEW = "It was never complete and cannot be updated: delete it and create it anew."
_CONTINUE = (
    "Mend what its events name, then: python generate.py continue-rollback "
    "(--skip ID for what cannot be mended; it shows what failed)."
)
_DELETE_AGAIN = (
    "Mend what its events name, then delete it again: python generate.py delete "
    "(--retain ID for what is to stay, --force for all that cannot be deleted)."
)


def _busy(
    sentence: str,
    advice: str = _WAIT,
    deletion: Deletion = Deletion.WAIT,
    resumption: Resumption = Resumption.REFUSE,
) -> State:
    return State(Next.BUSY, sentence, ERROR, deletion, resumption, advice=advice)


def _made(sentence: str, code: int = DONE, *, drift: bool = True) -> State:
    return State(Next.UPDATE, sentence, code, resumption=Resumption.NOTHING, drift=drift)


def _never_made(sentence: str, code: int) -> State:
    return State(Next.DELETE_FIRST, sentence, code, advice=_ANEW)


ABSENT = State(Next.CREATE, "does not exist", deletion=Deletion.NOTHING)

STATES: Mapping[str, State] = {
    "CREATE_IN_PROGRESS": _busy("is being created"),
    "CREATE_FAILED": _never_made("could not be created", LEFT_FAILED),
    "CREATE_COMPLETE": _made("is there"),
    "ROLLBACK_IN_PROGRESS": _busy("could not be created and is being taken back"),
    "ROLLBACK_FAILED": _never_made("could not be created, nor wholly taken back", LEFT_FAILED),
    "ROLLBACK_COMPLETE": _never_made("could not be created and was taken back", ROLLED_BACK),
    "DELETE_IN_PROGRESS": _busy("is being deleted", deletion=Deletion.FOLLOW),
    "DELETE_FAILED": State(
        Next.STUCK, "could not be wholly deleted", LEFT_FAILED, Deletion.RETRY, advice=_DELETE_AGAIN
    ),
    "DELETE_COMPLETE": State(Next.CREATE, "is deleted", DONE, Deletion.NOTHING),
    "UPDATE_IN_PROGRESS": _busy("is being updated", _CANCEL),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": _busy("is updated, and what was replaced is being removed"),
    "UPDATE_COMPLETE": _made("is there"),
    "UPDATE_FAILED": _made("could not be updated and was left as it is", LEFT_FAILED, drift=False),
    "UPDATE_ROLLBACK_IN_PROGRESS": _busy("could not be updated and is being taken back", resumption=Resumption.FOLLOW),
    "UPDATE_ROLLBACK_FAILED": State(
        Next.STUCK,
        "could not be updated, nor taken back",
        LEFT_FAILED,
        resumption=Resumption.CONTINUE,
        drift=True,
        advice=_CONTINUE,
    ),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": _busy(
        "could not be updated and is as before; what was new is being removed", resumption=Resumption.FOLLOW
    ),
    "UPDATE_ROLLBACK_COMPLETE": _made("could not be updated and is as it was before", ROLLED_BACK),
    "REVIEW_IN_PROGRESS": State(Next.CREATE, "has a change set and no resources yet"),
    "IMPORT_IN_PROGRESS": _busy("is importing resources"),
    "IMPORT_COMPLETE": _made("is there, with resources imported"),
    "IMPORT_ROLLBACK_IN_PROGRESS": _busy("could not import resources and is being taken back"),
    "IMPORT_ROLLBACK_FAILED": State(
        Next.STUCK,
        "could not import resources, nor be taken back",
        LEFT_FAILED,
        advice="Mend what its events name and import again, or ask AWS Support.",
    ),
    "IMPORT_ROLLBACK_COMPLETE": _made("could not import resources and is as it was before", ROLLED_BACK),
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
    return State(
        Next.STUCK,
        f"is in {status}, which this tool does not know",
        LEFT_FAILED,
        Deletion.WAIT,
        advice="Look at it in the console of CloudFormation.",
    )


HEADINGS = ("status", "the stack", "plan", "deploy", "delete", "continue-rollback", "drift", "exit code")

_PLAN = {
    Next.CREATE: "plans a new stack",
    Next.UPDATE: "plans an update",
    Next.DELETE_FIRST: "plans anew, from the templates",
    Next.BUSY: "stops: an operation is under way",
    Next.STUCK: "stops, and says what to do",
}


def rows() -> Iterator[tuple[str, ...]]:
    """The table as people read it, a row a status. The exit code is that of an operation which ends in the status."""
    for status, state in {"(none)": ABSENT, **STATES}.items():
        ends = "" if state.under_way or status in {"(none)", "REVIEW_IN_PROGRESS"} else str(state.code)
        yield (
            status,
            state.sentence,
            _PLAN[state.next],
            state.next.value,
            state.deletion.value,
            state.resumption.value,
            "detects" if state.drift else "stops",
            ends,
        )
