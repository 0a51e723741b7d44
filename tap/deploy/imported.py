"""Exports that other stacks import: CloudFormation refuses to remove them or to change their values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy.aws_errors import code
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


def importers(client: CloudFormationClient, export: str) -> tuple[str, ...] | None:
    """The names of the stacks that import an export; none where it is not there. None where they cannot be seen."""
    try:
        pages = client.get_paginator("list_imports").paginate(ExportName=export)
        return tuple(name for page in pages for name in page["Imports"])
    except ClientError as error:
        # CloudFormation answers with an error when nobody imports it (API reference, ListImports).
        return () if code(error) == "ValidationError" else None
    except BotoCoreError:
        return None


def refusals(client: CloudFormationClient, stack_name: str, stakes: Iterable[Stake]) -> Iterator[str]:
    """A sentence for each export that CloudFormation will not let go or change, and what to do."""
    unseen = []
    for stake in stakes:
        found = importers(client, stake.name)
        if found is None:
            unseen.append(stake.name)
        stacks = [name for name in found or () if name != stack_name]
        if stacks:
            happens = "disappears" if stake.gone else "changes its value"
            yield (
                f"The export {stake.name} {happens} and is imported by {', '.join(stacks)}: CloudFormation will "
                f"refuse. Do it in two steps: first deploy {', '.join(stacks)} without that import, then this stack. "
                "To give another value meanwhile, export it under a new name."
            )
    if unseen:
        yield (
            f"Who imports {', '.join(unseen)} could not be seen (ListImports): the export disappears or changes its "
            "value, which CloudFormation refuses while another stack imports it."
        )


def kept_by(client: CloudFormationClient, stack_ids: Collection[str]) -> tuple[dict[str, tuple[str, ...]], str]:
    """The exports of these stacks that are imported, each with the names of the stacks that do.

    And a sentence where that could not be seen, else ``""``.
    """
    try:
        pages = client.get_paginator("list_exports").paginate()
        names = [one["Name"] for page in pages for one in page["Exports"] if one["ExportingStackId"] in stack_ids]
    except (ClientError, BotoCoreError):
        return {}, f"Whether other stacks import from what is to go could not be seen (ListExports). {_KEPT}"
    found = {name: importers(client, name) for name in names}
    unseen = ", ".join(name for name, stacks in found.items() if stacks is None)
    note = f"Who imports {unseen} could not be seen (ListImports). {_KEPT}" if unseen else ""
    return {name: stacks for name, stacks in found.items() if stacks}, note


_KEPT = "CloudFormation refuses to delete a stack while another imports from it."
