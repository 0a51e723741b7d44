from __future__ import annotations

from pathlib import Path

import pytest

from tap.check.explain import requirements
from tap.check.explain.requirements import Row
from tap.check.load import parse
from tap.check.model import Model
from tap.errors import TapError

TEXT = """
Parameters: {Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}}
Conditions: {Prod: !Equals [!Ref Env, prod]}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties: {TableName: !Sub "t-${Env}", Keys: [{Name: id}]}
  Copy: {Type: AWS::S3::Bucket, Condition: Prod, Properties: {Size: 5}}
Outputs: {Name: {Value: !Ref Table}}
"""


def told(*shows: str) -> list[tuple[str | None, str]]:
    worlds = Model(parse(TEXT)).worlds
    return [(one.value, one.when) for one in requirements.proofs(Row("X-1", "x", shows), worlds)]


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
