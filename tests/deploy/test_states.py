from __future__ import annotations

import botocore.session
import pytest
from botocore.model import StringShape

from tap import project
from tap.deploy.states import HEADINGS, STATES, Deletion, Next, Resumption, rows, state_of
from tap.exit_codes import DONE, LEFT_FAILED, ROLLED_BACK

MODEL = botocore.session.get_session().get_service_model("cloudformation")
STATUS = MODEL.shape_for("StackStatus")
assert isinstance(STATUS, StringShape)
STATUSES: list[str] = STATUS.enum


def test_the_table_has_every_status_that_cloudformation_has_and_no_other() -> None:
    assert sorted(STATES) == sorted(STATUSES)


@pytest.mark.parametrize("status", STATUSES)
def test_what_is_under_way_is_busy_and_nothing_else_is(status: str) -> None:
    in_progress = status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
    assert STATES[status].under_way is in_progress


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_that_stops_a_deployment_says_what_to_do(status: str) -> None:
    state = STATES[status]
    if state.next in {Next.BUSY, Next.STUCK, Next.DELETE_FIRST}:
        assert state.advice.format(name="notes-dev")


@pytest.mark.parametrize(
    ("status", "next_step"),
    [
        (None, Next.CREATE),
        ("DELETE_COMPLETE", Next.CREATE),
        ("REVIEW_IN_PROGRESS", Next.CREATE),
        ("CREATE_COMPLETE", Next.UPDATE),
        ("UPDATE_ROLLBACK_COMPLETE", Next.UPDATE),
        ("ROLLBACK_COMPLETE", Next.DELETE_FIRST),
        ("ROLLBACK_FAILED", Next.DELETE_FIRST),
        ("CREATE_FAILED", Next.DELETE_FIRST),
        ("UPDATE_ROLLBACK_FAILED", Next.STUCK),
        ("DELETE_FAILED", Next.STUCK),
        ("SOMETHING_NEW_IN_PROGRESS", Next.BUSY),
        ("SOMETHING_NEW", Next.STUCK),
    ],
)
def test_what_a_deployment_does_with_a_status(status: str | None, next_step: Next) -> None:
    assert state_of(status).next is next_step


def test_good_ends_are_those_in_which_nothing_was_taken_back() -> None:
    good = {status for status, state in STATES.items() if state.good}
    assert good == {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"}


def test_the_exit_code_tells_rolled_back_from_left_failed() -> None:
    for status, state in STATES.items():
        if state.under_way or status == "REVIEW_IN_PROGRESS":
            continue
        expected = LEFT_FAILED if status.endswith("_FAILED") else ROLLED_BACK if "ROLLBACK" in status else DONE
        assert state.code == expected, status


def test_what_delete_and_continue_rollback_do() -> None:
    for status, state in STATES.items():
        assert (state.deletion is Deletion.RETRY) is (status == "DELETE_FAILED")
        assert (state.resumption is Resumption.CONTINUE) is (status == "UPDATE_ROLLBACK_FAILED")
        if state.under_way:
            own = status == "DELETE_IN_PROGRESS"
            assert state.deletion is (Deletion.FOLLOW if own else Deletion.WAIT)
            back = status.startswith("UPDATE_ROLLBACK")
            assert state.resumption is (Resumption.FOLLOW if back else Resumption.REFUSE)


def test_drift_is_not_asked_for_while_something_is_under_way_or_nothing_is_there() -> None:
    assert not any(state.drift for state in STATES.values() if state.under_way or state.next is Next.CREATE)
    assert STATES["UPDATE_ROLLBACK_FAILED"].drift


def test_the_page_shows_this_very_table() -> None:
    text = (project.ROOT / "docs" / "deploying.md").read_text("utf-8")
    shown = [line for line in text.split("\n") if line.startswith("| ")]
    expected = ["| " + " | ".join(HEADINGS) + " |"]
    expected += ["| " + " | ".join((f"`{row[0]}`", *row[1:])) + " |" for row in rows()]
    assert [line for line in shown if line in expected] == expected
