"""What a person sees of an operation: plain lines, or a live picture on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from tap import console as consoles
from tap.deploy.events import Event
from tap.deploy.words import duration

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tap.deploy.schedule import Screen
    from tap.deploy.subject import Subject

Clock = Callable[[], float]
HEARTBEAT = 60.0
"""Seconds of silence after which the plain screen says what is still running."""

SHOWN = 12
"""Resources in progress that the live picture lists."""


def screen_for(console: Console) -> Screen:
    """The live picture on a terminal, else plain lines."""
    return LiveScreen(console) if console.is_terminal else PlainScreen(lambda line: console.print(line, markup=False))


class Tally:
    """What is running since when, and how much is done. Times are the clock's seconds."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.begun = clock()
        self.running: dict[tuple[str, str], float] = {}
        self.done = 0
        self.failed = 0

    def count(self, event: Event) -> None:
        """Take an event into account."""
        if event.of_the_stack:
            return
        key = (event.stack_name, event.logical_id)
        if event.in_progress:
            self.running.setdefault(key, self._clock())
            return
        self.running.pop(key, None)
        self.done += not event.failed
        self.failed += event.failed

    def since(self, moment: float) -> str:
        """The time since ``moment`` in words."""
        return duration(self._clock() - moment)

    def counts(self) -> str:
        """The figures in words."""
        parts = [f"{self.done} done", f"{len(self.running)} in progress"]
        return ", ".join(parts + ([f"{self.failed} failed"] if self.failed else []))


def line(event: Event) -> str:
    """An event in one line."""
    reason = f"  {' '.join(event.reason.split())}" if event.reason else ""
    return f"{event.time:%H:%M:%S}  {event.status:<24} {event.logical_id}  {event.type}{reason}"


class PlainScreen:
    """A line for what has ended and for the stack itself, and now and then what is still running."""

    def __init__(self, write: Callable[[str], None], clock: Clock = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._tally = Tally(clock)
        self._last = clock()

    def __enter__(self) -> PlainScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def waiting(self, names: Mapping[str, Collection[str]]) -> None:
        """Nothing is printed of what waits."""

    def show(self, subject: Subject, new: Sequence[Event]) -> None:
        """Print what has ended."""
        for event in new:
            self._tally.count(event)
            if event.of_the_stack or not event.in_progress:
                self._write(line(event))
                self._last = self._clock()
        if self._clock() - self._last >= HEARTBEAT and self._tally.running:
            running = (f"{key[1]} ({self._tally.since(since)})" for key, since in self._tally.running.items())
            self._write(f"          still in progress: {', '.join(running)}")
            self._last = self._clock()


class LiveScreen:
    """What has ended scrolls by; below it stands what is in progress, for how long, and what it is for."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        from rich.live import Live

        self._console, self._says = console, dict[str, str]()
        self._stack = ExitStack()
        self._tally = Tally(clock)
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
        """Remember what waits."""

    def show(self, subject: Subject, new: Sequence[Event]) -> None:
        """Print what has ended; the picture refreshes itself."""
        from rich.text import Text

        self._says |= {key: part.sentence for key, part in subject.parts.items()}
        for event in new:
            self._tally.count(event)
            if event.of_the_stack or not event.in_progress:
                ended = "yellow" if "ROLLBACK" in event.status else "green"
                style = "bold red" if event.failed else ended
                self._console.print(Text(line(event), style if not event.in_progress else "bold"))

    def _picture(self) -> RenderableType:
        from rich.console import Group
        from rich.spinner import Spinner
        from rich.text import Text

        running = list(self._tally.running.items())
        rows = [
            Text.assemble(
                f"  {logical_id:<32.32} {self._tally.since(since):>12}  ",
                (self._says.get(logical_id, ""), "dim"),
                no_wrap=True,
                overflow="ellipsis",
            )
            for (_, logical_id), since in running[:SHOWN]
        ]
        if len(running) > SHOWN:
            rows.append(Text(f"  and {len(running) - SHOWN} more"))
        head = Spinner("dots", Text(f" {self._tally.counts()}, {self._tally.since(self._tally.begun)}"))
        return Group(head, *rows)
