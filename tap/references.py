"""References in CloudFormation: finding them, and putting something else in their place.

The intrinsic functions and their arguments are those of the CloudFormation template reference ("Intrinsic function
reference"). Works on plain dictionaries (``Template.to_dict()``) and knows no resource type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["Ref", "GetAtt", "Condition", "Mapping", "DependsOn"]

SUB_VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")
"""``${Name}`` and ``${Name.Attribute}``; ``${!Literal}`` is text."""


class Reference(NamedTuple):
    """A name used somewhere: what kind of use, the name, and for ``GetAtt`` the attribute (which may hold dots)."""

    kind: Kind
    name: str
    attribute: str = ""


class Use(NamedTuple):
    """A reference and where it stands, as the keys and indexes that lead to it."""

    reference: Reference
    path: tuple[str, ...]


def _get_att(argument: Any) -> Reference:
    name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return Reference("GetAtt", name, attribute)


def _variable(text: str) -> Reference:
    name, _, attribute = text.strip().partition(".")
    return Reference("GetAtt", name, attribute) if attribute else Reference("Ref", name)


def _is_pseudo(name: str) -> bool:
    return name.startswith("AWS::")


def find(node: Any, path: tuple[str, ...] = (), *, conditions: bool = False) -> Iterator[Use]:
    """Every name that ``node`` refers to, but pseudo parameters.

    ``conditions`` says that the node belongs to the Conditions or Rules section, where ``{"Condition": NAME}`` refers
    to a condition; elsewhere it may be anybody's property.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from find(item, (*path, str(index)), conditions=conditions)
        return
    if not isinstance(node, dict):
        return
    if len(node) == 1:
        ((key, argument),) = node.items()
        if key == "Ref":
            if not _is_pseudo(argument):
                yield Use(Reference("Ref", argument), path)
            return
        if key == "Fn::GetAtt":
            yield Use(_get_att(argument), path)
            return
        if key == "Fn::Sub":
            text, values = argument if isinstance(argument, list) else (argument, {})
            for match in SUB_VARIABLE.finditer(text):
                if match[1] not in values and not _is_pseudo(match[1]):
                    yield Use(_variable(match[1]), path)
            yield from find(values, path, conditions=conditions)
            return
        if key == "Fn::If":
            yield Use(Reference("Condition", argument[0]), path)
            yield from find(argument[1:], path, conditions=conditions)
            return
        if key == "Fn::FindInMap" and isinstance(argument[0], str):
            yield Use(Reference("Mapping", argument[0]), path)
        if key == "Condition" and conditions and isinstance(argument, str):
            yield Use(Reference("Condition", argument), path)
            return
    for key, value in node.items():
        yield from find(value, (*path, str(key)), conditions=conditions)


def of_resource(body: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Use]:
    """Every name that a resource refers to, its ``Condition`` and ``DependsOn`` among them."""
    for key, value in body.items():
        if key == "Condition":
            yield Use(Reference("Condition", value), (*path, key))
        elif key == "DependsOn":
            for name in [value] if isinstance(value, str) else value:
                yield Use(Reference("DependsOn", name), (*path, key))
        else:
            yield from find(value, (*path, key))


def of_output(body: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Use]:
    """Every name that an output refers to, its ``Condition`` among them."""
    if "Condition" in body:
        yield Use(Reference("Condition", body["Condition"]), (*path, "Condition"))
    yield from find({key: value for key, value in body.items() if key != "Condition"}, path)


Replace = Callable[[Reference], dict[str, Any] | None]


def _replace_in_sub(argument: Any, replace: Replace) -> Any:
    text, values = argument if isinstance(argument, list) else (argument, {})
    values = {name: rewrite(value, replace) for name, value in values.items()}
    own = {match[1] for match in SUB_VARIABLE.finditer(text)} | set(values)
    made: dict[Reference, str] = {}

    def variable(match: re.Match[str]) -> str:
        if match[1] in values or _is_pseudo(match[1]):
            return match[0]
        reference = _variable(match[1])
        other = replace(reference)
        if other is None:
            return match[0]
        if set(other) == {"Ref"} and other["Ref"] not in values:
            return f"${{{other['Ref']}}}"
        if reference not in made:
            name = base = reference.name + reference.attribute.replace(".", "")
            number = 2
            # A Ref keeps its own name. Another's name, in the text or in the map, must not be taken from it.
            while name != match[1] and (name in own or name in values):
                name, number = f"{base}{number}", number + 1
            made[reference] = name
            values[name] = other
        return "${" + made[reference] + "}"

    text = SUB_VARIABLE.sub(variable, text)
    return [text, values] if values else text


def rewrite(node: Any, replace: Replace) -> Any:
    """A copy of ``node`` with other intrinsics where ``replace`` gives one for a ``Ref`` or ``Fn::GetAtt``.

    In ``Fn::Sub`` a replacement by ``Ref`` stays in the text; any other becomes a variable of the function's map.
    """
    if isinstance(node, list):
        return [rewrite(item, replace) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        ((key, argument),) = node.items()
        if key == "Ref":
            return (None if _is_pseudo(argument) else replace(Reference("Ref", argument))) or node
        if key == "Fn::GetAtt":
            return replace(_get_att(argument)) or node
        if key == "Fn::Sub":
            return {key: _replace_in_sub(argument, replace)}
    return {key: rewrite(value, replace) for key, value in node.items()}
