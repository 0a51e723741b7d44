"""Several stacks at once: each begins as soon as what it needs is done, so many at a time.

One thread does it all: it begins what can begin, and looks at what is under way in turn. CloudFormation does the work,
so nothing is gained by more of them; and an interruption, a question or an error then has one place to be in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Protocol

from tap.deploy.aws_errors import translated
from tap.deploy.changeset import Sleep
from tap.deploy.events import Event
from tap.deploy.rollout import Rollout
from tap.deploy.subject import Subject
from tap.deploy.watch import Outcome, Steps, Watch
from tap.errors import TapError

Clock = Callable[[], float]


class InterruptedWatchError(TapError):
    """The person stopped watching; CloudFormation goes on."""

    exit_code = 130


class Screen(Protocol):
    """What shows the operations under way."""

    def __enter__(self) -> Screen: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, subject: Subject, new: Sequence[Event], rollouts: Mapping[str, Rollout]) -> None:
        """Take note of an operation's new events, and of how its services get on; called at every look."""

    def waiting(self, names: Mapping[str, Collection[str]]) -> None:
        """Take note of what has not begun, and what each still waits for."""


@dataclass(frozen=True)
class Task:
    """One stack's turn. ``needs`` are the names of the tasks that must be done before it; unknown names are none."""

    name: str
    steps: Callable[[], Steps[Any]]
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """What became of each task. ``outcomes`` are the operations in the order in which they ended."""

    done: tuple[str, ...] = ()
    failed: Mapping[str, TapError] = field(default_factory=dict)
    not_begun: tuple[str, ...] = ()
    outcomes: tuple[tuple[Watch, Outcome], ...] = ()


@dataclass
class _Turn:
    """A task that has begun: the operation that it waits for, when to look at it, and what went wrong in looking."""

    task: Task
    steps: Steps[Any]
    watch: Watch | None = None
    due: float = 0.0
    error: TapError | None = None

    @property
    def ready(self) -> bool:
        """Whether it can go on."""
        return self.error is not None or (self.watch is not None and self.watch.outcome is not None)


class Schedule:
    """Runs tasks, at most ``parallel`` at a time.

    An error of one lets the others go on, except those that need it; one of the kinds in ``halting`` lets nothing begin
    any more. What is under way is watched to its end in any case.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        parallel: int,
        halting: tuple[type[TapError], ...] = (),
        how_to_go_on: str = "",
        sleep: Sleep = time.sleep,
        clock: Clock = time.monotonic,
    ) -> None:
        self._screen, self._parallel, self._halting = screen, parallel, halting
        self._how_to_go_on, self._sleep, self._clock = how_to_go_on, sleep, clock
        self._waiting: dict[str, Task] = {}
        self._turns: dict[str, _Turn] = {}
        self._done: list[str] = []
        self._failed: dict[str, TapError] = {}
        self._outcomes: list[tuple[Watch, Outcome]] = []
        self._halted = False

    def run(self, tasks: Iterable[Task]) -> Report:
        """Run ``tasks``; of those that can begin, the first given comes first.

        Raises InterruptedWatchError on Ctrl-C: what is under way goes on, which the message says.
        """
        self._waiting = {task.name: task for task in tasks}
        try:
            with self._screen:
                while True:
                    if self._begin() or self._advance():
                        continue
                    if not self._turns:
                        break
                    self.idle(self._until_next())
        except KeyboardInterrupt:
            raise InterruptedWatchError(self._interrupted()) from None
        finally:
            for turn in self._turns.values():
                turn.steps.close()
        return Report(tuple(self._done), self._failed, tuple(self._waiting), tuple(self._outcomes))

    def idle(self, seconds: float) -> None:
        """Let time pass, and meanwhile look at what is under way: for steps that wait for something themselves."""
        end = self._clock() + seconds
        while True:
            pause = min([end, *(turn.due for turn in self._watched())]) - self._clock()
            if pause > 0:
                self._sleep(pause)
            for turn in self._watched():
                if turn.due <= self._clock():
                    self._look(turn)
            if self._clock() >= end:
                return

    @property
    def under_way(self) -> list[str]:
        """The names of the tasks whose operations are under way."""
        return [name for name, turn in self._turns.items() if turn.watch]

    def _watched(self) -> list[_Turn]:
        return [turn for turn in self._turns.values() if turn.watch and not turn.ready]

    def _until_next(self) -> float:
        return max(0.0, min(turn.due for turn in self._watched()) - self._clock())

    def _look(self, turn: _Turn) -> None:
        watch = turn.watch
        if watch is None:
            return
        try:
            new = watch.look()
        except TapError as error:
            turn.error = error
        else:
            self._screen.show(watch.subject, new, watch.rollouts.known if watch.rollouts else {})
        turn.due = self._clock() + watch.wait

    def _begin(self) -> bool:
        """Begin the next task that can; gives whether there was one."""
        self._screen.waiting({name: self._missing(task) for name, task in self._waiting.items()})
        if self._halted or len(self._turns) >= self._parallel:
            return False
        for task in self._waiting.values():
            if not self._missing(task):
                del self._waiting[task.name]
                turn = self._turns[task.name] = _Turn(task, task.steps())
                self._step(turn, partial(next, turn.steps))
                return True
        return False

    def _missing(self, task: Task) -> list[str]:
        """What a task still waits for; for ever, where that has failed."""
        open_ = {*self._waiting, *self._turns, *self._failed} - {task.name}
        return sorted(task.needs & open_)

    def _advance(self) -> bool:
        """Tell a task that its operation has ended, or can no longer be looked at; gives whether there was one."""
        for turn in self._turns.values():
            watch, error = turn.watch, turn.error
            if watch is None or not turn.ready:
                continue
            turn.watch = turn.error = None
            if error:
                self._step(turn, partial(turn.steps.throw, error))
            elif watch.outcome:
                self._outcomes.append((watch, watch.outcome))
                self._step(turn, partial(turn.steps.send, watch.outcome))
            return True
        return False

    def _step(self, turn: _Turn, step: Callable[[], Watch]) -> None:
        """Go on with a task until its next operation is under way, or it ends."""
        try:
            with translated():
                turn.watch = step()
            turn.due = self._clock()
        except StopIteration:
            del self._turns[turn.task.name]
            self._done.append(turn.task.name)
        except TapError as error:
            del self._turns[turn.task.name]
            self._failed[turn.task.name] = error
            self._halted = self._halted or isinstance(error, self._halting)

    def _interrupted(self) -> str:
        under_way = self.under_way
        if not under_way:
            return "interrupted."
        alone = len(under_way) == 1 and not self._waiting
        goes_on = "The operation goes on in CloudFormation." if alone else f"{_listed(under_way)} in CloudFormation."
        rest = f" Not begun: {', '.join(self._waiting)}." if self._waiting else ""
        return f"interrupted. {goes_on}{rest} {self._how_to_go_on}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'goes on' if len(names) == 1 else 'go on'}"
