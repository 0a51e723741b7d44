"""A template with its parameters' values: one side of a comparison. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap.deploy.mask import Mask
from tap.deploy.parameters import secrets
from tap.deploy.resolve import SECRET, Scope, resolve
from tap.errors import TapError

SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")
_ARGUMENTS = {
    "Fn::If": (3, 3),
    "Fn::Equals": (2, 2),
    "Fn::Join": (2, 2),
    "Fn::Select": (2, 2),
    "Fn::Split": (2, 2),
    "Fn::Not": (1, 1),
    "Fn::FindInMap": (3, 4),
}
"""How many arguments these take: at least, at most (CloudFormation user guide, "Intrinsic function reference")."""
_AS_LISTS = frozenset({"Fn::And", "Fn::Or"})
_EXPANDED = re.compile(r"Fn::(ForEach::\w+|Transform)")


class TemplateError(TapError):
    """A template that cannot be compared."""


@dataclass(frozen=True)
class Side:
    """A template with its parameters' values.

    ``values`` are what is known of the parameters (defaults are filled in by the comparison), ``pseudo`` what pseudo
    parameters stand for, ``children`` the templates of nested stacks by their file names. ``label`` says where it is
    from. The fields are those of :class:`tap.deploy.plan.Side`.
    """

    template: Mapping[str, Any]
    values: Mapping[str, str] = field(default_factory=dict)
    pseudo: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    label: str = ""

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The declared parameters."""
        return self.section("Parameters")

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The declared resources, whatever their conditions."""
        found = self.section("Resources")
        return {key: one for key, one in found.items() if not _EXPANDED.fullmatch(key)}

    @property
    def hidden(self) -> frozenset[str]:
        """Parameters whose value is never shown: ``NoEcho``, or with a name that says so."""
        telling = (key for key in self.parameters if Mask().text(key, "value") == SECRET)
        return secrets(self.parameters) | frozenset(telling)

    @property
    def read_from_ssm(self) -> tuple[str, ...]:
        """Parameters whose value is the name of an SSM parameter, which CloudFormation reads."""
        types = ((key, str(one.get("Type", ""))) for key, one in self.parameters.items())
        return tuple(key for key, type_name in types if type_name.startswith("AWS::SSM::Parameter::Value<"))

    @property
    def expanded(self) -> tuple[str, ...]:
        """What a transform would expand into resources, and what is therefore not compared resource by resource."""
        found = (key for key in self.section("Resources") if _EXPANDED.fullmatch(key))
        transform = self.template.get("Transform")
        names = transform if isinstance(transform, list) else [transform] if transform else []
        return (*found, *map(str, names))

    def section(self, name: str) -> Mapping[str, Any]:
        """A section of the template; empty when it has none."""
        found: Mapping[str, Any] = self.template.get(name) or {}
        return found

    def child(self, properties: Mapping[str, Any], scope: Scope) -> Side | None:
        """The side of a nested stack, as far as this one tells its parameters; None when it is not at hand."""
        url = str(resolve(properties.get("TemplateURL", ""), scope))
        name = url.rsplit("/", 1)[-1].rsplit("}", 1)[-1]  # where the prefix before it is not known
        template = self.children.get(name)
        if template is None:
            return None
        handed_on = resolve(properties.get("Parameters") or {}, scope)
        values = {key: value for key, value in handed_on.items() if isinstance(value, str)}
        return Side(template, values, self.pseudo, self.children, name)


NOTHING = Side({}, label="nothing")


def check(template: Any, where: str) -> Mapping[str, Any]:
    """The template, if it has the shape of one. Raises TemplateError, which says what is wrong at which place."""
    if not isinstance(template, Mapping) or not template:
        raise TemplateError(f"{where} is no CloudFormation template: it is not a mapping with Resources.")
    for section in SECTIONS:
        found = template.get(section)
        if found is not None and not isinstance(found, Mapping):
            raise TemplateError(f"{where}: {section} is not a mapping.")
        for key, one in (found or {}).items():
            if _EXPANDED.fullmatch(str(key)):
                continue
            if not isinstance(one, Mapping):
                raise TemplateError(f"{where}: {section}.{key} is not a mapping.")
            if section == "Resources" and not isinstance(one.get("Type"), str):
                raise TemplateError(f"{where}: {section}.{key} has no Type.")
            if section == "Resources" and not isinstance(one.get("Properties") or {}, Mapping):
                raise TemplateError(f"{where}: {section}.{key}.Properties is not a mapping.")
    if not isinstance(template.get("Resources"), Mapping):
        raise TemplateError(f"{where} is no CloudFormation template: it has no Resources.")
    for problem in _malformed(template, ()):
        raise TemplateError(f"{where}: {problem}")
    return template


def _malformed(node: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _malformed(item, (*path, str(index)))
    elif isinstance(node, Mapping):
        if len(node) == 1 and path[:1] != ("Metadata",):
            ((name, argument),) = node.items()
            problem = _misused(str(name), argument)
            if problem:
                yield f"{'.'.join(path)}: {name} {problem}."
                return
        for key, value in node.items():
            yield from _malformed(value, (*path, str(key)))


def _misused(name: str, argument: Any) -> str:
    if name in _ARGUMENTS:
        least, most = _ARGUMENTS[name]
        if not isinstance(argument, list) or not least <= len(argument) <= most:
            return f"takes a list of {least}"
        if name == "Fn::If" and not isinstance(argument[0], str):
            return "takes the name of a condition first"
    if name in _AS_LISTS and not isinstance(argument, list):
        return "takes a list"
    if name == "Ref" and not isinstance(argument, str):
        return "takes a name"
    if name == "Fn::GetAtt" and not (
        (isinstance(argument, str) and "." in argument) or (isinstance(argument, list) and len(argument) == 2)
    ):
        return "takes a resource and an attribute"
    if name == "Fn::Sub" and not (
        isinstance(argument, str)
        or (
            isinstance(argument, list)
            and len(argument) == 2
            and isinstance(argument[0], str)
            and isinstance(argument[1], Mapping)
        )
    ):
        return "takes a text, or a text and a mapping"
    return ""
