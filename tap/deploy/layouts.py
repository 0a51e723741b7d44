"""Whether a system is deployed in another layout already: its resources would have the same names twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap.deploy import stacks
from tap.deploy.source import SUFFIX, StackSource, SystemSource
from tap.deploy.stacks import Stack, StackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


def check_deployed(stack: Stack, deployed: Mapping[str, Any], source: StackSource) -> None:
    """Raise StackError when a stack was made from another layout's template than the one that is to be deployed."""
    layout = str(source.about.get("Layout"))
    present = ((deployed.get("Metadata") or {}).get("Template") or {}).get("Layout", layout)
    if present != layout:
        raise StackError(
            f"{stack.name} is deployed in the layout {present!r}. Deploying {layout!r} over it would remove every "
            f"resource and make it anew. Use --layout {present}, or another {SUFFIX}, or delete it first."
        )


def check_beside(client: CloudFormationClient, system: SystemSource, suffix: str, out: Path) -> None:
    """Raise StackError when new stacks are to stand beside those of another layout, which have the names they want."""
    if system.layout == "edge":
        return
    whole = f"{system.name}-{suffix}"
    names, other = [whole], "stack (or nested)"
    if system.layout != "tiers":
        first = sorted((out / system.name / "tiers").glob("[0-9][0-9]-*.yaml"))[:1]
        names, other = [f"{whole}-{path.stem.split('-', 1)[1]}" for path in first], "tiers"
    for name in names:
        found = stacks.look(client, name)
        if found.exists and found.status != "REVIEW_IN_PROGRESS":
            raise StackError(
                f"{name} is there ({found.status}): {system.name} is deployed in the layout {other}, and its "
                f"resources have the names that {system.layout!r} would give. Use that layout, another {SUFFIX}, or "
                "delete it first."
            )
