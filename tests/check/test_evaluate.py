from __future__ import annotations

from typing import Any

import pytest

from tap.check.evaluate import Scope, pruned, resolve, short
from tap.check.values import Reference, Text, Unknown, as_bool, as_int, as_number, join, known, shape

ACCOUNT = Unknown("!Ref AWS::AccountId", pseudo="AWS::AccountId")
LATER = Unknown("!Ref Later", parameter="Later")
SCOPE = Scope(
    {"Env": "dev", "Zones": ["a", "b"], "Later": LATER},
    {"AWS::Region": "eu-west-1", "AWS::AccountId": ACCOUNT},
    {"Yes": True, "No": False},
    {"Sizes": {"dev": {"Units": 5}}},
    frozenset({"Bucket"}),
)
BUCKET_ARN = Reference("Bucket", "Arn")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "Env"}, "dev"),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "Bucket"}, Reference("Bucket")),
        ({"Ref": "Nobody"}, Unknown("!Ref Nobody")),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, BUCKET_ARN),
        ({"Fn::GetAtt": "Bucket.Arn"}, BUCKET_ARN),
        ({"Fn::Sub": "x-${Env}-${!Env}"}, "x-dev-${Env}"),
        ({"Fn::Sub": "${Bucket.Arn}/*"}, Text((BUCKET_ARN, "/*"))),
        ({"Fn::Sub": "${Bucket.Arn}"}, BUCKET_ARN),
        ({"Fn::Sub": ["${A}-${B}", {"A": {"Ref": "Env"}, "B": 5}]}, "dev-5"),
        ({"Fn::Sub": "a:${AWS::AccountId}:b"}, Text(("a:", ACCOUNT, ":b"))),
        ({"Fn::Join": ["-", ["a", {"Ref": "Env"}, 3]]}, "a-dev-3"),
        ({"Fn::Join": [",", {"Ref": "Zones"}]}, "a,b"),
        ({"Fn::Join": ["", ["arn:", {"Fn::GetAtt": ["Bucket", "Arn"]}]]}, Text(("arn:", BUCKET_ARN))),
        ({"Fn::Select": [1, {"Ref": "Zones"}]}, "b"),
        ({"Fn::Select": ["0", {"Fn::Split": ["/", "x/y"]}]}, "x"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Env"}, "Units"]}, 5),
        ({"Fn::FindInMap": ["Sizes", "prod", "Units", {"DefaultValue": 1}]}, 1),
        ({"Fn::If": ["Yes", "a", "b"]}, "a"),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Base64": {"Fn::Sub": "#!${Env}"}}, "#!dev"),
        ({"Fn::Length": {"Ref": "Zones"}}, 2),
        ({"Fn::ToJsonString": {"a": [1]}}, '{"a": [1]}'),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ([{"Fn::If": ["No", "x", {"Ref": "AWS::NoValue"}]}, "y"], ["y"]),
        ("{{resolve:ssm:/x}}", Unknown("{{resolve:ssm:/x}}")),
        ("a{{resolve:ssm:/x}}b", Text(("a", Unknown("{{resolve:ssm:/x}}"), "b"))),
    ],
)
def test_what_can_be_known_is(node: Any, expected: Any) -> None:
    assert resolve(node, SCOPE) == expected


@pytest.mark.parametrize(
    "node",
    [
        {"Fn::ImportValue": "x"},
        {"Fn::GetAZs": ""},
        {"Fn::Select": [9, {"Ref": "Zones"}]},
        {"Fn::FindInMap": ["Sizes", {"Ref": "Later"}, "Units"]},
        {"Fn::If": ["Never heard of", 1, 2]},
        {"Fn::Sub": 5},
        {"Fn::Join": "x"},
        {"Fn::GetAtt": [1]},
        {"Fn::Cidr": ["x", 1, 8]},
        {"Fn::Whatever": 1},
    ],
)
def test_what_cannot_be_known_is_unknown(node: Any) -> None:
    found = resolve(node, SCOPE)
    assert isinstance(found, Unknown)
    assert not known({"a": [found]})


def test_an_unknown_knows_the_resources_that_it_is_made_from() -> None:
    found = resolve({"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::GetAtt": ["Bucket", "Arn"]}]}]}, SCOPE)
    assert found.references == (BUCKET_ARN,)
    assert resolve({"Fn::Sub": ["x${P}", {"P": {"Fn::Split": ["/", {"Ref": "Bucket"}]}}]}, SCOPE).references == (
        Reference("Bucket"),
    )


def test_pruning_keeps_expressions_and_drops_what_is_not_taken() -> None:
    node = {"a": {"Fn::If": ["Yes", {"Fn::Sub": "x-${Env}"}, 1]}, "b": {"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}}
    assert pruned(node, SCOPE) == {"a": {"Fn::Sub": "x-${Env}"}}


def test_texts_know_how_they_begin_and_end() -> None:
    text = join(["arn:", ACCOUNT, ":x"])
    assert isinstance(text, Text)
    assert (text.prefix, text.suffix, shape(text)) == ("arn:", ":x", "arn:${AWS::AccountId}:x")
    assert join(["a", "", "b"]) == "ab"
    assert short([text, {"a": True}]) == "[arn:${AWS::AccountId}:x, {a: true}]"


def test_scalars_as_cloudformation_takes_them() -> None:
    assert [as_bool(one) for one in (True, "False", "yes", 1, None)] == [True, False, None, None, None]
    assert [as_int(one) for one in ("5", 5.0, 5.5, "x", True, LATER)] == [5, 5, None, None, None, None]
    assert as_number("0.5") == 0.5
