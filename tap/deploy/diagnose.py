"""Why an operation failed: the first failure that is no consequence, what it means, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tap.deploy.advice import Advice
from tap.deploy.advice_table import advise
from tap.deploy.events import STACK, Event
from tap.deploy.subject import Subject

_ROLLBACK = ("ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS")
BESIDE = ("VALIDATION_FAILED", "HOOK_FAILED")
"""The statuses, of tap's own making, of failures that are told beside the stack events."""


@dataclass(frozen=True)
class Cause:
    """A failure and its explanation.

    ``sentence`` is the template's about the resource. ``hints`` are what else is known of it: what validations and
    hooks say, why tasks stopped, which log group to read. ``while_rolling_back``: it kept the operation from being
    taken back.
    """

    event: Event
    advice: Advice | None = None
    sentence: str = ""
    hints: tuple[str, ...] = ()
    while_rolling_back: bool = False


@dataclass(frozen=True)
class Diagnosis:
    """What went wrong in an operation.

    ``causes`` are the failures that follow from no other, the first one first; ``consequences`` is how many others only
    followed. ``reason`` is what CloudFormation says of the stack as a whole.
    """

    stack_name: str
    status: str = ""
    reason: str = ""
    causes: tuple[Cause, ...] = ()
    consequences: int = 0

    @property
    def first(self) -> Cause | None:
        """The root cause."""
        return next(iter(self.causes), None)


Stopped = Mapping[str, Sequence[str]]
"""Why tasks of services stopped, by the service's logical id."""


def diagnose(
    events: Sequence[Event], subject: Subject, stopped: Stopped | None = None, more: Sequence[Event] = ()
) -> Diagnosis:
    """What went wrong, from an operation's events in the order of time, those of nested stacks among them.

    ``stopped``: where it is known why tasks of a service stopped. ``more`` are failures that CloudFormation tells
    beside the events (:mod:`tap.deploy.failures`): a cause where the events have none, else what is known besides.
    """
    own = [event for event in events if event.of_the_stack]
    stack = own[-1].stack_id if own else ""
    root = [event for event in own if event.stack_id == _outermost(own)]
    failed = [event for event in events if event.failed and not event.of_the_stack]
    places = {(event.stack_id, event.logical_id) for event in failed}
    failed += [event for event in more if (event.stack_id, event.logical_id) not in places]
    failures = _first_of_each(sorted(failed, key=lambda event: event.time))
    # A nested stack fails because something in it does; where nothing is known of that, it is all there is.
    inside = {event.stack_id for event in failures}
    nested = {(event.stack_id, event.logical_id) for event in events if event.nested_stack in inside}
    causes = [
        event for event in failures if not event.is_consequence and (event.stack_id, event.logical_id) not in nested
    ]
    turned = next((event.time for event in root if event.status in _ROLLBACK), None)
    explained = [
        _cause(event, subject, stopped or {}, (*events, *more), turned is not None and event.time > turned)
        for event in causes
    ]
    told = _told_of_the_stack(root)
    if not explained and told:
        explained = [Cause(told, advise(STACK, told.reason))]
    return Diagnosis(
        subject.stack_name or (root[0].stack_name if root else stack),
        root[-1].status if root else "",
        next((event.reason for event in reversed(root) if event.reason), ""),
        tuple(explained),
        len(failures) - len(causes),
    )


def _outermost(own: Sequence[Event]) -> str:
    """The id of the stack that the operation is one of: the first to begin."""
    return own[0].stack_id if own else ""


def _first_of_each(failures: Iterable[Event]) -> list[Event]:
    """The failures, each resource's and kind's once: CloudFormation tries a deletion again, and fails again."""
    found: dict[tuple[str, str, str], Event] = {}
    for event in failures:
        found.setdefault((event.stack_id, event.logical_id, event.status), event)
    return list(found.values())


