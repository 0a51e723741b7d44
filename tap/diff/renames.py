"""Resources that go under one logical id and come under another, otherwise the same. Pure.

CloudFormation knows a resource by its logical id: renamed in a template, it is deleted and made anew (unless it is moved
by a stack refactor). Operators who read "delete" and "create" far apart do not see that the two are one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from tap import references
from tap.references import Reference

Resources = Mapping[str, Mapping[str, Any]]


def find(old: Resources, new: Resources, gone: Iterable[str], come: Iterable[str]) -> dict[str, str]:
    """New logical id → old one, for each of ``come`` that is one of ``gone`` under another name.

    Their type, properties and policies are the same, but for references to others that are renamed as well. Of several
    equal ones those go together whose names are most alike.
    """
    left, right = list(gone), list(come)
    kinds = {key: str(old[key]["Type"]) for key in left} | {key: str(new[key]["Type"]) for key in right}
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for names, side, place in ((left, old, 0), (right, new, 1)):
        for key in names:
            groups.setdefault(_content(side[key], kinds), ([], []))[place].append(key)
    found: dict[str, str] = {}
    for before, after in groups.values():
        pairs = sorted(
            ((-SequenceMatcher(None, one, other).ratio(), one, other) for one in before for other in after),
        )
        for _, one, other in pairs:
            if other not in found and one not in found.values():
                found[other] = one
    return found


def rewritten(node: Any, renamed: Mapping[str, str]) -> Any:
    """An old template's ``node`` as it would be with the new logical ids (``renamed``: old → new)."""

    def replaced(reference: Reference) -> dict[str, Any] | None:
        name = renamed.get(reference.name)
        if name is None:
            return None
        return {"Ref": name} if reference.kind == "Ref" else {"Fn::GetAtt": [name, reference.attribute]}

    return references.rewrite(node, replaced) if renamed else node


def _content(body: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    """What a resource is, in a text, with what may be renamed as well standing for its type."""

    def typed(reference: Reference) -> dict[str, Any] | None:
        kind = kinds.get(reference.name)
        return None if kind is None else {"Fn::GetAtt": [f"a {kind}", reference.attribute]}

    plain = {key: value for key, value in body.items() if key not in {"Metadata", "DependsOn"}}
    return json.dumps(references.rewrite(plain, typed), sort_keys=True, default=str)
