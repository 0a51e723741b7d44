"""TAP136x: functions: their code, their settings, and what calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.functions import FUNCTION, QUEUE, allows_call, function_of
from tap.check.graph.iam import ROLE, may
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import as_number, fields, items, known

_RESERVED = frozenset(
    [
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    ]
)
_INLINE, _ENVIRONMENT = 4_194_304, 4_096


class InlineCode(ResourceRule):
    """Code in the template that Lambda cannot run."""

    id = "TAP1360"
    title = "The code in the template cannot be run so"
    description = (
        "Code in ZipFile becomes a file named index, so the handler begins with index.; it is for Python and Node.js "
        "alone, and has at most 4 MB."
    )
    source = "CloudFormation template reference, AWS::Lambda::Function Code: ZipFile"
    types = (FUNCTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Handler and runtime of a function whose code stands in the template."""
        code, handler, runtime = resource.get("Code", "ZipFile"), resource.get("Handler"), resource.get("Runtime")
        if code is None:
            return
        if isinstance(runtime, str) and not runtime.startswith(("python", "nodejs")):
            yield at(resource, "Runtime", says=f"Code for {runtime} cannot stand in the template.")
        if isinstance(handler, str):
            if not handler.startswith("index."):
                yield at(resource, "Handler", says=f"The handler is {handler}, but the file is named index.")
            elif isinstance(code, str) and isinstance(runtime, str) and runtime.startswith("python"):
                name = handler.removeprefix("index.")
                if re.fullmatch(r"\w+", name) and not re.search(rf"\b{name}\b", code):
                    yield at(resource, "Handler", says=f"The code defines no {name}.")
        if isinstance(code, str) and len(code) > _INLINE:
            yield at(resource, "Code", "ZipFile", says=f"{len(code)} characters; 4 MB at most.")


