"""The order of several stacks, with stacks that the tests make up: no clock but the test's, and no sleeping."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.deploy.aws_errors import AwsError
from tap.deploy.events import Event
from tap.deploy.rollout import Rollout
from tap.deploy.schedule import InterruptedWatchError, Report, Schedule, Task
from tap.deploy.subject import Subject
from tap.deploy.watch import Outcome, Steps, Watch
from tap.errors import TapError


class DeclinedError(TapError):
    """The person said no."""


class Clock:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Screen:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.waits: list[Mapping[str, Collection[str]]] = []
        self.on = False

    def __enter__(self) -> Screen:
        self.on = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.on = False

    def show(self, subject: Subject, new: Sequence[Event], rollouts: Mapping[str, Rollout]) -> None:
        self.shown.append(subject.stack_name)

    def waiting(self, names: Mapping[str, Collection[str]]) -> None:
        self.waits.append({name: tuple(wanted) for name, wanted in names.items()})


@dataclass
class Fake:
    """An operation that takes ``seconds`` on the clock."""

    clock: Clock
    name: str
    seconds: float
    error: TapError | None = None
    wait: float = 1.0
    outcome: Outcome | None = None
    rollouts: None = None
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.now
        self.subject = Subject(self.name)

    def look(self) -> Sequence[Event]:
        if self.clock.now - self.began >= self.seconds:
            if self.error:
                raise self.error
            self.outcome = Outcome("UPDATE_COMPLETE", ())
        return []


class World:
    """Stacks and how long each takes; ``log`` is what happened, with its time."""

    def __init__(self, parallel: int = 4) -> None:
        self.clock, self.screen = Clock(), Screen()
        self.log: list[tuple[float, str, str]] = []
        self.open: set[str] = set()
        self.most = 0
        self.schedule = Schedule(
            self.screen,
            parallel=parallel,
            halting=(DeclinedError,),
            how_to_go_on="To see how it goes: status.",
            sleep=self.clock.sleep,
            clock=self.clock,
        )

    def task(
        self,
        name: str,
        *needs: str,
        seconds: float = 10,
        before: BaseException | None = None,
        after: TapError | None = None,
        looking: TapError | None = None,
    ) -> Task:
        def steps() -> Steps[None]:
            self.log.append((self.clock.now, "begin", name))
            if before:
                raise before
            self.open.add(name)
            self.most = max(self.most, len(self.open))
            try:
                yield cast("Watch", Fake(self.clock, name, seconds, looking))
                if after:
                    raise after
            finally:
                self.open.remove(name)
            self.log.append((self.clock.now, "end", name))

        return Task(name, steps, frozenset(needs))

    def when(self, what: str) -> dict[str, float]:
        return {name: time for time, kind, name in self.log if kind == what}


def test_each_begins_as_soon_as_what_it_needs_is_done_not_in_levels() -> None:
    world = World()
    report = world.schedule.run(
        [
            world.task("network", seconds=5),
            world.task("keys", seconds=30),
            world.task("balancer", "network", seconds=5),
            world.task("database", "network", "keys", seconds=5),
        ]
    )
    begun = world.when("begin")
    assert begun == {"network": 0, "keys": 0, "balancer": 5, "database": 30}
    assert report.done == ("network", "balancer", "keys", "database")
    assert [watch.subject.stack_name for watch, _ in report.outcomes] == ["network", "balancer", "keys", "database"]
    assert {"balancer": ("network",), "database": ("keys", "network")} in world.screen.waits
    assert not world.screen.on


def test_one_at_a_time_goes_in_the_order_given() -> None:
    world = World(parallel=1)
    world.schedule.run([world.task("a"), world.task("c", "a"), world.task("b")])
    assert world.when("begin") == {"a": 0, "c": 10, "b": 20}
    assert world.most == 1


def test_a_failure_keeps_back_what_needs_it_and_nothing_else() -> None:
    world = World()
    broken = TapError("network could not be created")
    report = world.schedule.run(
        [
            world.task("network", after=broken),
            world.task("keys", seconds=20),
            world.task("balancer", "network"),
            world.task("services", "balancer", "keys"),
            world.task("vault", "keys"),
        ]
    )
    assert report.failed == {"network": broken}
    assert report.done == ("keys", "vault")
    assert report.not_begun == ("balancer", "services")


def test_a_no_lets_nothing_begin_any_more_and_what_is_under_way_end() -> None:
    world = World()
    no = DeclinedError("not confirmed")
    report = world.schedule.run([world.task("a", seconds=30), world.task("b", before=no), world.task("c")])
    assert (report.done, report.failed, report.not_begun) == (("a",), {"b": no}, ("c",))


def test_an_operation_that_cannot_be_looked_at_is_a_failure_of_its_task() -> None:
    world = World()
    expired = AwsError("expired")
    report = world.schedule.run([world.task("a", looking=expired), world.task("b", "a")])
    assert (report.failed, report.not_begun) == ({"a": expired}, ("b",))
    assert world.open == set()


def test_ctrl_c_says_what_goes_on_and_what_has_not_begun() -> None:
    world = World()
    tasks = [world.task("a"), world.task("b"), world.task("c", before=KeyboardInterrupt()), world.task("d", "a")]
    with pytest.raises(InterruptedWatchError) as error:
        world.schedule.run(tasks)
    assert str(error.value) == ("interrupted. a, b go on in CloudFormation. Not begun: d. To see how it goes: status.")
    assert error.value.exit_code == 130
    assert not world.screen.on
    assert world.open == set()


def test_ctrl_c_with_nothing_under_way_says_no_more() -> None:
    world = World()
    with pytest.raises(InterruptedWatchError, match=r"^interrupted\.$"):
        world.schedule.run([world.task("a", before=KeyboardInterrupt())])


def test_what_is_under_way_is_looked_at_while_another_waits_for_its_change_set() -> None:
    world = World()

    def slow() -> Steps[None]:
        world.log.append((world.clock.now, "begin", "slow"))
        world.schedule.idle(7)
        world.log.append((world.clock.now, "end", "slow"))
        return
        yield

    world.schedule.run([world.task("a", seconds=20), Task("slow", slow)])
    assert world.when("end") == {"slow": 7, "a": 20}
    assert world.screen.shown.count("a") >= 20


def test_an_error_of_a_program_is_not_swallowed_and_the_terminal_is_restored() -> None:
    world = World()
    with pytest.raises(ZeroDivisionError):
        world.schedule.run([world.task("a"), world.task("b", before=ZeroDivisionError())])
    assert not world.screen.on
    assert world.open == set()


@given(data=st.data())
def test_any_graph_is_run_in_order_once_each_and_never_too_many(data: Any) -> None:
    size = data.draw(st.integers(1, 8))
    parallel = data.draw(st.integers(1, 4))
    world = World(parallel)
    needs: dict[str, tuple[str, ...]] = {}
    fails = data.draw(st.sets(st.integers(0, size - 1), max_size=2))
    tasks = []
    for place in range(size):
        wanted = data.draw(st.sets(st.integers(0, place - 1), max_size=3)) if place else set()
        needs[str(place)] = tuple(str(one) for one in wanted)
        after = TapError("no") if place in fails else None
        seconds = data.draw(st.integers(1, 9))
        tasks.append(world.task(str(place), *needs[str(place)], seconds=seconds, after=after))
    order = data.draw(st.permutations(tasks))
    report: Report = world.schedule.run(order)
    begun, ended = world.when("begin"), world.when("end")
    assert world.most <= parallel
    assert len(world.log) == len(begun) + len(ended)
    for name, wanted in needs.items():
        if name in begun:
            assert all(ended[one] <= begun[name] for one in wanted)
        else:
            assert name in report.not_begun
            assert any(one in report.failed or one in report.not_begun for one in wanted)
    assert sorted([*report.done, *report.failed, *report.not_begun]) == sorted(needs)
