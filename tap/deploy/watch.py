"""Watching an operation to its end: look by look, so that several can be watched at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy import aws_errors, failures
from tap.deploy.diagnose import Diagnosis, Stopped, diagnose
from tap.deploy.events import Event, Reader, masked
from tap.deploy.rollout import Rollouts
from tap.deploy.session import Pace
from tap.deploy.states import state_of
from tap.deploy.subject import Subject

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

QUIET_POLLS = 10
"""So many looks without an event while the stack is at rest mean that the operation is over."""

PATIENCE = 20
"""So many looks in a row may fail for passing reasons (throttling, a broken connection) before it is an error."""


@dataclass(frozen=True)
class Outcome:
    """How an operation ended: the stack's status, and all events of it.

    ``subject`` is what is known of the stack, ``stopped`` why tasks of its services stopped meanwhile, ``failures``
    what CloudFormation tells of them beside the events.
    """

    status: str
    events: tuple[Event, ...]
    subject: Subject = field(default_factory=lambda: Subject(""))
    stopped: Stopped = field(default_factory=dict)
    failures: tuple[Event, ...] = ()

    @property
    def diagnosis(self) -> Diagnosis:
        """Why it failed."""
        return diagnose(self.events, self.subject, self.stopped, self.failures)

    @property
    def skipped(self) -> tuple[Event, ...]:
        """Resources that were left standing because of their deletion policy."""
        return tuple(event for event in self.events if event.status == "DELETE_SKIPPED")

    @property
    def reason(self) -> str:
        """What CloudFormation says of the stack as a whole."""
        said = [event.reason for event in self.events if event.of_the_stack and event.reason]
        return said[-1] if said else ""


@dataclass
class Watch:
    """An operation under way: the one that began in the stack ``stack_id`` after the event ``after``.

    ``how_to_go_on`` tells, in an error, how to see what becomes of it; ``rollouts`` asks how services get on.
    ``outcome`` is there once it has ended; ``wait`` is how many seconds to let pass before the next look.
    """

    client: CloudFormationClient
    stack_id: str
    after: str
    subject: Subject
    pace: Pace
    how_to_go_on: str
    rollouts: Rollouts | None = None
    events: list[Event] = field(default_factory=list)
    outcome: Outcome | None = None
    wait: float = 0.0

    def __post_init__(self) -> None:
        self._reader = Reader(self.client, self.stack_id, self.after)
        self._waits = self.pace.waits()
        self._troubles = self._quiet = 0
        self._running: dict[tuple[str, str], Event] = {}

    def look(self) -> Sequence[Event]:
        """The events since the last look.

        Survives throttling and broken connections, and goes by the stack's status alone where events may not be read.
        Raises AwsError when it cannot look any more (expired credentials):
        the operation goes on, which the message says.
        """
        try:
            new = self._new()
            at_rest = "" if new else self._resting()
            self._troubles = 0
        except (ClientError, BotoCoreError) as error:
            self._troubles += 1
            if not aws_errors.passing(error) or self._troubles > PATIENCE:
                goes_on = f"The operation goes on in CloudFormation. {self.how_to_go_on}"
                raise aws_errors.AwsError(f"{aws_errors.explain(error)} {goes_on}") from error
            new, at_rest = [], ""
        self.events += new
        self._ask(new)
        self._quiet = self._quiet + 1 if at_rest else 0
        ended = self._ended(new) or (at_rest if self._quiet > QUIET_POLLS else "")
        if ended:
            stopped = self.rollouts.stopped if self.rollouts else {}
            failed = any(event.failed for event in self.events)
            more = masked(failures.read(self.client, self.events), self.subject.mask) if failed else ()
            self.outcome = Outcome(ended, tuple(self.events), self.subject, stopped, tuple(more))
        if new:
            self._waits = self.pace.waits()
        self.wait = next(self._waits)
        return new

    def _ask(self, new: Sequence[Event]) -> None:
        """Ask how the services in progress get on."""
        for event in new:
            key = (event.stack_id, event.logical_id)
            if event.in_progress:
                self._running[key] = event
            else:
                self._running.pop(key, None)
        if self.rollouts:
            self.rollouts.ask(self._running.values())

    def _new(self) -> Sequence[Event]:
        try:
            return masked(self._reader.new(), self.subject.mask)
        except ClientError as error:
            if aws_errors.code(error) in aws_errors.DENIED:
                return []
            raise

    def _ended(self, new: Sequence[Event]) -> str:
        """The status in which the operation ended, if the newest event of the stack itself says so."""
        own = [event for event in new if event.of_the_stack and event.stack_id == self.stack_id]
        return own[-1].status if own and not own[-1].in_progress and not own[-1].is_invalid else ""

    def _resting(self) -> str:
        """The stack's status when nothing is under way in it, else nothing."""
        status = self.client.describe_stacks(StackName=self.stack_id)["Stacks"][0]["StackStatus"]
        return "" if state_of(status).under_way or status == "REVIEW_IN_PROGRESS" else status


T = TypeVar("T")
Steps = Generator[Watch, Outcome, T]
"""What is to be done to a stack: it yields each operation that it begins, and is sent how that ended."""
