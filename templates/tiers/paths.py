"""Ways between security groups: both halves of each, apart from the groups, which would otherwise need each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import GetAtt, ec2

from tap.model import Tier


@dataclass(frozen=True)
class End:
    """One end of a way: a security group, and what it guards (``the database``)."""

    group: ec2.SecurityGroup
    what: str


def way(tier: Tier, name: str, start: End, end: End, port: Any) -> tuple[str, str]:
    """Let ``start`` reach ``end`` on ``port`` (TCP); ``name`` begins the logical ids (``BackendToDatabase``), which it
    gives."""
    out = tier.add(
        ec2.SecurityGroupEgress(
            f"{name}Egress",
            GroupId=GetAtt(start.group, "GroupId"),
            DestinationSecurityGroupId=GetAtt(end.group, "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            Description=f"Out of {start.what}, to {end.what}",
        ),
        f"Lets {start.what} send to {end.what}" + (f" on port {port}." if isinstance(port, int) else "."),
    )
    into = tier.add(
        ec2.SecurityGroupIngress(
            f"{name}Ingress",
            GroupId=GetAtt(end.group, "GroupId"),
            SourceSecurityGroupId=GetAtt(start.group, "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            Description=f"Into {end.what}, from {start.what}",
        ),
        f"Lets {end.what} be reached by {start.what}" + (f" on port {port}." if isinstance(port, int) else "."),
    )
    return out.title, into.title


HTTPS_OUT = ec2.SecurityGroupRule(
    IpProtocol="tcp",
    FromPort=443,
    ToPort=443,
    CidrIp="0.0.0.0/0",
    Description="HTTPS to AWS services and image registries",
)
