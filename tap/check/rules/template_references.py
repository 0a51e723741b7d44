"""TAP1903 to TAP1908: what expressions of a template refer to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from tap.check.evaluate import pruned
from tap.check.graph.cached import cached
from tap.check.model import Model, Resource, World
from tap.check.rule import Found, Rule, at, beside
from tap.check.values import fields

_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
_PSEUDO = frozenset(
    (
        *("AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue", "AWS::Partition", "AWS::Region"),
        *("AWS::StackId", "AWS::StackName", "AWS::URLSuffix"),
    )
)
"""Source: template reference, "Pseudo parameters reference"."""

Place = tuple[str, ...]


def names_in(node: Any, place: Place) -> Iterator[tuple[Place, str, str]]:
    """Every name that an expression refers to, with its place: ``Ref``, ``Fn::GetAtt``, variables of ``Fn::Sub``.

    The third is the attribute (empty: none).
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from names_in(item, (*place, str(index)))
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        here = (*place, str(key))
        if key == "Ref" and len(node) == 1 and isinstance(value, str):
            yield place, value, ""
        elif key == "Fn::GetAtt" and len(node) == 1:
            parts = value.split(".", 1) if isinstance(value, str) else value
            if isinstance(parts, list) and len(parts) == 2 and isinstance(parts[0], str):
                yield place, parts[0], parts[1] if isinstance(parts[1], str) else "?"
            yield from names_in(value, here) if not isinstance(value, str) else ()
        elif key == "Fn::Sub" and len(node) == 1:
            yield from _sub_names(value, here)
        else:
            yield from names_in(value, here)


def _sub_names(value: Any, place: Place) -> Iterator[tuple[Place, str, str]]:
    text, own = (value, {}) if not isinstance(value, list) else [*value, {}, {}][:2]
    yield from names_in(own, place)
    if not isinstance(text, str):
        return
    for match in _VARIABLE.finditer(text):
        name = match[1].strip()
        if name not in fields(own):
            first, _, rest = name.partition(".")
            yield place, first, rest


def parts(world: World) -> Iterator[tuple[str, Place, Any]]:
    """The expressions that a world has: of resources and outputs, with the branches that it takes."""
    for resource in world.resources.values():
        yield from parts_of(resource)
    for key, body in fields(world.model.template.get("Outputs")).items():
        if isinstance(body, Mapping) and world.made(body):
            yield (
                "",
                ("Outputs", key),
                pruned({name: one for name, one in body.items() if name != "Condition"}, world.scope),
            )


def parts_of(resource: Resource) -> Iterator[tuple[str, Place, Any]]:
    """The expressions of one resource."""
    key = resource.logical_id
    for part in ("Properties", "UpdatePolicy", "CreationPolicy"):
        if resource.body.get(part) is not None:
            yield key, ("Resources", key, part), resource.body[part]


@cached
def _names(world: World) -> list[tuple[str, Place, str, str]]:
    """Every name that a world's expressions refer to: owner, place, name, attribute."""
    found = [
        (key, where, name, attribute)
        for key, resource in world.resources.items()
        for where, name, attribute in _names_of(resource)
    ]
    for logical_id, place, node in parts(world):
        if not logical_id:
            found += [(logical_id, where, name, attribute) for where, name, attribute in names_in(node, place)]
    return found


@cached
def _names_of(resource: Resource) -> list[tuple[Place, str, str]]:
    """Every name that a resource's expressions refer to: place, name, attribute."""
    return [one for _, place, node in parts_of(resource) for one in names_in(node, place)]


