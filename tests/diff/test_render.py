from __future__ import annotations

from tap import styled
from tap.diff import render
from tests.diff.building import diff, resource, side

OLD = side(
    {
        "Table": resource(
            "DynamoDB::Table", {"TableName": "a"}, Metadata={"Description": "Sessions.", "Tier": "sessions"}
        ),
        "Role": resource("IAM::Role", {"ManagedPolicyArns": []}),
    },
    {"Size": "1"},
    Parameters={"Size": {"Type": "String"}},
)
NEW = side(
    {
        "Table": resource(
            "DynamoDB::Table", {"TableName": "b"}, Metadata={"Description": "Sessions.", "Tier": "sessions"}
        ),
        "Role": resource("IAM::Role", {"ManagedPolicyArns": ["arn:x"]}),
    },
    {"Size": "2"},
    Parameters={"Size": {"Type": "String"}},
)


def test_the_worst_comes_first_and_each_change_says_what_why_and_what_becomes_of_it() -> None:
    assert render.plain(diff(OLD, NEW)).split("\n") == [
        "a template → a template",
        "~ 1 to update, -/+ 1 to replace, 1 other difference",
        "DATA LOSS: Table",
        "",
        "Access that widens",
        "  ! role Role gets all that the managed policy arn:x allows",
        "",
        "sessions",
        "  -/+ replace      Table  AWS::DynamoDB::Table  the present one is deleted",
        "        Sessions.",
        "        DATA LOSS: It is replaced, and all items of the table are lost. The new one starts empty.",
        "        TableName: a → b  forces replacement",
        "",
        "resources",
        "  ~   update       Role  AWS::IAM::Role",
        '        ManagedPolicyArns: [] → ["arn:x"]',
        "",
        "Parameters",
        "  Size: 1 → 2  value",
    ]


def test_every_style_that_is_used_is_known() -> None:
    used = {part.style for line in render.lines(diff(OLD, NEW)) for part in line}
    assert used <= styled.STYLES.keys()


def test_no_difference_is_two_lines() -> None:
    assert render.plain(diff(OLD, OLD)) == "a template → a template\nno differences"
