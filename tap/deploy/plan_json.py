"""A plan as plain data, as docs/plan.md describes it; :data:`VERSION` rises when a reader would break. Pure.

The same plan gives the same data, in the same order: a digest of it tells whether two plans are the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tap.deploy.findings import Finding
from tap.deploy.gate import Harm
from tap.deploy.plan import Change, Plan
from tap.deploy.render import remarks, summary
from tap.diff import machine
from tap.diff.model import Detail

VERSION = 1


def rendered(plans: Sequence[Plan], exit_code: int) -> str:
    """The plans of a run as JSON text."""
    return json.dumps(document(plans, exit_code), indent=2, ensure_ascii=False)


def document(plans: Sequence[Plan], exit_code: int) -> dict[str, Any]:
    """The plans of a run as plain data. ``exit_code`` is the one that the run ends with."""
    return {
        "version": VERSION,
        "exit_code": exit_code,
        "pending": any(plan.pending for plan in plans),
        "dangerous": any(plan.dangerous for plan in plans),
        "stacks": [to_json(plan) for plan in plans],
    }


def to_json(plan: Plan) -> dict[str, Any]:
    """One stack's plan as plain data. What must not be shown is not in a plan, so it is not in this either."""
    return {
        "stack": plan.stack_name,
        "kind": plan.kind,
        "foreseen": plan.foreseen,
        "empty": plan.empty,
        "pending": plan.pending,
        "dangerous": plan.dangerous,
        "drift": plan.drift,
        "summary": summary(plan),
        "counts": {action.value: count for action, count in plan.counts.items()},
        "widenings": list(plan.widenings),
        "harms": [_harm(harm) for harm in plan.harms],
        "findings": [_finding(finding) for finding in plan.findings],
        "parameters": [_parameter(one) for one in plan.parameters],
        "resources": [_change(change) for change in plan.changes],
        "settings": [{"name": one.kind, "before": one.before, "after": one.after} for one in plan.settings],
        "outputs": [machine.section(one) for one in plan.outputs],
        "notes": list(remarks(plan)),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        **machine.resource(change),
        "hidden": change.hidden,
        "physical_id": change.physical_id,
        "change_set_action": change.raw_action,
        "drift": change.drift,
        "drift_ignored": [{"path": path, "reason": reason} for path, reason in change.drift_ignored],
        "edits": [
            {**machine.edit(one), "hidden": one.hidden, "known": one.known, "deployed": one.deployed}
            for one in change.edits
        ],
        "children": [_change(child) for child in change.children],
    }


def _parameter(detail: Detail) -> dict[str, Any]:
    return {"name": detail.path, "before": detail.before, "after": detail.after}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "mode": finding.mode,
        "validation": finding.name,
        "logical_id": finding.logical_id,
        "path": finding.path,
        "reason": finding.reason,
        "skipped": finding.skipped,
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