class UnknownName(Rule):
    """Names that nothing in the template has."""

    id = "TAP1903"
    title = "What an expression refers to is in the template"
    description = (
        "CloudFormation refuses a template that refers to a name that it does not define (“unresolved dependencies”)."
    )
    source = "CloudFormation template reference, Ref, Fn::GetAtt, Fn::Sub, “Pseudo parameters reference”"
    advice = "Correct the name; in Fn::Sub write ${!Name} for text that is not a variable."

    def check(self, world: World) -> Iterator[Found]:
        """Each name in what this world makes."""
        if world.open:
            return
        known = {*world.model.resources, *world.model.parameters, *_PSEUDO}
        for logical_id, where, name, attribute in _names(world):
            if name in known or name.startswith("Fn::"):
                if attribute and name in world.model.parameters:
                    yield Found(logical_id, where, f"{name} is a parameter, which has no attribute {attribute}.")
                continue
            full = f"{name}.{attribute}" if attribute else name
            hint = f" Did you mean {_near(name, known)}?" if _near(name, known) else ""
            yield Found(logical_id, where, f"There is no {full} in the template.{hint}")
        outside = {*world.model.parameters, *_PSEUDO}
        for section in ("Conditions", "Rules"):
            for where, name, _ in names_in(world.model.template.get(section), (section,)):
                if name not in outside:
                    yield Found("", where, f"There is no parameter {name}: {section} can refer to parameters only.")


def _near(name: str, known: set[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, sorted(known), 1, 0.75)), "")


class NotMadeHere(Rule):
    """References to what another condition leaves out."""

    id = "TAP1904"
    title = "What an expression refers to is made wherever the expression is"
    description = (
        "A resource whose condition is false is not made: a reference to it from what is made fails (“unresolved "
        "resource dependencies”)."
    )
    source = "CloudFormation user guide, “Conditions”; template reference, “Condition functions”"
    advice = "Put the reference into !If with the same condition, or give what refers to it that condition."

    def check(self, world: World) -> Iterator[Found]:
        """Each reference in what this world makes."""
        if world.open:
            return
        for logical_id, where, name, _ in _names(world):
            if name in world.model.resources and name not in world.resources:
                condition = world.model.resources[name].get("Condition")
                yield Found(logical_id, where, f"{name} is not made here: its condition {condition} is false.")


class Circle(Rule):
    """Resources that wait for each other."""

    id = "TAP1905"
    title = "No resource waits for itself"
    description = "CloudFormation refuses a template with a circular dependency between resources."
    source = "CloudFormation user guide, “Troubleshooting”, “Circular dependency”"
    advice = (
        "Take one of the references out: a rule, policy or attachment as a resource of its own breaks most circles."
    )

    def check(self, world: World) -> Iterator[Found]:
        """Each circle once, with the way around."""
        edges: dict[str, dict[str, None]] = {key: {} for key in world.resources}
        for key, where, name, _ in _names(world):
            if key and name in world.resources and where[2] == "Properties" and not _several(world, key):
                edges[key][name] = None
        for key, one in world.resources.items():
            edges[key] |= {name: None for name in one.depends_on if name in world.resources}
        for way in _circles(edges):
            resource = world.resources[way[0]]
            says = f"{' → '.join([*way, way[0]])}: each waits for the next."
            yield at(resource, says=says)


def _several(world: World, logical_id: str) -> bool:
    """Whether a resource stands for several, of which another may refer to what this one is referred to by (SAM:
    a function's events become permissions of their own)."""
    return world.resources[logical_id].type.startswith("AWS::Serverless::")


def _circles(edges: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    done: set[str] = set()
    for start in edges:
        if start in done:
            continue
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(edges[start]))]
        way, on_way = [start], {start}
        while stack:
            key, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                done.add(way.pop())
                on_way.discard(key)
            elif following in on_way:
                yield way[way.index(following) :]
                # One circle through what is open here is enough.
                done |= set(way)
            elif following not in done:
                stack.append((following, iter(edges[following])))
                way.append(following)
                on_way.add(following)


class UnknownAttribute(Rule):
    """Attributes that a resource type does not give."""

    id = "TAP1906"
    title = "Fn::GetAtt reads an attribute that the type has"
    description = "CloudFormation refuses an attribute that the resource type does not return."
    source = "The resource types' schemas (readOnlyProperties and properties), as cfn-lint bundles them"
    advice = "See “Return values” of the type in the template reference."

    def check(self, world: World) -> Iterator[Found]:
        """Each attribute of a type whose schema is at hand."""
        from tap.check.schemas import attributes

        for logical_id, where, name, attribute in _names(world):
            target = world.resources.get(name)
            if (
                not attribute
                or attribute == "?"
                or target is None
                or target.type.startswith(("AWS::Serverless", "AWS::CloudFormation"))
            ):
                continue
            known = attributes(target.type)
            if known is not None and not _has(attribute, known):
                there = ", ".join(sorted(known.read_only)[:8]) or "none"
                says = f"{name}.{attribute}: {target.type} has no such attribute; it has {there}."
                yield Found(logical_id, where, says)


