"""An emulator for each test process, and an account of its own for each test."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from tap.local import DEFAULT_REGION, SECRET, Endpoint, process
from tap.local.files import Files


class Clients(Protocol):
    """Makes boto3 clients for the emulator and the test's account."""

    def __call__(self, service: str, *, region: str = DEFAULT_REGION) -> Any: ...


@contextmanager
def emulator_in(state_dir: Path) -> Iterator[Endpoint]:
    """An emulator in a state folder of its own, ended when the block is left or this process dies."""
    where = Files(state_dir / "local")
    read_end, write_end = os.pipe()
    try:
        record = process.ensure(where, lifeline=read_end)
        os.close(read_end)
        yield Endpoint(f"http://127.0.0.1:{record.port}", "0" * 12, SECRET, DEFAULT_REGION, record.pid)
    finally:
        os.close(write_end)
        process.stop(where, forget=True)


@pytest.fixture(scope="session", autouse=True)
def heard_interruptions() -> None:
    """Commands hear SIGINT, also where the tests are begun in the background of a shell, which is deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def emulator_state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TAP_STATE_DIR of this test process's emulator."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def emulator(emulator_state_dir: Path) -> Iterator[Endpoint]:
    """The emulator of this test process. Without ``.venv-emulator`` this fails and says what to do."""
    with emulator_in(emulator_state_dir) as endpoint:
        yield endpoint


@pytest.fixture
def account() -> str:
    """A new account: twelve digits that no other test has."""
    return f"1{uuid.uuid4().int % 10**11:011d}"


@pytest.fixture
def clients(emulator: Endpoint, account: str) -> Clients:
    """``clients("s3")``, ``clients("ec2", region="eu-west-1")``: for the emulator and the test's account."""
    import boto3
    from botocore.config import Config

    def client(service: str, *, region: str = DEFAULT_REGION) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=emulator.url,
            aws_access_key_id=account,
            aws_secret_access_key=emulator.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    return client


@pytest.fixture
def environment(emulator: Endpoint, emulator_state_dir: Path, account: str) -> dict[str, str]:
    """The environment in which ``python generate.py … --local`` reaches this emulator and the test's account.

    None of the AWS settings of the person who runs the tests is in it.
    """
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TAP_"))},
        "TAP_STATE_DIR": str(emulator_state_dir),
        "TAP_LOCAL_ACCOUNT": account,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
