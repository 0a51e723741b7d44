from __future__ import annotations

from typing import Any

import pytest

from tap.diff.side import TemplateError, check

TOPIC = {"Type": "AWS::SNS::Topic"}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ({}, "is no CloudFormation template"),
        ([], "is no CloudFormation template"),
        ({"Description": "x"}, "it has no Resources"),
        ({"Resources": []}, "Resources is not a mapping"),
        ({"Resources": {"A": "x"}}, "Resources.A is not a mapping"),
        ({"Resources": {"A": {}}}, "Resources.A has no Type"),
        ({"Resources": {"A": {**TOPIC, "Properties": []}}}, ""),
        ({"Resources": {"A": {**TOPIC, "Properties": "x"}}}, "Properties is not a mapping"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"B": {"Fn::If": "x"}}}}}, "Fn::If takes a list of 3"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"B": {"Fn::GetAtt": "x"}}}}}, "Fn::GetAtt takes"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"B": {"Fn::Sub": [1]}}}}}, "Fn::Sub takes"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"B": {"Ref": []}}}}}, "Ref takes a name"),
        ({"Resources": {}, "Conditions": {"C": {"Fn::And": "x"}}}, "Fn::And takes a list"),
    ],
)
def test_what_is_no_template_is_told_with_its_place(template: Any, said: str) -> None:
    if not said:
        assert check(template, "t.yaml") is template
        return
    with pytest.raises(TemplateError, match=r"t\.yaml") as raised:
        check(template, "t.yaml")
    assert said in str(raised.value)


def test_a_loop_of_the_language_extensions_is_let_through() -> None:
    assert check({"Resources": {"Fn::ForEach::All": ["A", ["x"], {}]}}, "t.yaml")
