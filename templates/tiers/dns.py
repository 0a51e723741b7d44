"""Names: the certificate of the domain, and the records that lead to the load balancer and to CloudFront."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import And, Condition, Equals, GetAtt, If, Not, Ref, Region, Sub, cloudfront, route53
from troposphere.certificatemanager import Certificate, DomainValidationOption

from tap.model import Tier
from templates.tiers.balancer import Balancer

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""The hosted zone of every CloudFront distribution (source: Route 53 API reference, ``AliasTarget``)."""


@dataclass(frozen=True)
class Domain:
    """Handles of the domain. ``delivered`` is the condition that CloudFront has a certificate: this stack's in
    us-east-1, elsewhere one that is given."""

    tier: Tier
    name: Ref
    zone: Ref
    certificate: Ref
    cdn_certificate: Any
    cdn_name: Sub
    local: str
    delivered: str


def domain(default: str) -> Domain:
    """Build the tier with the certificate. ``default`` is the domain in the parameter's description."""
    tier = Tier("domain", "Domain", "The domain's certificate, proven in its hosted zone.")
    name = tier.parameter(
        "DomainName",
        f"The domain of the system ({default}); its hosted zone must be in Route 53 already.",
        group="Domain",
        label="Domain",
        AllowedPattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        # The longest first name of a certificate (ACM API reference, RequestCertificate).
        MaxLength=64,
        ConstraintDescription="a domain name in lower case, 64 characters at the most",
    )
    zone = tier.parameter(
        "HostedZoneId",
        "The Route 53 zone of the domain.",
        group="Domain",
        label="Hosted zone",
        Type="AWS::Route53::HostedZone::Id",
    )
    given = tier.parameter(
        "CloudFrontCertificateArn",
        "Ignored in us-east-1, needed elsewhere for cdn.DOMAIN: a certificate for that name in us-east-1. Empty: "
        "CloudFront keeps its own name.",
        group="Domain",
        label="Certificate of the distribution",
        Default="",
        AllowedPattern="^$|^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[a-z0-9-]+$",
        ConstraintDescription="empty, or the ARN of a certificate in us-east-1",
    )
    certificate = tier.add(
        Certificate(
            "Certificate",
            DomainName=Ref(name),
            SubjectAlternativeNames=[Sub(f"*.{_text(name)}")],
            ValidationMethod="DNS",
            DomainValidationOptions=[
                DomainValidationOption(DomainName=Ref(name), HostedZoneId=Ref(zone)),
                DomainValidationOption(DomainName=Sub(f"*.{_text(name)}"), HostedZoneId=Ref(zone)),
            ],
        ),
        "The certificate of the domain and of every name below it. CloudFormation waits until ACM has seen its proof "
        "in the hosted zone.",
    )
    local = tier.condition("IsInUsEast1", Equals(Region, "us-east-1"))
    # Neither here nor given: then CloudFront has no certificate for the domain's name.
    none = tier.condition("HasNoCdnCertificate", And(Not(Condition(local)), Equals(Ref(given), "")))
    delivered = tier.condition("HasCdnName", Not(Condition(none)))
    return Domain(
        tier,
        Ref(name),
        Ref(zone),
        certificate.ref(),
        If(local, certificate.ref(), Ref(given)),
        Sub(f"cdn.{_text(name)}"),
        local,
        delivered,
    )


def _text(parameter: Any) -> str:
    return f"${{{parameter.title}}}"


def records(names: Domain, door: Balancer, distribution: cloudfront.Distribution) -> Tier:
    """Build the tier of records: the domain leads to the load balancer, ``cdn.`` to CloudFront."""
    tier = Tier("records", "Records", "The names under which users find the system.")
    # No AAAA record: a load balancer in a network without IPv6 has no such address.
    _alias(
        tier,
        "DomainRecordA",
        names,
        names.name,
        "A",
        GetAtt(door.load_balancer, "DNSName"),
        GetAtt(door.load_balancer, "CanonicalHostedZoneID"),
        "Leads the domain itself to the load balancer, over IPv4: the load balancer has no IPv6 address.",
    )
    for kind, family in (("A", "IPv4"), ("AAAA", "IPv6")):
        _alias(
            tier,
            f"CdnRecord{kind}",
            names,
            names.cdn_name,
            kind,
            GetAtt(distribution, "DomainName"),
            CLOUDFRONT_ZONE,
            f"Leads cdn. to CloudFront, over {family}.",
            condition=names.delivered,
        )
    return tier


def _alias(
    tier: Tier,
    logical_id: str,
    names: Domain,
    name: Any,
    kind: str,
    target: Any,
    zone: Any,
    says: str,
    condition: str = "",
) -> None:
    tier.add(
        route53.RecordSetType(
            logical_id,
            **({"Condition": condition} if condition else {}),
            HostedZoneId=names.zone,
            Name=name,
            Type=kind,
            AliasTarget=route53.AliasTarget(HostedZoneId=zone, DNSName=target, EvaluateTargetHealth=False),
        ),
        says,
    )
