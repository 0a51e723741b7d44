"""One resource while it is being judged: what happens to it, why, and what else there is to know. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap.diff.follow import is_custom
from tap.diff.model import REPLACING, Action, Edit, Kind, ResourceChange
from tap.diff.schemas import Rules
from tap.diff.views import Pair

RANK = ("", "may", "always")


@dataclass
class Draft:
    """A resource while it is being judged.

    ``before`` and ``after`` are as the templates have it, None for not there; ``was`` and ``will`` whether it is made,
    None where its condition cannot be judged. ``certain``: something is sure to change. ``outputs``: of a nested stack
    whose templates are at hand, those that change.
    """

    logical_id: str
    type: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    was: bool | None
    will: bool | None
    rules: Rules | None
    renamed_from: str = ""
    edits: list[Edit] = field(default_factory=list)
    certain: bool = False
    children: tuple[ResourceChange, ...] = ()
    outputs: frozenset[str] | None = None

    @property
    def recreation(self) -> str:
        """Whether it is replaced: ``"always"``, ``"may"`` or ``""``."""
        if self.renamed_from or self.retyped:
            return "always"
        return max((one.recreation for one in self.edits), key=RANK.index, default="")

    @property
    def retyped(self) -> bool:
        """Whether the template gives it another type under the same logical id."""
        return self.before is not None and self.after is not None and self.before["Type"] != self.after["Type"]

    @property
    def action(self) -> Action | None:
        """What happens; None for nothing."""
        if self.renamed_from:
            return Action.REPLACE if self.was and self.will else Action.MAY_REPLACE
        if self.was is False or self.will is False:
            if self.was is False and self.will is False:
                return None
            if self.was is False:
                return Action.CREATE if self.will else Action.MAY_CREATE
            return Action.DELETE if self.was else Action.MAY_DELETE
        if self.was is None and self.will and not self.recreation:
            return Action.MAY_CREATE
        if self.will is None and (self.was or any(one.path == "Condition" for one in self.edits)):
            return Action.MAY_DELETE
        if self.recreation:
            return Action.REPLACE if self.recreation == "always" and self.was else Action.MAY_REPLACE
        if not self.edits and not self.children:
            return None
        return Action.UPDATE if self.certain or self.children else Action.MAY_CHANGE


def reasons(draft: Draft, both: Pair) -> Iterator[str]:
    """Why the action is what it is, where the edits do not say so by themselves."""
    if draft.renamed_from:
        yield f"renamed from {draft.renamed_from}: for CloudFormation one resource goes and another comes"
    elif draft.retyped:
        assert draft.before is not None
        yield f"its type changes from {draft.before['Type']}"
    for body, word in ((draft.after, "is made only if"), (draft.before, "was made only if")):
        name = str((body or {}).get("Condition", ""))
        if name and draft.was is not draft.will and body is not None and not draft.renamed_from:
            causes = both.condition_causes(name) if name in both.changed_conditions else ""
            yield f"it {word} {name}" + (f" ← {causes}" if causes else "")
            break
    if draft.rules is None and not is_custom(draft.type) and draft.action is Action.MAY_REPLACE:
        yield "unknown type: nothing says which of its properties replace it"
    elif draft.rules is not None and draft.rules.frozen and draft.recreation == "always":
        yield "resources of this type cannot be updated"


def remarks(draft: Draft, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What else to know: mostly, that CloudFormation will refuse it."""
    if is_custom(draft.type) and draft.before is not None:
        if any(one.path == "ServiceToken" for one in draft.edits):
            yield "CloudFormation refuses another ServiceToken: give the resource another logical id"
        elif any(one.kind is Kind.PROPERTY for one in draft.edits):
            yield "its function is called; it may answer with another physical id, and then the old one is deleted"
    if draft.retyped and draft.action is Action.REPLACE:
        yield "CloudFormation refuses another type under the same logical id: give the resource another one"
    if draft.action not in REPLACING or draft.rules is None:
        return
    own, other = before.get("Properties") or {}, after.get("Properties") or {}
    names = [own.get(name) for name in draft.rules.identifier]
    if names and None not in names and names == [other.get(name) for name in draft.rules.identifier]:
        which = ", ".join(draft.rules.identifier)
        if draft.renamed_from:
            yield (
                f"it keeps its {which}, which the present one still has when the new one is made: the update fails. "
                "A stack refactor (CreateStackRefactor) renames without replacing"
            )
        elif not draft.rules.deletes_first:
            yield f"it keeps its {which}: CloudFormation refuses to replace a resource that keeps a name of its own"
    if draft.rules.deletes_first and not draft.renamed_from:
        yield "the present one is deleted before the new one is made"
