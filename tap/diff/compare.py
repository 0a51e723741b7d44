"""Two sides compared: what is created, updated, replaced or deleted, and what that puts at risk. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tap.diff import edits, follow, renames, sections, stateful, widening
from tap.diff.follow import NESTED, Moved, is_custom
from tap.diff.model import DELETING, REPLACING, Action, Diff, Edit, Kind, ResourceChange, Widening
from tap.diff.schemas import Rules, Schemas
from tap.diff.side import NOTHING, Side
from tap.diff.views import Pair, View, pair

_RANK = ("", "may", "always")
_METHODS = 20
"""How many rounds consequences are followed for; a template's references have no cycles, so this is never reached."""


@dataclass
class _Draft:
    """A resource while it is being judged. ``before`` and ``after`` are as the templates have it, None for not there."""

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

    @property
    def recreation(self) -> str:
        if self.renamed_from or self.retyped:
            return "always"
        return max((one.recreation for one in self.edits), key=_RANK.index, default="")

    @property
    def retyped(self) -> bool:
        return bool(self.before and self.after) and self.before["Type"] != self.after["Type"]  # type: ignore[index]

    @property
    def action(self) -> Action | None:
        """What happens; None for nothing."""
        if self.renamed_from:
            return Action.REPLACE
        if self.was is False or self.will is False:
            if self.was is False and self.will is False:
                return None
            if self.was is False:
                return Action.CREATE if self.will else Action.MAY_CREATE
            return Action.DELETE if self.was else Action.MAY_DELETE
        if self.was is not self.will or any(one.path == "Condition" for one in self.edits if self.was is None):
            return Action.MAY_CREATE if self.was is None and self.will else Action.MAY_DELETE
        if self.recreation:
            return Action.REPLACE if self.recreation == "always" else Action.MAY_REPLACE
        if not self.edits and not self.children:
            return None
        return Action.UPDATE if self.certain or self.children else Action.MAY_CHANGE


def compare(old: Side, new: Side, schemas: Schemas) -> Diff:
    """Everything that ``new`` changes of what ``old`` made. ``old`` may be :data:`~tap.diff.side.NOTHING`, as may ``new``."""
    both = pair(old, new)
    drafts = _drafts(both, schemas)
    moved = _consequences(drafts, both)
    found: list[Widening] = list(widening.find(_present(both.old), _present(both.new)))
    for draft in drafts.values():
        if draft.type == NESTED:
            inner = _nested(draft, both, schemas)
            draft.children = inner.changes
            found += [replace(one, logical_id=f"{draft.logical_id}/{one.logical_id}") for one in inner.widenings]
    changes = [_change(draft, both) for draft in drafts.values() if draft.action is not None]
    return Diff(
        old.label,
        new.label,
        str(new.pseudo.get("AWS::Region", "")),
        tuple(replace(one, sentence=both.mask.text("", one.sentence)) for one in found),
        _in_order(changes, new),
        tuple(sections.compare(both, moved)),
        tuple(_notes(both)),
    )


def _drafts(both: Pair, schemas: Schemas) -> dict[str, _Draft]:
    """Every resource of either side, with what its own template says about it."""
    old, new = both.old.side.resources, both.new.side.resources
    was = {key: both.old.exists(old.get(key)) for key in {**old, **new}}
    will = {key: both.new.exists(new.get(key)) for key in {**old, **new}}
    gone = [key for key in old if was[key] is not False and key not in new]
    come = [key for key in new if will[key] is not False and key not in old]
    renamed = renames.find(old, new, gone, come)
    by_old = {before: after for after, before in renamed.items()}
    drafts = {}
    for key in dict.fromkeys((*new, *old)):
        if key in by_old:
            continue
        origin = renamed.get(key, "")
        before, after = old.get(origin or key), new.get(key)
        body = after if after is not None else before
        assert body is not None
        rules = schemas.rules(body["Type"])
        draft = _Draft(key, body["Type"], before, after, was[origin or key], will[key], rules, origin)
        if before is not None and after is not None and (was[origin or key], will[key]) != (False, False):
            custom = is_custom(body["Type"])
            draft.edits = [
                replace(one, recreation="") if custom else one
                for one in edits.of_resource(before, after, rules, both, by_old)
            ]
            draft.edits += _own_condition(draft, both)
            draft.certain = bool(draft.edits)
        drafts[key] = draft
    return drafts


def _own_condition(draft: _Draft, both: Pair) -> Iterator[Edit]:
    """A resource's condition keeps its name and changes its meaning."""
    before, after = (str((body or {}).get("Condition", "")) for body in (draft.before, draft.after))
    if before == after and before in both.changed_conditions and draft.was is None and draft.will is None:
        yield Edit("Condition", before, f"{after} (as changed)", "", both.condition_causes(after), Kind.ATTRIBUTE)


def _consequences(drafts: Mapping[str, _Draft], both: Pair) -> dict[str, Moved]:
    """Follow replacements through references until nothing more follows; gives what has moved."""
    moved: dict[str, Moved] = {}
    for _ in range(_METHODS):
        latest = {key: one for key, draft in drafts.items() if (one := _moved(draft)) is not None}
        if latest == moved:
            break
        moved = latest
        for draft in drafts.values():
            if draft.before is None or draft.after is None or draft.was is False or draft.will is False:
                continue
            _follow(draft, moved, both)
    return moved


