from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.references import Kind, Reference, find, of_output, of_resource, rewrite
from tests.building import meaning


def found(node: Any, *, conditions: bool = False) -> list[Reference]:
    return [use.reference for use in find(node, conditions=conditions)]


def ref(name: str) -> Reference:
    return Reference("Ref", name)


def att(name: str, attribute: str) -> Reference:
    return Reference("GetAtt", name, attribute)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "Topic"}, [ref("Topic")]),
        ({"Ref": "AWS::Region"}, []),
        ({"Fn::GetAtt": ["Topic", "Arn"]}, [att("Topic", "Arn")]),
        ({"Fn::GetAtt": "Topic.Arn"}, [att("Topic", "Arn")]),
        ({"Fn::GetAtt": ["Cluster", "Endpoint.Port"]}, [att("Cluster", "Endpoint.Port")]),
        ({"Fn::GetAtt": "Cluster.Endpoint.Port"}, [att("Cluster", "Endpoint.Port")]),
        ({"Fn::Sub": "plain"}, []),
        ({"Fn::Sub": "${Topic}-${Cluster.Endpoint.Port}"}, [ref("Topic"), att("Cluster", "Endpoint.Port")]),
        ({"Fn::Sub": "${AWS::Region} ${!Literal} $Dollar ${Topic}"}, [ref("Topic")]),
        ({"Fn::Sub": ["${Local}-${Topic}", {"Local": {"Ref": "Queue"}}]}, [ref("Topic"), ref("Queue")]),
        (
            {"Fn::If": ["IsProd", {"Ref": "A"}, {"Fn::GetAtt": ["B", "Arn"]}]},
            [Reference("Condition", "IsProd"), ref("A"), att("B", "Arn")],
        ),
        (
            {"Fn::FindInMap": ["Zones", {"Ref": "AWS::Region"}, {"Ref": "Zone"}]},
            [Reference("Mapping", "Zones"), ref("Zone")],
        ),
        ({"Fn::FindInMap": [{"Ref": "Table"}, "a", "b"]}, [ref("Table")]),
        ({"Fn::Join": ["-", ["a", {"Ref": "A"}, {"Fn::Sub": "${B}"}]]}, [ref("A"), ref("B")]),
        ({"Fn::Base64": {"Fn::Sub": "${A}"}}, [ref("A")]),
        ({"Fn::ImportValue": {"Fn::Sub": "x-${EnvironmentSuffix}"}}, [ref("EnvironmentSuffix")]),
        ([[{"a": [{"Ref": "A"}]}]], [ref("A")]),
        ({"Ref": "A", "Other": {"Ref": "B"}}, [ref("B")]),
        ("text", []),
        (3, []),
        (None, []),
    ],
)
def test_find(node: Any, expected: list[Reference]) -> None:
    assert found(node) == expected


