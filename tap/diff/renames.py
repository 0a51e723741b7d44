"""Resources that go under one logical id and come under another, otherwise the same. Pure.

CloudFormation knows a resource by its logical id: renamed in a template, it is deleted and made anew (unless a stack
refactor moves it). Operators who read "delete" and "create" far apart do not see that the two are one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from tap.references import SUB_VARIABLE

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


def rewritten(node: Any, name_of: Callable[[str], str | None]) -> Any:
    """``node`` with other logical ids in its references, where ``name_of`` gives one."""
    if isinstance(node, list):
        return [rewritten(item, name_of) for item in node]
    if not isinstance(node, Mapping):
        return node
    if len(node) == 1:
        ((key, argument),) = node.items()
        if key == "Ref":
            return {key: name_of(str(argument)) or argument}
        if key == "Fn::GetAtt":
            name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return {key: [name_of(str(name)) or name, attribute]}
        if key == "Fn::Sub":
            text, own = argument if isinstance(argument, list) else (argument, {})

            def variable(match: re.Match[str]) -> str:
                name, dot, attribute = match[1].partition(".")
                return match[0] if match[1] in own else f"${{{name_of(name.strip()) or name}{dot}{attribute}}}"

            text = SUB_VARIABLE.sub(variable, text)
            return {key: [text, rewritten(own, name_of)] if isinstance(argument, list) else text}
    return {key: rewritten(value, name_of) for key, value in node.items()}


def _content(body: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    """What a resource is, in a text, with what may be renamed as well standing for its type."""
    plain = {key: value for key, value in body.items() if key not in {"Metadata", "DependsOn"}}
    return json.dumps(rewritten(plain, kinds.get), sort_keys=True, default=str)
