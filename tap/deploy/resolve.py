"""What an expression in a template comes to, as far as parameters, mappings and conditions decide it.

Pure, and for showing only: CloudFormation does the real thing. What cannot be known here (another resource's
attribute, an import) stays as the expression that the template has, in short form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SECRET = "****"
"""What stands for a value that must not be shown."""

GONE = object()
"""``AWS::NoValue``: the property is not there."""

_VARIABLE = re.compile(r"\$\{(!?)([^${}]+)\}")


@dataclass(frozen=True)
class Unresolved:
    """An expression that only CloudFormation can resolve, in short form."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Scope:
    """What names stand for: a template, its parameters' values, and pseudo parameters.

    ``lists`` are the parameters whose value is a list, ``hidden`` those whose value is never shown.
    """

    template: Mapping[str, Any]
    values: Mapping[str, str]
    pseudo: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    _judged: dict[str, bool | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def parameter(self, name: str) -> Any:
        """A parameter's or pseudo parameter's value, or None when ``name`` is neither."""
        if name in self.hidden:
            return SECRET
        if name in self.values:
            kind = str(self.template.get("Parameters", {}).get(name, {}).get("Type", "String"))
            is_list = kind.startswith("List<") or kind == "CommaDelimitedList"
            return [one.strip() for one in self.values[name].split(",")] if is_list else self.values[name]
        return self.pseudo.get(name)

    def holds(self, condition: str) -> bool | None:
        """Whether a condition of the template is true; None when that cannot be known here."""
        if condition not in self._judged:  # each once: conditions that name others twice over would double each time
            self._judged[condition] = _truth(self.template.get("Conditions", {}).get(condition), self)
        return self._judged[condition]


def resolve(value: Any, scope: Scope) -> Any:
    """``value`` with everything resolved that can be; the rest are :class:`Unresolved`."""
    if isinstance(value, list):
        items = (resolve(item, scope) for item in value)
        return [item for item in items if item is not GONE]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref" or name.startswith("Fn::"):
            return _function(name, argument, scope)
    pairs = ((key, resolve(item, scope)) for key, item in value.items())
    return {key: item for key, item in pairs if item is not GONE}


def shown(value: Any) -> str:
    """A resolved value in one line."""
    if value is None:
        return "none"
    if isinstance(value, str | Unresolved):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _function(name: str, argument: Any, scope: Scope) -> Any:
    if name == "Ref":
        if argument == "AWS::NoValue":
            return GONE
        known = scope.parameter(str(argument))
        return Unresolved(f"!Ref {argument}") if known is None else known
    if name == "Fn::If":
        truth = scope.holds(argument[0])
        if truth is not None:
            return resolve(argument[1 if truth else 2], scope)
    elif name == "Fn::Sub":
        return _sub(argument, scope)
    elif name == "Fn::Join":
        parts = resolve(argument[1], scope)
        if isinstance(parts, list) and all(isinstance(part, str | int | float) for part in parts):
            return str(argument[0]).join(str(part) for part in parts)
    elif name == "Fn::FindInMap":
        keys = [resolve(key, scope) for key in argument[:3]]
        if all(isinstance(key, str) for key in keys):
            found = scope.template.get("Mappings", {}).get(keys[0], {}).get(keys[1], {}).get(keys[2])
            if found is not None:
                return found
    elif name == "Fn::Select":
        index, items = resolve(argument[0], scope), resolve(argument[1], scope)
        if isinstance(items, list) and str(index).isdigit() and int(index) < len(items):
            return items[int(index)]
    elif name == "Fn::Split":
        text = resolve(argument[1], scope)
        if isinstance(text, str):
            return text.split(str(argument[0]))
    return Unresolved(_short(name, argument, scope))


def _sub(argument: Any, scope: Scope) -> Any:
    text, own = (argument, {}) if isinstance(argument, str) else argument
    open_ends = False

    def known(match: re.Match[str]) -> str:
        nonlocal open_ends
        literal, name = match[1], match[2].strip()
        if literal:
            return f"${{{name}}}"
        value = resolve(own[name], scope) if name in own else scope.parameter(name)
        if isinstance(value, str | int | float):
            return str(value)
        open_ends = True
        return match[0]

    done = _VARIABLE.sub(known, text)
    return Unresolved(done) if open_ends else done


def _short(name: str, argument: Any, scope: Scope) -> str:
    tag = "!" + name.removeprefix("Fn::")
    if name == "Fn::GetAtt":
        return f"{tag} {argument if isinstance(argument, str) else '.'.join(map(str, argument))}"
    return f"{tag} {shown(resolve(argument, scope))}"


def _truth(condition: Any, scope: Scope) -> bool | None:
    if not isinstance(condition, Mapping) or len(condition) != 1:
        return None
    ((name, argument),) = condition.items()
    if name == "Condition":
        return scope.holds(str(argument))
    if name == "Fn::Equals":
        left, right = (resolve(side, scope) for side in argument)
        if SECRET in (left, right) or isinstance(left, Unresolved) or isinstance(right, Unresolved):
            return None
        return str(left) == str(right)
    if name == "Fn::Not":
        truth = _truth(argument[0], scope)
        return None if truth is None else not truth
    if name in {"Fn::And", "Fn::Or"}:
        parts = [_truth(part, scope) for part in argument]
        decisive: bool = name == "Fn::Or"
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    return None
