"""The nested layout: a child template per tier, and a root that hands values from one to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tap.carry import Extra, Linked, Whole, add_label, headings, own_outputs, template
from tap.crossings import Crossing, Crossings, imported, parameter_name, taken
from tap.model import Label, text
from tap.naming import camel
from tap.symbols import Compiled, DuplicateNameError

BUCKET, PREFIX = "TemplatesBucket", "TemplatesPrefix"
"""The root template's parameters that say where the children are."""

_LIST_TYPES = ("CommaDelimitedList", "List<")
_SSM_VALUE = "AWS::SSM::Parameter::Value<"


def nested(whole: Whole, crossings: Crossings) -> list[Linked]:
    """The root, then a child per tier. Raises DuplicateNameError where a name that is made here is taken."""
    children = [_child(whole, crossings, tier) for tier in whole.tiers]
    return [_root(whole, crossings, children), *children]


def _child(whole: Whole, crossings: Crossings, tier: Compiled) -> Linked:
    def handed(crossing: Crossing) -> dict[str, Any]:
        return {"Ref": parameter_name(whole, crossing, tier)}

    resources = imported(whole, crossings, tier, tier.section("Resources"), handed)
    outputs = imported(whole, crossings, tier, own_outputs(whole.system, tier, export=False), handed)
    for crossing in crossings.values():
        if crossing.producer is tier:
            outputs.setdefault(crossing.output, crossing.body)
    body = template(whole, "nested", resources, outputs, [tier], tier=tier)
    parameters = {name: _for_child(parameter) for name, parameter in body.get("Parameters", {}).items()}
    for name, crossing in taken(whole, crossings, tier).items():
        says = f"{crossing.body['Description']} Handed on by the root template."
        parameters[name] = {"Type": "String", "Description": says}
        label = Label("From other tiers", f"{crossing.reference.name} {crossing.reference.attribute}".strip())
        add_label(body["Metadata"]["AWS::CloudFormation::Interface"], name, label)
    if parameters:
        body["Parameters"] = parameters
    return Linked(f"nested/{tier.name}", body, headings([tier]))


def _for_child(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter as a child declares it: the root always hands it on, the value of an SSM parameter resolved."""
    kind = parameter["Type"]
    if kind.startswith(_SSM_VALUE):
        return {"Type": _resolved(kind), "Description": parameter["Description"]}
    return {key: value for key, value in parameter.items() if key != "Default"}


def _resolved(kind: str) -> str:
    return kind.removeprefix(_SSM_VALUE).removesuffix(">") if kind.startswith(_SSM_VALUE) else kind


def _root(whole: Whole, crossings: Crossings, children: Sequence[Linked]) -> Linked:
    resources: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    for tier, child in zip(whole.tiers, children, strict=True):
        stack = _stack_id(whole, tier)
        resources[stack] = _stack(whole, tier, child, taken(whole, crossings, tier))
        for name, output in own_outputs(whole.system, tier, export=True).items():
            outputs[name] = output | {"Value": {"Fn::GetAtt": [stack, f"Outputs.{name}"]}}
    extra = _bucket_parameters(whole.system.name)
    for one in extra:
        if one.name in whole.parameters:
            raise DuplicateNameError(
                f"{one.name}, a parameter of the nested layout's root, is also defined in tier "
                f"{whole.symbols.table[one.name].tier}. Rename that."
            )
    bodies = [child.body for child in children]
    body = template(whole, "nested", resources, outputs, whole.tiers, children=bodies, extra=extra)
    return Linked("nested/root", body, {})


def _stack(whole: Whole, tier: Compiled, child: Linked, takes: Mapping[str, Crossing]) -> dict[str, Any]:
    """The resource of the root that is a child's stack; ``takes`` are the values that it takes from its siblings."""
    handed = {
        name: _from_sibling(whole, takes[name]) if name in takes else _passed(whole, name)
        for name in child.body.get("Parameters", {})
    }
    # What hands a value on is waited for anyway; cfn-lint objects to saying it twice (W3005).
    waits = sorted(_waits(whole, tier) - {_stack_id(whole, crossing.producer) for crossing in takes.values()})
    url = f"https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/${{{BUCKET}}}/${{{PREFIX}}}{tier.name}.yaml"
    values = {key: text(value) for key, value in whole.system.tags.items()}
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Metadata": {"Description": tier.says, "Tier": tier.name},
        **({"DependsOn": waits} if waits else {}),
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "TemplateURL": {"Fn::Sub": url},
            **({"Parameters": handed} if handed else {}),
            "Tags": [
                {"Key": key, "Value": value if isinstance(value, str) else value.to_dict()}
                for key, value in values.items()
            ],
        },
    }


def _passed(whole: Whole, name: str) -> Any:
    kind = _resolved(whole.parameters[name]["Type"])
    return {"Fn::Join": [",", {"Ref": name}]} if kind.startswith(_LIST_TYPES) else {"Ref": name}


def _from_sibling(whole: Whole, crossing: Crossing) -> Any:
    value = {"Fn::GetAtt": [_stack_id(whole, crossing.producer), f"Outputs.{crossing.output}"]}
    condition = crossing.body.get("Condition")
    return {"Fn::If": [condition, value, ""]} if condition else value


def _stack_id(whole: Whole, tier: Compiled) -> str:
    name = camel(tier.name) + "Stack"
    if name in whole.symbols.table:
        raise DuplicateNameError(
            f"{name}, the nested stack of tier {tier.name}, is also defined in tier "
            f"{whole.symbols.table[name].tier}. Rename that."
        )
    return name


def _waits(whole: Whole, tier: Compiled) -> set[str]:
    """The stacks of the tiers that this one waits for by DependsOn."""
    uses = (use.reference for use in whole.symbols.crossing(tier) if use.reference.kind == "DependsOn")
    homes = {whole.symbols.resource_tier(reference.name) for reference in uses}
    return {_stack_id(whole, other) for other in whole.tiers if other.name in homes}


def _bucket_parameters(system: str) -> tuple[Extra, Extra]:
    group = "Where the nested templates are"
    bucket = {
        "Type": "String",
        "Description": "The S3 bucket that holds the nested templates, in the stack's own region.",
        "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "ConstraintDescription": "the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens",
    }
    prefix = {
        "Type": "String",
        "Description": f"What comes before the file names in the bucket; empty, or ending in a slash ({system}/v1/).",
        "Default": "",
        "AllowedPattern": "^$|^[A-Za-z0-9!_.*'()/-]*/$",
        "MaxLength": 512,
        "ConstraintDescription": "empty, or up to 512 characters that end in a slash",
    }
    return Extra(BUCKET, Label(group, "Bucket"), bucket), Extra(PREFIX, Label(group, "Prefix"), prefix)
