"""Rotation of the database's password by a Lambda function that AWS provides."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import GetAtt, Join, Sub, Tags, ec2, logs, secretsmanager

from tap.model import SUFFIX, Tier
from templates.tiers.database import PORT, Database
from templates.tiers.encryption import log_key
from templates.tiers.keeping import Keeping
from templates.tiers.network import Network
from templates.tiers.paths import HTTPS_OUT, End, way
from templates.tiers.words import named

TRANSFORM = "AWS::SecretsManager-2024-09-16"


@dataclass(frozen=True)
class RotationChoices:
    """What rotation can differ in. ``function`` is the function's name before the suffix; ``without`` are characters
    that a password must not have. ``days`` is how often, ``log_days`` how long the function's log is kept."""

    function: str
    days: int
    without: str
    log_days: int
    keeping: Keeping


def rotation(choices: RotationChoices, network: Network, db: Database) -> Tier:
    """Build the rotation tier.

    The transform makes a nested stack with the function (source: Secrets Manager user guide, "Rotation by Lambda
    function"; CloudFormation, ``HostedRotationLambda``). The function needs a way to the database, and by HTTPS to
    Secrets Manager.
    """
    tier = Tier("rotation", "Rotation", "A new password for the database, at regular times, by a function in the VPC.")
    tier.template.set_transform(TRANSFORM)
    group = tier.add(
        ec2.SecurityGroup(
            "RotationSecurityGroup",
            GroupDescription="Rotation of the password: out to the database and to Secrets Manager",
            VpcId=network.vpc.ref(),
            SecurityGroupEgress=[HTTPS_OUT],
            Tags=Tags(Name=named("rotation")),
        ),
        "Guards the function that changes the password: nothing enters; out to the database, and by HTTPS.",
    )
    ways = way(tier, "RotationToDatabase", End(group, "the rotation"), End(db.security_group, "the database"), PORT)
    log = tier.add(
        logs.LogGroup(
            "RotationLogGroup",
            **choices.keeping.policies,
            LogGroupName=Sub(f"/aws/lambda/{choices.function}-${{{SUFFIX}}}"),
            RetentionInDays=choices.log_days,
            **log_key(db.encryption),
        ),
        f"What the function writes, kept {choices.log_days} days; made first, for Lambda would set it no limit.",
        exempt={}
        if db.encryption
        else {"CKV_AWS_158": "No secret is written; the service's own encryption is enough."},
    )
    tier.add(
        secretsmanager.RotationSchedule(
            "DatabaseRotation",
            # The function finds the database by what the attachment has written into the secret, and is tried out
            # at once, which needs an instance that answers and the ways to it and to Secrets Manager.
            DependsOn=[*db.waits, log.title, *ways, *(route.title for route in network.ways_out)],
            SecretId=db.secret_arn,
            HostedRotationLambda=secretsmanager.HostedRotationLambda(
                RotationType="PostgreSQLSingleUser",
                RotationLambdaName=named(choices.function),
                ExcludeCharacters=choices.without,
                VpcSecurityGroupIds=GetAtt(group, "GroupId"),
                VpcSubnetIds=Join(",", [subnet.ref() for subnet in network.private]),
                **({"KmsKeyArn": db.encryption.arn} if db.encryption else {}),
            ),
            RotateImmediatelyOnUpdate=False,
            RotationRules=secretsmanager.RotationRules(AutomaticallyAfterDays=choices.days),
        ),
        f"Changes the database's password every {choices.days} days. "
        "Applications read the secret again when a password is refused.",
    )
    return tier
