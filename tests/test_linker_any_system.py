"""Whatever the system: the three layouts say the same, and every template stands alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from troposphere import Equals, GetAtt, If, Join, Not, Ref, Sub, Tags, sns, sqs

from tap.linker import link
from tap.model import SUFFIX, System
from tap.references import Reference, find, of_output, of_resource
from tests.building import exports, linked, meaning, parameter, properties, shared, stack, system, tier

ATTRIBUTES = {"Topic": "TopicName", "Queue": "QueueName"}


@st.composite
def systems(draw: st.DrawFn) -> System:
    """Two to five tiers of topics and queues, whose tags refer to anything before them in any way there is."""
    common = shared(parameter("Size", Default="x"), parameter("Sizes", Type="CommaDelimitedList", Default="a,b"))
    common.condition("IsProd", Equals(Ref(SUFFIX), "prod"))
    common.condition("IsBig", Equals(Ref("Size"), "big"))
    common.template.add_rule("SizeSaid", {"Assertions": [{"Assert": Not(Equals(Ref("Size"), ""))}]})
    before: list[str] = []
    tiers = []
    for position in range(draw(st.integers(2, 5))):
        made = tier(f"tier-{'abcde'[position]}")
        for _ in range(draw(st.integers(1, 3))):
            kind: str = draw(st.sampled_from(list(ATTRIBUTES)))
            name = f"{kind}{len(before)}"
            use = _uses(before)
            resource = {"Topic": sns.Topic, "Queue": sqs.Queue}[kind](name)
            resource.Tags = Tags({f"T{number}": value for number, value in enumerate(draw(st.lists(use, max_size=4)))})
            if draw(st.booleans()):
                resource.Condition = draw(st.sampled_from(["IsProd", "IsBig"]))
            if draw(st.booleans()) and before:
                waits = st.lists(st.sampled_from(before), min_size=1, max_size=3, unique=True)
                resource.DependsOn = draw(waits)
            made.add(resource, f"The resource {name}.")
            before.append(name)
        for number, value in enumerate(draw(st.lists(_uses(before), max_size=2))):
            tail = draw(st.sampled_from(["", f"own-{position}-{number}"]))
            made.output(f"Own{position}{number}", "An output.", value, export=tail)
        tiers.append(made)
    # What nobody uses is refused, so the first resource uses everything.
    everything = Sub("${Size}${Of}", Of=If("IsBig", Join(",", Ref("Sizes")), If("IsProd", "a", "b")))
    tiers[0].add(sns.Topic("Everything", DisplayName=everything), "Uses all that is shared.")
    return system(*tiers, common=common)


def _uses(before: list[str]) -> st.SearchStrategy[Any]:
    """References to the resources named, plain or within each other."""
    plain: list[st.SearchStrategy[Any]] = [
        st.sampled_from([Ref(SUFFIX), Ref("Size"), Sub("${AWS::Region}-${Size}"), "x"])
    ]
    if before:
        resource = st.sampled_from(before)
        att = resource.map(lambda name: (name, ATTRIBUTES[name.rstrip("0123456789")]))
        arn = st.tuples(resource, st.sampled_from(["Name", "Arn"]))
        plain += [
            resource.map(Ref),
            att.map(lambda pair: GetAtt(*pair)),
            resource.map(lambda name: Sub(f"a-${{{name}}}-${{AWS::Region}}")),
            st.tuples(resource, att).map(lambda three: Sub(f"${{{three[0]}}}:${{{'.'.join(three[1])}}}:${{!x}}")),
            att.map(lambda pair: Sub(f"${{x}}${{{'.'.join(pair)}}}", x=Ref(pair[0]))),
            arn.map(lambda pair: Join("-", [Ref(pair[0]), pair[1]])),
        ]
    either = st.one_of(*plain)
    return either | st.tuples(either, either).map(lambda both: If("IsProd", *both))


def references(body: dict[str, Any]) -> set[Reference]:
    """Every reference in a template, of any kind."""
    uses = [use for name, each in body["Resources"].items() for use in of_resource(each, (name,))]
    uses += [use for name, each in body.get("Outputs", {}).items() for use in of_output(each, (name,))]
    for section in ("Conditions", "Rules"):
        uses += find(body.get(section, {}), conditions=True)
    return {use.reference for use in uses}


def stands_alone(body: dict[str, Any]) -> None:
    """Every name in a template is defined in it, and every parameter and condition in it is used."""
    sections = {"Ref": ("Parameters", "Resources"), "Condition": ("Conditions",), "Mapping": ("Mappings",)}
    used = references(body)
    for reference in used:
        homes = sections.get(reference.kind, ("Resources",))
        assert any(reference.name in body.get(home, {}) for home in homes), reference
    names = {reference.name for reference in used}
    for section in ("Parameters", "Conditions"):
        assert set(body.get(section, {})) <= names


def spelled(node: Any) -> Any:
    """A tree with each ``Fn::Sub`` spelled out."""
    return meaning(node, lambda reference: None)


def without(body: dict[str, Any]) -> dict[str, Any]:
    """A resource or output but for what the layouts may differ in."""
    return {key: value for key, value in body.items() if key not in ("DependsOn", "Export")}


def same_meaning(ours: dict[str, Any], theirs: dict[str, Any], resolve: Callable[[Any], Any]) -> None:
    """A resource or output of a part says what it says in the whole, once what crosses is looked up."""
    assert resolve(spelled(without(ours))) == spelled(without(theirs))


def looked_up(node: Any, find_value: Callable[[dict[str, Any]], Any]) -> Any:
    """A tree in which each map that ``find_value`` knows is what it gives for it."""
    if isinstance(node, list):
        return [looked_up(item, find_value) for item in node]
    if not isinstance(node, dict):
        return node
    value = find_value(node)
    return {key: looked_up(item, find_value) for key, item in node.items()} if value is None else value


@given(systems())
def test_any_systems_stack_stands_alone(of: System) -> None:
    stands_alone(stack(of))


@given(systems())
def test_any_systems_tiers_say_what_its_stack_says(of: System) -> None:
    whole, parts = stack(of), linked(of, "tiers")
    assert [name for part in parts.values() for name in part["Resources"]] == list(whole["Resources"])
    exported: dict[str, Any] = {}
    outputs: set[str] = set()
    for part in parts.values():
        stands_alone(part)

        def value(node: dict[str, Any], known: dict[str, Any] = exported) -> Any:
            # Only exports of tiers before this one are there when it is deployed.
            return known[json.dumps(node["Fn::ImportValue"])] if set(node) == {"Fn::ImportValue"} else None

        def resolve(node: Any, value: Any = value) -> Any:
            return looked_up(node, value)

        for name, body in part["Resources"].items():
            same_meaning(body, whole["Resources"][name], resolve)
            waits = whole["Resources"][name].get("DependsOn", [])
            assert body.get("DependsOn", []) == [other for other in waits if other in part["Resources"]]
        for name in set(part.get("Outputs", {})) & set(whole.get("Outputs", {})):
            same_meaning(part["Outputs"][name], whole["Outputs"][name], resolve)
        own = exports([part])
        assert not {_spelled(name) for name in own} & set(exported), "an export twice"
        outputs |= set(part.get("Outputs", {}))
        exported |= {_spelled(name): resolve(spelled(each)) for name, each in own.items()}
    assert set(whole.get("Outputs", {})) <= outputs


def _spelled(name: str) -> str:
    """The name of an export, as a key."""
    return json.dumps(spelled({"Fn::Sub": name}))


def from_sibling(given: dict[str, Any], root: dict[str, Any]) -> tuple[str, str] | None:
    """The stack and the output from which the root takes a value; None where it is the root's own parameter."""
    if "Fn::If" in given:
        condition, given, otherwise = given["Fn::If"]
        assert condition in root["Conditions"]
        assert otherwise == ""
    if "Fn::GetAtt" not in given:
        return None
    stack_id, output = given["Fn::GetAtt"]
    return stack_id, output.removeprefix("Outputs.")


