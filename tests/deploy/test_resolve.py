from __future__ import annotations

from typing import Any

import pytest

from tap.deploy.resolve import SECRET, Scope, Unresolved, resolve, shown

TEMPLATE = {
    "Parameters": {"Zones": {"Type": "CommaDelimitedList"}, "Size": {"Type": "String"}, "Key": {"Type": "String"}},
    "Mappings": {"Sizes": {"large": {"Count": 3}}},
    "Conditions": {
        "Large": {"Fn::Equals": [{"Ref": "Size"}, "large"]},
        "Small": {"Fn::Not": [{"Condition": "Large"}]},
        "Both": {"Fn::And": [{"Condition": "Large"}, {"Condition": "Small"}]},
        "Either": {"Fn::Or": [{"Condition": "Large"}, {"Condition": "Small"}]},
        "Hidden": {"Fn::Equals": [{"Ref": "Key"}, ""]},
        "Unknown": {"Fn::Equals": [{"Fn::ImportValue": "x"}, "y"]},
        "EitherUnknown": {"Fn::Or": [{"Condition": "Unknown"}, {"Condition": "Large"}]},
        "BothUnknown": {"Fn::And": [{"Condition": "Unknown"}, {"Condition": "Large"}]},
    },
}
SCOPE = Scope(
    TEMPLATE,
    {"Size": "large", "Zones": "a, b", "Key": "hush"},
    {"AWS::Region": "eu-west-1"},
    hidden=frozenset({"Key"}),
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"Ref": "Size"}, "large"),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "Key"}, SECRET),
        ({"Fn::Sub": "q-${Size}-${AWS::Region}"}, "q-large-eu-west-1"),
        ({"Fn::Sub": ["${A}-${!B}", {"A": {"Ref": "Size"}}]}, "large-${B}"),
        ({"Fn::Sub": "k-${Key}"}, f"k-{SECRET}"),
        ({"Fn::If": ["Large", 3, 1]}, 3),
        ({"Fn::If": ["Small", 3, {"Ref": "Size"}]}, "large"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Size"}, "Count"]}, 3),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}, "a-large"),
        ({"Fn::Join": ["-", {"Ref": "Zones"}]}, "a-b"),
        ({"Fn::Select": [1, {"Ref": "Zones"}]}, "b"),
        ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
        ({"Name": "x", "Tags": {"Ref": "AWS::NoValue"}}, {"Name": "x"}),
        ([1, {"Fn::If": ["Small", 2, {"Ref": "AWS::NoValue"}]}], [1]),
    ],
)
def test_what_parameters_mappings_and_conditions_decide_is_resolved(expression: Any, expected: Any) -> None:
    assert resolve(expression, SCOPE) == expected


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ({"Ref": "Queue"}, "!Ref Queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "!GetAtt Queue.Arn"),
        ({"Fn::GetAtt": "Queue.Arn"}, "!GetAtt Queue.Arn"),
        ({"Fn::Sub": "${Queue.Arn}/${Size}"}, "${Queue.Arn}/large"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Size}-vpc"}}, "!ImportValue large-vpc"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, '!Select [0, "!GetAZs "]'),
    ],
)
def test_what_only_cloudformation_knows_stays_as_the_template_has_it(expression: Any, text: str) -> None:
    found = resolve(expression, SCOPE)
    assert isinstance(found, Unresolved)
    assert str(found) == text


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("Large", True),
        ("Small", False),
        ("Both", False),
        ("Either", True),
        ("Hidden", None),
        ("Unknown", None),
        ("EitherUnknown", True),
        ("BothUnknown", None),
        ("Missing", None),
    ],
)
def test_conditions_are_true_false_or_not_known(condition: str, truth: bool | None) -> None:
    assert SCOPE.holds(condition) is truth


def test_values_are_shown_in_a_line() -> None:
    assert [shown(one) for one in (None, True, 3, "x", ["a", Unresolved("!Ref B")])] == [
        "none",
        "true",
        "3",
        "x",
        '["a", "!Ref B"]',
    ]
