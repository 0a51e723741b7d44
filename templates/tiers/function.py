"""A function in the VPC, for work that no service does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import Allow, Statement
from troposphere import GetAtt, Sub, Tags, awslambda, ec2, iam, logs

from tap.model import Tier
from templates.tiers.encryption import Encryption, log_key
from templates.tiers.keeping import Keeping
from templates.tiers.network import Network
from templates.tiers.paths import HTTPS_OUT, End, way
from templates.tiers.services import Reach
from templates.tiers.words import actions, arn, named, policy, trusts


@dataclass(frozen=True)
class FunctionChoices:
    """What a function can differ in. ``name`` is before the suffix; ``memory`` in MiB, ``timeout`` in seconds.
    ``outputs`` are the output for its name and that for its ARN, each with the tail of its export."""

    name: str
    says: str
    runtime: str
    code: str
    memory: int
    timeout: int
    log_days: int
    keeping: Keeping
    encryption: Encryption | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    may: tuple[Statement, ...] = ()
    reaches: tuple[Reach, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Function:
    """Handles of a function."""

    tier: Tier
    function: awslambda.Function


def function(choices: FunctionChoices, network: Network) -> Function:
    """Build the tier of a function in the private subnets."""
    tier = Tier("function", "Function", choices.says)
    group = tier.add(
        ec2.SecurityGroup(
            "FunctionSecurityGroup",
            GroupDescription="Function in the VPC: out to what it needs, nothing in",
            VpcId=network.vpc.ref(),
            SecurityGroupEgress=[HTTPS_OUT],
            Tags=Tags(Name=named("function")),
        ),
        "Guards the function: nothing enters; out by HTTPS"
        + "".join(f" and to {reach.end.what}" for reach in choices.reaches)
        + ".",
    )
    for reach in choices.reaches:
        name = f"FunctionTo{reach.end.group.title.removesuffix('SecurityGroup')}"
        way(tier, name, End(group, "the function"), reach.end, reach.port)
    log = tier.add(
        logs.LogGroup(
            "FunctionLogGroup",
            **choices.keeping.policies,
            LogGroupName=Sub(f"/aws/lambda/{choices.name}-${{EnvironmentSuffix}}"),
            RetentionInDays=choices.log_days,
            **log_key(choices.encryption),
        ),
        f"What the function writes, kept {choices.log_days} days.",
    )
    made = tier.add(
        awslambda.Function(
            "Function",
            FunctionName=named(choices.name),
            Description=choices.says,
            Runtime=choices.runtime,
            Handler="index.handler",
            Role=GetAtt(_role(tier, choices, log), "Arn"),
            MemorySize=choices.memory,
            Timeout=choices.timeout,
            VpcConfig=awslambda.VPCConfig(
                SubnetIds=[subnet.ref() for subnet in network.private], SecurityGroupIds=[GetAtt(group, "GroupId")]
            ),
            LoggingConfig=awslambda.LoggingConfig(LogGroup=log.ref()),
            TracingConfig=awslambda.TracingConfig(Mode="PassThrough"),
            **({"KmsKeyArn": choices.encryption.arn} if choices.encryption else {}),
            Environment=awslambda.Environment(Variables=dict(choices.environment)),
            Code=awslambda.Code(ZipFile=choices.code),
        ),
        choices.says,
        exempt={
            "CKV_AWS_115": "It shares the account's concurrency; the API throttles what reaches it.",
            "CKV_AWS_116": "It is called by the API, which hands the caller its error.",
        },
    )
    values = ((made.ref(), "The name of the function."), (GetAtt(made, "Arn"), "The ARN of the function."))
    for (name, export), (value, says) in zip(choices.outputs, values, strict=False):
        tier.output(name, says, value, export=export)
    return Function(tier, made)


def _role(tier: Tier, choices: FunctionChoices, log: logs.LogGroup) -> iam.Role:
    join = (
        "CreateNetworkInterface", "DeleteNetworkInterface", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"
    )  # fmt: skip
    decrypt = (choices.encryption.decrypt_by("lambda"),) if choices.encryption else ()
    return tier.add(
        iam.Role(
            "FunctionRole",
            AssumeRolePolicyDocument=trusts("lambda.amazonaws.com"),
            Policies=[
                iam.Policy(
                    PolicyName="work",
                    PolicyDocument=policy(
                        *choices.may,
                        *decrypt,
                        Statement(
                            Sid="WriteLog",
                            Effect=Allow,
                            Action=actions("logs", "CreateLogStream", "PutLogEvents"),
                            Resource=[GetAtt(log, "Arn")],
                        ),
                        # Lambda makes the interfaces with this role, and their ids are not known before; the two
                        # that describe take no resource (Lambda developer guide, "Giving Lambda functions access to
                        # resources in an Amazon VPC": required IAM permissions).
                        Statement(
                            Sid="JoinTheVpc", Effect=Allow, Action=actions("ec2", *join), Resource=[arn("ec2", "*/*")]
                        ),
                        Statement(
                            Sid="SeeTheVpc",
                            Effect=Allow,
                            Action=actions("ec2", "DescribeNetworkInterfaces", "DescribeSubnets"),
                            Resource=["*"],
                        ),
                    ),
                )
            ],
        ),
        "What the function may do, and nothing else.",
        exempt={"CKV_AWS_111": "Lambda's own interfaces in the VPC have no ids before they are made."},
    )
