"""What the templates alone tell, where CloudFormation cannot be asked. Says nothing about replacement. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap.deploy import detail as details_of
from tap.deploy.changeset import Kind
from tap.deploy.detail import Version
from tap.deploy.difference import leaves
from tap.deploy.mask import Mask
from tap.deploy.plan import Change, Plan, Side, in_order, mask_of
from tap.diff.model import Action, Detail


def foresee(stack_name: str, kind: Kind, old: Side, new: Side) -> Plan:
    """What comes, goes and differs between two templates."""
    mask, changes = mask_of(old, new), list[Change]()
    before, after = old.resources, new.resources
    for logical_id, resource in after.items():
        if logical_id not in before:
            changes.append(_worded(Action.CREATE, logical_id, resource))
            continue
        found = details_of.from_templates(Version(before[logical_id], old.scope), Version(resource, new.scope), mask)
        if found:
            changes.append(_worded(Action.UPDATE, logical_id, resource, edits=found))
    removed = [key for key in before if key not in after]
    changes += [_worded(Action.DELETE, key, before[key]) for key in removed]
    return Plan(stack_name, kind, in_order(changes, new), parameters(kind, old, new), foreseen=True)


def parameters(kind: Kind, old: Side, new: Side) -> tuple[Detail, ...]:
    """The values of parameters that change, of an update; those that are hidden are not listed."""
    if kind == "CREATE":
        return ()
    mask, hidden = mask_of(old, new), old.hidden | new.hidden
    return tuple(
        Detail(leaf.path, _shown(mask, leaf.path, leaf.before), _shown(mask, leaf.path, leaf.after))
        for leaf in leaves(old.values, new.values)
        if leaf.path not in hidden
    )


def _shown(mask: Mask, name: str, value: str | None) -> str | None:
    return None if value is None else mask.text(name, value)


def _worded(action: Action, logical_id: str, resource: Mapping[str, Any], **more: Any) -> Change:
    about = resource.get("Metadata") or {}
    return Change(
        action,
        logical_id,
        str(resource.get("Type", "")),
        says=str(about.get("Description", "")),
        tier=str(about.get("Tier", "")),
        **more,
    )
