"""EC2: addresses and interfaces. Elastic IPs, their associations, NAT gateways, network interfaces."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from tap.local.extension.api import ApiError, call, module
from tap.local.extension.ec2_tags import as_specification, retag, untag
from tap.local.extension.registry import LIST_TAGS, Kind, Made, Properties, Wanted, picked


def _address(public_ip: str) -> dict[str, Any]:
    for address in call("ec2", "DescribeAddresses")["Addresses"]:
        if address["PublicIp"] == public_ip:
            return dict(address)
    raise ApiError("InvalidAddress.NotFound", f"Address '{public_ip}' not found")


def _associate(allocation_id: str, properties: Properties) -> str:
    target = picked(properties, "InstanceId", "NetworkInterfaceId", "PrivateIpAddress")
    association: str = call("ec2", "AssociateAddress", AllocationId=allocation_id, **target)["AssociationId"]
    # The service keeps the instance alone.
    module("ec2")._addresses[allocation_id].update(target)
    return association


def _eip_create(wanted: Wanted) -> Made:
    made = call("ec2", "AllocateAddress", Domain="vpc", **as_specification(wanted.properties, "elastic-ip"))
    if wanted.properties.get("InstanceId"):
        _associate(made["AllocationId"], wanted.properties)
    return made["PublicIp"], picked(made, "AllocationId", "PublicIp")


def _eip_update(physical_id: str, old: Properties, wanted: Wanted) -> Made:
    address = _address(physical_id)
    retag(address["AllocationId"], old, wanted.properties)
    if old.get("InstanceId") != wanted.properties.get("InstanceId"):
        if address.get("AssociationId"):
            call("ec2", "DisassociateAddress", AssociationId=address["AssociationId"])
        if wanted.properties.get("InstanceId"):
            _associate(address["AllocationId"], wanted.properties)
    return physical_id, picked(address, "AllocationId", "PublicIp")


def _eip_delete(physical_id: str, _: Properties) -> None:
    allocation = _address(physical_id)["AllocationId"]
    call("ec2", "ReleaseAddress", AllocationId=allocation)
    untag(allocation)


def _association_create(wanted: Wanted) -> Made:
    allocation = wanted.properties.get("AllocationId") or _address(wanted.properties["EIP"])["AllocationId"]
    association = _associate(allocation, wanted.properties)
    return association, {"Id": association}


def _association_delete(physical_id: str, _: Properties) -> None:
    call("ec2", "DisassociateAddress", AssociationId=physical_id)


def _nat_create(wanted: Wanted) -> Made:
    given = picked(wanted.properties, "SubnetId", "AllocationId", "ConnectivityType", "PrivateIpAddress")
    made = call("ec2", "CreateNatGateway", **given, **as_specification(wanted.properties, "natgateway"))
    gateway = made["NatGateway"]["NatGatewayId"]
    return gateway, {"NatGatewayId": gateway}


def _nat_update(physical_id: str, old: Properties, wanted: Wanted) -> Made:
    retag(physical_id, old, wanted.properties)
    return physical_id, {"NatGatewayId": physical_id}


def _nat_delete(physical_id: str, _: Properties) -> None:
    call("ec2", "DeleteNatGateway", NatGatewayId=physical_id)
    # AWS shows a deleted gateway for about an hour; a stack's own view must not keep it.
    module("ec2")._nat_gateways.pop(physical_id, None)
    untag(physical_id)


def _interface_create(wanted: Wanted) -> Made:
    properties = wanted.properties
    made = call(
        "ec2",
        "CreateNetworkInterface",
        **picked(properties, "SubnetId", "Description"),
        **({"Groups": properties["GroupSet"]} if properties.get("GroupSet") else {}),
    )["NetworkInterface"]
    identifier = made["NetworkInterfaceId"]
    stored = module("ec2")._network_interfaces[identifier]
    # The service draws an address from anywhere in 10.0.0.0/16.
    stored["PrivateIpAddress"] = properties.get("PrivateIpAddress") or _free_address(properties["SubnetId"])
    stored["SourceDestCheck"] = str(properties.get("SourceDestCheck", True)).lower() == "true"
    retag(identifier, {}, properties)
    return identifier, _interface_attributes(identifier)


def _interface_attributes(identifier: str) -> dict[str, Any]:
    stored = module("ec2")._network_interfaces[identifier]
    return {
        "Id": identifier,
        "PrimaryPrivateIpAddress": stored["PrivateIpAddress"],
        "SecondaryPrivateIpAddresses": [],
        "VpcId": stored["VpcId"],
    }


def _free_address(subnet: str) -> str:
    """The first free address of a subnet; AWS keeps the first four and the last for itself."""
    ec2 = module("ec2")
    taken = {interface["PrivateIpAddress"] for interface in ec2._network_interfaces.values()}
    hosts = list(ip_network(ec2._subnets[subnet]["CidrBlock"]).hosts())[3:]
    return next((str(host) for host in hosts if str(host) not in taken), str(hosts[-1]))


def _interface_update(physical_id: str, old: Properties, wanted: Wanted) -> Made:
    ec2 = module("ec2")
    stored = ec2._network_interfaces[physical_id]
    stored["Description"] = wanted.properties.get("Description", "")
    stored["SourceDestCheck"] = str(wanted.properties.get("SourceDestCheck", True)).lower() == "true"
    if wanted.properties.get("GroupSet"):
        stored["Groups"] = [
            {"GroupId": group, "GroupName": ec2._security_groups.get(group, {}).get("GroupName", group)}
            for group in wanted.properties["GroupSet"]
        ]
    retag(physical_id, old, wanted.properties)
    return physical_id, _interface_attributes(physical_id)


def _interface_delete(physical_id: str, _: Properties) -> None:
    call("ec2", "DeleteNetworkInterface", NetworkInterfaceId=physical_id)
    untag(physical_id)


def _attachment_create(wanted: Wanted) -> Made:
    given = picked(wanted.properties, "NetworkInterfaceId", "InstanceId", "DeviceIndex")
    attachment = call("ec2", "AttachNetworkInterface", **given)["AttachmentId"]
    return attachment, {"AttachmentId": attachment}


def _attachment_delete(physical_id: str, _: Properties) -> None:
    call("ec2", "DetachNetworkInterface", AttachmentId=physical_id)


KINDS = (
    Kind(
        "AWS::EC2::EIP",
        _eip_create,
        _eip_delete,
        _eip_update,
        replaced_by=("Address", "IpamPoolId", "NetworkBorderGroup", "TransferAddress"),
        tags=LIST_TAGS,
    ),
    Kind(
        "AWS::EC2::EIPAssociation",
        _association_create,
        _association_delete,
        replaced_by=("AllocationId", "EIP", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress"),
    ),
    Kind(
        "AWS::EC2::NatGateway",
        _nat_create,
        _nat_delete,
        _nat_update,
        replaced_by=("AllocationId", "ConnectivityType", "PrivateIpAddress", "SubnetId"),
        tags=LIST_TAGS,
    ),
    Kind(
        "AWS::EC2::NetworkInterface",
        _interface_create,
        _interface_delete,
        _interface_update,
        replaced_by=("InterfaceType", "PrivateIpAddress", "SubnetId"),
        perhaps=("ConnectionTrackingSpecification", "EnablePrimaryIpv6", "PrivateIpAddresses"),
        tags=LIST_TAGS,
    ),
    Kind(
        "AWS::EC2::NetworkInterfaceAttachment",
        _attachment_create,
        _attachment_delete,
        replaced_by=("DeviceIndex", "InstanceId", "NetworkInterfaceId"),
    ),
)
