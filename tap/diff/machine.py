"""A comparison as JSON, as docs/diff.md describes it; :data:`VERSION` rises when a reader would break. Pure."""

from __future__ import annotations

import json
from typing import Any

from tap.diff import words
from tap.diff.model import Diff, Edit, ResourceChange, SectionEdit, Widening

VERSION = 1


def rendered(diff: Diff, exit_code: int) -> str:
    """The comparison as JSON text."""
    return json.dumps(data(diff, exit_code), indent=2, ensure_ascii=False)


def data(diff: Diff, exit_code: int) -> dict[str, Any]:
    """The comparison as plain data. ``exit_code`` is the one that the run ends with."""
    return {
        "version": VERSION,
        "old": diff.old,
        "new": diff.new,
        "region": diff.region,
        "different": not diff.empty,
        "risk": diff.level.word,
        "dangerous": diff.dangerous,
        "exit_code": exit_code,
        "summary": words.summary(diff),
        "counts": {action.value: count for action, count in diff.counts.items()},
        "widenings": [_widening(one) for one in diff.widenings],
        "resources": [resource(one) for one in diff.changes],
        "sections": [section(one) for one in diff.sections],
        "notes": list(diff.notes),
    }


def resource(change: ResourceChange) -> dict[str, Any]:
    """One resource as plain data, with those of the nested stack that it is."""
    return {
        "logical_id": change.logical_id,
        "type": change.type,
        "action": change.action.value,
        "renamed_from": change.renamed_from,
        "tier": change.tier,
        "description": change.says,
        "policy": change.policy,
        "holds": change.holds,
        "risk": change.level.word,
        "dangerous": change.dangerous,
        "only": change.only,
        "risks": [{"level": risk.level.word, "sentence": risk.sentence} for risk in change.risks],
        "reasons": list(change.reasons),
        "notes": list(change.notes),
        "edits": [edit(one) for one in change.edits],
        "children": [resource(child) for child in change.children],
    }


def edit(one: Edit) -> dict[str, Any]:
    """One changed path as plain data."""
    return {
        "path": one.path,
        "kind": one.kind.value,
        "before": one.before,
        "after": one.after,
        "replaces": one.recreation,
        "cause": one.cause,
    }


def section(edit: SectionEdit) -> dict[str, Any]:
    """A difference outside the resources as plain data."""
    return {
        "section": edit.section,
        "path": edit.path,
        "before": edit.before,
        "after": edit.after,
        "note": edit.note,
        "cause": edit.cause,
    }


def _widening(one: Widening) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "logical_id": one.logical_id,
        "who": one.who,
        "sentence": one.sentence,
        "certain": one.certain,
        "new": one.fresh,
    }
