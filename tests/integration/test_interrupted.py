"""Ctrl-C: the exit code says so, nothing is left that the next run does not take up, the terminal is as it was."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tap.local import Endpoint
from tests.chaos.faults import Fault, Only
from tests.chaos.proxy import Proxy
from tests.workbench import Workbench, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"


@pytest.fixture
def proxy(emulator: Endpoint) -> Iterator[Proxy]:
    found = Proxy(emulator.url)
    yield found
    found.close()


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str], account: str) -> Workbench:
    """The account's credentials are in the environment: the endpoint is named, not local."""
    settings = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
    return Workbench(TEMPLATES, tmp_path, environment | settings | {"TAP_STATE_DIR": os.devnull})


@pytest.mark.parametrize(
    ("verb", "action"),
    [("plan", "CreateChangeSet"), ("plan", "DescribeChangeSet"), ("deploy", "DescribeChangeSet")],
)
def test_while_a_change_set_is_made(verb: str, action: str, bench: Workbench, proxy: Proxy, clients: Any) -> None:
    proxy.dice = Only(Fault.INTERRUPT, action)
    arguments = bench.arguments(verb, "notes", where=("--endpoint-url", proxy.url))
    child = subprocess.Popen(
        arguments, env=bench.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    proxy.victim = child.pid
    _, said = child.communicate(timeout=100)
    proxy.victim = None
    assert proxy.dice.met
    assert child.returncode == 130, said
    assert said.decode().rstrip().splitlines()[-1].endswith(("interrupted", "interrupted."))
    assert b"Traceback" not in said
    # What is left has a name that the next run finds.
    proxy.dice = Only(Fault.DELAY, "none")
    assert bench.run("plan" if verb == "plan" else "deploy", "notes", where=("--endpoint-url", proxy.url)).code in {
        2,
        3,
    }
    assert statuses(clients("cloudformation")) == {}


def test_while_a_question_is_open(bench: Workbench, proxy: Proxy, clients: Any) -> None:
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    arguments = bench.arguments("deploy", "notes", where=("--endpoint-url", proxy.url))
    child = subprocess.Popen(arguments, env=bench.environment, stdin=theirs, stdout=theirs, stderr=theirs)
    text = ""
    while "Deploy this to notes-dev? [y/N]" not in text:
        text += os.read(ours, 65536).decode(errors="replace")
    code = None
    for _ in range(4):
        # Python may lose one that comes while it begins to read: whoever sees nothing happen presses the keys again.
        child.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            code = child.wait(timeout=20)
            break
    assert code == 130
    assert termios.tcgetattr(theirs) == before
    text += os.read(ours, 65536).decode(errors="replace")
    os.close(theirs)
    os.close(ours)
    assert "interrupted" in text
    assert "Traceback" not in text
    assert statuses(clients("cloudformation")) == {}
