"""Stack events: reading those of one operation, and finding the failure that the others follow from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tap.deploy.aws_errors import DENIED, code
from tap.deploy.mask import Mask

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

STACK = "AWS::CloudFormation::Stack"
_CONSEQUENCE = re.compile(r"^resource \w+ cancell?ed", re.IGNORECASE)
"""The reason of a failure that only follows from another: "Resource creation cancelled", "… update cancelled". ("Delete
canceled. Cannot delete export …" is no such.)"""


@dataclass(frozen=True)
class Event:
    """One event of a stack, or of a stack nested in it.

    ``hook``: which hook forbade something, and its reason. ``operation`` is CloudFormation's ``OperationId``,
    ``detailed`` its ``DetailedStatus``.
    """

    id: str
    stack_id: str
    stack_name: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    time: datetime
    hook: str = ""
    operation: str = ""
    detailed: str = ""

    @property
    def of_the_stack(self) -> bool:
        """Whether it tells of its stack as a whole."""
        return self.type == STACK and self.physical_id == self.stack_id

    @property
    def nested_stack(self) -> str:
        """The id of the nested stack that it tells of, or nothing."""
        return self.physical_id if self.type == STACK and not self.of_the_stack and self.physical_id else ""

    @property
    def in_progress(self) -> bool:
        """Whether something has begun that has not ended."""
        return self.status.endswith("_IN_PROGRESS")

    @property
    def failed(self) -> bool:
        """Whether something did not succeed."""
        return self.status.endswith("_FAILED")

    @property
    def is_invalid(self) -> bool:
        """Whether it says that the operation failed its validation: a rollback may follow, and is part of it."""
        return self.of_the_stack and self.failed and self.detailed == "VALIDATION_FAILED"

    @property
    def is_consequence(self) -> bool:
        """Whether it failed only because something else did."""
        return bool(_CONSEQUENCE.search(self.reason))


def masked(events: Iterable[Event], mask: Mask) -> list[Event]:
    """Events whose reasons show no secret."""
    return [replace(event, reason=mask.within(event.reason), hook=mask.within(event.hook)) for event in events]


def event_of(raw: Mapping[str, Any]) -> Event:
    """An entry of ``DescribeStackEvents``."""
    return Event(
        raw["EventId"],
        raw["StackId"],
        raw["StackName"],
        raw.get("LogicalResourceId", ""),
        raw.get("PhysicalResourceId", ""),
        raw.get("ResourceType", ""),
        raw.get("ResourceStatus", ""),
        raw.get("ResourceStatusReason", ""),
        raw["Timestamp"],
        f"{raw.get('HookType', '')}: {raw.get('HookStatusReason', '')}"
        if str(raw.get("HookStatus", "")).endswith("FAILED")
        else "",
        raw.get("OperationId", ""),
        raw.get("DetailedStatus", ""),
    )


def latest(client: CloudFormationClient, stack_id: str) -> str:
    """The id of a stack's newest event: what comes after it belongs to the operation that is begun next.

    Empty where events may not be read: an operation can be begun, and followed by the stack's status, all the same.
    """
    try:
        return client.describe_stack_events(StackName=stack_id)["StackEvents"][0]["EventId"]
    except ClientError as error:
        if code(error) in DENIED:
            return ""
        raise


def before_operation(client: CloudFormationClient, stack_id: str) -> str:
    """The id of the newest event before a stack's last operation: that with which the one before it ended.

    The last operation may be under way, or have ended just now. Empty for the first operation of a stack, and where
    events may not be read.
    """
    within = False
    try:
        for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            for event in map(event_of, page["StackEvents"]):
                if event.of_the_stack and event.in_progress:
                    within = True
                elif event.of_the_stack and within and not event.is_invalid:
                    return event.id
    except ClientError as error:
        if code(error) not in DENIED:
            raise
    return ""


def past(client: CloudFormationClient, stack_id: str, pages: int = 5) -> list[Event]:
    """The newest events of a stack, so many pages of them, in the order of time; not those of nested stacks."""
    found: list[Event] = []
    for page in islice(client.get_paginator("describe_stack_events").paginate(StackName=stack_id), pages):
        found += map(event_of, page["StackEvents"])
    return found[::-1]


class Reader:
    """Gives each event of an operation once, in the order of time; nested stacks' events too.

    ``after`` is the id of the newest event before the operation.
    """

    def __init__(self, client: CloudFormationClient, stack_id: str, after: str) -> None:
        self._client = client
        self._seen: dict[str, str] = {stack_id: after}
        self._begun: datetime | None = None
        self._ended: set[str] = set()
        self._found: list[Event] = []

    def new(self) -> list[Event]:
        """The events since the last call; what a call found that broke off is given by the next one."""
        todo = [stack for stack in self._seen if stack not in self._ended]
        while todo:
            stack = todo.pop(0)
            fresh = self._of(stack)
            self._found += fresh
            for event in fresh:
                nested = event.nested_stack
                if nested:
                    # Whatever its parent says of it (in progress, cleaned up, …), there is more to read.
                    self._ended.discard(nested)
                    if nested not in self._seen:
                        self._seen[nested] = ""
                    if nested not in todo:
                        todo.append(nested)
                elif event.of_the_stack:
                    over = not event.in_progress and not event.is_invalid
                    (self._ended.add if over else self._ended.discard)(stack)
        found, self._found = self._found, []
        return sorted(found, key=lambda event: event.time)

    def _of(self, stack: str) -> list[Event]:
        """One stack's new events, oldest first: every page back to the newest that is known."""
        found: list[Event] = []
        more: dict[str, str] = {}
        last = self._seen[stack]
        while True:
            page = self._client.describe_stack_events(StackName=stack, **more)
            for raw in page["StackEvents"]:
                event = event_of(raw)
                if event.id == last or (not last and self._begun and event.time < self._begun):
                    return self._taken(stack, found)
                found.append(event)
            if not page.get("NextToken"):
                return self._taken(stack, found)
            more = {"NextToken": page["NextToken"]}

    def _taken(self, stack: str, newest_first: list[Event]) -> list[Event]:
        if newest_first:
            self._seen[stack] = newest_first[0].id
            self._begun = self._begun or newest_first[-1].time
        return newest_first[::-1]


def rollback_failures(client: CloudFormationClient, stack_id: str) -> list[Event]:
    """The resources that the last rollback of a stack could not take back, and of stacks nested in it; their events.

    Not those that only failed before it, in the update itself: they cannot be skipped (user guide, "Continue rolling
    back an update"). Nested stacks are not among them; what failed in them is.
    """
    back: set[str] = set()
    last: dict[tuple[str, str], Event] = {}
    for event in Reader(client, stack_id, before_operation(client, stack_id)).new():
        if event.of_the_stack:
            if event.status == "UPDATE_ROLLBACK_IN_PROGRESS":
                back.add(event.stack_id)
        elif event.stack_id in back and event.type != STACK:
            last[event.stack_id, event.logical_id] = event
    return [event for event in last.values() if event.failed]
