"""An operator with a bundle: an empty folder, a shell and the real AWS CLI; no Python of ours is in reach."""

from __future__ import annotations

import atexit
import functools
import json
import os
import pty
import shlex
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tap import project
from tap.deploy.template import parse
from tap.handoff import archive
from tap.handoff.archive import File

AWS = project.ROOT / ".venv-awscli" / "bin" / "aws"


@dataclass(frozen=True)
class Ran:
    """What a script said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """Its last line on standard error."""
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


@dataclass
class Operator:
    """Where the bundle was unpacked, and the environment in which its scripts run."""

    bundle: Path
    environment: Mapping[str, str]

    def run(self, script: str, *arguments: str, shell: str = "dash", typed: str | None = None, **more: str) -> Ran:
        """Run a script of the bundle. With ``typed`` it has a terminal, on which that is typed beforehand."""
        ours, theirs = pty.openpty() if typed is not None else (-1, subprocess.DEVNULL)
        if typed is not None:
            os.write(ours, f"{typed}\n".encode())
        done = subprocess.run(
            [shell, str(self.bundle / script), *arguments],
            cwd=self.bundle.parent,
            env={**self.environment, **more},
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if typed is not None:
            os.close(ours)
            os.close(theirs)
        return Ran(done.returncode, done.stdout, done.stderr)

    def well(self, script: str, *arguments: str, shell: str = "dash") -> Ran:
        """Run what must succeed."""
        ran = self.run(script, *arguments, shell=shell)
        assert ran.code == 0, ran.err
        return ran

    def edit(self, path: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a template of the bundle; JSON is YAML too."""
        file = self.bundle / path
        template = dict(parse(file.read_text("utf-8")))
        change(template)
        file.write_text(json.dumps(template, indent=1), "utf-8")


@functools.cache
def _warm_cli() -> str:
    """A script that calls the AWS CLI as ``aws`` does, without its start-up (``warm_cli.py``)."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))  # pytest's folders have names too long for a socket
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    words = [str(AWS.with_name("python")), "-I", str(Path(__file__).with_name("warm_cli.py"))]
    server = subprocess.Popen(
        [*words, "serve", str(folder / "socket")],
        env={"LC_ALL": "C", "HOME": str(folder), "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert server.stdin
    assert server.stdout
    atexit.register(server.stdin.close)  # which ends it, as the end of this process does
    assert server.stdout.readline() == b"ready\n"
    return f'#!/bin/sh\nexec {shlex.join([words[0], "-S", *words[1:], "call", str(folder / "socket")])} "$@"\n'


def operator(
    files: Mapping[str, File], folder: Path, environment: Mapping[str, str], *, cold: bool = False
) -> Operator:
    """Zip a bundle, and unpack it in an empty folder as an operator does.

    ``environment`` says where AWS is and who asks. ``cold``: each call of the AWS CLI is a process of its own from the
    start. Fails where there is no AWS CLI.
    """
    if not AWS.is_file():
        pytest.fail(f"the AWS CLI is not installed in {AWS.parent.parent}. Run: make .venv-awscli/.installed")
    _, zipped = archive.write(files, folder / "made", "bundle")
    with zipfile.ZipFile(zipped) as whole:
        whole.extractall(folder)
    tools = folder / "bin"
    tools.mkdir()
    if cold:
        (tools / "aws").symlink_to(AWS)
    else:
        (tools / "aws").write_text(_warm_cli(), "utf-8")
        (tools / "aws").chmod(0o755)
    shutil.rmtree(folder / "made")
    own = {
        "PATH": f"{tools}:/usr/bin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C",
        "HANDOFF_POLL_SECONDS": "0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return Operator(folder / "bundle", {**own, **environment})
