"""No rule may fail, whatever a template holds: each case's template with something else in some place."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap.check.engine import FAILED, run
from tap.check.load import Document
from tap.check.model import Model
from tests.check.casebook import cases

SOUND = [case for case in cases() if case.name.endswith(" sound")]
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, "", "x", "5", "*", -1, 0, 10**12, 0.5, [], {}, [[]], [None], [{}], [""], {"": None},
        {"Ref": "Nobody"}, {"Ref": "AWS::NoValue"}, {"Ref": "AWS::AccountId"}, {"Fn::GetAtt": ["Nobody", "Arn"]},
        {"Fn::Sub": "${AWS::Region}x"}, {"Fn::If": ["Nope", 1, 2]}, {"Fn::ImportValue": "x"}, {"Fn::GetAZs": ""},
        {"Fn::Join": ["", []]}, {"Fn::Split": [",", "a,b"]}, {"a": {"b": [1]}}, "arn:aws:s3:::x", "{{resolve:ssm:x}}",
    ]
)  # fmt: skip


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in below for place in places(value, (*path, key)))]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_rule_fails(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(SOUND), label="case")
    template = copy.deepcopy(dict(case.template))
    for _ in range(data.draw(st.integers(1, 3))):
        below = [place for place in places(template.get("Resources")) if len(place) >= 2]
        if not below:
            break
        *way, last = data.draw(st.sampled_from(below), label="place")
        node: Any = template["Resources"]
        for step in way:
            node = node[step]
        node[last] = copy.deepcopy(data.draw(ODD, label="value"))
    found = run(Model(Document("t", template), data.draw(st.sampled_from(["", "us-east-1", "eu-west-1"]))))
    assert [one.message for one in found if one.rule == FAILED] == []
