from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from tap.errors import TapError
from tap.lint import cache, engine, run
from tap.lint.model import Verdict
from tap.lint.targets import Target

FAULTY = "Resources: {Odd: {Type: AWS::No::Such}}\n"


def targets(*paths: Path) -> list[Target]:
    return [Target(path, str(path)) for path in paths]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def rules(linted: list[run.Linted]) -> list[list[str]]:
    return [[finding.rule for finding in one.verdict.findings] for one in linted]


@pytest.mark.parametrize("method", ["in process", *multiprocessing.get_all_start_methods()])
def test_results_are_in_order_however_they_were_made(
    templates: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    paths = [templates / name for name in ("clean.yaml", "errors.yaml", "exempt.yaml", "errors.json", "list.yaml")]
    expected = [engine.lint(path, path.read_bytes(), ()) for path in paths]
    monkeypatch.setattr(run, "_cores", lambda: 1 if method == "in process" else 2)
    if method != "in process":
        monkeypatch.setattr(run, "_context", lambda: multiprocessing.get_context(method))
    linted = run.lint(targets(*paths))
    assert [one.path for one in linted] == paths
    assert [one.verdict for one in linted] == expected


def test_the_second_time_comes_from_the_cache(templates: Path) -> None:
    paths = [templates / "clean.yaml", templates / "exempt.yaml"]
    first = run.lint(targets(*paths))
    second = run.lint(targets(*paths))
    assert [one.cached for one in first + second] == [False, False, True, True]
    assert [one.verdict for one in first] == [one.verdict for one in second]


def test_only_what_changed_is_linted_again(tmp_path: Path) -> None:
    stable = write(tmp_path, "stable.yaml", "Resources: {Topic: {Type: AWS::SNS::Topic}}\n")
    edited = write(tmp_path, "edited.yaml", "Resources: {Queue: {Type: AWS::SQS::Queue}}\n")
    run.lint(targets(stable, edited))
    edited.write_text(FAULTY)
    linted = run.lint(targets(edited, stable))
    assert [one.cached for one in linted] == [False, True]
    assert rules(linted) == [["E3006"], []]


def test_other_regions_are_another_result(templates: Path) -> None:
    path = templates / "regional.yaml"
    own, other = run.lint(targets(path))[0], run.lint(targets(path), regions=("us-east-1",))[0]
    assert not other.cached
    assert own.verdict != other.verdict


def test_without_cache_nothing_is_read_or_kept(templates: Path, state: Path) -> None:
    path = templates / "clean.yaml"
    run.lint(targets(path))
    assert not run.lint(targets(path), use_cache=False)[0].cached
    for file in (state / "lint").iterdir():
        file.unlink()
    run.lint(targets(path), use_cache=False)
    assert list((state / "lint").iterdir()) == []


def test_a_result_that_other_files_decide_is_not_kept(tmp_path: Path) -> None:
    parent = write(
        tmp_path,
        "parent.yaml",
        "Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n"
        "    Properties: {TemplateURL: child.yaml, Parameters: {Size: 1}}\n",
    )
    write(tmp_path, "child.yaml", "Resources: {}\n")
    assert "E3043" in rules(run.lint(targets(parent)))[0]
    write(tmp_path, "child.yaml", "Parameters: {Size: {Type: String}}\nResources: {}\n")
    again = run.lint(targets(parent))
    assert not again[0].cached
    assert "E3043" not in rules(again)[0]


def test_a_cache_that_cannot_be_written_is_a_note(templates: Path, state: Path) -> None:
    state.write_text("a file where the folder should be")
    notes: list[str] = []
    linted = run.lint(targets(templates / "clean.yaml"), note=notes.append)
    assert rules(linted) == [[]]
    assert "could not be kept" in notes[-1]


def test_nothing_is_noted_when_all_is_cached(templates: Path) -> None:
    notes: list[str] = []
    run.lint(targets(templates / "clean.yaml"))
    run.lint(targets(templates / "clean.yaml"), note=notes.append)
    assert notes == []


def test_an_unreadable_file_and_an_unknown_region_are_refused(tmp_path: Path, templates: Path) -> None:
    with pytest.raises(TapError, match=r"cannot read .*absent\.yaml"):
        run.lint(targets(tmp_path / "absent.yaml"))
    with pytest.raises(TapError, match="not a region: nowhere-1"):
        run.lint(targets(templates / "clean.yaml"), regions=("nowhere-1",))


def _die(*_: object) -> Verdict:
    os._exit(9)


def test_a_worker_that_dies_is_an_error_not_a_hang(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "lint", _die)
    monkeypatch.setattr(run, "_cores", lambda: 2)
    monkeypatch.setattr(run, "_context", lambda: multiprocessing.get_context("fork"))
    with pytest.raises(TapError, match="ended from outside"):
        run.lint(targets(templates / "clean.yaml", templates / "exempt.yaml"))


IDLE = """
Resources:
  {name}:
    Type: AWS::S3::Bucket
    Metadata: {{cfn-lint: {{config: {{ignore_checks: [W3045]}}}}, Exemptions: {{W3045: Logs come by ACL.}}}}
    Properties: {{{properties}}}
"""
ACL = "AccessControl: LogDeliveryWrite, OwnershipControls: {Rules: [{ObjectOwnership: ObjectWriter}]}"


def test_an_exemption_that_no_layout_of_its_system_needs_is_found(tmp_path: Path) -> None:
    needed = write(tmp_path, "stack.yaml", IDLE.format(name="Logs", properties=ACL))
    not_here = write(tmp_path, "tier.yaml", IDLE.format(name="Logs", properties=""))
    idle = write(tmp_path, "other.yaml", IDLE.format(name="Idle", properties=""))

    together = [Target(path, "shop") for path in (needed, not_here, idle)]
    for _ in ("fresh", "cached"):
        assert rules(run.lint(together)) == [[], [], ["TAP0003"]]
    assert rules(run.lint([Target(not_here, "")])) == [[]]
    assert rules(run.lint(targets(not_here))) == [["TAP0003"]]
    assert rules(run.lint(targets(not_here), regions=("us-east-1",))) == [[]]


def test_files_of_the_same_content_are_one_entry(tmp_path: Path) -> None:
    paths = [write(tmp_path, name, FAULTY) for name in ("a.yaml", "b.yaml")]
    assert rules(run.lint(targets(*paths))) == [["E3006"], ["E3006"]]
    assert len(list(cache.folder().iterdir())) == 1
