"""A template's values in a few words: what a picture has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tap.references import SUB_VARIABLE, find

Resources = Mapping[str, Mapping[str, Any]]

NO_VALUE = {"Ref": "AWS::NoValue"}


def said(value: Any, parameters: Mapping[str, Any]) -> str:
    """A value as it is by default: a parameter's default (its name where that is empty), both branches of a choice."""
    if isinstance(value, dict) and len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Ref":
            default = parameters.get(argument, {}).get("Default", "")
            return str(default) or str(argument)
        if function == "Fn::If":
            branches = [said(each, parameters) for each in argument[1:] if each != NO_VALUE]
            return " or ".join(dict.fromkeys(branches))
        if function == "Fn::Sub":
            text = argument if isinstance(argument, str) else argument[0]
            return SUB_VARIABLE.sub(lambda match: match[1].rpartition("::")[2], text)
        if function == "Fn::GetAtt":
            return str(argument[0] if isinstance(argument, list) else argument.partition(".")[0])
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def number(value: Any, parameters: Mapping[str, Any]) -> float | None:
    """A value as a number, as it is by default; None where it is none."""
    try:
        return float(said(value, parameters))
    except ValueError:
        return None


def count(many: int, one: str, more: str = "") -> str:
    """``1 subnet``, ``3 subnets``."""
    return f"{many} {one if many == 1 else more or one + 's'}"


def named(node: Any, resources: Resources) -> list[str]:
    """The resources that a value refers to, each once."""
    return list(dict.fromkeys(use.reference.name for use in find(node) if use.reference.name in resources))


def of_type(resources: Resources, *kinds: str) -> dict[str, Mapping[str, Any]]:
    """The resources of some types, in the template's order."""
    return {name: each for name, each in resources.items() if each["Type"].removeprefix("AWS::") in kinds}


def properties(resources: Resources, name: str) -> Mapping[str, Any]:
    """The properties of a resource; empty where it has none."""
    found: Mapping[str, Any] = resources[name].get("Properties", {})
    return found


def sentence(resources: Resources, name: str) -> str:
    """The sentence of a resource."""
    return str(resources[name].get("Metadata", {}).get("Description", ""))


def days(value: int) -> str:
    """``7 days``."""
    return count(value, "day")


def listed(items: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)
