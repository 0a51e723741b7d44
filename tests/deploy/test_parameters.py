from __future__ import annotations

import re
import string
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from tap.deploy.parameters import ParametersError, check, effective, given, matches, secrets, taken
from tap.errors import TapError


def sentences(parameter: dict[str, Any], value: str) -> list[str]:
    return [problem.sentence for problem in check([{"P": parameter}], {"P": value})]


def test_options_are_split_at_the_first_equals_sign_and_the_last_one_counts() -> None:
    assert given(["A=1", "B=x=y", "A=2", "C="]) == {"A": "2", "B": "x=y", "C": ""}


@pytest.mark.parametrize("option", ["A", "=1", ""])
def test_an_option_without_key_or_value_is_refused(option: str) -> None:
    with pytest.raises(TapError, match="Write it as Key=Value"):
        given([option])


def test_a_missing_value_is_named_with_its_description() -> None:
    (problem,) = check([{"Zone": {"Type": "String", "Description": "Where it is."}}], {})
    assert (problem.key, problem.sentence) == ("Zone", "has no value. Where it is.")


def test_a_default_stands_in_for_a_missing_value() -> None:
    assert check([{"Zone": {"Type": "String", "Default": ""}}], {}) == ()


def test_an_unknown_value_is_told_what_may_be_meant() -> None:
    (problem,) = check([{"ImageTag": {"Type": "String", "Default": ""}}], {"imagetags": "1"})
    assert "Did you mean ImageTag?" in problem.sentence


def test_of_tiers_each_takes_what_it_declares_and_unknown_is_what_none_declares() -> None:
    tiers: list[dict[str, dict[str, Any]]] = [
        {"A": {"Type": "Number"}, "S": {"Type": "String"}},
        {"B": {"Type": "Number"}, "S": {"Type": "String"}},
    ]
    assert check(tiers, {"A": "1", "B": "2", "S": "x"}) == ()
    problems = check(tiers, {"A": "1", "B": "2", "C": "3"})
    assert [problem.key for problem in problems] == ["S", "C"]
    assert taken(tiers[0], {"B": "2", "S": "x", "A": "1"}) == {"A": "1", "S": "x"}


def test_everything_is_reported_at_once() -> None:
    declared: dict[str, dict[str, Any]] = {
        "A": {"Type": "Number"},
        "B": {"Type": "String"},
        "C": {"Type": "String", "AllowedValues": ["x"]},
    }
    problems = check([declared], {"A": "one", "C": "y", "D": "z"})
    assert [problem.key for problem in problems] == ["A", "B", "C", "D"]
    error = ParametersError(problems, "dev.json")
    assert str(error).startswith("4 parameters cannot be used; nothing was sent")
    assert all(f"  {key}: " in str(error) for key in "ABCD")


@pytest.mark.parametrize(
    ("parameter", "good", "bad", "says"),
    [
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "abc", "abc1", "does not match the pattern"),
        ({"Type": "String", "MinLength": 2}, "ab", "a", "needs at least 2"),
        ({"Type": "String", "MaxLength": "2"}, "ab", "abc", "at most 2"),
        ({"Type": "String", "AllowedValues": ["dev", "prod"]}, "dev", "test", "allowed: 'dev', 'prod'"),
        ({"Type": "String", "AllowedValues": [True, False]}, "true", "True", "allowed: 'true', 'false'"),
        ({"Type": "Number"}, " -1.5e3 ", "1_000", "is no number"),
        ({"Type": "Number"}, "0", "nan", "is no number"),
        ({"Type": "Number", "MinValue": 1}, "1", "0.5", "is less than 1"),
        ({"Type": "Number", "MaxValue": "10"}, "10", "11", "is more than 10"),
        ({"Type": "Number", "AllowedValues": [1, 2.5]}, "2.50", "3", "allowed: '1', '2.5'"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]+"}, "a, b,c", "a,B", "'B' does not match"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "b,a", "a,c", "'c' is not allowed"),
        ({"Type": "List<Number>"}, "1, 2.0", "1,two", "'two' is no number"),
        ({"Type": "AWS::EC2::VPC::Id"}, "vpc-0a1b2c3d", "subnet-0a1b2c3d", "begins with vpc-"),
        ({"Type": "List<AWS::EC2::Subnet::Id>"}, "subnet-1a,subnet-2b", "subnet-1a,", "begins with subnet-"),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "/any/name", "", "is empty"),
        ({"Type": "String"}, "x" * 4096, "x" * 4097, "4,097 bytes"),
    ],
)
def test_each_constraint_passes_what_it_should_and_says_what_it_refuses(
    parameter: dict[str, Any], good: str, bad: str, says: str
) -> None:
    assert sentences(parameter, good) == []
    (sentence,) = sentences(parameter, bad)
    assert says in sentence


