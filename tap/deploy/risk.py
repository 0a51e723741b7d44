"""What a plan puts at risk, of the change set and the comparison of the templates as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tap.deploy.gate import Does, Harm
from tap.deploy.merge import IN_PLACE
from tap.deploy.plan import STACK, Change, Plan, Side
from tap.deploy.resolve import resolve
from tap.diff import stateful, words
from tap.diff.model import DELETING, REPLACING, UNKNOWN, Action, Diff, Level, Risk

_FRESH = frozenset({Action.CREATE, Action.MAY_CREATE, Action.IMPORT})
_HIDDEN = "The change set does not mention it; the comparison of the templates does."
_OPAQUE = "what is in the nested stack, which could not be seen"


def judged(plan: Plan, found: Diff | None, old: Side, new: Side) -> Plan:
    """The merged plan with what it widens and puts at risk, as a whole and at each change.

    ``found`` is the comparison of ``old`` and ``new``, if any.
    """
    widenings = words.shown_widenings(found)[0] if found else ()
    changes = tuple(_with_risks(one, old, new, compared=found is not None) for one in plan.changes)
    harms = tuple(_harms(changes))
    return replace(plan, changes=changes, widenings=tuple(words.widening(one) for one in widenings), harms=harms)


def _with_risks(change: Change, old: Side, new: Side, *, compared: bool) -> Change:
    """The change with its risks, and those of the changes in the nested stack that it is.

    ``compared``: what the change set does not mention comes from the comparison, with its risks.
    """
    key = change.logical_id
    children = tuple(_with_risks(one, old.child(key), new.child(key), compared=compared) for one in change.children)
    if change.action in _FRESH or (compared and not change.raw_action):
        return replace(change, children=children)
    # What CloudFormation itself does not know yet, or this tool: it may be replaced.
    action = Action.MAY_REPLACE if change.action in UNKNOWN else change.action
    before, after = _resolved(old, change.renamed_from or key), _resolved(new, key)
    policy = change.policy
    if not policy and action in REPLACING | DELETING:
        policy = (
            stateful.on_replace(after) if action in REPLACING else stateful.on_delete(before or {"Type": change.type})
        )
    # Where the deployed template could not be read, the type alone tells what it holds.
    after = after if before and action not in DELETING else {}
    before = before or {"Type": change.type, "Properties": {}}
    risks = stateful.decide(stateful.Fate(change.type, action, before, after, policy))
    kept = stateful.holding(change.type, before.get("Properties") or {})
    holds = kept.what if kept else ""
    opaque = change.type == STACK and not change.children
    if opaque and action in REPLACING | DELETING and not policy.startswith(stateful.RETAIN):
        holds, risks = _OPAQUE, (Risk(Level.POSSIBLE, f"With it goes {_OPAQUE}."),)
    return replace(change, risks=risks, holds=holds, policy=policy, children=children)


def _harms(changes: Iterable[Change], inside: str = "") -> Iterator[Harm]:
    """The harmful changes of one stack and those nested in it."""
    for change in changes:
        harm = _harm(change)
        if harm:
            yield replace(harm, logical_id=inside + harm.logical_id)
        if change.action not in {Action.CREATE, Action.IMPORT}:
            yield from _harms(change.children, f"{inside}{change.logical_id}/")


def _harm(change: Change) -> Harm | None:
    if change.action in _FRESH:
        return None
    action = Action.MAY_REPLACE if change.action in UNKNOWN else change.action
    does = Does.REPLACE if action in REPLACING else Does.DELETE if action in DELETING else Does.WEAKEN
    if does is Does.WEAKEN and change.level < Level.POSSIBLE:
        return None
    sentences = tuple(f"{words.RISK_WORDS[one.level]}: {one.sentence}" for one in change.risks if one.level)
    if does is Does.WEAKEN:
        return Harm(change.logical_id, change.type, does, change.level, change.holds, sentences=sentences)
    certain = action in {Action.REPLACE, Action.DELETE}
    note = _HIDDEN if change.hidden else IN_PLACE if IN_PLACE in change.notes else ""
    return Harm(
        change.logical_id, change.type, does, change.level, change.holds, change.policy, certain, sentences, note
    )


def _resolved(side: Side, logical_id: str) -> Mapping[str, Any]:
    body = side.template.get("Resources", {}).get(logical_id)
    if body is None:
        return {}
    found: Mapping[str, Any] = resolve({key: one for key, one in body.items() if key != "Metadata"}, side.scope)
    return found