def _told_of_the_stack(root: Sequence[Event]) -> Event | None:
    """The stack's own event that says what went wrong, where no resource's does: an export in use, a missing role."""
    said = [event for event in root if event.reason]
    known = [event for event in said if advise(STACK, event.reason)]
    return next(iter(known or [event for event in said if "ROLLBACK" in event.status or event.failed]), None)


def _cause(event: Event, subject: Subject, stopped: Stopped, events: Sequence[Event], rolling_back: bool) -> Cause:
    part = subject.part(event.logical_id)
    place = (event.stack_id, event.logical_id)
    here = [one for one in events if (one.stack_id, one.logical_id) == place]
    hints = [f"hook {one.hook}" for one in here if one.hook]
    hints += [one.reason for one in here if one.status in BESIDE and one.reason not in event.reason]
    hints += [f"tasks stopped: {reason}" for reason in stopped.get(event.logical_id, ())]
    for reason in stopped.get(event.logical_id, ()):
        known = advise("", reason)
        hints += [f"{known.means} {known.do}"] if known and known.id != "not-stabilized" else []
    if part.served_by and event.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        hints.append(f"its function is {part.served_by}; log group {_log_group(part.served_by, subject, events)}")
    return Cause(event, advise(event.type, event.reason), part.sentence, tuple(dict.fromkeys(hints)), rolling_back)


def _log_group(function: str, subject: Subject, events: Sequence[Event]) -> str:
    """Where a function writes: its own ``LoggingConfig`` goes before the group that Lambda names after it."""

    def name(logical_id: str) -> str:
        return next((one.physical_id for one in events if one.logical_id == logical_id and one.physical_id), "")

    part = subject.part(function)
    if part.logs_in:
        return name(part.logs_in) or part.logs_in
    own = name(function)
    return f"/aws/lambda/{own}" if own else f"of {function}"


def told(found: Diagnosis, most: int = 5) -> list[str]:
    """A diagnosis in lines, the root cause first; at most so many causes."""
    lines: list[str] = []
    for cause in found.causes[:most]:
        event = cause.event
        if not lines:
            first = "First to fail was"
        else:
            first = "Not taken back was" if cause.while_rolling_back else "Also failed:"
        where = f" (in {event.stack_name})" if event.stack_name != found.stack_name else ""
        if event.of_the_stack:
            lines.append(f"CloudFormation says: {_one_line(event.reason)}")
        else:
            lines.append(f"{first} {event.logical_id}, {event.type}{where}: {_one_line(event.reason)}")
        lines += [f"  It is: {cause.sentence}"] if cause.sentence else []
        if cause.advice:
            lines += [f"  Likely: {cause.advice.means}", f"  To do:  {cause.advice.do}"]
        lines += [f"  Also known: {hint}" for hint in cause.hints]
    more = len(found.causes) - most
    lines += [f"and {more} more"] if more > 0 else []
    if found.consequences:
        lines.append(f"{found.consequences} more only followed from that (cancelled, or containing it).")
    return lines


def _one_line(reason: str) -> str:
    return " ".join(reason.split()) or "no reason given"


def as_json(found: Diagnosis) -> dict[str, object]:
    """A diagnosis as plain data (documented in docs/watching.md)."""
    return {
        "version": 1,
        "stack": found.stack_name,
        "status": found.status,
        "reason": found.reason,
        "causes": [
            {
                "stack": cause.event.stack_name,
                "resource": cause.event.logical_id,
                "type": cause.event.type,
                "status": cause.event.status,
                "time": cause.event.time.isoformat(),
                "reason": cause.event.reason,
                "sentence": cause.sentence,
                "whileRollingBack": cause.while_rolling_back,
                "advice": None
                if cause.advice is None
                else {
                    "id": cause.advice.id,
                    "means": cause.advice.means,
                    "do": cause.advice.do,
                    "source": cause.advice.source,
                },
                "hints": list(cause.hints),
            }
            for cause in found.causes
        ],
        "consequences": found.consequences,
    }
