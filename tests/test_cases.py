from __future__ import annotations

from typing import Any

from tap.cases import ALWAYS, Conditions, Values, names

KIND: dict[str, Any] = {"Type": "String", "AllowedValues": ["dev", "staging", "prod"]}
PRODUCTION = {"Fn::Equals": [{"Ref": "Kind"}, "prod"]}


def given(name: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]}


def read(conditions: dict[str, Any], **parameters: dict[str, Any]) -> Conditions:
    return Conditions(conditions, parameters)


def of(conditions: Conditions, expression: Any) -> list[tuple[str, Any]]:
    """The cases of an expression made of ``Fn::If``."""
    return conditions.cases(names(expression), lambda case: conditions.pick(expression, case))


def where(conditions: Conditions, name: str) -> str:
    """When a condition holds, in words."""
    (words,) = (when for when, holds in conditions.cases([name], lambda case: conditions.holds(name, case)) if holds)
    return words


def test_what_has_no_condition_is_always_so() -> None:
    assert of(read({}), "Retain") == [(ALWAYS, "Retain")]


def test_a_comparison_has_two_cases_in_words() -> None:
    conditions = read({"P": PRODUCTION}, Kind=KIND)
    assert of(conditions, {"Fn::If": ["P", "Retain", "Delete"]}) == [
        ("`Kind` is `prod`", "Retain"),
        ("`Kind` is `dev` or `staging`", "Delete"),
    ]


def test_the_words_for_texts_that_are_free_or_may_be_empty() -> None:
    conditions = read({"P": PRODUCTION, "G": given("Arn"), "R": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}})
    assert [when for when, _ in of(conditions, {"Fn::If": ["P", 1, 2]})] == ["`Kind` is `prod`", "`Kind` is not `prod`"]
    assert [when for when, _ in of(conditions, {"Fn::If": ["G", 1, 2]})] == ["`Arn` is empty", "`Arn` is given"]
    assert where(conditions, "R") == "the region is `us-east-1`"


def test_conditions_on_one_parameter_are_not_independent() -> None:
    """Not both at once, so two of the four combinations do not occur."""
    conditions = read({"P": PRODUCTION, "D": {"Fn::Not": [{"Condition": "P"}]}}, Kind=KIND)

    def both(case: Values) -> tuple[bool, bool]:
        return conditions.holds("P", case), conditions.holds("D", case)

    assert [value for _, value in conditions.cases(["P", "D"], both)] == [(True, False), (False, True)]


def test_what_makes_no_difference_is_not_mentioned() -> None:
    conditions = read({"P": PRODUCTION, "G": given("Arn")}, Kind=KIND)
    assert of(conditions, {"Fn::If": ["G", {"Fn::If": ["P", 1, 1]}, 1]}) == [(ALWAYS, 1)]
    assert of(conditions, {"Fn::If": ["G", {"Fn::If": ["P", 1, 2]}, 2]})[1] == (
        "`Arn` is given and `Kind` is `prod`",
        1,
    )


def test_and_or_and_not() -> None:
    local = {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    conditions = read(
        {
            "Local": local,
            "None": {"Fn::And": [{"Fn::Not": [{"Condition": "Local"}]}, {"Fn::Not": [given("Arn")]}]},
            "Some": {"Fn::Not": [{"Condition": "None"}]},
            "Either": {"Fn::Or": [{"Condition": "Local"}, given("Arn")]},
        }
    )
    assert where(conditions, "None") == "the region is not `us-east-1` and `Arn` is empty"
    assert where(conditions, "Some") == "the region is `us-east-1`, or `Arn` is given"
    assert where(conditions, "Either") == "the region is `us-east-1`, or `Arn` is given"


def test_a_condition_that_compares_otherwise_stands_for_itself() -> None:
    odd = {"Fn::Equals": [{"Ref": "A"}, {"Ref": "B"}]}
    conditions = read({"Same": odd, "Other": {"Fn::Not": [{"Condition": "Same"}]}})
    assert where(conditions, "Same") == "`Same` holds"
    assert where(conditions, "Other") == "`Same` does not hold"


def test_a_parameter_with_two_values_has_no_third_case() -> None:
    conditions = read({"Yes": {"Fn::Equals": [{"Ref": "Flag"}, "true"]}}, Flag={"AllowedValues": ["true", "false"]})
    assert [when for when, _ in of(conditions, {"Fn::If": ["Yes", 1, 2]})] == ["`Flag` is `true`", "`Flag` is `false`"]


def test_the_case_that_values_make() -> None:
    odd = {"Fn::Equals": [{"Ref": "A"}, {"Ref": "B"}]}
    kind = KIND | {"Default": "prod"}
    conditions = read({"P": PRODUCTION, "HasArn": given("Arn"), "Odd": odd}, Kind=kind)
    told = ["P", "HasArn", "Odd"]
    for values, holding in (({}, ["P"]), ({"Kind": "dev", "Arn": "x"}, ["HasArn"]), ({"Arn": ""}, ["P"])):
        case = conditions.case(told, values)
        assert [name for name in told if conditions.holds(name, case)] == holding
