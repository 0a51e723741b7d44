"""TAP1704 to TAP1709: counts and sizes that CloudFormation and the services hold to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tap.check.graph.cached import cached
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import Text, as_number, fields, items, shape
from tap.limits import COUNTS, DESCRIPTION_BYTES, INLINE_BYTES, S3_BYTES


def of_template(*place: str, says: str) -> Found:
    """A fault that is no resource's own."""
    return Found("", place, says)


class TooMany(Rule):
    """Sections with more than CloudFormation takes."""

    id = "TAP1704"
    title = "A template has 500 resources, and 200 parameters, outputs and mappings at the most"
    description = "CloudFormation refuses a template with more (and a mapping with more than 200 keys)."
    source = "CloudFormation user guide, “Understand CloudFormation quotas”"
    advice = "Split the template into several stacks."

    def check(self, world: World) -> Iterator[Found]:
        """Each section."""
        for section, most in COUNTS.items():
            count = len(world.model.resources if section == "Resources" else fields(world.model.template.get(section)))
            if count > most:
                yield of_template(section, says=f"{count} {section.lower()}: a template has {most} at the most.")
        for name, body in fields(world.model.template.get("Mappings")).items():
            if len(fields(body)) > 200:
                says = f"{name} has {len(fields(body))} keys: a mapping has 200 at the most."
                yield of_template("Mappings", str(name), says=says)


class TooLarge(Rule):
    """Templates that are larger than CloudFormation takes."""

    id = "TAP1705"
    title = "A template has 1,000,000 bytes at the most, and texts in it 1,024"
    description = "CloudFormation refuses larger templates, and longer descriptions; a default has 4,096 characters."
    source = "CloudFormation user guide, “Understand CloudFormation quotas”"
    advice = "Split the template, shorten the text."

    def check(self, world: World) -> Iterator[Found]:
        """The file, descriptions and defaults."""
        template = world.model.template
        size = _size(world)
        if size > S3_BYTES:
            yield of_template(says=f"The template has {size:,} bytes: it has {S3_BYTES:,} at the most.")
        length = len(str(template.get("Description") or "").encode())
        if length > DESCRIPTION_BYTES:
            yield of_template(
                "Description", says=f"The description has {length} bytes: it has {DESCRIPTION_BYTES} at the most."
            )
        for name, body in fields(template.get("Parameters")).items():
            for key, most in (("Description", 4000), ("Default", 4096)):
                text = fields(body).get(key)
                if isinstance(text, str) and len(text) > most:
                    yield of_template(
                        "Parameters", name, key, says=f"{len(text)} characters: {key} has {most} at the most."
                    )
        for name, body in fields(template.get("Outputs")).items():
            text = fields(body).get("Description")
            if isinstance(text, str) and len(text.encode()) > DESCRIPTION_BYTES:
                yield of_template(
                    "Outputs", name, "Description", says=f"The description has {len(text)} bytes: 1,024 at the most."
                )
        for section, most in (("Resources", 255), ("Parameters", 255), ("Outputs", 255), ("Mappings", 255)):
            for name in fields(template.get(section)):
                if len(str(name)) > most:
                    yield of_template(
                        section, str(name), says=f"The name has {len(str(name))} characters: {most} at the most."
                    )


def _size(world: World) -> int:
    """The bytes of the file; of a template that is in none, those of the shortest way to write it."""
    try:
        return Path(world.model.document.path).stat().st_size
    except (OSError, ValueError):
        return len(json.dumps(world.model.document.template, separators=(",", ":"), default=str))


class LargerThanInline(Rule):
    """Templates that must go through a bucket."""

    id = "TAP1706"
    title = "A template over 51,200 bytes goes through a bucket"
    severity = Severity.NOTE
    description = "TemplateBody takes 51,200 bytes; a larger template is given by TemplateURL."
    source = "CloudFormation user guide, “Understand CloudFormation quotas”"
    advice = "Upload it to a bucket, and give its URL."

    def check(self, world: World) -> Iterator[Found]:
        """The file."""
        size = _size(world)
        said = fields(fields(world.model.template.get("Metadata")).get("Template"))
        # tap's own templates say how they are deployed; their pages tell of the bucket.
        if INLINE_BYTES < size <= S3_BYTES and not said:
            yield of_template(says=f"The template has {size:,} bytes: more than {INLINE_BYTES:,} go through a bucket.")


class OwnConstraints(Rule):
    """Parameters whose default their own constraints refuse."""

    id = "TAP1707"
    title = "A parameter's default is one that its constraints allow"
    description = "CloudFormation refuses the template, or every deployment that does not give another value."
    source = "CloudFormation user guide, “Parameters”"
    advice = "Change the default or the constraint."

    def check(self, world: World) -> Iterator[Found]:
        """Each parameter with a default; limits that exclude each other."""
        for name, one in world.model.parameters.items():
            default = one.default
            if one.min_length is not None and one.max_length is not None and one.min_length > one.max_length:
                yield of_template(
                    "Parameters", name, says=f"MinLength {one.min_length} is more than MaxLength {one.max_length}."
                )
            if one.min_value is not None and one.max_value is not None and one.min_value > one.max_value:
                yield of_template(
                    "Parameters", name, says=f"MinValue {one.min_value:g} is more than MaxValue {one.max_value:g}."
                )
            if default is None or one.from_ssm:
                continue
            values = [part.strip() for part in default.split(",")] if one.is_list else [default]
            if one.type == "Number" and as_number(default) is None:
                yield of_template("Parameters", name, "Default", says=f"The default {default!r} is no number.")
            elif not all(one.allows(value) for value in values):
                yield of_template(
                    "Parameters", name, "Default", says=f"The default {default!r} is not what the constraints allow."
                )


