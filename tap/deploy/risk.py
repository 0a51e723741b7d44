"""What a plan puts at risk: the change set and the comparison of the templates, judged as one. Pure.

A change set can hide things: resources are dropped from its answer, some changes it does not see, and "conditional" is
neither yes nor no. So what either of the two says counts, and the graver counts where they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tap.deploy.gate import Does, Harm
from tap.deploy.plan import STACK, Change, Plan, Side
from tap.deploy.plan import Action as PlanAction
from tap.deploy.resolve import resolve
from tap.diff import stateful, words
from tap.diff.model import DELETING, REPLACING, Action, Diff, Level, ResourceChange, Risk

_ACTIONS = {
    PlanAction.ADD: Action.CREATE,
    PlanAction.IMPORT: Action.CREATE,
    PlanAction.MODIFY: Action.UPDATE,
    PlanAction.SYNC: Action.UPDATE,
    PlanAction.REPLACE: Action.REPLACE,
    PlanAction.MAY_REPLACE: Action.MAY_REPLACE,
    PlanAction.REMOVE: Action.DELETE,
    # What CloudFormation itself does not know, or this tool: it may be replaced.
    PlanAction.DYNAMIC: Action.MAY_REPLACE,
    PlanAction.OTHER: Action.MAY_REPLACE,
}
_HIDDEN = "The change set does not mention it; the comparison of the templates does."
_IN_PLACE = "The change set has it modified in place; by its resource schema it is replaced."
_OPAQUE = "what is in the nested stack, which could not be seen"


def judged(plan: Plan, found: Diff | None, old: Side, new: Side) -> Plan:
    """The plan with what it widens and puts at risk. ``found`` is the comparison of ``old`` and ``new``, if any."""
    widenings = words.shown_widenings(found)[0] if found else ()
    compared = found.changes if found else ()
    told = () if plan.foreseen else plan.changes
    harms = tuple(_harms(told, compared, old, new, listed=not plan.foreseen))
    return replace(plan, widenings=tuple(words.widening(one) for one in widenings), harms=harms)


def _harms(
    told: Iterable[Change],
    compared: Iterable[ResourceChange],
    old: Side,
    new: Side,
    inside: str = "",
    *,
    listed: bool,
) -> Iterator[Harm]:
    """The harmful changes of one stack and those nested in it. ``listed``: a change set speaks for this stack."""
    by_told = {one.logical_id: one for one in told}
    by_compared = {one.logical_id: one for one in compared}
    for key in dict.fromkeys((*by_told, *by_compared)):
        change, other = by_told.get(key), by_compared.get(key)
        harm = _harm(key, change, other, old, new, listed=listed)
        if harm:
            yield replace(harm, logical_id=inside + key)
        children = change.children if change else ()
        if change is not None and change.action in {PlanAction.ADD, PlanAction.IMPORT}:
            continue
        within = other.children if other else ()
        yield from _harms(
            children, within, old.child(key), new.child(key), f"{inside}{key}/", listed=bool(listed and children)
        )


def _harm(
    key: str, change: Change | None, other: ResourceChange | None, old: Side, new: Side, *, listed: bool
) -> Harm | None:
    action = _merged(change, other, listed=listed)
    if action in {Action.CREATE, Action.MAY_CREATE}:
        return None
    origin = (other.renamed_from if other else "") or key
    type_name = change.type if change else other.type if other else ""
    before, after = _resolved(old, origin), _resolved(new, key)
    policy = (change.policy if change else other.policy if other else "").removeprefix("ReplaceAnd")
    if not policy and action in REPLACING | DELETING:
        policy = (
            stateful.on_replace(after) if action in REPLACING else stateful.on_delete(before or {"Type": type_name})
        )
    # Where the deployed template could not be read, the type alone tells what it holds.
    after = after if before and action not in DELETING else {}
    before = before or {"Type": type_name, "Properties": {}}
    if change is None and other is not None and action is other.action:
        risks = other.risks
    else:
        risks = stateful.decide(stateful.Fate(type_name, action, before, after, policy))
    kept = stateful.holding(type_name, before.get("Properties") or {})
    holds = kept.what if kept else ""
    opaque = type_name == STACK and not (change and change.children) and not (other and other.children)
    if opaque and action in REPLACING | DELETING and not policy.startswith(stateful.RETAIN):
        holds, risks = _OPAQUE, (Risk(Level.POSSIBLE, f"With it goes {_OPAQUE}."),)
    level = max((risk.level for risk in risks), default=Level.NONE)
    does = Does.REPLACE if action in REPLACING else Does.DELETE if action in DELETING else Does.WEAKEN
    if does is Does.WEAKEN and level < Level.POSSIBLE:
        return None
    sentences = tuple(f"{words.RISK_WORDS[one.level]}: {one.sentence}" for one in risks if one.level)
    certain = action in {Action.REPLACE, Action.DELETE}
    if does is Does.WEAKEN:
        return Harm(key, type_name, does, level, holds, sentences=sentences)
    note = _note(change, other, listed=listed)
    return Harm(key, type_name, does, level, holds, policy, certain, sentences, note)


def _merged(change: Change | None, other: ResourceChange | None, *, listed: bool) -> Action:
    """What happens to a resource by both sources."""
    compared = other.action if other else Action.UPDATE
    if change is None:
        # CloudFormation knows the conditions that cannot be judged here: what it does not add or remove stays.
        unknown = compared in {Action.MAY_DELETE, Action.MAY_CREATE, Action.MAY_CHANGE}
        return Action.UPDATE if unknown and listed else compared
    told = _ACTIONS[change.action]
    if told is Action.UPDATE and change.policy.startswith("ReplaceAnd"):
        told = Action.REPLACE
    if told is Action.UPDATE and compared is Action.REPLACE:
        return Action.MAY_REPLACE
    if told is Action.MAY_REPLACE and compared in {Action.REPLACE, Action.DELETE}:
        return compared
    return told


def _note(change: Change | None, other: ResourceChange | None, *, listed: bool) -> str:
    if change is None:
        return _HIDDEN if listed else ""
    in_place = change.action in {PlanAction.MODIFY, PlanAction.SYNC} and not change.policy.startswith("ReplaceAnd")
    return _IN_PLACE if in_place and other is not None and other.action is Action.REPLACE else ""


def _resolved(side: Side, logical_id: str) -> Mapping[str, Any]:
    body = side.template.get("Resources", {}).get(logical_id)
    if body is None:
        return {}
    found: Mapping[str, Any] = resolve({key: one for key, one in body.items() if key != "Metadata"}, side.scope)
    return found
