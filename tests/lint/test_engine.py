from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cfnlint.rules import Rules

from tap.errors import TapError
from tap.lint import engine
from tap.lint.model import Verdict

CLEAN = b"Resources: {Topic: {Type: AWS::SNS::Topic}}\n"


def lint(content: bytes, *regions: str) -> Verdict:
    return engine.lint(Path("template.yaml"), content, regions)


def rules(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize("regions", [["us-east-1"], ["mx-central-1", "us-east-1"], ["eu-central-1"]])
def test_results_equal_those_of_the_command_line(templates: Path, regions: list[str]) -> None:
    files = sorted(str(path) for path in templates.iterdir())
    # The regions stand for one process after another here, so this is also a test of what the schema manager keeps.
    program = [sys.executable, "-c", "from cfnlint.runner import main; main()"]
    command = [*program, "--format", "json", "--regions", *regions, "--", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    expected = {
        (
            match["Filename"],
            match["Rule"]["Id"],
            match["Location"]["Start"]["LineNumber"],
            match["Location"]["Start"]["ColumnNumber"],
            " ".join(match["Message"].split()),
        )
        for match in json.loads(done.stdout)
    }
    found = {
        (file, finding.rule, finding.line, finding.column, finding.message)
        for file in files
        for finding in engine.lint(Path(file), Path(file).read_bytes(), tuple(regions)).findings
    }
    assert found == expected
    assert len({rule for _, rule, *_ in found}) > 20, "the templates are to trigger rules of many kinds"


def test_findings_say_where(templates: Path) -> None:
    path = templates / "errors.yaml"
    verdict = engine.lint(path, path.read_bytes(), ())
    unused = next(finding for finding in verdict.findings if finding.rule == "W2001")
    assert (unused.line, unused.column, unused.severity, unused.logical_id, unused.path) == (
        *(4, 3),
        "warning",
        "Unused",
        "Parameters/Unused",
    )
    assert list(verdict.findings) == sorted(verdict.findings)


def test_informational_rules_are_off() -> None:
    data = b"Resources: {Table: {Type: AWS::S3::Bucket}}\n"
    assert lint(data).findings == ()  # I3011 would ask for a DeletionPolicy


@pytest.mark.parametrize("folder", ["cwd", "home"])
@pytest.mark.parametrize("name", [".cfnlintrc", ".cfnlintrc.yaml", ".cfnlintrc.yml"])
def test_configuration_files_have_no_effect(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, name: str
) -> None:
    path = templates / "errors.yaml"
    expected = engine.lint(path, path.read_bytes(), ())
    place = tmp_path / folder
    place.mkdir()
    (place / name).write_text("ignore_checks: [E, W]\nregions: [eu-west-1]\ninclude_checks: [I]\n")
    if folder == "cwd":
        monkeypatch.chdir(place)
    else:
        monkeypatch.setenv("HOME", str(place))
    assert engine.lint(path, path.read_bytes(), ()) == expected


def test_arguments_and_environment_of_the_process_have_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["cfn-lint", "--ignore-checks", "E", "--nonsense"])
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "nowhere-1")
    verdict = lint(b"Resources: {Odd: {Type: AWS::No::Such}}\n")
    assert (verdict.regions, rules(verdict)) == (("us-east-1",), {"E3006"})


def test_configuration_in_the_template_is_not_obeyed() -> None:
    data = b"""
Metadata: {cfn-lint: {config: {ignore_checks: [E3006], regions: [eu-west-1]}}}
Resources: {Odd: {Type: AWS::No::Such}}
"""
    verdict = lint(data)
    assert rules(verdict) == {"E3006", "TAP0004"}
    assert verdict.regions == ("us-east-1",)
    assert next(finding.line for finding in verdict.findings if finding.rule == "TAP0004") == 2


