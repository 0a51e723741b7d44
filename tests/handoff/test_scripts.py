"""The scripts without AWS: their style, how they read files, and what they say of a wrong command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.handoff.bundle import SCRIPTS
from tests.handoff.building import bundled, emitted, shop
from tests.handoff.operations import Operator, operator

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]


@pytest.fixture(scope="module")
def ops(tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """An operator who cannot reach AWS."""
    folder = tmp_path_factory.mktemp("ops")
    nowhere = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "1" * 12,
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return operator(bundled(emitted(shop(), folder / "out")), folder / "home", nowhere)


def awk(text: str) -> subprocess.CompletedProcess[str]:
    """Read JSON as the scripts do."""
    return subprocess.run(
        ["awk", "-f", str(SCRIPTS / "lib" / "json.awk")], input=text, capture_output=True, text=True, check=False
    )


def flat(value: object, path: str = "") -> list[str]:
    """What ``json.awk`` is to make of a value."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [line for key, each in pairs for line in flat(each, f"{path}/{key}" if path else str(key))]
    text = json.dumps(value, ensure_ascii=False)
    return [f"{path}\t{text[1:-1] if isinstance(value, str) else text}"]


def test_shellcheck_finds_nothing() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    scripts = [str(path) for path in sorted(SCRIPTS.rglob("*.sh"))]
    assert len(scripts) == 3
    done = subprocess.run([shellcheck, "-x", "-P", "SCRIPTDIR", *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\x85\u2028\u2029"))
KEYS = st.from_regex(r"[A-Za-z]+", fullmatch=True)


@given(
    st.dictionaries(
        KEYS,
        st.recursive(
            TEXT | st.booleans() | st.none() | st.integers(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
            max_leaves=8,
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([None, 1, 4]),
)
def test_json_is_read_however_it_is_laid_out(value: object, indent: int | None) -> None:
    done = awk(json.dumps(value, indent=indent, ensure_ascii=False))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == flat(value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ('[{"a": "b",}]', "a text in double quotes is missing, in line 1"),
        ('[\n{"a" "b"}]', "a colon is missing, in line 2"),
        ('[\n\n{"a": "b"}', "a comma or ] is missing"),
        ('{"a": yes}', "a value is missing, in line 1"),
        ("[] []", "there is something after its end"),
    ],
)
def test_what_is_no_json_is_said_with_the_line(text: str, why: str) -> None:
    done = awk(text)
    assert done.returncode == 1
    assert why in done.stderr


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "error: which environment? There are: dev, prod. See --help."),
        (("nowhere",), "error: there is no environment nowhere: no parameters/nowhere.json. There are: dev, prod."),
        (("dev", "prod"), "error: there is one environment too many: prod. See --help."),
        (("dev", "--quick"), "error: there is no option --quick. See --help."),
        (("dev", "--region"), "error: --region wants a value. See --help."),
        (("dev", "--layout", "flat"), "error: there is no layout flat. There are: stack, tiers, nested."),
        (("dev", "--edge"), "error: shop has no edge."),
        (("dev", "--parameters", "x.json"), "error: there is no file x.json."),
    ],
)
def test_a_wrong_command_line_is_one_clear_line(
    ops: Operator, shell: str, arguments: tuple[str, ...], says: str
) -> None:
    for script in ("deploy.sh", "delete.sh"):
        ran = ops.run(script, *arguments, shell=shell)
        assert (ran.code, ran.out, ran.err) == (2, "", f"{says}\n")


def test_a_parameter_that_nobody_knows_is_named(ops: Operator) -> None:
    ran = ops.run("deploy.sh", "dev", "Lable=x")
    assert ran.code == 2
    assert ran.err.startswith("error: no template has a parameter Lable, ")
    assert ran.err.endswith("There are: EnvironmentSuffix, Label, Timeout.\n")


def test_a_missing_parameter_is_named_before_anything_is_called(ops: Operator, tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text('[{"ParameterKey": "EnvironmentSuffix", "ParameterValue": "dev"}]', "utf-8")
    ran = ops.run("deploy.sh", "dev", "--parameters", str(file))
    assert (ran.code, ran.err) == (2, f"error: no value for Label. Put it into {file}, or say it: Label=…\n")


@pytest.mark.parametrize("text", ['{"Label": "x"}', "[]", "[{}]"])
def test_a_parameter_file_of_another_form_is_refused(ops: Operator, tmp_path: Path, text: str) -> None:
    file = tmp_path / "own.json"
    file.write_text(text, "utf-8")
    ran = ops.run("deploy.sh", "dev", "--parameters", str(file))
    assert ran.code == 2
    assert ran.err.startswith(f"error: {file} is no list of ")


def test_an_edited_file_that_is_no_json_is_said(ops: Operator, tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text('[\n  {"ParameterKey": "Label", "ParameterValue": "x"},\n]\n', "utf-8")
    for script in ("deploy.sh", "delete.sh"):
        ran = ops.run(script, "dev", "--parameters", str(file))
        assert (ran.code, ran.err) == (
            2,
            f"error: {file} is no JSON: a value is missing, in line 3.\n",
        )


def test_help_needs_nothing(ops: Operator) -> None:
    for script in ("deploy.sh", "delete.sh"):
        ran = ops.run(script, "--help", PATH="/usr/bin:/bin")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(f"Usage: ./{script} ENVIRONMENT")


def test_no_aws_cli_is_one_clear_line(ops: Operator) -> None:
    ran = ops.run("deploy.sh", "dev", PATH="/usr/bin:/bin")
    assert (ran.code, ran.err) == (4, 'error: the AWS CLI is not installed: there is no "aws" on the PATH.\n')


def test_no_credentials_are_one_clear_line(ops: Operator) -> None:
    ran = ops.run("deploy.sh", "dev", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert ran.code == 4
    assert ran.err.startswith("error: no credentials that AWS takes: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("script", ["deploy.sh", "delete.sh"])
def test_an_endpoint_that_cannot_be_reached_is_one_clear_line(ops: Operator, script: str) -> None:
    ran = ops.run(script, "dev", "--yes")
    assert ran.code == 5
    assert ran.err.startswith("error: AWS cannot be reached: Could not connect to the endpoint URL")
    assert ran.err.count("\n") == 1
