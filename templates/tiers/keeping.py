"""What becomes of data when its stack is deleted: a choice of the whole system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import Equals, If, Not, Ref

from tap.model import Tier

PRODUCTION, DISPOSABLE = "IsProduction", "IsDisposable"


@dataclass(frozen=True)
class Keeping:
    """Deletion policies for what holds data, and whether it is protected from deletion.

    ``data`` is the policy of buckets, keys, logs and tables, ``snapshot`` that of what can leave a snapshot behind.
    ``key_days`` is how long a deleted key can be had back. ``says`` ends a sentence about what holds data, ``leaves``
    one about what can leave a snapshot. ``empties`` tells whether buckets are emptied with the stack: always, never, or
    by a condition (its name).
    """

    data: Any
    snapshot: Any
    protected: Any
    key_days: Any
    says: str
    leaves: str
    empties: bool | str

    @property
    def policies(self) -> dict[str, Any]:
        """Resource attributes for what holds data."""
        return {"DeletionPolicy": self.data, "UpdateReplacePolicy": self.data}

    @property
    def needed(self) -> dict[str, Any]:
        """Resource attributes for what a cluster that stays still uses: it could not be deleted, and the stack's
        deletion would fail on it."""
        return self.snapshots if self.snapshot == "Retain" else {}

    @property
    def snapshots(self) -> dict[str, Any]:
        """Resource attributes for what can leave a snapshot behind."""
        return {"DeletionPolicy": self.snapshot, "UpdateReplacePolicy": self.snapshot}


DESTROY = Keeping("Delete", "Delete", False, 7, "Deleted with the stack.", "Deleted with the stack.", True)
"""Nothing outlives the stack."""

RETAIN = Keeping(
    "Retain", "Retain", True, 30, "Stays when the stack is deleted.", "Stays when the stack is deleted.", False
)
"""Data outlives the stack, and is protected from deletion."""


def by_environment(shared: Tier) -> Keeping:
    """Production keeps its data, other environments are destroyed whole; adds the parameter that tells them apart.

    A deletion policy that depends on a condition needs the transform AWS::LanguageExtensions (source: CloudFormation
    user guide, "Intrinsic function references in DeletionPolicy and UpdateReplacePolicy attributes").
    """
    kind = shared.parameter(
        "EnvironmentType",
        "What kind of environment this is. prod keeps its data when the stack is deleted, and protects it; in dev and "
        "staging everything goes with the stack.",
        group="Environment",
        label="Kind",
        Default="dev",
        AllowedValues=["dev", "staging", "prod"],
        ConstraintDescription="dev, staging or prod",
    )
    shared.condition(PRODUCTION, Equals(Ref(kind), "prod"))
    shared.condition(DISPOSABLE, Not(Equals(Ref(kind), "prod")))
    return Keeping(
        If(PRODUCTION, "Retain", "Delete"),
        If(PRODUCTION, "Snapshot", "Delete"),
        If(PRODUCTION, True, False),
        If(PRODUCTION, 30, 7),
        "In production it stays when the stack is deleted; elsewhere it goes too.",
        "In production a last snapshot stays when the stack is deleted; elsewhere nothing does.",
        DISPOSABLE,
    )
