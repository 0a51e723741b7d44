"""A comparison as text for a terminal: lines of styled parts, which are joined plain or coloured. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from tap.diff import words
from tap.diff.model import REPLACING, Action, Diff, Level, ResourceChange

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {
    "": "",
    "strong": "bold",
    "faint": "dim",
    "warn": "yellow",
    "bad": "bold red",
    "old": "red",
    "new": "green",
    Action.CREATE.value: "green",
    Action.UPDATE.value: "cyan",
    Action.REPLACE.value: "bold red",
    Action.MAY_REPLACE.value: "bold yellow",
    Action.DELETE.value: "red",
    Action.MAY_CREATE.value: "yellow",
    Action.MAY_DELETE.value: "bold yellow",
    Action.MAY_CHANGE.value: "yellow",
}
_RISK = {Level.NOTE: "faint", Level.POSSIBLE: "warn", Level.LOSS: "bad"}
_INDENT = 20


class Part(NamedTuple):
    """A piece of a line; ``style`` is a key of :data:`STYLES`."""

    text: str
    style: str = ""


Line = tuple[Part, ...]


def lines(diff: Diff) -> Iterator[Line]:
    """The comparison, line by line: the worst first, then who gains access, then the resources by tier."""
    yield (Part(f"{diff.old} → {diff.new}", "strong"),)
    yield (Part(words.summary(diff)),)
    worst = words.verdict(diff)
    if worst:
        yield (Part(worst, "bad" if diff.level is Level.LOSS else "warn"),)
    yield from _widenings(diff)
    for tier, changes in groupby(diff.changes, key=lambda change: change.tier):
        yield ()
        yield (Part(tier or "resources", "strong"),)
        for change in changes:
            yield from _change(change, "  ")
    for section, found in groupby(diff.sections, key=lambda edit: edit.section):
        yield ()
        yield (Part(section, "strong"),)
        for edit in found:
            note = "; ".join(filter(None, (edit.note, f"← {edit.cause}" if edit.cause else "")))
            yield (Part(f"  {edit.path}: "), *_values(edit.before, edit.after), Part(f"  {note}".rstrip(), "faint"))
    if diff.notes or diff.region:
        yield ()
    for note in diff.notes:
        yield (Part(note, "warn"),)
    if diff.region and not diff.empty:
        yield (Part(f"Read for {diff.region}.", "faint"),)


def plain(diff: Diff) -> str:
    """The comparison as text."""
    return "\n".join("".join(part.text for part in line).rstrip() for line in lines(diff)).rstrip()


def coloured(diff: Diff) -> Text:
    """The same lines in colours."""
    from rich.text import Text

    text = Text()
    for line in lines(diff):
        for part in line:
            text.append(part.text, STYLES[part.style])
        text.append("\n")
    text.rstrip()
    return text


def _widenings(diff: Diff) -> Iterator[Line]:
    found, more = words.shown_widenings(diff)
    if not found and not more:
        return
    yield ()
    yield (Part("Access that widens", "strong"),)
    for one in found:
        yield (Part(f"  ! {words.widening(one)}", "warn"),)
    if more:
        yield (Part(f"  {more} grants and openings come with what is new; --format json lists them", "faint"),)


def _change(change: ResourceChange, indent: str) -> Iterator[Line]:
    word = f"{change.action.value}{f' ({change.only} only)' if change.only else ''}"
    head = [
        Part(f"{indent}{words.SYMBOLS[change.action]:<3} {word:<12} ", change.action.value),
        Part(change.logical_id, "strong"),
        Part(f"  {change.type}", "faint"),
    ]
    fate = words.fate(change)
    if fate:
        head.append(Part(f"  {fate}", "warn" if change.holds else "faint"))
    yield tuple(head)
    deeper = indent + " " * (_INDENT - 2)
    if change.says:
        yield (Part(deeper + words.clean(change.says), "faint"),)
    for risk in change.risks:
        yield (Part(f"{deeper}{words.RISK_WORDS[risk.level]}: {words.clean(risk.sentence)}", _RISK[risk.level]),)
    for text in (*change.reasons, *change.notes):
        yield (Part(f"{deeper}{words.clean(text)}", "warn" if change.action in REPLACING else ""),)
    for edit in change.edits:
        why = words.why(edit)
        reason = Part(f"  {why}" if why else "", "warn" if edit.recreation else "faint")
        yield (Part(f"{deeper}{words.clean(edit.path)}: "), *_values(edit.before, edit.after), reason)
    for child in change.children:
        yield from _change(child, indent + "    ")


def _values(before: str | None, after: str | None) -> tuple[Part, ...]:
    old, new = words.values(before, after)
    return (Part(old, "old"), Part(" → "), Part(new, "new"))
