"""Making and reading change sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy import aws_errors, findings
from tap.deploy.body import Body, digest
from tap.deploy.findings import Finding
from tap.deploy.session import Pace
from tap.errors import TapError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import CreateChangeSetInputTypeDef

Kind = Literal["CREATE", "UPDATE"]
Sleep = Callable[[float], None]

_NO_CHANGES = ("didn't contain changes", "no updates are to be performed")
"""How CloudFormation words that there is nothing to do, in the reason of a change set that FAILED."""


_PASSING = ("tap-plan-", "tap-deploy-")
"""How the names of change sets begin that no run leaves standing."""

_UNUSED = frozenset({"AVAILABLE", "UNAVAILABLE", "OBSOLETE"})
"""The execution statuses of change sets that nobody has executed."""


@dataclass(frozen=True)
class Conduct:
    """How an operation goes about its work.

    ``on_failure``: what has been done is rolled back, or kept as it is, or (of a stack that is new) deleted.
    ``express``: CloudFormation does not wait for resources to be ready. ``revert_drift``: what was changed outside
    CloudFormation is set back to what the template says.
    """

    on_failure: Literal["rollback", "keep", "delete"] = "rollback"
    express: bool = False
    revert_drift: bool = False

    def arguments(self, kind: Kind) -> dict[str, Any]:
        """What ``CreateChangeSet`` is told of it.

        Express mode leaves the rollback off unless it is told (AWS DevOps blog, "How CloudFormation Express mode
        accelerates your development cycle"), so it always is.
        """
        found: dict[str, Any] = {}
        if self.express:
            found["DeploymentConfig"] = {"Mode": "EXPRESS", "DisableRollback": self.on_failure == "keep"}
        elif self.on_failure == "delete" and kind == "CREATE":
            found["OnStackFailure"] = "DELETE"
        if self.revert_drift and kind == "UPDATE":
            found["DeploymentMode"] = "REVERT_DRIFT"
        return found

    def disable_rollback(self, kind: Kind) -> bool | None:
        """What ``ExecuteChangeSet`` is told; None where ``CreateChangeSet`` has been told, which excludes it."""
        return None if {"DeploymentConfig", "OnStackFailure"} & set(self.arguments(kind)) else self.on_failure == "keep"


class ChangeSetError(TapError):
    """CloudFormation could not make the change set."""


@dataclass(frozen=True)
class Request:
    """What a change set is made from. ``purpose`` keeps those of ``plan`` apart from those of ``deploy``."""

    stack_name: str
    kind: Kind
    body: Body
    parameters: Mapping[str, str]
    capabilities: Sequence[CapabilityType] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    nested: bool = False
    purpose: str = "deploy"
    conduct: Conduct = Conduct()

    @property
    def name(self) -> str:
        """The change set's name: the same for the same content, so that a second run finds what a first one left."""
        parts = [self.stack_name, self.kind, self.body.text, self.body.url, str(self.nested), repr(self.conduct)]
        for pairs in (self.body.parameters, sorted(self.parameters.items()), sorted(self.tags.items())):
            parts.append(repr(list(pairs)))
        return f"tap-{self.purpose}-{digest(*parts, *self.capabilities)[:24]}"

    def arguments(self) -> CreateChangeSetInputTypeDef:
        """The arguments of ``CreateChangeSet``."""
        parameters = {**self.parameters, **dict(self.body.parameters)}
        arguments: CreateChangeSetInputTypeDef = {
            "StackName": self.stack_name,
            "ChangeSetName": self.name,
            "ChangeSetType": self.kind,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": list(self.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            "IncludeNestedStacks": self.nested,
            **self.conduct.arguments(self.kind),  # type: ignore[typeddict-item]
        }
        if self.body.url:
            arguments["TemplateURL"] = self.body.url
        else:
            arguments["TemplateBody"] = self.body.text
        return arguments


@dataclass(frozen=True)
class ChangeSet:
    """A change set as CloudFormation described it: all pages, with property values and without.

    ``valued`` may lack whole resources (CloudFormation says so in ``reason`` alone); ``bare`` has them all.
    ``children`` are the change sets of nested stacks, by the logical id that the parent has for them. ``findings`` are
    those of CloudFormation's own validation, ``notes`` sentences on what could not be read or is not understood,
    ``drift`` the stack's drift status in a drift-aware change set.
    """

    arn: str
    stack_id: str
    stack_name: str
    reason: str = ""
    empty: bool = False
    bare: tuple[Mapping[str, Any], ...] = ()
    valued: tuple[Mapping[str, Any], ...] = ()
    children: Mapping[str, ChangeSet] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    drift: str = ""

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings, and those of nested stacks with the stack's logical id before theirs."""
        within = [
            replace(one, logical_id=f"{name}/{one.logical_id}".rstrip("/"))
            for name, child in self.children.items()
            for one in child.all_findings
        ]
        return (*self.findings, *within)


def make(client: CloudFormationClient, request: Request, pace: Pace, sleep: Sleep = time.sleep) -> ChangeSet:
    """Make the change set, or take up the same one left by an earlier run; wait for it and read it.

    One without changes comes back ``empty``. Raises ChangeSetError with CloudFormation's reason when it
    cannot be made; it is removed then. Whoever gets one removes it (:func:`discard`) or executes it.
    """
    try:
        made = client.create_change_set(**request.arguments())
        arn, stack_id = made["Id"], made["StackId"]
    except client.exceptions.AlreadyExistsException:
        # Ours: no other content has this name. (Or this very call, sent twice by a retry.)
        left = _described(client, request.name, StackName=request.stack_name)
        arn, stack_id = left["ChangeSetId"], left["StackId"]
        if left["Status"].startswith("DELETE") or _state(left) in {"failed", "obsolete"}:
            _remove(client, arn, pace, sleep)
            made = client.create_change_set(**request.arguments())
            arn, stack_id = made["Id"], made["StackId"]
    try:
        return _read(client, arn, pace, sleep)
    except (ChangeSetError, KeyboardInterrupt):
        discard(client, arn, stack_id, request.kind, pace=pace, sleep=sleep)
        raise


def discard(
    client: CloudFormationClient, arn: str, stack_id: str, kind: Kind, *, pace: Pace, sleep: Sleep = time.sleep
) -> None:
    """Remove a change set, and the stack in REVIEW_IN_PROGRESS that stands there for its sake only."""
    _remove(client, arn, pace, sleep)
    if kind != "CREATE":
        return
    try:
        stack = client.describe_stacks(StackName=stack_id)["Stacks"][0]
    except ClientError as error:
        if aws_errors.is_missing_stack(error):
            return
        raise
    if (
        stack["StackStatus"] != "REVIEW_IN_PROGRESS"
        or client.list_change_sets(StackName=stack["StackName"])["Summaries"]
    ):
        return
    client.delete_stack(StackName=stack_id)
    for wait in pace.waits():
        try:
            status = client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            if aws_errors.is_missing_stack(error):
                return
            raise
        if status not in {"REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS"}:
            return
        sleep(wait)


def sweep(client: CloudFormationClient, stack_name: str) -> None:
    """Remove the change sets that killed runs of ``plan`` and ``deploy`` left on a stack; saved plans stay.

    To be called once a deployment is through: whoever still looks at one of them looks at what is no more. That some
    cannot be removed is no reason for a deployment to fail; the next one sweeps again.
    """
    with suppress(ClientError, BotoCoreError):
        for page in client.get_paginator("list_change_sets").paginate(StackName=stack_name):
            for one in page["Summaries"]:
                if one["ChangeSetName"].startswith(_PASSING) and one.get("ExecutionStatus") in _UNUSED:
                    client.delete_change_set(ChangeSetName=one["ChangeSetId"])


def is_no_change(reason: str) -> bool:
    """Whether the reason of a FAILED change set says that there is nothing to change."""
    return any(words in reason.casefold() for words in _NO_CHANGES)


def pages(client: CloudFormationClient, arn: str, *, values: bool) -> Iterator[Mapping[str, Any]]:
    """Every page of ``DescribeChangeSet``: the answer holds a part of the changes, and a token when there are more."""
    more: dict[str, Any] = {"IncludePropertyValues": True} if values else {}
    while True:
        page = _described(client, arn, **more)
        yield page
        if not page.get("NextToken"):
            return
        more["NextToken"] = page["NextToken"]


def _described(client: CloudFormationClient, name: str, **more: Any) -> Mapping[str, Any]:
    return client.describe_change_set(ChangeSetName=name, **more)


def _state(described: Mapping[str, Any]) -> Literal["pending", "ready", "empty", "failed", "obsolete"]:
    status, reason = described["Status"], described.get("StatusReason") or ""
    if status in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
        return "pending"
    if status == "CREATE_COMPLETE":
        return "ready" if described.get("ExecutionStatus") == "AVAILABLE" else "obsolete"
    return "empty" if is_no_change(reason) else "failed"


def _read(client: CloudFormationClient, arn: str, pace: Pace, sleep: Sleep) -> ChangeSet:
    for wait in pace.waits():
        described = _described(client, arn)
        state = _state(described)
        if state != "pending":
            break
        sleep(wait)
    reason = described.get("StatusReason") or ""
    common = {"arn": described["ChangeSetId"], "stack_id": described["StackId"], "stack_name": described["StackName"]}
    if state == "empty":
        return ChangeSet(**common, reason=reason, empty=True)
    found, unread = findings.read(client, described["ChangeSetId"])
    stopping = [one for one in found if one.stops]
    if state != "ready" or stopping:
        said = reason.rstrip(".") or (
            "its validation found what would fail"
            if stopping
            else f"it is {described['Status']}, {described.get('ExecutionStatus')}"
        )
        lines = "".join(f"\n  {one.sentence}" for one in stopping or found)
        raise ChangeSetError(f"CloudFormation cannot change {described['StackName']}: {said}.{lines}")
    bare, valued = list(pages(client, arn, values=False)), list(pages(client, arn, values=True))
    nested = {one["LogicalResourceId"]: one["ChangeSetId"] for one in _changes(bare) if one.get("ChangeSetId")}
    children = {logical_id: _read(client, child, pace, sleep) for logical_id, child in nested.items()}
    reasons = dict.fromkeys(page.get("StatusReason") or "" for page in (described, *bare, *valued))
    return ChangeSet(
        **common,
        reason=" ".join(filter(None, reasons)),
        bare=_changes(bare),
        valued=_changes(valued),
        children=children,
        findings=found,
        notes=tuple(filter(None, (unread, _not_understood(bare)))),
        drift=described.get("StackDriftStatus") or "",
    )


def _changes(found: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        change["ResourceChange"]
        for page in found
        for change in page.get("Changes") or ()
        if change.get("ResourceChange")
    )


def _not_understood(found: Iterable[Mapping[str, Any]]) -> str:
    """A sentence on changes that are of no resource: there are none such yet."""
    kinds = [
        str(change.get("Type"))
        for page in found
        for change in page.get("Changes") or ()
        if "ResourceChange" not in change
    ]
    return f"The change set lists what this tool does not know: {', '.join(dict.fromkeys(kinds))}." if kinds else ""


def _remove(client: CloudFormationClient, arn: str, pace: Pace, sleep: Sleep) -> None:
    client.delete_change_set(ChangeSetName=arn)
    for wait in pace.waits():
        try:
            status = _described(client, arn)["Status"]
        except client.exceptions.ChangeSetNotFoundException:
            return
        except ClientError as error:
            if aws_errors.is_missing_stack(error):
                return
            raise
        if status == "DELETE_COMPLETE":
            return
        if status == "DELETE_FAILED":
            raise ChangeSetError(f"CloudFormation could not remove the change set {arn}. Remove it in the console.")
        sleep(wait)
