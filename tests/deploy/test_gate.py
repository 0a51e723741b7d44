"""The gate as a table: what is harmful, what was said, what comes next."""

from __future__ import annotations

import pytest

from tap.deploy.gate import Allowed, BlockedError, Does, Harm, Step, decide, misplaced
from tap.diff.model import Level

QUEUE = Harm("Queue", "AWS::SQS::Queue", Does.REPLACE, Level.LOSS, holds="the messages in the queue", policy="Delete")
KEPT = Harm("Table", "AWS::DynamoDB::Table", Does.REPLACE, Level.NOTE, holds="all items", policy="Retain")
DELETED = Harm("Bucket", "AWS::S3::Bucket", Does.DELETE, Level.POSSIBLE, holds="the objects", policy="Delete")
LEFT = Harm("Log", "AWS::Logs::LogGroup", Does.DELETE, Level.NOTE, holds="the log events", policy="Retain")
WEAKER = Harm("Data", "AWS::RDS::DBCluster", Does.WEAKEN, Level.POSSIBLE, holds="the cluster's databases")
TOPIC = Harm("Topic", "AWS::SNS::Topic", Does.REPLACE)
GONE = Harm("Old", "AWS::SNS::Topic", Does.DELETE)
NONE = Allowed()


def allowed(replace: str = "", delete: str = "") -> Allowed:
    return Allowed(frozenset(replace.split()), frozenset(delete.split()))


@pytest.mark.parametrize(
    ("harms", "named", "asked", "yes"),
    [
        # the harmful changes, what is named; the step on a terminal, and with --yes
        ((), NONE, Step.ASK, Step.GO),
        ((TOPIC,), NONE, Step.WORD, Step.GO),
        ((GONE,), NONE, Step.WORD, Step.GO),
        ((LEFT,), NONE, Step.WORD, Step.GO),
        ((TOPIC,), allowed("Topic"), Step.ASK, Step.GO),
        ((QUEUE,), NONE, Step.NAME, Step.BLOCKED),
        ((KEPT,), NONE, Step.NAME, Step.BLOCKED),
        ((DELETED,), NONE, Step.NAME, Step.BLOCKED),
        ((WEAKER,), NONE, Step.NAME, Step.BLOCKED),
        ((QUEUE,), allowed("Queue"), Step.ASK, Step.GO),
        ((QUEUE,), allowed(delete="Queue"), Step.NAME, Step.BLOCKED),
        ((WEAKER,), allowed(delete="Data"), Step.ASK, Step.GO),
        ((QUEUE, DELETED), allowed("Queue"), Step.NAME, Step.BLOCKED),
        ((QUEUE, DELETED), allowed("Queue", "Bucket"), Step.ASK, Step.GO),
        ((QUEUE, TOPIC), allowed("Queue"), Step.WORD, Step.GO),
    ],
)
def test_what_comes_next(harms: tuple[Harm, ...], named: Allowed, asked: Step, yes: Step) -> None:
    assert decide(harms, named, yes=False, terminal=True).step is asked
    assert decide(harms, named, yes=True, terminal=True).step is yes
    assert decide(harms, named, yes=True, terminal=False).step is yes
    assert decide(harms, named, yes=False, terminal=False).step is Step.BLOCKED


def test_a_blocked_plan_says_what_is_harmful_and_what_to_add() -> None:
    verdict = decide((QUEUE, DELETED, WEAKER, TOPIC), NONE, yes=True, terminal=False)
    assert verdict.sentences == (
        "Queue (AWS::SQS::Queue) holds data and would be replaced.",
        "Bucket (AWS::S3::Bucket) holds data and would be deleted.",
        "Data (AWS::RDS::DBCluster) holds data and would be less protected.",
        "If that is meant, add: --allow-replace Queue --allow-delete Bucket --allow-delete Data",
    )
    silent = decide((QUEUE,), NONE, yes=False, terminal=False)
    assert silent.sentences[-1] == "If that is meant, add: --allow-replace Queue --yes"


def test_without_a_terminal_yes_is_what_is_missing() -> None:
    (sentence,) = decide((TOPIC,), NONE, yes=False, terminal=False).sentences
    assert "no terminal" in sentence
    assert "--yes" in sentence
    assert BlockedError.exit_code == 3


@pytest.mark.parametrize(
    ("named", "says"),
    [
        (allowed("Queue", "Bucket"), []),
        (allowed("Qeue"), ["--allow-replace Qeue: it is not among the harmful changes."]),
        (allowed("Here"), ["--allow-replace Here: it is not among the harmful changes."]),
        (
            allowed(delete="Queue"),
            ["--allow-delete Queue: it would be replaced. If that is meant: --allow-replace Queue"],
        ),
        # It may still be of use, or has been, or its stack had no changes.
        (allowed("Later"), []),
        (allowed("Both"), []),
        (allowed("Earlier/Table"), []),
        (allowed("Used"), []),
    ],
)
def test_a_name_that_is_not_harmful_is_an_error(named: Allowed, says: list[str]) -> None:
    here, later, elsewhere = (
        {"Queue", "Bucket", "Here", "Both", "Used"},
        {"Later", "Both"},
        {"Earlier", "Later", "Both"},
    )
    found = misplaced(named, (QUEUE, DELETED), {"Used"}, here=here, later=later, elsewhere=elsewhere)
    assert list(found) == says
