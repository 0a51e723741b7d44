from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tap.writer import WIDTH, to_json, to_yaml
from tests.cloudformation_yaml import load_yaml
from tests.writing import same, template, written

# ── order and look ──


def test_sections_and_keys_stand_in_reading_order() -> None:
    body = {
        "Outputs": {
            "O": {"Export": {"Name": "n"}, "Value": "v", "Condition": "C", "Description": "d"},
        },
        "Resources": {
            "R": {
                "Properties": {"Zeta": 1, "Alpha": 2},
                "UpdateReplacePolicy": "Delete",
                "DeletionPolicy": "Delete",
                "UpdatePolicy": {"a": 1},
                "CreationPolicy": {"a": 1},
                "DependsOn": ["S"],
                "Condition": "C",
                "Metadata": {"Description": "d"},
                "Type": "T",
            }
        },
        "Conditions": {"C": {"Fn::Equals": ["a", "b"]}},
        "Mappings": {"M": {"a": {"b": "c"}}},
        "Rules": {"L": {"Assertions": []}},
        "Parameters": {
            "P": {
                "ConstraintDescription": "c",
                "MaxLength": 3,
                "MinLength": 1,
                "AllowedPattern": ".*",
                "AllowedValues": ["a"],
                "NoEcho": True,
                "Default": "a",
                "Type": "String",
                "Description": "d",
            }
        },
        "Metadata": {"M": "m"},
        "Description": "d",
        "Transform": "AWS::LanguageExtensions",
        "AWSTemplateFormatVersion": "2010-09-09",
    }
    sections = [
        "AWSTemplateFormatVersion",
        "Transform",
        "Description",
        "Metadata",
        "Parameters",
        "Rules",
        "Mappings",
        "Conditions",
        "Resources",
        "Outputs",
    ]
    for read in (json.loads(to_json(body)), load_yaml(to_yaml(body))):
        assert list(read) == sections
        assert list(read["Resources"]["R"]) == [
            "Type",
            "Metadata",
            "Condition",
            "DependsOn",
            "CreationPolicy",
            "UpdatePolicy",
            "DeletionPolicy",
            "UpdateReplacePolicy",
            "Properties",
        ]
        assert list(read["Resources"]["R"]["Properties"]) == ["Zeta", "Alpha"]
        assert list(read["Parameters"]["P"]) == [
            "Description",
            "Type",
            "Default",
            "NoEcho",
            "AllowedValues",
            "AllowedPattern",
            "MinLength",
            "MaxLength",
            "ConstraintDescription",
        ]
        assert list(read["Outputs"]["O"]) == ["Description", "Condition", "Value", "Export"]
        assert read == body


def test_entries_keep_the_order_they_were_given() -> None:
    body = {"Resources": {name: {"Type": "T"} for name in ("Zeta", "Alpha", "Mid")}}
    assert list(json.loads(to_json(body))["Resources"]) == ["Zeta", "Alpha", "Mid"]
    assert list(load_yaml(to_yaml(body))["Resources"]) == ["Zeta", "Alpha", "Mid"]


def test_a_whole_template_looks_so() -> None:
    body = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Metadata": {"Template": {"Layout": "stack"}},
        "Conditions": {
            "IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
            "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
        },
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"DelaySeconds": 5, "Tags": [{"Key": "a", "Value": "b"}]},
            },
            "Bucket": {"Type": "AWS::S3::Bucket"},
        },
        "Outputs": {"A": {"Value": {"Ref": "Topic"}}, "B": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
    }
    headings = {"Topic": ("Events", "What happens."), "Bucket": ("Storage", " ".join(["long"] * 30))}
    rule = "─" * 200
    expected = f"""\
AWSTemplateFormatVersion: '2010-09-09'

Metadata:
  Template:
    Layout: stack

Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]

Resources:
{f"  # ── Events {rule}"[:WIDTH]}
  # What happens.

  Topic:
    Type: AWS::SNS::Topic

  Queue:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: 5
      Tags:
        - Key: a
          Value: b

{f"  # ── Storage {rule}"[:WIDTH]}
  # {" ".join(["long"] * 21)}
  # {" ".join(["long"] * 9)}

  Bucket:
    Type: AWS::S3::Bucket

Outputs:
  A:
    Value: !Ref Topic
  B:
    Value: !GetAtt Queue.Arn
"""
    assert to_yaml(body, headings) == expected
    assert load_yaml(expected) == body


