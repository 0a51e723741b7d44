"""The load balancer: one door for web traffic, its listeners and its security group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troposphere import Equals, GetAtt, If, Not, Ref, Sub, Tags, ec2
from troposphere import elasticloadbalancingv2 as elb

from tap.model import Tier
from templates.tiers.keeping import Keeping
from templates.tiers.network import Network
from templates.tiers.tls import POLICY, OptionalTls, Secured, Tls
from templates.tiers.vended_logs import AccessLogs
from templates.tiers.words import NO_EGRESS, att, named


@dataclass(frozen=True)
class FixedAnswer:
    """A path that the load balancer answers itself with 200 and this text."""

    name: str
    path: str
    text: str
    priority: int


@dataclass(frozen=True)
class BalancerChoices:
    """What a load balancer can differ in. ``name`` and ``security_group`` are names before the suffix.

    ``may_be_shut`` lets the operator shut it to all but CloudFront and API Gateway. ``exempt`` excuses the load
    balancer itself from checks, with reasons.
    """

    name: str
    security_group: str
    keeping: Keeping
    tls: Tls = field(default_factory=OptionalTls)
    access_logs: AccessLogs | None = None
    answers: tuple[FixedAnswer, ...] = ()
    may_be_shut: bool = False
    exports: tuple[tuple[str, str, str], ...] = (("AlbDnsName", "DNSName", "alb-dns"),)
    exempt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Balancer:
    """Handles of the load balancer. ``listener`` is the one whose rules lead to the services."""

    tier: Tier
    load_balancer: elb.LoadBalancer
    security_group: ec2.SecurityGroup
    listener: Any
    secured: Secured

    @property
    def host(self) -> Any:
        """The name under which others reach it: the certificate's host, else its own DNS name."""
        return self.secured.either(self.secured.domain, GetAtt(self.load_balancer, "DNSName"))

    @property
    def port(self) -> Any:
        """The port on which it serves rather than redirects."""
        return self.secured.either(443, 80)

    @property
    def full_name(self) -> str:
        """The name by which CloudWatch knows it, as text for ``Sub``."""
        return att(self.load_balancer, "LoadBalancerFullName")

    def url(self, path: str) -> Any:
        """``https://HOST/path`` with a certificate, else ``http://``; braces in ``path`` are text."""
        return self.secured.either(
            Sub(f"https://{self.secured.host}{path}"), Sub(f"http://{att(self.load_balancer, 'DNSName')}{path}")
        )


def balancer(choices: BalancerChoices, network: Network) -> Balancer:
    """Build the load balancer tier in the public subnets."""
    tier = Tier(
        "balancer", "Load balancer", "The Application Load Balancer in front of the services: one door for web traffic."
    )
    secured = choices.tls.secure(tier)
    group = _security_group(tier, choices, network, secured)
    logs = choices.access_logs
    load_balancer = tier.add(
        elb.LoadBalancer(
            "LoadBalancer",
            # AWS refuses one that faces the internet in a VPC whose internet gateway is not attached yet.
            DependsOn=[network.way_in.title, *(logs.waits if logs else ())],
            Name=named(choices.name),
            Type="application",
            Scheme="internet-facing",
            Subnets=[subnet.ref() for subnet in network.public],
            SecurityGroups=[GetAtt(group, "GroupId")],
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key=key, Value=value)
                for key, value in {
                    "deletion_protection.enabled": _text(choices.keeping.protected),
                    "routing.http.drop_invalid_header_fields.enabled": "true",
                    **(logs.attributes if logs else {}),
                }.items()
            ],
        ),
        "Spreads web traffic over the services' tasks in all zones.",
        exempt=dict(choices.exempt),
    )
    if logs:
        logs.deliver(tier, load_balancer)
    listener = _listeners(tier, secured, load_balancer)
    for answer in choices.answers:
        _answer(tier, answer, listener)
    for name, attribute, export in choices.exports:
        if attribute == "GroupId":
            tier.output(name, "The security group of the load balancer.", GetAtt(group, attribute), export=export)
        else:
            tier.output(name, "The DNS name of the load balancer.", GetAtt(load_balancer, attribute), export=export)
    return Balancer(tier, load_balancer, group, listener, secured)


_PLAIN = {
    "CKV_AWS_2": "Without a certificate there is only HTTP; with CertificateArn this listener redirects to HTTPS.",
    "CKV_AWS_103": "Without a certificate there is only HTTP; with CertificateArn HttpsListener asks for TLS 1.2.",
}


def _text(value: Any) -> Any:
    """A truth as the text that load balancer attributes take; through ``Fn::If`` too."""
    if isinstance(value, bool):
        return str(value).lower()
    condition, *branches = value.data["Fn::If"]
    return type(value)(condition, *(_text(branch) for branch in branches))


