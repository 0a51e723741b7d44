"""A call that only helps is refused: the rest goes on, and what is missing is said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tap.local import Endpoint
from tests.chaos.faults import Fault, Only
from tests.chaos.proxy import Proxy
from tests.workbench import Workbench

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
HELPFUL = (
    "GetTemplate",
    "DescribeEvents",
    "ListExports",
    "ListImports",
    "GetStackPolicy",
    "DescribeStackEvents",
    "ListStackResources",
    "DescribeStackResources",
    "DescribeStackResourceDrifts",
    "ListChangeSets",
)
"""Calls that a plan or a deployment makes to know more, and can do without."""


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


@pytest.mark.parametrize("action", HELPFUL)
def test_a_refused_look_stops_neither_a_plan_nor_a_deployment(action: str, bench: Workbench, proxy: Proxy) -> None:
    where = ("--endpoint-url", proxy.url)
    assert bench.run("deploy", "notes", "--yes", where=where).code == 0
    proxy.dice = Only(Fault.DENY, action)
    planned = bench.run("plan", "notes", "--parameter", "RetentionSeconds=7200", where=where)
    assert planned.code == 2, planned.err
    assert "notes-dev: an update: " in planned.out
    assert "Queue" in planned.out
    deployed = bench.run("deploy", "notes", "--yes", "--parameter", "RetentionSeconds=7200", where=where)
    assert "Traceback" not in deployed.err
    assert deployed.code == 0, deployed.err


def test_a_plan_that_cannot_be_cleared_away_is_shown_all_the_same(bench: Workbench, proxy: Proxy) -> None:
    where = ("--endpoint-url", proxy.url)
    proxy.dice = Only(Fault.DENY, "DeleteChangeSet")
    planned = bench.run("plan", "notes", where=where)
    assert planned.code == 2
    assert "notes-dev: a new stack: " in planned.out
    assert "the change set could not be removed" in planned.err
