from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from tap import project
from tap.commands.report import report


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(report, list(arguments))
    return result.exit_code, result.output


def test_a_page_for_each_system_that_is_named(tmp_path: Path) -> None:
    code, said = run("payments", "--output", str(tmp_path / "a"))
    assert code == 0 and said == f"{tmp_path / 'a' / 'payments.html'}\n"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["payments.html"]
    assert (tmp_path / "a" / "payments.html").read_text().startswith("<!DOCTYPE html>")


def test_an_unknown_system_writes_nothing(tmp_path: Path) -> None:
    generate = [sys.executable, "generate.py", "report", "payments", "nothing", "--output", str(tmp_path / "a")]
    done = subprocess.run(generate, capture_output=True, text=True, cwd=project.ROOT, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no system 'nothing'.") and not done.stdout
    assert not (tmp_path / "a").exists()


def test_what_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, said = run("payments", "--output", str(tmp_path / "file"))
    assert code == 2 and "is a file" in said
