"""TAP1570-1573: instances, the templates that start them, and groups of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.balancing import TARGET_GROUP
from tap.check.graph.iam import ROLE
from tap.check.graph.scaling import GROUP
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Reference, Unknown, fields, items

LAUNCH, INSTANCE = "AWS::EC2::LaunchTemplate", "AWS::EC2::Instance"


def _data(resource: Resource) -> tuple[tuple[str, ...], Any]:
    """Where the settings of an instance stand in a launch template or instance, and what they are."""
    if resource.type == LAUNCH:
        return ("LaunchTemplateData",), fields(resource.get("LaunchTemplateData"))
    return (), resource.properties


class InstanceArchitecture(ResourceRule):
    """An image for another processor than the machine's."""

    id = "TAP1570"
    title = "The image is for the instance type's processor"
    description = (
        "Graviton types (a g after the generation: t4g, m7gd; and a1) run images for arm64, all others those for "
        "x86_64. EC2 refuses the other: “The architecture … of the specified instance type does not match …”."
    )
    source = "EC2 API, RunInstances; Systems Manager user guide, public parameters of Amazon Linux images"
    advice = "Take the parameter of the other architecture, or another instance type."
    types = (LAUNCH, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Types that are known, with images whose parameter says what they are for."""
        place, own = _data(resource)
        kind, image = own.get("InstanceType"), _image(own.get("ImageId"), world)
        said = re.search(r"arm64|aarch64|x86_64", image)
        if not isinstance(kind, str) or "." not in kind or said is None:
            return
        arm = bool(re.match(r"(a1|[a-z]+\d+g[a-z]*)\.", kind))
        if arm == (said[0] == "x86_64"):
            what = "arm64" if arm else "x86_64"
            yield at(resource, *place, "ImageId", says=f"{kind} runs {what}; the image is that of {image}.")


def _image(value: Any, world: World) -> str:
    """The SSM parameter that an image's id comes from; empty where it comes from elsewhere."""
    if not isinstance(value, Unknown):
        return ""
    if value.parameter:
        parameter = world.model.parameters.get(value.parameter)
        return parameter.value or "" if parameter and parameter.from_ssm else ""
    match = re.fullmatch(r"\{\{resolve:ssm:([^:}]+)(:\d+)?\}\}", value.text)
    return match[1] if match else ""


class InstanceProfile(ResourceRule):
    """A role where an instance profile is meant."""

    id = "TAP1571"
    title = "An instance takes an instance profile, not a role"
    description = "The role of an instance is in a profile (AWS::IAM::InstanceProfile); EC2 refuses the role itself."
    source = "EC2 API, IamInstanceProfileSpecification"
    advice = "Add an AWS::IAM::InstanceProfile with the role, and name that."
    types = (LAUNCH, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Profiles that are a resource of the template."""
        place, own = _data(resource)
        value = own.get("IamInstanceProfile")
        named = [value] if resource.type == INSTANCE else [fields(value).get("Arn"), fields(value).get("Name")]
        for one in named:
            role = world.target(one, ROLE) if isinstance(one, Reference) else None
            if role:
                yield at(resource, *place, "IamInstanceProfile", says=f"{role.logical_id} is a role, no profile.")


class GroupsTwice(ResourceRule):
    """Security groups beside network interfaces."""

    id = "TAP1572"
    title = "Security groups stand in the network interface, where there is one"
    description = "“If you specify a network interface, you must specify any security groups as part of it.”"
    source = "EC2 API, RequestLaunchTemplateData.SecurityGroupIds, RunInstances.SecurityGroupIds"
    advice = "Move them to NetworkInterfaces[0].Groups (GroupSet of an instance)."
    types = (LAUNCH, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Both in one place."""
        place, own = _data(resource)
        for key in ("SecurityGroupIds", "SecurityGroups"):
            if items(own.get(key)) and items(own.get("NetworkInterfaces")):
                yield at(resource, *place, key, says=f"{key} stands beside NetworkInterfaces.")


class TargetsOfGroup(ResourceRule):
    """An Auto Scaling group in a target group for something else."""

    id = "TAP1573"
    title = "The target group of an Auto Scaling group has targets of type instance"
    description = "An Auto Scaling group registers its instances by their ids, which a group of addresses refuses."
    source = "EC2 Auto Scaling user guide, “Prepare to attach an Elastic Load Balancing load balancer”"
    advice = "Set TargetType: instance (the default)."
    types = (GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Target groups of the template."""
        for index, value in enumerate(items(resource.get("TargetGroupARNs"))):
            targets = world.target(value, TARGET_GROUP)
            kind = targets.get("TargetType") if targets else None
            if targets and kind in ("ip", "lambda", "alb"):
                says = f"{targets.logical_id} has targets of type {kind}."
                yield at(resource, "TargetGroupARNs", index, says=says)
