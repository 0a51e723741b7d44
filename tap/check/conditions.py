"""Which ways the conditions of a template can come out: a few assignments that between them show every pair. Pure.

A template of thirty conditions has a billion combinations, most of which no parameter value brings about. What counts
are the values that parameters can have: each parameter falls into a few cells (each value that a condition compares it
with, and any other), and a *case* is a cell for each. Few cases are taken as they are; of many, so many that every two
conditions are seen together in every way in which they can come out together. The first case is that of the defaults.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.parameters import Parameter, other
from tap.check.values import Unknown, items, known

MOST = 24
"""Cases that are looked at, at the most."""

_WHOLE = 512
"""So many combinations of cells are looked at one by one; of more, each pair of changes from the defaults."""

_PAIRS = 1000
"""So many pairs of changes are looked at one by one; where there are more, this many spread combinations instead."""
_SPREAD = 128

_TOLD_APART = 256
"""So many conditions that differ from each other are looked at in pairs."""

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
        truth = judge.all(values, free)
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
        self._told: dict[tuple[int, str | None], bool | None] = {}

    def all(self, values: Mapping[str, Any], free: Mapping[str, Any]) -> dict[str, bool]:
        """The truth of each condition; one that is not there, or goes in a circle, is false."""
        told: dict[str, bool] = {}
        return {name: self._condition(name, values, free, told, set()) for name in self._conditions}

    def _condition(
        self, name: str, values: Mapping[str, Any], free: Mapping[str, Any], told: dict[str, bool], open_: set[str]
    ) -> bool:
        if name in told:
            return told[name]
        if name in open_ or name not in self._conditions:
            return False
        open_.add(name)
        truth = self._truth(self._conditions[name], values, free, told, open_)
        open_.discard(name)
        told[name] = truth
        return truth

    def _truth(
        self, node: Any, values: Mapping[str, Any], free: Mapping[str, Any], told: dict[str, bool], open_: set[str]
    ) -> bool:
        if not isinstance(node, Mapping) or len(node) != 1:
            return False
        ((name, argument),) = node.items()
        if name == "Condition":
            return self._condition(str(argument), values, free, told, open_)
        if name == "Fn::Not" and isinstance(argument, list) and argument:
            return not self._truth(argument[0], values, free, told, open_)
        if name == "Fn::And" and isinstance(argument, list):
            return all(self._truth(one, values, free, told, open_) for one in argument)
        if name == "Fn::Or" and isinstance(argument, list):
            return any(self._truth(one, values, free, told, open_) for one in argument)
        if name == "Fn::Equals" and isinstance(argument, list) and len(argument) == 2:
            equal = self._equal_again(argument, values)
            return bool(free.get(atom(argument), False)) if equal is None else equal
        return bool(free.get(atom(node), False))

    def _equal_again(self, operands: list[Any], values: Mapping[str, Any]) -> bool | None:
        """As ``equal``; a parameter and a text are compared once for each value of the parameter."""
        texts = [one for one in operands if isinstance(one, str)]
        names = [name for one in operands if (name := _parameter(one, self._parameters))]
        if len(texts) != 1 or len(names) != 1 or names[0] not in values:
            return self.equal(operands, values)
        key = (id(operands), values[names[0]])
        if key not in self._told:
            self._told[key] = self.equal(operands, values)
        return self._told[key]

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
            for one in items(rule.get("Assertions"))
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
        elif not parameter.allowed and not _enumerates(texts, parameter):
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


def _enumerates(texts: list[str], parameter: Parameter) -> bool:
    """Whether conditions name several values, the default among them: a list of what is meant, if an unwritten one.

    That somebody gives another value is then no case that the template was written for.
    """
    return len({one for one in texts if one}) > 1 and parameter.value in texts


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
    if len(single) * (len(single) - 1) // 2 > _PAIRS:
        yield from _changed(first, ((one,) for one in single))
        yield tuple(axis.cells[-1] for axis in axes)
        # Each row takes about half of what can change: a few of them show nearly every pair, the same ones in each run.
        draw = random.Random(0)
        for _ in range(_SPREAD):
            yield tuple(axis.cells[int(draw.random() * len(axis.cells))] for axis in axes)
        return
    yield from _changed(first, (*((one,) for one in single), *itertools.combinations(single, 2)))
    yield tuple(axis.cells[-1] for axis in axes)


def _changed(first: tuple[Any, ...], changed: Iterable[tuple[tuple[int, Any], ...]]) -> Iterator[tuple[Any, ...]]:
    """The first combination with each of these changes of cells."""
    for changes in changed:
        chosen = list(first)
        for place, cell in changes:
            chosen[place] = cell
        yield tuple(chosen)


def _few(found: list[Case]) -> tuple[Case, ...]:
    """So few cases that every pair of outcomes that there is is in one of them; the first one stays first."""
    if len(found) <= MOST:
        return tuple(found)
    pairs = _pairs(found)
    chosen, missing = [0], 0
    for one in pairs:
        missing |= one
    missing &= ~pairs[0]
    while missing and len(chosen) < MOST:
        best = max(range(len(found)), key=lambda place: ((pairs[place] & missing).bit_count(), -place))
        chosen.append(best)
        missing &= ~pairs[best]
    return tuple(found[place] for place in chosen)


def _pairs(found: list[Case]) -> list[int]:
    """The pairs of outcomes in each case, a bit for each pair: sets of them would be a hundred times as slow.

    Conditions that always come out alike, or always as opposites, count once.
    """
    columns = {name: tuple(case.truth[name] for case in found) for name in sorted(found[0].truth)}
    apart = {column if column[0] else tuple(not one for one in column): name for name, column in columns.items()}
    names = list(apart.values())[:_TOLD_APART]
    width = 2 * len(names)
    told = []
    for case in found:
        outcomes = [2 * place + case.truth[name] for place, name in enumerate(names)]
        row = sum(1 << one for one in outcomes)
        # The pairs of an outcome with those after it stand in a row of their own.
        told.append(sum((row >> one + 1) << (one * width + one + 1) for one in outcomes))
    return told
