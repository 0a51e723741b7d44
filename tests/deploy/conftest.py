from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber


def client_of(service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def stubbed() -> Iterator[Callable[[str], tuple[Any, Stubber]]]:
    """``stubbed("cloudformation")``: a client that answers what the stubber is told, and nothing else.

    At the end every answer must have been asked for.
    """
    stubbers = []

    def make(service: str) -> tuple[Any, Stubber]:
        client = client_of(service)
        stubber = Stubber(client)
        stubber.activate()
        stubbers.append(stubber)
        return client, stubber

    yield make
    for stubber in stubbers:
        stubber.assert_no_pending_responses()


@pytest.fixture
def waits() -> list[float]:
    """Takes the place of sleeping: ``sleep=waits.append``."""
    return []
