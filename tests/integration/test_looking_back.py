"""The verbs that look back at the last operation: ``timeline`` and ``diagnose``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_deploy import break_it
from tests.workbench import Workbench

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Workbench:
    return Workbench(TEMPLATES, tmp_path, environment)


def test_a_time_line_of_the_last_operation_with_who_waited_for_whom(bench: Workbench) -> None:
    def chain(template: dict[str, Any]) -> None:
        template["Resources"]["Queue"]["DependsOn"] = "Table"

    bench.edit("notes/stack.yaml", chain)
    bench.well("deploy", "notes", "--yes")
    shown = bench.well("timeline", "notes").out
    assert shown.startswith("notes-dev: 0 s, ")
    assert "Table" in shown
    assert "Critical path: " in shown
    (stack,) = json.loads(bench.well("timeline", "notes", "--json").out)["stacks"]
    after = {one["resource"]: one["after"] for one in stack["resources"]}
    assert after["Queue"] == "Table"
    assert {one["action"] for one in stack["resources"]} == {"CREATE"}

    bench.well("deploy", "notes", "--yes", "--parameter", "RetentionSeconds=60", "--allow-delete", "Queue")
    (stack,) = json.loads(bench.well("timeline", "notes", "--json").out)["stacks"]
    assert {one["action"] for one in stack["resources"]} == {"UPDATE"}


def test_a_failure_is_explained_later_from_its_events_alone(bench: Workbench) -> None:
    bench.edit("notes/stack.yaml", break_it)
    assert bench.run("deploy", "notes", "--yes").code != 0
    shown = bench.well("diagnose", "notes").out
    assert "notes-dev could not be created and was taken back (ROLLBACK_COMPLETE)." in shown
    assert "First to fail was Never, AWS::CloudFormation::WaitCondition: WaitCondition timed out." in shown
    assert "It is: Waits for what never comes." in shown
    assert "To do:" in shown
    (stack,) = json.loads(bench.well("diagnose", "notes", "--json").out)["stacks"]
    assert stack["causes"][0]["advice"]["id"] == "wait-condition"


def test_what_only_the_validation_knows_is_told_at_once_and_later(bench: Workbench, clients: Any) -> None:
    def name_twice(template: dict[str, Any]) -> None:
        taken = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "notes-that-are-taken"}}
        template["Resources"]["Bucket"] = taken | {"Metadata": {"Description": "Holds what is long."}}

    clients("s3").create_bucket(Bucket="notes-that-are-taken")
    bench.edit("notes/stack.yaml", name_twice)
    deployed = bench.run("deploy", "notes", "--yes")
    assert deployed.code == 4
    for text in (deployed.err, bench.well("diagnose", "notes").out):
        assert "First to fail was Bucket, AWS::S3::Bucket: NAME_CONFLICT_VALIDATION: " in text
        assert "(/Resources/Bucket)" in text
        assert "It is: Holds what is long." in text


def test_inside_nested_stacks_too(bench: Workbench) -> None:
    nested = ("--layout", "nested")
    bench.well("deploy", "notes-nested", "--yes", *nested)
    assert "Storage/Table" in bench.well("timeline", "notes-nested", *nested).out
    assert "nothing failed in its last operation" in bench.well("diagnose", "notes-nested", *nested).out
    bench.edit("notes-nested/nested/intake.yaml", break_it)
    assert bench.run("deploy", "notes-nested", "--yes", *nested).code != 0
    shown = bench.well("diagnose", "notes-nested", *nested).out
    assert "First to fail was Never, AWS::CloudFormation::WaitCondition (in notes-nested-dev-Intake" in shown


def test_what_is_not_there_is_said(bench: Workbench) -> None:
    for verb in ("timeline", "diagnose"):
        ran = bench.well(verb, "notes")
        assert (ran.out, "notes-dev does not exist." in ran.err) == ("", True)
        assert json.loads(bench.well(verb, "notes", "--json").out) == {"version": 1, "stacks": []}


def test_no_secret_is_in_what_any_command_says_or_writes(bench: Workbench, clients: Any, tmp_path: Path) -> None:
    """A ``NoEcho`` value that a service repeats in its error, a dynamic reference, a password before and after."""
    key, old, new = "planted-s3cret-value", "planted-old-passphrase", "planted-new-passphrase"

    def plant(password: str) -> None:
        def change(template: dict[str, Any]) -> None:
            tags = [
                ("DbPassword", password),
                ("Fetched", f"{{{{resolve:ssm:{password}}}}}"),
                ("Key", {"Ref": "ApiKey"}),
            ]
            template["Resources"]["Queue"]["Properties"]["Tags"] = [{"Key": k, "Value": v} for k, v in tags]

        bench.edit("notes/stack.yaml", change)

    def fail(template: dict[str, Any]) -> None:
        template["Resources"]["Bucket"] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "ApiKey"}}}

    ssm = clients("ssm")
    for name in (old, new):
        ssm.put_parameter(Name=name, Value=f"{name}-fetched", Type="String")
    given = ("--parameter", f"ApiKey={key}")
    plant(old)
    ran = [bench.well("deploy", "notes", "--yes", *given)]
    plant(new)
    saved = tmp_path / "notes.plan"
    ran += [bench.well("plan", "notes", *given, "--format", form) for form in ("text", "json", "html", "markdown")]
    ran.append(bench.well("plan", "notes", *given, "--save", str(saved)))
    assert "Tags[DbPassword].Value" in ran[1].out
    ran.append(bench.well("deploy", "notes", "--yes", "--json", *given))
    clients("s3").create_bucket(Bucket=key)
    bench.edit("notes/stack.yaml", fail)
    failed = bench.run("deploy", "notes", "--yes", "--json", *given)
    assert "NAME_CONFLICT_VALIDATION" in failed.err
    ran.append(failed)
    for verb in ("diagnose", "timeline", "status", "outputs"):
        ran += [bench.well(verb, "notes", *given), bench.well(verb, "notes", "--json", *given)]
    texts = [text for one in ran for text in (one.out, one.err)]
    texts += [path.read_text("utf-8") for path in (saved, *bench.outputs.iterdir())]
    for planted in (key, old, new):
        assert [text for text in texts if planted in text] == []
