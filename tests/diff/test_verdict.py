from __future__ import annotations

from typing import Any

import pytest

from tap.diff.verdict import FailOn, exit_code
from tests.diff.building import diff, resource

Pair = tuple[dict[str, Any], dict[str, Any]]

SAME: Pair = ({}, {})
UPDATED = ({"It": resource("SNS::Topic")}, {"It": resource("SNS::Topic", {"DisplayName": "x"})})
REPLACED = ({"It": resource("SNS::Topic")}, {"It": resource("SNS::Topic", {"TopicName": "x"})})
LOST: Pair = ({"It": resource("SQS::Queue")}, {})
KEPT = tuple({"It": resource("SQS::Queue", {"QueueName": n}, UpdateReplacePolicy="Retain")} for n in "ab")


@pytest.mark.parametrize(
    ("pair", "fail_on", "code"),
    [
        (SAME, "change", 0),
        (UPDATED, "change", 2),
        (REPLACED, "change", 2),
        (LOST, "change", 3),
        (KEPT, "change", 3),
        (UPDATED, "replace", 0),
        (REPLACED, "replace", 2),
        (LOST, "replace", 3),
        (REPLACED, "data-loss", 0),
        (LOST, "data-loss", 3),
        (KEPT, "data-loss", 3),
        (LOST, "none", 0),
    ],
)
def test_the_exit_code_says_what_is_at_stake(pair: tuple[Any, Any], fail_on: FailOn, code: int) -> None:
    assert exit_code(diff(*pair), fail_on) == code
