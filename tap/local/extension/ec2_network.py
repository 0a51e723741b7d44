"""EC2: rules and records of traffic. Security group rules, network ACLs, flow logs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tap.local.extension.api import ApiError, call, module
from tap.local.extension.ec2_tags import as_specification, retag, untag
from tap.local.extension.registry import LIST_TAGS, Kind, Made, Properties, Wanted, picked, without

_ANYWHERE = ("GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6")


def _permission(properties: Properties, other: str) -> dict[str, Any]:
    """A rule's ``IpPermission``; ``other``, Source or Destination, begins the far end's properties."""
    told = picked(properties, "Description")
    permission = picked(properties, "IpProtocol", "FromPort", "ToPort")
    if group := properties.get(f"{other}SecurityGroupId"):
        permission["UserIdGroupPairs"] = [{"GroupId": group, **told}]
    if prefixes := properties.get(f"{other}PrefixListId"):
        permission["PrefixListIds"] = [{"PrefixListId": prefixes, **told}]
    if "CidrIp" in properties:
        permission["IpRanges"] = [{"CidrIp": properties["CidrIp"], **told}]
    if "CidrIpv6" in properties:
        permission["Ipv6Ranges"] = [{"CidrIpv6": properties["CidrIpv6"], **told}]
    return permission


def _rule(direction: str, other: str) -> Kind:
    def create(wanted: Wanted) -> Made:
        made = call(
            "ec2",
            f"AuthorizeSecurityGroup{direction}",
            GroupId=wanted.properties["GroupId"],
            IpPermissions=[_permission(wanted.properties, other)],
        )
        rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return rule, {"Id": rule}

    def update(physical_id: str, _: Properties, wanted: Wanted) -> Made:
        call(
            "ec2",
            "ModifySecurityGroupRules",
            GroupId=wanted.properties["GroupId"],
            SecurityGroupRules=[
                {
                    "SecurityGroupRuleId": physical_id,
                    "SecurityGroupRule": {"Description": wanted.properties.get("Description", "")},
                }
            ],
        )
        return physical_id, {"Id": physical_id}

    def delete(physical_id: str, properties: Properties) -> None:
        call(
            "ec2",
            f"RevokeSecurityGroup{direction}",
            GroupId=properties["GroupId"],
            SecurityGroupRuleIds=[physical_id],
        )

    far_end = tuple(f"{other}{name}" for name in ("SecurityGroupId", "PrefixListId", "SecurityGroupOwnerId"))
    return Kind(f"AWS::EC2::SecurityGroup{direction}", create, delete, update, replaced_by=(*_ANYWHERE, *far_end))


def _acl_create(wanted: Wanted) -> Made:
    made = call(
        "ec2",
        "CreateNetworkAcl",
        **picked(wanted.properties, "VpcId"),
        **as_specification(wanted.properties, "network-acl"),
    )
    acl = made["NetworkAcl"]["NetworkAclId"]
    return acl, {"Id": acl}


def _acl_update(physical_id: str, old: Properties, wanted: Wanted) -> Made:
    retag(physical_id, old, wanted.properties)
    return physical_id, {"Id": physical_id}


def _acl_delete(physical_id: str, _: Properties) -> None:
    call("ec2", "DeleteNetworkAcl", NetworkAclId=physical_id)
    untag(physical_id)


def _entry_key(properties: Properties) -> dict[str, Any]:
    return {"Egress": False, **picked(properties, "NetworkAclId", "RuleNumber", "Egress")}


def _entry(operation: str) -> Callable[[Properties], Made]:
    def write(properties: Properties) -> Made:
        described = without(properties, "Icmp")
        if "Icmp" in properties:
            described["IcmpTypeCode"] = properties["Icmp"]
        if "PortRange" in properties:
            described["PortRange"] = picked(properties["PortRange"], "From", "To")
        key = _entry_key(properties)
        call("ec2", operation, **{**described, **key})
        identifier = f"{key['NetworkAclId']}|{key['RuleNumber']}|{str(key['Egress']).lower()}"
        return identifier, {"Id": identifier}

    return write


_entry_create = _entry("CreateNetworkAclEntry")
_entry_replace = _entry("ReplaceNetworkAclEntry")


def _entry_delete(_: str, properties: Properties) -> None:
    call("ec2", "DeleteNetworkAclEntry", **_entry_key(properties))


def _acl_association_create(wanted: Wanted) -> Made:
    # ReplaceNetworkAclAssociation needs an association to replace, and the service gives a new subnet none.
    acls = module("ec2")._network_acls
    target = acls.get(wanted.properties["NetworkAclId"])
    if target is None:
        raise ApiError(
            "InvalidNetworkAclID.NotFound",
            f"The network ACL '{wanted.properties['NetworkAclId']}' does not exist",
        )
    subnet = wanted.properties["SubnetId"]
    for acl in acls.values():
        acl["Associations"] = [one for one in acl["Associations"] if one["SubnetId"] != subnet]
    association = f"aclassoc-{uuid.uuid4().hex[:17]}"
    target["Associations"].append({"NetworkAclAssociationId": association, "SubnetId": subnet})
    return association, {"AssociationId": association}


def _acl_association_delete(physical_id: str, _: Properties) -> None:
    for acl in module("ec2")._network_acls.values():
        acl["Associations"] = [one for one in acl["Associations"] if one["NetworkAclAssociationId"] != physical_id]


_FLOW_LOG = (
    "ResourceType",
    "TrafficType",
    "LogDestinationType",
    "LogDestination",
    "LogGroupName",
    "LogFormat",
    "DeliverLogsPermissionArn",
    "DeliverCrossAccountRole",
    "MaxAggregationInterval",
)


def _flow_log_create(wanted: Wanted) -> Made:
    made = call(
        "ec2",
        "CreateFlowLogs",
        ResourceIds=[wanted.properties["ResourceId"]],
        **picked(wanted.properties, *_FLOW_LOG),
        **as_specification(wanted.properties, "vpc-flow-log"),
    )
    identifier = made["FlowLogIds"][0]
    retag(identifier, {}, wanted.properties)
    return identifier, {"Id": identifier}


def _flow_log_update(physical_id: str, old: Properties, wanted: Wanted) -> Made:
    retag(physical_id, old, wanted.properties)
    return physical_id, {"Id": physical_id}


def _flow_log_delete(physical_id: str, _: Properties) -> None:
    call("ec2", "DeleteFlowLogs", FlowLogIds=[physical_id])
    untag(physical_id)


KINDS = (
    _rule("Ingress", "Source"),
    _rule("Egress", "Destination"),
    Kind(
        "AWS::EC2::NetworkAcl",
        _acl_create,
        _acl_delete,
        _acl_update,
        replaced_by=("VpcId",),
        tags=LIST_TAGS,
    ),
    Kind(
        "AWS::EC2::NetworkAclEntry",
        lambda wanted: _entry_create(wanted.properties),
        _entry_delete,
        lambda _physical_id, _old, wanted: _entry_replace(wanted.properties),
        replaced_by=("Egress", "NetworkAclId", "RuleNumber"),
    ),
    Kind(
        "AWS::EC2::SubnetNetworkAclAssociation",
        _acl_association_create,
        _acl_association_delete,
        replaced_by=("NetworkAclId", "SubnetId"),
    ),
    Kind(
        "AWS::EC2::FlowLog",
        _flow_log_create,
        _flow_log_delete,
        _flow_log_update,
        replaced_by=("ResourceId", "DestinationOptions", *_FLOW_LOG),
        tags=LIST_TAGS,
    ),
)
