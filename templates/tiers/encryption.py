"""Encryption: one customer key, and the services that its policy lets use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awacs.aws import Action, Allow, ArnLike, Condition, Principal, Statement, StringEquals, StringLike
from troposphere import GetAtt, Ref, Sub, kms

from tap.model import Tier
from templates.tiers.keeping import Keeping
from templates.tiers.words import actions, arn, named, policy

REENCRYPT = ("ReEncryptFrom", "ReEncryptTo")
DATA_KEYS = ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
"""What services' guides write as ``kms:ReEncrypt*`` and ``kms:GenerateDataKey*``, without the key pairs that none of
them asks for (source: Service Authorization Reference, KMS)."""


@dataclass(frozen=True)
class EncryptionChoices:
    """What a key can differ in. ``alias`` is its name before the suffix. ``cloudfront`` lets CloudFront read what the
    key encrypts in a bucket. ``exports`` gives the key's id and ARN to others."""

    title: str
    keeping: Keeping
    alias: str
    cloudfront: bool = False
    exports: bool = False


@dataclass(frozen=True)
class Encryption:
    """Handles of the key."""

    tier: Tier
    key: kms.Key

    @property
    def arn(self) -> GetAtt:
        """The key's ARN: what every service takes, where some refuse the bare id."""
        return GetAtt(self.key, "Arn")

    def decrypt_by(self, service: str) -> Statement:
        """What a role needs to read what ``service`` (``secretsmanager``) has encrypted with the key for it."""
        return Statement(
            Sid=f"Decrypt{service.capitalize()}",
            Effect=Allow,
            Action=actions("kms", "Decrypt"),
            Resource=[self.arn],
            Condition=Condition(StringEquals({"kms:ViaService": Sub(f"{service}.${{AWS::Region}}.amazonaws.com")})),
        )


def log_key(encryption: Encryption | None) -> dict[str, Any]:
    """The property of a log group that names its key; none without one."""
    return {"KmsKeyId": encryption.arn} if encryption else {}


def encryption(choices: EncryptionChoices) -> Encryption:
    """Build the encryption tier.

    The key's policy has no statement for RDS, Secrets Manager, ECR, DynamoDB and Backup: they use it through the
    principal that calls them, which the account's own statement admits.
    """
    tier = Tier("encryption", "Encryption", "The customer key that encrypts the system's data, and who may use it.")
    account = StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})
    statements = [
        Statement(
            Sid="LetTheAccountManageIt",
            Effect=Allow,
            Principal=Principal("AWS", arn("iam", "root", region="")),
            Action=[Action("kms", "*")],
            Resource=["*"],
        ),
        Statement(
            Sid="LetLogsEncrypt",
            Effect=Allow,
            Principal=Principal("Service", Sub("logs.${AWS::Region}.amazonaws.com")),
            Action=actions("kms", "Encrypt", "Decrypt", *REENCRYPT, *DATA_KEYS, "DescribeKey"),
            Resource=["*"],
            Condition=Condition(ArnLike({"kms:EncryptionContext:aws:logs:arn": arn("logs", "log-group:*")})),
        ),
        Statement(
            Sid="LetAlarmsReachTheTopic",
            Effect=Allow,
            Principal=Principal("Service", "cloudwatch.amazonaws.com"),
            Action=actions("kms", "Decrypt", *DATA_KEYS),
            Resource=["*"],
            Condition=Condition([account, ArnLike({"aws:SourceArn": arn("cloudwatch", "alarm:*")})]),
        ),
    ]
    if choices.cloudfront:
        statements.append(
            Statement(
                Sid="LetCloudFrontReadTheBucket",
                Effect=Allow,
                Principal=Principal("Service", "cloudfront.amazonaws.com"),
                Action=actions("kms", "Decrypt"),
                Resource=["*"],
                # Not this distribution alone: key, bucket and distribution would then need each other.
                # The ARN holds the account too: CloudFront's guide names no other condition ("Restrict access to an
                # Amazon S3 origin": SSE-KMS).
                Condition=Condition(StringLike({"aws:SourceArn": arn("cloudfront", "distribution/*", region="")})),
            )
        )
    key = tier.add(
        kms.Key(
            "Key",
            **choices.keeping.policies,
            Description=choices.title,
            EnableKeyRotation=True,
            PendingWindowInDays=choices.keeping.key_days,
            KeyPolicy=policy(*statements),
        ),
        f"Encrypts the system's data; renewed every year. {choices.keeping.says}",
    )
    tier.add(kms.Alias("KeyAlias", AliasName=named(f"alias/{choices.alias}"), TargetKeyId=key.ref()), "The key's name.")
    if choices.exports:
        tier.output("KMSKeyId", "The id of the customer key.", key.ref(), export="kms-key-id")
        tier.output("KMSKeyArn", "The ARN of the customer key.", GetAtt(key, "Arn"), export="kms-key-arn")
    return Encryption(tier, key)
