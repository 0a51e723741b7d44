"""A template as rules see it: worlds, in each of which it is plain, and resources that know each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tap.check import conditions, evaluate, foreach, parameters
from tap.check.conditions import Case
from tap.check.evaluate import Scope
from tap.check.load import Document
from tap.check.naming import NAMES
from tap.check.parameters import Parameter
from tap.check.values import Reference, Text, Unknown, fields, references_among, references_in, shape, walk

HARMLESS_TRANSFORMS = frozenset(
    {"AWS::LanguageExtensions", "AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16"}
)
"""Transforms that add nothing that a rule would miss: of any other the outcome is not known."""


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource that a world makes. ``body`` is the template's with the branches that are taken."""

    logical_id: str
    type: str
    body: Mapping[str, Any] = field(repr=False)
    scope: Scope = field(repr=False)

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The properties, resolved."""
        found = evaluate.resolve(self.body.get("Properties") or {}, self.scope)
        return fields(found)

    @property
    def written(self) -> Mapping[str, Any]:
        """The properties as written, intrinsics and all, with only the branches that are taken."""
        return fields(self.body.get("Properties"))

    @cached_property
    def depends_on(self) -> tuple[str, ...]:
        """The logical ids in ``DependsOn``."""
        said = self.body.get("DependsOn")
        return tuple(map(str, said)) if isinstance(said, list) else (str(said),) if said else ()

    @cached_property
    def deletion_policy(self) -> Any:
        """``DeletionPolicy``, resolved; None where none is stated."""
        return evaluate.resolve(self.body.get("DeletionPolicy"), self.scope)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """``Metadata``, as written."""
        return fields(self.body.get("Metadata"))

    @cached_property
    def references(self) -> tuple[tuple[tuple[str, ...], Reference], ...]:
        """Every reference in its properties to another resource, with its path below ``Properties``."""
        return tuple(references_among(self.walked))

    @cached_property
    def walked(self) -> tuple[tuple[tuple[str, ...], Any], ...]:
        """Every value in its properties, with its path: leaves and branches, the whole first."""
        return tuple(walk(self.properties))

    @cached_property
    def written_walked(self) -> tuple[tuple[tuple[str, ...], Any], ...]:
        """The same of the properties as written: with every intrinsic."""
        return tuple(walk(self.body.get("Properties")))

    def get(self, *steps: str | int) -> Any:
        """What stands at these steps below ``Properties``: None where there is nothing, Unknown where it is not known.

        ``get("LoadBalancers", 0, "ContainerName")``.
        """
        found: Any = self.properties
        for step in steps:
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and isinstance(step, int) and step < len(found):
                found = found[step]
            elif isinstance(found, Unknown | Reference | Text):
                return Unknown(str(found))
            else:
                return None
        return found


@dataclass(frozen=True)
class Use:
    """A place where a resource is referred to."""

    resource: Resource
    path: tuple[str, ...]
    reference: Reference


@dataclass(frozen=True, eq=False)
class World:
    """The template in one case: everything that it makes there, and what each thing is to the others."""

    model: Model
    case: Case
    scope: Scope

    @property
    def region(self) -> str:
        """The region; empty where it is not known."""
        return self.model.region

    @property
    def open(self) -> bool:
        """Whether the template may make more than stands in it: a macro or a transform that is not known here."""
        return self.model.open

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """What is made, by logical id, in the template's order."""
        return {key: self.model.resource(key, self) for key, body in self.model.resources.items() if self.made(body)}

    @cached_property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        """The outputs that are made, resolved."""
        found = fields(self.model.template.get("Outputs"))
        return {
            key: fields(evaluate.resolve({name: one for name, one in body.items() if name != "Condition"}, self.scope))
            for key, body in found.items()
            if isinstance(body, Mapping) and self.made(body)
        }

    def made(self, body: Mapping[str, Any]) -> bool:
        """Whether the condition of a resource or output holds."""
        condition = body.get("Condition")
        return condition is None or self.case.truth.get(str(condition), True)

    def resolve(self, node: Any) -> Any:
        """Any expression of the template, resolved in this world."""
        return evaluate.resolve(node, self.scope)

    def of_type(self, *types: str) -> list[Resource]:
        """The resources of these types, in the template's order."""
        return [one for type_name in types for one in self._by_type.get(type_name, ())]

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for one in self.resources.values():
            found.setdefault(one.type, []).append(one)
        return found

    @cached_property
    def _uses(self) -> Mapping[str, list[Use]]:
        found: dict[str, list[Use]] = {}
        for one in self.resources.values():
            for path, reference in one.references:
                found.setdefault(reference.logical_id, []).append(Use(one, path, reference))
        return found

    def uses(self, resource: Resource | str, *types: str) -> list[Use]:
        """Where a resource is referred to in the properties of others (of these types, if any are named)."""
        logical_id = resource if isinstance(resource, str) else resource.logical_id
        return [use for use in self._uses.get(logical_id, ()) if not types or use.resource.type in types]

    @cached_property
    def told_outside(self) -> frozenset[str]:
        """The resources that outputs tell others of: what happens to them elsewhere is not known."""
        return frozenset(one.logical_id for body in self.outputs.values() for _, one in references_in(body))

    def target(self, value: Any, *types: str) -> Resource | None:
        """The resource of this template that a value means: by reference, by ARN with one in it, or by its name.

        None when it is none of these types, or cannot be told.
        """
        found: Resource | None = None
        if isinstance(value, Reference):
            found = self.resources.get(value.logical_id)
        elif isinstance(value, Text | Unknown):
            meant = {one.logical_id for one in value.references}
            of_types = [one for key in meant if (one := self.resources.get(key)) and (not types or one.type in types)]
            found = of_types[0] if len(of_types) == 1 else None
        if found is None and isinstance(value, str | Text):
            return self._named(value, types)
        return found if found and (not types or found.type in types) else None

    def _named(self, value: str | Text, types: tuple[str, ...]) -> Resource | None:
        wanted = shape(value)
        for type_name in types:
            for one in self.of_type(type_name):
                name = self.name(one)
                if name is not None and (
                    wanted == shape(name) or wanted.endswith((f"/{shape(name)}", f":{shape(name)}"))
                ):
                    return one
        return None

    def name(self, resource: Resource) -> str | Text | None:
        """A resource's own name where the template gives it one that is at least partly known."""
        key = NAMES.get(resource.type)
        value = resource.properties.get(key) if key else None
        return value if isinstance(value, str | Text) else None

    def same(self, left: Any, right: Any) -> bool | None:
        """Whether two values mean the same thing; None where that cannot be told."""
        if left == right:
            # Two uses of the same unknown are the same, whatever it is.
            return True
        ends = [self.target(one, *NAMES) for one in (left, right)]
        if ends[0] is not None and ends[1] is not None:
            return ends[0] is ends[1]
        return False if isinstance(left, str) and isinstance(right, str) else None


