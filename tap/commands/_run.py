"""The run of a verb over a system's stacks: each in its turn, watched on one screen; and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

import click
from botocore.exceptions import BotoCoreError, ClientError

from tap import console
from tap.commands import _report, _target
from tap.deploy import eta, events, timeline_text
from tap.deploy.aws_errors import AwsError
from tap.deploy.gate import BlockedError
from tap.deploy.rollout import Rollouts
from tap.deploy.schedule import Report, Schedule, Task
from tap.deploy.screen import screen_for
from tap.deploy.subject import Subject
from tap.deploy.timeline import spans_of, timeline
from tap.deploy.watch import Outcome, Steps, Watch
from tap.deploy.workflow import Job, Order
from tap.errors import TapError

PARALLEL = 4
"""How many stacks are changed at a time, if nothing else is said: enough for what the tiers of a system allow, and far
from what CloudFormation throttles."""


QUICK = 10.0
"""Seconds: of what took less altogether nobody asks who waited for whom."""


class RunError(TapError):
    """Of several stacks, some are not as they should be. Its exit code is that of the gravest failure."""

    def __init__(self, report: Report) -> None:
        failures = [
            f"{name}: {error}" if name not in str(error) else str(error) for name, error in report.failed.items()
        ]
        rest = [("Done", report.done), ("Failed", tuple(report.failed)), ("Not begun", report.not_begun)]
        lines = [f"{title}: {', '.join(names)}." for title, names in rest if names]
        super().__init__("\n".join([*failures, *lines]))
        self.exit_code = max((error.exit_code for error in report.failed.values()), default=1)


def parallel_option(command: _target.F) -> _target.F:
    """``--parallel``: how many stacks at a time."""
    return click.option(
        "--parallel",
        type=click.IntRange(min=1),
        default=PARALLEL,
        show_default=True,
        metavar="N",
        help="How many stacks to change at a time; each waits for those that it needs.",
    )(command)


@dataclass
class Run:
    """What the steps of a verb share. ``changed`` are the stacks that it has changed."""

    asked: Order
    parallel: int
    changed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._schedule = Schedule(
            screen_for(console.err()),
            parallel=self.parallel,
            # A no, a missing permission or expired credentials are about more than one stack.
            halting=(BlockedError, _target.DeclinedError, AwsError),
            how_to_go_on=_target.how_to_follow(self.asked),
        )

    def run(self, tasks: Iterable[Task]) -> Report:
        """Take each stack in its turn, then say who took how long; errors are in the report.

        Raises InterruptedWatchError on Ctrl-C.
        """
        tasks = list(tasks)
        report = self._schedule.run(tasks)
        for line in _timelines(report, tasks, console.err().width):
            _target.note(line)
        _report.tell(
            done=report.done,
            changed=self.changed,
            failed={name: {"exit_code": error.exit_code, "error": str(error)} for name, error in report.failed.items()},
            not_begun=report.not_begun,
            operations=[
                {"stack": watch.subject.stack_name, "stack_id": watch.stack_id, "status": outcome.status}
                for watch, outcome in report.outcomes
            ],
        )
        return report

    def pause(self, seconds: float) -> None:
        """Let time pass; what is under way is looked at meanwhile."""
        self._schedule.idle(seconds)

    def follow(self, job: Job, stack_id: str, after: str, subject: Subject) -> Steps[Outcome]:
        """Follow the operation that began after the event ``after`` to its end."""
        session, how = job.session, _target.how_to_follow(self.asked)
        known = replace(subject, usual=_usual(job, stack_id, subject))
        rollouts = Rollouts(lambda: session.ecs)
        outcome = yield Watch(session.cloudformation, stack_id, after, known, session.pace, how, rollouts)
        return outcome

    def refused(self, name: str) -> str:
        """What is said where a stack is left as it is."""
        sentences = []
        if self.changed:
            sentences.append(f"{name} stays as it is; {' and '.join(self.changed)} is deployed.")
        under_way = [one for one in self._schedule.under_way if one != name]
        if under_way:
            sentences.append(f"{' and '.join(under_way)} is being deployed.")
        return " ".join(sentences) or "Nothing was changed."


def _usual(job: Job, stack_id: str, subject: Subject) -> dict[str, float]:
    """How long it took the last time; nothing for what is made for the first time, or where one may not look."""
    if not subject.expected or set(subject.expected.values()) == {"CREATE"}:
        return {}
    try:
        return eta.usual(spans_of(events.past(job.session.cloudformation, stack_id)), subject)
    except (ClientError, BotoCoreError):
        return {}


def _timelines(report: Report, tasks: Iterable[Task], width: int) -> list[str]:
    """Who took how long: of one operation in all its resources, of several the stacks; nothing where all was quick."""
    found = [one for watch, outcome in report.outcomes if (one := timeline(outcome.events, watch.subject))]
    if sum(one.seconds for one in found) < QUICK:
        return []
    if len({one.stack_name for one in found}) == 1:
        # One that was deleted first is of no interest any more.
        return timeline_text.text(found[-1], width)
    # A stack that is changed twice (the edge) has one time, from its first begin to its last end.
    times: dict[str, tuple[datetime, datetime]] = {}
    for one in found:
        begun, ended = times.get(one.stack_name, (one.begun, one.ended))
        times[one.stack_name] = min(begun, one.begun), max(ended, one.ended)
    lines = timeline_text.of_run(times, {task.name: task.needs for task in tasks})
    return [*lines, "  `timeline` shows each stack's resources."]


def conclude(report: Report) -> None:
    """Raise what went wrong: the one error there is, or a RunError that tells of all stacks."""
    if not report.failed:
        return
    if len(report.failed) == 1 and not report.done and not report.not_begun:
        raise next(iter(report.failed.values()))
    raise RunError(report)
