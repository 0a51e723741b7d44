"""What a parameter can be: its value where that is known, else what its constraints allow. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.values import as_int, as_number

_LISTS = ("CommaDelimitedList", "List<")
_FROM_SSM = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True)
class Parameter:
    """A declared parameter. ``given`` is the value from outside, None when nobody says one."""

    name: str
    type: str = "String"
    default: str | None = None
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None
    secret: bool = False
    given: str | None = None

    @property
    def value(self) -> str | None:
        """The value that counts: the given one, else the default; None when there is neither."""
        return self.given if self.given is not None else self.default

    @property
    def is_list(self) -> bool:
        """Whether a ``Ref`` to it gives a list."""
        kind = self.type.removeprefix(_FROM_SSM)
        return kind.startswith(_LISTS)

    @property
    def from_ssm(self) -> bool:
        """Whether its value only names an SSM parameter, whose value CloudFormation reads."""
        return self.type.startswith(_FROM_SSM)

    def allows(self, text: str) -> bool:
        """Whether the constraints let this value pass. A pattern that Python does not understand lets all pass."""
        if self.allowed:
            return text in self.allowed
        if self.type == "Number":
            number = as_number(text)
            if number is None:
                return False
            return not (
                (self.min_value is not None and number < self.min_value)
                or (self.max_value is not None and number > self.max_value)
            )
        if self.min_length is not None and len(text) < self.min_length:
            return False
        if self.max_length is not None and len(text) > self.max_length:
            return False
        if self.pattern:
            try:
                return re.fullmatch(self.pattern, text) is not None
            except re.error:
                return True
        return True

    def longest(self) -> int | None:
        """The most characters that a value may have; None where nothing limits them."""
        if self.given is not None:
            return len(self.given)
        if self.allowed:
            return max(map(len, self.allowed))
        if self.max_length is not None:
            return self.max_length
        return _longest_of(self.pattern)


_BOUNDED = re.compile(r"\^?(?:(\[[^\]]+\]|\\w|\\d|[A-Za-z0-9-])(\{(?:\d+,)?(\d+)\}|\?)?)+\$?")
_PIECE = re.compile(r"(\[[^\]]+\]|\\w|\\d|[A-Za-z0-9-])(\{(?:\d+,)?(\d+)\}|\?)?")


def _longest_of(pattern: str) -> int | None:
    """The most characters that a simple pattern allows: classes with ``{m,n}``; None for any other pattern."""
    if not pattern or not _BOUNDED.fullmatch(pattern):
        return None
    return sum(int(piece[3]) if piece[3] else 1 for piece in _PIECE.finditer(pattern.strip("^$")))


def read(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Parameter]:
    """The parameters of a template's ``Parameters`` section. What is malformed there counts as not said."""
    found = {}
    for name, body in declared.items():
        if not isinstance(body, Mapping):
            continue
        default = body.get("Default")
        allowed = body.get("AllowedValues")
        pattern = body.get("AllowedPattern")
        found[name] = Parameter(
            name,
            str(body.get("Type", "String")),
            None if default is None else _text(default),
            tuple(_text(one) for one in allowed) if isinstance(allowed, list) else (),
            pattern if isinstance(pattern, str) else "",
            as_int(body.get("MinLength")),
            as_int(body.get("MaxLength")),
            as_number(body.get("MinValue")),
            as_number(body.get("MaxValue")),
            _text(body.get("NoEcho", "")) == "true",
            given.get(name),
        )
    return found


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def other(parameter: Parameter, than: Iterable[str]) -> str | None:
    """A value that a parameter may have and that is none of ``than``; None when there is none that can be named.

    Only of an enumeration or of the default can be said that it is one.
    """
    taken = set(than)
    if parameter.value is not None and parameter.value not in taken:
        return parameter.value
    return next((one for one in parameter.allowed if one not in taken), None)
