"""The database's credentials: a secret of our own, or one that RDS makes and rotates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from troposphere import GetAtt, Sub, rds, secretsmanager

from tap.model import Tier
from templates.tiers.encryption import Encryption
from templates.tiers.keeping import Keeping
from templates.tiers.words import named, ref


@dataclass(frozen=True)
class Login:
    """How a cluster logs in: its properties, what joins secret and cluster, and where the secret is.

    ``attach`` adds what is needed once there is a cluster, and gives what a user of the secret waits for. ``secret``
    gives the secret's ARN, and the same as text for ``Sub``.
    """

    properties: Mapping[str, Any]
    attach: Callable[[Tier, rds.DBCluster], tuple[str, ...]]
    secret: Callable[[rds.DBCluster], tuple[Any, str]]


class Credentials(Protocol):
    """A kind of credentials."""

    def make(self, tier: Tier, user: str, encryption: Encryption | None, keeping: Keeping) -> Login:
        """Add what is needed before there is a cluster. ``user`` is text for ``Sub``."""


@dataclass(frozen=True)
class GeneratedCredentials:
    """A secret of our own with a generated password; ``secret`` is its name before the suffix."""

    secret: str
    without: str = '"@/\\'
    exempt: Mapping[str, str] = field(default_factory=dict)

    def make(self, tier: Tier, user: str, encryption: Encryption | None, keeping: Keeping) -> Login:
        """Add the secret; the cluster takes user and password from it."""
        template = json.dumps({"username": user})
        secret = tier.add(
            secretsmanager.Secret(
                "DatabaseSecret",
                **keeping.policies,
                Name=named(self.secret),
                Description="Credentials of the Aurora PostgreSQL cluster",
                GenerateSecretString=secretsmanager.GenerateSecretString(
                    SecretStringTemplate=Sub(template) if "${" in user else template,
                    GenerateStringKey="password",
                    PasswordLength=32,
                    ExcludeCharacters=self.without,
                ),
                **({"KmsKeyId": encryption.arn} if encryption else {}),
            ),
            "User name and generated password of the database; nobody ever types them.",
            exempt=dict(self.exempt),
        )

        def resolve(key: str) -> Sub:
            return Sub("{{resolve:secretsmanager:" + ref(secret) + f":SecretString:{key}}}}}")

        def attach(tier: Tier, cluster: rds.DBCluster) -> tuple[str, ...]:
            made = tier.add(
                secretsmanager.SecretTargetAttachment(
                    "DatabaseSecretAttachment",
                    SecretId=secret.ref(),
                    TargetId=cluster.ref(),
                    TargetType="AWS::RDS::DBCluster",
                ),
                "Writes the cluster's address, port and database name into the secret.",
            )
            return (made.title,)

        login = {"MasterUsername": resolve("username"), "MasterUserPassword": resolve("password")}
        return Login(login, attach, lambda _: (secret.ref(), ref(secret)))


@dataclass(frozen=True)
class ManagedCredentials:
    """A secret that RDS makes, and rotates by itself every seven days (RDS user guide, "Password management with
    Amazon RDS and AWS Secrets Manager")."""

    def make(self, tier: Tier, user: str, encryption: Encryption | None, keeping: Keeping) -> Login:
        """Add nothing: the cluster's own properties say it."""
        login: dict[str, Any] = {
            "MasterUsername": Sub(user) if "${" in user else user,
            "ManageMasterUserPassword": True,
        }
        if encryption:
            login["MasterUserSecret"] = rds.MasterUserSecret(KmsKeyId=encryption.arn)
        attribute = "MasterUserSecret.SecretArn"
        return Login(
            login,
            lambda *_: (),
            lambda cluster: (GetAtt(cluster, attribute), f"${{{cluster.title}.{attribute}}}"),
        )
