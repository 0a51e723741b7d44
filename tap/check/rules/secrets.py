"""TAP126x: secrets, what is generated for them and what is read of them."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.databases import CLUSTER, INSTANCE
from tap.check.graph.secrets import (
    MANAGED_KEYS,
    SECRET,
    generates,
    json_keys,
    keys_of,
    managed_secret,
    reads,
    secret_of,
)
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, at
from tap.check.values import Text, Unknown, as_bool, as_number, fields

_CLASSES = {
    "ExcludeLowercase": "abcdefghijklmnopqrstuvwxyz",
    "ExcludeUppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ExcludeNumbers": "0123456789",
    "ExcludePunctuation": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}


class Generation(ResourceRule):
    """A secret that cannot be generated as stated."""

    id = "TAP1260"
    title = "The secret cannot be generated so"
    description = (
        "A secret is given or generated, not both. A template of JSON and the key for the generated value go together, "
        "and the length is 1 to 4,096 characters, enough for one of each kind that is asked for."
    )
    source = "CloudFormation template reference, AWS::SecretsManager::Secret GenerateSecretString; GetRandomPassword"
    types = (SECRET,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """What is generated for a secret."""
        place = "GenerateSecretString"
        if "SecretString" in resource.properties and place in resource.properties:
            yield at(resource, place, says="There is a SecretString, and a GenerateSecretString too.")
        own = fields(resource.get(place))
        template, key = own.get("SecretStringTemplate"), own.get("GenerateStringKey")
        if template is not None and key is None:
            says = "There is a template, but no GenerateStringKey for what is generated."
            yield at(resource, place, "SecretStringTemplate", says=says)
        if key is not None and template is None:
            says = f"There is a GenerateStringKey {key}, but no SecretStringTemplate for it to go into."
            yield at(resource, place, "GenerateStringKey", says=says)
        if isinstance(template, str) and json_keys(template) is None:
            yield at(resource, place, "SecretStringTemplate", says="The template is no JSON object.")
        length = as_number(own.get("PasswordLength"))
        kinds = [chars for name, chars in _CLASSES.items() if as_bool(own.get(name)) is not True]
        wanted = as_bool(own.get("RequireEachIncludedType")) is not False
        if length is not None and (not 1 <= length <= 4096 or (wanted and length < len(kinds))):
            yield at(resource, place, "PasswordLength", says=f"A length of {length:g} is not possible.")
        excluded = own.get("ExcludeCharacters")
        every = own and all(isinstance(own.get(name), bool | str | None) for name in _CLASSES)
        if every and (excluded is None or isinstance(excluded, str)):
            left = [set(chars) - set(str(excluded or "")) for chars in kinds]
            if not any(left) and not as_bool(own.get("IncludeSpace")):
                yield at(resource, place, says="All characters are excluded.")


class RefusedCharacters(Rule):
    """A generated password that a database may refuse."""

    id = "TAP1261"
    title = "The generated password may have characters that the database refuses"
    description = (
        'Master passwords of RDS have none of / @ " and no space. A generated password has some of them now and then: '
        "the same template deploys one day and fails the next."
    )
    source = "RDS API, CreateDBCluster: MasterUserPassword; Secrets Manager API, GetRandomPassword"
    advice = "Exclude them: ExcludeCharacters: '\"@/\\', or ExcludePunctuation: true."

    def check(self, world: World) -> Iterator[Found]:
        """Each secret of which a database takes its password."""
        seen = set()
        for read in reads(world):
            if read.resource.type not in (CLUSTER, INSTANCE) or read.path != ("MasterUserPassword",):
                continue
            secret = secret_of(world, read.value)
            if secret is None or "GenerateSecretString" not in secret.properties or secret.logical_id in seen:
                continue
            seen.add(secret.logical_id)
            key, risky = generates(secret)
            if key == read.key and risky:
                shown = " ".join("space" if one == " " else one for one in risky)
                says = f"The master password of {read.resource.logical_id} is generated, and may have {shown} in it."
                yield at(secret, "GenerateSecretString", says=says)


class MissingKey(Rule):
    """A key of a secret that it does not have."""

    id = "TAP1262"
    title = "The secret has no such key"
    description = (
        "A key that is not in the secret's JSON cannot be read: the deployment fails, or the task never starts."
    )
    source = "Secrets Manager user guide, “JSON structure of AWS Secrets Manager secrets”"

    def check(self, world: World) -> Iterator[Found]:
        """Each read of a key of a secret whose keys are known."""
        for read in reads(world):
            owner = world.resources.get(managed_secret(read.value))
            secret = None if owner else secret_of(world, read.value)
            keys = MANAGED_KEYS if owner else keys_of(world, secret) if secret else None
            if keys is None or read.key in keys:
                continue
            who = f"The secret of {owner.logical_id}" if owner else secret.logical_id if secret else ""
            has = f"It has {', '.join(sorted(keys))}." if keys else "It is plain text, not JSON."
            yield at(read.resource, *read.path, says=f"{who} has no key {read.key}.", advice=has)


class Attachment(ResourceRule):
    """An attachment that cannot be."""

    id = "TAP1263"
    title = "The secret and the database that it is attached to do not fit"
    description = "TargetType says what TargetId is; a secret of a cluster needs the cluster's type."
    source = "CloudFormation template reference, AWS::SecretsManager::SecretTargetAttachment"
    types = ("AWS::SecretsManager::SecretTargetAttachment",)

    _TYPES = (
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBCluster",
        "AWS::Redshift::Cluster",
        "AWS::RedshiftServerless::Namespace",
        "AWS::DocDB::DBInstance",
        "AWS::DocDB::DBCluster",
        "AWS::DocDBElastic::Cluster",
    )

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The type and the target of an attachment; the secret has to be JSON with a user and a password."""
        kind, target = resource.get("TargetType"), world.target(resource.get("TargetId"), *self._TYPES)
        if isinstance(kind, str) and kind not in self._TYPES:
            yield at(resource, "TargetType", says=f"{kind} is nothing that a secret can be attached to.")
        elif isinstance(kind, str) and target and target.type != kind:
            yield at(resource, "TargetType", says=f"TargetId is of type {target.type}, not {kind}.")
        secret = world.target(resource.get("SecretId"), SECRET)
        keys = keys_of(world, secret) if secret else None
        if keys is not None and not keys >= MANAGED_KEYS:
            missing = " and ".join(sorted(MANAGED_KEYS - keys))
            assert secret
            says = f"The secret {secret.logical_id} has no {missing}: what is attached needs both."
            yield at(resource, "SecretId", says=says)


class WholeSecretAsPassword(ResourceRule):
    """A whole secret as a password."""

    id = "TAP1264"
    title = "The whole secret is taken for the password"
    description = (
        "Without a key a dynamic reference is the whole text of the secret. Where that is JSON, the braces and quotes "
        "become part of the value, and the database refuses them."
    )
    source = "CloudFormation user guide, “Get a secret or secret value from Secrets Manager”"
    advice = "Name the key: {{resolve:secretsmanager:SECRET:SecretString:password}}."
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """User name and password of a database."""
        for key in ("MasterUserPassword", "MasterUsername"):
            value = resource.get(key)
            if not isinstance(value, Text | Unknown):
                continue
            text = str(value).rstrip("}").rstrip(":")
            whole = "{{resolve:secretsmanager:" in text and (
                text.endswith("SecretString") or ":SecretString" not in text
            )
            secret = secret_of(world, value) if whole else None
            if secret and keys_of(world, secret):
                yield at(resource, key, says=f"{key} is the whole JSON of {secret.logical_id}.")
