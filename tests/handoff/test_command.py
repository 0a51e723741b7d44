from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tap import project
from tests.handoff.building import git

GENERATE = str(project.ROOT / "generate.py")


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, GENERATE, "handoff", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_same_bytes_wherever_and_in_whatever_locale(tmp_path: Path) -> None:
    made = []
    for number, more in enumerate(
        ({"LC_ALL": "C", "TZ": "UTC"}, {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"})
    ):
        folder = tmp_path / str(number)
        folder.mkdir(mode=0o700)
        done = run("payments", "--output", str(folder / "bundles"), cwd=folder, **more)
        assert done.returncode == 0, done.stderr
        made.append(folder / "bundles")
    (first,), (second,) = (list(folder.glob("*.zip")) for folder in made)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    folder = first.with_suffix("")
    with zipfile.ZipFile(first) as whole:
        names = {name.removeprefix(f"{folder.name}/") for name in whole.namelist()}
        assert names == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"report.html", "RUNBOOK.md", "runbook/prod.md", "stack-policy.json", "deployment/prod.json"} <= names
    assert (folder / "report.html").read_text("utf-8").lstrip().lower().startswith("<!doctype html>")
    checked = subprocess.run(["sha256sum", "-c", "--quiet", "checksums.sha256"], cwd=folder, check=False)
    assert checked.returncode == 0


def test_an_unknown_system_or_environment_writes_nothing(tmp_path: Path) -> None:
    for arguments, says in (
        (("nowhere",), "error: there is no system 'nowhere'. There are: "),
        (("payments", "--env", "moon"), "error: payments has no environment moon. There is: dev, prod, staging."),
    ):
        done = run(*arguments, "--output", str(tmp_path / "bundles"), cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(says)
    assert list(tmp_path.iterdir()) == []


def test_what_is_stale_is_not_handed_over(tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(project.OUT / "payments", out / "payments")
    file = out / "payments" / "parameters" / "dev.json"
    file.write_text(file.read_text("utf-8").replace("db.r6g.large", "db.r6g.xlarge"), "utf-8")
    done = run("payments", "--out", str(out), "--output", str(tmp_path / "bundles"), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"error: {file} is not as templates/ has it now. Run: python generate.py synth\n"
    assert not (tmp_path / "bundles").exists()


def test_out_of_a_repository_with_a_tag_it_is_a_release(tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(project.OUT / "payments", out / "payments")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all of it")
    git(tmp_path, "tag", "v2.3.4")
    done = run("payments", "--env", "prod", "--out", str(out), "--output", str(tmp_path / "bundles"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    about = json.loads((tmp_path / "bundles" / "payments-2.3.4" / "manifest.json").read_text("utf-8"))
    assert (about["Version"], about["PreviousVersion"], about["Environments"]) == ("2.3.4", "", ["prod"])
    assert done.stdout.splitlines()[1] == str(tmp_path / "bundles" / "payments-2.3.4.zip")
