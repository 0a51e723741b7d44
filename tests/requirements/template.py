"""A reader of emitted templates: the JSON in ``out/``, and what CloudFormation would make of it for given parameters.

``stack("customer-portal", EnvironmentSuffix="qa1")`` is the system with those parameters: conditions decided, resources
left out whose condition is false, ``Fn::If``, ``Ref``, ``Fn::Sub`` and ``Fn::FindInMap`` resolved. What is known in an
account only stays visible: a pseudo parameter as ``${AWS::AccountId}``, a resource as a ``Reference``.

``AWS::Region`` among the parameters is where the stack is, the template's own region without it: conditions and maps go
by it, while in values it stays ``${AWS::Region}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[2] / "out"
SYSTEMS = tuple(sorted(path.parent.name for path in OUT.glob("*/stack.json")))

_VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")
REGION = "AWS::Region"
ELSEWHERE = "ap-southeast-1"
"""A region that is no system's own."""
TAGS = {"AWS::Backup::BackupPlan": "BackupPlanTags", "AWS::Backup::BackupVault": "BackupVaultTags"}
"""Where a type keeps its tags, other than in ``Tags``."""
_LEFT_OUT = object()
"""What ``AWS::NoValue`` leaves: nothing, not even its key."""


@dataclass(frozen=True)
class Reference:
    """What a ``Ref`` (no attribute) or a ``Fn::GetAtt`` to a resource stands for."""

    logical_id: str
    attribute: str = ""

    def __str__(self) -> str:
        return f"${{{self.logical_id}.{self.attribute}}}" if self.attribute else f"${{{self.logical_id}}}"


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource of a stack. ``resource["A.0.B"]`` is a property, None where there is none."""

    logical_id: str
    type: str
    body: Mapping[str, Any]
    properties: Mapping[str, Any]

    def __getitem__(self, path: str) -> Any:
        return at(self.properties, path)

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The logical ids in ``DependsOn``, however it is written."""
        return depends_on(self.body)

    @property
    def waits_for(self) -> set[str]:
        """Every logical id that this resource is made after and deleted before."""
        return {*self.depends_on, *(reference.logical_id for reference in references(self.properties))}

    @property
    def deletion(self) -> tuple[str, str]:
        """``DeletionPolicy`` and ``UpdateReplacePolicy``; empty where CloudFormation's own choice holds."""
        return self.body.get("DeletionPolicy", ""), self.body.get("UpdateReplacePolicy", "")

    @property
    def tags(self) -> dict[str, Any]:
        """The tags, from a list of Key and Value or from a map."""
        own = self.properties.get(TAGS.get(self.type, "Tags"), {})
        return dict(own) if isinstance(own, Mapping) else {tag["Key"]: tag["Value"] for tag in own}


@dataclass(frozen=True)
class Output:
    """An output of a stack; ``export`` is empty for one that is not exported."""

    value: Any
    export: str
    description: str


