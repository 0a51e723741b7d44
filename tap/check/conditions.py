"""Which ways the conditions of a template can come out: a few assignments that between them show every pair. Pure.

A template of thirty conditions has a billion combinations, most of which no parameter value brings about. What counts
are the values that parameters can have: each parameter falls into a few cells (each value that a condition compares it
with, and any other), and a *case* is a cell for each. Few cases are taken as they are; of many, so many that every two
conditions are seen together in every way in which they can come out together. The first case is that of the defaults.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.parameters import Parameter, other
from tap.check.values import Unknown, known

MOST = 24
"""Cases that are looked at, at the most."""

_WHOLE = 512
"""So many combinations of cells are looked at one by one; of more, each pair of changes from the defaults."""

Resolve = Callable[[Any, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Case:
    """One way things can come out: the parameters' values (None: some other value, which cannot be named), and the
    truth of each condition."""

    values: Mapping[str, str | None]
    truth: Mapping[str, bool]


@dataclass(frozen=True)
class _Axis:
    """What can vary: a parameter with its cells (None: any other value), or a comparison that cannot be judged."""

    name: str
    cells: tuple[Any, ...]
    free: bool = False


def cases(
    conditions: Mapping[str, Any], rules: Mapping[str, Any], parameters: Mapping[str, Parameter], resolve: Resolve
) -> tuple[Case, ...]:
    """The cases of a template. ``resolve(node, values)`` resolves an operand with these parameters'
    values, and the defaults of the others."""
    judge = _Judge(conditions, parameters, resolve)
    axes = _axes(conditions, rules, parameters, judge)
    found: dict[tuple[tuple[str, bool], ...], Case] = {}
    for chosen in _combinations(axes):
        values = {axis.name: cell for axis, cell in zip(axes, chosen, strict=True) if not axis.free}
        free = {axis.name: cell for axis, cell in zip(axes, chosen, strict=True) if axis.free}
        if any(judge.rule(rule, values, free) is False for rule in rules.values()):
            continue
        truth = {name: judge.condition(name, values, free) for name in conditions}
        key = tuple(sorted(truth.items()))
        if key not in found:
            found[key] = Case({**judge.defaults, **values}, truth)
    return _few(list(found.values())) or (Case(judge.defaults, dict.fromkeys(conditions, False)),)


class _Judge:
    """Judges conditions. What cannot be judged by the parameters is a free choice, the same wherever it stands."""

    def __init__(self, conditions: Mapping[str, Any], parameters: Mapping[str, Parameter], resolve: Resolve) -> None:
        self._conditions, self._parameters, self._resolve = conditions, parameters, resolve
        self.defaults = {name: one.value for name, one in parameters.items()}
        self.compared: dict[str, list[str]] = {}

    def condition(
        self, name: str, values: Mapping[str, Any], free: Mapping[str, Any], open_: frozenset[str] = frozenset()
    ) -> bool:
        """The truth of a condition; one that is not there, or goes in a circle, is false."""
        if name in open_ or name not in self._conditions:
            return False
        return self._truth(self._conditions[name], values, free, open_ | {name})

    def _truth(self, node: Any, values: Mapping[str, Any], free: Mapping[str, Any], open_: frozenset[str]) -> bool:
        if not isinstance(node, Mapping) or len(node) != 1:
            return False
        ((name, argument),) = node.items()
        if name == "Condition":
            return self.condition(str(argument), values, free, open_)
        if name == "Fn::Not" and isinstance(argument, list) and argument:
            return not self._truth(argument[0], values, free, open_)
        if name == "Fn::And" and isinstance(argument, list):
            return all(self._truth(one, values, free, open_) for one in argument)
        if name == "Fn::Or" and isinstance(argument, list):
            return any(self._truth(one, values, free, open_) for one in argument)
        if name == "Fn::Equals" and isinstance(argument, list) and len(argument) == 2:
            told = self.equal(argument, values)
            return bool(free.get(atom(argument), False)) if told is None else told
        return bool(free.get(atom(node), False))

    def equal(self, operands: list[Any], values: Mapping[str, Any]) -> bool | None:
        """Whether the operands are equal; None when that cannot be told."""
        left, right = (self._operand(one, values) for one in operands)
        for one, two in ((left, right), (right, left)):
            # Any other value than those that it is compared with: it is none of them.
            if isinstance(one, _Other) and isinstance(two, str):
                return False if two in one.than else None
        if isinstance(left, str) and isinstance(right, str):
            return left == right
        return True if left == right and not isinstance(left, Unknown) and known(left) else None

    def _operand(self, node: Any, values: Mapping[str, Any]) -> Any:
        if isinstance(node, Mapping) and set(node) == {"Ref"} and node["Ref"] in self._parameters:
            name = node["Ref"]
            if name in values and values[name] is None:
                return _Other(frozenset(self.compared.get(name, ())))
        if isinstance(node, str) and "{{" not in node:
            return node
        found = self._resolve(node, values)
        if isinstance(found, bool):
            return str(found).lower()
        return str(found) if isinstance(found, int | float) else found

    def rule(self, rule: Any, values: Mapping[str, Any], free: Mapping[str, Any]) -> bool | None:
        """Whether a rule's assertions hold; None when that cannot be told."""
        if not isinstance(rule, Mapping):
            return None
        when = rule.get("RuleCondition")
        if when is not None and self._assertion(when, values) is not True:
            return None
        told = [
            self._assertion(one.get("Assert"), values)
            for one in rule.get("Assertions") or ()
            if isinstance(one, Mapping)
        ]
        return False if False in told else None if None in told else True

    def _assertion(self, node: Any, values: Mapping[str, Any]) -> bool | None:
        if not isinstance(node, Mapping) or len(node) != 1:
            return None
        ((name, argument),) = node.items()
        if not isinstance(argument, list):
            return None
        if name == "Fn::Not" and argument:
            told = self._assertion(argument[0], values)
            return None if told is None else not told
        if name in {"Fn::And", "Fn::Or"}:
            found = [self._assertion(one, values) for one in argument]
            decisive = name == "Fn::Or"
            return decisive if decisive in found else None if None in found else not decisive
        if name == "Fn::Equals" and len(argument) == 2:
            return self.equal(argument, values)
        if name == "Fn::Contains" and len(argument) == 2 and isinstance(argument[0], list):
            found = [self.equal([one, argument[1]], values) for one in argument[0]]
            return True if True in found else None if None in found else False
        return None


