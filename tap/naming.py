"""Names: the physical names of resources against their services' limits, and the names that tap makes itself.

A physical name holds the environment's suffix, so the longest suffix is whatever the tightest name leaves room for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tap.errors import TapError
from tap.model import SUFFIX
from tap.physical_names import PHYSICAL_NAMES
from tap.references import SUB_VARIABLE

_REF_IS_ARN = frozenset(
    {
        "AWS::CloudFront::Function",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::IAM::ManagedPolicy",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
        "AWS::WAFv2::WebACL",
    }
)
"""The named types whose ``Ref`` is longer than their name (the types' reference, "Return values")."""

STACK_NAME = 128
"""Source: CloudFormation API, ``CreateStack``, parameter ``StackName``."""

SUFFIX_PATTERN = "^[a-z0-9]+(-[a-z0-9]+)*$"
SUFFIX_RULE = "lower-case letters, digits and single hyphens, no hyphen at either end"

_PSEUDO = {
    "AWS::AccountId": 12,
    "AWS::NoValue": 0,
    "AWS::Partition": len("aws-us-gov"),
    "AWS::Region": len("ap-southeast-1"),
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": len("amazonaws.com.cn"),
}


class NameTooLongError(TapError):
    """A physical name that can be longer than its service allows."""


class Length(NamedTuple):
    """The length of a name: so many characters, and so many times the suffix."""

    fixed: int
    suffixes: int

    def __add__(self, other: object) -> Length:
        if not isinstance(other, Length):
            return NotImplemented
        return Length(self.fixed + other.fixed, self.suffixes + other.suffixes)


@dataclass(frozen=True)
class PhysicalName:
    """A name that a template gives: whose it is, the property's value, and the most characters its service takes."""

    logical_id: str
    type: str
    property: str
    value: Any
    most: int


def kebab(name: str) -> str:
    """``BackendServiceArn`` → ``backend-service-arn``; capitals in a row stay together (``DBName`` → ``db-name``)."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def camel(name: str) -> str:
    """``api-gateway`` → ``ApiGateway``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("-"))


def physical_names(resources: Mapping[str, Any]) -> Iterator[PhysicalName]:
    """The names that the resources give themselves, for the types of ``PHYSICAL_NAMES``."""
    for (kind, path), most in PHYSICAL_NAMES.items():
        for logical_id, resource in resources.items():
            if resource["Type"] != kind:
                continue
            value: Any = resource.get("Properties", {})
            for key in path.split("."):
                value = value.get(key) if isinstance(value, Mapping) else None
            if value is not None:
                yield PhysicalName(logical_id, kind, path, value, most)


def longest(value: Any, parameters: Mapping[str, Any], resources: Mapping[str, Any]) -> Length:
    """The length that a name can come to, by the constraints of the parameters in it.

    Raises NameTooLongError when nothing bounds it: a parameter without ``MaxLength`` or ``AllowedValues``, or an
    intrinsic whose result nobody can know before the deployment.
    """
    if isinstance(value, str):
        return Length(len(value), 0)
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, argument),) = value.items()
        if key == "Ref":
            return _of_name(argument, parameters, resources)
        if key == "Fn::Sub":
            return _of_sub(argument, parameters, resources)
        if key == "Fn::If":
            either = [longest(branch, parameters, resources) for branch in argument[1:]]
            return Length(max(length.fixed for length in either), max(length.suffixes for length in either))
        if key == "Fn::Join" and isinstance(argument[1], list):
            parts = [longest(part, parameters, resources) for part in argument[1]]
            return sum(parts, Length(len(argument[0]) * (len(parts) - 1), 0))
    raise NameTooLongError(f"its length cannot be known: {value}")


def _of_sub(argument: Any, parameters: Mapping[str, Any], resources: Mapping[str, Any]) -> Length:
    text, values = argument if isinstance(argument, list) else (argument, {})
    total = Length(len(SUB_VARIABLE.sub("", text).replace("${!", "${")), 0)
    for match in SUB_VARIABLE.finditer(text):
        value = values.get(match[1], {"Ref": match[1]})
        total += longest(value, parameters, resources)
    return total


def _of_name(name: str, parameters: Mapping[str, Any], resources: Mapping[str, Any]) -> Length:
    if name == SUFFIX:
        return Length(0, 1)
    if name in _PSEUDO:
        return Length(_PSEUDO[name], 0)
    if name in parameters:
        parameter = parameters[name]
        if "AllowedValues" in parameter:
            return Length(max(len(str(value)) for value in parameter["AllowedValues"]), 0)
        if "MaxLength" in parameter:
            return Length(int(parameter["MaxLength"]), 0)
        raise NameTooLongError(f"the parameter {name} in it has neither MaxLength nor AllowedValues")
    if name in resources and resources[name]["Type"] not in _REF_IS_ARN:
        for physical in physical_names({name: resources[name]}):
            return longest(physical.value, parameters, resources)
    raise NameTooLongError(f"the length of {name} in it cannot be known")


def longest_suffix(
    system: str, tiers: tuple[str, ...], parameters: Mapping[str, Any], resources: Mapping[str, Any]
) -> tuple[int, str]:
    """The most characters that the suffix may have, and the name that sets the limit.

    Stack names count too (``SYSTEM-SUFFIX-TIER``). Raises NameTooLongError for a name that leaves no room for a
    suffix, is too long without one, or cannot be bounded.
    """
    room, reason = (
        STACK_NAME - max(len(f"{system}--{tier}") for tier in (*tiers, "")),
        f"the stack's name ({STACK_NAME} characters)",
    )
    for name in physical_names(resources):
        where = f"{name.logical_id} ({name.type}), {name.property}"
        try:
            length = longest(name.value, parameters, resources)
        except NameTooLongError as error:
            raise NameTooLongError(f"{where}: {error}. Its service takes {name.most} characters.") from error
        left = name.most - length.fixed
        if left < length.suffixes:
            raise NameTooLongError(
                f"{where}: up to {length.fixed} characters"
                + (" before the suffix" if length.suffixes else "")
                + f", its service takes {name.most}. Shorten it, or bound the parameters in it."
            )
        if length.suffixes and left // length.suffixes < room:
            room, reason = left // length.suffixes, f"the name of {name.logical_id} ({name.most} characters)"
    return room, reason
