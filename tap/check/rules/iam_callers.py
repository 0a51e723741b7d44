"""TAP1393: what the roles of schedules and pipelines have to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tap.check.graph.functions import function_of
from tap.check.graph.iam import ROLE, may
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import fields, items

_SCHEDULE, _PIPELINE = "AWS::Scheduler::Schedule", "AWS::CodePipeline::Pipeline"
_TARGETS: Mapping[str, str] = {
    "AWS::ECS::Cluster": "ecs:RunTask",
    "AWS::Lambda::Function": "lambda:InvokeFunction",
    "AWS::SNS::Topic": "sns:Publish",
    "AWS::SQS::Queue": "sqs:SendMessage",
    "AWS::StepFunctions::StateMachine": "states:StartExecution",
    "AWS::CodeBuild::Project": "codebuild:StartBuild",
    "AWS::CodePipeline::Pipeline": "codepipeline:StartPipelineExecution",
}
"""What the role of a schedule does to its target. Source: EventBridge Scheduler user guide, "Templated targets"."""
_PROVIDERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "CodeBuild": (("codebuild:StartBuild", "codebuild:StartBuildBatch"),),
    "CodeStarSourceConnection": (("codestar-connections:UseConnection", "codeconnections:UseConnection"),),
    "ECR": (("ecr:DescribeImages",),),
    "ECS": (("ecs:RegisterTaskDefinition",), ("ecs:UpdateService",), ("iam:PassRole",)),
}
"""By the provider of an action: of each group the pipeline's role may do one. Source: CodePipeline user guide, "Action
structure reference", service role permissions."""


class CallerRole(ResourceRule):
    """A schedule or pipeline whose role may not do what it is for."""

    id = "TAP1393"
    title = "The role of a schedule or pipeline may do what it is for"
    description = (
        "A schedule calls its target, and a pipeline starts builds and deployments, with a role. Where the role may "
        "not do that (or not pass the task's roles on), each run fails, and the deployment says nothing."
    )
    severity = Severity.WARNING
    source = (
        "EventBridge Scheduler user guide, “Setting up the execution role”; CodePipeline user guide, “Service role”"
    )
    advice = "Allow the action in the role's policy; iam:PassRole on the roles of the task."
    types = (_SCHEDULE, _PIPELINE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The target of a schedule; the actions of a pipeline that have no role of their own."""
        if resource.type == _SCHEDULE:
            role = world.target(resource.get("Target", "RoleArn"), ROLE)
            value = resource.get("Target", "Arn")
            target = world.target(value, *_TARGETS) or function_of(world, value)
            if role is None or target is None:
                return
            wanted = [(_TARGETS[target.type],)]
            task = resource.get("Target", "EcsParameters", "TaskDefinitionArn")
            definition = world.target(task, "AWS::ECS::TaskDefinition")
            if definition and {"TaskRoleArn", "ExecutionRoleArn"} & set(definition.properties):
                wanted.append(("iam:PassRole",))
            yield from _missing(resource, ("Target", "RoleArn"), role, wanted, world)
            return
        role = world.target(resource.get("RoleArn"), ROLE)
        for at_stage, stage in enumerate(items(resource.get("Stages"))):
            for at_action, one in enumerate(items(fields(stage).get("Actions"))):
                provider = fields(fields(one).get("ActionTypeId")).get("Provider")
                groups = _PROVIDERS.get(provider, ()) if isinstance(provider, str) else ()
                if role and groups and fields(one).get("RoleArn") is None:
                    place = ("Stages", at_stage, "Actions", at_action)
                    yield from _missing(resource, place, role, groups, world)


def _missing(
    resource: Resource,
    place: tuple[str | int, ...],
    role: Resource,
    groups: Sequence[tuple[str, ...]],
    world: World,
) -> Iterator[Found]:
    missing = [group[0] for group in groups if all(may(world, role, action) is False for action in group)]
    if missing:
        yield at(resource, *place, says=f"{role.logical_id} may not do {', '.join(missing)}.")
