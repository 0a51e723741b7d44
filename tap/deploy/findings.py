"""What CloudFormation's own validation and hooks find in a change set: it is in none of the change set's answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

FAIL, WARN = "FAIL", "WARN"
_UNKNOWN = frozenset({"InvalidAction", "UnknownOperationException", "UnknownOperation", "NotImplemented"})
"""How an endpoint says that it has no such operation."""


@dataclass(frozen=True)
class Finding:
    """One finding.

    ``mode`` is CloudFormation's ``ValidationFailureMode`` or ``HookFailureMode``: ``FAIL`` keeps the change set from
    being executed, ``WARN`` does not. ``name`` is the validation's or the hook's, ``path`` a place in the template.
    ``skipped``: it could not be looked at.
    """

    mode: str
    reason: str
    logical_id: str = ""
    path: str = ""
    name: str = ""
    skipped: bool = False

    @property
    def sentence(self) -> str:
        """The finding in a line: where, then what."""
        where = " ".join(filter(None, (self.logical_id, self.path)))
        what = f"{self.name + ' ' if self.name else ''}could not be checked: " if self.skipped else ""
        return f"{where}: {what}{self.reason}" if where else f"{what}{self.reason}"

    @property
    def stops(self) -> bool:
        """Whether the change set cannot be executed for its sake."""
        return self.mode == FAIL and not self.skipped


def read(client: CloudFormationClient, arn: str) -> tuple[tuple[Finding, ...], str]:
    """The findings on a change set, all pages; and a sentence where they could not be read, else ``""``.

    That nobody may read them, or that an endpoint does not have them, stops nothing. Source: CloudFormation API
    reference, ``OperationEvent``; user guide, "Validate stack deployments" (FAIL and WARN).
    """
    found: list[Finding] = []
    try:
        for page in _pages(client, arn):
            found += [one for event in page.get("OperationEvents", ()) if (one := _finding(event))]
    except ClientError as error:
        code = aws_errors.code(error)
        if code in aws_errors.DENIED:
            return tuple(found), "What CloudFormation's validation found may not be read (DescribeEvents)."
        missing = code in _UNKNOWN or aws_errors.is_missing_stack(error)
        return tuple(found), "" if missing else _unread(aws_errors.message(error))
    except BotoCoreError as error:
        return tuple(found), _unread(str(error))
    return tuple(dict.fromkeys(found)), ""


def _unread(why: str) -> str:
    return f"What CloudFormation's validation found could not be read (DescribeEvents): {why.rstrip('.')}."


def _pages(client: CloudFormationClient, arn: str) -> Iterator[Mapping[str, Any]]:
    # Without a filter for failures: whether a warning counts as one is not written anywhere.
    more: dict[str, Any] = {}
    while True:
        page = client.describe_events(ChangeSetName=arn, **more)
        yield page
        if not page.get("NextToken"):
            return
        more["NextToken"] = page["NextToken"]


def _finding(event: Mapping[str, Any]) -> Finding | None:
    """The finding that an event is, if it is one: of a validation, or of a hook that failed."""
    logical_id = str(event.get("LogicalResourceId") or "")
    if event.get("ValidationStatusReason") or event.get("EventType") == "VALIDATION_ERROR":
        reason = event.get("ValidationStatusReason") or "CloudFormation gives no reason"
        mode, name = str(event.get("ValidationFailureMode") or ""), str(event.get("ValidationName") or "")
        skipped = event.get("ValidationStatus") == "SKIPPED"
        return Finding(mode, str(reason), logical_id, str(event.get("ValidationPath") or ""), name, skipped)
    if event.get("EventType") == "HOOK_INVOCATION_ERROR" or "FAILED" in str(event.get("HookStatus") or ""):
        name, reason = str(event.get("HookType") or ""), str(event.get("HookStatusReason") or "the hook failed")
        return Finding(str(event.get("HookFailureMode") or ""), f"{name}: {reason}" if name else reason, logical_id)
    return None
