from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from troposphere import Equals, FindInMap, GetAtt, If, Join, Not, Ref, Sub, sqs

from tap import project
from tap.errors import TapError
from tap.linker import LAYOUTS, Layout, link
from tap.model import SUFFIX, System, Tier
from tap.naming import NameTooLongError
from tap.symbols import DuplicateNameError
from tests.building import (
    linked,
    named,
    output,
    pair,
    parameter,
    properties,
    queue,
    shared,
    stack,
    system,
    templates,
    tier,
    topic,
)

Fill = Callable[[Tier], object]
SUFFIX_REF = {"Ref": SUFFIX}


def imported(tail: str) -> dict[str, Any]:
    return {"Fn::ImportValue": {"Fn::Sub": f"shop-${{{SUFFIX}}}-{tail}"}}


def condition(name: str, of: str = SUFFIX) -> Fill:
    return lambda to: to.condition(name, Equals(Ref(of), "prod"))


def refused(of: System, *layouts: Layout) -> str:
    """The message with which the linker refuses a name that it would have to make."""
    with pytest.raises(DuplicateNameError) as raised:
        link(of, layouts or LAYOUTS)
    return str(raised.value)


# ── three layouts of one system ──


def test_the_files_of_each_layout() -> None:
    assert list(linked(pair(), "stack")) == ["stack"]
    assert list(linked(pair(), "tiers")) == ["tiers/01-events", "tiers/02-work"]
    assert list(linked(pair(), "nested")) == ["nested/root", "nested/events", "nested/work"]


def test_layouts_come_in_the_order_asked_for() -> None:
    paths = [template.path for template in link(pair(), ("tiers", "stack"))]
    assert paths == ["tiers/01-events", "tiers/02-work", "stack"]


def test_in_one_stack_a_reference_stays_what_it_is() -> None:
    body = stack(pair())
    assert list(body["Resources"]) == ["Topic", "Queue", "Subscription"]
    assert properties(body, "Queue")["QueueName"] == {"Fn::Sub": "${Topic.TopicName}-work"}
    assert properties(body, "Subscription")["TopicArn"] == {"Ref": "Topic"}
    assert "Outputs" not in body


def test_between_tiers_a_reference_is_an_export_and_an_import() -> None:
    events, work = linked(pair(), "tiers").values()
    assert {name: (each["Value"], each["Export"]["Name"]) for name, each in events["Outputs"].items()} == {
        "TopicTopicName": ({"Fn::GetAtt": ["Topic", "TopicName"]}, {"Fn::Sub": f"shop-${{{SUFFIX}}}-topic-topic-name"}),
        "Topic": ({"Ref": "Topic"}, {"Fn::Sub": f"shop-${{{SUFFIX}}}-topic"}),
    }
    assert events["Outputs"]["Topic"]["Description"] == "Reference of Topic, for Work."
    assert properties(work, "Queue")["QueueName"] == {
        "Fn::Sub": ["${TopicTopicName}-work", {"TopicTopicName": imported("topic-topic-name")}]
    }
    assert properties(work, "Queue")["RedriveAllowPolicy"] == {"note": imported("topic-topic-name")}
    assert properties(work, "Subscription")["TopicArn"] == imported("topic")
    assert properties(work, "Subscription")["Endpoint"] == {"Fn::GetAtt": ["Queue", "Arn"]}
    assert "Outputs" not in work


def test_in_nested_stacks_the_root_hands_values_on() -> None:
    bodies = linked(pair(), "nested")
    root, events, work = bodies.values()
    assert list(events["Outputs"]) == ["TopicTopicName", "Topic"]
    assert all("Export" not in each for each in events["Outputs"].values())
    assert properties(work, "Queue")["QueueName"] == {"Fn::Sub": "${TopicTopicName}-work"}
    assert properties(work, "Subscription")["TopicArn"] == {"Ref": "Topic"}
    assert list(work["Parameters"]) == [SUFFIX, "TopicTopicName", "Topic"]
    assert work["Parameters"]["Topic"]["Type"] == "String"
    assert properties(root, "WorkStack")["Parameters"] == {
        SUFFIX: SUFFIX_REF,
        "TopicTopicName": {"Fn::GetAtt": ["EventsStack", "Outputs.TopicTopicName"]},
        "Topic": {"Fn::GetAtt": ["EventsStack", "Outputs.Topic"]},
    }
    assert "DependsOn" not in root["Resources"]["WorkStack"]


