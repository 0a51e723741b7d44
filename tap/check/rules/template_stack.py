"""TAP1918 to TAP1922: what a template says to CloudFormation itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at, beside
from tap.check.values import as_int, fields, items, strings

_STACK = "AWS::CloudFormation::Stack"
_SIGNALLED = ("AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::Instance", "AWS::CloudFormation::WaitCondition")
_CREATION = (*_SIGNALLED, "AWS::AppStream::Fleet")
_UPDATE = {
    "AutoScalingReplacingUpdate": ("AWS::AutoScaling::AutoScalingGroup",),
    "AutoScalingRollingUpdate": ("AWS::AutoScaling::AutoScalingGroup",),
    "AutoScalingScheduledAction": ("AWS::AutoScaling::AutoScalingGroup",),
    "CodeDeployLambdaAliasUpdate": ("AWS::Lambda::Alias",),
    "EnableVersionUpgrade": ("AWS::Elasticsearch::Domain", "AWS::OpenSearchService::Domain"),
    "UseOnlineResharding": ("AWS::ElastiCache::ReplicationGroup",),
}


class NestedStack(ResourceRule):
    """Nested stacks without what their template needs."""

    id = "TAP1918"
    title = "A nested stack is given the parameters that its template has, and a URL of S3"
    description = "CloudFormation refuses a URL that is none of S3, and parameters that are missing or not there."
    source = "AWS::CloudFormation::Stack, TemplateURL and Parameters"
    advice = "Give every parameter of the child that has no default."
    types = (_STACK,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The URL; the parameters of a template beside this one."""
        url = resource.get("TemplateURL")
        if not isinstance(url, str) or not url:
            return
        if url.startswith("http") and not re.match(r"https://[^/]*(s3|amazonaws)[^/]*/", url):
            yield at(
                resource, "TemplateURL", says=f"{url} is no URL of S3 (https://BUCKET.s3.REGION.amazonaws.com/KEY)."
            )
            return
        child = _child(world.model.document.path, url)
        if child is None:
            return
        declared, given = fields(child.get("Parameters")), resource.get("Parameters")
        if given is not None and not isinstance(given, Mapping):
            return
        for name, body in declared.items():
            if name not in fields(given) and "Default" not in fields(body):
                yield at(resource, "Parameters", says=f"{url} needs the parameter {name}.")
        for name in fields(given):
            if name not in declared:
                yield at(resource, "Parameters", name, says=f"{url} has no parameter {name}.")


def _child(path: str, url: str) -> Mapping[str, Any] | None:
    """The template that a path beside the parent leads to (as `aws cloudformation package` takes it)."""
    from tap.check.load import UnreadableError, read

    file = Path(path).parent / url
    try:
        return read(file).template if "://" not in url and file.is_file() else None
    except (OSError, ValueError, UnreadableError):
        return None