def _has(attribute: str, known: Any) -> bool:
    # Besides what is read-only, GetAtt gives many types' other properties too: only a name in neither is wrong.
    first = attribute.split(".", maxsplit=1)[0]
    return first in known.everything or any(one.split(".")[0] == first for one in known.read_only)


class UnknownDependency(Rule):
    """DependsOn of what is not there."""

    id = "TAP1907"
    title = "DependsOn names other resources of the template"
    description = (
        "CloudFormation refuses a DependsOn on what is no resource of the template, or on the resource itself."
    )
    source = "CloudFormation template reference, DependsOn attribute"
    advice = "Name a resource of the template, by its logical id."

    def check(self, world: World) -> Iterator[Found]:
        """Each DependsOn."""
        if world.open:
            return
        for key, resource in world.resources.items():
            for name in resource.depends_on:
                if name == key:
                    yield beside(resource, "DependsOn", says=f"{key} depends on itself.")
                elif name not in world.model.resources:
                    yield beside(resource, "DependsOn", says=f"There is no resource {name} in the template.")


class UnknownKeys(Rule):
    """Conditions and mappings that are not there."""

    id = "TAP1908"
    title = "Conditions and keys of mappings are in the template"
    description = (
        "CloudFormation refuses conditions that are not defined, and fails for keys that a mapping does not have."
    )
    source = "CloudFormation template reference, Fn::If, Fn::FindInMap, Condition"
    advice = "Define it, or correct the name."

    def check(self, world: World) -> Iterator[Found]:
        """Each use of a condition, each look-up with keys that are known."""
        conditions = fields(world.model.template.get("Conditions"))
        for key, body in world.model.resources.items():
            said = body.get("Condition")
            if isinstance(said, str) and said not in conditions and not world.open:
                yield Found(key, ("Resources", key, "Condition"), f"There is no condition {said}.")
        for section in ("Resources", "Outputs", "Conditions"):
            for place, name, argument in _calls(world.model, section):
                owner = place[1] if section == "Resources" and len(place) > 1 else ""
                if owner and owner in world.model.resources and owner not in world.resources:
                    continue
                if name == "Fn::If" and isinstance(argument, list) and argument and isinstance(argument[0], str):
                    if argument[0] not in conditions and not world.open:
                        yield Found(owner, place, f"There is no condition {argument[0]}.")
                elif (
                    name == "Condition"
                    and section == "Conditions"
                    and isinstance(argument, str)
                    and argument not in conditions
                ):
                    yield Found(owner, place, f"There is no condition {argument}.")
                elif name == "Fn::FindInMap" and isinstance(argument, list) and len(argument) == 3:
                    says = _map_fault(argument, world)
                    if says:
                        yield Found(owner, place, says)


def _map_fault(argument: list[Any], world: World) -> str:
    found: Any = fields(world.model.template.get("Mappings"))
    way = "Mappings"
    for one in argument:
        key = world.resolve(one)
        if isinstance(key, int | float) and not isinstance(key, bool):
            key = str(key)
        if not isinstance(key, str) or not isinstance(found, Mapping):
            return ""
        names = {str(name): value for name, value in found.items()}
        if any(name.startswith("Fn::") for name in names):
            return ""
        if key not in names:
            return f"{way} has no {key}; it has {', '.join(list(names)[:6]) or 'nothing'}."
        found, way = names[key], key
    return ""


@lru_cache(maxsize=3)
def _calls(model: Model, section: str) -> list[tuple[Place, str, Any]]:
    """The calls in a section of the template, which all worlds have."""
    return list(calls(model.template.get(section), (section,)))


def calls(node: Any, place: Place) -> Iterator[tuple[Place, str, Any]]:
    """Every Fn::If, Fn::FindInMap, Fn::Select and Condition in an expression: place, function, argument."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from calls(item, (*place, str(index)))
    elif isinstance(node, dict):
        for key, value in node.items():
            if len(node) == 1 and key in ("Fn::If", "Fn::FindInMap", "Condition", "Fn::Select"):
                yield place, str(key), value
            yield from calls(value, (*place, str(key)))
