from __future__ import annotations

from typing import Any

import pytest

from tap.diff.model import SectionEdit
from tests.diff.building import diff, resource, side


def sections(old: dict[str, Any], new: dict[str, Any]) -> list[SectionEdit]:
    return list(diff(side({}, **old), side({}, **new)).sections)


@pytest.mark.parametrize(
    ("section", "before", "after", "path", "note"),
    [
        ("Parameters", {}, {"P": {"Type": "String"}}, "P", "added; it has no default, so that a value must be given"),
        ("Parameters", {}, {"P": {"Type": "String", "Default": "a"}}, "P", "added"),
        ("Parameters", {"P": {"Type": "String"}}, {}, "P", "removed"),
        (
            "Parameters",
            {"P": {"Type": "String", "AllowedPattern": "a"}},
            {"P": {"Type": "String"}},
            "P.AllowedPattern",
            "what is allowed changes",
        ),
        ("Conditions", {"C": {"Fn::Equals": ["a", "a"]}}, {}, "C", "removed"),
        ("Outputs", {}, {"O": {"Value": "a"}}, "O", "added"),
        (
            "Outputs",
            {"O": {"Value": "a", "Export": {"Name": "x"}}},
            {},
            "O",
            "removed; CloudFormation refuses this while another stack imports x",
        ),
        ("Mappings", {"M": {"a": {"b": 1}}}, {"M": {"a": {"b": 2}}}, "Mappings.M.a.b", ""),
        ("Rules", {}, {"R": {}}, "Rules.R", ""),
        ("Metadata", {"a": 1}, {"a": 2}, "Metadata.a", ""),
    ],
)
def test_every_section_is_compared(
    section: str, before: dict[str, Any], after: dict[str, Any], path: str, note: str
) -> None:
    (found,) = sections({section: before}, {section: after})
    assert (found.section, found.path, found.note) == (section, path, note)


def test_a_condition_is_told_by_what_it_says_and_by_whether_it_holds() -> None:
    old, new = ({"C": {"Fn::Equals": ["a", other]}} for other in "ab")
    assert [(one.path, one.before, one.after) for one in sections({"Conditions": old}, {"Conditions": new})] == [
        ("C", "true", "false"),
        ("C.Fn::Equals[1]", "a", "b"),
    ]


def test_the_name_of_an_export_that_changes_is_minded() -> None:
    old, new = ({"O": {"Value": "v", "Export": {"Name": name}}} for name in "ab")
    (found,) = sections({"Outputs": old}, {"Outputs": new})
    assert (found.path, "imports a" in found.note) == ("O.Export.Name", True)


def test_a_default_of_a_secret_is_not_shown() -> None:
    old, new = ({"P": {"Type": "String", "NoEcho": True, "Default": value}} for value in ("hush", "hushed"))
    found = sections({"Parameters": old}, {"Parameters": new})
    assert [(one.path, one.before, one.after) for one in found] == [
        ("P", "****", "****"),
        ("P.Default", "****", "****"),
    ]


def test_a_change_of_what_is_not_made_is_told_apart() -> None:
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    old, new = (
        side({"T": resource("SNS::Topic", {"DisplayName": name}, Condition="Never")}, Conditions=conditions)
        for name in "ab"
    )
    found = diff(old, new)
    assert found.changes == ()
    assert [(one.section, one.path) for one in found.sections] == [("Resources", "T.Properties.DisplayName")]


def test_tags_of_the_stack_are_noted() -> None:
    old, new = (side({}, Metadata={"Template": {"Tags": {"a": value}}}) for value in "ab")
    assert any("tags change" in note for note in diff(old, new).notes)


def test_what_a_transform_would_make_is_said_to_be_unknown() -> None:
    looping = side({"Fn::ForEach::Topics": ["Name", ["a"], {}]}, Transform="AWS::LanguageExtensions")
    assert any("Fn::ForEach::Topics, AWS::LanguageExtensions" in note for note in diff(looping, looping).notes)
