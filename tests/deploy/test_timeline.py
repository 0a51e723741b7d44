from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.deploy.events import Event
from tap.deploy.subject import Subject, subject
from tap.deploy.timeline import as_json, spans_of, timeline
from tap.deploy.timeline_text import of_run, text
from tests.deploy.test_events import CHILD, START, events, nested, of_stack, raw

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Vpc": {"Type": "AWS::EC2::VPC", "Metadata": {"Tier": "network"}},
        "Key": {"Type": "AWS::KMS::Key"},
        "Database": {
            "Type": "AWS::RDS::DBCluster",
            "Properties": {"KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}, "VpcId": {"Ref": "Vpc"}},
        },
        "Service": {"Type": "AWS::ECS::Service", "DependsOn": "Database", "Properties": {"X": {"Fn::Sub": "${Vpc}"}}},
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
}
NOTES = subject("notes-dev", [TEMPLATE])


def creation() -> list[Event]:
    """Vpc 0–10, Key 0–4, Topic 1–3, Database 10–70, Service 71–100; the stack 0–101."""
    return events(
        of_stack(-1, "REVIEW_IN_PROGRESS"),
        of_stack(0, "CREATE_IN_PROGRESS"),
        raw(0, "CREATE_IN_PROGRESS", "Vpc"),
        raw(0, "CREATE_IN_PROGRESS", "Key"),
        raw(1, "CREATE_IN_PROGRESS", "Topic"),
        raw(2, "CREATE_IN_PROGRESS", "Key", ResourceStatusReason="Resource creation Initiated"),
        raw(3, "CREATE_COMPLETE", "Topic"),
        raw(4, "CREATE_COMPLETE", "Key"),
        raw(10, "CREATE_COMPLETE", "Vpc"),
        raw(10, "CREATE_IN_PROGRESS", "Database"),
        raw(70, "CREATE_COMPLETE", "Database"),
        raw(71, "CREATE_IN_PROGRESS", "Service"),
        raw(100, "CREATE_COMPLETE", "Service"),
        of_stack(101, "CREATE_COMPLETE"),
    )


def test_who_took_how_long_and_who_waited_for_whom() -> None:
    found = timeline(creation(), NOTES)
    assert found is not None
    assert (found.stack_name, found.seconds, found.under_way) == ("notes-dev", 101, False)
    assert [(row.span.logical_id, found.took(row.span), row.after, row.critical) for row in found.rows] == [
        ("Key", 4, "", False),
        ("Vpc", 10, "", True),
        ("Topic", 2, "", False),
        ("Database", 60, "Vpc", True),
        ("Service", 29, "Database", True),
    ]
    assert [span.logical_id for span in found.path] == ["Vpc", "Database", "Service"]
    assert found.rows[1].tier == "network"


def test_a_deletion_waits_for_what_needs_the_resource() -> None:
    found = timeline(
        events(
            of_stack(0, "DELETE_IN_PROGRESS"),
            raw(1, "DELETE_IN_PROGRESS", "Service"),
            raw(5, "DELETE_COMPLETE", "Service"),
            raw(5, "DELETE_IN_PROGRESS", "Database"),
            raw(9, "DELETE_COMPLETE", "Database"),
            raw(9, "DELETE_IN_PROGRESS", "Vpc"),
            raw(12, "DELETE_COMPLETE", "Vpc"),
            of_stack(12, "DELETE_COMPLETE"),
        ),
        NOTES,
    )
    assert found is not None
    assert [span.logical_id for span in found.path] == ["Service", "Database", "Vpc"]
    assert found.rows[-1].after == "Database"


def test_what_was_made_and_removed_again_are_two_spans() -> None:
    spans = spans_of(
        events(
            raw(1, "CREATE_IN_PROGRESS"),
            raw(2, "CREATE_FAILED"),
            raw(3, "DELETE_IN_PROGRESS"),
            raw(4, "DELETE_COMPLETE"),
            raw(9, "UPDATE_IN_PROGRESS", "Other"),
        )
    )
    assert [(span.action, span.failed, span.end is None) for span in spans] == [
        ("CREATE", True, False),
        ("DELETE", False, False),
        ("UPDATE", False, True),
    ]


