from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tap.writer import to_json, to_yaml
from tests.cloudformation_yaml import load_yaml
from tests.writing import template

# Surrogates are no characters; a file cannot hold them.
CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("\n\n\t\r :#-'\"\\,[]{}&*!|>%@`?~=.0123456789eExXyYnN\x00\x85\xa0\u2028\ufeff\U0001f600"),
)
WORDS = st.sampled_from(
    ["yes", "no", "null", "on", "1e3", "0x1F", "2012-10-17", "word", "a: b", " #", "- ", "---", "\n\n"]
)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=20),
    st.lists(WORDS | st.text(CHARACTERS, max_size=3), max_size=40).map(" ".join),
    st.lists(WORDS | st.text(CHARACTERS, max_size=6), max_size=6).map("\n".join),
)
KEYS = st.text(CHARACTERS, max_size=8) | st.sampled_from(["Ref", "Condition", "Fn::Sub", "Type", "yes", "Fn::GetAtt"])
LEAVES = st.one_of(TEXTS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False))


def one(function: str) -> Any:
    return lambda argument: {function: argument}


def grown(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(children, max_size=4)
    functions = st.sampled_from(
        ["If", "Join", "Select", "Sub", "Equals", "And", "FindInMap", "Split", "Cidr", "Contains"]
    )
    return st.one_of(
        lists,
        st.dictionaries(KEYS, children, max_size=4),
        TEXTS.map(one("Ref")),
        TEXTS.map(one("Condition")),
        TEXTS.map(one("Fn::Sub")),
        st.tuples(TEXTS, st.dictionaries(KEYS, children, max_size=2)).map(list).map(one("Fn::Sub")),
        st.tuples(TEXTS, TEXTS).map(list).map(one("Fn::GetAtt")),
        TEXTS.map(one("Fn::GetAtt")),
        children.map(one("Fn::Base64")),
        children.map(one("Fn::ImportValue")),
        children.map(one("Fn::GetAZs")),
        st.tuples(functions, lists).map(lambda pair: {f"Fn::{pair[0]}": pair[1]}),
        st.tuples(st.just("Fn::Transform"), st.dictionaries(KEYS, children, max_size=2)).map(lambda pair: dict([pair])),
    )


TREES = st.recursive(LEAVES, grown, max_leaves=15)


@settings(max_examples=400)
@given(TREES, TREES)
def test_yaml_and_json_say_the_same(tree: Any, other: Any) -> None:
    body = {
        "Description": "Any.",
        "Resources": {
            "X": {"Type": "AWS::Any::Thing", "Properties": {"Tree": tree, "Other": other}},
            "Y": {"Type": "AWS::Any::Thing", "Metadata": {"Tree": tree}, "Properties": {"Last": tree}},
        },
        "Outputs": {"O": {"Description": "Last.", "Value": tree}},
    }
    as_json = json.loads(to_json(body))
    assert as_json == body
    read = load_yaml(to_yaml(body))
    assert read == as_json
    # Python takes 1 == 1.0 == True; a template does not.
    assert json.dumps(read, sort_keys=True) == json.dumps(as_json, sort_keys=True)


@given(TREES)
def test_lines_end_in_line_feeds_and_nothing_else(tree: Any) -> None:
    text = to_yaml(template(tree))
    assert text.splitlines() == text.split("\n")[:-1]
    assert text.endswith("\n")
    assert all(line == line.rstrip(" \t") for line in text.split("\n"))
