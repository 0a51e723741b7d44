"""How long an operation is likely to take still, learned from the same stack's past operations. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from statistics import median

from tap.deploy.subject import Subject
from tap.deploy.timeline import Span

Usual = Mapping[str, float]
"""Seconds that each resource usually takes, by logical id."""


def usual(past: Iterable[Span], subject: Subject) -> dict[str, float]:
    """How long each resource that is expected to change usually takes; those of which nothing is known are left out.

    What counts is the last time that the same was done to the same resource, else the median of what was done to others
    of its type.
    """
    own: dict[tuple[str, str], float] = {}
    types: dict[tuple[str, str], list[float]] = {}
    for span in past:
        if span.end is not None and not span.failed:
            seconds = (span.end - span.start).total_seconds()
            own[span.logical_id, span.action] = seconds
            types.setdefault((span.type, span.action), []).append(seconds)
    found = {}
    for logical_id, action in subject.expected.items():
        type_ = subject.part(logical_id).type
        if (logical_id, action) in own:
            found[logical_id] = own[logical_id, action]
        elif (type_, action) in types:
            found[logical_id] = median(types[type_, action])
    return found


def left(subject: Subject, done: Collection[str], running: Mapping[str, float]) -> float | None:
    """The seconds that an operation is likely to take still; None where too little is known to say.

    The longest way through what is not done yet, by what waits for what. ``running`` are the seconds that each resource
    in progress has taken. Nothing is said when most of what is left is unknown, or one in progress is over its time.
    """
    todo = [one for one in subject.expected if one not in done]
    known = [one for one in todo if one in subject.usual]
    if not todo or len(known) * 2 < len(todo):
        return None
    if any(seconds > 2 * subject.usual.get(one, seconds) + 30 for one, seconds in running.items() if one in todo):
        return None
    longest: dict[str, float] = {}

    def way(one: str, above: frozenset[str]) -> float:
        if one not in longest:
            waits = subject.part(one).waits_for & set(todo) - above - {one}
            before = max((way(other, above | {one}) for other in waits), default=0.0)
            longest[one] = before + max(0.0, subject.usual.get(one, 0.0) - running.get(one, 0.0))
        return longest[one]

    return max(way(one, frozenset()) for one in todo)
