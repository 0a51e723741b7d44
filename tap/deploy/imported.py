"""Exports that other stacks import: CloudFormation refuses to remove them or to change their values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy.plan import Side, resolved_exports
from tap.deploy.resolve import resolve
from tap.references import find

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True)
class Stake:
    """An export that a change would remove (``gone``) or give another value."""

    name: str
    gone: bool


def at_stake(old: Side, new: Side, replaced: Collection[str]) -> list[Stake]:
    """The exports that go, and those whose value changes: its expression, or a resource in it that is replaced.

    ``replaced`` are the logical ids of the resources that are or may be replaced or removed. Pure.
    """
    kept = set(resolved_exports(new))
    found = [Stake(name, gone=True) for name in resolved_exports(old) if name not in kept]
    before, after = _values(old), _values(new)
    for name in before.keys() & after.keys() & kept:
        resources = {use.reference.name for use in find(after[name])}
        changes = str(resolve(before[name], old.scope)) != str(resolve(after[name], new.scope))
        if changes or not resources.isdisjoint(replaced):
            found.append(Stake(name, gone=False))
    return sorted(found, key=lambda stake: stake.name)


def _values(side: Side) -> dict[str, object]:
    outputs = side.template.get("Outputs", {}).values()
    return {str(resolve(one["Export"]["Name"], side.scope)): one.get("Value") for one in outputs if "Export" in one}


def importers(client: CloudFormationClient, export: str) -> tuple[str, ...]:
    """The names of the stacks that import an export; none where it is not there, or where one may not ask."""
    try:
        pages = client.get_paginator("list_imports").paginate(ExportName=export)
        return tuple(name for page in pages for name in page["Imports"])
    except (ClientError, BotoCoreError):
        # CloudFormation answers with an error when nobody imports it (API reference, ListImports).
        return ()


def refusals(client: CloudFormationClient, stack_name: str, stakes: Iterable[Stake]) -> Iterator[str]:
    """A sentence for each export that CloudFormation will not let go or change, and what to do."""
    for stake in stakes:
        stacks = [name for name in importers(client, stake.name) if name != stack_name]
        if stacks:
            happens = "disappears" if stake.gone else "changes its value"
            yield (
                f"The export {stake.name} {happens} and is imported by {', '.join(stacks)}: CloudFormation will "
                f"refuse. Do it in two steps: first deploy {', '.join(stacks)} without that import, then this stack. "
                "To give another value meanwhile, export it under a new name."
            )


def kept_by(client: CloudFormationClient, stack_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The exports of these stacks that are imported, each with the names of the stacks that do.

    Nothing where one may not ask.
    """
    try:
        pages = client.get_paginator("list_exports").paginate()
        names = [one["Name"] for page in pages for one in page["Exports"] if one["ExportingStackId"] in stack_ids]
    except (ClientError, BotoCoreError):
        return {}
    found = ((name, importers(client, name)) for name in names)
    return {name: stacks for name, stacks in found if stacks}
