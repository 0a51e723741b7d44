"""Following an operation to its end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy import aws_errors
from tap.deploy.changeset import Sleep
from tap.deploy.events import Event, Reader, first_failure
from tap.deploy.session import Pace
from tap.deploy.states import state_of
from tap.errors import TapError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

QUIET_POLLS = 10
"""So many looks without an event while the stack is at rest mean that the operation is over."""

PATIENCE = 20
"""So many looks in a row may fail for passing reasons (throttling, a broken connection) before it is an error."""


class InterruptedWatchError(TapError):
    """The person stopped watching; CloudFormation goes on."""

    exit_code = 130


class Screen(Protocol):
    """What shows an operation."""

    def __enter__(self) -> Screen: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, new: Sequence[Event]) -> None:
        """Take note of new events; called at every look, also without any."""


@dataclass(frozen=True)
class Outcome:
    """How an operation ended: the stack's status, and all events of it."""

    status: str
    events: tuple[Event, ...]

    @property
    def failure(self) -> Event | None:
        """The failure that the others follow from."""
        return first_failure(self.events)

    @property
    def skipped(self) -> tuple[Event, ...]:
        """Resources that were left standing because of their deletion policy."""
        return tuple(event for event in self.events if event.status == "DELETE_SKIPPED")

    @property
    def reason(self) -> str:
        """What CloudFormation says of the stack as a whole."""
        said = [event.reason for event in self.events if event.of_the_stack and event.reason]
        return said[-1] if said else ""


def follow(
    client: CloudFormationClient,
    stack_id: str,
    after: str,
    *,
    screen: Screen,
    pace: Pace,
    how_to_go_on: str,
    sleep: Sleep = time.sleep,
) -> Outcome:
    """Follow the operation that began after the event ``after`` until the stack is at rest.

    Survives throttling and broken connections. Raises InterruptedWatchError on Ctrl-C, and AwsError when it cannot look
    any more (expired credentials): the operation goes on in both cases, which the message says with
    ``how_to_go_on``.
    """
    goes_on = f"The operation goes on in CloudFormation. {how_to_go_on}"
    reader, events = Reader(client, stack_id, after), list[Event]()
    troubles = quiet = 0
    waits = pace.waits()
    try:
        with screen:
            while True:
                try:
                    new = reader.new()
                    at_rest = "" if new else _resting(client, stack_id)
                    troubles = 0
                except (ClientError, BotoCoreError) as error:
                    troubles += 1
                    if not aws_errors.passing(error) or troubles > PATIENCE:
                        raise aws_errors.AwsError(f"{aws_errors.explain(error)} {goes_on}") from error
                    new, at_rest = [], ""
                events += new
                screen.show(new)
                ended = _ended(new, stack_id)
                if ended:
                    return Outcome(ended, tuple(events))
                quiet = quiet + 1 if at_rest else 0
                if quiet > QUIET_POLLS:
                    return Outcome(at_rest, tuple(events))
                if new:
                    waits = pace.waits()
                sleep(next(waits))
    except KeyboardInterrupt:
        raise InterruptedWatchError(f"interrupted. {goes_on}") from None


def _ended(new: Sequence[Event], stack_id: str) -> str:
    """The status in which the operation ended, if the newest event of the stack itself says so."""
    own = [event for event in new if event.of_the_stack and event.stack_id == stack_id]
    return own[-1].status if own and not own[-1].in_progress else ""


def _resting(client: CloudFormationClient, stack_id: str) -> str:
    """The stack's status when nothing is under way in it, else nothing."""
    status = client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
    return "" if state_of(status).under_way or status == "REVIEW_IN_PROGRESS" else status
