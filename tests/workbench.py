"""The deploying verbs as a person runs them: in a process of their own, without a terminal."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tap import project
from tap.deploy.template import parse
from tests.nursery import shared

GENERATE = str(project.ROOT / "generate.py")


@dataclass
class Ran:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


@dataclass
class Bench:
    """The commands on the systems of ``out``; outputs are written to ``outputs``."""

    out: Path
    outputs: Path
    environment: dict[str, str]

    def arguments(self, verb: str, system: str, *more: str, where: tuple[str, ...] = ("--local",)) -> list[str]:
        """The command, to be run by hand. ``where``: the options that name a place."""
        words = [sys.executable, GENERATE, verb, system, "--out", str(self.out), *where, *more]
        words += [] if "--env" in more else ["--env", "dev"]
        return words + (["--outputs-dir", str(self.outputs)] if verb in {"deploy", "outputs", "delete"} else [])

    def run(self, verb: str, system: str, *more: str, where: tuple[str, ...] = ("--local",)) -> Ran:
        """Run a verb: a process of its own, forked from one that has everything imported."""
        words = self.arguments(verb, system, *more, where=where)
        nursery = shared()
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            child = nursery.begin(words[2:], self.environment, out, err)
            hangs = threading.Timer(120, os.kill, (child, signal.SIGKILL))
            hangs.start()
            code = nursery.end()
            hangs.cancel()
            return Ran(code, out.read_text("utf-8"), err.read_text("utf-8"))

    def well(self, verb: str, system: str, *more: str) -> Ran:
        """Run what must succeed. A plan does with changes pending (2) too."""
        ran = self.run(verb, system, *more)
        assert ran.code in ({0, 2} if verb == "plan" else {0}), ran.err
        assert "Traceback" not in ran.err
        return ran

    def flat(self) -> dict[str, str]:
        """The outputs that were written."""
        found: dict[str, str] = json.loads((self.outputs / "flat-outputs.json").read_text("utf-8"))
        return found


class Workbench(Bench):
    """A copy of systems that a test may change, and the commands on it. ``templates`` holds the systems in YAML."""

    def __init__(self, templates: Path, folder: Path, environment: dict[str, str]) -> None:
        super().__init__(folder / "out", folder / "cfn-outputs", environment)
        shutil.copytree(templates, self.out)
        for path in self.out.rglob("*.yaml"):
            path.with_suffix(".json").write_text(json.dumps(parse(path.read_text("utf-8"))), "utf-8")

    def edit(self, path: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a template; JSON is YAML too."""
        file = self.out / path
        template = json.loads(file.with_suffix(".json").read_text("utf-8"))
        change(template)
        text = json.dumps(template, indent=1)
        file.write_text(text, "utf-8")
        file.with_suffix(".json").write_text(text, "utf-8")


def statuses(cloudformation: Any) -> dict[str, str]:
    """The status of every stack that a client sees, by name."""
    return {one["StackName"]: one["StackStatus"] for one in cloudformation.describe_stacks()["Stacks"]}


def on_a_terminal(bench: Bench, arguments: list[str], prompt: str, typed: str) -> tuple[int, str]:
    """Run with a terminal, type ``typed`` when ``prompt`` is there; gives the exit code and what the screen got."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(arguments, env=bench.environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = ""
    while True:
        try:
            got = os.read(ours, 65536)
        except OSError:  # the other end is closed
            got = b""
        if not got:
            break
        text += got.decode(errors="replace")
        if prompt and prompt in text:
            os.write(ours, typed.encode())
            prompt = ""
    os.close(ours)
    return child.wait(timeout=60), text
