from __future__ import annotations

from typing import Any

import pytest
from troposphere import Ref, Sub

from tap.errors import TapError
from tap.linker import LAYOUTS, Layout, link
from tap.model import SUFFIX, Tier
from tap.naming import NameTooLongError
from tests.building import (
    linked,
    named,
    parameter,
    properties,
    shared,
    stack,
    system,
    tier,
    topic,
)

# ── parameters ──


@pytest.mark.parametrize(
    ("kind", "handed", "child"),
    [
        ("String", {"Ref": "P"}, "String"),
        ("Number", {"Ref": "P"}, "Number"),
        ("CommaDelimitedList", {"Fn::Join": [",", {"Ref": "P"}]}, "CommaDelimitedList"),
        ("List<Number>", {"Fn::Join": [",", {"Ref": "P"}]}, "List<Number>"),
        ("AWS::EC2::VPC::Id", {"Ref": "P"}, "AWS::EC2::VPC::Id"),
        ("List<AWS::EC2::Subnet::Id>", {"Fn::Join": [",", {"Ref": "P"}]}, "List<AWS::EC2::Subnet::Id>"),
        ("AWS::SSM::Parameter::Name", {"Ref": "P"}, "AWS::SSM::Parameter::Name"),
        ("AWS::SSM::Parameter::Value<String>", {"Ref": "P"}, "String"),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", {"Ref": "P"}, "AWS::EC2::Image::Id"),
        ("AWS::SSM::Parameter::Value<List<String>>", {"Fn::Join": [",", {"Ref": "P"}]}, "List<String>"),
        ("AWS::SSM::Parameter::Value<CommaDelimitedList>", {"Fn::Join": [",", {"Ref": "P"}]}, "CommaDelimitedList"),
    ],
)
def test_the_root_hands_on_a_parameter_of_each_type(kind: str, handed: Any, child: str) -> None:
    """A list is a string on its way into a nested stack; an SSM parameter has its value by then."""
    default = {"Default": "/a/b"} if "SSM" in kind else {}
    of = system(tier("a", topic("A", DisplayName=Ref("P"))), common=shared(parameter("P", Type=kind, **default)))
    root, a = linked(of, "nested").values()
    assert root["Parameters"]["P"]["Type"] == kind
    assert properties(root, "AStack")["Parameters"]["P"] == handed
    assert a["Parameters"]["P"]["Type"] == child
    assert "Default" not in a["Parameters"]["P"]
    assert linked(of, "tiers")["tiers/01-a"]["Parameters"]["P"]["Type"] == kind


def test_a_parameter_keeps_its_constraints_on_the_way_but_not_those_of_an_ssm_name() -> None:
    constraints = {"AllowedPattern": "^/.*$", "MinLength": 2, "NoEcho": True}
    of = system(
        tier("a", topic("A", DisplayName=Sub("${Plain}${Stored}"))),
        common=shared(
            parameter("Plain", Default="/x", **constraints),
            parameter("Stored", Type="AWS::SSM::Parameter::Value<String>", Default="/x", AllowedPattern="^/.*$"),
        ),
    )
    a = linked(of, "nested")["nested/a"]["Parameters"]
    assert {key: a["Plain"].get(key) for key in constraints} == constraints | {"NoEcho": True}
    assert a["Stored"] == {"Type": "String", "Description": "The parameter Stored."}


def test_the_console_groups_parameters_as_they_were_labelled() -> None:
    of = system(
        tier("a", topic("A"), topic("A2", DisplayName=Ref("Size"))),
        tier("b", topic("B", DisplayName=Sub("${A}${A.TopicName}"))),
        common=shared(parameter("Size", Default="x")),
    )
    label = "AWS::CloudFormation::Interface"
    root, a, b = (body["Metadata"][label] for body in linked(of, "nested").values())
    assert a["ParameterGroups"] == [
        {"Label": {"default": "Environment"}, "Parameters": [SUFFIX]},
        {"Label": {"default": "Test"}, "Parameters": ["Size"]},
    ]
    assert a["ParameterLabels"] == {SUFFIX: {"default": "Suffix"}, "Size": {"default": "Size"}}
    assert b["ParameterGroups"][-1]["Parameters"] == ["A", "ATopicName"]
    assert b["ParameterLabels"]["ATopicName"] == {"default": "A TopicName"}
    assert root["ParameterGroups"][-1]["Parameters"] == ["TemplatesBucket", "TemplatesPrefix"]


# ── the suffix ──


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_suffix_comes_first_and_is_as_long_as_the_tightest_name_allows(layout: Layout) -> None:
    long = named("x" * 240)
    of = system(
        tier("a", topic("A", TopicName=long, DisplayName=Ref("Size"))),
        tier("b", topic("B", DisplayName=Ref("Size"))),
        common=shared(parameter("Size", Default="x")),
    )
    for body in linked(of, layout).values():
        suffix = body["Parameters"][SUFFIX]
        assert next(iter(body["Parameters"])) == SUFFIX
        assert suffix["Type"] == "String"
        assert (suffix["MinLength"], suffix["MaxLength"]) == (1, 256 - 241)
        assert suffix["AllowedPattern"] == "^[a-z0-9]+(-[a-z0-9]+)*$"
        assert "1 to 15 characters" in suffix["ConstraintDescription"]
        assert "the name of A (256 characters)" in suffix["ConstraintDescription"]
    assert stack(of)["Parameters"][SUFFIX]["Default"] == "dev"


@pytest.mark.parametrize("environments", [{"x" * 16: {}}, {"dev": {SUFFIX: "x" * 16}}])
def test_an_environment_whose_suffix_is_too_long_is_refused(environments: dict[str, dict[str, str]]) -> None:
    of = system(tier("a", topic("A", TopicName=named("x" * 240))), environments=environments)
    with pytest.raises(TapError) as raised:
        link(of)
    message = str(raised.value)
    for part in ("system shop", "'xxxxxxxxxxxxxxxx'", "16 characters", "the name of A", "room for 15"):
        assert part in message


def test_an_environment_may_have_a_shorter_suffix_than_its_name() -> None:
    of = system(tier("a", topic("A", TopicName=named("x" * 240))), environments={"x" * 16: {SUFFIX: "x" * 15}})
    assert len(link(of)) == 4


def test_a_name_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(NameTooLongError, match=r"A \(AWS::SNS::Topic\), TopicName"):
        link(system(tier("a", topic("A", TopicName=named("x" * 255)))))


def test_a_system_without_suffix_is_refused() -> None:
    with pytest.raises(TapError, match=f"system shop: .* no parameter {SUFFIX}"):
        link(system(tier("a", topic("A")), common=Tier("shared", "Shared", "Nothing."), tags={}))
