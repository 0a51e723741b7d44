"""The emitted text: CloudFormation for people to read, in YAML and in JSON.

YAML is written here rather than by a library because its look is the product: sections and keys in reading order,
intrinsics in short form without quotes, short lists of arguments on one line, scripts as literal blocks, a rule of
comment before each tier. The scalars' quoting follows YAML 1.1, which CloudFormation reads.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

WIDTH = 110
"""The most columns that an intrinsic with a list of arguments may take on one line."""

SECTIONS = (
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
)
RESOURCE_KEYS = (
    "Type",
    "Metadata",
    "Condition",
    "DependsOn",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Properties",
)
PARAMETER_KEYS = (
    "Description",
    "Type",
    "Default",
    "NoEcho",
    "AllowedValues",
    "AllowedPattern",
    "MinLength",
    "MaxLength",
)
OUTPUT_KEYS = ("Description", "Condition", "Value", "Export")
_LONG = re.compile(r"Fn::(?:Contains|EachMember|ForEach|RefAll|ValueOf)")
"""Rule functions and loops: the template reference gives no short form for them."""
_ENTRY_KEYS = {"Parameters": PARAMETER_KEYS, "Resources": RESOURCE_KEYS, "Outputs": OUTPUT_KEYS}
_SPACED = ("Parameters", "Resources")

# What YAML 1.1 reads as something other than a string (yaml.org/type), and what begins or breaks a plain scalar.
_NOT_TEXT = re.compile(
    r"""(?x) ^(?:
      [yY]|[yY]es|YES|[nN]|[nN]o|NO|[tT]rue|TRUE|[fF]alse|FALSE|[oO]n|ON|[oO]ff|OFF   # bool
    | ~|[nN]ull|NULL|=|<<                                                             # null, value, merge
    | [-+]?[0-9.][0-9_,.:]*(?:[eE][-+]?[0-9]+)?                                       # int, float, base 60
    | [-+]?0[xXbBoO][0-9a-fA-F_]+ | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*                                                # timestamp
    )$"""
)
_PLAIN_START = re.compile(r"[A-Za-z0-9_/$.(^+~\\;]|-(?=[A-Za-z0-9])")
_BREAKS_PLAIN = re.compile(
    r": |:$| #|[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]|^---|^\.\.\.|^\s|\s$"
)
_BREAKS_FLOW = re.compile(r"[,\[\]{}]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_FOLDS = re.compile(r"[^\s]+(?: [^\s]+)+\Z")
"""Words with single spaces between them: what a folded block gives back as it was."""
_LITERAL_FIT = re.compile(r"[ \t]+(?=\n)|[ \t]+\Z|\t|\r")


def ordered(body: Mapping[str, Any]) -> dict[str, Any]:
    """A template with its sections, and the keys of its parameters, resources and outputs, in reading order."""
    result: dict[str, Any] = {}
    for section in sorted(body, key=_rank(SECTIONS)):
        entries, keys = body[section], _ENTRY_KEYS.get(section)
        if keys:
            rank = _rank(keys)
            entries = {name: {key: entry[key] for key in sorted(entry, key=rank)} for name, entry in entries.items()}
        result[section] = entries
    return result


def _rank(keys: tuple[str, ...]) -> Any:
    places = {key: place for place, key in enumerate(keys)}
    return lambda key: places.get(key, len(keys))


def to_json(body: Mapping[str, Any]) -> str:
    """The template as JSON, in reading order, indented by two."""
    return json.dumps(ordered(body), indent=2, ensure_ascii=False) + "\n"


def to_yaml(body: Mapping[str, Any], headings: Mapping[str, tuple[str, str]] | None = None) -> str:
    """The template as YAML; ``headings`` sets a comment (title and sentence) before the resources it names."""
    lines: list[str] = []
    for section, entries in ordered(body).items():
        if lines:
            lines.append("")
        if isinstance(entries, Mapping) and entries and section != "Metadata":
            lines.append(f"{section}:")
            _section(lines, section, entries, headings or {})
        else:
            lines += _entry(section, entries, 0)
    return "\n".join(lines) + "\n"


def _section(
    lines: list[str], section: str, entries: Mapping[str, Any], headings: Mapping[str, tuple[str, str]]
) -> None:
    first = True
    for name, entry in entries.items():
        heading = headings.get(name) if section == "Resources" else None
        if not first and (section in _SPACED or heading):
            lines.append("")
        if heading:
            lines += _heading(*heading)
        lines += _entry(name, entry, 2)
        first = False


def _heading(title: str, sentence: str) -> list[str]:
    rule = f"  # ── {title} "
    return [rule + "─" * (WIDTH - len(rule)), *(f"  # {line}" for line in _wrap(sentence, WIDTH - 4)), ""]


def _wrap(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


# ── YAML ──


def _entry(key: str, value: Any, indent: int) -> list[str]:
    """``key: value`` at ``indent``; a value of several lines stands below its key, indented."""
    head, rest = _node(value, indent)
    start = f"{' ' * indent}{_scalar(str(key))}:"
    return [f"{start} {head}" if head else start, *rest]


def _node(value: Any, indent: int) -> tuple[str, list[str]]:
    """What stands on the line of the key, and the lines below it, for a value whose key is at ``indent``."""
    if isinstance(value, str):
        return _text(value, indent + 2)
    if isinstance(value, list):
        return ("", _items(value, indent + 2)) if value else ("[]", [])
    if isinstance(value, Mapping):
        if not value:
            return "{}", []
        tag = _tag(value)
        if tag:
            return _tagged(tag, next(iter(value.values())), indent)
        return "", [line for key, item in value.items() for line in _entry(key, item, indent + 2)]
    return _atom(value), []


def _items(values: list[Any], indent: int) -> list[str]:
    lines: list[str] = []
    for value in values:
        if isinstance(value, Mapping) and value and not _tag(value):
            # The first key stands beside the dash.
            below = [line for key, item in value.items() for line in _entry(key, item, indent + 2)]
            lines += [" " * indent + "- " + below[0].lstrip(" "), *below[1:]]
        elif isinstance(value, list) and value:
            below = _items(value, indent + 2)
            lines += [" " * indent + "- " + below[0].lstrip(" "), *below[1:]]
        else:
            head, rest = _node(value, indent)
            lines += [f"{' ' * indent}- {head}", *rest]
    return lines


def _tag(value: Mapping[str, Any]) -> str:
    """``!Sub`` for ``{"Fn::Sub": …}``; empty for what is no intrinsic, or has no short form here."""
    if len(value) != 1:
        return ""
    ((key, argument),) = value.items()
    if key == "Ref":
        return "!Ref" if isinstance(argument, str) else ""
    if key == "Condition":
        return "!Condition" if isinstance(argument, str) else ""
    if not key.startswith("Fn::") or _LONG.match(key):
        return ""
    if key == "Fn::GetAtt":
        plain = isinstance(argument, list) and len(argument) == 2 and all(isinstance(part, str) for part in argument)
        return "!GetAtt" if plain and "." not in argument[0] else ""
    # A node has one tag, so an intrinsic right inside another leaves the outer one in long form. Its arguments in a
    # map have no short form that CloudFormation documents. A tagged scalar is text, whatever it looks like.
    return "!" + key.removeprefix("Fn::") if isinstance(argument, str | list) else ""


def _tagged(tag: str, argument: Any, indent: int) -> tuple[str, list[str]]:
    if tag == "!GetAtt":
        return f"!GetAtt {_scalar('.'.join(argument))}", []
    if isinstance(argument, list):
        flow = _flow(argument)
        if flow is not None and len(flow) + len(tag) + indent < WIDTH - 20:
            return f"{tag} {flow}", []
        return tag, _items(argument, indent + 2)
    head, rest = _node(argument, indent)
    return f"{tag} {head}", rest


def _flow(value: Any) -> str | None:
    """A value on one line, for the arguments of an intrinsic; None where it wants several."""
    if isinstance(value, str):
        return None if "\n" in value else _scalar(value, flow=True)
    if isinstance(value, list):
        parts = [_flow(item) for item in value]
        return None if None in parts else "[" + ", ".join(part for part in parts if part is not None) + "]"
    if isinstance(value, Mapping):
        tag = _tag(value)
        if not tag:
            return None
        argument = next(iter(value.values()))
        inner = _flow(".".join(argument) if tag == "!GetAtt" else argument)
        return None if inner is None else f"{tag} {inner}"
    return _atom(value)


def _atom(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no form in JSON")
        text = repr(value)
        # YAML 1.1 wants a dot in the mantissa and a sign in the exponent of a float.
        mantissa, e, exponent = text.partition("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}{e}{exponent}" if e else text
    return str(value)


def _text(value: str, indent: int) -> tuple[str, list[str]]:
    if "\n" not in value:
        if len(value) + indent > WIDTH and _FOLDS.match(value) and not _UNPRINTABLE.search(value):
            return ">-", [" " * indent + line for line in _wrap(value, WIDTH - indent)]
        return _scalar(value), []
    # Kept line ends (|+) would take in the empty line that sets off the next resource.
    if value[0] in " \n" or value.endswith("\n\n") or _UNPRINTABLE.search(value) or _LITERAL_FIT.search(value):
        return _double(value), []
    lines = value.removesuffix("\n").split("\n")
    return "|" if value.endswith("\n") else "|-", [" " * indent + line if line else "" for line in lines]


@lru_cache(maxsize=65_536)
def _scalar(text: str, flow: bool = False) -> str:
    """A string on one line: plain where it reads as itself, else in single quotes, else in double quotes."""
    plain = (
        _PLAIN_START.match(text)
        and not _NOT_TEXT.match(text)
        and not _BREAKS_PLAIN.search(text)
        and not (flow and _BREAKS_FLOW.search(text))
    )
    if plain:
        return text
    if "\n" in text or _UNPRINTABLE.search(text) or "\t" in text:
        return _double(text)
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    # JSON's escapes are YAML's too; the characters that only YAML finds unprintable are escaped after it.
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