def test_a_heading_is_only_a_comment() -> None:
    body = {"Parameters": {"Topic": {"Type": "String"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    text = to_yaml(body, {"Topic": ("A title: #1", "Resources: {}\nand more: # text")})
    assert load_yaml(text) == body
    assert text.count("A title") == 1


@pytest.mark.parametrize("section", ["Parameters", "Resources", "Outputs", "Mappings", "Conditions", "Metadata"])
def test_an_empty_section_stays_a_map(section: str) -> None:
    assert load_yaml(to_yaml({section: {}})) == {section: {}}


# ── intrinsics ──


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"Ref": "Queue"}, "Value: !Ref Queue"),
        ({"Ref": "AWS::Region"}, "Value: !Ref AWS::Region"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Value: !GetAtt Queue.Arn"),
        ({"Fn::GetAtt": ["Cluster", "Endpoint.Port"]}, "Value: !GetAtt Cluster.Endpoint.Port"),
        ({"Fn::Sub": "shop-${Suffix}"}, "Value: !Sub shop-${Suffix}"),
        ({"Fn::Sub": "${Suffix}-shop"}, "Value: !Sub ${Suffix}-shop"),
        ({"Fn::Sub": "a: ${Suffix}"}, "Value: !Sub 'a: ${Suffix}'"),
        ({"Fn::Sub": "one\ntwo\n"}, "Value: !Sub |\n  one\n  two"),
        ({"Fn::Sub": ["${x}", {"x": {"Ref": "Q"}}]}, "Value: !Sub\n  - ${x}\n  - x: !Ref Q"),
        ({"Fn::Base64": {"Fn::Sub": "a\nb"}}, "Value:\n  Fn::Base64: !Sub |-\n    a\n    b"),
        ({"Fn::Base64": "text"}, "Value: !Base64 text"),
        ({"Fn::ImportValue": {"Fn::Sub": "x-${S}"}}, "Value:\n  Fn::ImportValue: !Sub x-${S}"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "Value: !Select [0, !GetAZs '']"),
        ({"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}, "Value: !If [C, !Ref A, !Ref AWS::NoValue]"),
        ({"Fn::If": ["C", {"a": 1}, []]}, "Value: !If\n  - C\n  - a: 1\n  - []"),
        ({"Fn::Join": [",", ["a", {"Fn::GetAtt": ["Q", "Arn"]}]]}, "Value: !Join [',', [a, !GetAtt Q.Arn]]"),
        ({"Fn::Join": ["", ["a, b", "[c]", "{d}"]]}, "Value: !Join ['', ['a, b', '[c]', '{d}']]"),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "k"]}, "Value: !FindInMap [M, !Ref AWS::Region, k]"),
        ({"Fn::If": ["C", "one\ntwo", "x"]}, "Value: !If\n  - C\n  - |-\n    one\n    two\n  - x"),
        ({"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 6, 8]}, "Value: !Cidr [!GetAtt Vpc.CidrBlock, 6, 8]"),
        ({"Fn::If": ["C", {"Fn::Base64": {"Ref": "A"}}, "x"]}, "Value: !If\n  - C\n  - Fn::Base64: !Ref A\n  - x"),
        ([{"Ref": "A"}, {"Fn::Sub": "b"}], "Value:\n  - !Ref A\n  - !Sub b"),
        # No short form that says the same.
        ({"Fn::GetAtt": "Queue.Arn"}, "Value:\n  Fn::GetAtt: Queue.Arn"),
        ({"Fn::GetAtt": ["Queue", {"Ref": "A"}]}, "Value:\n  Fn::GetAtt:\n    - Queue\n    - !Ref A"),
        ({"Fn::GetAtt": ["a.b", "Arn"]}, "Value:\n  Fn::GetAtt:\n    - a.b\n    - Arn"),
        ({"Fn::Base64": 5}, "Value:\n  Fn::Base64: 5"),
        ({"Fn::GetAZs": None}, "Value:\n  Fn::GetAZs: null"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "Value:\n  Fn::Transform:\n    Name: AWS::Include"),
        ({"Fn::Contains": [["a"], {"Ref": "P"}]}, "Value:\n  Fn::Contains:\n    - - a\n    - !Ref P"),
        ({"Fn::ForEach::Each": ["x", ["a"], {}]}, "Value:\n  Fn::ForEach::Each:\n    - x\n    - - a\n    - {}"),
        ({"Ref": "A", "Other": 1}, "Value:\n  Ref: A\n  Other: 1"),
        ({"Condition": {"StringEquals": {"a": "b"}}}, "Value:\n  Condition:\n    StringEquals:\n      a: b"),
    ],
)
def test_an_intrinsic_is_written_so(value: Any, text: str) -> None:
    assert written(value) == text
    same(value)


def test_arguments_that_are_too_long_for_a_line_stand_below() -> None:
    value = {"Fn::Join": ["-", ["x" * 50, {"Ref": "y" * 50}]]}
    assert written(value) == f"Value: !Join\n  - '-'\n  - - {'x' * 50}\n    - !Ref {'y' * 50}"
    same(value)


# ── lists, maps, numbers ──


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "Value: []"),
        ({}, "Value: {}"),
        ([[]], "Value:\n  - []"),
        ([{}], "Value:\n  - {}"),
        ([["a", "b"], ["c"]], "Value:\n  - - a\n    - b\n  - - c"),
        ([{"a": 1, "b": [2]}, "c"], "Value:\n  - a: 1\n    b:\n      - 2\n  - c"),
        ([{"a": {"b": 1}}], "Value:\n  - a:\n      b: 1"),
        ({"a": {"b": {}}}, "Value:\n  a:\n    b: {}"),
        (True, "Value: true"),
        (False, "Value: false"),
        (None, "Value: null"),
        (0, "Value: 0"),
        (-5, "Value: -5"),
        (10**20, "Value: 100000000000000000000"),
        (1.5, "Value: 1.5"),
        (1.0, "Value: 1.0"),
        (1e22, "Value: 1.0e+22"),
        (1.5e-7, "Value: 1.5e-07"),
    ],
)
def test_a_value_is_written_so(value: Any, text: str) -> None:
    assert written(value) == text
    same(value)
    read = load_yaml(to_yaml(template(value)))["Resources"]["First"]["Properties"]["Value"]
    assert type(read) is type(value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_json_cannot_say_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no form in JSON"):
        to_yaml(template(value))


@pytest.mark.parametrize(
    "key", ["yes", "1", "a: b", "", " x", "- a", "#", "?", "<<", "a#b", "é", "a\nb", "tab\t", "@", "null"]
)
def test_a_key_that_needs_quotes(key: str) -> None:
    same({key: {key: [{key: "v"}]}})
