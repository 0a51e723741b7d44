"""The state of an operation under way, as a screen shows it. Pure, but for the clock that it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tap.deploy import eta
from tap.deploy.events import Event
from tap.deploy.rollout import Rollout
from tap.deploy.subject import Subject

Clock = Callable[[], float]


@dataclass(frozen=True)
class Running:
    """A resource in progress: its tier, for how many seconds, and how many it took the last time, if that is known."""

    logical_id: str
    tier: str
    sentence: str
    seconds: float
    usual: float | None


@dataclass(frozen=True)
class Tier:
    """How far a tier is: resources done, and to be done in all where that is known (else 0)."""

    name: str
    done: int
    total: int


class Board:
    """What is known of an operation. Times are CloudFormation's own; the clock says how long ago the last was."""

    def __init__(self, subject: Subject, clock: Clock) -> None:
        self.subject, self._clock = subject, clock
        self.rollouts: Mapping[str, Rollout] = {}
        self.failed = 0
        self.ended = False
        self._begun: datetime | None = None
        self._newest: tuple[datetime, float] | None = None
        self._running: dict[tuple[str, str], datetime] = {}
        self._done: set[tuple[str, str]] = set()

    def take(self, new: Sequence[Event], rollouts: Mapping[str, Rollout]) -> None:
        """Take note of events in the order of time, and of how services get on."""
        self.rollouts = {name: one for name, one in rollouts.items() if name in {key[1] for key in self._running}}
        for event in new:
            self._begun = self._begun or event.time
            if self._newest is None or event.time >= self._newest[0]:
                self._newest = (event.time, self._clock())
            key = (event.stack_id, event.logical_id)
            if event.of_the_stack:
                self.ended = self.ended or (event.stack_name == self.subject.stack_name and not event.in_progress)
            elif event.in_progress:
                self._running.setdefault(key, event.time)
                self._done.discard(key)
            else:
                self._running.pop(key, None)
                self.failed += event.failed
                if not event.failed:
                    self._done.add(key)

    @property
    def seconds(self) -> float:
        """Since when it is under way."""
        return self._since(self._begun) if self._begun else 0.0

    @property
    def done(self) -> int:
        """How many resources are done."""
        return len(self._done)

    @property
    def total(self) -> int:
        """How many there are to be done in all; 0 where that is not known."""
        return len(self.subject.expected)

    @property
    def running(self) -> list[Running]:
        """What is in progress, what began first coming first."""
        found = []
        for (_, logical_id), since in self._running.items():
            part = self.subject.part(logical_id)
            took = self.subject.usual.get(logical_id)
            found.append(Running(logical_id, part.tier, part.sentence, self._since(since), took))
        return found

    @property
    def tiers(self) -> list[Tier]:
        """How far each tier is, in the order of the template."""
        finished = {key[1] for key in self._done}
        touched = set(self.subject.expected) | finished | {key[1] for key in self._running}
        totals: dict[str, int] = {}
        done: dict[str, int] = {}
        for logical_id, part in self.subject.parts.items():
            if logical_id in touched and part.tier:
                totals[part.tier] = totals.get(part.tier, 0) + 1
                done[part.tier] = done.get(part.tier, 0) + (logical_id in finished)
        return [Tier(name, done[name], total) for name, total in totals.items()]

    @property
    def left(self) -> float | None:
        """The seconds that it is likely to take still; None where that cannot be said."""
        running = {one.logical_id: one.seconds for one in self.running}
        return eta.left(self.subject, {key[1] for key in self._done}, running)

    def _since(self, moment: datetime) -> float:
        if self._newest is None:
            return 0.0
        newest, at = self._newest
        return max(0.0, (newest - moment).total_seconds() + self._clock() - at)