@dataclass(frozen=True, eq=False)
class Stack:
    """A template with parameter values and what it imports, by the export's name.

    A parameter without value or default stands as ``{{Name}}``; one that another stack hands on may be a Reference.
    """

    body: Mapping[str, Any]
    parameters: Mapping[str, Any]
    imports: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """The resources that this stack has, by logical id, in the template's order."""
        return {
            name: Resource(name, body["Type"], self._decided(body), self.resolve(body.get("Properties", {})))
            for name, body in self.body["Resources"].items()
            if self.holds(body.get("Condition"))
        }

    def _decided(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A resource as the template has it, with its deletion policies, which may depend on a condition, resolved."""
        policies = ("DeletionPolicy", "UpdateReplacePolicy")
        return {**body, **{name: self.resolve(body[name]) for name in policies if name in body}}

    @cached_property
    def outputs(self) -> dict[str, Output]:
        """The outputs that this stack has, by name."""
        return {
            name: Output(
                self.resolve(body["Value"]),
                str(self.resolve(body.get("Export", {}).get("Name", ""))),
                body.get("Description", ""),
            )
            for name, body in self.body.get("Outputs", {}).items()
            if self.holds(body.get("Condition"))
        }

    @property
    def region(self) -> str:
        """The region that the stack is in: the template's own where no other is given."""
        return str(self.parameters.get(REGION, self.body["Metadata"]["Template"]["Region"]))

    def of(self, kind: str) -> list[Resource]:
        """All resources of a type."""
        return [resource for resource in self.resources.values() if resource.type == kind]

    def one(self, kind: str, **properties: Any) -> Resource:
        """The only resource of that type with those properties. Raises AssertionError when it is none, or several."""
        found = [r for r in self.of(kind) if all(r[name] == value for name, value in properties.items())]
        assert len(found) == 1, f"{[r.logical_id for r in found] or 'no'} {kind} with {properties}"
        return found[0]

    def at(self, reference: Any, attribute: str = "") -> Resource:
        """The resource that a value refers to, by ``Ref`` or by that attribute. Raises AssertionError for any other."""
        assert isinstance(reference, Reference), f"{reference!r} is no reference to a resource"
        assert reference.attribute == attribute, f"{reference} is not its {attribute or 'Ref'}"
        assert reference.logical_id in self.resources, f"{reference} is not in this stack"
        return self.resources[reference.logical_id]

    def holds(self, condition: str | None) -> bool:
        """Whether a condition is true; no condition is."""
        return condition is None or self._decide(self.body["Conditions"][condition])

    def broken_rules(self) -> list[str]:
        """What the template's rules refuse about these parameters, in their own words."""
        return [
            assertion["AssertDescription"]
            for rule in self.body.get("Rules", {}).values()
            if "RuleCondition" not in rule or self._decide(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self._decide(assertion["Assert"])
        ]

    def resolve(self, value: Any) -> Any:
        """A value with everything resolved that these parameters decide."""
        resolved = self._resolve(value)
        return None if resolved is _LEFT_OUT else resolved

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolve, value) if item is not _LEFT_OUT]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Ref":
                return self._name(argument)
            if key.startswith("Fn::"):
                return self._intrinsic(key, argument)
        resolved = ((key, self._resolve(item)) for key, item in value.items())
        return {key: item for key, item in resolved if item is not _LEFT_OUT}

    def _intrinsic(self, name: str, argument: Any) -> Any:
        if name == "Fn::If":
            condition, then, otherwise = argument
            return self._resolve(then if self.holds(condition) else otherwise)
        if name == "Fn::GetAtt":
            return self._attribute(*argument)
        if name == "Fn::Sub":
            return self._sub(*argument) if isinstance(argument, list) else self._sub(argument, {})
        resolved = self._resolve(argument)
        if name == "Fn::FindInMap":
            name, first, second = (self.region if key == "${AWS::Region}" else key for key in resolved)
            return self.body["Mappings"][name][first][second]
        if name == "Fn::Base64":
            return resolved
        if name == "Fn::ImportValue":
            assert resolved in self.imports, f"{resolved} is exported by no stack before this one"
            return self.imports[resolved]
        if name == "Fn::Join" and isinstance(resolved[1], list):
            return resolved[0].join(str(item) for item in resolved[1])
        if name == "Fn::Split" and isinstance(resolved[1], str):
            return resolved[1].split(resolved[0])
        if name == "Fn::Select" and isinstance(resolved[1], list):
            return resolved[1][int(resolved[0])]
        return {name: resolved}

    def _name(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _LEFT_OUT
        if name.startswith("AWS::"):
            return f"${{{name}}}"
        if name in self.body.get("Parameters", {}):
            kind = self.body["Parameters"][name]["Type"]
            text = self.parameters.get(name, f"{{{{{name}}}}}")
            if isinstance(text, Reference):
                return text
            if kind.startswith("AWS::SSM::Parameter::Value<"):
                return f"{{{{resolve:ssm:{text}}}}}"
            return text.split(",") if kind == "CommaDelimitedList" or kind.startswith("List<") else text
        return self._attribute(name)

    def _attribute(self, logical_id: str, attribute: str = "") -> Reference:
        assert logical_id in self.body["Resources"], f"{logical_id} is neither a parameter nor a resource"
        return Reference(logical_id, attribute)

    def _sub(self, text: str, variables: Mapping[str, Any]) -> Any:
        def value(name: str) -> Any:
            if name in variables:
                return self._resolve(variables[name])
            return self._attribute(*name.split(".", 1)) if "." in name else self._name(name)

        only = _VARIABLE.fullmatch(text)
        if only:
            return value(only[1])
        return _VARIABLE.sub(lambda match: str(value(match[1])), text).replace("${!", "${")

    def _decide(self, test: Any) -> bool:
        ((key, argument),) = test.items()
        if key == "Condition":
            return self.holds(argument)
        if key == "Fn::Not":
            return not self._decide(argument[0])
        if key == "Fn::And":
            return all(map(self._decide, argument))
        if key == "Fn::Or":
            return any(map(self._decide, argument))
        left, right = map(self._resolve, argument)
        if key == "Fn::Equals":
            return self._here(left) == self._here(right)
        assert key == "Fn::Contains", f"{key} decides nothing that this reader knows"
        return self._here(right) in map(self._here, left)

    def _here(self, value: Any) -> str:
        """A value to compare, with the region that the stack is in."""
        return str(value).replace(f"${{{REGION}}}", self.region)


def depends_on(resource: Mapping[str, Any]) -> tuple[str, ...]:
    """The logical ids in the ``DependsOn`` of a resource as the template has it."""
    names = resource.get("DependsOn", ())
    return (names,) if isinstance(names, str) else tuple(names)


def at(value: Any, path: str) -> Any:
    """What stands at ``A.0.B`` in nested maps and lists, None where nothing does. A map's key may hold dots itself."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if path == key:
                return item
            if path.startswith(f"{key}."):
                return at(item, path.removeprefix(f"{key}."))
        return None
    if isinstance(value, list):
        index, _, rest = path.partition(".")
        item = value[int(index)] if int(index) < len(value) else None
        return at(item, rest) if rest else item
    return None


def references(value: Any) -> Iterator[Reference]:
    """Every reference in a resolved value, those within text too."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, str):
        for name in _VARIABLE.findall(value):
            # What is no name is a shell's: ${IMAGE%%/*}.
            if re.fullmatch(r"[A-Za-z0-9]+(\.[A-Za-z0-9.]+)?", name):
                yield Reference(*name.split(".", 1))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def walk(value: Any) -> Iterator[Any]:
    """The value and everything in it, depth first."""
    yield value
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from walk(item)


@cache
def load(path: str) -> Mapping[str, Any]:
    """An emitted JSON file, ``customer-portal/stack.json``, read once."""
    body: Mapping[str, Any] = json.loads((OUT / path).read_text(encoding="utf-8"))
    return body


def given(body: Mapping[str, Any], parameters: Mapping[str, Any], imports: Mapping[str, Any] | None = None) -> Stack:
    """A template with these parameters, its defaults for the rest. Raises AssertionError for an unknown parameter."""
    declared = body.get("Parameters", {})
    unknown = parameters.keys() - declared.keys() - {REGION}
    assert not unknown, f"no parameter {unknown}"
    defaults = {name: str(entry["Default"]) for name, entry in declared.items() if "Default" in entry}
    return Stack(body, defaults | dict(parameters), imports or {})


def variants(body: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Parameters for both sides of every condition: the defaults, each other choice by itself, and all at once."""
    choices: dict[str, set[str]] = {}
    for test in walk(body.get("Conditions", {})):
        if isinstance(test, Mapping) and "Fn::Equals" in test:
            left, right = test["Fn::Equals"]
            names = [side["Ref"] for side in (left, right) if isinstance(side, Mapping) and "Ref" in side]
            for name in names:
                if name == REGION:
                    choices[name] = {ELSEWHERE}
                    continue
                parameter = body["Parameters"].get(name, {})
                literals = {str(side) for side in (left, right) if not isinstance(side, Mapping)}
                other = set() if parameter.get("Type") == "Number" or "AllowedValues" in parameter else {"given"}
                numbers = {"1"} if parameter.get("Type") == "Number" else set()
                every = literals | other | numbers | set(map(str, parameter.get("AllowedValues", ())))
                choices.setdefault(name, set()).update(every - {str(parameter.get("Default"))})
    yield {}
    for name, values in sorted(choices.items()):
        for value in sorted(values):
            yield {name: value}
    yield {name: max(values) for name, values in choices.items() if values}


@cache
def stack(system: str, **parameters: str) -> Stack:
    """A system's ``stack.json`` with these parameters, worked out once."""
    return given(load(f"{system}/stack.json"), parameters)
