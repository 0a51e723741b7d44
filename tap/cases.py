"""What a template's conditions come to: the cases in which an expression with ``Fn::If`` has which value, in words.

Conditions are functions of what they compare: a parameter, or the stack's region. So the cases of an expression are
the values that its conditions tell apart, and no more: of a comparison with ``prod`` there are two, prod and not. A
condition that compares anything else stands for itself, by its name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

ALWAYS = ""
"""The words of a case that is the only one."""

OTHER = "\0other"
"""Stands for every value that no condition names."""

HOLDS = "\0holds"
"""The value of a condition that stands for itself, where it holds."""

Values = Mapping[str, str]
"""What is compared (a parameter, ``AWS::Region``, or a condition that stands for itself) → its value in a case."""


@dataclass(frozen=True)
class Conditions:
    """The conditions of a template, and its parameters, whose allowed values say what ``not prod`` leaves."""

    conditions: Mapping[str, Any]
    parameters: Mapping[str, Mapping[str, Any]]

    def cases(self, names: Iterable[str], value: Callable[[Values], T]) -> list[tuple[str, T]]:
        """The values of a function of these conditions, each with its case in words (``ALWAYS`` for the only one).

        What makes no difference is not told apart.
        """
        compared = self._compared(names)
        found: dict[str, tuple[dict[str, None], T]] = {}
        for case in _product(compared):
            result = value(case)
            same = repr(result)
            # A term is the case without what makes no difference to the value.
            term = dict(case)
            for name in case:
                rest = {key: each for key, each in term.items() if key != name}
                if all(repr(value(each)) == same for each in _product({**compared, **_only(rest)})):
                    term = rest
            words = " and ".join(self._words(name, text, compared[name]) for name, text in term.items())
            found.setdefault(same, ({}, result))[0][words] = None
        return [(", or ".join(words), result) for words, result in found.values()]

    def holds(self, name: str, case: Values) -> bool:
        """Whether a condition holds in a case."""
        return case[name] == HOLDS if name in case else self._test(self.conditions[name], case)

    def pick(self, expression: Any, case: Values) -> Any:
        """An expression without the ``Fn::If`` that it is made of: the branch of this case."""
        while isinstance(expression, dict) and set(expression) == {"Fn::If"}:
            name, yes, no = expression["Fn::If"]
            expression = yes if self.holds(name, case) else no
        return expression

    def case(self, names: Iterable[str], values: Mapping[str, str]) -> Values:
        """The case that values of parameters (and ``AWS::Region``) make; a parameter without one has its default.

        A condition that stands for itself does not hold.
        """
        found: dict[str, str] = {}
        for name, texts in self._compared(names).items():
            value = values.get(name, str(self.parameters.get(name, {}).get("Default", "")))
            found[name] = value if value in texts else OTHER
        return found

    def _test(self, test: Any, case: Values) -> bool:
        ((function, argument),) = test.items()
        if function == "Condition":
            return self.holds(argument, case)
        if function == "Fn::Not":
            return not self._test(argument[0], case)
        if function == "Fn::And":
            return all(self._test(each, case) for each in argument)
        if function == "Fn::Or":
            return any(self._test(each, case) for each in argument)
        one = _comparison(argument)
        return one is not None and case[one[0]] == one[1]

    def _compared(self, names: Iterable[str]) -> dict[str, list[str]]:
        """What the conditions compare, with the values told apart; those that a parameter cannot have are left out."""
        found: dict[str, list[str]] = {}
        for name, text in itertools.chain.from_iterable(self._comparisons(each) for each in names):
            texts = found.setdefault(name, [])
            if text not in texts:
                texts.append(text)
        for name, texts in found.items():
            if set(self._allowed(name)) != set(texts):
                texts.append(OTHER)
        return found

    def _comparisons(self, name: str) -> list[tuple[str, str]]:
        """What a condition compares with which texts; a condition that compares otherwise stands for itself."""
        found: list[tuple[str, str]] = []
        todo = [self.conditions[name]]
        while todo:
            ((function, argument),) = todo.pop(0).items()
            if function == "Condition":
                found += self._comparisons(argument)
            elif function in ("Fn::Not", "Fn::And", "Fn::Or"):
                todo = [*argument, *todo]
            elif one := _comparison(argument):
                found.append(one)
            else:
                return [(name, HOLDS)]
        return found

    def _allowed(self, name: str) -> list[str]:
        return [str(each) for each in self.parameters.get(name, {}).get("AllowedValues", [])]

    def _words(self, name: str, value: str, texts: list[str]) -> str:
        if HOLDS in texts:
            return f"`{name}` {'holds' if value == HOLDS else 'does not hold'}"
        what = "the region" if name == "AWS::Region" else f"`{name}`"
        named = [text for text in texts if text != OTHER]
        if value == OTHER:
            if left := [each for each in self._allowed(name) if each not in named]:
                return f"{what} is {_either(left)}"
            return f"{what} is given" if named == [""] else f"{what} is not {_either(named)}"
        return f"{what} is empty" if value == "" else f"{what} is `{value}`"


def names(expression: Any) -> list[str]:
    """The conditions of the ``Fn::If`` that an expression is made of, itself and its branches."""
    if not (isinstance(expression, dict) and set(expression) == {"Fn::If"}):
        return []
    name, *branches = expression["Fn::If"]
    return list(dict.fromkeys([name, *(each for branch in branches for each in names(branch))]))


def _comparison(sides: Any) -> tuple[str, str] | None:
    """The name and the text that ``Fn::Equals`` compares; None where it compares something else."""
    if not isinstance(sides, list):
        return None
    references = [side["Ref"] for side in sides if isinstance(side, dict) and set(side) == {"Ref"}]
    texts = [str(side) for side in sides if isinstance(side, str | int | float | bool)]
    return (references[0], texts[0]) if len(references) == len(texts) == 1 else None


def _only(values: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [text] for name, text in values.items()}


def _product(options: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    for values in itertools.product(*options.values()):
        yield dict(zip(options, values, strict=True))


def _either(texts: list[str]) -> str:
    return " or ".join(f"`{text}`" if text else "empty" for text in texts)
