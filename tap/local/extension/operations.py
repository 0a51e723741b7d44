"""ECS, Backup, CloudWatch, Logs and CloudFront: what the services can and the provisioners lack."""

from __future__ import annotations

import json
from typing import Any

from tap.local.extension.api import ApiError, call, module
from tap.local.extension.registry import LIST_TAGS, Kind, Made, Properties, Wanted, arn, picked


def _tags(properties: Properties) -> dict[str, str]:
    """A resource's tags, without CloudFormation's own: these services let nobody write ``aws:`` tags."""
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []}
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


# --- ECS ---


def _capacity_create(wanted: Wanted) -> Made:
    properties = wanted.properties
    strategy = [
        {name[0].lower() + name[1:]: value for name, value in item.items()}
        for item in properties.get("DefaultCapacityProviderStrategy") or []
    ]
    call(
        "ecs",
        "PutClusterCapacityProviders",
        cluster=properties["Cluster"],
        capacityProviders=properties.get("CapacityProviders") or [],
        defaultCapacityProviderStrategy=strategy,
    )
    return properties["Cluster"], {}


def _capacity_delete(physical_id: str, _: Properties) -> None:
    call(
        "ecs",
        "PutClusterCapacityProviders",
        cluster=physical_id,
        capacityProviders=[],
        defaultCapacityProviderStrategy=[],
    )


# --- Backup ---


def _selection_create(wanted: Wanted) -> Made:
    plan = wanted.properties["BackupPlanId"]
    made = call(
        "backup",
        "CreateBackupSelection",
        BackupPlanId=plan,
        BackupSelection=wanted.properties["BackupSelection"],
    )
    identifier = f"{made['SelectionId']}_{plan}"
    return identifier, {"BackupPlanId": plan, "SelectionId": made["SelectionId"], "Id": identifier}


def _selection_delete(physical_id: str, _: Properties) -> None:
    selection, plan = physical_id.split("_", 1)
    call("backup", "DeleteBackupSelection", BackupPlanId=plan, SelectionId=selection)


# --- CloudWatch ---

_COMPOSITE = (
    "AlarmRule",
    "AlarmDescription",
    "ActionsEnabled",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
)


def _composite_put(name: str, properties: Properties, **more: Any) -> Made:
    call("cloudwatch", "PutCompositeAlarm", AlarmName=name, **picked(properties, *_COMPOSITE), **more)
    return name, {"Arn": arn("cloudwatch", f"alarm:{name}")}


def _composite_create(wanted: Wanted) -> Made:
    name = wanted.properties.get("AlarmName") or wanted.name(255)
    tags = [{"Key": key, "Value": value} for key, value in _tags(wanted.properties).items()]
    return _composite_put(name, wanted.properties, **({"Tags": tags} if tags else {}))


def _composite_update(physical_id: str, old: Properties, wanted: Wanted) -> Made:
    made = _composite_put(physical_id, wanted.properties)
    before, after = _tags(old), _tags(wanted.properties)
    if gone := [key for key in before if key not in after]:
        call("cloudwatch", "UntagResource", ResourceARN=made[1]["Arn"], TagKeys=gone)
    if after:
        call(
            "cloudwatch",
            "TagResource",
            ResourceARN=made[1]["Arn"],
            Tags=[{"Key": key, "Value": value} for key, value in after.items()],
        )
    return made


def _composite_delete(physical_id: str, _: Properties) -> None:
    call("cloudwatch", "DeleteAlarms", AlarmNames=[physical_id])


# --- Logs: deliveries of a service's own logs ---


def _tagged(properties: Properties) -> dict[str, Any]:
    return {"tags": tags} if (tags := _tags(properties)) else {}


def _source_create(wanted: Wanted) -> Made:
    properties = wanted.properties
    made = call(
        "logs",
        "PutDeliverySource",
        name=properties["Name"],
        resourceArn=properties["ResourceArn"],
        logType=properties["LogType"],
        **_tagged(properties),
    )["deliverySource"]
    return made["name"], {
        "Arn": made["arn"],
        "ResourceArns": made["resourceArns"],
        "Service": made.get("service", ""),
    }


def _source_delete(physical_id: str, _: Properties) -> None:
    call("logs", "DeleteDeliverySource", name=physical_id)


def _destination_create(wanted: Wanted) -> Made:
    properties = wanted.properties
    made = call(
        "logs",
        "PutDeliveryDestination",
        name=properties["Name"],
        deliveryDestinationConfiguration={"destinationResourceArn": properties["DestinationResourceArn"]},
        **({"outputFormat": properties["OutputFormat"]} if "OutputFormat" in properties else {}),
        **_tagged(properties),
    )["deliveryDestination"]
    if policy := properties.get("DeliveryDestinationPolicy"):
        call(
            "logs",
            "PutDeliveryDestinationPolicy",
            deliveryDestinationName=made["name"],
            deliveryDestinationPolicy=policy if isinstance(policy, str) else json.dumps(policy),
        )
    return made["name"], {"Arn": made["arn"]}


def _destination_delete(physical_id: str, _: Properties) -> None:
    call("logs", "DeleteDeliveryDestination", name=physical_id)