class Environment(ResourceRule):
    """Variables that a function cannot have."""

    id = "TAP1361"
    title = "The function cannot have these environment variables"
    description = "Lambda sets some variables itself and refuses them; names are plain, and all together have 4 KB."
    source = "Lambda developer guide, “Defined runtime environment variables”, “Lambda quotas”"
    types = (FUNCTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The variables of a function."""
        variables = fields(resource.get("Environment", "Variables"))
        for name in variables:
            place = ("Environment", "Variables", str(name))
            if name in _RESERVED:
                yield at(resource, *place, says=f"{name} is Lambda's own.")
            elif not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]+", str(name)):
                yield at(resource, *place, says=f"“{name}” is no name: a letter, then letters, digits and underscores.")
        if known(variables):
            size = sum(len(str(name)) + len(str(value)) for name, value in variables.items())
            if size > _ENVIRONMENT:
                yield at(resource, "Environment", "Variables", says=f"{size} bytes; 4096 at most.")


class FunctionNumbers(ResourceRule):
    """Figures that Lambda does not take."""

    id = "TAP1362"
    title = "Lambda does not take this figure"
    description = (
        "A function runs for 1 to 900 seconds, with 128 MB of memory at least and 512 to 10,240 MB of storage."
    )
    source = "Lambda API, CreateFunction; Lambda quotas"
    types = (FUNCTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Timeout, memory and storage of a function."""
        for path, low, high in (
            (("Timeout",), 1, 900),
            (("MemorySize",), 128, 32_768),
            (("EphemeralStorage", "Size"), 512, 10_240),
        ):
            number = as_number(resource.get(*path))
            if number is not None and not low <= number <= high:
                yield at(resource, *path, says=f"{number:g}: {low} to {high}.")


class NetworkPermission(ResourceRule):
    """A function in a VPC whose role may not make network interfaces."""

    id = "TAP1363"
    title = "The function's role may not make network interfaces"
    description = "A function in a VPC is refused where its role may not do ec2:CreateNetworkInterface."
    source = "Lambda developer guide, “Giving Lambda functions access to resources in an Amazon VPC”"
    advice = "Attach service-role/AWSLambdaVPCAccessExecutionRole to the role."
    types = (FUNCTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The role of a function with subnets."""
        if not items(resource.get("VpcConfig", "SubnetIds")):
            return
        role = world.target(resource.get("Role"), ROLE)
        if role and may(world, role, "ec2:CreateNetworkInterface") is False:
            says = f"{role.logical_id} may not do ec2:CreateNetworkInterface."
            yield at(resource, "VpcConfig", says=says)


_READS = {
    QUEUE: ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "AWS::DynamoDB::Table": ("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"),
    "AWS::Kinesis::Stream": ("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream"),
}


class EventSource(ResourceRule):
    """A source of events that Lambda refuses."""

    id = "TAP1364"
    title = "The function cannot be fed from this source"
    description = (
        "Lambda reads queues and streams with the function's role, and tests that at once. Messages of a queue stay "
        "hidden for at least as long as the function may run; a table has a stream only where it is turned on."
    )
    source = "Lambda developer guide, “Using Lambda with Amazon SQS”, “… DynamoDB”; CreateEventSourceMapping"
    types = ("AWS::Lambda::EventSourceMapping",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Source and function of a mapping."""
        function = function_of(world, resource.get("FunctionName"))
        origin = world.target(resource.get("EventSourceArn"), *_READS)
        if origin is None:
            return
        if origin.type == "AWS::DynamoDB::Table" and origin.get("StreamSpecification") is None:
            yield at(resource, "EventSourceArn", says=f"{origin.logical_id} has no stream (StreamSpecification).")
        if origin.type != QUEUE and resource.get("StartingPosition") is None:
            yield at(resource, "EventSourceArn", says="A stream needs a StartingPosition.")
        batch, window = as_number(resource.get("BatchSize")), resource.get("MaximumBatchingWindowInSeconds")
        if origin.type == QUEUE and batch and batch > 10 and (window is None or as_number(window) == 0):
            says = f"Batches of {batch:g} messages need a MaximumBatchingWindowInSeconds of 1 at least."
            yield at(resource, "BatchSize", says=says)
        if function is None:
            return
        role = world.target(function.get("Role"), ROLE)
        for action in _READS[origin.type]:
            if role and may(world, role, action, origin) is False:
                yield at(resource, "EventSourceArn", says=f"{role.logical_id} may not do {action}.")
                break
        if origin.type == QUEUE:
            hidden, runs = origin.get("VisibilityTimeout"), function.get("Timeout")
            first = 30.0 if hidden is None else as_number(hidden)
            second = 3.0 if runs is None else as_number(runs)
            if first is not None and second is not None and first < second:
                says = f"Messages are hidden for {first:g} s, but {function.logical_id} may run for {second:g} s."
                yield at(resource, "EventSourceArn", says=says)


class TargetShutOut(ResourceRule):
    """A target that EventBridge or SNS may not call."""

    id = "TAP1365"
    title = "The target does not let the service call it"
    description = (
        "EventBridge and SNS call functions, topics and queues by the target's own policy. Without a permission "
        "for the "
        "service what they send is lost, and nothing says so."
    )
    severity = Severity.WARNING
    source = (
        "EventBridge user guide, “Using resource-based policies”; SNS developer guide, “Fanout to SQS queues, Lambda”"
    )
    types = ("AWS::Events::Rule", "AWS::SNS::Subscription")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The targets of a rule, or the endpoint of a subscription."""
        if resource.type == "AWS::SNS::Subscription":
            if resource.get("Protocol") in ("lambda", "sqs"):
                yield from self._target(resource, ("Endpoint",), "sns", world)
            return
        for index, _ in enumerate(items(resource.get("Targets"))):
            yield from self._target(resource, ("Targets", index, "Arn"), "events", world)

    def _target(self, resource: Resource, path: tuple[str | int, ...], service: str, world: World) -> Iterator[Found]:
        let = allows_call(world, resource.get(*path), service)
        with_role = len(path) == 3 and fields(resource.get(*path[:2])).get("RoleArn") is not None
        if let and not let.by and not with_role:
            kind = "AWS::Lambda::Permission" if let.target.type == FUNCTION else "policy"
            says = f"No {kind} lets {service}.amazonaws.com call {let.target.logical_id}."
            yield at(resource, *path, says=says)


_ACTIONS = {
    "AWS::ECS::Cluster": ("ecs:RunTask", "iam:PassRole"),
    "AWS::StepFunctions::StateMachine": ("states:StartExecution",),
    "AWS::CodePipeline::Pipeline": ("codepipeline:StartPipelineExecution",),
    "AWS::CodeBuild::Project": ("codebuild:StartBuild",),
}


class TargetRole(ResourceRule):
    """A target that needs a role."""

    id = "TAP1366"
    title = "EventBridge needs a role for this target"
    description = "Tasks, state machines, pipelines, builds and streams are called with a role of the rule's target."
    source = "EventBridge user guide, “Using identity-based policies”: roles for targets; API, Target: RoleArn"
    types = ("AWS::Events::Rule",)

    _WITH_ROLE = (
        "AWS::ECS::Cluster",
        "AWS::StepFunctions::StateMachine",
        "AWS::CodePipeline::Pipeline",
        "AWS::CodeBuild::Project",
        "AWS::Kinesis::Stream",
        "AWS::KinesisFirehose::DeliveryStream",
        "AWS::Events::EventBus",
    )

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The targets of a rule that need a role, and what the role may do."""
        for index, body in enumerate(items(resource.get("Targets"))):
            target = world.target(fields(body).get("Arn"), *self._WITH_ROLE)
            if target is None:
                continue
            value = fields(body).get("RoleArn")
            if value is None:
                says = f"{target.logical_id} is called with a role, but there is no RoleArn."
                yield at(resource, "Targets", index, says=says)
                continue
            role = world.target(value, ROLE)
            for action in _ACTIONS.get(target.type, ()):
                if action == "iam:PassRole" and not _passes_roles(world, fields(body)):
                    continue
                if role and may(world, role, action) is False:
                    yield at(resource, "Targets", index, "RoleArn", says=f"{role.logical_id} may not do {action}.")


def _passes_roles(world: World, target: Mapping[str, Any]) -> bool:
    """Whether the task of a target has roles, which who starts it has to pass on."""
    task = world.target(fields(target.get("EcsParameters")).get("TaskDefinitionArn"), "AWS::ECS::TaskDefinition")
    return task is not None and bool({"TaskRoleArn", "ExecutionRoleArn"} & set(task.properties))