def test_condition_by_name_is_a_reference_only_among_conditions() -> None:
    either = {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Equals": [{"Ref": "Size"}, "big"]}]}
    assert found(either, conditions=True) == [Reference("Condition", "IsProd"), ref("Size")]
    assert found(either) == [ref("Size")]


def test_a_policys_condition_is_no_reference_even_among_conditions() -> None:
    assert found({"Condition": {"StringEquals": {"a": {"Ref": "B"}}}}, conditions=True) == [ref("B")]


def test_paths_lead_to_the_use() -> None:
    uses = find(
        {"Rules": [{"Arn": {"Ref": "A"}}, {"Arn": {"Fn::If": ["C", {"Ref": "B"}, 1]}}]}, ("Queue", "Properties")
    )
    assert [(use.reference.name, ".".join(use.path)) for use in uses] == [
        ("A", "Queue.Properties.Rules.0.Arn"),
        ("C", "Queue.Properties.Rules.1.Arn"),
        ("B", "Queue.Properties.Rules.1.Arn.0"),
    ]


@pytest.mark.parametrize(("written", "names"), [("Topic", ["Topic"]), (["Topic", "Key"], ["Topic", "Key"])])
def test_depends_on_and_condition_of_a_resource(written: Any, names: list[str]) -> None:
    body = {
        "Type": "AWS::SQS::Queue",
        "Condition": "IsProd",
        "DependsOn": written,
        "Properties": {"QueueName": {"Ref": "Name"}, "Condition": "nobody's", "DependsOn": "nobody's"},
    }
    uses = list(of_resource(body, ("Queue",)))
    depends: Kind = "DependsOn"
    assert [use.reference for use in uses] == [
        Reference("Condition", "IsProd"),
        *(Reference(depends, name) for name in names),
        ref("Name"),
    ]
    assert uses[1].path == ("Queue", "DependsOn")


def test_output() -> None:
    body = {
        "Description": "${NotASub}",
        "Condition": "IsProd",
        "Value": {"Fn::GetAtt": ["Queue", "Arn"]},
        "Export": {"Name": {"Fn::Sub": "shop-${EnvironmentSuffix}-queue"}},
    }
    assert [use.reference for use in of_output(body, ("Outputs", "Queue"))] == [
        Reference("Condition", "IsProd"),
        att("Queue", "Arn"),
        ref("EnvironmentSuffix"),
    ]


# ── putting something else in their place ──

IMPORT = {"Fn::ImportValue": "export"}


def replacing(**replacements: dict[str, Any]) -> Any:
    """A replace function by the reference's name, with an underscore before the attribute."""

    def replace(reference: Reference) -> dict[str, Any] | None:
        return replacements.get("_".join(filter(None, (reference.name, reference.attribute.replace(".", "_")))))

    return replace


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "T"}, IMPORT),
        ({"Ref": "Other"}, {"Ref": "Other"}),
        ({"Ref": "AWS::Region"}, {"Ref": "AWS::Region"}),
        ({"Fn::GetAtt": ["T", "Arn"]}, {"Ref": "TArn"}),
        ({"Fn::GetAtt": "T.Arn"}, {"Ref": "TArn"}),
        ({"Fn::GetAtt": ["T", "Name"]}, {"Fn::GetAtt": ["T", "Name"]}),
        ({"Fn::Sub": "a ${T.Arn} b"}, {"Fn::Sub": "a ${TArn} b"}),
        ({"Fn::Sub": "a ${T} b ${T}"}, {"Fn::Sub": ["a ${T} b ${T}", {"T": IMPORT}]}),
        ({"Fn::Sub": "${C.Endpoint.Port}"}, {"Fn::Sub": ["${CEndpointPort}", {"CEndpointPort": IMPORT}]}),
        ({"Fn::Sub": "${!T} ${AWS::Region} ${Other}"}, {"Fn::Sub": "${!T} ${AWS::Region} ${Other}"}),
        ({"Fn::Sub": ["${x}", {"x": {"Ref": "T"}}]}, {"Fn::Sub": ["${x}", {"x": IMPORT}]}),
        ({"Fn::Sub": ["${T}", {"T": "mine"}]}, {"Fn::Sub": ["${T}", {"T": "mine"}]}),
        ({"Fn::If": ["T", {"Ref": "T"}, {"Ref": "B"}]}, {"Fn::If": ["T", IMPORT, {"Ref": "B"}]}),
        ({"Fn::Base64": {"Fn::Sub": "${T.Arn}"}}, {"Fn::Base64": {"Fn::Sub": "${TArn}"}}),
        ({"DependsOn": "T", "Properties": {"a": [{"Ref": "T"}]}}, {"DependsOn": "T", "Properties": {"a": [IMPORT]}}),
    ],
)
def test_rewrite(node: Any, expected: Any) -> None:
    assert rewrite(node, replacing(T=IMPORT, T_Arn={"Ref": "TArn"}, C_Endpoint_Port=IMPORT)) == expected


def test_rewrite_leaves_its_argument_as_it_was() -> None:
    node = {"a": [{"Ref": "T"}, {"Fn::Sub": ["${x}${T}", {"x": {"Ref": "T"}}]}]}
    rewrite(node, replacing(T=IMPORT))
    assert node == {"a": [{"Ref": "T"}, {"Fn::Sub": ["${x}${T}", {"x": {"Ref": "T"}}]}]}


def test_a_made_variable_takes_nobodys_name() -> None:
    """``${TName}`` is something of its own here: what stands for ``${T.Name}`` must be called otherwise."""
    rewritten = rewrite({"Fn::Sub": "${T.Name} ${TName} ${T.Name}"}, replacing(T_Name=IMPORT))
    text, values = rewritten["Fn::Sub"]
    ((made, value),) = values.items()
    assert value == IMPORT
    assert made != "TName"
    assert text == f"${{{made}}} ${{TName}} ${{{made}}}"


def test_two_attributes_that_differ_in_a_dot_stay_apart() -> None:
    text, values = rewrite({"Fn::Sub": "${T.A.B} ${T.AB}"}, replacing(T_A_B={"x": "1"}, T_AB={"x": "2"}))["Fn::Sub"]
    first, second = (part.strip("${}") for part in text.split())
    assert (values[first], values[second]) == ({"x": "1"}, {"x": "2"})


