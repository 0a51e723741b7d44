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
