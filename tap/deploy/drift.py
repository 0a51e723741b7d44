"""Drift: what was changed outside CloudFormation, as CloudFormation detects it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.deploy.changeset import Sleep
from tap.deploy.mask import Mask
from tap.deploy.session import Pace
from tap.errors import TapError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

DRIFTED = frozenset({"MODIFIED", "DELETED"})
"""Statuses of a resource that is not as the template has it."""

UNCHECKED = frozenset({"NOT_CHECKED", "UNSUPPORTED", "UNKNOWN"})
"""Statuses of a resource of which CloudFormation does not know."""

_KINDS = {"ADD": "added", "REMOVE": "removed", "NOT_EQUAL": "changed"}


class DriftError(TapError):
    """CloudFormation could not detect drift."""


@dataclass(frozen=True)
class Difference:
    """One property: ``before`` is what the template says, ``after`` what is there. Secrets are masked."""

    path: str
    kind: str
    before: str
    after: str


@dataclass(frozen=True)
class ResourceDrift:
    """One resource. ``status`` is CloudFormation's word, ``reason`` why it does not know, where it does not."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    differences: tuple[Difference, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Drift:
    """A stack. ``status`` is ``DRIFTED``, ``IN_SYNC``, ``UNKNOWN`` or ``NOT_CHECKED``.

    ``failure`` says what could not be looked at, where CloudFormation could not look at all.
    """

    stack_name: str
    status: str
    resources: tuple[ResourceDrift, ...] = ()
    failure: str = ""

    @property
    def drifted(self) -> tuple[ResourceDrift, ...]:
        """The resources that are not as the template has them."""
        return tuple(one for one in self.resources if one.status in DRIFTED)

    @property
    def unchecked(self) -> tuple[ResourceDrift, ...]:
        """The resources of which CloudFormation does not know."""
        return tuple(one for one in self.resources if one.status in UNCHECKED)


def detect(
    client: CloudFormationClient,
    stack_name: str,
    mask: Mask,
    pace: Pace,
    sleep: Sleep = time.sleep,
) -> Drift:
    """Have CloudFormation detect drift anew, wait for that, and read what it found.

    A detection that failed for some resources has found the drift of the others all the same (API reference,
    ``DescribeStackDriftDetectionStatus``). Raises DriftError when it found nothing out.
    """
    detection = client.detect_stack_drift(StackName=stack_name)["StackDriftDetectionId"]
    for wait in pace.waits():
        told: Mapping[str, Any] = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if told["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        sleep(wait)
    failure = told.get("DetectionStatusReason", "") if told["DetectionStatus"] == "DETECTION_FAILED" else ""
    found = tuple(sorted(_resources(client, stack_name, mask), key=lambda one: one.logical_id))
    if failure and not found:
        raise DriftError(f"{stack_name}: CloudFormation could not detect drift: {failure}")
    status = told.get("StackDriftStatus") or "UNKNOWN"
    return Drift(stack_name, status, found, failure)


def _resources(client: CloudFormationClient, stack_name: str, mask: Mask) -> Iterator[ResourceDrift]:
    # No paginator in botocore's model.
    more: dict[str, Any] = {}
    while True:
        page = client.describe_stack_resource_drifts(StackName=stack_name, **more)
        for one in page["StackResourceDrifts"]:
            yield ResourceDrift(
                one["LogicalResourceId"],
                one.get("PhysicalResourceId", ""),
                one["ResourceType"],
                one["StackResourceDriftStatus"],
                tuple(_difference(each, mask) for each in one.get("PropertyDifferences", [])),
                one.get("DriftStatusReason", ""),
            )
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


def _difference(told: Mapping[str, Any], mask: Mask) -> Difference:
    path = str(told["PropertyPath"]).strip("/").replace("/", ".")
    kind = _KINDS.get(told["DifferenceType"], told["DifferenceType"])
    return Difference(
        path, kind, mask.text(path, told.get("ExpectedValue", "")), mask.text(path, told.get("ActualValue", ""))
    )
