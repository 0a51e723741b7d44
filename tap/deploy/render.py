"""A plan in words and symbols. Pure: lines of styled parts, which the plain renderer joins and the rich one colours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, takewhile
from typing import NamedTuple

from tap.deploy.detail import Detail
from tap.deploy.gate import Does, Harm
from tap.deploy.plan import Action, Change, Plan

SYMBOLS: dict[Action, str] = {
    Action.ADD: "+",
    Action.MODIFY: "~",
    Action.REPLACE: "-/+",
    Action.MAY_REPLACE: "?",
    Action.REMOVE: "-",
    Action.IMPORT: "<",
    Action.DYNAMIC: "~?",
    Action.SYNC: "=",
    Action.OTHER: "!",
}
_TO = {
    Action.ADD: "to add",
    Action.MODIFY: "to modify in place",
    Action.REPLACE: "to replace",
    Action.MAY_REPLACE: "that may be replaced",
    Action.REMOVE: "to remove",
    Action.IMPORT: "to import",
    Action.DYNAMIC: "that may change",
    Action.SYNC: "to bring back to the template",
    Action.OTHER: "with an action that this tool does not know",
}
_FORCES = {"": "", "may": "may force replacement", "always": "forces replacement"}
_FATES = {
    "Delete": "deleted",
    "Snapshot": "snapshotted, then deleted",
    "Retain": "retained, outside the stack",
    "RetainExceptOnCreate": "retained, outside the stack",
}
WIDEST = 100
"""Characters of a value that are shown before it is cut."""


class Part(NamedTuple):
    """A piece of a line. ``style`` names an :class:`Action`, or is ``"strong"``, ``"faint"``, ``"warn"`` or empty."""

    text: str
    style: str = ""


Line = tuple[Part, ...]


def lines(plan: Plan) -> Iterator[Line]:
    """The plan, line by line: who gains access, what is at risk, what and how much, parameters, changes by tier."""
    yield from _widenings(plan)
    yield from _risks(plan)
    yield (Part(plan.stack_name, "strong"), Part(f": {summary(plan)}"))
    for note in plan.notes:
        yield (Part(f"  {note}", "warn"),)
    if plan.parameters:
        yield ()
        yield (Part("Parameters", "strong"),)
        for detail in plan.parameters:
            yield (Part(f"  {detail.path}: "), *_values(detail))
    for tier, changes in groupby(plan.changes, key=lambda change: change.tier):
        yield ()
        if tier:
            yield (Part(tier, "strong"),)
        for change in changes:
            yield from _change(change, "  ")


def _widenings(plan: Plan) -> Iterator[Line]:
    if not plan.widenings:
        return
    yield (Part(f"{plan.stack_name} widens access", "strong"),)
    for sentence in plan.widenings:
        yield (Part(f"  {sentence}", "warn"),)
    yield ()


def _risks(plan: Plan) -> Iterator[Line]:
    """What holds data or loses it, and what the change set does not tell; what is plainly replaced stands below."""
    shown = [harm for harm in plan.harms if harm.stateful or harm.holds or harm.note]
    if not shown:
        return
    yield (Part(f"{plan.stack_name} puts at risk", "strong"),)
    for harm in shown:
        happens = f"{'would' if harm.certain else 'may'} be {_fate(harm)}"
        yield (
            Part(f"  {harm.logical_id}", "strong"),
            Part(f"  {harm.type}  ", "faint"),
            Part(f"{'holds data: ' if harm.holds else ''}{happens}", "warn"),
        )
        for sentence in filter(None, (*harm.sentences, harm.note)):
            yield (Part(f"      {sentence}", "warn"),)
    yield ()


def _fate(harm: Harm) -> str:
    """What is done, and what becomes of the present one."""
    policy = _FATES.get(harm.policy, harm.policy)
    if harm.does is Does.DELETE:
        return harm.does.value if policy in {"", _FATES["Delete"]} else f"removed from the stack; it is {policy}"
    return f"{harm.does.value}; the old one is {policy}" if policy else harm.does.value


def plain(plan: Plan) -> str:
    """The plan as text."""
    return "\n".join("".join(part.text for part in line).rstrip() for line in lines(plan))


def summary(plan: Plan) -> str:
    """The plan in a sentence; it is also the legend of the symbols."""
    counts = [f"{SYMBOLS[action]} {count} {_TO[action]}" for action, count in plan.counts.items()]
    what = ", ".join(counts) or ("no resource changes" if plan.parameters else "no changes")
    verb = "a new stack" if plan.kind == "CREATE" else "an update"
    return f"{verb}, read off the templates: {what}" if plan.foreseen else f"{verb}: {what}"


def _change(change: Change, indent: str) -> Iterator[Line]:
    word = change.action.value if change.action is not Action.OTHER else f"{change.raw_action or 'unknown'}"
    head = [
        Part(f"{indent}{SYMBOLS[change.action]:<3} {word:<11} ", change.action.value),
        Part(change.logical_id, "strong"),
        Part(f"  {change.type}", "faint"),
    ]
    if change.fate:
        head.append(Part(f"  {change.fate}", "warn"))
    yield tuple(head)
    deeper = indent + " " * 16
    if change.says:
        yield (Part(f"{deeper}{change.says}", "faint"),)
    for detail in change.details:
        yield (Part(f"{deeper}{detail.path}: "), *_values(detail), *_why(detail))
    for child in change.children:
        yield from _change(child, indent + "    ")


def _values(detail: Detail) -> tuple[Part, ...]:
    if detail.before is None and detail.after is None:
        return (Part("follows" if detail.cause else "changes"),)
    before, after = shortened(detail.before or "none", detail.after or "none")
    return (Part(before, Action.REMOVE.value), Part(" → "), Part(after, Action.ADD.value))


def _why(detail: Detail) -> tuple[Part, ...]:
    forces = _FORCES[detail.recreation]
    cause = f"← {detail.cause}" if detail.cause else ""
    if not forces and not cause:
        return ()
    return (Part("  " + " ".join(filter(None, (forces, cause))), "warn" if forces else "faint"),)


def shortened(before: str, after: str) -> tuple[str, str]:
    """Two values in one line each, cut where they are long: to what is around their first difference."""
    before, after = (" ".join(text.split()) or '""' for text in (before, after))
    if max(len(before), len(after)) <= WIDEST:
        return before, after
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    start = max(0, same - 20) if same > WIDEST // 2 else 0

    def cut(text: str) -> str:
        part = ("…" if start else "") + text[start : start + WIDEST]
        return part + "…" if len(text) > start + WIDEST else part

    return cut(before), cut(after)
