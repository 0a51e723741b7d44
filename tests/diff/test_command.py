from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tap import project

OLD, NEW = (str(project.ROOT / "tests" / "diff" / "portal" / name) for name in ("old.yaml", "new.yaml"))


def generate(*arguments: str, cwd: Path = project.ROOT) -> subprocess.CompletedProcess[str]:
    """Run ``generate.py diff`` in a process of its own."""
    command = [sys.executable, str(project.ROOT / "generate.py"), "diff", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.parametrize(
    ("arguments", "code", "begins"),
    [
        ([OLD, NEW], 3, "tests/diff/portal/old.yaml → "),
        ([OLD, OLD], 0, "tests/diff/portal/old.yaml → "),
        ([OLD, NEW, "--format", "markdown"], 3, "### tests/diff/portal/old.yaml → "),
        ([OLD, NEW, "--fail-on", "none"], 0, "tests/diff/portal/old.yaml → "),
        ([OLD, NEW, "--fail-on", "data-loss"], 3, "tests/diff/portal/old.yaml → "),
    ],
)
def test_results_go_to_standard_output_and_the_exit_code_says_what_is_at_stake(
    arguments: list[str], code: int, begins: str
) -> None:
    done = generate(*arguments)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith(begins)


def test_json_is_json_by_either_option() -> None:
    one, other = generate(OLD, NEW, "--json"), generate(OLD, NEW, "--format", "json")
    assert one.stdout == other.stdout
    assert json.loads(one.stdout)["exit_code"] == one.returncode == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([OLD], "Missing argument 'NEW'"),
        ([OLD, NEW, "--fail-on", "never"], "'never' is not one of"),
        ([OLD, NEW, "--frmat", "json"], "--frmat"),
        ([OLD, "nowhere.yaml"], "there is no file 'nowhere.yaml'"),
    ],
)
def test_an_error_is_1_for_2_says_that_there_are_differences(arguments: list[str], said: str) -> None:
    done = generate(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_parameter_files_are_read(tmp_path: Path) -> None:
    values = tmp_path / "values.json"
    values.write_text('{"EnvironmentSuffix": "blue"}')
    done = generate(OLD, OLD, "--new-parameters", str(values), cwd=tmp_path)
    assert done.returncode == 3
    assert "EnvironmentSuffix: dev → blue" in done.stdout
    assert "forces replacement ← parameter EnvironmentSuffix" in done.stdout


CHAIN = {f"C{number}": {"Fn::Not": [{"Condition": f"C{(number + 1) % 2}"}]} for number in range(2)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Resources: " + "[" * 20_000 + "]" * 20_000, "cannot be compared: nested more than 100 deep"),
        (json.dumps({"Resources": json.loads('{"a":' * 300 + "1" + "}" * 300)}), "nested more than 100 deep"),
        ("Resources: &r {A: {Type: T, Properties: *r}}", "an alias refers to what it stands in"),
        (
            json.dumps({"Conditions": CHAIN, "Resources": {"A": {"Type": "T", "Condition": "C0"}}}),
            "conditions lead to each other in a circle",
        ),
    ],
)
def test_a_template_that_cannot_be_followed_is_an_error_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t").write_text(text, "utf-8")
    done = generate("t", str(project.OUT / "payments" / "stack.yaml"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        'Resources: {A: {Type: "AWS::SNS::Topic", Properties: {"Fn::Transform": [{Name: Mine}]}}}',
        '\ufeff{"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"Name": "\\ud83d\\ude00 \\ud800"}}}}',
    ],
)
def test_macros_marks_and_halves_of_characters_are_compared(tmp_path: Path, text: str) -> None:
    (tmp_path / "t").write_text(text, "utf-8")
    done = generate("/dev/null", "t", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    assert "A" in done.stdout
