"""Who took how long in an operation, and who waited for whom: from its events and the templates. Pure."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from tap.deploy.events import Event
from tap.deploy.subject import Subject

_ENDINGS = ("_IN_PROGRESS", "_COMPLETE", "_FAILED", "_SKIPPED")
_REVIEW = "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class Span:
    """What was done to a resource, and when.

    ``action`` is CloudFormation's word (``CREATE``, ``UPDATE``, ``DELETE``, …). ``end`` is None while it is under way.
    ``stack_id`` and ``nested`` are the ids of the stack that it is in, and of the nested stack that it is, if any.
    """

    stack_id: str
    stack_name: str
    logical_id: str
    type: str
    action: str
    start: datetime
    end: datetime | None
    failed: bool = False
    nested: str = ""


@dataclass(frozen=True)
class Row:
    """A span in its context: its tier, which resource it began after, and whether it is on the critical path."""

    span: Span
    tier: str = ""
    after: str = ""
    critical: bool = False


@dataclass(frozen=True)
class Timeline:
    """An operation of a stack. ``rows`` stand in the order in which they began; ``path`` is the critical path.

    The critical path is read backwards from what ended last: each step is what ended last of all that it waited for.
    """

    stack_name: str
    begun: datetime
    ended: datetime
    under_way: bool
    rows: tuple[Row, ...] = ()
    path: tuple[Span, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self.ended - self.begun).total_seconds()

    def took(self, span: Span) -> float:
        """The seconds of a span, or those that it has taken so far."""
        return ((span.end or self.ended) - span.start).total_seconds()


def timeline(events: Sequence[Event], subject: Subject) -> Timeline | None:
    """The time line of an operation's events, which stand in the order of time; None where there are none."""
    events = [event for event in events if event.status != _REVIEW]
    if not events:
        return None
    root = next((event.stack_id for event in events if event.of_the_stack), events[0].stack_id)
    spans = spans_of(events)
    ended = max(event.time for event in events)
    last = [event for event in events if event.of_the_stack and event.stack_id == root]
    afters = {
        span: after for stack in {one.stack_id for one in spans} for span, after in _afters(spans, stack, subject)
    }
    path = _path(spans, root, afters)
    rows = (
        Row(span, subject.part(span.logical_id).tier, after.logical_id if after else "", span in path)
        for span, after in ((span, afters.get(span)) for span in spans)
    )
    return Timeline(
        subject.stack_name or events[0].stack_name,
        events[0].time,
        ended,
        not last or last[-1].in_progress,
        tuple(sorted(rows, key=lambda row: (row.span.start, row.span.end or ended))),
        path,
    )


def spans_of(events: Iterable[Event]) -> list[Span]:
    """What was done to each resource, in the order in which it began. One that only ended began at that moment."""
    open_: dict[tuple[str, str, str], Event] = {}
    nested: dict[tuple[str, str], str] = {}
    found: list[Span] = []
    for event in events:
        if event.of_the_stack:
            continue
        key = (event.stack_id, event.logical_id, _action(event.status))
        if event.nested_stack:
            nested[key[:2]] = event.nested_stack
        if event.in_progress:
            open_.setdefault(key, event)
        else:
            found.append(_span(open_.pop(key, event), event, nested.get(key[:2], "")))
    found += [_span(event, None, nested.get(key[:2], "")) for key, event in open_.items()]
    return sorted(found, key=lambda span: span.start)


def _span(begun: Event, ended: Event | None, nested: str) -> Span:
    return Span(
        begun.stack_id,
        begun.stack_name,
        begun.logical_id,
        begun.type,
        _action(begun.status),
        begun.time,
        ended.time if ended else None,
        bool(ended and ended.failed),
        nested,
    )


def _action(status: str) -> str:
    for ending in _ENDINGS:
        if status.endswith(ending):
            return status.removesuffix(ending)
    return status


def _afters(spans: Iterable[Span], stack: str, subject: Subject) -> Iterable[tuple[Span, Span | None]]:
    """What each span of a stack began after, of what it waits for: deletions wait for what needs the resource."""
    own = [span for span in spans if span.stack_id == stack]
    ids = {span.logical_id for span in own}
    needs = {one: subject.part(one).waits_for & ids for one in ids}
    needed = {one: frozenset(other for other in ids if one in needs[other]) for one in ids}
    ends = {span: span.end for span in own}
    for span in own:
        wanted = needed[span.logical_id] if span.action == "DELETE" else needs[span.logical_id]
        same = [
            one for one in own if one.logical_id in wanted and (one.action == "DELETE") == (span.action == "DELETE")
        ]
        yield span, gate(span, span.start, same, ends)


T = TypeVar("T", bound=Hashable)


def gate(one: T, start: datetime, waited: Collection[T], ends: Mapping[T, datetime | None]) -> T | None:
    """Of what ``one`` waited for, that which ended last before it began: that kept it back."""
    before = [(end, other) for other in waited if (end := ends[other]) is not None and end <= start and other != one]
    return max(before, key=lambda pair: pair[0])[1] if before else None


def _path(spans: Sequence[Span], stack: str, afters: Mapping[Span, Span | None]) -> tuple[Span, ...]:
    """The critical path of a stack; a nested stack in it is followed by its own."""
    own = [span for span in spans if span.stack_id == stack]
    # What is under way still will end last; of those that end together, the one that began last.
    ends = [(span.end is None, span.end or span.start, span.start, place) for place, span in enumerate(own)]
    step: Span | None = own[max(ends)[-1]] if ends else None
    found: list[Span] = []
    while step and step not in found:
        found.append(step)
        step = afters.get(step)
    whole: list[Span] = []
    for span in reversed(found):
        whole.append(span)
        if span.nested and span.nested != stack:
            whole += _path(spans, span.nested, afters)
    return tuple(whole)


def as_json(found: Timeline) -> dict[str, object]:
    """A time line as plain data (documented in docs/watching.md)."""
    return {
        "version": 1,
        "stack": found.stack_name,
        "begun": found.begun.isoformat(),
        "ended": None if found.under_way else found.ended.isoformat(),
        "seconds": found.seconds,
        "resources": [
            {
                "stack": row.span.stack_name,
                "resource": row.span.logical_id,
                "type": row.span.type,
                "tier": row.tier,
                "action": row.span.action,
                "begun": row.span.start.isoformat(),
                "ended": row.span.end.isoformat() if row.span.end else None,
                "seconds": found.took(row.span),
                "failed": row.span.failed,
                "after": row.after or None,
                "critical": row.critical,
            }
            for row in found.rows
        ],
        "criticalPath": [f"{span.stack_name}/{span.logical_id}" for span in found.path],
    }
