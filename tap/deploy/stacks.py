"""What is deployed: a stack's status, parameters, outputs and template."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tap.deploy import template
from tap.deploy.aws_errors import DENIED, code, is_missing_stack
from tap.deploy.outputs import of_stack
from tap.deploy.states import State, state_of
from tap.errors import TapError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


class StackError(TapError):
    """A stack is in a state in which it cannot be deployed to."""


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it. ``status`` is None for one that is not there.

    ``drift`` is what the last detection of drift found (``DRIFTED``, ``IN_SYNC``, …), ``drift_seen`` when that was.
    """

    name: str
    id: str = ""
    status: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    changed: Any = None
    protected: bool = False
    drift: str = ""
    drift_seen: Any = None

    @property
    def state(self) -> State:
        """What its status means."""
        return state_of(self.status)

    @property
    def exists(self) -> bool:
        """Whether there is anything."""
        return self.status not in {None, "DELETE_COMPLETE"}


def look(client: CloudFormationClient, name: str) -> Stack:
    """The stack of a name or id."""
    try:
        found: Mapping[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if is_missing_stack(error):
            return Stack(name)
        raise
    values = {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])}
    return Stack(
        found["StackName"],
        found["StackId"],
        found["StackStatus"],
        values,
        of_stack(found),
        found.get("LastUpdatedTime") or found.get("CreationTime"),
        bool(found.get("EnableTerminationProtection")),
        found.get("DriftInformation", {}).get("StackDriftStatus", ""),
        found.get("DriftInformation", {}).get("LastCheckTimestamp"),
    )


def deployed_template(client: CloudFormationClient, name: str) -> Mapping[str, Any]:
    """The template that a stack was made from, as it was sent."""
    found: Any = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    return template.parse(found)


def template_text(client: CloudFormationClient, name: str) -> str:
    """The template that a stack was made from, as text; empty where it may not be read."""
    try:
        found: Any = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    except ClientError as error:
        if code(error) in DENIED:
            return ""
        raise
    # botocore parses a template in JSON.
    return found if isinstance(found, str) else json.dumps(found, sort_keys=True)


def exports(client: CloudFormationClient) -> set[str]:
    """The names of all exports of the account in the region."""
    pages = client.get_paginator("list_exports").paginate()
    return {one["Name"] for page in pages for one in page["Exports"]}


@dataclass(frozen=True)
class Resource:
    """A resource of a stack, or of one nested in it."""

    logical_id: str
    physical_id: str
    type: str
    stack_id: str


def resources(client: CloudFormationClient, stack_id: str) -> Iterator[Resource]:
    """A stack's resources, and after each nested stack those of it; without those that are gone."""
    for page in client.get_paginator("list_stack_resources").paginate(StackName=stack_id):
        for one in page["StackResourceSummaries"]:
            if one["ResourceStatus"] == "DELETE_COMPLETE":
                continue
            physical_id = one.get("PhysicalResourceId", "")
            yield Resource(one["LogicalResourceId"], physical_id, one["ResourceType"], stack_id)
            if one["ResourceType"] == "AWS::CloudFormation::Stack" and physical_id.startswith("arn:"):
                yield from resources(client, physical_id)


def any_left(client: CloudFormationClient) -> bool:
    """Whether the account has any stack in the region."""
    pages: Iterable[Any] = client.get_paginator("describe_stacks").paginate()
    return any(one["StackStatus"] != "DELETE_COMPLETE" for page in pages for one in page["Stacks"])
