from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.writer import WIDTH, to_json, to_yaml
from tests.cloudformation_yaml import load_yaml


def template(value: Any, **others: Any) -> dict[str, Any]:
    """A template with ``value`` as a property, and a resource after it."""
    first = {"Type": "AWS::SQS::Queue", "Properties": {"Value": value, **others}}
    return {"Resources": {"First": first, "Second": {"Type": "AWS::SNS::Topic"}}}


def written(value: Any) -> str:
    """The lines that a property's value takes, without the property's own indent."""
    lines = to_yaml(template(value)).split("\n")
    own = lines[lines.index("    Properties:") + 1 : lines.index("  Second:") - 1]
    return "\n".join(line.removeprefix("      ") for line in own)


def same(value: Any) -> None:
    """Both forms give the value back."""
    body = template(value)
    assert json.loads(to_json(body)) == body
    assert load_yaml(to_yaml(body)) == body


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


# ── text ──

TRAPS = [
    *("yes", "Yes", "YES", "no", "No", "y", "Y", "n", "N", "on", "On", "off", "OFF", "true", "False", "TRUE"),
    *("null", "Null", "NULL", "~", "", " ", "  ", "=", "<<"),
    *("1", "1.0", "1.", ".5", "-.5", "+1", "-1", "0755", "0o17", "0x1F", "0b101", "1e3", "1E+3", "1_000", "1,000"),
    *("12:30:45", "1:2", "1:20.5", ".inf", "-.Inf", ".nan", ".", "..", "..."),
    *("2012-10-17", "2001-1-1", "2012-10-17T00:00:00Z", "2012-10-17 12:00:00"),
    *(" x", "x ", "a: b", "a :b", "a:b", "a:", ":", ":a", ": a", "a #b", "a#b", "#a", "a # b"),
    *(
        "-",
        "--",
        "---",
        "--- a",
        "- x",
        "-x",
        "?",
        "? x",
        "?x",
        "*",
        "*.example.com",
        "&a",
        "!x",
        "!Ref x",
        "%",
        "%YAML 1.1",
    ),
    *(
        "@",
        "@a",
        "`",
        "`a`",
        "{",
        "}",
        "{a}",
        "[",
        "]",
        "[a]",
        ",",
        ",a",
        "a,b",
        "|",
        "|-",
        ">",
        ">-",
        "'",
        "''",
        '"',
        '"a"',
    ),
    *("it's", "'a'b", 'say "a"', "back\\slash", "\\n", "$x", "${x}", "/path", "^a$", "(a)", "+a", ";a", "~a"),
    *(
        "\t",
        "\ta",
        "a\tb",
        "a\t",
        "a\rb",
        "\r",
        "\r\n",
        "a\r\nb",
        "\n",
        "\n\n",
        "\na",
        " \n",
        "a\n",
        "a\n\n",
        "a\n\n\n",
    ),
    *(
        "a\n b",
        "a\n\n b\n",
        " a\nb",
        "a \nb",
        "a\n \nb",
        "a\n\tb",
        "a\nb ",
        "a\nb\t\n",
        "#a\n# b\n",
        "---\na\n",
        "a\n...\n",
    ),
    *("\x00", "\x07", "a\x1bb", "\x7f", "\x80", "\x85", "a\x85b", "a\nb\x85c", "\xa0", "\xa0a", "a\xa0", "\xad"),
    *(
        "\u2028",
        "a\u2028b",
        "a\n\u2029b",
        "\ufeff",
        "\ufeffa",
        "a\ufeff",
        "\ufffd",
        "\ufffe",
        "\uffff",
        "\ud7ff",
        "\ue000",
    ),
    *("é", "日本語", "\U0001f600", "a\U0001f600\nb", "\U0010ffff", "\U0001fffe", "\u3000", "a\u3000b c", "\u200b"),
    "x" * 300,
    "word " * 60,
    "word " * 60 + "end",
    "word " * 30 + " two blanks " + "word " * 30 + "end",
    "word\u3000" * 40 + "a b",
    "# " + "word " * 40 + "end",
    "- " + "word: " * 40 + "end",
    "word " * 40 + "\x85end",
    "é " * 100 + "é",
]


@pytest.mark.parametrize("text", TRAPS, ids=lambda text: ascii(text[:30]))
def test_text_stays_what_it_is(text: str) -> None:
    """As a value, in lists and maps, in arguments on one line and below each other, as a key, as the last thing."""
    same(text)
    same([text, [text], {"a": text}, {text: text}])
    same({"Fn::Sub": text})
    same({"Fn::Base64": {"Fn::Sub": text}})
    same({"Fn::Join": [text, [text, {"Ref": text}, {"Fn::Sub": text}]]})
    same({"Fn::If": ["C", {"a": text}, [text]]})
    same({"Fn::GetAtt": ["Queue", text]})
    body = {"Description": text, "Metadata": {"a": text}, "Outputs": {"O": {"Value": text}}}
    assert load_yaml(to_yaml(body)) == body


@pytest.mark.parametrize("text", TRAPS, ids=lambda text: ascii(text[:30]))
def test_nothing_is_written_that_a_reader_cannot_see(text: str) -> None:
    """No blank at a line's end, no tab, no control or invisible character: they are escaped."""
    for value in (text, [text], {text: text}, {"Fn::Sub": text}, {"Fn::Join": [text, [text]]}):
        for line in to_yaml(template(value)).split("\n"):
            assert line == line.rstrip(" ")
            assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]", line)


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:sns:us-east-1:1:x",
        "10.0.0.0/24",
        "sqs:SendMessage",
        "a-b_c.d",
        "/aws/ecs",
        "it's",
        "${x}-y",
        "5432/tcp",
        "1a",
    ],
)
def test_ordinary_text_needs_no_quotes(text: str) -> None:
    assert written(text) == f"Value: {text}"


def test_long_text_is_folded_within_the_width() -> None:
    text = "word " * 60 + "end"
    head, *rest = written(text).split("\n")
    assert head == "Value: >-"
    assert all(WIDTH - len(" word") < len(line) + len("      ") <= WIDTH for line in rest[:-1])
    assert " ".join(line.strip() for line in rest) == text


def test_a_script_is_a_literal_block() -> None:
    script = "#!/bin/bash\nset -e\n\nif true; then\n  echo 'a: b' # c\nfi\n"
    assert written(script) == "Value: |\n  #!/bin/bash\n  set -e\n\n  if true; then\n    echo 'a: b' # c\n  fi"
    same(script)


def test_line_ends_at_the_end_do_not_grow() -> None:
    """Between two resources stands an empty line, which is no part of the text before it."""
    body = {"Resources": {name: {"Type": "T", "Properties": {"V": "a\n\n"}} for name in ("A", "B", "C")}}
    assert load_yaml(to_yaml(body)) == body


# ── all trees ──

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
