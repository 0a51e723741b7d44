"""Network ACLs: a second, stateless layer before the security groups. Each rule's answer needs a rule of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from troposphere import Tags, ec2

from tap.model import Tier
from templates.tiers.words import named

ANYWHERE = "0.0.0.0/0"
EPHEMERAL = (1024, 65535)
"""The ports from which clients speak, load balancers and NAT gateways among them (source: VPC user guide, "Custom
network ACLs: ephemeral ports")."""


LINUX = (32768, 65535)
"""The ports from which the tasks speak (source: Linux, ``net.ipv4.ip_local_port_range``); above the database's."""


class Rule(NamedTuple):
    """Who (a CIDR), on which ports, and why."""

    cidr: str
    ports: tuple[int, int]
    why: str


@dataclass(frozen=True)
class AclChoices:
    """The ports on which the private subnets are spoken to: the tasks', and the database's."""

    tasks: tuple[int, ...]
    database: int


class Side(NamedTuple):
    """The subnets of one kind, and their CIDRs in the same order."""

    subnets: tuple[ec2.Subnet, ...]
    cidrs: tuple[str, ...]


def acls(tier: Tier, vpc: ec2.VPC, choices: AclChoices, cidr: str, public: Side, private: Side) -> None:
    """Add an ACL for the public and one for the private subnets; ``cidr`` is the VPC's."""
    tasks = [(port, port) for port in choices.tasks]
    database = (choices.database, choices.database)
    _acl(
        tier,
        vpc,
        "Public",
        public.subnets,
        ingress=[
            Rule(ANYWHERE, (80, 80), "HTTP to the load balancer"),
            Rule(ANYWHERE, (443, 443), "HTTPS to the load balancer, and from the private subnets to the NAT"),
            Rule(ANYWHERE, EPHEMERAL, "answers to the load balancer and to the NAT"),
        ],
        egress=[
            Rule(ANYWHERE, (443, 443), "HTTPS of the NAT to the internet"),
            *(Rule(cidr, ports, f"the load balancer to the tasks, port {ports[0]}") for ports in tasks),
            Rule(ANYWHERE, EPHEMERAL, "answers to clients, and of the internet to the tasks"),
        ],
    )
    _acl(
        tier,
        vpc,
        "Private",
        private.subnets,
        ingress=[
            *(Rule(cidr, ports, f"the load balancer to the tasks, port {ports[0]}") for ports in tasks),
            *(Rule(each, database, "the tasks to the database") for each in private.cidrs),
            *(Rule(each, EPHEMERAL, "answers of the load balancer to API Gateway's link") for each in public.cidrs),
            Rule(ANYWHERE, LINUX, "answers of the internet and of the database to the tasks"),
        ],
        egress=[
            Rule(cidr, (80, 80), "API Gateway's link to the load balancer"),
            Rule(ANYWHERE, (443, 443), "HTTPS of the tasks to AWS and the internet"),
            *(Rule(each, database, "the tasks to the database") for each in private.cidrs),
            Rule(cidr, EPHEMERAL, "answers to the load balancer, and of the database to the tasks"),
        ],
    )


def _acl(
    tier: Tier,
    vpc: ec2.VPC,
    kind: str,
    subnets: tuple[ec2.Subnet, ...],
    *,
    ingress: list[Rule],
    egress: list[Rule],
) -> None:
    acl = tier.add(
        ec2.NetworkAcl(f"{kind}Acl", VpcId=vpc.ref(), Tags=Tags(Name=named(f"acl-{kind.lower()}"))),
        f"What may cross the border of the {kind.lower()} subnets, whatever the security groups say.",
    )
    for direction, rules in (("Ingress", ingress), ("Egress", egress)):
        for number, rule in enumerate(rules, 1):
            tier.add(
                ec2.NetworkAclEntry(
                    f"{kind}Acl{direction}{number}",
                    NetworkAclId=acl.ref(),
                    RuleNumber=number * 10,
                    Egress=direction == "Egress",
                    Protocol=6,
                    RuleAction="allow",
                    CidrBlock=rule.cidr,
                    PortRange=ec2.PortRange(From=rule.ports[0], To=rule.ports[1]),
                ),
                f"{'Into' if direction == 'Ingress' else 'Out of'} the {kind.lower()} subnets: {rule.why}.",
            )
    for subnet in subnets:
        tier.add(
            ec2.SubnetNetworkAclAssociation(
                f"{subnet.title}AclAssociation", SubnetId=subnet.ref(), NetworkAclId=acl.ref()
            ),
            f"Puts {subnet.title} behind {acl.title}.",
        )
