"""Parameter values, checked by the template's own constraints before CloudFormation is asked.

Pure. Reports only what CloudFormation is sure to refuse; what depends on the account (does this VPC exist?)
or on the whole template (``Rules``) is left to it. Rules of the constraints: CloudFormation User Guide,
"CloudFormation template Parameters syntax" and "Parameter types".
"""

from __future__ import annotations

import difflib
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tap.errors import TapError

Declared = Mapping[str, Mapping[str, Any]]

LONGEST = 4096
"""Bytes in a parameter's value (CloudFormation quotas)."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_ID_PREFIX = {
    "AWS::EC2::Image::Id": "ami-",
    "AWS::EC2::Instance::Id": "i-",
    "AWS::EC2::SecurityGroup::Id": "sg-",
    "AWS::EC2::Subnet::Id": "subnet-",
    "AWS::EC2::Volume::Id": "vol-",
    "AWS::EC2::VPC::Id": "vpc-",
}
_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "XDigit": "0-9a-fA-F",
    "Space": r"\s",
    "Punct": r"!-/:-@\[-`{-~",
}
_JAVA_ONLY = re.compile(r"&&|\\[pPQEhHRXGzkK]|\[[^\]]*(?<!\\)\[(?!:)|\\x\{|\(\?[a-zA-Z]*[dUu]")
"""What Java's expressions have and Python's lack, or read otherwise; POSIX classes are translated before."""

_JAVA_LINE_ENDS = frozenset("\r\x85\u2028\u2029")
"""Characters that ``.`` matches in Python and not in Java."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with one parameter, in one sentence."""

    key: str
    sentence: str


class ParametersError(TapError):
    """Every problem with the parameters at once."""

    def __init__(self, problems: Sequence[Problem], where: str) -> None:
        self.problems = tuple(problems)
        count = "A parameter" if len(problems) == 1 else f"{len(problems)} parameters"
        lines = [f"  {problem.key}: {problem.sentence}" for problem in problems]
        super().__init__(
            f"{count} cannot be used; nothing was sent to CloudFormation.\n"
            + "\n".join(lines)
            + f"\nThe values come from {where} and from --parameter Key=Value, which comes first."
        )


def given(options: Iterable[str]) -> dict[str, str]:
    """``Key=Value`` options as a mapping; of two with the same key the later counts. Raises TapError."""
    values = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key.strip():
            raise TapError(f"--parameter {option!r} has no value. Write it as Key=Value.")
        values[key.strip()] = value
    return values


def check(
    templates: Sequence[Declared], values: Mapping[str, str], elsewhere: Iterable[str] = ()
) -> tuple[Problem, ...]:
    """Everything wrong with ``values`` for the parameters that ``templates`` declare, in the order of
    declaration.

    Several templates are the tiers of one system: each takes what it declares, and a value that none declares
    is unknown; parameters that templates ``elsewhere`` declare are what may have been meant then. Values of
    ``NoEcho`` parameters are never part of a sentence.
    """
    found: dict[Problem, None] = {}
    for declared in templates:
        for key, parameter in declared.items():
            if key in values:
                sentences = list(_violations(parameter, values[key]))
                found.update((Problem(key, sentence), None) for sentence in sentences)
            elif "Default" not in parameter:
                found[Problem(key, f"has no value. {_about(parameter)}".strip())] = None
    known = list(dict.fromkeys(key for declared in templates for key in declared))
    names = [*known, *elsewhere]
    found.update((Problem(key, _unknown(key, names)), None) for key in values if key not in known)
    return tuple(found)


def taken(declared: Declared, values: Mapping[str, str]) -> dict[str, str]:
    """Of ``values`` those that ``declared`` knows, in its order."""
    return {key: values[key] for key in declared if key in values}


def effective(declared: Declared, values: Mapping[str, str]) -> dict[str, str]:
    """What the template works with: ``values`` over the defaults."""
    defaults = {key: str(one["Default"]) for key, one in declared.items() if "Default" in one}
    return {**defaults, **taken(declared, values)}


def secrets(declared: Declared) -> frozenset[str]:
    """The ``NoEcho`` parameters."""
    return frozenset(key for key, one in declared.items() if str(one.get("NoEcho", "")).lower() == "true")


def _unknown(key: str, known: Sequence[str]) -> str:
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(key.casefold(), folded, n=1, cutoff=0.6)
    meant = f" Did you mean {folded[close[0]]}?" if close else " `show SYSTEM` lists the parameters."
    return f"is declared by no template of this system.{meant}"


def _about(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("Description", "")).strip()


def _shown(parameter: Mapping[str, Any], value: str) -> str:
    return "the value" if secrets({"": parameter}) else repr(value)