def test_the_root_finds_its_children_in_a_bucket() -> None:
    root = linked(pair(), "nested")["nested/root"]
    assert list(root["Parameters"]) == [SUFFIX, "TemplatesBucket", "TemplatesPrefix"]
    assert "Default" not in root["Parameters"]["TemplatesBucket"]
    assert root["Parameters"]["TemplatesPrefix"]["Default"] == ""
    each = root["Resources"]["WorkStack"]
    assert properties(root, "WorkStack")["TemplateURL"] == {
        "Fn::Sub": "https://s3.${AWS::Region}.${AWS::URLSuffix}/${TemplatesBucket}/${TemplatesPrefix}work.yaml"
    }
    assert properties(root, "WorkStack")["Tags"] == [{"Key": "Environment", "Value": SUFFIX_REF}]
    assert (each["Type"], each["DeletionPolicy"]) == ("AWS::CloudFormation::Stack", "Delete")
    assert each["Metadata"] == {"Description": "What the work tier is for.", "Tier": "work"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_template_says_of_itself(layout: Layout) -> None:
    for template in templates(pair(), layout):
        body, about = template.body, template.body["Metadata"]["Template"]
        assert body["AWSTemplateFormatVersion"] == "2010-09-09"
        name = template.path.split("/")[-1].removeprefix("02-").removeprefix("01-")
        part = {} if name in ("stack", "root") else {"Tier": name}
        assert about == {
            "System": "shop",
            "Layout": layout,
            **part,
            "Region": "us-east-1",
            "Capabilities": [],
            "Tags": {"Environment": "{EnvironmentSuffix}"},
        }
        whole = "Shop. A small system."
        assert body["Description"] == (f"Shop, {name} tier. What the {name} tier is for." if part else whole)


def test_headings_stand_before_each_tiers_first_resource() -> None:
    (whole,) = templates(pair(), "stack")
    assert whole.headings == {
        "Topic": ("Events", "What the events tier is for."),
        "Queue": ("Work", "What the work tier is for."),
    }
    assert [template.headings for template in templates(pair(), "tiers")] == [
        {"Topic": ("Events", "What the events tier is for.")},
        {"Queue": ("Work", "What the work tier is for.")},
    ]


def test_a_transform_stays_with_its_tier_and_the_whole() -> None:
    def transform(name: str) -> Fill:
        return lambda to: to.template.set_transform(name)

    of = system(tier("a", topic("A"), transform("One")), tier("b", topic("B"), transform("Two")), tier("c", topic("C")))
    assert stack(of)["Transform"] == ["One", "Two"]
    assert [body.get("Transform") for body in linked(of, "tiers").values()] == ["One", "Two", None]
    assert [body.get("Transform") for body in linked(of, "nested").values()] == [None, "One", "Two", None]


# ── outputs and exports ──


def exporting(*outputs: Fill, use: Fill | None = None) -> System:
    return system(
        tier("events", topic(), *outputs),
        tier("work", use or queue(QueueName=Ref("Topic"))),
    )


def test_a_systems_own_output_is_exported_by_its_tail() -> None:
    of = exporting(output("Events", Ref("Topic"), export="events"), output("Plain", GetAtt("Topic", "TopicName")))
    export = {"Name": {"Fn::Sub": f"shop-${{{SUFFIX}}}-events"}}
    for body in (stack(of), linked(of, "tiers")["tiers/01-events"]):
        assert body["Outputs"]["Events"]["Export"] == export
        assert "Export" not in body["Outputs"]["Plain"]
    nested = linked(of, "nested")
    assert nested["nested/root"]["Outputs"]["Events"] == {
        "Description": "The output Events.",
        "Value": {"Fn::GetAtt": ["EventsStack", "Outputs.Events"]},
        "Export": export,
    }
    assert nested["nested/root"]["Outputs"]["Plain"]["Value"] == {"Fn::GetAtt": ["EventsStack", "Outputs.Plain"]}
    assert "Export" not in nested["nested/events"]["Outputs"]["Events"]


def test_an_own_output_that_exports_the_value_is_used_again() -> None:
    of = exporting(output("Events", Ref("Topic"), export="happenings"))
    events, work = linked(of, "tiers").values()
    assert list(events["Outputs"]) == ["Events"]
    assert properties(work, "Queue")["QueueName"] == imported("happenings")
    root, events, work = linked(of, "nested").values()
    assert list(events["Outputs"]) == ["Events"]
    assert properties(root, "WorkStack")["Parameters"]["Topic"] == {"Fn::GetAtt": ["EventsStack", "Outputs.Events"]}
    assert properties(work, "Queue")["QueueName"] == {"Ref": "Topic"}


@pytest.mark.parametrize(
    "own",
    [
        output("Events", Ref("Topic")),
        output("Events", Sub("${Topic}"), export="events"),
        output("Events", GetAtt("Topic", "TopicName"), export="events"),
    ],
)
def test_an_output_that_does_not_export_the_very_value_is_not(own: Fill) -> None:
    events, work = linked(exporting(own), "tiers").values()
    assert list(events["Outputs"]) == ["Events", "Topic"]
    assert properties(work, "Queue")["QueueName"] == imported("topic")


def test_an_output_under_another_condition_is_not_either() -> None:
    """In dev it would not be there, while the consumer always needs it."""
    of = system(
        tier(
            "events", topic(), condition("IsProd"), output("Events", Ref("Topic"), export="events", condition="IsProd")
        ),
        tier("work", queue(QueueName=Ref("Topic"))),
    )
    events, work = linked(of, "tiers").values()
    assert properties(work, "Queue")["QueueName"] == imported("topic")
    assert "Condition" not in events["Outputs"]["Topic"]
    root = linked(of, "nested")["nested/root"]
    assert properties(root, "WorkStack")["Parameters"]["Topic"] == {"Fn::GetAtt": ["EventsStack", "Outputs.Topic"]}


def test_outputs_refer_across_tiers_too() -> None:
    of = exporting(use=output("Where", Join(":", [Ref("Topic"), Ref("Queue")])))
    of.tiers[1].add(sqs.Queue("Queue"), "A queue.")
    work = linked(of, "tiers")["tiers/02-work"]
    assert work["Outputs"]["Where"]["Value"] == {"Fn::Join": [":", [imported("topic"), {"Ref": "Queue"}]]}
    nested = linked(of, "nested")
    assert nested["nested/work"]["Outputs"]["Where"]["Value"] == {
        "Fn::Join": [":", [{"Ref": "Topic"}, {"Ref": "Queue"}]]
    }
    assert nested["nested/root"]["Outputs"]["Where"]["Value"] == {"Fn::GetAtt": ["WorkStack", "Outputs.Where"]}


def test_an_output_says_whom_it_is_for() -> None:
    of = system(
        tier("events", topic()),
        *(tier(name, queue(f"Q{name}", QueueName=GetAtt("Topic", "TopicName"))) for name in ("one", "two", "three")),
    )
    outputs = linked(of, "tiers")["tiers/01-events"]["Outputs"]
    assert outputs["TopicTopicName"]["Description"] == "TopicName of Topic, for One, Two and Three."
    parameter = linked(of, "nested")["nested/two"]["Parameters"]["TopicTopicName"]
    assert parameter["Description"].startswith("TopicName of Topic, for One, Two and Three. Handed on by the root")


# ── conditions, mappings, rules ──


def conditional() -> System:
    """A topic that is only there in prod, for a queue that knows."""
    return system(
        tier("events", topic(Condition="IsProd")),
        tier("work", queue(QueueName=If("IsProd", GetAtt("Topic", "TopicName"), "none"))),
        common=shared(condition("IsProd")),
    )


def test_a_conditional_resource_crosses_as_a_conditional_output() -> None:
    events, work = linked(conditional(), "tiers").values()
    assert events["Outputs"]["TopicTopicName"]["Condition"] == "IsProd"
    assert properties(work, "Queue")["QueueName"] == {"Fn::If": ["IsProd", imported("topic-topic-name"), "none"]}
    assert events["Conditions"] == work["Conditions"] == {"IsProd": {"Fn::Equals": [SUFFIX_REF, "prod"]}}
    root, events, work = linked(conditional(), "nested").values()
    assert events["Outputs"]["TopicTopicName"]["Condition"] == "IsProd"
    handed = {"Fn::If": ["IsProd", {"Fn::GetAtt": ["EventsStack", "Outputs.TopicTopicName"]}, ""]}
    assert properties(root, "WorkStack")["Parameters"]["TopicTopicName"] == handed
    assert root["Conditions"] == {"IsProd": {"Fn::Equals": [SUFFIX_REF, "prod"]}}


def test_a_conditional_own_output_keeps_its_condition_in_the_root() -> None:
    of = system(
        tier("events", topic(Condition="IsProd"), output("Events", Ref("Topic"), condition="IsProd")),
        common=shared(condition("IsProd")),
    )
    root = linked(of, "nested")["nested/root"]
    assert root["Outputs"]["Events"]["Condition"] == "IsProd"
    assert list(root["Conditions"]) == ["IsProd"]


def carried() -> System:
    """Tier a uses a parameter and a condition by way of another; tier b others; tier c the suffix."""
    common = shared(
        parameter("Size", Default="small"),
        parameter("Owner", Default="me"),
        condition("IsBig", "Size"),
        lambda to: to.condition("IsSmall", Not({"Condition": "IsBig"})),
        condition("IsMine", "Owner"),
        lambda to: to.mapping("Names", {"x": {"small": "s"}}),
        lambda to: to.mapping("Others", {"y": {"z": "o"}}),
    )
    return system(
        tier("a", topic("A", DisplayName=If("IsSmall", FindInMap("Names", "x", "small"), "big"))),
        tier("b", topic("B", DisplayName=If("IsMine", FindInMap("Others", "y", "z"), Ref("AWS::NoValue")))),
        tier("c", topic("C", DisplayName=Ref(SUFFIX))),
        common=common,
        tags={"Owner": "us"},
    )


@pytest.mark.parametrize("layout", ["tiers", "nested"])
def test_a_template_carries_what_it_uses_and_nothing_else(layout: Layout) -> None:
    of = carried()
    a, b, c = list(linked(of, layout).values())[-3:]

    def names(body: dict[str, Any]) -> list[list[str]]:
        return [list(body.get(section, {})) for section in ("Parameters", "Conditions", "Mappings")]

    assert names(a) == [["Size"], ["IsBig", "IsSmall"], ["Names"]]
    assert names(b) == [["Owner"], ["IsMine"], ["Others"]]
    assert names(c) == [[SUFFIX], [], []]
    if layout == "nested":
        root = linked(of, layout)["nested/root"]
        assert names(root) == [[SUFFIX, "Size", "Owner", "TemplatesBucket", "TemplatesPrefix"], [], []]
        handed = {name: properties(root, name).get("Parameters") for name in root["Resources"]}
        assert handed == {
            "AStack": {"Size": {"Ref": "Size"}},
            "BStack": {"Owner": {"Ref": "Owner"}},
            "CStack": {SUFFIX: SUFFIX_REF},
        }


def test_a_condition_that_only_a_resource_or_an_output_names_is_carried() -> None:
    of = system(
        tier("a", topic("A", Condition="One")),
        tier("b", topic("B"), output("Out", "x", condition="Two")),
        common=shared(condition("One"), condition("Two")),
    )
    assert [list(body["Conditions"]) for body in linked(of, "tiers").values()] == [["One"], ["Two"]]


def rule(name: str, body: dict[str, Any]) -> Fill:
    return lambda to: to.template.add_rule(name, body)


RULE = {
    "RuleCondition": {"Fn::Equals": [{"Ref": "Size"}, "big"]},
    "Assertions": [{"Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Owner"}, ""]}]}, "AssertDescription": "Who?"}],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_rule_goes_where_the_parameter_is_that_it_asserts(layout: Layout) -> None:
    """And brings the parameters that it asks for itself; the condition's parameter alone brings no rule."""
    of = system(
        tier("a", topic("A", DisplayName=Ref("Owner"))),
        tier("b", topic("B", DisplayName=Ref("Size"))),
        common=shared(parameter("Size", Default="x"), parameter("Owner", Default=""), rule("BigNeedsOwner", RULE)),
    )
    found = linked(of, layout)
    ruled = {path: "Rules" in body for path, body in found.items()}
    assert (
        ruled
        == {
            "stack": {"stack": True},
            "tiers": {"tiers/01-a": True, "tiers/02-b": False},
            "nested": {"nested/root": True, "nested/a": True, "nested/b": False},
        }[layout]
    )
    for path, body in found.items():
        if ruled[path]:
            assert body["Rules"] == {"BigNeedsOwner": RULE}
            assert {"Size", "Owner"} <= set(body["Parameters"])
        else:
            assert "Owner" not in body["Parameters"]


