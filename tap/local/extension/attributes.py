"""Repair: attributes that CloudFormation documents, and MiniStack's own provisioners leave out or get wrong.

``Fn::GetAtt`` of a missing one fails the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from ministack.services import alb, ec2
from ministack.services.cloudformation import provisioners

from tap.local.extension.registry import Made, Properties

Attributes = Callable[[str, Properties], Mapping[str, Any]]
"""What is to be added, from the physical id and the properties."""


def _own_id(physical_id: str, _: Properties) -> Mapping[str, Any]:
    return {"Id": physical_id}


def _vpc(physical_id: str, properties: Properties) -> Mapping[str, Any]:
    associations = ec2._vpcs[physical_id].get("CidrBlockAssociationSet") or []
    return {
        "CidrBlock": properties.get("CidrBlock", ec2._vpcs[physical_id]["CidrBlock"]),
        "CidrBlockAssociations": [one["AssociationId"] for one in associations if "AssociationId" in one],
        "Ipv6CidrBlocks": [],
    }


def _subnet(physical_id: str, _: Properties) -> Mapping[str, Any]:
    stored = ec2._subnets[physical_id]
    associated = [
        one["NetworkAclAssociationId"]
        for acl in ec2._network_acls.values()
        for one in acl["Associations"]
        if one["SubnetId"] == physical_id
    ]
    return {
        "CidrBlock": stored["CidrBlock"],
        "VpcId": stored["VpcId"],
        "Ipv6CidrBlocks": [],
        # A subnet that no template associates is on its VPC's default ACL; the emulator writes no id for that.
        "NetworkAclAssociationId": (associated or [f"aclassoc-{physical_id.removeprefix('subnet-')}"])[0],
    }


def _bucket(physical_id: str, _: Properties) -> Mapping[str, Any]:
    return {"DualStackDomainName": f"{physical_id}.s3.dualstack.{provisioners.get_region()}.amazonaws.com"}


def _web_acl(physical_id: str, _: Properties) -> Mapping[str, Any]:
    name = physical_id.split("|", maxsplit=1)[0]
    return {"Capacity": 0, "LabelNamespace": f"awswaf:{provisioners.get_account_id()}:webacl:{name}:"}


def _target_group(physical_id: str, _: Properties) -> Mapping[str, Any]:
    # AWS: targetgroup/my-target-group/cbf133c568e0d028, which is the TargetGroup dimension of CloudWatch.
    balancers = alb._tgs.get(physical_id, {}).get("LoadBalancerArns") or []
    return {
        "TargetGroupFullName": physical_id.rsplit(":", maxsplit=1)[-1],
        "LoadBalancerArns": list(balancers),
    }


def _fixed(**attributes: Any) -> Attributes:
    return lambda _physical_id, _properties: attributes


ADDED: Mapping[str, Attributes] = MappingProxyType(
    {
        "AWS::ApiGateway::Account": _own_id,
        "AWS::ApiGateway::UsagePlanKey": _own_id,
        "AWS::CloudFront::Function": _fixed(Stage="LIVE"),
        "AWS::CodeBuild::Project": _own_id,
        "AWS::EC2::Route": lambda _id, properties: {"CidrBlock": properties.get("DestinationCidrBlock", "")},
        "AWS::EC2::SecurityGroup": _own_id,
        "AWS::EC2::Subnet": _subnet,
        "AWS::EC2::SubnetRouteTableAssociation": _own_id,
        "AWS::EC2::VPC": _vpc,
        "AWS::EC2::VPCGatewayAttachment": _fixed(AttachmentType="IGW"),
        "AWS::ElasticLoadBalancingV2::ListenerRule": _fixed(IsDefault=False),
        "AWS::ElasticLoadBalancingV2::TargetGroup": _target_group,
        "AWS::Lambda::Permission": _own_id,
        "AWS::S3::Bucket": _bucket,
        "AWS::SecretsManager::SecretTargetAttachment": _own_id,
        "AWS::WAFv2::WebACL": _web_acl,
    }
)
"""The attributes to add, by type."""


def repair() -> None:
    """Add :data:`ADDED` to what MiniStack's handlers give when they create or update."""
    for kind, added in ADDED.items():
        handler = provisioners._RESOURCE_HANDLERS[kind]
        handler["create"] = partial(_created, handler["create"], added)
        if "update" in handler:
            handler["update"] = partial(_updated, handler["update"], added)


def _created(create: Callable[..., Made], added: Attributes, *arguments: Any) -> Made:
    _, properties, _ = arguments
    return _with(create(*arguments), added, properties)


def _updated(update: Callable[..., Made], added: Attributes, *arguments: Any) -> Made:
    _, _, properties, *_ = arguments
    return _with(update(*arguments), added, properties)


def _with(made: Made, added: Attributes, properties: Properties) -> Made:
    physical_id, attributes = made
    return physical_id, {**attributes, **added(physical_id, properties)}
