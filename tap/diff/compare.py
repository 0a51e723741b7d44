"""Two sides compared: what is created, updated, replaced or deleted, and what that puts at risk. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tap.diff import edits, follow, renames, sections, stateful, widening
from tap.diff.drafts import RANK, Draft, reasons, remarks
from tap.diff.follow import NESTED, Moved, is_custom
from tap.diff.model import DELETING, KNOWN_LATER, ONLY, REPLACING, Action, Diff, Edit, Kind, ResourceChange, Widening
from tap.diff.schemas import Schemas
from tap.diff.side import NOTHING, Side
from tap.diff.views import Pair, View, pair

_ROUNDS = 20
"""How many rounds consequences are followed for; a template's references have no cycles, so this is never reached."""


def compare(old: Side, new: Side, schemas: Schemas) -> Diff:
    """Everything that ``new`` changes of what ``old`` made. Either may be :data:`~tap.diff.side.NOTHING`."""
    both = pair(old, new)
    drafts = _drafts(both, schemas)
    by_old = {draft.renamed_from: key for key, draft in drafts.items() if draft.renamed_from}
    found: list[Widening] = list(widening.find(_present(both.old, by_old), _present(both.new, {})))
    for draft in drafts.values():
        if draft.type == NESTED:
            found += _enter(draft, both, schemas)
    moved = _consequences(drafts, both)
    changes = [_change(draft, both) for draft in drafts.values() if draft.action is not None]
    edited = tuple(sections.compare(both, moved))
    return Diff(
        old.label,
        new.label,
        str(new.pseudo.get("AWS::Region", "")),
        tuple(replace(one, sentence=both.mask.text("", one.sentence)) for one in found),
        _in_order(changes, new),
        edited,
        tuple(_notes(both, different=bool(changes or edited))),
    )


def _drafts(both: Pair, schemas: Schemas) -> dict[str, Draft]:
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
        draft = Draft(key, body["Type"], before, after, was[origin or key], will[key], rules, origin)
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


def _own_condition(draft: Draft, both: Pair) -> Iterator[Edit]:
    """A resource's condition keeps its name and changes its meaning."""
    before, after = (str((body or {}).get("Condition", "")) for body in (draft.before, draft.after))
    if before == after and before in both.changed_conditions and draft.was is None and draft.will is None:
        yield Edit("Condition", before, f"{after} (as changed)", "", both.condition_causes(after), Kind.ATTRIBUTE)


def _consequences(drafts: Mapping[str, Draft], both: Pair) -> dict[str, Moved]:
    """Follow replacements through references until nothing more follows; gives what has moved."""
    moved: dict[str, Moved] = {}
    for _ in range(_ROUNDS):
        latest = {key: one for key, draft in drafts.items() if (one := _moved(draft)) is not None}
        if latest == moved:
            break
        moved = latest
        for draft in drafts.values():
            if draft.before is None or draft.after is None or draft.was is False or draft.will is False:
                continue
            _follow(draft, moved, both)
    return moved


def _follow(draft: Draft, moved: Mapping[str, Moved], both: Pair) -> None:
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
            strongest = max(draft.edits[index].recreation, edited.recreation, key=RANK.index)
            draft.edits[index] = replace(draft.edits[index], recreation=strongest)
        draft.certain |= certain


def _moved(draft: Draft) -> Moved | None:
    if draft.action in {Action.REPLACE, Action.MAY_REPLACE}:
        return Moved(draft.type, "always" if draft.action is Action.REPLACE else "may")
    if draft.before is None or draft.after is None:
        return None
    names = frozenset(
        one.path.split(".")[0].split("[")[0] for one in draft.edits if one.kind in {Kind.PROPERTY, Kind.TAG}
    )
    if not names and not draft.outputs:
        return None
    # What is handed on to a nested stack and known only later may change any of its outputs.
    later = any(one.after == KNOWN_LATER for one in draft.edits)
    return Moved(draft.type, "", names, None if later else draft.outputs)


def _change(draft: Draft, both: Pair) -> ResourceChange:
    action = draft.action
    assert action is not None
    before, after = _resolved(draft.before, both.old), _resolved(draft.after, both.new)
    there = before if draft.was is not False else {}
    kept = stateful.holding(str((before or after)["Type"]), (before or after).get("Properties") or {})
    policy = _policy(draft, before, after) if action in REPLACING | DELETING else ""
    about = (draft.after or draft.before or {}).get("Metadata") or {}
    remains = after if draft.will is not False else {}
    fate = stateful.Fate(str((before or after)["Type"]), action, there, remains, policy)
    kinds = {one.kind for one in draft.edits}
    only = ONLY.get(next(iter(kinds)), "") if len(kinds) == 1 else ""
    return ResourceChange(
        action,
        draft.logical_id,
        draft.type,
        says=_said(about.get("Description")),
        tier=_said(about.get("Tier")),
        edits=tuple(draft.edits),
        reasons=tuple(reasons(draft, both)),
        notes=tuple(remarks(draft, before, after)),
        policy=policy,
        risks=stateful.decide(fate),
        only=only if action in {Action.UPDATE, Action.MAY_CHANGE} and not draft.children else "",
        holds=kept.what if kept else "",
        renamed_from=draft.renamed_from,
        children=draft.children,
    )


def _policy(draft: Draft, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What happens to the present one. One that is renamed leaves the template: its ``DeletionPolicy`` counts."""
    if draft.action in DELETING or draft.renamed_from:
        return stateful.on_delete(before)
    return stateful.on_replace(after)


def _enter(draft: Draft, both: Pair, schemas: Schemas) -> Iterator[Widening]:
    """Take what happens inside a nested stack into its draft; gives the widenings there."""
    inner = _nested(draft, both, schemas)
    if inner is None:
        return
    draft.children = inner.changes
    draft.outputs = frozenset(one.path.split(".")[0] for one in inner.sections if one.section == "Outputs")
    for one in inner.widenings:
        yield replace(one, logical_id=f"{draft.logical_id}/{one.logical_id}")


def _nested(draft: Draft, both: Pair, schemas: Schemas) -> Diff | None:
    """What happens inside a nested stack; None where its templates are not at hand."""
    sides = []
    for body, view, there in ((draft.before, both.old, draft.was), (draft.after, both.new, draft.will)):
        found = (
            view.side.child((body or {}).get("Properties") or {}, view.scope) if body and there is not False else None
        )
        sides.append(found or NOTHING)
    if sides[0] is NOTHING and sides[1] is NOTHING:
        return None
    # Replaced with all that is in it: what the new one has in its place is no other name for it.
    return compare(sides[0], NOTHING if draft.action in REPLACING else sides[1], schemas)


def _present(view: View, renamed: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The resources that are made, resolved, by logical id; ``renamed`` gives the id that one has on the other side."""
    return {
        renamed.get(key, key): {
            "Type": body["Type"],
            "Properties": view.resolved(
                renames.rewritten(body.get("Properties") or {}, renamed.get)
                if renamed
                else body.get("Properties") or {}
            ),
        }
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


def _notes(both: Pair, *, different: bool) -> Iterator[str]:
    again = [key for key in both.new.side.read_from_ssm if key in both.old.side.read_from_ssm]
    if different and again:
        yield (
            f"{', '.join(again)}: CloudFormation reads the SSM parameter anew at each update. What it holds by now, "
            "and what follows where that is something else, is not known here."
        )
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
