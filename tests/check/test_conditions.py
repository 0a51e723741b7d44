from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tap.check.conditions import MOST
from tap.check.load import Document
from tap.check.model import Model, World


def worlds(template: dict[str, Any], region: str = "", **given: str) -> tuple[World, ...]:
    return Model(Document("t", {"Resources": {}, **template}), region, given).worlds


def outcomes(template: dict[str, Any], region: str = "", **given: str) -> list[dict[str, bool]]:
    return [dict(world.case.truth) for world in worlds(template, region, **given)]


def equals(name: str, value: str) -> dict[str, Any]:
    return {"Fn::Equals": [{"Ref": name}, value]}


ENV = {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]}


def test_a_template_without_conditions_has_one_world() -> None:
    assert outcomes({}) == [{}]


def test_the_defaults_come_first_and_each_outcome_comes_once() -> None:
    template = {"Parameters": {"Env": ENV}, "Conditions": {"Prod": equals("Env", "prod"), "Dev": equals("Env", "dev")}}
    assert outcomes(template) == [{"Prod": False, "Dev": True}, {"Prod": True, "Dev": False}]


def test_a_given_value_decides() -> None:
    template = {"Parameters": {"Env": ENV}, "Conditions": {"Prod": equals("Env", "prod")}}
    assert outcomes(template, Env="prod") == [{"Prod": True}]


def test_values_that_the_constraints_forbid_bring_nothing_about() -> None:
    template = {"Parameters": {"Env": ENV}, "Conditions": {"Test": equals("Env", "test")}}
    assert outcomes(template) == [{"Test": False}]
    numbered = {
        "Parameters": {"N": {"Type": "Number", "MinValue": 1, "Default": 1}},
        "Conditions": {"None": equals("N", "0")},
    }
    assert outcomes(numbered) == [{"None": False}]


def test_a_parameter_without_allowed_values_may_be_anything_else() -> None:
    template = {
        "Parameters": {"Cert": {"Type": "String", "Default": ""}},
        "Conditions": {"Has": {"Fn::Not": [equals("Cert", "")]}},
    }
    found = worlds(template)
    assert [dict(one.case.truth) for one in found] == [{"Has": False}, {"Has": True}]
    assert [str(one.resolve({"Ref": "Cert"})) for one in found] == ["", "!Ref Cert"]


def test_values_that_conditions_name_are_the_ones_that_are_meant() -> None:
    template = {
        "Parameters": {"Kind": {"Type": "String", "Default": "a"}},
        "Conditions": {"A": equals("Kind", "a"), "B": equals("Kind", "b")},
    }
    assert outcomes(template) == [{"A": True, "B": False}, {"A": False, "B": True}]


def test_conditions_that_exclude_each_other_are_never_true_together() -> None:
    template = {
        "Parameters": {"Env": {"Type": "String", "Default": "a"}},
        "Conditions": {
            "A": equals("Env", "a"),
            "B": equals("Env", "b"),
            "Either": {"Fn::Or": [{"Condition": "A"}, {"Condition": "B"}]},
            "Both": {"Fn::And": [{"Condition": "A"}, {"Condition": "B"}]},
        },
    }
    found = outcomes(template)
    assert len(found) == 2
    assert all(one["Either"] == (one["A"] or one["B"]) for one in found)
    assert not any(one["Both"] for one in found)


def test_the_region_is_known_or_free() -> None:
    template = {"Conditions": {"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}}}
    assert outcomes(template, "us-east-1") == [{"Here": True}]
    assert outcomes(template, "eu-west-1") == [{"Here": False}]
    assert sorted(one["Here"] for one in outcomes(template)) == [False, True]


def test_what_cannot_be_judged_is_the_same_choice_everywhere() -> None:
    joined = {"Fn::Equals": [{"Fn::ImportValue": "x"}, "y"]}
    found = outcomes({"Conditions": {"One": joined, "Same": joined, "Not": {"Fn::Not": [{"Condition": "One"}]}}})
    assert len(found) == 2
    assert all(one["One"] == one["Same"] != one["Not"] for one in found)


def test_rules_exclude_what_they_forbid() -> None:
    template = {
        "Parameters": {"Env": ENV, "Size": {"Type": "String", "Default": "small", "AllowedValues": ["small", "big"]}},
        "Rules": {
            "BigInProduction": {
                "RuleCondition": equals("Env", "prod"),
                "Assertions": [{"Assert": {"Fn::Contains": [["big"], {"Ref": "Size"}]}}],
            }
        },
        "Conditions": {"Prod": equals("Env", "prod"), "Small": equals("Size", "small")},
    }
    assert {"Prod": True, "Small": True} not in outcomes(template)
    assert len(outcomes(template)) == 3


def test_a_list_in_a_condition_and_one_in_a_circle_do_no_harm() -> None:
    assert outcomes({"Conditions": {"A": {"Condition": "B"}, "B": {"Condition": "A"}, "C": [1], "D": {"Fn::If": 1}}})


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 14), st.data())
def test_every_pair_of_outcomes_that_there_is_is_in_few_worlds(count: int, data: st.DataObject) -> None:
    names = [f"P{number}" for number in range(count)]
    template = {
        "Parameters": {
            name: {
                "Type": "String",
                "Default": data.draw(st.sampled_from(["true", "false"])),
                "AllowedValues": ["true", "false"],
            }
            for name in names
        },
        "Conditions": {f"C{name}": equals(name, "true") for name in names},
    }
    found = outcomes(template)
    assert len(found) <= MOST
    for one in template["Conditions"]:
        for other in template["Conditions"]:
            if one < other:
                assert {(case[one], case[other]) for case in found} == {
                    (a, b) for a in (True, False) for b in (True, False)
                }


def test_of_sixty_conditions_every_pair_of_outcomes_is_seen() -> None:
    names = [f"P{number}" for number in range(60)]
    template = {
        "Parameters": {name: {"Type": "String", "AllowedValues": ["no", "yes"]} for name in names},
        "Conditions": {name: equals(name, "yes") for name in names},
    }
    found = outcomes(template)
    assert len(found) <= MOST
    for one, other in itertools.combinations(names, 2):
        assert len({(case[one], case[other]) for case in found}) == 4


def test_conditions_that_lead_to_each_other_again_and_again_are_judged_once() -> None:
    chain: dict[str, Any] = {"C0": equals("P", "a")}
    chain |= {
        f"C{number}": {"Fn::And": [{"Condition": f"C{number - 1}"}, {"Condition": f"C{number - 1}"}]}
        for number in range(1, 60)
    }
    found = outcomes({"Parameters": {"P": {"Type": "String", "Default": "a"}}, "Conditions": chain})
    assert [set(one.values()) for one in found] == [{True}, {False}]


def test_rules_and_conditions_of_any_shape_do_no_harm() -> None:
    strange: list[Any] = [None, 5, [], ["a"], {"Fn::Equals": 5}, {"Fn::Not": []}, {"Fn::And": {"a": "b"}}]
    template = {
        "Conditions": {f"C{number}": one for number, one in enumerate(strange)},
        "Rules": {f"R{number}": {"Assertions": one, "RuleCondition": one} for number, one in enumerate(strange)},
    }
    assert outcomes(template)