# ── waiting ──


def test_depends_on_within_a_tier_stays_and_across_tiers_becomes_an_order() -> None:
    of = system(
        tier("a", topic("A")),
        tier("b", topic("B"), topic("B2", DependsOn=["A", "B"]), topic("B3", DependsOn="A")),
    )
    assert stack(of)["Resources"]["B2"]["DependsOn"] == ["A", "B"]
    assert stack(of)["Resources"]["B3"]["DependsOn"] == "A"
    a, b = linked(of, "tiers").values()
    assert b["Resources"]["B2"]["DependsOn"] == ["B"]
    assert "DependsOn" not in b["Resources"]["B3"]
    assert "Outputs" not in a
    root, a, b = linked(of, "nested").values()
    assert b["Resources"]["B2"]["DependsOn"] == ["B"]
    assert root["Resources"]["BStack"]["DependsOn"] == ["AStack"]
    assert "DependsOn" not in root["Resources"]["AStack"]
    assert "Outputs" not in a


def test_a_stack_does_not_wait_twice_for_what_hands_it_a_value() -> None:
    of = system(
        tier("a", topic("A")),
        tier("b", topic("B")),
        tier("c", topic("C", DependsOn=["A", "B"], DisplayName=Ref("A"))),
    )
    assert linked(of, "nested")["nested/root"]["Resources"]["CStack"]["DependsOn"] == ["BStack"]


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