@dataclass(frozen=True)
class _Other:
    """Some value of a parameter that is none of ``than``."""

    than: frozenset[str]


def atom(node: Any) -> str:
    """The name of a comparison that cannot be judged: its own text."""
    return json.dumps(node, sort_keys=True, default=str)


def _axes(
    conditions: Mapping[str, Any], rules: Mapping[str, Any], parameters: Mapping[str, Parameter], judge: _Judge
) -> list[_Axis]:
    compared: dict[str, list[str]] = {}
    undecided: dict[str, list[Any]] = {}
    for operands in _comparisons([*conditions.values(), *rules.values()]):
        names = [_parameter(one, parameters) for one in operands]
        for name, against in ((names[0], operands[1]), (names[1], operands[0])):
            if name and isinstance(against, str | int | float):
                text = str(against).lower() if isinstance(against, bool) else str(against)
                compared.setdefault(name, []).append(text)
        undecided[atom(operands)] = operands
    judge.compared = compared
    axes = []
    for name, texts in compared.items():
        parameter = parameters[name]
        if parameter.given is not None or parameter.from_ssm:
            continue
        cells: list[str | None] = [one for one in dict.fromkeys(texts) if parameter.allows(one)]
        rest = other(parameter, texts)
        if rest is not None:
            cells.append(rest)
        elif not parameter.allowed:
            cells.append(None)
        if parameter.value in cells:  # the default first
            cells.insert(0, cells.pop(cells.index(parameter.value)))
        if cells:
            axes.append(_Axis(name, tuple(cells)))
    settled = {axis.name: axis.cells[0] for axis in axes}
    for key, operands in undecided.items():
        if judge.equal(operands, settled) is None:
            axes.append(_Axis(key, (False, True), free=True))
    return axes


def _parameter(node: Any, parameters: Mapping[str, Parameter]) -> str:
    found = node.get("Ref") if isinstance(node, Mapping) and len(node) == 1 else None
    return found if isinstance(found, str) and found in parameters else ""


def _comparisons(node: Any) -> Iterator[list[Any]]:
    """The operands of every ``Fn::Equals``; ``Fn::Contains`` compares with each of its list."""
    if isinstance(node, list):
        for item in node:
            yield from _comparisons(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key == "Fn::Equals" and isinstance(value, list) and len(value) == 2:
                yield value
            elif key == "Fn::Contains" and isinstance(value, list) and len(value) == 2 and isinstance(value[0], list):
                yield from ([one, value[1]] for one in value[0])
            else:
                yield from _comparisons(value)


def _combinations(axes: list[_Axis]) -> Iterator[tuple[Any, ...]]:
    """All combinations of cells, the defaults first; where they are too many, all pairs of changes from them."""
    size = 1
    for axis in axes:
        size *= len(axis.cells)
    if size <= _WHOLE:
        yield from itertools.product(*(axis.cells for axis in axes))
        return
    first = tuple(axis.cells[0] for axis in axes)
    yield first
    single = [(place, cell) for place, axis in enumerate(axes) for cell in axis.cells[1:]]
    changed = (*((one,) for one in single), *itertools.combinations(single, 2))
    for changes in changed:
        chosen = list(first)
        for place, cell in changes:
            chosen[place] = cell
        yield tuple(chosen)
    yield tuple(axis.cells[-1] for axis in axes)


def _few(found: list[Case]) -> tuple[Case, ...]:
    """So few cases that every pair of outcomes that there is is in one of them; the first one stays first."""
    if len(found) <= MOST:
        return tuple(found)
    pairs = [set(itertools.combinations(sorted(case.truth.items()), 2)) for case in found]
    chosen, missing = [0], set().union(*pairs) - pairs[0]
    while missing and len(chosen) < MOST:
        best = max(range(len(found)), key=lambda place: (len(pairs[place] & missing), -place))
        if not pairs[best] & missing:
            break
        chosen.append(best)
        missing -= pairs[best]
    return tuple(found[place] for place in chosen)
