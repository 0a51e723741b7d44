"""What expressions of a template come to in one world. Pure.

The functions are those of the CloudFormation template reference ("Intrinsic function reference").
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap.check.values import Part, Reference, Text, Unknown, as_int, join, known, parts_of, references_in, shape

GONE = object()
"""``AWS::NoValue``: the property is not there."""

ALL_ZONES = "!GetAZs ''"
"""How the zones of the region itself are written, however the template says it."""
_VARIABLE = re.compile(r"\$\{(!?)([^${}]+)\}")
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")


@dataclass(frozen=True)
class Scope:
    """What names stand for: parameters (``str``, list, Unknown), pseudo parameters, conditions, mappings, resources."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    pseudo: Mapping[str, Any] = field(default_factory=dict)
    truth: Mapping[str, bool] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    resources: frozenset[str] = frozenset()


def resolve(node: Any, scope: Scope) -> Any:
    """``node`` in this world: plain data, with References, Texts and Unknowns for what is not plain."""
    if isinstance(node, str):
        return _dynamic(node)
    if isinstance(node, list):
        found = (resolve(item, scope) for item in node)
        return [item for item in found if item is not GONE]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        ((name, argument),) = node.items()
        handler = _FUNCTIONS.get(name)
        if handler:
            return handler(argument, scope)
        if isinstance(name, str) and name.startswith("Fn::"):
            return _unknown(name, argument, scope)
    pairs = ((key, resolve(item, scope)) for key, item in node.items())
    return {key: item for key, item in pairs if item is not GONE}


def pruned(node: Any, scope: Scope) -> Any:
    """``node`` as the template has it, with only the branches that this world takes."""
    if isinstance(node, list):
        items = (pruned(item, scope) for item in node)
        return [item for item in items if item != {"Ref": "AWS::NoValue"}]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and "Fn::If" in node:
        chosen = _branch(node["Fn::If"], scope)
        return node if chosen is None else pruned(chosen[0], scope)
    pairs = ((key, pruned(item, scope)) for key, item in node.items())
    return {key: item for key, item in pairs if item != {"Ref": "AWS::NoValue"}}


def _dynamic(text: str) -> Any:
    """Text with dynamic references, whose values only CloudFormation can know."""
    if "{{resolve:" not in text:
        return text
    parts: list[Part] = []
    start = 0
    for match in _DYNAMIC.finditer(text):
        parts += [text[start : match.start()], Unknown(match[0])]
        start = match.end()
    found = join([*parts, text[start:]])
    return found.parts[0] if isinstance(found, Text) and len(found.parts) == 1 else found


def _ref(argument: Any, scope: Scope) -> Any:
    name = str(argument)
    if name == "AWS::NoValue":
        return GONE
    if name in scope.parameters:
        return scope.parameters[name]
    if name in scope.pseudo:
        return scope.pseudo[name]
    if name in scope.resources:
        return Reference(name)
    return Unknown(f"!Ref {name}")


def _get_att(argument: Any, scope: Scope) -> Any:
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if not isinstance(argument, list) or len(argument) != 2 or not all(isinstance(one, str) for one in argument):
        return _unknown("Fn::GetAtt", argument, scope)
    name, attribute = argument
    if name in scope.resources:
        return Reference(name, attribute)
    return Unknown(f"!GetAtt {name}.{attribute}")


def _branch(argument: Any, scope: Scope) -> tuple[Any] | None:
    if not isinstance(argument, list) or len(argument) != 3:
        return None
    truth = scope.truth.get(str(argument[0]))
    return None if truth is None else (argument[1 if truth else 2],)


def _if(argument: Any, scope: Scope) -> Any:
    chosen = _branch(argument, scope)
    return _unknown("Fn::If", argument, scope) if chosen is None else resolve(chosen[0], scope)


def _sub(argument: Any, scope: Scope) -> Any:
    text, own = (argument, {}) if not isinstance(argument, list) else [*argument, {}, {}][:2]
    if not isinstance(text, str) or not isinstance(own, Mapping):
        return _unknown("Fn::Sub", argument, scope)
    parts: list[Part] = []
    start = 0
    for match in _VARIABLE.finditer(text):
        parts += parts_of(_dynamic(text[start : match.start()]))
        start = match.end()
        parts += (f"${{{match[2]}}}",) if match[1] else _variable(match[2].strip(), own, scope)
    parts += parts_of(_dynamic(text[start:]))
    found = join(parts)
    if isinstance(found, Text) and len(found.parts) == 1:
        return found.parts[0]
    return found