class Signals(ResourceRule):
    """Waiting for signals that do not come."""

    id = "TAP1919"
    title = "What waits for signals is signalled"
    description = (
        "A CreationPolicy or a rolling update that waits for signals fails after its timeout when nothing in the user "
        "data or metadata calls cfn-signal."
    )
    source = "CloudFormation template reference, CreationPolicy and UpdatePolicy attributes"
    advice = "Call cfn-signal at the end of the user data, or take the policy out."
    types = _SIGNALLED[:2]

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The policy against the user data that the instances start with."""
        creation = fields(world.resolve(resource.body.get("CreationPolicy")))
        signal = creation.get("ResourceSignal")
        rolling = fields(fields(world.resolve(resource.body.get("UpdatePolicy"))).get("AutoScalingRollingUpdate"))
        waits = signal is not None or rolling.get("WaitOnResourceSignals") in (True, "true")
        if not waits or as_int(fields(signal).get("Count", 1)) == 0:
            return
        text = _user_data(resource, world)
        if text is not None and not re.search(
            r"cfn-signal|signal-resource|SignalResource|cfn-init|curl|aws s3 cp", text
        ):
            where = "CreationPolicy" if signal is not None else "UpdatePolicy"
            yield beside(
                resource, where, says=f"{resource.logical_id} waits for signals, and its user data sends none."
            )


def _user_data(resource: Resource, world: World) -> str | None:
    """The user data as text; None where it cannot be told."""
    own = resource.get("UserData")
    if resource.type != "AWS::EC2::Instance":
        template = world.target(resource.get("LaunchTemplate", "LaunchTemplateId"), "AWS::EC2::LaunchTemplate")
        configuration = world.target(resource.get("LaunchConfigurationName"), "AWS::AutoScaling::LaunchConfiguration")
        if template is None and configuration is None:
            return None
        own = (
            template.get("LaunchTemplateData", "UserData")
            if template
            else configuration.get("UserData")
            if configuration
            else None
        )
    if own is None:
        return ""
    return str(own) if not hasattr(own, "text") else None


class PolicyPlace(Rule):
    """Creation and update policies where they mean nothing."""

    id = "TAP1920"
    title = "Creation and update policies stand on the types that have them"
    severity = Severity.ERROR
    description = "CloudFormation refuses CreationPolicy and UpdatePolicy on types that do not know them."
    source = "CloudFormation template reference, CreationPolicy and UpdatePolicy attributes"
    advice = "Take it out, or put it on the group of instances."

    def check(self, world: World) -> Iterator[Found]:
        """Each policy."""
        for resource in world.resources.values():
            if (
                resource.body.get("CreationPolicy") is not None
                and resource.type not in _CREATION
                and resource.type.startswith("AWS::")
            ):
                yield beside(resource, "CreationPolicy", says=f"{resource.type} has no CreationPolicy.")
            for key in fields(resource.body.get("UpdatePolicy")):
                allowed = _UPDATE.get(str(key))
                if allowed is not None and resource.type not in allowed:
                    yield beside(
                        resource, "UpdatePolicy", says=f"{key} is for {' and '.join(allowed)}, not for {resource.type}."
                    )
                elif allowed is None and not str(key).startswith("Fn::"):
                    yield beside(resource, "UpdatePolicy", says=f"There is no update policy {key}.")


class Interface(Rule):
    """Groups and labels of parameters that are not there."""

    id = "TAP1921"
    title = "AWS::CloudFormation::Interface names parameters of the template"
    severity = Severity.NOTE
    description = "The console leaves out a name that is no parameter."
    source = "CloudFormation template reference, AWS::CloudFormation::Interface"
    advice = "Correct the name, or take it out."

    def check(self, world: World) -> Iterator[Found]:
        """Each name in groups and labels."""
        own = fields(fields(world.model.template.get("Metadata")).get("AWS::CloudFormation::Interface"))
        parameters = world.model.parameters
        place = ("Metadata", "AWS::CloudFormation::Interface")
        for index, group in enumerate(items(own.get("ParameterGroups"))):
            for name in strings(fields(group).get("Parameters")):
                if name not in parameters:
                    yield Found("", (*place, "ParameterGroups", str(index)), f"There is no parameter {name}.")
        for name in fields(own.get("ParameterLabels")):
            if str(name) not in parameters:
                yield Found("", (*place, "ParameterLabels", str(name)), f"There is no parameter {name}.")


class RequiredGone(Rule):
    """Required properties that a branch takes away."""

    id = "TAP1922"
    title = "A required property is there in every case"
    description = "Where a condition makes a required property AWS::NoValue, the resource is refused in that case."
    source = "The resource types' schemas (required), as cfn-lint bundles them"
    advice = "Give the other branch a value, or make the resource itself conditional."

    def check(self, world: World) -> Iterator[Found]:
        """Each resource with a property that is written and not there."""
        from tap.check.schemas import attributes

        for key, resource in world.resources.items():
            raw = fields(fields(world.model.resources[key]).get("Properties"))
            gone = [name for name in raw if name not in resource.properties and raw[name] is not None]
            known = attributes(resource.type) if gone else None
            for name in gone:
                if known is not None and name in known.required:
                    yield at(resource, name, says=f"{name} is required, and it is AWS::NoValue here.")
