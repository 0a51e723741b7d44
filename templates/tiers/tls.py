"""TLS at the load balancer: with an optional certificate, or always."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from troposphere import Equals, If, Not, Ref

from tap.model import Tier

POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3 (source: Elastic Load Balancing user guide, "Security policies for your Application Load
Balancer")."""


@dataclass(frozen=True)
class Secured:
    """How a load balancer is secured: the certificate, the host name on it, and the condition that there is one
    (empty: always)."""

    certificate: Any
    domain: Any
    condition: str = ""

    def either(self, secure: Any, plain: Any) -> Any:
        """``secure`` where there is a certificate, else ``plain``."""
        return If(self.condition, secure, plain) if self.condition else secure

    @property
    def host(self) -> str:
        """The host name as text for ``Sub``."""
        return f"${{{self.domain.data['Ref']}}}"


class Tls(Protocol):
    """A way to be secured."""

    def secure(self, tier: Tier) -> Secured:
        """Add what it needs to the balancer's tier."""


@dataclass(frozen=True)
class OptionalTls:
    """A certificate and its host name are parameters, and may be empty: then there is HTTP only."""

    def secure(self, tier: Tier) -> Secured:
        """Add both parameters, the rule that one needs the other, and the condition."""
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
        given = Not(Equals(Ref(certificate), ""))
        condition = tier.condition("HasCertificate", given)
        tier.template.add_rule(
            "CertificateNeedsDomainName",
            {
                "RuleCondition": given,
                "Assertions": [
                    {
                        "Assert": Not(Equals(Ref(domain), "")),
                        "AssertDescription": "CertificateArn needs DomainName: a host name on the certificate.",
                    }
                ],
            },
        )
        return Secured(Ref(certificate), Ref(domain), condition)


@dataclass(frozen=True)
class RequiredTls:
    """A certificate that the system makes, for the host name in this parameter."""

    certificate: Any
    domain: Ref

    def secure(self, tier: Tier) -> Secured:
        """Add nothing."""
        return Secured(self.certificate, self.domain)
