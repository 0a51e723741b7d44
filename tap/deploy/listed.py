"""A plan from a change set: what CloudFormation answers, in tap's words. Pure.

CloudFormation's answer counts; the templates give words (descriptions, tiers) and the values that it left out. Nothing
in an answer can make this fail: a key may be missing, a word unknown, a resource on two pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tap.deploy import detail as details_of
from tap.deploy.changeset import ChangeSet, Kind
from tap.deploy.detail import Version
from tap.deploy.foresight import foresee, parameters
from tap.deploy.mask import Mask
from tap.deploy.plan import NOTHING, STACK, Change, Plan, Side, in_order, mask_of
from tap.diff.model import ONLY, Action, Edit

_ACTIONS = {
    "Add": Action.CREATE,
    "Remove": Action.DELETE,
    "Import": Action.IMPORT,
    "Dynamic": Action.DYNAMIC,
    "SyncWithActual": Action.SYNC,
}
_GRAVITY = ("", "False", "Conditional", "True")
"""``Replacement``, the gravest last; a word that is not known counts as "Conditional"."""
_NESTED_NOTE = (
    "Of nested stacks CloudFormation announces more changes and replacements than come: what depends on another nested "
    "stack's output is known only when that is done."
)
_Raw = Mapping[str, Any]


def from_change_set(change_set: ChangeSet, kind: Kind, old: Side, new: Side) -> Plan:
    """The plan that a change set amounts to. ``old`` is :data:`~tap.deploy.plan.NOTHING` for no stack."""
    mask = mask_of(old, new)
    changes = _changes(change_set, old, new, mask)
    return Plan(
        change_set.stack_name,
        kind,
        changes,
        parameters(kind, old, new),
        tuple(mask.text("", note) for note in _notes(change_set, changes)),
        findings=tuple(replace(one, reason=mask.text("", one.reason)) for one in change_set.all_findings),
        empty=change_set.empty,
        drift=change_set.drift,
    )


def _changes(change_set: ChangeSet, old: Side, new: Side, mask: Mask) -> tuple[Change, ...]:
    bare, valued = _by_key(change_set.bare), _by_key(change_set.valued)
    found = [
        _change(valued.get(key, bare.get(key, {})), bare.get(key, {}), change_set, old, new, mask)
        for key in dict.fromkeys((*bare, *valued))
    ]
    return in_order(found, new)


def _by_key(changes: Iterable[_Raw]) -> dict[tuple[str, str, str], _Raw]:
    """The changes by resource and action. What stands on two pages is one change, with the details of both."""
    found: dict[tuple[str, str, str], _Raw] = {}
    for one in changes:
        key = (_logical_id(one), str(one.get("Action", "")), "" if one.get("LogicalResourceId") else _physical_id(one))
        other = found.get(key)
        if other is not None:
            details = [*(other.get("Details") or ()), *(one.get("Details") or ())]
            found[key] = {**one, **other, "Details": details, "Replacement": _graver(other, one)}
        else:
            found[key] = one
    return found


def _change(raw: _Raw, bare: _Raw, change_set: ChangeSet, old: Side, new: Side, mask: Mask) -> Change:
    logical_id = _logical_id(raw)
    before = old.template.get("Resources", {}).get(logical_id, {})
    after = new.template.get("Resources", {}).get(logical_id, {})
    action = _action({**raw, "Replacement": _graver(raw, bare)})
    edits: tuple[Edit, ...] = ()
    if action not in {Action.CREATE, Action.DELETE, Action.IMPORT}:
        details = details_of.merged(raw.get("Details") or (), bare.get("Details") or ())
        edits = details_of.from_change(details, Version(before, old.scope), Version(after, new.scope), mask)
    about = (after or before).get("Metadata") or {}
    ignored = tuple(
        (str(one.get("Path", "")), str(one.get("Reason", "")))
        for one in raw.get("ResourceDriftIgnoredAttributes") or ()
    )
    kinds = {edit.kind for edit in edits}
    return Change(
        action,
        logical_id,
        str(raw.get("ResourceType") or (after or before).get("Type", "")),
        says=str(about.get("Description", "")),
        tier=str(about.get("Tier", "")),
        edits=edits,
        notes=tuple(f"its drift in {path} is left alone ({reason})" for path, reason in ignored),
        policy=str(raw.get("PolicyAction") or "").removeprefix("ReplaceAnd"),
        only=ONLY.get(next(iter(kinds)), "") if len(kinds) == 1 and action is Action.UPDATE else "",
        children=_children(raw, change_set.children.get(logical_id), old, new, mask),
        physical_id=mask.text("", _physical_id(raw)),
        raw_action=str(raw.get("Action") or "unknown"),
        drift=str(raw.get("ResourceDriftStatus") or ""),
        drift_ignored=ignored,
    )


def _children(raw: _Raw, nested: ChangeSet | None, old: Side, new: Side, mask: Mask) -> tuple[Change, ...]:
    """The changes inside a nested stack; for a new one whose change set was not given, what its template has."""
    logical_id = _logical_id(raw)
    if nested:
        return _changes(nested, old.child(logical_id), new.child(logical_id), mask)
    if raw.get("Action") == "Add" and raw.get("ResourceType") == STACK:
        return foresee("", "CREATE", NOTHING, new.child(logical_id)).changes
    return ()


def _logical_id(raw: _Raw) -> str:
    return str(raw.get("LogicalResourceId") or "(no logical id)")


def _physical_id(raw: _Raw) -> str:
    return str(raw.get("PhysicalResourceId") or "")


def _graver(*changes: _Raw) -> str:
    """The gravest ``Replacement``: where two answers differ, neither is to be believed."""
    words = (str(one.get("Replacement") or "") for one in changes)
    return max((word if word in _GRAVITY else "Conditional" for word in words), key=_GRAVITY.index)


def _action(raw: _Raw) -> Action:
    name = raw.get("Action", "")
    if name != "Modify":
        return _ACTIONS.get(name, Action.OTHER)
    if raw["Replacement"] in {"True", "Conditional"}:
        return Action.REPLACE if raw["Replacement"] == "True" else Action.MAY_REPLACE
    return Action.REPLACE if str(raw.get("PolicyAction", "")).startswith("ReplaceAnd") else Action.UPDATE


def _notes(change_set: ChangeSet, changes: tuple[Change, ...]) -> Iterator[str]:
    yield from change_set.notes
    if change_set.empty:
        return
    dropped = {_logical_id(one) for one in change_set.bare} - {_logical_id(one) for one in change_set.valued}
    if change_set.reason:
        yield f"CloudFormation: {change_set.reason}"
    if dropped:
        names = ", ".join(sorted(dropped))
        yield f"CloudFormation gave no property values for {names}; they are read off the templates."
    if any(change.children and change.action is not Action.CREATE for change in changes):
        yield _NESTED_NOTE
