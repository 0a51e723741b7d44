from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.stub import Stubber

from tap.deploy.imported import Stake, at_stake, importers, kept_by, refusals
from tap.deploy.plan import Side

Stubbed = Callable[[str], tuple[Any, Stubber]]
NAME = {"Fn::Sub": "notes-${EnvironmentSuffix}-table"}


def side(value: Any = None, *, suffix: str = "dev", exported: bool = True) -> Side:
    output = {"Value": value or {"Ref": "Table"}} | ({"Export": {"Name": NAME}} if exported else {})
    template = {
        "Parameters": {"EnvironmentSuffix": {"Type": "String"}},
        "Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}},
        "Outputs": {"TableName": output},
    }
    return Side(template, {"EnvironmentSuffix": suffix})


def test_an_export_that_goes_one_that_changes_and_one_that_stays() -> None:
    assert at_stake(side(), side(exported=False), ()) == [Stake("notes-dev-table", gone=True)]
    assert at_stake(side(), side({"Ref": "Other"}), ()) == [Stake("notes-dev-table", gone=False)]
    assert at_stake(side(), side(), {"Table"}) == [Stake("notes-dev-table", gone=False)]
    assert at_stake(side(), side(), {"Elsewhere"}) == []
    # Another suffix is another stack's name: the old export goes.
    assert at_stake(side(), side(suffix="two"), ()) == [Stake("notes-dev-table", gone=True)]


def test_who_imports_it_is_said_with_what_to_do(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    for _ in range(2):
        stubber.add_response(
            "list_imports", {"Imports": ["notes-dev-storage", "notes-dev-intake"]}, {"ExportName": "notes-dev-table"}
        )
    (gone,) = refusals(client, "notes-dev-storage", [Stake("notes-dev-table", gone=True)])
    assert "notes-dev-table disappears and is imported by notes-dev-intake: CloudFormation will refuse." in gone
    assert "first deploy notes-dev-intake without that import, then this stack" in gone
    (changes,) = refusals(client, "notes-dev-storage", [Stake("notes-dev-table", gone=False)])
    assert "changes its value" in changes


def test_what_nobody_imports_is_no_matter(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    said = "Export 'notes-dev-table' is not imported by any stack."
    stubber.add_client_error("list_imports", "ValidationError", said)
    assert list(refusals(client, "notes-dev", [Stake("notes-dev-table", gone=True)])) == []


def test_where_one_may_not_ask_that_is_said(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    for _ in range(3):
        stubber.add_client_error("list_imports", "AccessDenied")
    assert importers(client, "x") is None
    (said,) = refusals(client, "notes-dev", [Stake("a", gone=True), Stake("b", gone=False)])
    assert said.startswith("Who imports a, b could not be seen (ListImports): ")
    stubber.add_client_error("list_exports", "AccessDenied")
    nothing, said = kept_by(client, {"s"})
    assert (nothing, "(ListExports)" in said) == ({}, True)
    stubber.add_response("list_exports", {"Exports": [{"ExportingStackId": "s", "Name": "a", "Value": "1"}]}, {})
    stubber.add_client_error("list_imports", "AccessDenied")
    nothing, said = kept_by(client, {"s"})
    assert (nothing, "Who imports a could not be seen" in said) == ({}, True)


def test_of_what_is_to_go_the_exports_in_use_are_found_over_all_pages(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    one = {"ExportingStackId": "s", "Name": "a", "Value": "1"}
    stubber.add_response("list_exports", {"Exports": [{**one, "ExportingStackId": "t"}], "NextToken": "2"}, {})
    stubber.add_response("list_exports", {"Exports": [one, {**one, "Name": "b"}]}, {"NextToken": "2"})
    stubber.add_response("list_imports", {"Imports": ["other"]}, {"ExportName": "a"})
    stubber.add_client_error("list_imports", "ValidationError", "is not imported by any stack")
    assert kept_by(client, {"s"}) == ({"a": ("other",)}, "")
