"""The load balancer: one door for web traffic, its listeners and its security group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troposphere import Equals, GetAtt, If, Not, Ref, Sub, Tags, ec2
from troposphere import elasticloadbalancingv2 as elb

from tap.model import Tier
from templates.tiers.network import Network
from templates.tiers.words import NO_EGRESS, att, named

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3 (source: Elastic Load Balancing user guide, "Security policies for your Application Load
Balancer")."""


@dataclass(frozen=True)
class BalancerChoices:
    """What a load balancer can differ in. ``name`` and ``security_group`` are names before the suffix.

    The certificate is an optional parameter: with it 443 is open and 80 redirects; without it there is 80 only.
    """

    name: str
    security_group: str
    exempt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Balancer:
    """Handles of the load balancer. ``secure`` is the condition that there is a certificate."""

    tier: Tier
    load_balancer: elb.LoadBalancer
    security_group: ec2.SecurityGroup
    listener: Any
    secure: str
    domain: Any

    @property
    def host(self) -> Any:
        """The name under which others reach it: the certificate's host, else its own DNS name."""
        return If(self.secure, Ref(self.domain), GetAtt(self.load_balancer, "DNSName"))

    @property
    def port(self) -> Any:
        """The port on which it serves rather than redirects."""
        return If(self.secure, 443, 80)

    def url(self, path: str) -> Any:
        """``https://HOST/path`` with a certificate, else ``http://``; braces in ``path`` are text."""
        plain = Sub(f"http://{att(self.load_balancer, 'DNSName')}{path}")
        return If(self.secure, Sub(f"https://${{{self.domain.title}}}{path}"), plain)


def balancer(choices: BalancerChoices, network: Network) -> Balancer:
    """Build the load balancer tier in the public subnets."""
    tier = Tier(
        "balancer", "Load balancer", "The Application Load Balancer in front of the services: one door for web traffic."
    )
    secure, certificate, domain = _certificate(tier)
    group = tier.add(
        ec2.SecurityGroup(
            "BalancerSecurityGroup",
            GroupName=named(choices.security_group),
            GroupDescription="Load balancer: web traffic from anywhere, on to the services",
            VpcId=network.vpc.ref(),
            SecurityGroupIngress=[
                ec2.SecurityGroupRule(
                    IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="0.0.0.0/0", Description="HTTP from anywhere"
                ),
                If(
                    secure,
                    ec2.SecurityGroupRule(
                        IpProtocol="tcp",
                        FromPort=443,
                        ToPort=443,
                        CidrIp="0.0.0.0/0",
                        Description="HTTPS from anywhere",
                    ),
                    Ref("AWS::NoValue"),
                ),
            ],
            SecurityGroupEgress=NO_EGRESS,
            Tags=Tags(Name=named(choices.security_group)),
        ),
        "Who reaches the load balancer: anyone on port 80, and on 443 once there is a certificate. "
        "Each service adds the way on to itself.",
        exempt=choices.exempt.get("BalancerSecurityGroup"),
    )
    load_balancer = tier.add(
        elb.LoadBalancer(
            "LoadBalancer",
            Name=named(choices.name),
            Type="application",
            Scheme="internet-facing",
            Subnets=[subnet.ref() for subnet in network.public],
            SecurityGroups=[GetAtt(group, "GroupId")],
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key="deletion_protection.enabled", Value="false"),
                elb.LoadBalancerAttributes(Key="routing.http.drop_invalid_header_fields.enabled", Value="true"),
            ],
        ),
        "Spreads web traffic over the services' tasks in all zones.",
        exempt=choices.exempt.get("LoadBalancer"),
    )
    not_found = elb.Action(
        Type="fixed-response",
        FixedResponseConfig=elb.FixedResponseConfig(
            StatusCode="404", ContentType="text/plain", MessageBody="Not Found"
        ),
    )
    http = tier.add(
        elb.Listener(
            "HttpListener",
            LoadBalancerArn=load_balancer.ref(),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[
                If(
                    secure,
                    elb.Action(
                        Type="redirect",
                        RedirectConfig=elb.RedirectConfig(StatusCode="HTTP_301", Protocol="HTTPS", Port="443"),
                    ),
                    not_found,
                )
            ],
        ),
        "Port 80: what no service claims is answered with 404. With a certificate it redirects to HTTPS instead.",
        exempt=choices.exempt.get("HttpListener"),
    )
    https = tier.add(
        elb.Listener(
            "HttpsListener",
            Condition=secure,
            LoadBalancerArn=load_balancer.ref(),
            Port=443,
            Protocol="HTTPS",
            SslPolicy=TLS_POLICY,
            Certificates=[elb.Certificate(CertificateArn=Ref(certificate))],
            DefaultActions=[not_found],
        ),
        "Port 443, with a certificate only: what no service claims is answered with 404.",
    )
    tier.output("AlbDnsName", "The DNS name of the load balancer.", GetAtt(load_balancer, "DNSName"), export="alb-dns")
    return Balancer(tier, load_balancer, group, If(secure, https.ref(), http.ref()), secure, domain)


def _certificate(tier: Tier) -> tuple[str, Any, Any]:
    certificate = tier.parameter(
        "CertificateArn",
        "Optional: the ARN of an ACM certificate in this region. Given, the load balancer serves HTTPS on 443 and "
        "redirects 80; empty, it serves HTTP on 80 only and 443 is closed. Requires DomainName.",
        group="HTTPS",
        label="Certificate",
        Default="",
        AllowedPattern="^$|^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-z0-9-]+$",
        ConstraintDescription="empty, or the ARN of an ACM certificate",
    )
    domain = tier.parameter(
        "DomainName",
        "Required with CertificateArn, ignored without: a host name that the certificate covers and that your DNS "
        "points at the load balancer. API Gateway and CloudFront reach it by this name.",
        group="HTTPS",
        label="Host name of the load balancer",
        Default="",
        AllowedPattern=r"^$|^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        MaxLength=253,
        ConstraintDescription="empty, or a host name in lower case",
    )
    secure = tier.condition("HasCertificate", Not(Equals(Ref(certificate), "")))
    tier.template.add_rule(
        "CertificateNeedsDomainName",
        {
            "RuleCondition": Not(Equals(Ref(certificate), "")),
            "Assertions": [
                {
                    "Assert": Not(Equals(Ref(domain), "")),
                    "AssertDescription": "CertificateArn needs DomainName: a host name on the certificate.",
                }
            ],
        },
    )
    return secure, certificate, domain
