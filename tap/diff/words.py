"""The words and symbols that all renderers share. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile

from tap.diff.model import UNKNOWN, UNSURE, Action, Diff, Edit, Level, ResourceChange, Widening, flat

SYMBOLS: dict[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.MAY_REPLACE: "?/+",
    Action.DELETE: "-",
    Action.MAY_CREATE: "?+",
    Action.MAY_DELETE: "?-",
    Action.MAY_CHANGE: "?~",
    Action.IMPORT: "<",
    Action.SYNC: "=",
    Action.DYNAMIC: "?",
    Action.OTHER: "!",
}
_COUNTED = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REPLACE: "to replace",
    Action.MAY_REPLACE: "that may be replaced",
    Action.DELETE: "to delete",
    Action.MAY_CREATE: "that may be created",
    Action.MAY_DELETE: "that may be deleted",
    Action.MAY_CHANGE: "that may change",
    Action.IMPORT: "to import",
    Action.SYNC: "to sync with drift",
    Action.DYNAMIC: "that CloudFormation cannot judge yet",
    Action.OTHER: "with an action that this tool does not know",
}
LEGEND = {
    Action.CREATE: "a new resource",
    Action.UPDATE: "changed in place",
    Action.REPLACE: "a new one takes its place",
    Action.MAY_REPLACE: "changed in place or replaced: CloudFormation knows only when it happens",
    Action.DELETE: "taken out of the stack",
    Action.MAY_CREATE: "made if a condition comes to hold",
    Action.MAY_DELETE: "taken out of the stack if a condition ceases to hold",
    Action.MAY_CHANGE: "changed in place, or not at all",
    Action.IMPORT: "a resource that exists already comes into the stack",
    Action.SYNC: "the template has come to say what is there: nothing is done to it",
    Action.DYNAMIC: "anything may happen: CloudFormation knows only when it happens",
    Action.OTHER: "CloudFormation's own word, unknown to this tool: anything may happen",
}
_FATE = {
    "Delete": "the present one is deleted",
    "Retain": "the present one stays, outside the stack",
    "RetainExceptOnCreate": "the present one stays, outside the stack",
    "Snapshot": "the present one is deleted; a snapshot stays",
}
_FORCES = {"": "", "may": "may force replacement", "always": "forces replacement"}
RISK_WORDS = {Level.NOTE: "note", Level.POSSIBLE: "data loss possible", Level.LOSS: "DATA LOSS"}
WIDEST = 100
"""Characters of a value that are shown before it is cut."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def summary(diff: Diff) -> str:
    """How much there is of what, in a line; with its symbols it is the legend too."""
    if diff.empty:
        return "no differences"
    counts = counted(diff.counts)
    if diff.sections:
        counts.append(f"{len(diff.sections)} other difference{'s' if len(diff.sections) > 1 else ''}")
    return ", ".join(counts)


def counted(counts: Mapping[Action, int]) -> list[str]:
    """How many resources have each action, with its symbol."""
    return [f"{SYMBOLS[action]} {count} {_COUNTED[action]}" for action, count in counts.items()]


def verdict(diff: Diff) -> str:
    """The worst in a line; empty when nothing is at risk."""
    changes = list(flat(diff.changes))
    lost = [change.logical_id for change in changes if change.level is Level.LOSS]
    possible = [change.logical_id for change in changes if change.level is Level.POSSIBLE]
    kept = [change.logical_id for change in changes if change.dangerous and change.level < Level.POSSIBLE]
    parts = [
        f"{words}: {', '.join(names)}"
        for words, names in (
            ("DATA LOSS", lost),
            ("data loss possible", possible),
            ("something that holds data is replaced, the present one stays", kept),
        )
        if names
    ]
    return "; ".join(parts)


def fate(change: ResourceChange) -> str:
    """What becomes of the present one; where it may only be replaced, then."""
    told = _FATE.get(change.policy, change.policy)
    return f"then {told}" if told and change.action in UNSURE | UNKNOWN else told


def why(edit: Edit) -> str:
    """``forces replacement ← parameter X``, and where it is known from if not from the change set."""
    cause = f"← {edit.cause}" if edit.cause else ""
    drift = "" if edit.deployed is None else f"(the last deployment made it {values(edit.deployed, None)[0]})"
    hidden = "(not in the change set)" if edit.hidden else ""
    return " ".join(filter(None, (_FORCES[edit.recreation], cause, drift, hidden)))


def changed(edit: Edit) -> str:
    """What is said of an edit without values."""
    return "follows" if edit.cause else "changes"


def values(before: str | None, after: str | None) -> tuple[str, str]:
    """Two values in one line each, cut where they are long to what is around their first difference."""
    old, new = ("none" if text is None else " ".join(clean(text).split()) or '""' for text in (before, after))
    if max(len(old), len(new)) <= WIDEST:
        return old, new
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    start = max(0, same - 20) if same > WIDEST // 2 else 0

    def cut(text: str) -> str:
        part = ("…" if start else "") + text[start : start + WIDEST]
        return part + "…" if len(text) > start + WIDEST else part

    return cut(old), cut(new)


def shown_widenings(diff: Diff) -> tuple[tuple[Widening, ...], int]:
    """The widenings to show, and how many more there are: where there was nothing before, everything is a gain."""
    if diff.changes and all(change.action in {Action.CREATE, Action.MAY_CREATE} for change in diff.changes):
        kept = tuple(one for one in diff.widenings if not one.fresh)
        return kept, len(diff.widenings) - len(kept)
    return diff.widenings, 0


def widening(one: Widening) -> str:
    """A widening in a line."""
    sure = "" if one.certain or "may open" in one.sentence or "cannot be judged" in one.sentence else " (perhaps)"
    return clean(one.sentence) + sure + (" (new)" if one.fresh else "")


def clean(text: str) -> str:
    """The text without characters that steer a terminal or turn the direction of writing."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
