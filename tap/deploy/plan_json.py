"""A plan as plain data, as docs/plan.md describes it; :data:`VERSION` rises when a reader would break. Pure.

The same plan gives the same data, in the same order: a digest of it tells whether two plans are the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tap.deploy.detail import Detail
from tap.deploy.gate import Harm
from tap.deploy.plan import Change, Plan
from tap.deploy.render import summary

VERSION = 1


def rendered(plans: Sequence[Plan], exit_code: int) -> str:
    """The plans of a run as JSON text."""
    return json.dumps(document(plans, exit_code), indent=2, ensure_ascii=False)


def document(plans: Sequence[Plan], exit_code: int) -> dict[str, Any]:
    """The plans of a run as plain data. ``exit_code`` is the one that the run ends with."""
    return {
        "version": VERSION,
        "exit_code": exit_code,
        "stacks": [to_json(plan) for plan in plans],
    }


def to_json(plan: Plan) -> dict[str, Any]:
    """One stack's plan as plain data. What must not be shown is not in a plan, so it is not in this either."""
    return {
        "stack": plan.stack_name,
        "kind": plan.kind,
        "foreseen": plan.foreseen,
        "summary": summary(plan),
        "counts": {action.value: count for action, count in plan.counts.items()},
        "widenings": list(plan.widenings),
        "harms": [_harm(harm) for harm in plan.harms],
        "parameters": [_detail(one) for one in plan.parameters],
        "resources": [_change(change) for change in plan.changes],
        "notes": list(plan.notes),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "logical_id": change.logical_id,
        "physical_id": change.physical_id,
        "type": change.type,
        "action": change.action.value,
        "policy": change.policy,
        "tier": change.tier,
        "description": change.says,
        "edits": [_detail(one) for one in change.details],
        "children": [_change(child) for child in change.children],
    }


def _detail(detail: Detail) -> dict[str, Any]:
    return {
        "path": detail.path,
        "before": detail.before,
        "after": detail.after,
        "replaces": detail.recreation,
        "cause": detail.cause,
    }


def _harm(harm: Harm) -> dict[str, Any]:
    return {
        "logical_id": harm.logical_id,
        "type": harm.type,
        "does": harm.does.value,
        "risk": harm.level.word,
        "holds": harm.holds,
        "policy": harm.policy,
        "certain": harm.certain,
        "must_be_named": harm.stateful,
        "option": harm.option,
        "sentences": list(harm.sentences),
        "note": harm.note,
    }
