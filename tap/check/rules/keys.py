"""TAP130x: keys of KMS, who may use them, and where they are named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.iam import Statement
from tap.check.graph.key_uses import BUCKET, QUEUE, TOPIC, needs
from tap.check.graph.keys import ALIAS, KEY, admissions, admits, key_of, key_statements
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import Reference, Text, as_bool, as_number, fields, items, shape

LOG_GROUP = "AWS::Logs::LogGroup"


class LockedKey(ResourceRule):
    """A key that nobody can manage."""

    id = "TAP1301"
    title = "The key's policy locks the account out"
    description = (
        "KMS refuses a key policy that would not let the caller change it again. The account itself "
        "(arn:…:iam::…:root) with kms:* is what lets IAM policies work; services do not count."
    )
    source = "KMS developer guide, “Default key policy”; KMS API, CreateKey: BypassPolicyLockoutSafetyCheck"
    advice = "Add a statement that allows kms:* to arn:${AWS::Partition}:iam::${AWS::AccountId}:root."
    types = (KEY, "AWS::KMS::ReplicaKey")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A policy in which no principal of an account may put another policy."""
        told = key_statements(resource)
        if not told or as_bool(resource.get("BypassPolicyLockoutSafetyCheck")):
            return
        managers = [one for one in told if one.allows and one.covers("kms:PutKeyPolicy") is not False]
        kinds = {kind for one in managers for kind, _ in one.principals}
        if not (kinds & {"AWS", "*", ""}) and all(one.complete and not one.negated for one in told):
            says = "No statement lets a principal of the account manage the key (kms:PutKeyPolicy)."
            yield at(resource, "KeyPolicy", says=says)