def test_a_ref_is_not_caught_by_the_functions_own_map() -> None:
    """``${TArn}`` in the text would be the map's ``mine``, not the parameter."""
    rewritten = rewrite({"Fn::Sub": ["${T.Arn} ${TArn}", {"TArn": "mine"}]}, replacing(T_Arn={"Ref": "TArn"}))
    text, values = rewritten["Fn::Sub"]
    first, second = (part.strip("${}") for part in text.split())
    assert (values[first], values[second]) == ({"Ref": "TArn"}, "mine")


# ── properties of all trees ──

NAMES = st.sampled_from(["Alpha", "Beta", "Gamma", "AlphaArn", "BetaName"])
ATTRIBUTES = st.sampled_from(["Arn", "Name", "Endpoint.Port"])
CONDITIONS = st.sampled_from(["IsProd", "IsDev"])
VARIABLES = st.sampled_from(["Alpha", "x", "AlphaArn", "y"])
PIECES = st.one_of(
    st.sampled_from(["-", " text ", "${!Alpha}", "${AWS::Region}", "${x}"]),
    NAMES.map("${{{}}}".format),
    st.builds("${{{}.{}}}".format, NAMES, ATTRIBUTES),
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)


def intrinsics(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    mapped = st.tuples(TEXTS, st.dictionaries(VARIABLES, children, max_size=2)).filter(lambda pair: pair[1] != {})
    return st.one_of(
        NAMES.map(lambda name: {"Ref": name}),
        st.just({"Ref": "AWS::AccountId"}),
        st.tuples(NAMES, ATTRIBUTES).map(lambda pair: {"Fn::GetAtt": list(pair)}),
        st.tuples(NAMES, ATTRIBUTES).map(lambda pair: {"Fn::GetAtt": ".".join(pair)}),
        TEXTS.map(lambda text: {"Fn::Sub": text}),
        mapped.map(lambda pair: {"Fn::Sub": list(pair)}),
        st.tuples(CONDITIONS, children, children).map(lambda three: {"Fn::If": list(three)}),
        st.tuples(st.just("Zones"), NAMES.map(lambda name: {"Ref": name}), st.just("A")).map(
            lambda three: {"Fn::FindInMap": list(three)}
        ),
        st.lists(children, max_size=3).map(lambda items: {"Fn::Join": [",", items]}),
    )


LEAVES = st.one_of(st.text(max_size=4), st.integers(), st.booleans(), st.none())
TREES = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.dictionaries(st.sampled_from(["Name", "Rules", "Arn"]), children, max_size=3),
        intrinsics(children),
    ),
    max_leaves=12,
)

SUBS = st.one_of(
    TEXTS.map(lambda text: {"Fn::Sub": text}),
    st.tuples(TEXTS, st.dictionaries(VARIABLES, st.just("mine"), min_size=1)).map(lambda pair: {"Fn::Sub": list(pair)}),
)


@given(TREES)
def test_replacing_nothing_changes_nothing(tree: Any) -> None:
    assert rewrite(tree, lambda reference: None) == tree


@given(TREES)
def test_what_is_found_can_be_replaced_and_is_then_gone(tree: Any) -> None:
    targets = {use.reference for use in find(tree) if use.reference.kind in ("Ref", "GetAtt")}
    asked: set[Reference] = set()

    def replace(reference: Reference) -> dict[str, Any]:
        asked.add(reference)
        return {"Fn::ImportValue": f"{reference.name}:{reference.attribute}"}

    rewritten = rewrite(tree, replace)
    assert asked == targets
    left = [use.reference for use in find(rewritten)]
    assert [reference for reference in left if reference.kind in ("Ref", "GetAtt")] == []
    others = [use.reference for use in find(tree) if use.reference.kind not in ("Ref", "GetAtt")]
    assert left == others


def imported(reference: Reference) -> dict[str, Any]:
    """What stands for a reference in ``meaning``, and so tells which reference it was."""
    return {"Fn::ImportValue": f"{reference.name}:{reference.attribute}"}


def handed(reference: Reference) -> dict[str, Any]:
    """A parameter instead of a reference; its name is that of some other name in the trees, as in nested children."""
    return {"Ref": f"{reference.name}{reference.attribute}".replace(".", "")}


@pytest.mark.parametrize("replace", [imported, handed])
@settings(max_examples=250)
@given(tree=TREES | SUBS)
def test_each_reference_gets_its_own_replacement(replace: Any, tree: Any) -> None:
    """Whatever variables are made on the way: a rewritten ``Fn::Sub`` spells out to the same with replacements."""
    assert meaning(rewrite(tree, replace), lambda reference: None) == meaning(tree, replace)
