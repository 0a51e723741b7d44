"""Small words that every tier uses: names with the suffix, references within text, AWS's own ARNs."""

from __future__ import annotations

from typing import Any

from awacs.aws import Action, Allow, PolicyDocument, Principal, Statement
from awacs.sts import AssumeRole
from troposphere import AWSObject, Sub, ec2

from tap.model import SUFFIX, Tier

ZONES = "ABCDEF"
"""How the availability zones are called in logical ids."""


def named(text: str) -> Sub:
    """A physical name with the environment's suffix: ``named("customer-portal-alb")``."""
    return Sub(f"{text}-${{{SUFFIX}}}")


def ref(resource: AWSObject) -> str:
    """``${Alb}``, for use in the text of a ``Sub``."""
    return f"${{{resource.title}}}"


def att(resource: AWSObject, attribute: str) -> str:
    """``${Alb.DNSName}``, for use in the text of a ``Sub``."""
    return f"${{{resource.title}.{attribute}}}"


def arn(service: str, rest: str, *, region: str = "${AWS::Region}", account: str = "${AWS::AccountId}") -> Sub:
    """An ARN in this partition; region and account are this stack's unless given (empty for global services)."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{rest}")


def managed_policy(name: str) -> Sub:
    """The ARN of a policy that AWS manages; ``name`` with its path (``service-role/…``) where it has one."""
    return arn("iam", f"policy/{name}", region="", account="aws")


def policy(*statements: Statement) -> PolicyDocument:
    """A policy document of these statements."""
    return PolicyDocument(Version="2012-10-17", Statement=list(statements))


def trusts(service: str, **condition: Any) -> PolicyDocument:
    """A trust policy for one service (``ecs-tasks.amazonaws.com``)."""
    return policy(Statement(Effect=Allow, Principal=Principal("Service", service), Action=[AssumeRole], **condition))


def actions(service: str, *verbs: str) -> list[Action]:
    """Actions of a service: ``actions("s3", "GetObject")``."""
    return [Action(service, verb) for verb in verbs]


def shared() -> Tier:
    """The tier without resources that every system begins with: the suffix, and what a system adds."""
    tier = Tier("shared", "Shared", "Parameters and conditions that several tiers use.")
    tier.parameter(
        SUFFIX,
        "Tells this environment's resources from those of others; part of almost every name. "
        "Changing it replaces everything.",
        group="Environment",
        label="Suffix",
        Default="dev",
    )
    return tier


NO_EGRESS = [
    ec2.SecurityGroupRule(IpProtocol="-1", CidrIp="127.0.0.1/32", Description="Nowhere: stands for no way out")
]
"""A security group without egress rules is given one to everywhere (EC2), so a closed one needs a rule to nowhere."""


def sign_in_to_registry() -> Statement:
    """What pulling or pushing an image begins with. It knows no resource (Service Authorization Reference, ECR)."""
    return Statement(
        Sid="SignInToRegistry", Effect=Allow, Action=actions("ecr", "GetAuthorizationToken"), Resource=["*"]
    )