def _security_group(tier: Tier, choices: BalancerChoices, network: Network, secured: Secured) -> ec2.SecurityGroup:
    def rule(port: int, name: str) -> ec2.SecurityGroupRule:
        return ec2.SecurityGroupRule(
            IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0", Description=f"{name} from anywhere"
        )

    ingress = [rule(80, "HTTP"), secured.either(rule(443, "HTTPS"), Ref("AWS::NoValue"))]
    shut = _shut(tier) if choices.may_be_shut else ""
    if shut:
        ingress = [If(shut, _from_cloudfront(secured), ingress[0]), If(shut, Ref("AWS::NoValue"), ingress[1])]
    return tier.add(
        ec2.SecurityGroup(
            "BalancerSecurityGroup",
            GroupName=named(choices.security_group),
            GroupDescription="Load balancer: web traffic from anywhere, on to the services",
            VpcId=network.vpc.ref(),
            SecurityGroupIngress=ingress,
            SecurityGroupEgress=NO_EGRESS,
            Tags=Tags(Name=named(choices.security_group)),
        ),
        "Who reaches the load balancer: anyone on port 80"
        + (", and on 443 once there is a certificate. " if secured.condition else " and 443. ")
        + ("With BalancerPrefixListId CloudFront alone, and API Gateway's link. " if shut else "")
        + "Each service adds the way on to itself.",
        exempt={
            "CKV_AWS_260": "A public web site: port 80 is its door, and redirects where there is a certificate.",
            **(
                {"CKV_AWS_23": "Every rule has a description; checkov does not see Fn::If's."}
                if secured.condition
                else {}
            ),
        },
    )


def _shut(tier: Tier) -> str:
    prefixes = tier.parameter(
        "BalancerPrefixListId",
        "Optional: the id, in this region, of AWS's prefix list com.amazonaws.global.cloudfront.origin-facing (VPC "
        "console, Managed prefix lists). Given, only CloudFront and API Gateway reach the load balancer, and nobody "
        "gets around their limits; empty, anyone does.",
        group="Load balancer",
        label="Prefix list of CloudFront",
        Default="",
        AllowedPattern="^$|^pl-[0-9a-f]{8,17}$",
        ConstraintDescription="empty, or the id of a prefix list",
    )
    return tier.condition("HasBalancerPrefixList", Not(Equals(Ref(prefixes), "")))


def _from_cloudfront(secured: Secured) -> ec2.SecurityGroupRule:
    # One port only: each counts as many rules as the list has places, 55 of the 60 that a group may have (VPC user
    # guide, "AWS-managed prefix list weight").
    port = secured.either(443, 80)
    return ec2.SecurityGroupRule(
        IpProtocol="tcp",
        FromPort=port,
        ToPort=port,
        SourcePrefixListId=Ref("BalancerPrefixListId"),
        Description="From CloudFront",
    )


def _listeners(tier: Tier, secured: Secured, load_balancer: elb.LoadBalancer) -> Any:
    not_found = elb.Action(
        Type="fixed-response",
        FixedResponseConfig=elb.FixedResponseConfig(
            StatusCode="404", ContentType="text/plain", MessageBody="Not Found"
        ),
    )
    redirect = elb.Action(
        Type="redirect",
        RedirectConfig=elb.RedirectConfig(StatusCode="HTTP_301", Protocol="HTTPS", Port="443"),
    )
    http = tier.add(
        elb.Listener(
            "HttpListener",
            LoadBalancerArn=load_balancer.ref(),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[secured.either(redirect, not_found)],
        ),
        "Port 80: what no service claims is answered with 404. With a certificate it redirects to HTTPS instead."
        if secured.condition
        else "Port 80: redirects to HTTPS.",
        exempt=_PLAIN if secured.condition else {},
    )
    https = tier.add(
        elb.Listener(
            "HttpsListener",
            **({"Condition": secured.condition} if secured.condition else {}),
            LoadBalancerArn=load_balancer.ref(),
            Port=443,
            Protocol="HTTPS",
            SslPolicy=POLICY,
            Certificates=[elb.Certificate(CertificateArn=secured.certificate)],
            DefaultActions=[not_found],
        ),
        f"Port 443{', with a certificate only' if secured.condition else ''}: "
        "what no service claims is answered with 404.",
    )
    return secured.either(https.ref(), http.ref())


def _answer(tier: Tier, answer: FixedAnswer, listener: Any) -> None:
    tier.add(
        elb.ListenerRule(
            f"{answer.name}ListenerRule",
            ListenerArn=listener,
            Priority=answer.priority,
            Conditions=[
                elb.Condition(Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=[answer.path]))
            ],
            Actions=[
                elb.ListenerRuleAction(
                    Type="fixed-response",
                    FixedResponseConfig=elb.FixedResponseConfig(
                        StatusCode="200", ContentType="text/plain", MessageBody=answer.text
                    ),
                )
            ],
        ),
        f"Answers {answer.path} with 200 at the load balancer itself, whether or not a task runs.",
    )
