"""Policy statements as what they allow, and whether one allows what another does. Pure.

Sound, not complete: when :func:`covers` says yes, the first allows all that the second does; where it cannot tell, it
says no, so that a widening is rather announced once too often. Meaning of the elements: IAM user guide,
"IAM JSON policy elements reference".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tap.deploy.resolve import Unresolved, shown

ANYONE = "*"
_SHORT_FORM = re.compile(r"^!(?:GetAtt|Ref) ([\w.:]+)$")
_EXACT_ONLY = ("Not", "Null", "ForAllValues", "IfExists")
"""Operators where more values do not mean more requests."""


@dataclass(frozen=True)
class Statement:
    """One statement. ``inverted`` names the elements that were given as ``Not…``."""

    allows: bool
    principals: frozenset[str]
    actions: frozenset[str]
    resources: frozenset[str]
    condition: str
    inverted: frozenset[str] = frozenset()

    @property
    def conditions(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """Operator and key → values."""
        found: Mapping[str, Any] = json.loads(self.condition) if self.condition else {}
        return {
            (operator, key): frozenset(map(str, _listed(values)))
            for operator, pairs in found.items()
            for key, values in pairs.items()
        }


@dataclass(frozen=True)
class Document:
    """A policy's statements. ``opaque`` are those that cannot be read here, as text."""

    statements: tuple[Statement, ...] = ()
    opaque: frozenset[str] = frozenset()


def read(document: Any) -> Document:
    """A resolved policy document: a mapping, a JSON text, or what stands for one that cannot be known."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return Document(opaque=frozenset({document}))
    if not isinstance(document, Mapping):
        return Document(opaque=frozenset() if document is None else frozenset({shown(document)}))
    found = document.get("Statement")
    statements, opaque = [], set()
    for one in found if isinstance(found, list) else [] if found is None else [found]:
        if isinstance(one, Mapping) and not isinstance(one.get("Effect"), Unresolved):
            statements.append(_statement(one))
        else:
            opaque.add(shown(one))
    return Document(tuple(statements), frozenset(opaque))


def covers(first: Statement, second: Statement) -> bool:
    """Whether ``first`` says at least all that ``second`` says; both allow, or both deny."""
    if first.allows != second.allows or not _conditions_cover(first, second):
        return False
    if first.inverted or second.inverted:
        return first.inverted == second.inverted and all(
            _inverted_cover(name, first, second) if name in first.inverted else _cover(name, first, second)
            for name in ("principals", "actions", "resources")
        )
    return all(_cover(name, first, second) for name in ("principals", "actions", "resources"))


def uncovered(statement: Statement, others: Iterable[Statement]) -> Iterator[Statement]:
    """The parts of ``statement`` that no statement of ``others`` covers, put together again where they go together."""
    rivals = [one for one in others if one.allows == statement.allows]
    if any(covers(one, statement) for one in rivals):
        return
    if statement.inverted:
        yield statement
        return
    missing: dict[tuple[str, str], set[str]] = {}
    for principal in sorted(statement.principals) or [""]:
        for resource in sorted(statement.resources) or [""]:
            part = replace(
                statement,
                principals=frozenset({principal} - {""}),
                resources=frozenset({resource} - {""}),
            )
            able = [
                one for one in rivals if covers(replace(one, actions=frozenset({"*"}), inverted=one.inverted), part)
            ]
            for action in statement.actions:
                if not any(covers(one, replace(part, actions=frozenset({action}))) for one in able):
                    missing.setdefault((principal, resource), set()).add(action)
    yield from _together(statement, missing)


def _together(statement: Statement, missing: Mapping[tuple[str, str], set[str]]) -> Iterator[Statement]:
    """One statement for each set of actions; by principals and resources where those form a grid."""
    by_resource: dict[tuple[str, frozenset[str]], set[str]] = {}
    for (principal, resource), actions in missing.items():
        by_resource.setdefault((principal, frozenset(actions)), set()).add(resource)
    by_principal: dict[tuple[frozenset[str], frozenset[str]], set[str]] = {}
    for (principal, actions_of), resources in by_resource.items():
        by_principal.setdefault((frozenset(resources), actions_of), set()).add(principal)
    for (resources_of, actions_of), principals in by_principal.items():
        yield replace(
            statement,
            principals=frozenset(principals - {""}),
            resources=frozenset(resources_of - {""}),
            actions=actions_of,
        )


def text_of(value: Any) -> str:
    """A principal, an action or a resource as text; references in the form that they have inside of ``Fn::Sub``."""
    text = shown(value)
    return _SHORT_FORM.sub(r"${\1}", text) if isinstance(value, Unresolved) else text


def _statement(one: Mapping[str, Any]) -> Statement:
    inverted = {name.lower() + "s" for name in ("Principal", "Action", "Resource") if f"Not{name}" in one}
    condition = one.get("Condition")
    return Statement(
        one.get("Effect") == "Allow",
        frozenset(_principals(one.get("Principal", one.get("NotPrincipal")))),
        frozenset(text_of(item) for item in _listed(one.get("Action", one.get("NotAction")))),
        frozenset(text_of(item) for item in _listed(one.get("Resource", one.get("NotResource")))),
        json.dumps(_condition(condition), sort_keys=True, default=text_of) if condition else "",
        frozenset(inverted),
    )


def _condition(found: Any) -> Mapping[str, Any]:
    if isinstance(found, Mapping) and all(isinstance(pairs, Mapping) for pairs in found.values()):
        return {
            str(operator): {str(key): sorted(text_of(one) for one in _listed(values)) for key, values in pairs.items()}
            for operator, pairs in found.items()
        }
    return {"?": {text_of(found): []}}


def _principals(found: Any) -> Iterator[str]:
    if isinstance(found, Mapping):
        for kind, names in found.items():
            for name in _listed(names):
                text = text_of(name)
                yield text if kind in {"AWS", "Service"} else f"{kind} {text}"
    else:
        yield from (text_of(one) for one in _listed(found))


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _cover(name: str, first: Statement, second: Statement) -> bool:
    wide, narrow = getattr(first, name), getattr(second, name)
    if not wide and not narrow:
        return True
    fold = name == "actions"
    return bool(narrow) and all(any(_matches(one, other, fold=fold) for one in wide) for other in narrow)


def _inverted_cover(name: str, first: Statement, second: Statement) -> bool:
    """``NotAction`` of less is more: all that the first leaves out, the second leaves out too."""
    wide, narrow = getattr(first, name), getattr(second, name)
    return all(any(_matches(other, one, fold=name == "actions") for other in narrow) for one in wide)


def _conditions_cover(first: Statement, second: Statement) -> bool:
    """The first asks for no more than the second does."""
    if first.condition == second.condition or not first.condition:
        return True
    asked = second.conditions
    for (operator, key), values in first.conditions.items():
        narrower = asked.get((operator, key))
        if narrower is None:
            return False
        if narrower != values and (any(word in operator for word in _EXACT_ONLY) or not narrower <= values):
            return False
    return True


def _matches(wide: str, narrow: str, *, fold: bool) -> bool:
    if wide in {narrow, "*"}:
        return True
    if "*" not in wide and "?" not in wide:
        return fold and wide.lower() == narrow.lower()
    return _pattern(wide.lower() if fold else wide).fullmatch(narrow.lower() if fold else narrow) is not None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # A "?" must not stand for another pattern's "*", which is more than one character.
    parts = (".*" if one == "*" else "[^*]" if one == "?" else re.escape(one) for one in text)
    return re.compile("".join(parts), re.DOTALL)
