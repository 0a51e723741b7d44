"""What a change set says and what the comparison of the templates says, as one. Pure.

A change set can hide things: resources are dropped from its answer, some changes it does not see (an empty object in
the place of another), and "conditional" is neither yes nor no. What either of the two says stands in the plan, the
graver where they differ, with a note on where it is known from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

from tap.deploy.plan import Change, Plan, Side, in_order
from tap.diff.model import KNOWN_LATER, Action, Diff, Edit, ResourceChange

IN_PLACE = "The change set has it modified in place; by its resource schema it is replaced."
_EMPTY = (
    "CLOUDFORMATION SAYS THAT THERE IS NOTHING TO CHANGE, but the templates differ: what is listed here is not applied "
    "by itself, now or later. Deploy it together with a change that CloudFormation does see."
)
_UNLISTED = (
    "The change set does not list everything: {names} {differ} between the templates. CloudFormation overlooks some "
    "changes when it makes a change set, and applies them all the same when that is executed (seen with the actions of "
    "AWS::WAFv2::WebACL). Count with them."
)
_SURE = frozenset(Action) - {Action.MAY_CREATE, Action.MAY_DELETE, Action.MAY_CHANGE}
"""What counts though the change set does not mention it. The rest is left open by conditions that cannot be judged
here; CloudFormation can, and what it does not add or remove stays."""


def merged(plan: Plan, found: Diff | None, new: Side) -> Plan:
    """The plan with what the comparison adds. ``new`` is what is to be deployed, for the order of its resources."""
    if found is None:
        return plan
    outputs = tuple(one for one in found.sections if one.section == "Outputs")
    if plan.foreseen:
        changes = tuple(_compared(one, listed=False) for one in found.changes)
        return replace(plan, changes=changes, outputs=outputs, notes=(*plan.notes, *found.notes))
    changes = _merged(plan.changes, found.changes, new, listed=True)
    both = replace(plan, changes=changes, outputs=outputs)
    return replace(both, notes=(*_loud(both), *plan.notes))


def _loud(plan: Plan) -> Iterator[str]:
    """What must be said first where the two differ. Sources: aws/aws-cdk-cli pull request 1951 (WAFv2: the change set
    completes with an empty list, and the deployment applies the change), aws/aws-cdk issue 11521 (a change of policies
    alone: the change set fails, and the change is applied together with another one)."""
    if plan.not_applied:
        yield _EMPTY
    elif plan.hidden and not plan.empty:
        names = ", ".join(dict.fromkeys(plan.hidden))
        yield _UNLISTED.format(names=names, differ="differs" if len(set(plan.hidden)) == 1 else "differ")


def _merged(
    told: Iterable[Change], compared: Iterable[ResourceChange], new: Side, *, listed: bool
) -> tuple[Change, ...]:
    """``listed``: a change set speaks for these; else what the comparison says is not hidden by one."""
    by_compared = {one.logical_id: one for one in compared}
    found = [_both(one, by_compared.pop(one.logical_id, None), new, listed=listed) for one in told]
    found += [_compared(one, listed=listed) for one in by_compared.values() if one.action in _SURE or not listed]
    return in_order(found, new)


def _both(told: Change, other: ResourceChange | None, new: Side, *, listed: bool) -> Change:
    if other is None:
        return told
    action = _graver(told, other)
    fresh = told.action in {Action.CREATE, Action.IMPORT}
    edits = () if told.action in {Action.CREATE, Action.IMPORT, Action.DELETE} else _unlisted(told.edits, other.edits)
    notes = (IN_PLACE,) if told.action in {Action.UPDATE, Action.SYNC} and other.action is Action.REPLACE else ()
    nested = _merged(told.children, other.children, new.child(told.logical_id), listed=listed and bool(told.children))
    return replace(
        told,
        action=action,
        edits=(*told.edits, *edits),
        reasons=tuple(dict.fromkeys((*told.reasons, *other.reasons))),
        notes=(*told.notes, *notes, *other.notes),
        policy=told.policy or ("" if told.action in {Action.CREATE, Action.IMPORT} else other.policy),
        only="" if edits or action is not Action.UPDATE else told.only,
        holds=other.holds,
        renamed_from=other.renamed_from,
        children=told.children if fresh and told.children else nested,
    )


def _graver(told: Change, other: ResourceChange) -> Action:
    if told.action in {Action.UPDATE, Action.SYNC} and other.action is Action.REPLACE:
        return Action.MAY_REPLACE
    if told.action is Action.MAY_REPLACE and other.action in {Action.REPLACE, Action.DELETE}:
        return other.action
    return told.action


def _unlisted(told: Iterable[Edit], compared: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits that a change set does not mention. What follows from another resource it knows better."""
    paths = [one.path for one in told]
    return tuple(
        replace(edit, hidden=True)
        for edit in compared
        if edit.after != KNOWN_LATER and not any(_covers(path, edit.path) for path in paths)
    )


def _covers(path: str, other: str) -> bool:
    """Whether two paths are the same, or one is within the other."""
    short, long = sorted((path, other), key=len)
    return long.startswith(short) and long[len(short) : len(short) + 1] in {"", ".", "["}


def _compared(other: ResourceChange, *, listed: bool) -> Change:
    """A change that only the comparison knows."""
    own = {each.name: getattr(other, each.name) for each in fields(ResourceChange)}
    own["children"] = tuple(_compared(one, listed=listed) for one in other.children)
    return Change(**own, hidden=listed)
