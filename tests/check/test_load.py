from __future__ import annotations

import json
from pathlib import Path

import pytest

from tap.check.load import UnreadableError, parse, read

YAML = """\
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${Env}-table"
      Mode: 0755
      On: yes
      Since: 2012-10-17
      Stream: !GetAtt Other.Arn.More
      Items:
        - !Ref A
        - [1, 2.5, ~]
"""


def test_short_forms_come_out_long_and_scalars_as_cloudformation_reads_them() -> None:
    properties = parse(YAML).template["Resources"]["Table"]["Properties"]
    assert properties == {
        "TableName": {"Fn::Sub": "${Env}-table"},
        "Mode": 493,
        "On": True,
        "Since": "2012-10-17",
        "Stream": {"Fn::GetAtt": ["Other", "Arn.More"]},
        "Items": [{"Ref": "A"}, [1, 2.5, None]],
    }


def test_every_place_knows_its_line() -> None:
    document = parse(YAML)
    assert document.line(("Resources", "Table", "Properties", "Mode")) == (6, 7)
    assert document.line(("Resources", "Table", "Properties", "Items", "1")) == (12, 11)
    assert document.line(("Resources", "Table", "Properties", "TableName", "Fn::Sub"))[0] == 5
    assert document.line(("Resources", "Table", "DependsOn"))[0] == 2
    assert document.line(("Nowhere",)) == (1, 1)


def test_json_says_the_same_and_knows_its_lines_even_with_tabs() -> None:
    text = json.dumps({"Resources": {"A": {"Type": "T", "Properties": {"N": 1}}}}, indent="\t")
    document = parse(text)
    assert document.template["Resources"]["A"]["Properties"] == {"N": 1}
    assert document.line(("Resources", "A", "Properties", "N"))[0] == 6


def test_escapes_that_are_json_only_are_read() -> None:
    assert parse('{"Resources": {}, "Description": "\\ud83d\\ude00 \\/"}').template["Description"] == "😀 /"


def test_flow_style_yaml_begins_with_a_brace_too() -> None:
    assert parse("{Resources: {A: {Type: T}}}").template["Resources"]["A"] == {"Type": "T"}


def test_keys_that_stand_twice_are_noted_and_the_last_counts() -> None:
    document = parse("Resources:\n  A: {Type: T, Type: U}\n")
    assert document.template["Resources"]["A"] == {"Type": "U"}
    assert document.repeated == (("Resources", "A", "Type"),)


def test_anchors_and_merges_are_followed() -> None:
    found = parse("x: &x {a: 1, b: 2}\nResources: {A: {<<: *x, b: 3}, B: *x}\n").template["Resources"]
    assert found == {"A": {"a": 1, "b": 3}, "B": {"a": 1, "b": 2}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "no YAML: "),
        ("{", "no JSON: "),
        ("- a", "not a mapping"),
        ("", "not a mapping"),
        ("a: 1", "no Resources"),
        ("Resources: {A: 1}", "Resources.A is not a mapping"),
        ("Resources: {}\nOutputs: []", "Outputs is not a mapping"),
        ("Resources: &x {A: *x}", "an alias refers to what it stands in"),
        ("Resources: {? [a] : 1}", "a key is no text"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(text: str, says: str) -> None:
    with pytest.raises(UnreadableError, match=says) as told:
        parse(text, "x.yaml")
    assert str(told.value).startswith("x.yaml")
    assert told.value.exit_code == 2


def test_files_that_are_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="there is no file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(UnreadableError, match="is a folder"):
        read(tmp_path)
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableError, match="no text in UTF-8"):
        read(tmp_path / "b")


def nested(opening: str, closing: str, times: int) -> str:
    return f"Resources: {{A: {{Type: T, Properties: {opening * times}1{closing * times}}}}}"


CHAIN = "".join(f"x{number}: &x{number} [*x{number - 1}]\n" for number in range(1, 200))
LAUGHS = "".join(f"x{number}: &x{number} [{', '.join([f'*x{number - 1}'] * 10)}]\n" for number in range(1, 9))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (nested("[", "]", 50_000), "nested more than 100 deep"),
        (nested("{a: ", "}", 150), "nested more than 100 deep"),
        (f"{{{nested('[', ']', 50_000)}}}", "nested more than 100 deep"),
        (f'{{"Resources": {"[" * 200}{"]" * 200}}}', "nested more than 100 deep"),
        (f'{{"Resources": {"[" * 100_000}{"]" * 100_000}}}', "nested more than 100 deep"),
        ("Resources:\n" + "\n".join(f"{' ' * depth}a:" for depth in range(1, 200)), "nested more than 100 deep"),
        (f"Resources:\n  {'- ' * 5000}a\n", "nested more than 100 deep"),
        (f"x0: &x0 [a]\n{CHAIN}Resources: {{}}\n", "nested more than 100 deep"),
        (f"x0: &x0 [a, b]\n{LAUGHS}Resources: {{A: {{Type: T}}}}\n", "its aliases make more than 500,000 parts"),
        ("{Resources: &a {A: {Type: T, Properties: *a}}}", "an alias refers to what it stands in"),
        ("{Resources: {? [a] : b}}", "a key is no text"),
        ("Resources: {A: {Type: 'a\0b'}}", "control characters are not allowed"),
    ],
)
def test_what_would_exhaust_a_reader_is_said_in_a_line(text: str, says: str) -> None:
    with pytest.raises(UnreadableError) as told:
        parse(text)
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_what_is_deep_for_a_template_is_read() -> None:
    assert parse(nested("[", "]", 90)).template["Resources"]["A"]["Type"] == "T"
    assert parse("Resources: {A: {Type: T, Properties: '" + "[" * 200 + "'}}").template["Resources"]["A"]
