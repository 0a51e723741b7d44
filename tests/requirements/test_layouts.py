"""One system, three layouts: the tiers and the nested stacks make what the one stack makes, resource by resource.

References across templates are followed back to their producer: an import to the value that an export has, a nested
stack's parameter to what the root hands on, an output of a nested stack to its value.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from tests.requirements.template import (
    OUT,
    REGION,
    SYSTEMS,
    Output,
    Reference,
    Stack,
    depends_on,
    given,
    load,
    variants,
    walk,
)

each_system = pytest.mark.parametrize("system", SYSTEMS)
SUFFIX = {"EnvironmentSuffix": "qa1"}
TEMPLATES_PLACE = {"TemplatesBucket", "TemplatesPrefix"}


@cache
def tiers(system: str) -> dict[str, Mapping[str, Any]]:
    """Tier → template, in the order of deployment."""
    names = sorted(path.name for path in (OUT / system / "tiers").glob("*.json"))
    return {name[3:].removesuffix(".json"): load(f"{system}/tiers/{name}") for name in names}


@cache
def children(system: str) -> dict[str, Mapping[str, Any]]:
    """The root's resource → the nested template that its URL names, in the root's order."""
    found = {}
    for name, resource in root(system)["Resources"].items():
        assert resource["Type"] == "AWS::CloudFormation::Stack", name
        file = resource["Properties"]["TemplateURL"]["Fn::Sub"].rpartition("${TemplatesPrefix}")[2]
        found[name] = load(f"{system}/nested/{file.removesuffix('.yaml')}.json")
    return found


def root(system: str) -> Mapping[str, Any]:
    return load(f"{system}/nested/root.json")


def whole(system: str) -> Mapping[str, Any]:
    return load(f"{system}/stack.json")


def declared(body: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Of the parameters those that a template takes; the region is everybody's."""
    return {name: value for name, value in parameters.items() if name in body["Parameters"] or name == REGION}


def deployed_tiers(system: str, parameters: Mapping[str, str]) -> tuple[dict[str, Stack], dict[str, Any]]:
    """The tiers' stacks, one after the other, and the value of everything that they export."""
    stacks: dict[str, Stack] = {}
    exports: dict[str, Any] = {}
    for tier, body in tiers(system).items():
        stacks[tier] = given(body, declared(body, parameters), dict(exports))
        assert stacks[tier].resources
        for output in stacks[tier].outputs.values():
            if output.export:
                assert output.export not in exports, f"{output.export} is exported twice"
                exports[output.export] = output.value
    return stacks, exports


def deployed_nested(system: str, parameters: Mapping[str, str]) -> tuple[dict[str, Stack], dict[str, Output]]:
    """The nested stacks with what the root hands on to each, and the root's outputs."""
    place = {"TemplatesBucket": "templates", "TemplatesPrefix": "v1/"}
    parent = given(root(system), {**parameters, **place})
    stacks: dict[str, Stack] = {}

    def follow(value: Any) -> Any:
        if isinstance(value, Reference) and value.attribute.startswith("Outputs."):
            return stacks[value.logical_id].outputs[value.attribute.removeprefix("Outputs.")].value
        assert not isinstance(value, Reference), f"{value} is no output of a nested stack"
        return value

    for name, resource in parent.resources.items():
        url = f"https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/templates/v1/{name.removesuffix('Stack')}"
        assert resource["TemplateURL"].lower().replace("-", "").startswith(url.lower())
        handed_on = {key: follow(value) for key, value in (resource["Parameters"] or {}).items()}
        assert all(isinstance(value, str | Reference) for value in handed_on.values()), handed_on
        there = {REGION: parameters[REGION]} if REGION in parameters else {}
        stacks[name] = given(children(system)[name], handed_on | there)
    outputs = {
        name: Output(follow(output.value), output.export, output.description) for name, output in parent.outputs.items()
    }
    return stacks, outputs


def check_same(stacks: Mapping[str, Stack], one: Stack) -> None:
    """The stacks together make the resources of the one stack, each once, in its order."""
    found = [resource for stack in stacks.values() for resource in stack.resources.values()]
    assert [resource.logical_id for resource in found] == [*one.resources]
    for resource in found:
        name, same = resource.logical_id, one.resources[resource.logical_id]
        assert resource.properties == same.properties, name
        others = [
            {key: value for key, value in each.body.items() if key not in {"Properties", "DependsOn"}}
            for each in (resource, same)
        ]
        assert others[0] == others[1], name


@each_system
def test_tiers_make_what_the_stack_makes(system: str) -> None:
    for parameters in variants(whole(system)):
        one = given(whole(system), SUFFIX | parameters)
        stacks, exports = deployed_tiers(system, SUFFIX | parameters)
        check_same(stacks, one)
        for output in one.outputs.values():
            assert exports[output.export] == output.value


@each_system
def test_nested_stacks_make_what_the_stack_makes(system: str) -> None:
    for parameters in variants(whole(system)):
        one = given(whole(system), SUFFIX | parameters)
        stacks, outputs = deployed_nested(system, SUFFIX | parameters)
        check_same(stacks, one)
        assert outputs == one.outputs


def imports(body: Any) -> Iterator[str]:
    for value in walk(body):
        if isinstance(value, Mapping) and "Fn::ImportValue" in value:
            yield json.dumps(value["Fn::ImportValue"])


def exports(body: Mapping[str, Any]) -> list[str]:
    return [json.dumps(out["Export"]["Name"]) for out in body.get("Outputs", {}).values() if "Export" in out]


