from __future__ import annotations

import json
from pathlib import Path

import click

from tap.lint import report
from tap.lint.model import Exemption, Finding, Verdict
from tap.lint.run import Linted

UNUSED = Finding(4, 3, "W2001", "warning", "Unused", "Parameters/Unused", "Parameter Unused not used.")
PARSE = Finding(1, 1, "E0000", "error", "", "", "did not find expected key")
EXEMPT = Exemption("Bucket", "W3045", "The log service writes by ACL.", 9, True)


def linted(name: str, *findings: Finding, exemptions: tuple[Exemption, ...] = (), cached: bool = False) -> Linted:
    return Linted(Path(name), Verdict(("us-east-1",), findings, exemptions), cached)


RESULTS = [
    linted("out/shop/stack.yaml", UNUSED, exemptions=(EXEMPT,)),
    linted("out/shop/clean.yaml", cached=True, exemptions=(EXEMPT,)),
    linted("broken.yaml", PARSE),
]


def test_text_has_a_line_for_each_finding_grouped_by_file() -> None:
    assert click.unstyle(report.text(RESULTS)) == (
        "out/shop/stack.yaml:4:3  W2001    Unused  Parameter Unused not used.\n"
        "\n"
        "broken.yaml:1:1  E0000    -  did not find expected key"
    )
    assert report.text(RESULTS[1:2]) == ""


def test_long_messages_are_shortened_for_people_only() -> None:
    finding = Finding(1, 1, "E3030", "error", "A", "Resources/A", "not one of " + "value, " * 500)
    result = [linted("a.yaml", finding)]
    assert len(report.text(result)) < 400
    assert json.loads(report.as_json(result))[0]["message"] == finding.message


def test_json_is_a_list_of_objects() -> None:
    assert json.loads(report.as_json(RESULTS)) == [
        {
            "file": "out/shop/stack.yaml",
            "line": 4,
            "column": 3,
            "rule": "W2001",
            "severity": "warning",
            "logicalId": "Unused",
            "path": "Parameters/Unused",
            "message": "Parameter Unused not used.",
        },
        {
            "file": "broken.yaml",
            "line": 1,
            "column": 1,
            "rule": "E0000",
            "severity": "error",
            "logicalId": None,
            "path": "",
            "message": "did not find expected key",
        },
    ]
    assert json.loads(report.as_json(RESULTS[1:2])) == []


def test_the_summary_counts() -> None:
    assert report.summary(RESULTS, 1.26) == ("3 templates (1 from the cache), 1 error, 1 warning, 1 exemption, 1.3 s")


def test_exemptions_are_listed_with_their_reasons() -> None:
    line = "out/shop/stack.yaml:9  W3045  Bucket  The log service writes by ACL."
    assert report.exemptions_text(RESULTS[:1]) == line
    assert json.loads(report.exemptions_json(RESULTS[:1])) == [
        {
            "file": "out/shop/stack.yaml",
            "line": 9,
            "rule": "W3045",
            "logicalId": "Bucket",
            "reason": "The log service writes by ACL.",
        }
    ]


def test_paths_below_the_working_folder_are_relative(tmp_path: Path) -> None:
    assert report.shown(Path.cwd() / "a" / "b.yaml") == "a/b.yaml"
    assert report.shown(tmp_path / "b.yaml") == str(tmp_path / "b.yaml")
