"""Secrets: which secret a value means, which keys it has, and where they are read.

Sources: CloudFormation user guide, "Get values stored in other services using dynamic references"; Secrets Manager
user guide, "JSON structure of AWS Secrets Manager secrets"; ECS developer guide, "Pass Secrets Manager secrets".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tap.check.graph.cached import cached
from tap.check.graph.databases import CLUSTER, INSTANCE
from tap.check.model import Resource, World
from tap.check.values import Reference, Text, Unknown, as_bool, fields, items, shape

SECRET, ATTACHMENT = "AWS::SecretsManager::Secret", "AWS::SecretsManager::SecretTargetAttachment"
MANAGED_KEYS = frozenset({"username", "password"})
_ATTACHED_KEYS = frozenset({"engine", "host", "port", "dbname", "dbInstanceIdentifier", "dbClusterIdentifier"})
_MANAGED = "MasterUserSecret.SecretArn"


def secret_of(world: World, value: Any) -> Resource | None:
    """The secret of the template that a value means: itself, or through its attachment."""
    found = world.target(value, SECRET)
    if found:
        return found
    attachment = world.target(value, ATTACHMENT)
    return world.target(attachment.get("SecretId"), SECRET) if attachment else None


def managed_secret(value: Any) -> str:
    """The logical id of the cluster or instance whose own secret a value means; empty for any other value."""
    references = (value,) if isinstance(value, Reference) else value.references if isinstance(value, Text) else ()
    return next((one.logical_id for one in references if one.attribute == _MANAGED), "")


def attachments(world: World, secret: Resource) -> list[Resource]:
    """What attaches a secret to a database."""
    return [one for one in world.of_type(ATTACHMENT) if world.target(one.get("SecretId"), SECRET) is secret]


def keys_of(world: World, secret: Resource) -> frozenset[str] | None:
    """The keys of a secret's JSON; empty for a plain text; None where they are not known."""
    generated, text = secret.get("GenerateSecretString"), secret.get("SecretString")
    if isinstance(generated, Unknown) or world.open:
        return None
    own: set[str] = set()
    if generated is not None:
        template, key = fields(generated).get("SecretStringTemplate"), fields(generated).get("GenerateStringKey")
        if template is None and key is None:
            return frozenset()
        found = json_keys(template)
        if found is None or not isinstance(key, str):
            return None
        own = {*found, key}
    elif text is not None:
        found = json_keys(text)
        if found is None:
            return frozenset() if isinstance(text, str) and not text.lstrip().startswith("{") else None
        own = set(found)
    else:
        return None
    return frozenset(own) | (_ATTACHED_KEYS if attachments(world, secret) else frozenset())


def json_keys(text: Any) -> frozenset[str] | None:
    """The keys of a JSON object in a text, of which parts may not be known; None for any other text."""
    if not isinstance(text, str | Text):
        return None
    whole = "".join(
        part if isinstance(part, str) else "0" for part in (text.parts if isinstance(text, Text) else (text,))
    )
    try:
        found = json.loads(whole)
    except ValueError:
        return None
    return frozenset(map(str, found)) if isinstance(found, dict) else None


@dataclass(frozen=True, eq=False)
class Read:
    """A place where a key of a secret is read: by a dynamic reference or a container; ``value`` names the secret."""

    resource: Resource
    path: tuple[str, ...]
    value: Any
    key: str


_DYNAMIC = re.compile(r"\{\{resolve:secretsmanager:(.*?):SecretString:?([^:}]*)")
_CONTAINER = re.compile(r":([^:]+):[^:]*:[^:]*")


@cached
def reads(world: World) -> tuple[Read, ...]:
    """Every read of a named key."""
    return tuple(_reads(world))


def _reads(world: World) -> Iterator[Read]:
    for resource in world.resources.values():
        yield from _dynamic_reads(resource)
    for resource in world.of_type("AWS::ECS::TaskDefinition"):
        for at_container, container in enumerate(items(resource.get("ContainerDefinitions"))):
            for at_secret, secret in enumerate(items(fields(container).get("Secrets"))):
                value = fields(secret).get("ValueFrom")
                if isinstance(value, Text) and isinstance(value.parts[0], Reference):
                    match = _CONTAINER.fullmatch(value.suffix)
                    if match:
                        path = ("ContainerDefinitions", str(at_container), "Secrets", str(at_secret), "ValueFrom")
                        yield Read(resource, path, value, match[1])


@cached
def _dynamic_reads(resource: Resource) -> tuple[Read, ...]:
    found = []
    for path, value in resource.walked:
        if not isinstance(value, Text | Unknown):
            continue
        text = shape(value) if isinstance(value, Text) else value.text
        match = _DYNAMIC.search(text) if "{{resolve:secretsmanager" in text else None
        if match and match[2] and "$" not in match[2]:
            found.append(Read(resource, path, value if isinstance(value, Text) else match[1], match[2]))
    return tuple(found)


def generates(secret: Resource) -> tuple[str, str]:
    """The key that is generated (empty: the whole secret), and the characters out of ``/ @ " `` and space that its
    value may have."""
    own = fields(secret.get("GenerateSecretString"))
    excluded = own.get("ExcludeCharacters")
    if isinstance(excluded, Unknown | Text | Reference):
        return str(own.get("GenerateStringKey", "")), ""
    risky = "" if as_bool(own.get("ExcludePunctuation")) else '/@"'
    if as_bool(own.get("IncludeSpace")):
        risky += " "
    return str(own.get("GenerateStringKey", "")), "".join(one for one in risky if one not in str(excluded or ""))


def database_of(world: World, secret: Resource) -> Resource | None:
    """The database that a secret is attached to."""
    for one in attachments(world, secret):
        found = world.target(one.get("TargetId"), CLUSTER, INSTANCE)
        if found:
            return found
    return None