class LogsShutOut(ResourceRule):
    """A log group's key that CloudWatch Logs may not use."""

    id = "TAP1302"
    title = "CloudWatch Logs may not use the log group's key"
    description = (
        "The key's policy has to let logs.REGION.amazonaws.com encrypt and decrypt, for this log group's ARN in the "
        "encryption context. Without it the log group cannot be made."
    )
    source = "CloudWatch Logs user guide, “Encrypt log data in CloudWatch Logs using AWS Key Management Service”"
    advice = (
        "Allow logs.${AWS::Region}.amazonaws.com kms:Encrypt*, kms:Decrypt*, kms:ReEncrypt*, kms:GenerateDataKey* and "
        "kms:Describe*."
    )
    types = (LOG_GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The key of a log group."""
        key = key_of(world, resource.get("KmsKeyId"))
        if key is None:
            return
        missing = [
            one
            for one in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
            if admits(world, key, "logs", one) is False
        ]
        if missing:
            says = f"The policy of {key.logical_id} does not let CloudWatch Logs do {', '.join(missing)}."
            yield at(resource, "KmsKeyId", says=says)
            return
        told = list(admissions(world, key, "logs", "kms:Encrypt"))
        if told and all(_other_group(one, resource, world) for one in told):
            says = f"The policy of {key.logical_id} lets CloudWatch Logs encrypt other log groups, not this one."
            yield at(resource, "KmsKeyId", says=says)


_CONTEXT = "kms:encryptioncontext:aws:logs:arn"


def _other_group(statement: Statement, group: Resource, world: World) -> bool:
    """Whether a condition on the encryption context surely leaves a log group out."""
    for operator, tests in statement.conditions.items():
        for name, values in fields(tests).items():
            if str(name).lower() != _CONTEXT or not str(operator).startswith(("Arn", "String")):
                continue
            given = values if isinstance(values, list) else [values]
            exact = "Equals" in str(operator) and not str(operator).startswith("Arn")
            return all(_misses(one, group, world, exact) for one in given)
    return False


def _misses(pattern: Any, group: Resource, world: World, exact: bool) -> bool:
    if not isinstance(pattern, str | Text):
        return False
    text = shape(pattern)
    if any(one.logical_id == group.logical_id for one in (pattern.references if isinstance(pattern, Text) else ())):
        return False
    parts = re.sub(r"\$\{[^}]*\}", "?", text).split(":", 6)
    if exact and "*" in text:
        return True  # StringEquals takes the star for a star.
    if len(parts) < 4 or parts[0] != "arn":
        return False
    region = parts[3]
    if world.region and re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region) and region != world.region:
        return True
    name = group.get("LogGroupName")
    wanted = text.split(":log-group:", 1)[1] if ":log-group:" in text else ""
    if isinstance(name, Text) and wanted and "${" not in wanted:
        fixed, begins = wanted.split("*", 1)[0], name.prefix
        return not fixed.startswith(begins) and not begins.startswith(fixed)
    if not wanted or "${" in wanted or not isinstance(name, str):
        return False
    match = re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), name)
    with_stream = re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), f"{name}:x")
    return match is None and with_stream is None


class ServiceShutOut(Rule):
    """A service that has to use a key and may not."""

    id = "TAP1303"
    title = "The key's policy shuts out a service that must use it"
    description = (
        "Services that write to an encrypted topic, queue or bucket, or read from it, use its key in their own name. "
        "Where the key's policy does not let them, what they send is lost without an error of the deployment."
    )
    severity = Severity.WARNING
    source = "SNS developer guide, “Managing Amazon SNS encryption keys”; CloudFront, “Restrict access to an S3 origin”"
    advice = "Allow the service in the key's policy, with a condition on aws:SourceAccount."

    def check(self, world: World) -> Iterator[Found]:
        """Each use of a key of the template by a service."""
        for need in needs(world):
            missing = [one for one in need.actions if admits(world, need.key, need.service, one) is False]
            if missing:
                who = f"{need.service}.amazonaws.com"
                what = " and ".join(missing)
                says = f"{need.what}, but the policy of {need.key.logical_id} does not let {who} do {what}."
                yield at(need.resource, *need.path, says=says)


class ManagedTopicKey(ResourceRule):
    """AWS's own key on a topic that services publish to."""

    id = "TAP1304"
    title = "Services cannot publish to a topic under AWS's own key"
    description = (
        "The policy of alias/aws/sns cannot be changed, and lets no other service use it: alarms, events and "
        "notifications for such a topic are lost without an error."
    )
    severity = Severity.WARNING
    source = "SNS developer guide, “Managing Amazon SNS encryption keys”: enable compatibility with event sources"
    advice = "Encrypt the topic with a key of your own whose policy lets the service use it."
    types = (TOPIC, QUEUE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A topic or queue with AWS's own key, and who sends to it."""
        name = resource.get("KmsMasterKeyId")
        own = "alias/aws/sns" if resource.type == TOPIC else "alias/aws/sqs"
        if not (isinstance(name, str | Text) and shape(name).endswith(own)):
            return
        kinds: tuple[str, ...] = ("AWS::Events::Rule", BUCKET, "AWS::SNS::Subscription")
        if resource.type == TOPIC:
            kinds = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::Events::Rule", BUCKET)
        for use in world.uses(resource, *kinds):
            says = f"{use.resource.logical_id} sends to it, and may not use {own}."
            yield at(resource, "KmsMasterKeyId", says=says)
            return


_NEEDS_ARN: Mapping[str, tuple[tuple[str, ...], ...]] = {
    LOG_GROUP: (("KmsKeyId",),),
    "AWS::Backup::BackupVault": (("EncryptionKeyArn",),),
    "AWS::Lambda::Function": (("KmsKeyArn",),),
    "AWS::Lambda::EventSourceMapping": (("KmsKeyArn",),),
    "AWS::KinesisFirehose::DeliveryStream": (
        ("DeliveryStreamEncryptionConfigurationInput", "KeyARN"),
        ("ExtendedS3DestinationConfiguration", "EncryptionConfiguration", "KMSEncryptionConfig", "AWSKMSKeyARN"),
    ),
    "AWS::MSK::Cluster": (("EncryptionInfo", "EncryptionAtRest", "DataVolumeKMSKeyId"),),
}


class KeyArn(ResourceRule):
    """A key's id where its ARN is needed."""

    id = "TAP1305"
    title = "The key's ARN is needed, not its id or alias"
    description = "!Ref of a key gives its id. These services take the ARN alone, and refuse an id or an alias."
    source = (
        "CloudWatch Logs API, AssociateKmsKey: kmsKeyId; Backup API, CreateBackupVault: EncryptionKeyArn; Lambda API"
    )
    advice = "Use !GetAtt KEY.Arn."
    types = tuple(_NEEDS_ARN)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The key of a resource that takes ARNs."""
        for path in _NEEDS_ARN[resource.type]:
            value = resource.get(*path)
            meant = world.resources.get(value.logical_id) if isinstance(value, Reference) else None
            if isinstance(value, Reference):
                wrong = meant is not None and (
                    (meant.type == KEY and value.attribute != "Arn") or (meant.type == ALIAS and not value.attribute)
                )
            elif isinstance(value, str):
                wrong = bool(value) and not value.startswith("arn:")
            else:
                wrong = isinstance(value, Text) and value.prefix.startswith("alias/")
            if wrong:
                yield at(resource, *path, says=f"{value} is no ARN of a key.")


class AliasName(ResourceRule):
    """An alias that KMS refuses."""

    id = "TAP1306"
    title = "The alias is malformed or reserved"
    description = "Aliases begin with alias/, not with alias/aws/, and name a key, not another alias."
    source = "KMS API, CreateAlias: AliasName, TargetKeyId"
    types = (ALIAS,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Name and target of an alias."""
        name = resource.get("AliasName")
        text = name if isinstance(name, str) else name.prefix if isinstance(name, Text) else ""
        begun = isinstance(name, Text) and "alias/".startswith(text)
        if isinstance(name, str | Text) and not text.startswith("alias/") and not begun:
            yield at(resource, "AliasName", says=f"{name} does not begin with alias/.")
        elif text.startswith("alias/aws/"):
            yield at(resource, "AliasName", says=f"{name}: names in alias/aws/ are AWS's own.")
        elif isinstance(name, str) and not re.fullmatch(r"alias/[a-zA-Z0-9/_-]{1,250}", name):
            yield at(resource, "AliasName", says=f"{name}: letters, digits, /, _ and - alone, 256 characters at most.")
        target = resource.get("TargetKeyId")
        meant = world.target(target, ALIAS) if isinstance(target, Reference) else None
        if meant or (isinstance(target, str) and target.startswith("alias/")):
            yield at(resource, "TargetKeyId", says=f"{target} is an alias: the id or ARN of a key is needed.")


_SYMMETRIC = "SYMMETRIC_DEFAULT"


class KeySettings(ResourceRule):
    """Settings of a key that do not go together."""

    id = "TAP1307"
    title = "The key cannot be made so"
    description = (
        "Only symmetric keys for encryption are rotated, every 90 to 2,560 days. A deleted key waits 7 to 30 days. "
        "What a key can be used for follows from its kind."
    )
    source = "KMS API, CreateKey, EnableKeyRotation, ScheduleKeyDeletion"
    types = (KEY, "AWS::KMS::ReplicaKey")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Rotation, waiting time, kind and use."""
        days = as_number(resource.get("PendingWindowInDays"))
        if days is not None and not 7 <= days <= 30:
            yield at(resource, "PendingWindowInDays", says=f"{days:g} days: 7 to 30.")
        period = as_number(resource.get("RotationPeriodInDays"))
        rotated = as_bool(resource.get("EnableKeyRotation"))
        if period is not None and not 90 <= period <= 2560:
            yield at(resource, "RotationPeriodInDays", says=f"{period:g} days: 90 to 2560.")
        elif period is not None and (rotated is False or "EnableKeyRotation" not in resource.properties):
            yield at(resource, "RotationPeriodInDays", says="There is a period, but EnableKeyRotation is not true.")
        spec = resource.get("KeySpec")
        if rotated and isinstance(spec, str) and spec != _SYMMETRIC:
            yield at(resource, "EnableKeyRotation", says=f"A key of kind {spec} is not rotated.")
        elif rotated and resource.get("Origin") == "EXTERNAL":
            yield at(resource, "EnableKeyRotation", says="A key whose material comes from outside is not rotated.")
        usage = resource.get("KeyUsage")
        told = spec if isinstance(spec, str) else _SYMMETRIC if spec is None else ""
        if isinstance(usage, str) and told and not _serves(told, usage):
            yield at(resource, "KeyUsage", says=f"A key of kind {told} is not for {usage}.")


def _serves(spec: str, usage: str) -> bool:
    if spec == _SYMMETRIC:
        return usage == "ENCRYPT_DECRYPT"
    if spec.startswith("HMAC_"):
        return usage == "GENERATE_VERIFY_MAC"
    if spec.startswith("RSA_"):
        return usage in ("ENCRYPT_DECRYPT", "SIGN_VERIFY")
    return usage in ("SIGN_VERIFY", "KEY_AGREEMENT") if spec.startswith(("ECC_", "SM2")) else True


class UnusedKey(ResourceRule):
    """A key for encryption that is not asked for."""

    id = "TAP1308"
    title = "A key is given where no key is used"
    description = (
        "A key of KMS is used where the encryption asks for KMS; with another algorithm it is refused or ignored."
    )
    source = "DynamoDB API, SSESpecification; S3 API, ServerSideEncryptionByDefault; SQS API, SetQueueAttributes"
    types = ("AWS::DynamoDB::Table", BUCKET, QUEUE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The encryption of tables, buckets and queues."""
        if resource.type == "AWS::DynamoDB::Table":
            own = fields(resource.get("SSESpecification"))
            enabled = own.get("SSEEnabled")
            if own.get("KMSMasterKeyId") is not None and (enabled is None or as_bool(enabled) is False):
                yield at(
                    resource, "SSESpecification", "KMSMasterKeyId", says="There is a key, but SSEEnabled is not true."
                )
        elif resource.type == BUCKET:
            place = ("BucketEncryption", "ServerSideEncryptionConfiguration")
            for index, rule in enumerate(items(resource.get(*place))):
                own = fields(fields(rule).get("ServerSideEncryptionByDefault"))
                if own.get("KMSMasterKeyID") is not None and own.get("SSEAlgorithm") == "AES256":
                    where = (*place, index, "ServerSideEncryptionByDefault", "KMSMasterKeyID")
                    yield at(
                        resource, *where, says="There is a key, but the algorithm is AES256.", advice="Use aws:kms."
                    )
        elif resource.get("KmsMasterKeyId") not in (None, "") and as_bool(resource.get("SqsManagedSseEnabled")):
            yield at(resource, "SqsManagedSseEnabled", says="The queue is encrypted by a key, and by SQS too.")
