"""A comparison as Markdown for a pull request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tap.diff import words
from tap.diff.model import Diff, Edit, Level, ResourceChange, SectionEdit

_RISK = {Level.NOTE: "Note", Level.POSSIBLE: "**Data loss possible**", Level.LOSS: "**DATA LOSS**"}
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#~"})
LONGEST = 60_000
"""Characters that the table and the details may have; a comment on GitHub takes 65,536."""


def rendered(diff: Diff) -> str:
    """The comparison as a Markdown document: what matters first, every path in a fold below."""
    top = "\n".join(_top(diff))
    folds = [_fold(change, path) for change, path in _placed(diff.changes)]
    folds += _sections(diff.sections)
    kept, length = [], len(top)
    for fold in folds:
        length += len(fold)
        if length > LONGEST:
            break
        kept.append(fold)
    left = len(folds) - len(kept)
    end = [f"\n_{left} more are left out here; `--format json` has everything._\n"] if left else []
    notes = [f"\n> {_text(note)}\n" for note in diff.notes]
    return "\n".join([top, *kept, *end, *notes]).rstrip() + "\n"


def _top(diff: Diff) -> Iterator[str]:
    yield f"### {_text(diff.old)} → {_text(diff.new)}\n"
    yield f"{_text(words.summary(diff))}\n"
    worst = words.verdict(diff)
    if worst:
        yield f"> **{_text(worst)}**\n"
    found, more = words.shown_widenings(diff)
    if found or more:
        yield "#### Access that widens\n"
        yield from (f"- {_text(words.widening(one))}" for one in found)
        if more:
            yield f"- {more} grants and openings come with what is new; `--format json` lists them"
        yield ""
    risky = [(change, risk, path) for change, path in _placed(diff.changes) for risk in change.risks]
    if risky:
        yield "#### Data\n"
        yield "| resource | risk | |\n|---|---|---|"
        for change, risk, path in sorted(risky, key=lambda one: -one[1].level):
            yield f"| {_code(path + change.logical_id)} | {_RISK[risk.level]} | {_text(risk.sentence)} |"
        yield ""
    if diff.changes:
        yield "#### Resources\n"
        yield "| | resource | type | why |\n|---|---|---|---|"
        yield from (_row(change, path) for change, path in _placed(diff.changes))
        yield ""


def _row(change: ResourceChange, path: str) -> str:
    forced = [edit for edit in change.edits if edit.recreation]
    said = [*change.reasons, *(f"{edit.path} {words.why(edit)}" for edit in forced), *change.notes]
    if not said:
        said = [", ".join(dict.fromkeys(edit.path for edit in change.edits))] if change.edits else []
    fate = words.fate(change)
    why = "<br>".join(
        _text(one) for one in [*said[:4], *([f"and {len(said) - 4} more"] if len(said) > 4 else []), fate]
    )
    only = f" ({change.only} only)" if change.only else ""
    word = f"`{words.SYMBOLS[change.action]}` {change.action.value}{only}"
    return f"| {word} | {_code(path + change.logical_id)} | {change.type} | {why.removesuffix('<br>')} |"


def _fold(change: ResourceChange, path: str) -> str:
    if not change.edits:
        return ""
    title = f"<code>{path}{change.logical_id}</code>: {change.action.value}, {_many(len(change.edits), 'path')}"
    says = f"{_text(change.says)}\n\n" if change.says else ""
    return f"<details><summary>{title}</summary>\n\n{says}{_table(change.edits)}\n\n</details>\n"


def _sections(edits: Iterable[SectionEdit]) -> list[str]:
    grouped: dict[str, list[SectionEdit]] = {}
    for edit in edits:
        grouped.setdefault(edit.section, []).append(edit)
    return [
        f"<details><summary>{section}: {_many(len(found), 'difference')}</summary>\n\n{_table(found)}\n\n</details>\n"
        for section, found in grouped.items()
    ]


def _table(edits: Iterable[Edit | SectionEdit]) -> str:
    rows = ["| path | before | after | |", "|---|---|---|---|"]
    for edit in edits:
        before, after = words.values(edit.before, edit.after)
        cells = [_code(one) if given is not None else "" for one, given in ((before, edit.before), (after, edit.after))]
        if isinstance(edit, SectionEdit):
            why = "; ".join(filter(None, (edit.note, f"← {edit.cause}" if edit.cause else "")))
        else:
            why = words.why(edit)
        rows.append(f"| {_code(edit.path)} | {cells[0]} | {cells[1]} | {_text(why)} |")
    return "\n".join(rows)


def _placed(changes: Iterable[ResourceChange], path: str = "") -> Iterator[tuple[ResourceChange, str]]:
    """The changes with the nested stacks that they are in."""
    for change in changes:
        yield change, path
        yield from _placed(change.children, f"{path}{change.logical_id}/")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _text(text: str) -> str:
    """Text in which nothing is markup, mentions nobody, and that stays in its cell."""
    return " ".join(words.clean(text).split()).translate(_SPECIAL).replace("@", "@\u200b")


def _code(text: str) -> str:
    """Text as code. In a table a pipe ends a cell even there; a backtick ends the code."""
    inner = " ".join(words.clean(text).split()).replace("|", "\\|")
    if "`" in inner:
        return f"`` {inner} ``" if "``" not in inner else _text(text)
    return f"`{inner}`" if inner else ""
