"""How long a name can get: an expression as written, with the longest value of each parameter. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap.check.model import Model

_VARIABLE = re.compile(r"\$\{(!?)([^${}]+)\}")
_PSEUDO = {"AWS::AccountId": 12, "AWS::Region": 14, "AWS::Partition": 10, "AWS::StackName": 128, "AWS::URLSuffix": 16}
"""``ap-southeast-1`` is the longest region; a stack's name has at most 128 characters (CloudFormation quotas)."""


def longest(written: Any, model: Model) -> int | None:
    """The most characters of ``written`` in any case; None where nothing limits it (a parameter without a longest
    value, another resource's attribute)."""
    if isinstance(written, str):
        return len(written)
    if isinstance(written, int | float):
        return len(str(written))
    if not isinstance(written, Mapping) or len(written) != 1:
        return None
    ((name, argument),) = written.items()
    if name == "Ref":
        return _name(str(argument), model)
    if name == "Fn::Sub":
        return _sub(argument, model)
    if name == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
        both = [longest(one, model) for one in argument[1:]]
        return None if None in both else max(one for one in both if one is not None)
    if name == "Fn::Join" and isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
        parts = [longest(one, model) for one in argument[1]]
        if None in parts:
            return None
        return sum(one for one in parts if one is not None) + len(str(argument[0])) * max(len(parts) - 1, 0)
    return None


def _name(name: str, model: Model) -> int | None:
    if name in model.parameters:
        parameter = model.parameters[name]
        return None if parameter.is_list or parameter.from_ssm else parameter.longest()
    if name == "AWS::Region" and model.region:
        return len(model.region)
    return _PSEUDO.get(name)


def _sub(argument: Any, model: Model) -> int | None:
    text, own = (argument, {}) if not isinstance(argument, list) else [*argument, {}, {}][:2]
    if not isinstance(text, str) or not isinstance(own, Mapping):
        return None
    total = len(_VARIABLE.sub("", text))
    for match in _VARIABLE.finditer(text):
        if match[1]:
            total += len(match[2]) + 3
            continue
        name = match[2].strip()
        part = longest(own[name], model) if name in own else _name(name, model)
        if part is None:
            return None
        total += part
    return total