@each_system
def test_every_import_has_one_export_in_an_earlier_tier(system: str) -> None:
    assert Counter(name for body in tiers(system).values() for name in exports(body)).most_common(1)[0][1] == 1
    so_far: set[str] = set()
    for tier, body in tiers(system).items():
        assert set(imports(body)) <= so_far, tier
        so_far |= set(exports(body))


@each_system
def test_exports_are_for_somebody(system: str) -> None:
    """What a tier exports is the system's own output, or imported by another tier."""
    wanted = {name for body in tiers(system).values() for name in imports(body)} | set(exports(whole(system)))
    for tier, body in tiers(system).items():
        assert set(exports(body)) <= wanted, tier


@each_system
def test_only_tiers_import_and_only_the_root_of_nested_stacks_exports(system: str) -> None:
    for body in (whole(system), root(system), *children(system).values()):
        assert not [*imports(body)]
    for body in children(system).values():
        assert not exports(body)
    assert exports(root(system)) == exports(whole(system))
    assert [*root(system)["Outputs"]] == [*whole(system)["Outputs"]]


@each_system
def test_the_root_hands_on_every_parameter(system: str) -> None:
    for name, body in children(system).items():
        handed_on = root(system)["Resources"][name]["Properties"].get("Parameters", {})
        assert [*handed_on] == [*body["Parameters"]], name
        # With a default, a parameter that is forgotten would be silently another environment's.
        assert not [each for each, entry in body["Parameters"].items() if "Default" in entry], name
    files = {path.stem for path in (OUT / system / "nested").glob("*.json")} - {"root"}
    assert {body["Metadata"]["Template"]["Tier"] for body in children(system).values()} == files


@each_system
def test_the_root_uses_only_outputs_that_there_are(system: str) -> None:
    used = Counter(
        (value["Fn::GetAtt"][0], value["Fn::GetAtt"][1].removeprefix("Outputs."))
        for value in walk(root(system))
        if isinstance(value, Mapping) and "Fn::GetAtt" in value
    )
    there = {(name, output) for name, body in children(system).items() for output in body.get("Outputs", {})}
    assert used.keys() == there


def order(system: str) -> Iterator[tuple[str, str, str, str]]:
    """Each DependsOn in the one stack: the resource, its tier, what it waits for, and the tier of that."""
    home = {name: resource["Metadata"]["Tier"] for name, resource in whole(system)["Resources"].items()}
    for name, resource in whole(system)["Resources"].items():
        for before in depends_on(resource):
            yield name, home[name], before, home[before]


@each_system
def test_waiting_is_kept_within_a_tier_and_across_tiers(system: str) -> None:
    parent = given(root(system), SUFFIX)
    stack_of = {body["Metadata"]["Template"]["Tier"]: name for name, body in children(system).items()}
    places = [*tiers(system)]
    for name, tier, before, before_tier in order(system):
        bodies = (tiers(system)[tier], children(system)[stack_of[tier]])
        kept = [before in depends_on(body["Resources"][name]) for body in bodies]
        if tier == before_tier:
            assert kept == [True, True], (name, before)
        else:
            assert kept == [False, False], (name, before)
            assert places.index(before_tier) < places.index(tier)
            assert stack_of[before_tier] in all_before(parent, stack_of[tier]), (name, before)


def all_before(stack: Stack, name: str) -> set[str]:
    """Everything that must be made before a resource, however far back."""
    found: set[str] = set()
    new = {name}
    while new:
        new = set().union(*(stack.resources[each].waits_for for each in new)) - found
        found |= new
    return found


@each_system
def test_parameters_and_conditions_mean_the_same_everywhere(system: str) -> None:
    one = whole(system)
    for body in (root(system), *tiers(system).values()):
        own = {name: entry for name, entry in body["Parameters"].items() if name not in TEMPLATES_PLACE}
        assert own == {name: one["Parameters"][name] for name in own}
        assert [*own] == [name for name in one["Parameters"] if name in own]
    assert root(system)["Parameters"].keys() == one["Parameters"].keys() | TEMPLATES_PLACE
    for body in (root(system), *tiers(system).values(), *children(system).values()):
        for section in ("Conditions", "Mappings", "Rules"):
            assert body.get(section, {}).items() <= one.get(section, {}).items()


@each_system
def test_a_rule_stands_wherever_its_parameters_do(system: str) -> None:
    for name, rule in whole(system).get("Rules", {}).items():
        about = {value["Ref"] for value in walk(rule) if isinstance(value, Mapping) and "Ref" in value}
        holders = [body for body in (root(system), *tiers(system).values()) if about <= body["Parameters"].keys()]
        assert len(holders) > 1
        assert all(name in body.get("Rules", {}) for body in holders)


@each_system
def test_the_templates_say_what_they_are(system: str) -> None:
    about = whole(system)["Metadata"]["Template"]
    assert (about["System"], about["Layout"], about.get("Tier")) == (system, "stack", None)
    for tier, body in tiers(system).items():
        own = body["Metadata"]["Template"]
        assert (own["System"], own["Layout"], own["Tier"]) == (system, "tiers", tier)
    assert root(system)["Metadata"]["Template"].get("Tier") is None
    for body in (root(system), *children(system).values()):
        own = body["Metadata"]["Template"]
        assert (own["System"], own["Layout"]) == (system, "nested")
    for body in (root(system), *tiers(system).values(), *children(system).values()):
        assert (body["Metadata"]["Template"]["Region"], body["Metadata"]["Template"]["Tags"]) == (
            about["Region"],
            about["Tags"],
        )
    numbers = sorted(path.name[:3] for path in (OUT / system / "tiers").glob("*.json"))
    assert numbers == [f"{number:02}-" for number in range(1, len(numbers) + 1)]
    assert [body["Metadata"]["Template"]["Tier"] for body in children(system).values()] == [*tiers(system)]
