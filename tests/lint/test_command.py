from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tap import project
from tap.commands.lint import lint
from tap.errors import TapError

CLEAN = "Resources: {Topic: {Type: AWS::SNS::Topic}}\n"
FAULTY = "Resources: {Odd: {Type: AWS::No::Such}}\n"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "here" / "out"
    for name, text in (("shop/stack.yaml", CLEAN), ("shop/tiers/01-a.yaml", CLEAN), ("bank/stack.yaml", FAULTY)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.with_suffix(".json").write_text("{}")
    return folder


def invoke(out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(lint, ["--out", str(out), *arguments])


def test_all_of_out_and_exit_1_on_an_error(out: Path) -> None:
    result = invoke(out)
    assert result.exit_code == 1
    assert result.stdout.startswith("out/bank/stack.yaml:1:19  E3006")
    assert "3 templates (0 from the cache), 1 error, 0 warnings, 0 exemptions" in result.stderr


def test_a_system_and_exit_0_when_it_is_clean(out: Path) -> None:
    result = invoke(out, "shop")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2 templates" in result.stderr


def test_a_warning_is_exit_1_too(out: Path, templates: Path) -> None:
    result = invoke(out, str(templates / "exempt.yaml"))
    assert result.exit_code == 1
    assert "1 warning, 1 exemption" in result.stderr


def test_json_on_standard_output_alone(out: Path) -> None:
    result = invoke(out, "--format", "json")
    assert [(found["file"], found["rule"]) for found in json.loads(result.stdout)] == [("out/bank/stack.yaml", "E3006")]
    assert json.loads(invoke(out, "shop", "--format", "json").stdout) == []


def test_regions(out: Path, templates: Path) -> None:
    regional = str(templates / "regional.yaml")
    assert "E3641" in invoke(out, regional).stdout
    assert "E3641" not in invoke(out, regional, "--region", "us-east-1").stdout
    refused = invoke(out, regional, "--region", "nowhere-1")
    assert isinstance(refused.exception, TapError)


def test_exemptions_are_listed(out: Path, templates: Path) -> None:
    result = invoke(out, str(templates / "exempt.yaml"), "--exemptions")
    assert "W3045  Excused  A delivery service of old writes to this bucket through its ACL." in result.stdout
    listed = invoke(out, str(templates / "exempt.yaml"), "--exemptions", "--format", "json").stdout
    assert [exemption["logicalId"] for exemption in json.loads(listed)] == ["Excused"]


PROBE = """
import sys
from tap.cli import main
try:
    main()
finally:
    heavy = ("cfnlint", "boto3", "rich", "multiprocessing", "yaml", "troposphere")
    print("loaded:", *[name for name in heavy if name in sys.modules])
"""


def probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(project.ROOT)!r}){PROBE}", "lint"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)


def test_a_run_from_the_cache_imports_no_linter(out: Path, templates: Path) -> None:
    files = [str(templates / name) for name in ("errors.yaml", "errors.json", "exempt.yaml")]
    first = probe("--out", str(out), "shop", *files)
    second = probe("--out", str(out), "shop", *files)
    assert "loaded: cfnlint" in first.stdout
    assert second.stdout.splitlines()[-1] == "loaded:"
    assert second.stdout.splitlines()[:-1] == first.stdout.splitlines()[:-1]
    assert "5 templates (5 from the cache)" in second.stderr
    assert (first.returncode, second.returncode) == (1, 1)


def test_a_name_that_is_nothing_is_an_error_for_people(out: Path) -> None:
    done = probe("--out", str(out), "shopp")
    assert done.returncode == 1
    assert done.stderr.startswith("error: 'shopp' is neither a system nor a file. Systems: bank, shop.")
    assert "Traceback" not in done.stderr