# ── names that the linker makes ──


def test_a_nested_stacks_name_that_is_taken() -> None:
    message = refused(system(tier("events", topic("EventsStack"))))
    assert "EventsStack, the nested stack of tier events, is also defined in tier events" in message


def test_a_root_parameters_name_that_is_taken() -> None:
    of = system(tier("a", topic("A", DisplayName=Ref("TemplatesPrefix"))), common=shared(parameter("TemplatesPrefix")))
    assert "TemplatesPrefix" in refused(of, "nested")
    assert "also defined in tier shared" in refused(of, "nested")
    assert len(link(of, ["tiers"])) == 1


@pytest.mark.parametrize("common", [shared(parameter("TopicTopicName", Default="x")), None])
def test_a_childs_parameter_whose_name_is_taken(common: Tier | None) -> None:
    """By a parameter anywhere, or by a resource of the child's own."""
    other = topic("TopicTopicName") if common is None else topic("Other", DisplayName=Ref("TopicTopicName"))
    message = refused(
        system(tier("a", topic()), tier("b", other, queue(QueueName=GetAtt("Topic", "TopicName"))), common=common)
    )
    for part in ("TopicName of Topic", "tier b", "the parameter TopicTopicName", "Rename that"):
        assert part in message


@pytest.mark.parametrize("layout", ["tiers", "nested"])
def test_two_values_that_would_be_handed_on_under_one_name(layout: Layout) -> None:
    """A topic's name, and a topic whose own name reads the same: one would silently stand for the other."""
    of = system(
        tier("a", topic(), topic("TopicTopicName")),
        tier("b", queue(QueueName=Sub("${Topic.TopicName}-${TopicTopicName}"))),
    )
    message = refused(of, layout)
    for part in ("tier a", "Topic.TopicName", "TopicTopicName", "Rename one"):
        assert part in message


