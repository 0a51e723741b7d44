"""A call that only helps is refused: the rest goes on, and what is missing is said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tap.local import Endpoint
from tests.chaos.faults import Fault, Only, Since
from tests.chaos.proxy import Proxy
from tests.workbench import Workbench, statuses

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


@pytest.mark.parametrize(
    ("verb", "fault", "said"),
    [
        ("plan", Fault.EXPIRED, "the AWS credentials have expired. Sign in again"),
        ("deploy", Fault.SKEWED, "this machine's clock differs from AWS's"),
        ("delete", Fault.UNKNOWN_KEY, "AWS does not know the access key."),
        ("status", Fault.DENY, "you may not call DescribeStacks: "),
        ("outputs", Fault.EXPIRED, "the AWS credentials have expired."),
    ],
)
def test_what_nobody_can_do_without_ends_it_in_one_line(
    verb: str, fault: Fault, said: str, bench: Workbench, proxy: Proxy
) -> None:
    proxy.dice = Only(fault)
    ran = bench.run(verb, "notes", where=("--endpoint-url", proxy.url))
    assert (ran.code, ran.out) == (1, "")
    *before, last = ran.err.strip().splitlines()
    assert last.startswith(f"error: {said}")
    assert before in ([], [f"Asking CloudFormation ({proxy.url}, us-east-1) …"])


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_an_endpoint_that_cannot_be_reached_is_said_with_what_to_look_at(url: str, bench: Workbench) -> None:
    ran = bench.run("status", "notes", where=("--endpoint-url", url))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.strip() == (
        f"error: {url}/ cannot be reached. Check the network, a proxy (HTTPS_PROXY, NO_PROXY) and --region or "
        "--endpoint-url."
    )


def test_credentials_that_expire_meanwhile_end_the_watching_not_the_operation(
    bench: Workbench, proxy: Proxy, clients: Any
) -> None:
    where = ("--endpoint-url", proxy.url)
    proxy.dice = Since(Fault.EXPIRED, "ExecuteChangeSet")
    ran = bench.run("deploy", "notes", "--yes", where=where)
    assert ran.code == 1
    assert "error: the AWS credentials have expired." in ran.err
    assert "The operation goes on in CloudFormation. To see how it goes: python generate.py status notes" in ran.err
    assert "Traceback" not in ran.err
    proxy.dice = Only(Fault.DELAY, "none")
    assert bench.run("deploy", "notes", "--yes", where=where).code == 0
    assert statuses(clients("cloudformation")) == {"notes-dev": "CREATE_COMPLETE"}
