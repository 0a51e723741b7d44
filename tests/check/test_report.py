from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tap.check import report
from tap.check.engine import Finding
from tap.check.rule import Severity, rules

ERROR = Finding(
    "TAP1001", "A title", Severity.ERROR, "a.yaml", 7, 3, "Link", "Resources.Link.Properties.X.0",
    "It is <wrong> & so.", "Do better.", "A guide", "Prod is true",
)  # fmt: skip
NOTE = Finding("TAP1700", "Big", Severity.NOTE, "b.yaml", 1, 1, "", "", "It is big.", "", "")
FILES = ["a.yaml", "b.yaml"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_text_says_what_is_wrong_then_where_what_to_do_and_why() -> None:
    assert report.text([ERROR, NOTE]).splitlines() == [
        "\x1b[1ma.yaml\x1b[0m",
        "  7:3      \x1b[31merror  \x1b[0m TAP1001  Link  It is <wrong> & so.  (when Prod is true)",
        "           Properties.X.0",
        "           → Do better.",
        "           A guide",
        "",
        "\x1b[1mb.yaml\x1b[0m",
        "  1:1      \x1b[36mnote   \x1b[0m TAP1700  -  It is big.",
    ]
    assert report.summary([ERROR, NOTE], FILES, 0.25) == "2 templates, 1 error, 0 warnings, 1 note, 0.2 s"


def test_json_carries_everything() -> None:
    told = json.loads(report.as_json([ERROR, NOTE], FILES))
    assert told["version"] == 1
    assert told["files"] == FILES
    assert told["counts"] == {"error": 1, "warning": 0, "note": 1}
    assert told["findings"][0] == {
        "rule": "TAP1001",
        "title": "A title",
        "severity": "error",
        "file": "a.yaml",
        "line": 7,
        "column": 3,
        "logicalId": "Link",
        "path": "Resources.Link.Properties.X.0",
        "message": "It is <wrong> & so.",
        "advice": "Do better.",
        "source": "A guide",
        "when": "Prod is true",
    }
    assert told["findings"][1]["logicalId"] is None


def test_sarif_names_rule_place_and_level() -> None:
    (told,) = json.loads(report.sarif([ERROR, NOTE], rules()))["runs"]
    assert [one["id"] for one in told["tool"]["driver"]["rules"]] == ["TAP1001"]
    first, second = told["results"]
    assert (first["ruleIndex"], first["level"], second["level"]) == (0, "error", "note")
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a.yaml"}, "region": {"startLine": 7, "startColumn": 3}}
    assert first["message"]["text"] == "Link: It is <wrong> & so. (when Prod is true) Do better."


def test_junit_fails_for_errors_and_passes_for_notes() -> None:
    suites = list(ET.fromstring(report.junit([ERROR, NOTE], FILES)))
    assert [(one.get("name"), one.get("failures")) for one in suites] == [("a.yaml", "1"), ("b.yaml", "0")]
    failure = suites[0].find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "Link: It is <wrong> & so. (when Prod is true)"
    assert "It is big." in (suites[1].findtext("system-out") or "")