@given(systems())
def test_any_systems_nested_stacks_say_what_its_stack_says(of: System) -> None:
    whole, parts = stack(of), linked(of, "nested")
    root = parts.pop("nested/root")
    stands_alone(root)
    assert [name for part in parts.values() for name in part["Resources"]] == list(whole["Resources"])
    stacks = dict(zip(root["Resources"], parts.values(), strict=True))
    known: dict[tuple[str, str], Any] = {}
    for stack_id, part in stacks.items():
        stands_alone(part)
        handed = properties(root, stack_id).get("Parameters", {})
        assert set(handed) == set(part.get("Parameters", {}))

        def value(node: dict[str, Any], handed: dict[str, Any] = handed) -> Any:
            if set(node) != {"Ref"} or node["Ref"] not in handed:
                return None
            given = handed[node["Ref"]]
            if crossing := from_sibling(given, root):
                # Only of a stack before this one, or the root would go round in a ring.
                return known[crossing]
            return {"Ref": node["Ref"]} if given == {"Fn::Join": [",", {"Ref": node["Ref"]}]} else given

        def resolve(node: Any, value: Any = value) -> Any:
            return looked_up(node, value)

        for name, body in part["Resources"].items():
            same_meaning(body, whole["Resources"][name], resolve)
        for name, body in part.get("Outputs", {}).items():
            if name in whole.get("Outputs", {}):
                same_meaning(body, whole["Outputs"][name], resolve)
            known[stack_id, name] = resolve(spelled(body["Value"]))
        mine = [other for each in part["Resources"] for other in whole["Resources"][each].get("DependsOn", [])]
        waits = {each for each, other in stacks.items() if other is not part and set(mine) & set(other["Resources"])}
        handing = {crossing[0] for given in handed.values() if (crossing := from_sibling(given, root))}
        assert set(root["Resources"][stack_id].get("DependsOn", [])) == waits - handing
    assert set(root.get("Outputs", {})) == set(whole.get("Outputs", {}))
    assert exports([root]).keys() == exports([whole]).keys()


@given(systems())
def test_any_systems_templates_are_the_same_twice(of: System) -> None:
    assert repr(link(of)) == repr(link(of))
