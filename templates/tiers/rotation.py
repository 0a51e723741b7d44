"""Rotation of the database's password by a Lambda function that AWS provides."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import GetAtt, Join, Tags, ec2, secretsmanager

from tap.model import Tier
from templates.tiers.database import PORT, Database
from templates.tiers.network import Network
from templates.tiers.paths import HTTPS_OUT, End, way
from templates.tiers.words import named

TRANSFORM = "AWS::SecretsManager-2024-09-16"


@dataclass(frozen=True)
class RotationChoices:
    """What rotation can differ in. ``function`` is the function's name before the suffix; ``without`` are characters
    that a password must not have."""

    function: str
    days: int
    without: str


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
    way(tier, "RotationToDatabase", End(group, "the rotation"), End(db.security_group, "the database"), PORT)
    tier.add(
        secretsmanager.RotationSchedule(
            "DatabaseRotation",
            # The function finds the database by what the attachment has written into the secret, and is tried out
            # at once, which needs an instance that answers.
            DependsOn=[*db.waits, db.writer.title],
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