@dataclass(frozen=True, eq=False)
class Model:
    """A template, the values that are given for its parameters, and the region that it is read for (or ``""``)."""

    document: Document
    region: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The template as it stands, loops unrolled where their items are known."""
        values = {name: self._value(one, one.value) for name, one in self.parameters.items()}
        scope = Scope(values, self.pseudo, {}, fields(self.document.template.get("Mappings")))
        return foreach.unrolled(self.document.template, scope)

    @cached_property
    def walked(self) -> tuple[tuple[tuple[str, ...], Any], ...]:
        """Everything in the template as it is written, loops and all, with its place."""
        return tuple(walk(self.document.template))

    @cached_property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """All resources, as they stand."""
        found = fields(self.template.get("Resources"))
        return {key: one for key, one in found.items() if isinstance(one, Mapping) and not str(key).startswith("Fn::")}

    @cached_property
    def open(self) -> bool:
        """Whether the template may make more than stands in it."""
        said = self.template.get("Transform")
        transforms = said if isinstance(said, list) else [said] if said else []
        loops = any(str(key).startswith("Fn::") for key in fields(self.template.get("Resources")))
        kinds = [one.get("Type") for one in self.resources.values()]
        modules = any(not isinstance(kind, str) or kind.endswith("::MODULE") for kind in kinds)
        return (
            loops
            or modules
            or any(str(one) not in HARMLESS_TRANSFORMS for one in transforms)
            or _includes(self.template)
        )

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The declared parameters."""
        return parameters.read(fields(self.document.template.get("Parameters")), self.given)

    @cached_property
    def pseudo(self) -> Mapping[str, Any]:
        """What the pseudo parameters stand for (template reference, "Pseudo parameters reference")."""
        partition = (
            "aws-cn" if self.region.startswith("cn-") else "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        )
        own = ("AWS::AccountId", "AWS::StackName", "AWS::StackId", "AWS::NotificationARNs")
        return {
            "AWS::Partition": partition,
            "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
            "AWS::Region": self.region or Unknown("!Ref AWS::Region", pseudo="AWS::Region"),
            **{name: Unknown(f"!Ref {name}", pseudo=name) for name in own},
        }

    @cached_property
    def worlds(self) -> tuple[World, ...]:
        """The cases of the template, the one of the defaults first."""
        default = self._scope({name: one.value for name, one in self.parameters.items()}, {})

        last: list[tuple[Mapping[str, str | None], Scope]] = []

        def resolve(node: Any, values: Mapping[str, str | None]) -> Any:
            # All conditions of a case are judged with the same mapping of values.
            if not last or last[0][0] is not values:
                changed = {name: self._value(self.parameters[name], value) for name, value in values.items()}
                last[:] = [(values, replace(default, parameters={**default.parameters, **changed}))]
            return evaluate.resolve(node, last[0][1])

        found = conditions.cases(
            fields(self.template.get("Conditions")), fields(self.template.get("Rules")), self.parameters, resolve
        )
        return tuple(World(self, case, self._scope(case.values, case.truth)) for case in found)

    def resource(self, logical_id: str, world: World) -> Resource:
        """A resource in a world: the same object in every world in which what its text depends on is the same.

        Most resources depend on a condition or two. What is worked out for one (its properties, its references) then
        holds for the other worlds too.
        """
        case, dependences = world.case, self._dependences[logical_id]
        key = (logical_id, *((case.truth.get(name), case.values.get(name)) for name in dependences))
        found = self._shared.get(key)
        if found is None:
            body = self.resources[logical_id]
            pruned = evaluate.pruned(body, world.scope)
            found = self._shared[key] = Resource(logical_id, str(body.get("Type", "")), pruned, world.scope)
        return found

    @cached_property
    def _shared(self) -> dict[tuple[Any, ...], Resource]:
        return {}

    @cached_property
    def _dependences(self) -> Mapping[str, tuple[str, ...]]:
        """The conditions and parameters that may decide what a resource is: all whose names stand in its text.

        Those of the mappings count for all, since a mapping may be read by any.
        """
        first, *others = (world.case for world in self.worlds)
        varying = {
            *(name for name, truth in first.truth.items() if any(one.truth[name] != truth for one in others)),
            *(name for name, value in first.values.items() if any(one.values[name] != value for one in others)),
        }
        shared = _names_in(self.template.get("Mappings"), varying)
        return {key: tuple(sorted(shared | _names_in(body, varying))) for key, body in self.resources.items()}

    def longest(self, written: Any) -> int | None:
        """The most characters that an expression as written can come to; None where nothing limits it.

        Parameters count with their longest value, the account's number with 12, regions with 14 characters.
        """
        from tap.check.lengths import longest

        return longest(written, self)

    def _scope(self, values: Mapping[str, str | None], truth: Mapping[str, bool]) -> Scope:
        known = {name: self._value(one, values.get(name)) for name, one in self.parameters.items()}
        mappings = fields(self.template.get("Mappings"))
        return Scope(known, self.pseudo, truth, mappings, frozenset(self.resources))

    @staticmethod
    def _value(parameter: Parameter, value: str | None) -> Any:
        if value is None or parameter.from_ssm:
            return Unknown(f"!Ref {parameter.name}", parameter=parameter.name)
        if parameter.is_list:
            return [one.strip() for one in value.split(",")] if value else []
        return value


_VARIABLE = re.compile(r"\$\{\s*([^!${}.\s]+)")


def _names_in(node: Any, names: set[str]) -> set[str]:
    """Those of the names that stand in an expression: as a text, or as a variable of ``Fn::Sub``."""
    texts = {value for _, value in walk(node) if isinstance(value, str)}
    return (texts | {match for text in texts if "${" in text for match in _VARIABLE.findall(text)}) & names


def _includes(node: Any) -> bool:
    """Whether ``Fn::Transform`` brings in something from elsewhere."""
    if isinstance(node, list):
        return any(map(_includes, node))
    if isinstance(node, dict):
        return "Fn::Transform" in node or any(map(_includes, node.values()))
    return False
