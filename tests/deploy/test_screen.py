from __future__ import annotations

import io

from rich.console import Console

from tap.deploy.events import event_of
from tap.deploy.screen import HEARTBEAT, LiveScreen, PlainScreen, screen_for
from tap.deploy.subject import Part, Subject
from tests.deploy.test_events import of_stack, raw

NOTES = Subject("notes-dev", {"Database": Part("AWS::RDS::DBCluster", "database", "Keeps the orders.")})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_plain_lines_tell_what_ended_and_of_the_stack() -> None:
    lines: list[str] = []
    with PlainScreen(lines.append, Clock()) as screen:
        screen.show(NOTES, [event_of(of_stack(1, "CREATE_IN_PROGRESS")), event_of(raw(2, "CREATE_IN_PROGRESS"))])
        screen.show(NOTES, [event_of(raw(3, "CREATE_FAILED", ResourceStatusReason="Name\nis taken"))])
    assert [line.split()[1:3] for line in lines] == [["CREATE_IN_PROGRESS", "notes-dev"], ["CREATE_FAILED", "Queue"]]
    assert lines[1].endswith("Name is taken")


def test_a_long_silence_is_broken_by_what_is_still_in_progress() -> None:
    lines: list[str] = []
    clock = Clock()
    screen = PlainScreen(lines.append, clock)
    screen.show(NOTES, [event_of(raw(1, "CREATE_IN_PROGRESS", "Database"))])
    clock.now = HEARTBEAT + 5
    screen.show(NOTES, [])
    screen.show(NOTES, [])
    assert lines == ["          still in progress: Database (1 min 5 s)"]


def test_the_live_picture_shows_what_is_in_progress_for_how_long_and_what_for() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    clock = Clock()
    screen = LiveScreen(console, clock)
    with screen:
        screen.show(
            NOTES, [event_of(raw(1, "CREATE_IN_PROGRESS", "Database")), event_of(raw(1, "CREATE_COMPLETE", "Vpc"))]
        )
        clock.now = 130
        screen.show(NOTES, [event_of(raw(2, "CREATE_FAILED", "Queue"))])
        with console.capture() as captured:
            console.print(screen._picture())
    text = captured.get()
    assert "1 done, 1 in progress, 1 failed, 2 min 10 s" in text
    assert "Database" in text
    assert "2 min 10 s  Keeps the orders." in text


def test_a_terminal_gets_the_picture_and_a_file_the_lines() -> None:
    assert isinstance(screen_for(Console(file=io.StringIO(), force_terminal=True)), LiveScreen)
    file = io.StringIO()
    screen = screen_for(Console(file=file))
    assert isinstance(screen, PlainScreen)
    screen.show(NOTES, [event_of(raw(3, "CREATE_COMPLETE", "Queue", ResourceStatusReason="[bold]x"))])
    assert "[bold]x" in file.getvalue()
