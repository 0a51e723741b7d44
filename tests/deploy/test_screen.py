from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from tap.deploy.events import Event, event_of
from tap.deploy.rollout import Rollout
from tap.deploy.screen import HEARTBEAT, LiveScreen, PlainScreen, screen_for
from tap.deploy.subject import Part, Subject
from tests.deploy.test_events import events, of_stack, raw

PARTS = {
    "Vpc": Part("AWS::EC2::VPC", "network", "The network of the shop."),
    "Database": Part("AWS::RDS::DBCluster", "database", "Keeps the orders.", frozenset({"Vpc"})),
    "Service": Part("AWS::ECS::Service", "services", "Answers the API.", frozenset({"Database"})),
    "Alarm": Part("AWS::CloudWatch::Alarm", "monitoring", "Rings.", frozenset({"Service"})),
}
NOTES = Subject("notes-dev", PARTS, dict.fromkeys(PARTS, "UPDATE"))
TASKS = Rollout(2, 1, 1, 3, ("Essential container in task exited; web: exit code 1",))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def in_the_middle() -> list[Event]:
    """The network is done; database and service are in progress, since the seconds 10 and 40."""
    return events(
        of_stack(0, "UPDATE_IN_PROGRESS"),
        raw(0, "UPDATE_IN_PROGRESS", "Vpc"),
        raw(9, "UPDATE_COMPLETE", "Vpc"),
        raw(10, "UPDATE_IN_PROGRESS", "Database"),
        raw(40, "UPDATE_IN_PROGRESS", "Service"),
    )


def picture(width: int, height: int = 24, subject: Subject = NOTES, **rollouts: Rollout) -> str:
    """The live picture 30 seconds after the last event."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)
    clock = Clock()
    screen = LiveScreen(console, clock)
    with screen:
        screen.waiting({"notes-dev-edge": ["notes-dev"]})
        screen.show(subject, in_the_middle(), {})
        screen.show(subject, [], rollouts)
    clock.now = 30
    with console.capture() as captured:
        console.print(screen._picture())
    return captured.get()


def test_plain_lines_tell_what_ended_and_of_the_stack() -> None:
    lines: list[str] = []
    with PlainScreen(lines.append, Clock()) as screen:
        screen.show(NOTES, events(of_stack(1, "CREATE_IN_PROGRESS"), raw(2, "CREATE_IN_PROGRESS")), {})
        screen.show(NOTES, events(raw(3, "CREATE_FAILED", ResourceStatusReason="Name\nis taken")), {})
    assert [line.split()[1:3] for line in lines] == [["CREATE_IN_PROGRESS", "notes-dev"], ["CREATE_FAILED", "Queue"]]
    assert lines[1].endswith("Name is taken")


def test_of_several_stacks_each_line_says_whose_it_is() -> None:
    lines: list[str] = []
    screen = PlainScreen(lines.append, Clock())
    screen.waiting({"a": [], "b": ["a"]})
    screen.show(NOTES, events(raw(3, "CREATE_COMPLETE", "Vpc")), {})
    assert "CREATE_COMPLETE          notes-dev  Vpc" in lines[0]


def test_a_long_silence_is_broken_by_what_is_still_in_progress() -> None:
    lines: list[str] = []
    clock = Clock()
    screen = PlainScreen(lines.append, clock)
    screen.show(NOTES, events(raw(1, "CREATE_IN_PROGRESS", "Service")), {})
    clock.now = HEARTBEAT + 5
    screen.show(NOTES, [], {"Service": TASKS})
    screen.show(NOTES, [], {})
    assert lines == [
        "          still in progress: Service (1 min 5 s)",
        f"            Service: {TASKS.words}",
    ]


def test_the_live_picture_shows_tiers_what_is_in_progress_for_how_long_what_for_and_what_waits() -> None:
    lines = [line.rstrip() for line in picture(160, Service=TASKS).split("\n")]
    assert lines[0].endswith("notes-dev  1 of 4 done, 2 in progress, 1 min 10 s, no estimate")
    assert lines[1:] == [
        "  database 0 of 1",
        f"    {'Database':<28} {'1 min 0 s':>12}  Keeps the orders.",
        "  services 0 of 1",
        f"    {'Service':<28} {'30 s':>12}  Answers the API.",
        f"      {TASKS.words}",
        "  ✓ network 1",
        "  · to come: monitoring 1",
        "  notes-dev-edge waits for notes-dev",
        "",
    ]


def test_what_it_took_the_last_time_gives_an_estimate() -> None:
    subject = Subject("notes-dev", PARTS, NOTES.expected, {"Vpc": 9, "Database": 300, "Service": 60, "Alarm": 5})
    shown = picture(100, subject=subject)
    # The rest of the database, a service that has begun, and the alarm after it.
    assert "about 4 min 35 s left" in shown
    assert "1 min 0 s of ~5 min 0 s" in shown


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (100, 6), (160, 50), (20, 4)])
def test_the_picture_fits_the_terminal(width: int, height: int) -> None:
    lines = picture(width, height, Service=TASKS).rstrip("\n").split("\n")
    assert all(len(line) <= width for line in lines)
    assert len(lines) <= max(height, 6)


def test_a_stack_that_has_ended_leaves_the_picture() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    screen = LiveScreen(console, Clock())
    screen.show(NOTES, [*in_the_middle(), event_of(of_stack(50, "UPDATE_COMPLETE"))], {})
    with console.capture() as captured:
        console.print(screen._picture())
    assert captured.get().strip() == ""


def test_a_terminal_gets_the_picture_and_a_file_the_lines() -> None:
    assert isinstance(screen_for(Console(file=io.StringIO(), force_terminal=True)), LiveScreen)
    file = io.StringIO()
    screen = screen_for(Console(file=file))
    assert isinstance(screen, PlainScreen)
    screen.show(NOTES, events(raw(3, "CREATE_COMPLETE", "Queue", ResourceStatusReason="[bold]x")), {})
    assert "[bold]x" in file.getvalue()


def test_a_question_stops_the_picture_and_it_comes_back() -> None:
    from tap import console as consoles

    console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    screen: Any = LiveScreen(console, Clock())
    with screen:
        assert screen._live.is_started
        with consoles.quiet():
            assert not screen._live.is_started
        assert screen._live.is_started
    assert not screen._live.is_started
    with consoles.quiet():
        pass
    assert not screen._live.is_started