def test_two_values_of_different_tiers_under_one_name() -> None:
    of = system(
        tier("a", topic()),
        tier("b", topic("TopicTopicName")),
        tier("c", queue(QueueName=Sub("${Topic.TopicName}-${TopicTopicName}"))),
    )
    message = refused(of)
    assert "Topic" in message
    assert "TopicTopicName" in message


def test_two_values_under_one_name_when_outputs_of_other_names_export_them() -> None:
    """Then neither the outputs nor the exports collide, but the parameters of the child that takes both would."""
    of = system(
        tier("a", topic(), output("Name", GetAtt("Topic", "TopicName"), export="name")),
        tier("b", topic("TopicTopicName"), output("Other", Ref("TopicTopicName"), export="other")),
        tier("c", queue(QueueName=Sub("${Topic.TopicName}-${TopicTopicName}"))),
    )
    message = refused(of, "nested")
    for part in ("Topic.TopicName and TopicTopicName both come to tier c", "the parameter TopicTopicName"):
        assert part in message
    queue_name = properties(linked(of, "tiers")["tiers/03-c"], "Queue")["QueueName"]["Fn::Sub"]
    assert sorted(queue_name[1].values(), key=str) == [imported("name"), imported("other")]


def test_an_outputs_name_that_is_taken_by_another_value() -> None:
    message = refused(exporting(output("Topic", GetAtt("Topic", "TopicName"), export="name")))
    for part in ("tier events", "the output Topic", "another value", "Rename the output, or export it"):
        assert part in message


