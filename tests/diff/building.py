"""Small templates and their comparison, for the tests of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap.diff.compare import compare
from tap.diff.model import Diff, ResourceChange, flat
from tap.diff.schemas import bundled
from tap.diff.side import Side

Body = Mapping[str, Any]


def resource(type_name: str, properties: Body | None = None, **attributes: Any) -> dict[str, Any]:
    """A resource; a type without a vendor is AWS's."""
    full = type_name if type_name.startswith(("AWS::", "Custom::", "Third::")) else f"AWS::{type_name}"
    return {"Type": full, **attributes, "Properties": dict(properties or {})}


def side(resources: Body, values: Mapping[str, str] | None = None, **sections: Any) -> Side:
    """A side whose template has these resources and sections."""
    return Side({"Resources": dict(resources), **sections}, values or {}, label="a template")


def diff(old: Side | Body, new: Side | Body) -> Diff:
    """What differs; resources alone make a side."""
    first, last = (one if isinstance(one, Side) else side(one) for one in (old, new))
    return compare(first, last, bundled())


def changes(old: Side | Body, new: Side | Body) -> dict[str, ResourceChange]:
    """The changed resources by logical id."""
    return {one.logical_id: one for one in flat(diff(old, new).changes)}


def change(before: Body | None, after: Body | None) -> ResourceChange:
    """The change of one resource, called ``It``."""
    found = changes({"It": before} if before else {}, {"It": after} if after else {})
    return found["It"]
