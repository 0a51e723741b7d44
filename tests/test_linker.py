from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from troposphere import FindInMap, GetAtt, If, Not, Ref

from tap import project
from tap.linker import LAYOUTS, Layout, link
from tap.model import SUFFIX, System
from tests.building import (
    Fill,
    condition,
    imported,
    linked,
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

SUFFIX_REF = {"Ref": SUFFIX}


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
    assert b["Metadata"]["Template"]["After"] == ["a"]
    assert "After" not in a["Metadata"]["Template"]
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
    assert linked(of, "tiers")["tiers/03-c"]["Metadata"]["Template"]["After"] == ["b"]


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
