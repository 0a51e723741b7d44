"""A comparison as a :class:`tap.deploy.plan.Plan`, for the verbs that plan with CloudFormation. Pure.

Importing this imports boto3 (through the plan); nothing else of the package does.
"""

from __future__ import annotations

from tap.deploy.changeset import Kind
from tap.deploy.detail import Detail
from tap.deploy.plan import Action as PlanAction
from tap.deploy.plan import Change, Plan
from tap.diff import words
from tap.diff.model import Action, Diff, ResourceChange

_ACTIONS = {
    Action.CREATE: PlanAction.ADD,
    Action.UPDATE: PlanAction.MODIFY,
    Action.REPLACE: PlanAction.REPLACE,
    Action.MAY_REPLACE: PlanAction.MAY_REPLACE,
    Action.DELETE: PlanAction.REMOVE,
    Action.MAY_CREATE: PlanAction.DYNAMIC,
    Action.MAY_DELETE: PlanAction.DYNAMIC,
    Action.MAY_CHANGE: PlanAction.DYNAMIC,
}


def as_plan(diff: Diff, stack_name: str, kind: Kind) -> Plan:
    """The plan that a comparison foresees. Risks and widenings stay in the comparison: a plan has no place for them."""
    values = tuple(
        Detail(one.path, one.before, one.after)
        for one in diff.sections
        if one.section == "Parameters" and one.note == "value"
    )
    return Plan(stack_name, kind, tuple(map(as_change, diff.changes)), values, diff.notes, foreseen=True)


def as_change(change: ResourceChange) -> Change:
    """One resource's change as a plan has it."""
    return Change(
        _ACTIONS[change.action],
        change.logical_id,
        change.type,
        change.says,
        change.tier,
        tuple(Detail(one.path, one.before, one.after, one.recreation, one.cause) for one in change.edits),
        words.fate(change),
        raw_action=change.action.value,
        children=tuple(map(as_change, change.children)),
    )