def _follow(draft: _Draft, moved: Mapping[str, Moved], both: Pair) -> None:
    others = {key: one for key, one in moved.items() if key != draft.logical_id}
    assert draft.after is not None
    for edit, certain in follow.of_resource(draft.after, others, draft.rules, both):
        edited = replace(edit, recreation="") if is_custom(draft.type) else edit
        same = [index for index, one in enumerate(draft.edits) if one.path == edited.path]
        if not same:
            draft.edits.append(edited)
        else:
            # The same path by another cause: keep what the template says, and the stronger consequence.
            index = same[0]
            strongest = max(draft.edits[index].recreation, edited.recreation, key=_RANK.index)
            draft.edits[index] = replace(draft.edits[index], recreation=strongest)
        draft.certain |= certain


def _moved(draft: _Draft) -> Moved | None:
    if draft.action in {Action.REPLACE, Action.MAY_REPLACE}:
        return Moved(draft.type, "always" if draft.action is Action.REPLACE else "may")
    if draft.before is None or draft.after is None:
        return None
    names = frozenset(
        one.path.split(".")[0].split("[")[0] for one in draft.edits if one.kind in {Kind.PROPERTY, Kind.TAG}
    )
    return Moved(draft.type, "", names) if names else None


def _change(draft: _Draft, both: Pair) -> ResourceChange:
    action = draft.action
    assert action is not None
    before, after = _resolved(draft.before, both.old), _resolved(draft.after, both.new)
    properties = (before or after).get("Properties") or {}
    kept = stateful.holding(draft.type, properties)
    policy = _policy(draft, before, after) if action in REPLACING | DELETING else ""
    about = (draft.after or draft.before or {}).get("Metadata") or {}
    fate = stateful.Fate(draft.type, action, before, after if action is not Action.DELETE else {}, policy)
    kinds = {one.kind for one in draft.edits}
    only = {frozenset({Kind.METADATA}): "metadata", frozenset({Kind.TAG}): "tags"}.get(frozenset(kinds), "")
    return ResourceChange(
        action,
        draft.logical_id,
        draft.type,
        says=_said(about.get("Description")),
        tier=_said(about.get("Tier")),
        edits=tuple(draft.edits),
        reasons=tuple(_reasons(draft, both)),
        notes=tuple(_remarks(draft, before, after)),
        policy=policy,
        risks=stateful.decide(fate) if draft.before else (),
        only=only if action in {Action.UPDATE, Action.MAY_CHANGE} and not draft.children else "",
        holds=kept.what if kept else "",
        renamed_from=draft.renamed_from,
        children=draft.children,
    )


def _policy(draft: _Draft, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What happens to the present one. One that is renamed leaves the template: its ``DeletionPolicy`` counts."""
    if draft.action in DELETING or draft.renamed_from:
        return stateful.on_delete(before)
    return stateful.on_replace(after)


def _reasons(draft: _Draft, both: Pair) -> Iterator[str]:
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


def _remarks(draft: _Draft, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
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
            yield f"it keeps its {which}: CloudFormation refuses to replace a resource with a name of its own; change that too"
    if draft.rules.deletes_first and not draft.renamed_from:
        yield "the present one is deleted before the new one is made"


def _nested(draft: _Draft, both: Pair, schemas: Schemas) -> Diff:
    """What happens inside a nested stack whose templates are at hand."""
    sides = []
    for body, view, there in ((draft.before, both.old, draft.was), (draft.after, both.new, draft.will)):
        found = (
            view.side.child((body or {}).get("Properties") or {}, view.scope) if body and there is not False else None
        )
        sides.append(found or NOTHING)
    if sides[0] is NOTHING and sides[1] is NOTHING:
        return Diff("", "")
    return compare(sides[0], sides[1], schemas)


def _present(view: View) -> dict[str, Mapping[str, Any]]:
    """The resources that are made, resolved, by logical id."""
    return {
        key: {"Type": body["Type"], "Properties": view.resolved(body.get("Properties") or {})}
        for key, body in view.side.resources.items()
        if view.exists(body) is not False
    }


def _resolved(body: Mapping[str, Any] | None, view: View) -> Mapping[str, Any]:
    if body is None:
        return {}
    found: Mapping[str, Any] = view.resolved({key: value for key, value in body.items() if key != "Metadata"})
    return found


def _said(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _in_order(changes: list[ResourceChange], new: Side) -> tuple[ResourceChange, ...]:
    """By tier, and within it as the new template has them; what that no longer has comes last in its tier."""
    places = {key: place for place, key in enumerate(new.resources)}
    tiers: dict[str, int] = {}
    for one in new.resources.values():
        tiers.setdefault(_said((one.get("Metadata") or {}).get("Tier")), len(tiers))
    last = len(places)
    return tuple(
        sorted(changes, key=lambda one: (tiers.get(one.tier, last), one.tier, places.get(one.logical_id, last)))
    )


def _notes(both: Pair) -> Iterator[str]:
    if both.one_sided:
        yield (
            f"The value of {', '.join(both.one_sided)} is known of one side only, so it is taken to stay as it is. "
            "--parameters and --new-parameters give values."
        )
    for side in (both.old.side, both.new.side):
        if side.expanded:
            yield f"{side.label}: what {', '.join(side.expanded)} makes of the template is not known here."
    old, new = (side.template.get("Metadata") or {} for side in (both.old.side, both.new.side))
    tags = [(one.get("Template") or {}).get("Tags") if isinstance(one, Mapping) else None for one in (old, new)]
    if tags[0] != tags[1] and both.old.side.template and both.new.side.template:
        yield "The stack's tags change: CloudFormation passes them on to every resource that has tags."
