"""A comparison as Markdown for a pull request. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from tap.diff import words
from tap.diff.model import Detail, Diff, Edit, Level, ResourceChange, SectionEdit

_RISK = {Level.NOTE: "Note", Level.POSSIBLE: "**Data loss possible**", Level.LOSS: "**DATA LOSS**"}
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#~"})
RESOURCES = "| | resource | type | why |\n|---|---|---|---|"
"""The head of the table of resources."""
NOBODY = "@\u200b"
"""In the place of an ``@``, which would mention somebody."""
LONGEST = 60_000
"""Characters that the table and the details may have; a comment on GitHub takes 65,536."""


def rendered(diff: Diff) -> str:
    """The comparison as a Markdown document: what matters first, every path in a fold below."""
    top = "\n".join(_top(diff))
    parts = [fold(change, path) for change, path in placed(diff.changes)]
    kept = fitting([*parts, *sections(diff.sections)], LONGEST - len(top))
    notes = [f"\n> {text(note)}\n" for note in diff.notes]
    return "\n".join([top, *kept, *notes]).rstrip() + "\n"


def fitting(parts: Iterable[str], room: int) -> list[str]:
    """As many parts as there is room for, and a line that says how many there are more."""
    every = list(parts)
    kept: list[str] = []
    for part in every:
        room -= len(part) + 1
        if room < 0:
            break
        kept.append(part)
    left = len(every) - len(kept)
    return [*kept, f"\n_{left} more are left out here; `--format json` has everything._\n"] if left else kept


def _top(diff: Diff) -> Iterator[str]:
    yield f"### {text(diff.old)} → {text(diff.new)}\n"
    yield f"{text(words.summary(diff))}\n"
    worst = words.verdict(diff)
    if worst:
        yield f"> **{text(worst)}**\n"
    found, more = words.shown_widenings(diff)
    if found or more:
        yield "#### Access that widens\n"
        yield from (f"- {text(words.widening(one))}" for one in found)
        if more:
            yield f"- {more} grants and openings come with what is new; `--format json` lists them"
        yield ""
    risky = [(change, risk, path) for change, path in placed(diff.changes) for risk in change.risks]
    if risky:
        yield "#### Data\n"
        yield "| resource | risk | |\n|---|---|---|"
        for change, risk, path in sorted(risky, key=lambda one: -one[1].level):
            yield f"| {code(path + change.logical_id)} | {_RISK[risk.level]} | {text(risk.sentence)} |"
        yield ""
    if diff.changes:
        yield "#### Resources\n"
        yield RESOURCES
        yield from (row(change, path) for change, path in placed(diff.changes))
        yield ""


def row(change: ResourceChange, path: str) -> str:
    """A resource's row in the table of :data:`RESOURCES`; ``path`` leads to the nested stack that it is in."""
    forced = [edit for edit in change.edits if edit.recreation]
    said = [
        *filter(None, (change.mark,)),
        *change.reasons,
        *(f"{edit.path} {words.why(edit)}" for edit in forced),
        *change.notes,
    ]
    if not said:
        said = [", ".join(dict.fromkeys(edit.path for edit in change.edits))] if change.edits else []
    fate = words.fate(change)
    why = "<br>".join(text(one) for one in [*said[:4], *([f"and {len(said) - 4} more"] if len(said) > 4 else []), fate])
    word = f"`{words.SYMBOLS[change.action]}` {text(change.word)}"
    return f"| {word} | {code(path + change.logical_id)} | {text(change.type)} | {why.removesuffix('<br>')} |"


def fold(change: ResourceChange, path: str) -> str:
    """Every path of a resource, folded away; empty where none is known."""
    if not change.edits:
        return ""
    name, word = (html.escape(" ".join(words.clean(one).split())) for one in (path + change.logical_id, change.word))
    title = f"<code>{name}</code>: {word.replace('@', NOBODY)}, {_many(len(change.edits), 'path')}"
    says = f"{text(change.says)}\n\n" if change.says else ""
    return f"<details><summary>{title}</summary>\n\n{says}{table(change.edits)}\n\n</details>\n"


def sections(edits: Iterable[SectionEdit]) -> list[str]:
    """What changes outside the resources, a fold for each section."""
    grouped: dict[str, list[SectionEdit]] = {}
    for edit in edits:
        grouped.setdefault(edit.section, []).append(edit)
    return [
        f"<details><summary>{section}: {_many(len(found), 'difference')}</summary>\n\n{table(found)}\n\n</details>\n"
        for section, found in grouped.items()
    ]


def table(edits: Iterable[Detail]) -> str:
    """Each path with its values, and why it changes."""
    rows = ["| path | before | after | |", "|---|---|---|---|"]
    for edit in edits:
        before, after = words.values(edit.before, edit.after)
        cells = [code(one) if given is not None else "" for one, given in ((before, edit.before), (after, edit.after))]
        why = ""
        if isinstance(edit, SectionEdit):
            why = "; ".join(filter(None, (edit.note, f"← {edit.cause}" if edit.cause else "")))
        elif isinstance(edit, Edit):
            why = words.why(edit)
            cells = cells if edit.known else ["", words.changed(edit)]
        rows.append(f"| {code(edit.path)} | {cells[0]} | {cells[1]} | {text(why)} |")
    return "\n".join(rows)


def placed(changes: Iterable[ResourceChange], path: str = "") -> Iterator[tuple[ResourceChange, str]]:
    """The changes with the nested stacks that they are in."""
    for change in changes:
        yield change, path
        yield from placed(change.children, f"{path}{change.logical_id}/")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def text(plain: str) -> str:
    """Text in which nothing is markup, mentions nobody, and that stays in its cell."""
    return " ".join(words.clean(plain).split()).translate(_SPECIAL).replace("@", NOBODY)


def code(plain: str) -> str:
    """Text as code. In a table a pipe ends a cell even there; a backtick ends the code."""
    inner = " ".join(words.clean(plain).split()).replace("|", "\\|")
    if "`" in inner:
        return f"`` {inner} ``" if "``" not in inner else text(plain)
    return f"`{inner}`" if inner else ""
