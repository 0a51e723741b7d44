"""TAP1990 and TAP1991: functions that stand in Rules alone, and lists where texts are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from tap.check.model import Model, World
from tap.check.parameters import Parameter
from tap.check.rule import Found, Rule
from tap.check.values import fields, walk

_RULE_ONLY = frozenset(
    ("Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll")
)
_NOT_IN_RULES = frozenset(("Fn::GetAtt", "Fn::ImportValue", "Fn::GetAZs", "Fn::Cidr", "Fn::Base64"))


class RuleFunctions(Rule):
    """Functions of Rules elsewhere, and rules that assert nothing."""

    id = "TAP1990"
    title = "A rule has assertions, and its functions stand in Rules alone"
    description = (
        "Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::RefAll, Fn::ValueOf and Fn::ValueOfAll are for the "
        "section Rules. There, only parameters can be asked about, and each rule has assertions."
    )
    source = "CloudFormation template reference, “Rules section”, “Rule-specific intrinsic functions”"
    advice = "In Conditions use Fn::Equals, Fn::And, Fn::Or and Fn::Not."

    def check(self, world: World) -> Iterator[Found]:
        """The whole template, once: rules do not depend on conditions."""
        if world is world.model.worlds[0] and not world.open:
            yield from _rule_faults(world.model)


def _rule_faults(model: Model) -> Iterator[Found]:
    for place, node in model.walked:
        if isinstance(node, dict) and len(node) == 1 and (name := next(iter(node))) in _RULE_ONLY:
            owner = place[1] if len(place) > 1 and place[0] == "Resources" else ""
            if place and place[0] in ("Conditions", "Resources", "Outputs"):
                yield Found(owner, place, f"{name} can be used in Rules only.")
    for key, body in fields(model.template.get("Rules")).items():
        place = ("Rules", str(key))
        assertions = fields(body).get("Assertions")
        if not isinstance(assertions, list) or not assertions:
            yield Found("", place, "The rule has no Assertions.")
            continue
        for index, one in enumerate(assertions):
            if not isinstance(fields(one).get("Assert"), dict):
                yield Found("", (*place, "Assertions", str(index)), "The assertion has no Assert.")
        for where, node in walk(body, place):
            if not isinstance(node, dict) or len(node) != 1:
                continue
            ((name, argument),) = node.items()
            if name in _NOT_IN_RULES:
                yield Found("", where, f"{name} cannot be used in Rules.")
            elif name in ("Fn::ValueOf", "Fn::ValueOfAll") and isinstance(argument, list) and len(argument) == 2:
                of = argument[0]
                if name == "Fn::ValueOf" and isinstance(of, str) and of not in model.parameters:
                    yield Found("", where, f"There is no parameter {of}.")


_LISTS = frozenset(
    (
        *("AvailabilityZones", "RouteTableIds", "SecurityGroupIds", "SecurityGroups", "SubnetIds", "Subnets"),
        *("VPCSecurityGroups", "VPCZoneIdentifier", "VpcSecurityGroupIds"),
    )
)
_TEXTS = frozenset(
    ("AvailabilityZone", "CidrBlock", "ImageId", "InstanceType", "KmsKeyId", "RouteTableId", "SubnetId", "VpcId")
)
_INSIDE = frozenset(("AwsvpcConfiguration", "VpcConfig"))
"""Where such properties are: at the top of a resource, or in these."""
_VARIABLE = re.compile(r"\$\{\s*([A-Za-z0-9]+)\s*\}")
_OTHERS = ("AWS::CloudFormation::", "AWS::Serverless::Application", "AWS::ServiceCatalog::")


class ListOrText(Rule):
    """A parameter that is a list where text is wanted, or the other way round."""

    id = "TAP1991"
    title = "A parameter is a list where a list is wanted, and text where text is wanted"
    description = (
        "Ref of a list parameter gives a list. It cannot stand in Fn::Sub, as one item of a list, or for one id; and a "
        "parameter of one id cannot stand for a list."
    )
    source = "CloudFormation template reference, “Parameters”: CommaDelimitedList; Fn::Sub, Fn::Join, Fn::Select"
    advice = "Join a list with Fn::Join, take one item with Fn::Select; put one id into brackets, or change the type."

    def check(self, world: World) -> Iterator[Found]:
        """What this world makes."""
        parameters = world.model.parameters
        if not parameters or world.open:
            return
        found = _faults(world.model)
        for resource in world.resources.values():
            yield from found.get(resource.logical_id, ())


@lru_cache(maxsize=1)
def _faults(model: Model) -> Mapping[str, list[Found]]:
    """The faults by resource, of all branches: what kind a parameter is does not depend on the case."""
    found: dict[str, list[Found]] = {}
    for key, body in model.resources.items():
        kind = str(body.get("Type"))
        if not kind.startswith("AWS::"):
            continue
        top = ("Resources", key, "Properties")
        for place, node in walk(body.get("Properties")):
            for says in _says(place, node, model.parameters, kind):
                found.setdefault(key, []).append(Found(key, (*top, *place), says))
    return found


def _says(place: tuple[str, ...], node: Any, parameters: Mapping[str, Parameter], kind: str) -> Iterator[str]:
    if isinstance(node, dict) and len(node) == 1:
        ((name, argument),) = node.items()
        if name == "Fn::Sub":
            text, own = (argument, {}) if not isinstance(argument, list) else [*argument, {}, {}][:2]
            for variable in _VARIABLE.findall(text) if isinstance(text, str) else ():
                if variable not in fields(own) and (one := parameters.get(variable)) and one.is_list:
                    yield f"{variable} is a list ({one.type}): Fn::Sub takes text."
        elif name in ("Fn::Select", "Fn::Join") and isinstance(argument, list) and len(argument) == 2:
            one = _referred(argument[1], parameters)
            if one and not one.is_list:
                yield f"{one.name} is no list ({one.type}): {name} takes one."
    if kind.startswith(_OTHERS) or not place or not (len(place) == 1 or place[-2] in _INSIDE):
        return
    one = _referred(node, parameters)
    if place[-1] in _LISTS and one and not one.is_list:
        yield f"{one.name} is no list ({one.type}), and {place[-1]} is one."
    elif place[-1] in _TEXTS and one and one.is_list:
        yield f"{one.name} is a list ({one.type}), and {place[-1]} is not."
    elif place[-1] in _LISTS and isinstance(node, list):
        for item in node:
            one = _referred(item, parameters)
            if one and one.is_list:
                yield f"{one.name} is a list ({one.type}) within a list."


def _referred(node: Any, parameters: Mapping[str, Parameter]) -> Parameter | None:
    """The parameter that an expression is."""
    if isinstance(node, dict) and len(node) == 1 and isinstance(node.get("Ref"), str):
        return parameters.get(node["Ref"])
    return None
