"""Secrets Manager, WAF and IAM: rotation, secrets' policies, web ACL associations, IP sets, roles."""

from __future__ import annotations

import json
from typing import Any

from tap.local.extension.api import ApiError, call, module
from tap.local.extension.registry import LIST_TAGS, Kind, Made, Properties, Wanted, picked, without

# --- Secrets Manager ---


def _secret(identifier: str) -> dict[str, Any]:
    _, stored = module("secretsmanager")._resolve(identifier)
    if stored is None:
        raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    return dict(stored)


def _rotation_create(wanted: Wanted) -> Made:
    properties = wanted.properties
    call(
        "secretsmanager",
        "RotateSecret",
        **picked(properties, "SecretId", "RotationLambdaARN", "RotationRules"),
        RotateImmediately=False,
    )
    arn = _secret(properties["SecretId"])["ARN"]
    return arn, {"Id": arn}


def _rotation_update(_physical_id: str, _old: Properties, wanted: Wanted) -> Made:
    return _rotation_create(wanted)


def _rotation_delete(physical_id: str, _: Properties) -> None:
    # The service has no CancelRotateSecret.
    _, stored = module("secretsmanager")._resolve(physical_id)
    if stored is not None:
        stored["RotationEnabled"] = False
        stored.pop("RotationLambdaARN", None)
        stored.pop("RotationRules", None)


def _secret_policy_create(wanted: Wanted) -> Made:
    properties = wanted.properties
    policy = properties["ResourcePolicy"]
    call(
        "secretsmanager",
        "PutResourcePolicy",
        SecretId=properties["SecretId"],
        ResourcePolicy=policy if isinstance(policy, str) else json.dumps(policy),
        **picked(properties, "BlockPublicPolicy"),
    )
    arn = _secret(properties["SecretId"])["ARN"]
    return arn, {"Id": arn}


def _secret_policy_delete(physical_id: str, _: Properties) -> None:
    call("secretsmanager", "DeleteResourcePolicy", SecretId=physical_id)


# --- WAF ---


def _web_acl_association_create(wanted: Wanted) -> Made:
    given = picked(wanted.properties, "WebACLArn", "ResourceArn")
    call("wafv2", "AssociateWebACL", **given)
    return f"{given['WebACLArn']}|{given['ResourceArn']}", {}


def _web_acl_association_delete(_: str, properties: Properties) -> None:
    call("wafv2", "DisassociateWebACL", ResourceArn=properties["ResourceArn"])


_IP_SET = ("Description", "Addresses")


def _ip_set_create(wanted: Wanted) -> Made:
    properties = {"Name": wanted.name(128), **wanted.properties}
    made = call(
        "wafv2",
        "CreateIPSet",
        **picked(properties, "Name", "Scope", "IPAddressVersion", "Tags", *_IP_SET),
    )["Summary"]
    return _ip_set_made(made["Name"], made["Id"], properties["Scope"], made["ARN"])


def _ip_set_made(name: str, identifier: str, scope: str, arn: str) -> Made:
    return f"{name}|{identifier}|{scope}", {"Arn": arn, "Id": identifier}


def _ip_set_key(physical_id: str) -> dict[str, str]:
    name, identifier, scope = physical_id.split("|")
    return {"Name": name, "Id": identifier, "Scope": scope}


def _ip_set_update(physical_id: str, _: Properties, wanted: Wanted) -> Made:
    key = _ip_set_key(physical_id)
    found = call("wafv2", "GetIPSet", **key)
    call("wafv2", "UpdateIPSet", **key, LockToken=found["LockToken"], **picked(wanted.properties, *_IP_SET))
    return _ip_set_made(key["Name"], key["Id"], key["Scope"], found["IPSet"]["ARN"])


def _ip_set_delete(physical_id: str, _: Properties) -> None:
    key = _ip_set_key(physical_id)
    call("wafv2", "DeleteIPSet", **key, LockToken=call("wafv2", "GetIPSet", **key)["LockToken"])


# --- IAM ---


def _role_policy_create(wanted: Wanted) -> Made:
    properties = wanted.properties
    policy = properties["PolicyDocument"]
    call(
        "iam",
        "PutRolePolicy",
        **picked(properties, "RoleName", "PolicyName"),
        PolicyDocument=policy if isinstance(policy, str) else json.dumps(policy),
    )
    return f"{properties['PolicyName']}|{properties['RoleName']}", {}


def _role_policy_delete(_: str, properties: Properties) -> None:
    call("iam", "DeleteRolePolicy", **picked(properties, "RoleName", "PolicyName"))


def _service_role_create(wanted: Wanted) -> Made:
    given = without(wanted.properties, "RoleName")
    role = call("iam", "CreateServiceLinkedRole", **given)["Role"]["RoleName"]
    return role, {"RoleName": role}


def _service_role_delete(physical_id: str, _: Properties) -> None:
    call("iam", "DeleteServiceLinkedRole", RoleName=physical_id)


KINDS = (
    Kind(
        "AWS::SecretsManager::RotationSchedule",
        _rotation_create,
        _rotation_delete,
        _rotation_update,
        replaced_by=("SecretId",),
    ),
    Kind(
        "AWS::SecretsManager::ResourcePolicy",
        _secret_policy_create,
        _secret_policy_delete,
        lambda _physical_id, _old, wanted: _secret_policy_create(wanted),
        replaced_by=("SecretId",),
    ),
    Kind(
        "AWS::WAFv2::WebACLAssociation",
        _web_acl_association_create,
        _web_acl_association_delete,
        replaced_by=("ResourceArn", "WebACLArn"),
    ),
    Kind(
        "AWS::WAFv2::IPSet",
        _ip_set_create,
        _ip_set_delete,
        _ip_set_update,
        replaced_by=("Name", "Scope"),
        tags=LIST_TAGS,
    ),
    Kind(
        "AWS::IAM::RolePolicy",
        _role_policy_create,
        _role_policy_delete,
        lambda _physical_id, _old, wanted: _role_policy_create(wanted),
        replaced_by=("PolicyName", "RoleName"),
    ),
    Kind(
        "AWS::IAM::ServiceLinkedRole",
        _service_role_create,
        _service_role_delete,
        replaced_by=("AWSServiceName", "CustomSuffix"),
    ),
)
