"""A process that has everything imported and forks a child for each command: a real process, without the start-up.

``python -m tests.nursery`` reads a line of JSON for each command (``argv``, ``env``, ``out``, ``err``), answers
with the child's process id, and when that has ended with its exit code (negative: the signal that killed it).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from tap import project


@cache
def shared() -> Nursery:
    """The one of this test process; it ends with it."""
    return Nursery()


class Nursery:
    """The other end: starts the process, and runs commands in it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            cwd=project.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, argv: Sequence[str], env: Mapping[str, str], out: Path, err: Path) -> int:
        """Start a command, its streams written to files; gives its process id."""
        assert self._process.stdin
        words = {"argv": list(argv), "env": dict(env), "out": str(out), "err": str(err)}
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> int:
        """Wait for it; gives its exit code, negative where a signal ended it."""
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)


def main() -> None:
    """Serve until standard input ends."""
    _warm()
    for line in sys.stdin:
        words = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(words)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _warm() -> None:
    """Import what the verbs import."""
    import importlib
    import pkgutil

    import boto3
    import rich.console  # noqa: F401

    import tap.deploy
    from tap.diff.schemas import bundled

    for module in pkgutil.iter_modules(tap.deploy.__path__, "tap.deploy."):
        importlib.import_module(module.name)
    for verb in ("deploy", "delete", "plan", "execute"):
        importlib.import_module(f"tap.commands.{verb}")
    bundled().types()
    boto3.client("cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def _live(words: Mapping[str, Any]) -> None:
    """Be the command."""
    from tap.cli import main as command

    code = 1
    try:
        for number, path in ((1, words["out"]), (2, words["err"])):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(handle, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # Begun in the background of a shell, processes are deaf to it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Python's own streams, buffers and all, as in a process of its own.
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0, "r"), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        os.environ.clear()
        os.environ.update(words["env"])
        sys.argv = ["generate.py", *words["argv"]]
        command()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 0 if done.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
