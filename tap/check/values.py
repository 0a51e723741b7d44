"""What a property can be once everything is resolved that can be: plain data, or one of three that are not.

- :class:`Reference`: another resource of the template, or an attribute of it.
- :class:`Text`: text with parts that are not known, such as an ARN with the account's number in it.
- :class:`Unknown`: anything else that only CloudFormation can know.

None of them is a ``str``, a number, a list or a mapping: ``isinstance(value, str)`` is true only of text that is known
to the last character. That is how a rule stays silent where it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reference:
    """``!Ref logical_id`` (``attribute`` empty) or ``!GetAtt logical_id.attribute``, of a resource of this template."""

    logical_id: str
    attribute: str = ""

    def __str__(self) -> str:
        return f"!GetAtt {self.logical_id}.{self.attribute}" if self.attribute else f"!Ref {self.logical_id}"

    @property
    def variable(self) -> str:
        """As it stands in ``Fn::Sub``."""
        return f"${{{self.logical_id}{'.' if self.attribute else ''}{self.attribute}}}"


@dataclass(frozen=True)
class Unknown:
    """What cannot be known here. ``text`` is the expression in short form; ``parameter`` its name, if it is just one.

    ``pseudo`` is the name of a pseudo parameter that stands for itself, such as ``AWS::AccountId``; ``references`` are
    the resources that the expression is made from.
    """

    text: str
    parameter: str = ""
    pseudo: str = ""
    references: tuple[Reference, ...] = ()

    def __str__(self) -> str:
        return self.text

    @property
    def variable(self) -> str:
        """As it stands in ``Fn::Sub``."""
        return f"${{{self.pseudo or self.parameter or self.text}}}"


Part = str | Reference | Unknown


@dataclass(frozen=True)
class Text:
    """Text of which some parts are not known. Never all known (that is a ``str``), never empty."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else part.variable for part in self.parts)

    @property
    def prefix(self) -> str:
        """What it surely begins with."""
        return self.parts[0] if isinstance(self.parts[0], str) else ""

    @property
    def suffix(self) -> str:
        """What it surely ends in."""
        last = self.parts[-1]
        return last if isinstance(last, str) else ""

    @property
    def references(self) -> tuple[Reference, ...]:
        """The resources in it, in order."""
        found: list[Reference] = []
        for part in self.parts:
            if isinstance(part, Reference):
                found.append(part)
            elif isinstance(part, Unknown):
                found += part.references
        return tuple(found)


def join(parts: Iterator[Part] | list[Part] | tuple[Part, ...]) -> str | Text:
    """One text of parts: a ``str`` when all is known, neighbours merged."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    if all(isinstance(part, str) for part in merged):
        return "".join(part for part in merged if isinstance(part, str))
    return Text(tuple(merged))


def parts_of(value: Any) -> tuple[Part, ...]:
    """The parts of any scalar: what ``Fn::Sub`` and ``Fn::Join`` put together."""
    if isinstance(value, Text):
        return value.parts
    if isinstance(value, Reference | Unknown):
        return (value,)
    if isinstance(value, bool):
        return (str(value).lower(),)
    return (str(value),)


def shape(value: Any) -> str:
    """A scalar as text with ``${…}`` for what is not known: for comparing with, and for messages."""
    return "".join(part if isinstance(part, str) else part.variable for part in parts_of(value))


def known(value: Any) -> bool:
    """Whether nothing in ``value`` (with all that is in it) is unknown or refers to a resource."""
    if isinstance(value, dict):
        return all(known(item) for item in value.values())
    if isinstance(value, list):
        return all(known(item) for item in value)
    return not isinstance(value, Reference | Text | Unknown)


def as_bool(value: Any) -> bool | None:
    """A boolean as CloudFormation takes it (``true``, ``"true"``); None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    return None


def as_number(value: Any) -> float | None:
    """A number as CloudFormation takes it (``5``, ``"5"``); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def as_int(value: Any) -> int | None:
    """A whole number as CloudFormation takes it; None for anything else."""
    number = as_number(value)
    return int(number) if number is not None and number == int(number) else None


def items(value: Any) -> list[Any]:
    """The items of a list; nothing for what is no list. A single value is *not* taken for a list of one."""
    return value if isinstance(value, list) else []


def each(value: Any) -> list[Any]:
    """The items of a list, or the single value itself (policy documents: ``Action``, ``Resource``, ``Principal``)."""
    return value if isinstance(value, list) else [] if value is None else [value]


def strings(value: Any) -> list[str]:
    """The items of a list in which every item is known text; nothing for any other."""
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []


def fields(value: Any) -> Mapping[str, Any]:
    """A mapping; an empty one for what is no mapping."""
    # A test for Mapping takes ten times as long, and this is asked a hundred thousand times.
    return value if isinstance(value, dict) else {}


def walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value in ``value`` with its path, leaves and branches, itself first."""
    return iter(_walked(value, path, []))


def _walked(
    value: Any, path: tuple[str, ...], found: list[tuple[tuple[str, ...], Any]]
) -> list[tuple[tuple[str, ...], Any]]:
    # One list for all: generators within generators would hand each value up through every level.
    found.append((path, value))
    if isinstance(value, dict):
        for key, item in value.items():
            _walked(item, (*path, str(key)), found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _walked(item, (*path, str(index)), found)
    return found


def references_in(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Reference]]:
    """Every reference to a resource in a resolved value, with its path."""
    return references_among(walk(value, path))


def references_among(walked: Iterable[tuple[tuple[str, ...], Any]]) -> Iterator[tuple[tuple[str, ...], Reference]]:
    """The references among values that were walked already."""
    for place, found in walked:
        if isinstance(found, Reference):
            yield place, found
        elif isinstance(found, Text | Unknown):
            for reference in found.references:
                yield place, reference
