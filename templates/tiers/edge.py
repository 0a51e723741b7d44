"""What CloudFront asks for in us-east-1 only: a certificate, a firewall, and the delivery of its logs."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import And, Condition, Equals, GetAtt, If, Not, Ref, Sub, logs
from troposphere.certificatemanager import Certificate, DomainValidationOption

from tap.model import System, Tier
from templates.tiers.firewall import FirewallChoices, web_acl
from templates.tiers.vended_logs import deliver
from templates.tiers.words import shared

REGION = "us-east-1"
DOMAIN_PATTERN = r"^$|^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"


@dataclass(frozen=True)
class EdgeChoices:
    """What an edge can differ in. ``logs`` is the name of the log group as text for ``Sub``."""

    system: str
    title: str
    firewall: FirewallChoices
    logs: str
    log_days: int


def edge(choices: EdgeChoices, tags: dict[str, str], environments: tuple[str, ...]) -> System:
    """Build the edge of a system whose own region is another: a stack of its own in us-east-1."""
    tier = Tier(
        "edge",
        "Edge",
        "Certificate, firewall and log of the system's CloudFront distribution, which must be in us-east-1.",
    )
    _certificate(tier)
    acl = web_acl(tier, choices.firewall, "CLOUDFRONT")
    tier.output(
        "CloudFrontWebAclArn",
        "The firewall; give it to the main stack as CloudFrontWebAclArn.",
        GetAtt(acl, "Arn"),
        export="edge-web-acl-arn",
    )
    _logs(tier, choices)
    return System(
        name=choices.system,
        title=f"{choices.title}, edge",
        says="Optional, in us-east-1: certificate, firewall and log of the CloudFront distribution. Deploy it first, "
        "hand its outputs to the main stack as parameters, then update it with the distribution's id.",
        region=REGION,
        shared=shared(),
        tiers=(tier,),
        environments={name: {} for name in environments},
        tags=tags,
    )


def _certificate(tier: Tier) -> None:
    domain = tier.parameter(
        "CdnDomainName",
        "Optional: the name under which users reach CloudFront. Requires HostedZoneId; empty: CloudFront's own name.",
        group="HTTPS",
        label="Host name of the distribution",
        Default="",
        AllowedPattern=DOMAIN_PATTERN,
        MaxLength=253,
        ConstraintDescription="empty, or a host name in lower case",
    )
    zone = tier.parameter(
        "HostedZoneId",
        "Required with CdnDomainName, ignored without: the Route 53 zone in which ACM proves that the name is yours.",
        group="HTTPS",
        label="Hosted zone",
        Default="",
        AllowedPattern="^$|^Z[A-Z0-9]{1,31}$",
        ConstraintDescription="empty, or the id of a hosted zone",
    )
    tier.template.add_rule(
        "CdnDomainNameNeedsHostedZoneId",
        {
            "RuleCondition": Not(Equals(Ref(domain), "")),
            "Assertions": [
                {
                    "Assert": Not(Equals(Ref(zone), "")),
                    "AssertDescription": "CdnDomainName needs HostedZoneId: the zone that proves that it is yours.",
                }
            ],
        },
    )
    named_condition = tier.condition("HasCdnDomainName", Not(Equals(Ref(domain), "")))
    zoned = tier.condition("HasHostedZone", Not(Equals(Ref(zone), "")))
    both = tier.condition("HasCertificateWanted", And(Condition(named_condition), Condition(zoned)))
    certificate = tier.add(
        Certificate(
            "CdnCertificate",
            Condition=both,
            DomainName=Ref(domain),
            ValidationMethod="DNS",
            DomainValidationOptions=[DomainValidationOption(DomainName=Ref(domain), HostedZoneId=Ref(zone))],
        ),
        "The certificate of the distribution's name. CloudFormation waits until ACM has seen its proof in DNS.",
    )
    tier.output(
        "CloudFrontCertificateArn",
        "The certificate; give it to the main stack as CloudFrontCertificateArn. Empty without CdnDomainName.",
        If(both, certificate.ref(), ""),
        export="edge-certificate-arn",
    )


def _logs(tier: Tier, choices: EdgeChoices) -> None:
    distribution = tier.parameter(
        "DistributionId",
        "Optional: the id of the main stack's distribution (its output CloudFrontDistributionId). Given, its access "
        "log goes to CloudWatch Logs.",
        group="Logs",
        label="Distribution",
        Default="",
        AllowedPattern="^$|^E[A-Z0-9]{5,31}$",
        ConstraintDescription="empty, or the id of a CloudFront distribution",
    )
    logged = tier.condition("HasDistribution", Not(Equals(Ref(distribution), "")))
    group = tier.add(
        logs.LogGroup(
            "DistributionLogGroup",
            **choices.firewall.keeping.policies,
            LogGroupName=Sub(choices.logs),
            RetentionInDays=choices.log_days,
        ),
        f"One line for each request to CloudFront, kept {choices.log_days} days.",
        exempt={"CKV_AWS_158": "Request lines; the service's own encryption is enough."},
    )
    source = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/" + f"${{{distribution.title}}}"
    deliver(
        tier,
        "Distribution",
        f"{choices.system}-cdn",
        "ACCESS_LOGS",
        Sub(source),
        GetAtt(group, "Arn"),
        "json",
        condition=logged,
    )


__all__ = ["DOMAIN_PATTERN", "REGION", "EdgeChoices", "edge"]
