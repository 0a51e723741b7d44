"""Repair: a change set lists the resources that a condition switches on or off.

MiniStack compares the old and the new template's resources without regard to their conditions, so a parameter
that flips a condition is wrongly no change.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any

from ministack.services.cloudformation import changesets
from ministack.services.cloudformation.engine import _evaluate_conditions


def repair() -> None:
    """Leave what a condition excludes out of both sides of the comparison."""
    original = changesets._resolve_props_for_diff

    @wraps(original)
    def resolve(template: Any, parameters: Any, stack_name: str, stack_id: str) -> dict[str, Any]:
        resolved: dict[str, Any] = original(template, parameters, stack_name, stack_id)
        if resolved:
            conditions = _conditions(template, parameters)
            resolved["Resources"] = {
                name: resource
                for name, resource in resolved["Resources"].items()
                if conditions.get(resource.get("Condition"), True)
            }
        return resolved

    changesets._resolve_props_for_diff = resolve


def _conditions(template: Any, parameters: Any) -> Mapping[Any, bool]:
    try:
        evaluated: Mapping[Any, bool] = _evaluate_conditions(template, parameters)
    except Exception:  # MiniStack's own diff takes an unresolvable condition the same way: it shows the resource
        return {}
    return evaluated
