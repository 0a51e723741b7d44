"""Plans as Markdown for a pull request: what matters first, every path in a fold below. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tap.deploy.plan import Plan
from tap.deploy.render import happens, remarks, shown_harms, summary
from tap.diff import words
from tap.diff.markdown import LONGEST, RESOURCES, code, fitting, fold, placed, row, sections, table, text

_SHARE = 6
"""A part of what stands unfolded takes at most this fraction of a stack's room: there are up to five such parts."""


def rendered(plans: Sequence[Plan]) -> str:
    """The plans of a run as one Markdown document of at most :data:`~tap.diff.markdown.LONGEST` characters."""
    room = (LONGEST - 1_000) // max(len(plans), 1)
    return "\n".join(["## Plan\n", *(_stack(plan, room) for plan in plans)]).rstrip() + "\n"


def _stack(plan: Plan, room: int) -> str:
    top = "\n".join(_top(plan, room // _SHARE))
    folds = [fold(change, path) for change, path in placed(plan.changes)]
    if plan.parameters:
        folds.insert(0, f"<details><summary>Parameters</summary>\n\n{table(plan.parameters)}\n\n</details>\n")
    below = fitting(filter(None, (*folds, *sections(plan.outputs))), room - len(top) - 200)
    return "\n".join([top, *below])


def _top(plan: Plan, room: int) -> Iterator[str]:
    yield f"### {text(plan.stack_name)}\n"
    yield f"{text(summary(plan))}\n"
    yield from fitting((f"> {text(note)}\n" for note in remarks(plan)), room)
    yield from _part("Access that widens", (f"- {text(one)}" for one in plan.widenings), room)
    harms = (
        f"| {code(harm.logical_id)} | {text(harm.type)} | {text(happens(harm))} "
        f"| {'<br>'.join(text(one) for one in (*harm.sentences, harm.note) if one)} |"
        for harm in shown_harms(plan)
    )
    yield from _part("Data", harms, room, "| resource | type | what happens | |\n|---|---|---|---|")
    yield from _part("CloudFormation warns", (f"- {text(one.sentence)}" for one in plan.findings), room)
    rows = (row(change, path) for change, path in placed(plan.changes))
    yield from _part("Resources", rows, room, RESOURCES)
    legend = [f"`{words.SYMBOLS[action]}` {action.value}: {words.LEGEND[action]}" for action in plan.counts]
    if legend:
        yield f"{'; '.join(legend)}\n"


def _part(title: str, lines: Iterable[str], room: int, head: str = "") -> Iterator[str]:
    """A part with a title; nothing where there are no lines."""
    found = list(lines)
    if found:
        yield f"#### {title}\n"
        yield from filter(None, (head, *fitting(found, room), ""))
        yield ""