def _variable(name: str, own: Mapping[str, Any], scope: Scope) -> tuple[Part, ...]:
    if name in own:
        value = resolve(own[name], scope)
    elif "." in name:
        value = _get_att(name.split(".", 1), scope)
    else:
        value = _ref(name, scope)
    if value is GONE:
        return ()
    if isinstance(value, list | Mapping):
        return (Unknown(f"${{{name}}}", references=tuple(one for _, one in references_in(value))),)
    return parts_of(value)


def _join(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        return _unknown("Fn::Join", argument, scope)
    values = resolve(argument[1], scope)
    if not isinstance(values, list) or any(isinstance(one, list | Mapping) for one in values):
        return _unknown("Fn::Join", argument, scope)
    parts: list[Part] = []
    for index, value in enumerate(values):
        parts += ([argument[0]] if index else []) + list(parts_of(value))
    found = join(parts)
    return found.parts[0] if isinstance(found, Text) and len(found.parts) == 1 else found


def _select(argument: Any, scope: Scope) -> Any:
    if isinstance(argument, list) and len(argument) == 2:
        index, values = as_int(resolve(argument[0], scope)), resolve(argument[1], scope)
        if index is not None and isinstance(values, list) and 0 <= index < len(values):
            return values[index]
        if index is not None and isinstance(values, Unknown) and values.text == ALL_ZONES:
            return Unknown(f"!Select [{index}, {ALL_ZONES}]")
    return _unknown("Fn::Select", argument, scope)


def _split(argument: Any, scope: Scope) -> Any:
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str) and argument[0]:
        value = resolve(argument[1], scope)
        if isinstance(value, str):
            return value.split(argument[0])
    return _unknown("Fn::Split", argument, scope)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) not in {3, 4}:
        return _unknown("Fn::FindInMap", argument, scope)
    keys = [resolve(key, scope) for key in argument[:3]]
    if all(isinstance(key, str) for key in keys):
        found: Any = scope.mappings
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        if found is not None:
            return resolve(found, scope)
        if len(argument) == 4 and isinstance(argument[3], Mapping) and "DefaultValue" in argument[3]:
            return resolve(argument[3]["DefaultValue"], scope)
    return _unknown("Fn::FindInMap", argument, scope)


def _get_azs(argument: Any, scope: Scope) -> Any:
    # The region's own zones, however it is said: so that two choices from them can be compared.
    region = resolve(argument, scope)
    own = region in ("", scope.pseudo.get("AWS::Region"))
    return Unknown(ALL_ZONES) if own else _unknown("Fn::GetAZs", argument, scope)


def _cidr(argument: Any, scope: Scope) -> Any:
    if isinstance(argument, list) and len(argument) in {2, 3}:
        block, count, bits = ([resolve(one, scope) for one in argument] + [8])[:3]
        number, width = as_int(count), as_int(bits)
        if isinstance(block, str) and number and width:
            try:
                network = ipaddress.ip_network(block)
                prefix = network.max_prefixlen - width
                subnets = network.subnets(new_prefix=prefix)
                return [str(subnet) for subnet, _ in zip(subnets, range(min(number, 256)), strict=False)]
            except ValueError:
                pass
    return _unknown("Fn::Cidr", argument, scope)


def _base64(argument: Any, scope: Scope) -> Any:
    # The text itself: a rule wants to read it, and nobody compares the encoded form.
    return resolve(argument, scope)


def _to_json(argument: Any, scope: Scope) -> Any:
    value = resolve(argument, scope)
    return json.dumps(value) if known(value) else _unknown("Fn::ToJsonString", argument, scope)


def _length(argument: Any, scope: Scope) -> Any:
    value = resolve(argument, scope)
    return len(value) if isinstance(value, list) else _unknown("Fn::Length", argument, scope)


def _unknown(name: str, argument: Any, scope: Scope) -> Unknown:
    resolved = [resolve(one, scope) for one in argument] if isinstance(argument, list) else resolve(argument, scope)
    references = tuple(dict.fromkeys(one for _, one in references_in(resolved)))
    return Unknown(f"!{name.removeprefix('Fn::')} {short(resolved)}", references=references)


def short(value: Any) -> str:
    """A resolved value in one line, intrinsics in short form; for messages."""
    if isinstance(value, list):
        return f"[{', '.join(short(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {short(item)}' for key, item in value.items())}}}"
    if isinstance(value, Text):
        return shape(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _get_azs,
    "Fn::Cidr": _cidr,
    "Fn::Base64": _base64,
    "Fn::ToJsonString": _to_json,
    "Fn::Length": _length,
}
