"""Repair: secrets. ``Ref`` of a secret is its ARN, and RDS makes a secret when it manages the master password."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services import rds, secretsmanager
from ministack.services.cloudformation import drift, provisioners

from tap.local.extension.registry import Made, Properties

_SECRET = "AWS::SecretsManager::Secret"
_DATABASES = {"AWS::RDS::DBCluster": ("cluster", "_clusters"), "AWS::RDS::DBInstance": ("db", "_instances")}


def repair() -> None:
    """Put the repairs around MiniStack's handlers."""
    handler = provisioners._RESOURCE_HANDLERS[_SECRET]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def secret_create(*arguments: Any) -> Made:
        return _by_arn(create(*arguments))

    def secret_update(physical_id: str, *arguments: Any) -> Made:
        return _by_arn(update(_name(physical_id), *arguments))

    def secret_delete(physical_id: str, properties: Properties) -> None:
        delete(_name(physical_id), properties)

    handler |= {"create": secret_create, "update": secret_update, "delete": secret_delete}
    read, compared = drift._DRIFT_READERS[_SECRET]
    drift._DRIFT_READERS[_SECRET] = (partial(_by_name, read), compared)

    for kind, (label, store) in _DATABASES.items():
        _manage_passwords(provisioners._RESOURCE_HANDLERS[kind], label, getattr(rds, store))


def _by_arn(made: Made) -> Made:
    """AWS: ``Ref`` gives the ARN. MiniStack gives the name."""
    _, attributes = made
    return str(attributes["Arn"]), attributes


def _name(arn: str) -> str:
    _, stored = secretsmanager._resolve(arn)
    return str(stored["Name"]) if stored else arn


def _by_name(read: Callable[..., Any], physical_id: str, *arguments: Any) -> Any:
    return read(_name(physical_id), *arguments)


def _manage_passwords(handler: dict[str, Any], label: str, store: Any) -> None:
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def database_create(logical_id: str, properties: Properties, stack: str) -> Made:
        return _managed(create(logical_id, properties, stack), properties, label, store)

    def database_update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Made:
        made = update(physical_id, old, new, *rest)
        if not _is_managed(new):
            _drop(store.get(made[0]))
        return _managed(made, new, label, store)

    def database_delete(physical_id: str, properties: Properties) -> None:
        _drop(store.get(physical_id))
        delete(physical_id, properties)

    handler |= {"create": database_create, "update": database_update, "delete": database_delete}


def _is_managed(properties: Properties) -> bool:
    return str(properties.get("ManageMasterUserPassword", False)).lower() == "true"


def _managed(made: Made, properties: Properties, label: str, store: Any) -> Made:
    """Make the secret that RDS makes, when there is none yet, and give its ARN as an attribute."""
    physical_id, attributes = made
    if not _is_managed(properties):
        return made
    database = store[physical_id]
    if not database.get("MasterUserSecret"):
        value = {"username": database.get("MasterUsername", "admin"), "password": secrets.token_urlsafe(24)}
        database["MasterUserSecret"] = {
            "SecretArn": secretsmanager.create_secret_in_process(
                f"rds!{label}-{uuid.uuid4()}", json.dumps(value), description=f"Managed by RDS for {physical_id}"
            ),
            "SecretStatus": "active",
            "KmsKeyId": (properties.get("MasterUserSecret") or {}).get("KmsKeyId"),
        }
    return physical_id, {
        **attributes,
        "MasterUserSecret.SecretArn": database["MasterUserSecret"]["SecretArn"],
    }


def _drop(database: dict[str, Any] | None) -> None:
    kept = database.pop("MasterUserSecret", None) if database else None
    if kept:
        secretsmanager.delete_secret_in_process(kept["SecretArn"])