def test_a_nested_stack_on_the_path_is_followed_by_its_own() -> None:
    found = timeline(
        events(
            of_stack(0, "CREATE_IN_PROGRESS"),
            nested(1, "CREATE_IN_PROGRESS"),
            raw(2, "CREATE_IN_PROGRESS", "Table", StackId=CHILD, StackName="notes-dev-Storage"),
            raw(8, "CREATE_COMPLETE", "Table", StackId=CHILD, StackName="notes-dev-Storage"),
            nested(9, "CREATE_COMPLETE"),
            of_stack(10, "CREATE_COMPLETE"),
        ),
        Subject("notes-dev"),
    )
    assert found is not None
    assert [span.logical_id for span in found.path] == ["Storage", "Table"]
    assert any(line.startswith("  Storage/Table") for line in text(found, 80))


def test_what_is_under_way_still_is_on_the_path_and_counts_up_to_now() -> None:
    found = timeline(creation()[:-3], NOTES)
    assert found is not None
    assert found.under_way
    found = timeline(creation()[:11], NOTES)
    assert found is not None
    assert found.path[-1].logical_id == "Database"
    assert "so far" in text(found, 80)[0]


def test_without_events_there_is_no_time_line() -> None:
    assert timeline([], NOTES) is None
    assert timeline(events(of_stack(0, "REVIEW_IN_PROGRESS")), NOTES) is None


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_bars_fit_the_width_and_stand_where_the_time_was(width: int) -> None:
    found = timeline(creation(), NOTES)
    assert found is not None
    lines = text(found, width)
    assert lines[0] == "notes-dev: 1 min 41 s, 5 resources"
    bars = {line.split()[0]: line for line in lines[1:6]}
    assert all(len(line) <= width for line in lines[:7])
    assert bars["Database"].index("█") > bars["Vpc"].index("█")
    assert bars["Database"].count("█") > 5 * bars["Vpc"].count("█") - 5
    assert "▒" in bars["Key"]
    assert lines[-1] == "  Critical path: Vpc 10 s → Database 1 min 0 s → Service 29 s"


def test_of_many_the_path_and_the_longest_are_shown() -> None:
    found = timeline(creation(), NOTES)
    assert found is not None
    lines = text(found, 80, 4)
    assert [line.split()[0] for line in lines[1:5]] == ["Key", "Vpc", "Database", "Service"]
    assert "and 1 resource that took less" in lines[5]


def test_of_several_stacks_the_path_through_them_is_told() -> None:
    def at(start: int, end: int) -> Any:
        return (START + timedelta(seconds=start), START + timedelta(seconds=end))

    times = {"network": at(0, 10), "keys": at(0, 3), "database": at(10, 70), "services": at(70, 100)}
    needs = {"database": frozenset({"network", "keys"}), "services": frozenset({"database", "network", "elsewhere"})}
    assert of_run(times, needs) == [
        "4 stacks: 1 min 40 s",
        "  Critical path: network 10 s → database 1 min 0 s → services 30 s",
    ]
    assert of_run({"network": at(0, 10)}, {}) == []


def test_it_is_plain_data_too() -> None:
    found = timeline(creation(), NOTES)
    assert found is not None
    data = json.loads(json.dumps(as_json(found)))
    assert data["criticalPath"] == ["notes-dev/Vpc", "notes-dev/Database", "notes-dev/Service"]
    assert data["resources"][3]["after"] == "Vpc"
    assert data["seconds"] == 101


STATUSES = ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "ODD"]
DRAWN = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(STATUSES), st.sampled_from(["Vpc", "Database", "Service", "*", "N"])),
    max_size=15,
)


@given(DRAWN, st.integers(10, 200))
def test_any_events_make_a_time_line_whose_path_goes_forward(drawn: list[tuple[int, str, str]], width: int) -> None:
    made = []
    for number, status, who in sorted(drawn):
        one = (
            of_stack(number, status)
            if who == "*"
            else nested(number, status)
            if who == "N"
            else raw(number, status, who)
        )
        made.append(one)
    found = timeline(events(*made), NOTES)
    if found is None:
        assert not made
        return
    starts = [span.start for span in found.path]
    assert starts == sorted(starts)
    assert all(row.span.end is None or row.span.start <= row.span.end for row in found.rows)
    lines = text(found, width)
    assert all(len(line) <= max(width, 60) for line in lines[1 : len(found.rows) + 1])
    json.dumps(as_json(found))
