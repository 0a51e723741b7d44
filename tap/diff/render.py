"""A comparison as text for a terminal: lines of styled parts, which are joined plain or coloured. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from tap import styled
from tap.diff import words
from tap.diff.model import REPLACING, UNKNOWN, Detail, Diff, Edit, Level, ResourceChange, SectionEdit
from tap.styled import Line, Part

_RISK = {Level.NOTE: "faint", Level.POSSIBLE: "warn", Level.LOSS: "bad"}
_DEEPER = 6


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
            yield from resource(change, "  ")
    yield from outside(diff.sections)
    if diff.notes or diff.region:
        yield ()
    for note in diff.notes:
        yield (Part(note, "warn"),)
    if diff.region and not diff.empty:
        yield (Part(f"Read for {diff.region}.", "faint"),)


def plain(diff: Diff) -> str:
    """The comparison as text."""
    return styled.plain(lines(diff))


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


def resource(change: ResourceChange, indent: str) -> Iterator[Line]:
    """One resource: what happens to it, why, what is at risk, and every path that changes."""
    head = [
        Part(f"{indent}{words.SYMBOLS[change.action]:<3} {words.clean(change.word):<12} ", change.action.value),
        Part(words.clean(change.logical_id), "strong"),
        Part(f"  {words.clean(change.type)}", "faint"),
    ]
    fate = words.fate(change)
    if fate:
        head.append(Part(f"  {words.clean(fate)}", "warn" if change.holds else "faint"))
    if change.mark:
        head.append(Part(f"  {words.clean(change.mark)}", "warn"))
    yield tuple(head)
    deeper = indent + " " * _DEEPER
    if change.says:
        yield (Part(deeper + words.clean(change.says), "faint"),)
    for risk in change.risks:
        yield (Part(f"{deeper}{words.RISK_WORDS[risk.level]}: {words.clean(risk.sentence)}", _RISK[risk.level]),)
    for text in (*change.reasons, *change.notes):
        yield (Part(f"{deeper}{words.clean(text)}", "warn" if change.action in REPLACING | UNKNOWN else ""),)
    for edit in change.edits:
        why = words.why(edit)
        reason = Part(f"  {why}" if why else "", "warn" if edit.recreation or edit.hidden else "faint")
        yield (Part(f"{deeper}{words.clean(edit.path)}: "), *values(edit), reason)
    for child in change.children:
        yield from resource(child, indent + "    ")


def outside(edits: Iterable[SectionEdit]) -> Iterator[Line]:
    """What changes outside the resources, by section."""
    for section, found in groupby(edits, key=lambda edit: edit.section):
        yield ()
        yield (Part(section, "strong"),)
        for edit in found:
            note = "; ".join(filter(None, (edit.note, f"← {edit.cause}" if edit.cause else "")))
            yield (Part(f"  {words.clean(edit.path)}: "), *values(edit), Part(f"  {note}".rstrip(), "faint"))


def values(edit: Detail) -> Line:
    """What a path was and what it becomes."""
    if isinstance(edit, Edit) and not edit.known:
        return (Part(words.changed(edit)),)
    old, new = words.values(edit.before, edit.after)
    return (Part(old, "old"), Part(" → "), Part(new, "new"))