def _violations(parameter: Mapping[str, Any], value: str) -> Iterator[str]:
    kind = str(parameter.get("Type", "String"))
    if len(value.encode()) > LONGEST:
        yield f"the value has {len(value.encode()):,} bytes; CloudFormation takes at most {LONGEST:,}."
        return
    if kind.startswith("AWS::SSM::Parameter::"):
        # The value is the name of an entry in Parameter Store; what is there is for CloudFormation to look up.
        if not value:
            yield "is empty; it must be the name of an entry in Systems Manager Parameter Store."
        return
    is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
    item_kind = kind[5:-1] if kind.startswith("List<") else "String" if is_list else kind
    items = [item.strip() for item in value.split(",")] if is_list else [value]
    if value == "" and kind in {"CommaDelimitedList", "List<Number>"}:
        items = []  # an empty list, or a list of one empty text: CloudFormation will say
    broken = [rule for item in items for rule in _item_violations(parameter, item_kind, item)]
    if item_kind == "String" and not is_list:
        broken += _length_violations(parameter, value)
    yield from _worded(parameter, list(dict.fromkeys(broken)))


def _worded(parameter: Mapping[str, Any], broken: list[str]) -> Iterator[str]:
    said = str(parameter.get("ConstraintDescription", "")).strip()
    for rule in broken:
        yield f"{rule}. {_sentence(said)}".strip() if said else f"{rule}."


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def _item_violations(parameter: Mapping[str, Any], kind: str, item: str) -> Iterator[str]:
    shown = _shown(parameter, item)
    if kind == "Number" and not _NUMBER.fullmatch(item.strip()):
        yield f"{shown} is no number"
        return
    if kind in _ID_PREFIX and not re.fullmatch(_ID_PREFIX[kind] + "[0-9a-zA-Z]+", item):
        yield f"{shown} is no {kind}: that begins with {_ID_PREFIX[kind]}"
    allowed = [_text(one) for one in parameter.get("AllowedValues", [])]
    if allowed and not _among(item, allowed, kind):
        yield f"{shown} is not allowed; allowed: {', '.join(repr(one) for one in allowed)}"
    if kind == "Number":
        yield from _range_violations(parameter, item)
    pattern = parameter.get("AllowedPattern")
    if pattern is not None and kind != "Number" and matches(str(pattern), item) is False:
        yield f"{shown} does not match the pattern {pattern}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _among(item: str, allowed: Sequence[str], kind: str) -> bool:
    if kind != "Number":
        return item in allowed
    return any(_NUMBER.fullmatch(one.strip()) and float(one) == float(item) for one in allowed)


def _range_violations(parameter: Mapping[str, Any], item: str) -> Iterator[str]:
    low = float(parameter.get("MinValue", -math.inf))
    high = float(parameter.get("MaxValue", math.inf))
    shown = _shown(parameter, item)
    if float(item) < low:
        yield f"{shown} is less than {parameter['MinValue']}"
    if float(item) > high:
        yield f"{shown} is more than {parameter['MaxValue']}"


def _length_violations(parameter: Mapping[str, Any], value: str) -> list[str]:
    low, high = int(parameter.get("MinLength", 0)), int(parameter.get("MaxLength", LONGEST))
    shown = _shown(parameter, value)
    if len(value) < low:
        return [f"{shown} has {len(value)} characters; it needs at least {low}"]
    if len(value) > high:
        return [f"{shown} has {len(value)} characters; at most {high} are allowed"]
    return []


def matches(pattern: str, value: str) -> bool | None:
    """Whether all of ``value`` matches ``pattern``, as CloudFormation (Java's ``String.matches``) would have
    it.

    Java's POSIX classes (``\\p{Alpha}`` and its like) and named groups are translated, and ``\\d``, ``\\w``,
    ``\\s`` are ASCII as they are in Java. None for a pattern with what Python lacks (intersections of
    classes, Unicode categories, ``\\Q…\\E``, …): CloudFormation will judge.
    """

    def posix(match: re.Match[str]) -> str:
        chars = _POSIX.get(match[1])
        if chars is None:
            return match[0]
        before = pattern[: match.start()]
        inside = len(re.findall(r"(?<!\\)\[", before)) > len(re.findall(r"(?<!\\)\]", before))
        return chars if inside else f"[{chars}]"

    translated = re.sub(r"\\p\{(\w+)\}", posix, pattern)
    if _JAVA_ONLY.search(translated) or _JAVA_LINE_ENDS & set(value):
        return None
    translated = re.sub(r"\(\?<(?![=!])", "(?P<", translated)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            return re.fullmatch(translated, value, re.ASCII) is not None
    except (re.error, FutureWarning):
        return None
