"""A plan as text: lines of styled parts (:mod:`tap.styled`), the worst first. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tap import styled
from tap.deploy.gate import Does, Harm
from tap.deploy.plan import Plan
from tap.diff import render as comparison
from tap.diff import words
from tap.styled import Line, Part

_FATES = {
    "Delete": "deleted",
    "Snapshot": "snapshotted, then deleted",
    "Retain": "retained, outside the stack",
    "RetainExceptOnCreate": "retained, outside the stack",
}


def lines(plan: Plan) -> Iterator[Line]:
    """The plan, line by line: who gains access, what is at risk, what and how much, parameters, changes by tier."""
    yield from _widenings(plan)
    yield from _risks(plan)
    yield from _findings(plan)
    yield (Part(plan.stack_name, "strong"), Part(f": {summary(plan)}"))
    for note in remarks(plan):
        yield (Part(f"  {words.clean(note)}", "warn"),)
    if plan.parameters:
        yield ()
        yield (Part("Parameters", "strong"),)
        for detail in plan.parameters:
            yield (Part(f"  {words.clean(detail.path)}: "), *comparison.values(detail))
    for tier, changes in groupby(plan.changes, key=lambda change: change.tier):
        yield ()
        if tier:
            yield (Part(words.clean(tier), "strong"),)
        for change in changes:
            yield from comparison.resource(change, "  ")
    yield from comparison.outside(plan.outputs)
    if plan.changes:
        yield ()
    for action in plan.counts:
        yield (Part(f"  {words.SYMBOLS[action]:<3} {action.value}: {words.LEGEND[action]}", "faint"),)


def plain(plan: Plan) -> str:
    """The plan as text."""
    return styled.plain(lines(plan))


def summary(plan: Plan) -> str:
    """The plan in a line."""
    counts = words.counted(plan.counts)
    if plan.outputs:
        counts.append(f"{len(plan.outputs)} change{'' if len(plan.outputs) == 1 else 's'} of outputs")
    unseen = plan.empty and bool(counts)
    if plan.settings:
        counts = counts or ["no changes of resources"]
        counts.append(f"{len(plan.settings)} setting{'' if len(plan.settings) == 1 else 's'} of the stack")
    what = ", ".join(counts) or ("no resource changes" if plan.parameters and not plan.empty else "no changes")
    verb = "a new stack" if plan.kind == "CREATE" else "an update"
    if unseen:
        return f"{verb} that CloudFormation sees no change in: {what}"
    return f"{verb}, read off the templates: {what}" if plan.foreseen else f"{verb}: {what}"


def remarks(plan: Plan) -> Iterator[str]:
    """What else to know of the plan as a whole: the drift that it was made with, and its notes."""
    if plan.drift:
        yield f"Compared with what is really there (a drift-aware change set): the stack is {plan.drift}."
    yield from plan.notes


def shown_harms(plan: Plan) -> tuple[Harm, ...]:
    """What holds data or loses it, and what the change set does not tell; what else is replaced stands below."""
    return tuple(harm for harm in plan.harms if harm.stateful or harm.holds or harm.note)


def happens(harm: Harm) -> str:
    """What is done to it, and what becomes of the present one."""
    would = "would" if harm.certain else "may"
    return f"{'holds data: ' if harm.holds else ''}{would} be {_fate(harm)}"


def _widenings(plan: Plan) -> Iterator[Line]:
    if not plan.widenings:
        return
    yield (Part(f"{plan.stack_name} widens access", "strong"),)
    for sentence in plan.widenings:
        yield (Part(f"  {words.clean(sentence)}", "warn"),)
    yield ()


def _risks(plan: Plan) -> Iterator[Line]:
    shown = shown_harms(plan)
    if not shown:
        return
    yield (Part(f"{plan.stack_name} puts at risk", "strong"),)
    for harm in shown:
        yield (
            Part(f"  {words.clean(harm.logical_id)}", "strong"),
            Part(f"  {words.clean(harm.type)}  ", "faint"),
            Part(happens(harm), "bad" if harm.stateful else "warn"),
        )
        for sentence in filter(None, (*harm.sentences, harm.note)):
            yield (Part(f"      {words.clean(sentence)}", "warn"),)
    yield ()


def _findings(plan: Plan) -> Iterator[Line]:
    if not plan.findings:
        return
    yield (Part(f"CloudFormation warns about {plan.stack_name}", "strong"),)
    for finding in plan.findings:
        yield (Part(f"  {words.clean(finding.sentence)}", "warn"),)
    yield ()


def _fate(harm: Harm) -> str:
    policy = _FATES.get(harm.policy, harm.policy)
    if harm.does is Does.DELETE:
        return harm.does.value if policy in {"", _FATES["Delete"]} else f"removed from the stack; it is {policy}"
    return f"{harm.does.value}; the old one is {policy}" if policy else harm.does.value
