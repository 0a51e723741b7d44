"""A time line as text: bars that fit the width at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tap.deploy.timeline import Row, Timeline, gate
from tap.deploy.words import duration

NARROWEST, WIDEST = 60, 160
MOST = 20
"""Resources that are shown; those on the critical path first, then what took longest."""

_CRITICAL, _OTHER, _FAILED = "█", "▒", "✗"


def text(found: Timeline, width: int, most: int | None = MOST) -> list[str]:
    """The lines of a time line, at most ``width`` columns wide. ``most``: as many resources; None shows all."""
    width = max(NARROWEST, min(width, WIDEST))
    shown = _chosen(found, most)
    so_far = " so far" if found.under_way else ""
    lines = [f"{found.stack_name}: {duration(found.seconds)}{so_far}, {_counted(len(found.rows), 'resource')}"]
    name = min(max((len(_label(found, row)) for row in shown), default=0), max(20, width // 3))
    room = width - name - 16
    for row in shown:
        label = _label(found, row)
        label = label if len(label) <= name else f"{label[: name - 1]}…"
        took = duration(found.took(row.span)) + ("…" if row.span.end is None else "")
        lines.append(f"  {label:<{name}} {_bar(found, row, room)} {took:>12}")
    if len(found.rows) > len(shown):
        lines.append(f"  and {_counted(len(found.rows) - len(shown), 'resource')} that took less")
    if shown:
        legend = [f"{_CRITICAL} critical path", f"{_OTHER} beside it"]
        legend += [f"{_FAILED} failed"] if any(row.span.failed for row in shown) else []
        lines.append(f"  {'  '.join(legend)}")
    lines += list(_path(found))
    return lines


def _chosen(found: Timeline, most: int | None) -> Sequence[Row]:
    if most is None or len(found.rows) <= most:
        return found.rows
    ranked = sorted(found.rows, key=lambda row: (not row.critical, -found.took(row.span)))
    kept = {id(row) for row in ranked[:most]}
    return [row for row in found.rows if id(row) in kept]


def _label(found: Timeline, row: Row) -> str:
    span = row.span
    parents = {one.span.nested: one.span.logical_id for one in found.rows if one.span.nested}
    inside = f"{parents[span.stack_id]}/" if span.stack_id in parents else ""
    word = "" if span.action in {"CREATE", "UPDATE"} else f" ({span.action.lower()})"
    return f"{inside}{span.logical_id}{word}"


def _bar(found: Timeline, row: Row, room: int) -> str:
    whole = found.seconds or 1.0
    start = min(room - 1, int((row.span.start - found.begun).total_seconds() / whole * room))
    length = max(1, min(room - start, round(found.took(row.span) / whole * room)))
    bar = (_CRITICAL if row.critical else _OTHER) * length
    bar = bar[:-1] + _FAILED if row.span.failed else bar
    return f"{' ' * start}{bar}".ljust(room)


def _path(found: Timeline) -> Iterator[str]:
    if len(found.path) < 2:
        return
    steps = " → ".join(f"{span.logical_id} {duration(found.took(span))}" for span in found.path)
    yield f"  Critical path: {steps}"


def of_run(times: Mapping[str, tuple[datetime, datetime]], needs: Mapping[str, frozenset[str]]) -> list[str]:
    """For several stacks: how long all took, and which of them kept the end back. ``times``: begin and end of each."""
    if len(times) < 2:
        return []
    begun, ended = min(start for start, _ in times.values()), max(end for _, end in times.values())
    ends: Mapping[str, datetime | None] = {name: end for name, (_, end) in times.items()}
    step: str | None = max(times, key=lambda name: times[name][1])
    path: list[str] = []
    while step and step not in path:
        path.append(step)
        step = gate(step, times[step][0], needs.get(step, frozenset()) & set(times), ends)
    took = (f"{name} {duration((times[name][1] - times[name][0]).total_seconds())}" for name in reversed(path))
    whole = duration((ended - begun).total_seconds())
    return [f"{len(times)} stacks: {whole}", f"  Critical path: {' → '.join(took)}"]


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
