"""What a person sees of operations: plain lines, or a live picture on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from tap import console as consoles
from tap.deploy.board import Board, Clock
from tap.deploy.events import Event
from tap.deploy.rollout import Rollout
from tap.deploy.subject import Subject
from tap.deploy.words import duration

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tap.deploy.schedule import Screen

HEARTBEAT = 60.0
"""Seconds of silence after which the plain screen says what is still running."""


def screen_for(console: Console) -> Screen:
    """The live picture on a terminal, else plain lines."""
    return LiveScreen(console) if console.is_terminal else PlainScreen(lambda line: console.print(line, markup=False))


class _Boards:
    """A board for each stack under way, in the order in which they began."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.all: dict[str, Board] = {}
        self.several = False
        """Whether there is, or was, more than one: then each line says whose it is."""

    def of(self, subject: Subject) -> Board:
        """The board of a stack."""
        if subject.stack_name not in self.all or self.all[subject.stack_name].subject is not subject:
            self.all[subject.stack_name] = Board(subject, self._clock)
        self.several = self.several or len(self.all) > 1
        return self.all[subject.stack_name]

    def line(self, event: Event, subject: Subject) -> str:
        """An event in one line."""
        whose = f"{subject.stack_name}  " if self.several and not event.of_the_stack else ""
        reason = f"  {' '.join(event.reason.split())}" if event.reason else ""
        return f"{event.time:%H:%M:%S}  {event.status:<24} {whose}{event.logical_id}  {event.type}{reason}"


class PlainScreen:
    """A line for what has ended and for the stack itself, and now and then what is still running."""

    def __init__(self, write: Callable[[str], None], clock: Clock = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._boards = _Boards(clock)
        self._last = clock()

    def __enter__(self) -> PlainScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def waiting(self, names: Mapping[str, Collection[str]]) -> None:
        """A run that waits for more than one stack tells each line whose it is."""
        self._boards.several = self._boards.several or len(names) > 1

    def show(self, subject: Subject, new: Sequence[Event], rollouts: Mapping[str, Rollout]) -> None:
        """Print what has ended."""
        board = self._boards.of(subject)
        board.take(new, rollouts)
        for event in new:
            if event.of_the_stack or not event.in_progress:
                self._write(self._boards.line(event, subject))
                self._last = self._clock()
        if self._clock() - self._last >= HEARTBEAT:
            self._beat()

    def _beat(self) -> None:
        for board in self._boards.all.values():
            if board.running:
                whose = f"{board.subject.stack_name}: " if self._boards.several else ""
                running = (f"{one.logical_id} ({duration(one.seconds)})" for one in board.running)
                self._write(f"          {whose}still in progress: {', '.join(running)}")
                for name, rollout in board.rollouts.items():
                    self._write(f"            {name}: {rollout.words}")
                if board.left is not None:
                    self._write(f"            about {duration(board.left)} left, as the last time")
                self._last = self._clock()


class LiveScreen:
    """What has ended scrolls by; below it stands what is in progress, for how long, and what it is for."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        from rich.live import Live

        self._console = console
        self._boards = _Boards(clock)
        self._waiting: Mapping[str, Collection[str]] = {}
        self._stack = ExitStack()
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=4, transient=True)

    def __enter__(self) -> LiveScreen:
        self._stack.enter_context(consoles.showing(self))
        return self

    def pause(self) -> None:
        """Take the picture off the terminal."""
        self._live.stop()

    def resume(self) -> None:
        """Show the picture."""
        self._live.start(refresh=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def waiting(self, names: Mapping[str, Collection[str]]) -> None:
        """Remember what waits, and for what."""
        self._waiting = names
        self._boards.several = self._boards.several or len(names) > 1

    def show(self, subject: Subject, new: Sequence[Event], rollouts: Mapping[str, Rollout]) -> None:
        """Print what has ended; the picture refreshes itself."""
        from rich.text import Text

        self._boards.of(subject).take(new, rollouts)
        for event in new:
            if event.of_the_stack or not event.in_progress:
                ended = "yellow" if "ROLLBACK" in event.status else "green"
                style = "bold red" if event.failed else ended
                line = Text(self._boards.line(event, subject), style if not event.in_progress else "bold")
                # A reason is shown whole, over as many rows as it takes.
                self._console.print(line, soft_wrap=False, no_wrap=not event.reason, overflow="ellipsis")

    def _picture(self) -> RenderableType:
        from rich.console import Group

        from tap.deploy.screen_rich import picture, waits

        boards = [board for board in self._boards.all.values() if not board.ended]
        rest = waits(self._waiting)
        room = max(3, self._console.height - 2 - len(rest))
        return Group(*(row for board in boards for row in picture(board, room // len(boards))), *rest)
