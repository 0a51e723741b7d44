from __future__ import annotations

from pathlib import Path

import pytest

from tap.check.explain import requirements
from tap.check.explain.requirements import Row
from tap.check.load import parse
from tap.check.model import Model
from tap.errors import TapError

LONG = f"{'x' * 100} begin {'y' * 100} end"
TEXT = f"""
Parameters:
  Env: {{Type: String, Default: dev, AllowedValues: [dev, prod]}}
  More: {{Type: String, Default: "no", AllowedValues: ["yes", "no"]}}
Conditions:
  Prod: !Equals [!Ref Env, prod]
  Dev: !Not [{{Condition: Prod}}]
  Extra: !Equals [!Ref More, "yes"]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties: {{TableName: !Sub "t-${{Env}}", Keys: [{{Name: id}}], Long: {LONG}}}
  Copy: {{Type: AWS::S3::Bucket, Condition: Prod, Properties: {{Size: 5}}}}
  Bucket: {{Type: AWS::S3::Bucket, Properties: {{Kind: !If [Prod, big, small]}}}}
  Both:
    Type: AWS::S3::Bucket
    Condition: Prod
    Properties: {{Size: !If [Extra, 1, 2]}}
Outputs: {{Name: {{Value: !Ref Table}}}}
"""
EDGE = """
Resources: {Wall: {Type: AWS::WAFv2::WebACL, Properties: {Scope: CLOUDFRONT}}}
"""


def told(*shows: str) -> list[tuple[str | None, str]]:
    worlds = Model(parse(TEXT)).worlds
    return [(one.value, one.when) for one in requirements.proofs(Row("X-1", "x", shows), worlds)]


def said(*shows: str) -> list[tuple[bool, str]]:
    worlds, edge = Model(parse(TEXT)).worlds, Model(parse(EDGE)).worlds
    return [(one.met, str(one)) for one in requirements.proofs(Row("X-1", "x", shows), worlds, edge)]


def test_a_place_is_shown_with_what_stands_there() -> None:
    assert told("Table", "Table.TableName", "Table.Keys.0.Name", "Table.DeletionPolicy", "Outputs.Name.Value") == [
        ("AWS::DynamoDB::Table", ""),
        ("t-dev", ""),
        ("id", ""),
        ("Retain", ""),
        ("!Ref Table", ""),
    ]


def test_what_is_there_in_another_case_says_in_which() -> None:
    assert told("Copy.Size") == [("5", "Prod is true")]


def test_a_place_must_say_what_the_row_says() -> None:
    assert said(
        "Table.TableName = t-dev", "Table.TableName = t-*", "Table.TableName = dev", "Table.TableName = ?-dev"
    ) == [
        (True, "Table.TableName = t-dev"),
        (True, "Table.TableName = t-dev"),
        (False, "Table.TableName = t-dev, but must be dev"),
        (False, "Table.TableName = t-dev, but must be ?-dev"),
    ]


def test_what_is_said_in_another_case_only_says_in_which_and_names_no_condition_that_does_not_count() -> None:
    assert said("Bucket.Kind = big", "Bucket.Kind = small", "Bucket.Kind = none") == [
        (True, "Bucket.Kind = big (when Prod is true)"),
        (True, "Bucket.Kind = small"),
        (False, "Bucket.Kind = small, but must be none"),
    ]
    assert said("Both.Size = 1") == [(True, "Both.Size = 1 (when Prod is true, Dev is false, Extra is true)")]


def test_a_place_in_the_edge_is_looked_for_there_alone() -> None:
    assert said("edge:Wall.Scope = CLOUDFRONT", "edge:Table", "Wall") == [
        (True, "edge:Wall.Scope = CLOUDFRONT"),
        (False, "edge:Table: there is no such thing"),
        (False, "Wall: there is no such thing"),
    ]


def test_of_a_long_text_only_the_parts_are_shown_that_must_be_there() -> None:
    (_, whole), (_, parts) = said("Table.Long", "Table.Long = *begin*end")
    assert whole.endswith(" …") and len(whole) < 200
    assert parts == "Table.Long = … begin … end"


def test_the_section_names_the_resources_of_the_places() -> None:
    row = Row("X-1", "is", ("Table", "edge:Wall", "Copy.Size"))
    section = requirements.explain([row], Model(parse(TEXT)).worlds, Model(parse(EDGE)).worlds)
    cell = section.tables[0].rows[0][3]
    assert cell.resources == ("Table", "Copy")
    assert cell.text.splitlines()[1] == "edge:Wall = AWS::WAFv2::WebACL"


def test_what_is_nowhere_is_not_met() -> None:
    assert told("Nobody", "Table.Nothing", "Table.Keys.7") == [(None, "")] * 3
    section = requirements.explain(
        [Row("X-1", "is", ("Table",)), Row("X-2", "is not", ("Nobody",))], Model(parse(TEXT)).worlds
    )
    assert [row[2].text for row in section.tables[0].rows] == ["met", "NOT MET"]
    assert requirements.unmet(section) == 1
    assert requirements.unmet(requirements.explain([Row("X-3", "shows nothing", ())], Model(parse(TEXT)).worlds)) == 1


@pytest.mark.parametrize(
    ("text", "says"), [("[A", "no TOML"), ("[A]\nsays = 'x'", "A needs says"), ("A = 1", "A needs")]
)
def test_a_file_of_another_form_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text, "utf-8")
    with pytest.raises(TapError, match=says):
        requirements.read(tmp_path / "x.toml")
    with pytest.raises(TapError, match="cannot be read"):
        requirements.read(tmp_path / "none.toml")
