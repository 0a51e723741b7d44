"""What CloudFormation tells of a failed operation beside its stack events: validations, hooks, provisioning errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy.diagnose import BESIDE
from tap.deploy.events import Event
from tap.deploy.findings import FAIL

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_PAGES = 5
"""So many pages of failures are read at most of each operation: the first ones matter."""


def read(client: CloudFormationClient, events: Sequence[Event]) -> tuple[Event, ...]:
    """The failures of the operation that ``events`` are of, in the order of time; not those of stacks as a whole.

    A stack event may only say "Call DescribeEvents to retrieve the full list of issues". That it may not be called, or
    that an endpoint does not have it, stops nothing. Source: CloudFormation API reference, ``DescribeEvents``
    (``FailedEvents``) and ``OperationEvent``.
    """
    if not events:
        return ()
    names = {event.stack_id: event.stack_name for event in events}
    operations = dict.fromkeys(event.operation for event in events if event.operation)
    asked: list[dict[str, Any]] = [{"OperationId": operation} for operation in operations]
    found = []
    for where in asked or [{"StackName": stack} for stack in names]:
        try:
            found += [event for raw in _failed(client, where) if (event := _event(raw, names))]
        except (ClientError, BotoCoreError):
            continue
    begun = events[0].time
    return tuple(sorted((event for event in found if event.time >= begun), key=lambda event: event.time))


def _failed(client: CloudFormationClient, where: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    pages = client.get_paginator("describe_events").paginate(**where, Filters={"FailedEvents": True})
    for page in islice(pages, _PAGES):
        yield from page.get("OperationEvents", ())


def _event(raw: Mapping[str, Any], names: Mapping[str, str]) -> Event | None:
    """The failure as an event, its reason with the validation or the hook before it; None for what is none."""
    stack, kind = str(raw.get("StackId", "")), str(raw.get("EventType", ""))
    logical_id = str(raw.get("LogicalResourceId", ""))
    if stack not in names or not logical_id or not raw.get("Timestamp"):
        return None
    status, reason = str(raw.get("ResourceStatus", "")), str(raw.get("ResourceStatusReason", ""))
    if (
        kind == "VALIDATION_ERROR"
        and raw.get("ValidationFailureMode") == FAIL
        and raw.get("ValidationStatus") != "SKIPPED"
    ):
        status, name, path = BESIDE[0], raw.get("ValidationName"), raw.get("ValidationPath")
        said = str(raw.get("ValidationStatusReason") or "no reason given")
        reason = f"{name or 'validation'}: {said}" + (f" ({path})" if path else "")
    elif kind == "HOOK_INVOCATION_ERROR" and raw.get("HookFailureMode") == FAIL:
        status = BESIDE[1]
        reason = f"hook {raw.get('HookType', '')}: {raw.get('HookStatusReason', '')}"
    elif kind != "PROVISIONING_ERROR" or not status.endswith("_FAILED"):
        return None
    event = Event(
        str(raw.get("EventId", "")),
        stack,
        names[stack],
        logical_id,
        str(raw.get("PhysicalResourceId", "")),
        str(raw.get("ResourceType", "")),
        status,
        reason,
        raw["Timestamp"],
    )
    return None if event.of_the_stack else event