_NO_LIST = ("Tags", "HostedZoneTags", "FileSystemTags")


class TagForm(Rule):
    """Tags that services refuse."""

    id = "TAP1708"
    title = "Tags have keys of their own, of up to 128 characters, not beginning with aws:"
    description = (
        "Keys are there once, have up to 128 characters, values 256; aws: is reserved; a resource has 50 tags."
    )
    source = "Tagging AWS resources user guide, “Tag naming limits and requirements”"
    advice = "Take out the second, shorten or rename it."

    def check(self, world: World) -> Iterator[Found]:
        """The tags of each resource, as a list or as a mapping."""
        for resource in world.resources.values():
            yield from _tags(resource)


@cached
def _tags(resource: Resource) -> list[Found]:
    found: list[Found] = []
    for key in _NO_LIST:
        value = resource.properties.get(key)
        pairs: list[tuple[str | int, Any, Any]] = []
        if isinstance(value, list):
            pairs = [(index, fields(one).get("Key"), fields(one).get("Value")) for index, one in enumerate(value)]
        elif isinstance(value, dict):
            pairs = [(str(name), name, one) for name, one in value.items()]
        found += _tag_faults(resource, key, pairs)
    return found


def _tag_faults(resource: Resource, key: str, pairs: list[tuple[str | int, Any, Any]]) -> Iterator[Found]:
    seen: list[str] = []
    for place, name, value in pairs:
        if isinstance(name, str | Text) and shape(name).lower().startswith("aws:"):
            yield at(resource, key, place, says=f"The key {shape(name)} begins with aws:, which is reserved.")
        if isinstance(name, str) and name in seen:
            yield at(resource, key, place, says=f"The key {name} is there twice.")
        if isinstance(name, str) and len(name) > 128:
            yield at(resource, key, place, says=f"The key has {len(name)} characters: 128 at the most.")
        if isinstance(value, str) and len(value) > 256:
            yield at(resource, key, place, says=f"The value has {len(value)} characters: 256 at the most.")
        if isinstance(name, str):
            seen.append(name)
    if len(pairs) > 50:
        yield at(resource, key, says=f"{len(pairs)} tags: a resource has 50 at the most.")


_MOST: Mapping[tuple[str, str], tuple[int, str]] = {
    ("AWS::DynamoDB::Table", "GlobalSecondaryIndexes"): (20, "global secondary indexes"),
    ("AWS::DynamoDB::Table", "LocalSecondaryIndexes"): (5, "local secondary indexes"),
    ("AWS::EC2::SecurityGroup", "SecurityGroupIngress"): (60, "inbound rules"),
    ("AWS::EC2::SecurityGroup", "SecurityGroupEgress"): (60, "outbound rules"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "SecurityGroups"): (5, "security groups"),
    ("AWS::ECS::Service", "LoadBalancers"): (5, "target groups"),
    ("AWS::ECS::TaskDefinition", "ContainerDefinitions"): (10, "containers"),
    ("AWS::Events::Rule", "Targets"): (5, "targets"),
    ("AWS::Lambda::Function", "Layers"): (5, "layers"),
    ("AWS::CloudWatch::Alarm", "AlarmActions"): (5, "actions"),
    ("AWS::CloudWatch::Alarm", "OKActions"): (5, "actions"),
    ("AWS::CloudWatch::Alarm", "Dimensions"): (30, "dimensions"),
    ("AWS::IAM::Role", "ManagedPolicyArns"): (20, "managed policies"),
    ("AWS::S3::Bucket", "LifecycleConfiguration.Rules"): (1000, "lifecycle rules"),
    ("AWS::WAFv2::LoggingConfiguration", "LogDestinationConfigs"): (1, "destination"),
    ("AWS::EC2::SecurityGroup", "GroupDescription"): (255, "characters"),
}
"""Type and property → the most, and what they are. Sources: the services' pages of quotas; what can be raised stands
here with the highest figure that it can be raised to, or with that of every new account (security group rules: 60)."""


class PerResource(ResourceRule):
    """Lists with more than a service takes."""

    id = "TAP1709"
    title = "A list is not longer than its service takes"
    description = (
        "Security groups have 60 rules a direction, tables 20 indexes, services 5 target groups, alarms 5 actions."
    )
    source = "The services' pages of quotas"
    advice = "Divide it among several resources."
    types = tuple(dict.fromkeys(kind for kind, _ in _MOST))

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each such list of the resource."""
        for (kind, path), (most, what) in _MOST.items():
            if kind == resource.type:
                value = resource.get(*path.split("."))
                count = len(value) if isinstance(value, str) else len(items(value))
                if count > most:
                    yield at(resource, *path.split("."), says=f"{count} {what}: {resource.type} takes {most}.")