def _delivery_create(wanted: Wanted) -> Made:
    properties = wanted.properties
    s3 = _delivery_s3(properties)
    made = call(
        "logs",
        "CreateDelivery",
        deliverySourceName=properties["DeliverySourceName"],
        deliveryDestinationArn=properties["DeliveryDestinationArn"],
        **({"recordFields": properties["RecordFields"]} if properties.get("RecordFields") else {}),
        **({"fieldDelimiter": properties["FieldDelimiter"]} if properties.get("FieldDelimiter") else {}),
        **({"s3DeliveryConfiguration": s3} if s3 else {}),
        **_tagged(properties),
    )["delivery"]
    return _delivery_made(made)


def _delivery_made(delivery: dict[str, Any]) -> Made:
    return delivery["id"], {
        "Arn": delivery["arn"],
        "DeliveryId": delivery["id"],
        "DeliveryDestinationType": delivery.get("deliveryDestinationType", ""),
    }


def _delivery_update(physical_id: str, _: Properties, wanted: Wanted) -> Made:
    # The service has no UpdateDeliveryConfiguration.
    stored = module("logs")._deliveries[physical_id]
    properties = wanted.properties
    stored["recordFields"] = list(properties.get("RecordFields") or [])
    stored["fieldDelimiter"] = properties.get("FieldDelimiter", "")
    stored["s3DeliveryConfiguration"] = _delivery_s3(properties)
    stored["tags"] = _tags(properties)
    return _delivery_made(stored)


def _delivery_s3(properties: Properties) -> dict[str, Any]:
    configuration = {
        "suffixPath": properties.get("S3SuffixPath"),
        "enableHiveCompatiblePath": properties.get("S3EnableHiveCompatiblePath"),
    }
    return {name: value for name, value in configuration.items() if value is not None}


def _delivery_delete(physical_id: str, _: Properties) -> None:
    call("logs", "DeleteDelivery", id=physical_id)


# --- CloudFront: VPC origins ---


def _origin_config(properties: Properties) -> dict[str, Any]:
    """The endpoint's configuration, in the API's form: lists with their count."""
    config: dict[str, Any] = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "match-viewer"}
    config |= properties["VpcOriginEndpointConfig"]
    protocols = config.pop("OriginSSLProtocols", None) or ["TLSv1.2"]
    config["OriginSslProtocols"] = {"Quantity": len(protocols), "Items": protocols}
    return config


def _origin_made(answer: dict[str, Any]) -> Made:
    origin = answer["VpcOrigin"]
    return origin["Id"], {
        "Id": origin["Id"],
        "Arn": origin["Arn"],
        "AccountId": origin["Arn"].split(":")[4],
        "Status": origin["Status"],
        "CreatedTime": str(origin["CreatedTime"]),
        "LastModifiedTime": str(origin["LastModifiedTime"]),
    }


def _origin_create(wanted: Wanted) -> Made:
    tags = wanted.properties.get("Tags")
    return _origin_made(
        call(
            "cloudfront",
            "CreateVpcOrigin",
            VpcOriginEndpointConfig=_origin_config(wanted.properties),
            **({"Tags": {"Items": tags}} if tags else {}),
        )
    )


def _origin_update(physical_id: str, _: Properties, wanted: Wanted) -> Made:
    return _origin_made(
        call(
            "cloudfront",
            "UpdateVpcOrigin",
            Id=physical_id,
            IfMatch=call("cloudfront", "GetVpcOrigin", Id=physical_id)["ETag"],
            VpcOriginEndpointConfig=_origin_config(wanted.properties),
        )
    )


def _origin_delete(physical_id: str, _: Properties) -> None:
    try:
        etag = call("cloudfront", "GetVpcOrigin", Id=physical_id)["ETag"]
    except ApiError as error:
        if error.code == "EntityNotFound":
            return
        raise
    call("cloudfront", "DeleteVpcOrigin", Id=physical_id, IfMatch=etag)


KINDS = (
    Kind(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        _capacity_create,
        _capacity_delete,
        lambda _physical_id, _old, wanted: _capacity_create(wanted),
        replaced_by=("Cluster",),
    ),
    Kind(
        "AWS::Backup::BackupSelection",
        _selection_create,
        _selection_delete,
        replaced_by=("BackupPlanId", "BackupSelection"),
    ),
    Kind(
        "AWS::CloudWatch::CompositeAlarm",
        _composite_create,
        _composite_delete,
        _composite_update,
        replaced_by=("AlarmName",),
        tags=LIST_TAGS,
    ),
    Kind(
        "AWS::Logs::DeliverySource",
        _source_create,
        _source_delete,
        lambda _physical_id, _old, wanted: _source_create(wanted),
        replaced_by=("Name",),
        tags=LIST_TAGS,
    ),
    Kind(
        "AWS::Logs::DeliveryDestination",
        _destination_create,
        _destination_delete,
        lambda _physical_id, _old, wanted: _destination_create(wanted),
        replaced_by=("DeliveryDestinationType", "DestinationResourceArn", "Name", "OutputFormat"),
        tags=LIST_TAGS,
    ),
    Kind(
        "AWS::Logs::Delivery",
        _delivery_create,
        _delivery_delete,
        _delivery_update,
        replaced_by=("DeliveryDestinationArn", "DeliverySourceName"),
        tags=LIST_TAGS,
    ),
    Kind("AWS::CloudFront::VpcOrigin", _origin_create, _origin_delete, _origin_update, tags=LIST_TAGS),
)
