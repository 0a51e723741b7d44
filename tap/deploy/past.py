"""The last operation of a stack that is deployed, as its events tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tap.deploy import aws_errors, failures, stacks
from tap.deploy.events import Event, Reader, before_operation, masked
from tap.deploy.mask import Mask
from tap.deploy.subject import Subject, subject

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


NO_SECRETS = Mask()


@dataclass(frozen=True)
class Operation:
    """An operation: the stack that it changed, and its events in the order of time, those of nested stacks too.

    ``failures`` are what CloudFormation tells of its failures beside the events.
    """

    subject: Subject
    events: tuple[Event, ...]
    failures: tuple[Event, ...] = ()


def last_operation(
    client: CloudFormationClient, name: str, spare: Iterable[Mapping[str, Any]] = (), mask: Mask = NO_SECRETS
) -> Operation | None:
    """The last operation of a stack; None for one that is not there.

    What waits for what is read off the templates that the stacks have; where one may not read them, off ``spare``.
    ``mask`` hides what must not be shown of the events' reasons.
    """
    stack = stacks.look(client, name)
    if not stack.exists:
        return None
    found = Reader(client, stack.id, before_operation(client, stack.id)).new()
    try:
        templates = list(_templates(client, stack.id, found))
    except ClientError as error:
        if aws_errors.code(error) not in aws_errors.DENIED:
            raise
        templates = list(spare)
    more = failures.read(client, found) if any(event.failed for event in found) else ()
    return Operation(subject(stack.name, templates), tuple(masked(found, mask)), tuple(masked(more, mask)))


def _templates(client: CloudFormationClient, stack_id: str, found: Iterable[Event]) -> Iterator[Mapping[str, Any]]:
    """The templates of a stack and of those nested in it; one that is gone has none any more."""
    for one in dict.fromkeys([stack_id, *(event.nested_stack for event in found if event.nested_stack)]):
        try:
            yield stacks.deployed_template(client, one)
        except ClientError as error:
            if aws_errors.code(error) != "ValidationError":
                raise