def test_the_template_s_own_words_for_a_constraint_are_said_too() -> None:
    parameter = {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "lower case letters only"}
    assert sentences(parameter, "A")[0].endswith("pattern [a-z]+. Lower case letters only.")


def test_lists_are_not_measured_by_length() -> None:
    assert sentences({"Type": "CommaDelimitedList", "MaxLength": 3}, "aaa,bbb") == []


def test_an_empty_list_is_left_to_cloudformation() -> None:
    assert sentences({"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]+"}, "") == []


def test_the_name_of_a_parameter_store_entry_is_not_held_against_constraints_on_its_value() -> None:
    assert sentences({"Type": "AWS::SSM::Parameter::Value<String>", "AllowedValues": ["t3.micro"]}, "/size") == []


@for_all(st.text(alphabet=string.printable.replace("\r", ""), min_size=1, max_size=12))
def test_the_value_of_a_hidden_parameter_is_never_said(value: str) -> None:
    hidden = {"Type": "String", "NoEcho": True, "AllowedPattern": "(?!)", "MinLength": 50, "AllowedValues": ["###"]}
    said = sentences(hidden, value)
    assert len(said) == 3
    for sentence in said:
        shown = re.sub(r"the value|\(\?!\)|'###'|does not match the pattern|is not allowed; allowed:", "", sentence)
        shown = re.sub(r"has \d+ characters; it needs at least 50", "", shown)
        assert not shown.strip(" .")


def test_hidden_parameters_are_known_by_no_echo_in_any_spelling() -> None:
    declared: dict[str, dict[str, Any]] = {
        "A": {"NoEcho": True},
        "B": {"NoEcho": "true"},
        "C": {"NoEcho": False},
        "D": {},
    }
    assert secrets(declared) == {"A", "B"}


def test_effective_values_are_the_given_ones_over_the_defaults() -> None:
    declared: dict[str, dict[str, Any]] = {"A": {"Default": 1}, "B": {"Default": "x"}, "C": {}}
    assert effective(declared, {"B": "y", "C": "z", "Other": "!"}) == {"A": "1", "B": "y", "C": "z"}


@for_all(st.text(alphabet=string.ascii_letters + string.digits + "-", max_size=30))
def test_a_pattern_is_held_against_the_whole_value(value: str) -> None:
    pattern = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
    anchored = matches(f"^{pattern}$", value)
    assert matches(pattern, value) == anchored == bool(re.fullmatch(pattern, value))


def test_a_line_break_at_the_end_is_not_overlooked() -> None:
    assert matches("^[a-z]+$", "abc\n") is False


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        (r"\p{Alpha}+", "abc", True),
        (r"[\p{Alnum}-]+", "a-1", True),
        (r"[\p{Alnum}-]+", "a_1", False),
        (r"(?<year>\d{4})", "2026", True),
        (r"\d+", "٣", False),
        (r"(?<!x)abc", "abc", True),
        (r"[a-z&&[^b]]+", "b", None),
        (r"\p{L}+", "é", None),
        (r"\Qa.b\E", "a.b", None),
        (r"[unclosed", "x", None),
        (r"a.b", "a\rb", None),
    ],
)
def test_java_s_expressions_are_translated_or_left_to_cloudformation(
    pattern: str, value: str, expected: bool | None
) -> None:
    assert matches(pattern, value) is expected


@for_all(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_number_is_allowed_exactly_within_its_bounds(value: float, low: float, width: float) -> None:
    found = sentences({"Type": "Number", "MinValue": low, "MaxValue": low + width}, repr(value))
    assert (not found) == (low <= value <= low + width)


@for_all(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=6))
def test_a_list_is_allowed_exactly_when_every_item_is(items: list[str]) -> None:
    found = sentences({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, ", ".join(items))
    assert len(found) == len(set(items) - {"a", "b"})


@for_all(st.dictionaries(st.sampled_from("ABCDE"), st.text(max_size=8)), st.sets(st.sampled_from("ABCDE")))
def test_a_problem_is_reported_for_exactly_the_missing_and_the_unknown(values: dict[str, str], names: set[str]) -> None:
    declared = {name: {"Type": "String"} for name in sorted(names)}
    assert {problem.key for problem in check([declared], values)} == names ^ values.keys()
