from __future__ import annotations

from typing import Any

import pytest

from tap.lint.exemptions import read


def resource(checks: Any, reasons: Any = None, **config: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"cfn-lint": {"config": {"ignore_checks": checks, **config}}}
    if reasons is not None:
        metadata["Exemptions"] = reasons
    return {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Metadata": metadata}}}


def rules(template: dict[str, Any]) -> list[str]:
    return [finding.rule for finding in read(template)[1]]


def test_an_ignore_with_its_reason_is_an_exemption() -> None:
    exemptions, findings = read(resource(["W3045"], {"W3045": "The log service writes by ACL."}))
    assert findings == []
    assert [(e.logical_id, e.rule, e.reason) for e in exemptions] == [
        ("Bucket", "W3045", "The log service writes by ACL.")
    ]


@pytest.mark.parametrize(
    "reasons", [None, {}, {"W3045": ""}, {"W3045": "todo"}, {"W3045": None}, {"W1001": "is another rule"}]
)
def test_an_ignore_without_a_reason_is_found(reasons: Any) -> None:
    assert "TAP0001" in rules(resource(["W3045"], reasons))


def test_a_reason_without_an_ignore_is_found() -> None:
    assert rules(resource([], {"W3045": "Nobody ignores it any more."})) == ["TAP0002"]
    only_reason = {"Resources": {"A": {"Metadata": {"Exemptions": {"W3045": "Nobody ignores it."}}}}}
    assert rules(only_reason) == ["TAP0002"]


def test_reasons_of_other_tools_are_theirs() -> None:
    assert rules({"Resources": {"A": {"Metadata": {"Exemptions": {"CKV_AWS_18": "Logs go elsewhere."}}}}}) == []


def test_a_blanket_ignore_in_the_template_is_found() -> None:
    exemptions, findings = read({"Metadata": {"cfn-lint": {"config": {"ignore_checks": ["W"]}}}})
    assert exemptions == []
    assert [(f.rule, f.severity, f.path) for f in findings] == [("TAP0004", "error", "Metadata/cfn-lint")]


@pytest.mark.parametrize("checks", ["W3045", {"W3045": True}, ["W"], ["W30455"], [3045], [None]])
def test_a_malformed_ignore_is_found(checks: Any) -> None:
    exemptions, findings = read(resource(checks, {}))
    assert exemptions == []
    assert [finding.rule for finding in findings] == ["TAP0005"]


@pytest.mark.parametrize("reasons", [["W3045"], "because it is so"])
def test_reasons_that_are_no_map_are_found(reasons: Any) -> None:
    assert rules(resource([], reasons)) == ["TAP0005"]


def test_other_settings_at_a_resource_are_found() -> None:
    assert rules(resource([], None, include_checks=["I"])) == ["TAP0005"]
    assert rules({"Resources": {"A": {"Metadata": {"cfn-lint": ["W3045"]}}}}) == ["TAP0005"]


@pytest.mark.parametrize(
    "template",
    [
        {},
        {"Resources": None},
        {"Resources": {"A": None}},
        {"Resources": {"A": {"Metadata": "text"}}},
        {"Metadata": ["a list"]},
        {"Resources": {"A": {"Metadata": {"Description": "An alarm."}}}},
    ],
)
def test_templates_without_exemptions_say_nothing(template: dict[str, Any]) -> None:
    assert read(template) == ([], [])