def test_an_export_that_is_made_twice() -> None:
    by_hand = system(
        tier("a", topic("A"), output("OutA", Ref("A"), export="same")),
        tier("b", topic("B"), output("OutB", Ref("B"), export="same")),
    )
    message = refused(by_hand)
    for part in ("the export same", "the output OutA of tier a", "the output OutB of tier b"):
        assert part in message


def test_an_export_that_the_linker_would_make_a_second_time() -> None:
    """``DBArn`` and ``DbArn`` are two logical ids but one kebab-case name."""
    of = system(
        tier("a", topic("DBArn"), topic("DbArn")),
        tier("b", queue(QueueName=Sub("${DBArn}${DbArn}"))),
    )
    assert "the export db-arn is made twice" in refused(of)


# ── determinism ──


@pytest.mark.parametrize("layout", LAYOUTS)
def test_linking_twice_gives_the_same(layout: Layout) -> None:
    of = conditional()
    assert linked(of, layout) == linked(of, layout) == linked(conditional(), layout)
    assert json.dumps(linked(of, layout)) == json.dumps(linked(of, layout))


def test_the_order_of_a_set_in_memory_does_not_show() -> None:
    """The same bytes from fresh processes that hash text differently, the real systems included."""
    script = """
import hashlib
from tap import synth
from tests.building import pair
from tests.test_linker import carried, conditional
systems = [pair(), carried(), conditional(), *map(synth.load, synth.system_names())]
files = [file for system in systems for file in synth.emit(system)]
print(len(files), hashlib.sha256(repr(files).encode()).hexdigest())
"""
    seen = set()
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(project.ROOT)},
            cwd=project.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)
    assert len(seen) == 1
    assert int(next(iter(seen)).split()[0]) > 20