def test_regions_are_the_templates_own_and_us_east_1(templates: Path) -> None:
    path = templates / "regional.yaml"
    own = engine.lint(path, path.read_bytes(), ())
    assert own.regions == ("mx-central-1", "us-east-1")
    assert "E3641" in rules(own)
    asked = engine.lint(path, path.read_bytes(), ("us-east-1",))
    assert asked.regions == ("us-east-1",)
    assert "E3641" not in rules(asked)
    assert lint(CLEAN).regions == ("us-east-1",)


@pytest.mark.parametrize("region", ["nowhere-1", "[a, b]", "7"])
def test_a_region_of_the_template_that_does_not_exist_is_found(region: str) -> None:
    verdict = lint(f"Metadata: {{Template: {{Region: {region}}}}}\n".encode() + CLEAN)
    assert (verdict.regions, rules(verdict)) == (("us-east-1",), {"TAP0006"})


def test_an_unknown_region_that_was_asked_for_is_refused() -> None:
    with pytest.raises(TapError, match=r"nowhere-1.*us-east-1"):
        engine.check_regions(["us-east-1", "nowhere-1"])


def test_an_exemption_holds_for_its_resource_only(templates: Path) -> None:
    path = templates / "exempt.yaml"
    verdict = engine.lint(path, path.read_bytes(), ())
    assert [(finding.rule, finding.logical_id) for finding in verdict.findings] == [("W3045", "Accused")]
    assert [(e.logical_id, e.rule, e.used, e.line) for e in verdict.exemptions] == [("Excused", "W3045", True, 7)]


def test_an_exemption_from_nothing_is_not_used() -> None:
    data = b"""
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Metadata: {cfn-lint: {config: {ignore_checks: [W3045]}}, Exemptions: {W3045: It had an ACL once.}}
"""
    assert [exemption.used for exemption in lint(data).exemptions] == [False]


@pytest.mark.parametrize(
    "content",
    [
        b"Resources: {",
        b"Resources:\n\t- tab\n",
        b"- a list\n",
        b"just text",
        b"\xff\xfe\x00bytes",
        b'{"Resources": {"A": 1,}',
        b"Resources: &a {B: *a}\n",
        b"Resources: !Unknown [",
        b"Resources:\n  A: 1\n  A: 2\n",
        b"[" * 3000,
        b"--- \na: 1\n---\nb: 2\n",
    ],
)
def test_what_is_no_template_is_a_finding(content: bytes) -> None:
    assert rules(lint(content)) == {"E0000"}


@pytest.mark.parametrize(
    "content", [b"", b"Resources:\n", b"Resources: text\n", b"Resources: {A: text}\n", b"Metadata: 7\nResources: []\n"]
)
def test_odd_templates_are_findings_too(content: bytes) -> None:
    assert rules(lint(content))


def test_a_rule_that_fails_is_shown_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("out of its depth")

    monkeypatch.setattr(engine.load()["W2001"], "matchall", fail)
    (finding,) = lint(CLEAN).findings
    assert (finding.rule, finding.severity) == ("E0002", "error")
    assert "W2001" in finding.message
    assert "out of its depth" in finding.message


def test_a_failure_outside_the_rules_is_shown_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Rules:
        raise RecursionError("too deep")

    monkeypatch.setattr(engine, "load", fail)
    (finding,) = lint(CLEAN).findings
    assert (finding.rule, finding.severity) == ("E0002", "error")
    assert "too deep" in finding.message


def test_templates_with_children_beside_them_are_not_self_contained(templates: Path) -> None:
    path = templates / "parent.yaml"
    verdict = engine.lint(path, path.read_bytes(), ())
    assert "E3043" in rules(verdict)
    assert not verdict.self_contained
    either = b"""
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: %s}
"""
    assert not lint(either % b'!If [A, "https://bucket/a.yaml", ./a.yaml]').self_contained
    assert lint(either % b'!If [A, "https://bucket/a.yaml", !Ref B]').self_contained
    assert lint(either % b'!Sub "https://s3.${AWS::Region}.${AWS::URLSuffix}/a.yaml"').self_contained
    assert lint(CLEAN).self_contained
