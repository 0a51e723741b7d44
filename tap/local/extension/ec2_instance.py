"""EC2: instances. The emulator keeps their description; no machine runs."""

from __future__ import annotations

from typing import Any

from tap.local.extension.api import ApiError, call, module
from tap.local.extension.ec2_tags import as_specification, retag
from tap.local.extension.registry import LIST_TAGS, Kind, Made, Properties, Wanted, picked


def _settings(properties: Properties) -> Properties:
    """The properties over those of the launch template that they name."""
    named = properties.get("LaunchTemplate")
    if not named:
        return properties
    stored = module("ec2")._launch_templates
    key = named.get("LaunchTemplateId") or named.get("LaunchTemplateName")
    template = next(
        (one for one in stored.values() if key in (one["LaunchTemplateId"], one["LaunchTemplateName"])), None
    )
    if template is None:
        raise ApiError("InvalidLaunchTemplateId.NotFound", f"The launch template '{key}' does not exist")
    version = str(named.get("Version", "$Default"))
    data = next(
        (
            one["LaunchTemplateData"]
            for one in template["Versions"]
            if version
            in (
                str(one["VersionNumber"]),
                "$Default" if one["VersionNumber"] == template["DefaultVersionNumber"] else "",
                "$Latest" if one["VersionNumber"] == template["LatestVersionNumber"] else "",
            )
        ),
        None,
    )
    if data is None:
        raise ApiError("InvalidLaunchTemplateId.VersionNotFound", f"No version {version} of '{key}'")
    return {**data, **properties}


def _create(wanted: Wanted) -> Made:
    settings = _settings(wanted.properties)
    interfaces = settings.get("NetworkInterfaces") or []
    first: dict[str, Any] = interfaces[0] if interfaces else {}
    arguments = picked(settings, "ImageId", "InstanceType", "KeyName", "PrivateIpAddress", "UserData")
    if subnet := settings.get("SubnetId") or first.get("SubnetId") or _subnet_of(first):
        arguments["SubnetId"] = subnet
    if groups := settings.get("SecurityGroupIds") or first.get("GroupSet") or first.get("Groups"):
        arguments["SecurityGroupIds"] = groups
    if profile := settings.get("IamInstanceProfile"):
        arguments["IamInstanceProfile"] = profile if isinstance(profile, dict) else {"Name": profile}
    made = call(
        "ec2",
        "RunInstances",
        MinCount=1,
        MaxCount=1,
        **arguments,
        **as_specification(wanted.properties, "instance"),
    )
    identifier = made["Instances"][0]["InstanceId"]
    for interface in interfaces:
        if interface.get("NetworkInterfaceId"):
            call(
                "ec2",
                "AttachNetworkInterface",
                NetworkInterfaceId=interface["NetworkInterfaceId"],
                InstanceId=identifier,
                DeviceIndex=interface.get("DeviceIndex", 0),
            )
    return identifier, _attributes(identifier)


def _subnet_of(interface: dict[str, Any]) -> str | None:
    stored = module("ec2")._network_interfaces.get(interface.get("NetworkInterfaceId"))
    return str(stored["SubnetId"]) if stored else None


def _attributes(identifier: str) -> dict[str, Any]:
    stored = module("ec2")._instances[identifier]
    return {
        "InstanceId": identifier,
        "AvailabilityZone": module("ec2")._subnets.get(stored["SubnetId"], {}).get("AvailabilityZone", ""),
        "PrivateIp": stored["PrivateIpAddress"],
        "PrivateDnsName": stored["PrivateDnsName"],
        "PublicIp": stored["PublicIpAddress"],
        "PublicDnsName": stored["PublicDnsName"],
        "VpcId": stored["VpcId"],
    }


def _update(physical_id: str, old: Properties, wanted: Wanted) -> Made:
    ec2, settings = module("ec2"), _settings(wanted.properties)
    stored = ec2._instances[physical_id]
    stored["InstanceType"] = settings.get("InstanceType", stored["InstanceType"])
    if groups := settings.get("SecurityGroupIds"):
        stored["SecurityGroups"] = [
            {"GroupId": group, "GroupName": ec2._security_groups.get(group, {}).get("GroupName", group)}
            for group in groups
        ]
    retag(physical_id, old, wanted.properties)
    return physical_id, _attributes(physical_id)


def _delete(physical_id: str, _: Properties) -> None:
    call("ec2", "TerminateInstances", InstanceIds=[physical_id])


KINDS = (
    Kind(
        "AWS::EC2::Instance",
        _create,
        _delete,
        _update,
        replaced_by=(
            "AvailabilityZone",
            "ImageId",
            "KeyName",
            "LaunchTemplate",
            "NetworkInterfaces",
            "PrivateIpAddress",
            "SubnetId",
        ),
        perhaps=("BlockDeviceMappings", "InstanceType", "SecurityGroupIds", "Tenancy", "UserData"),
        tags=LIST_TAGS,
    ),
)
