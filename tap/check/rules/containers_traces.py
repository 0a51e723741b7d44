"""TAP1190: what a telemetry sidecar may do."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.ecs import containers
from tap.check.graph.iam import ROLE, may
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Text, shape

_SIDECARS = {
    "aws-xray-daemon": ("xray:PutTraceSegments",),
    "aws-otel-collector": (
        *("xray:PutTraceSegments", "logs:PutLogEvents", "cloudwatch:PutMetricData", "aps:RemoteWrite"),
        *("s3:PutObject", "kinesis:PutRecords"),
    ),
    "cloudwatch-agent": ("xray:PutTraceSegments", "logs:PutLogEvents", "cloudwatch:PutMetricData"),
}
"""Images, and actions of which they need one at least, by where they send. Sources: X-Ray developer guide, "Running the
X-Ray daemon on Amazon ECS"; ADOT documentation, "IAM permissions"; CloudWatch user guide, "CloudWatch agent on ECS"."""


class TracesRefused(ResourceRule):
    """A sidecar for traces and metrics that may send none."""

    id = "TAP1190"
    title = "A telemetry sidecar may send what it collects"
    description = (
        "The X-Ray daemon, the ADOT collector and the CloudWatch agent send with the task's own role. Where it may do "
        "nothing of the kind, all that they collect is dropped."
    )
    severity = Severity.WARNING
    source = "X-Ray developer guide, “Running the X-Ray daemon on Amazon ECS”; AWS Distro for OpenTelemetry, on ECS"
    advice = "Attach AWSXRayDaemonWriteAccess (traces) or CloudWatchAgentServerPolicy to the role in TaskRoleArn."
    types = ("AWS::ECS::TaskDefinition",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The sidecars of a task whose role is of the template."""
        role = world.target(resource.get("TaskRoleArn"), ROLE)
        if world.open or role is None:
            return
        for one in containers(world, resource)[0]:
            image = one.get("Image")
            text = shape(image) if isinstance(image, str | Text) else ""
            needs = next((actions for name, actions in _SIDECARS.items() if name in text), ())
            if needs and all(may(world, role, action) is False for action in needs):
                says = f"{role.logical_id} may do none of {', '.join(needs)}."
                yield at(resource, "ContainerDefinitions", one.index, says=says)
