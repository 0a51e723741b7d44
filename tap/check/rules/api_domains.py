"""TAP1090: certificates of API Gateway's custom domain names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.arn import parse
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import shape

_CERTIFICATE = "AWS::CertificateManager::Certificate"
_EDGE_REGION = "us-east-1"


class DomainCertificate(ResourceRule):
    """A custom domain name whose certificate is of the wrong kind, or elsewhere."""

    id = "TAP1090"
    title = "A domain name's certificate is of its own kind, and in its region"
    description = (
        "An edge-optimized name takes CertificateArn, of us-east-1; a regional one takes RegionalCertificateArn. The "
        "type is EDGE where none is stated."
    )
    source = (
        "AWS::ApiGateway::DomainName CertificateArn, RegionalCertificateArn; API Gateway developer guide, “Get "
        "certificates ready in AWS Certificate Manager”"
    )
    advice = "Use RegionalCertificateArn with EndpointConfiguration Types: [REGIONAL], and a certificate of the region."
    types = ("AWS::ApiGateway::DomainName",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The certificates of a name."""
        edge, regional = resource.get("CertificateArn"), resource.get("RegionalCertificateArn")
        kinds = resource.get("EndpointConfiguration", "Types")
        kind = "EDGE" if kinds is None else kinds[0] if isinstance(kinds, list) and len(kinds) == 1 else None
        if kind == "REGIONAL" and edge is not None and regional is None:
            says = "The name is regional: it takes RegionalCertificateArn, not CertificateArn."
            yield at(resource, "CertificateArn", says=says)
        elif kind == "EDGE" and regional is not None and edge is None:
            says = "The name is edge-optimized: it takes CertificateArn, not RegionalCertificateArn."
            yield at(resource, "RegionalCertificateArn", says=says)
        elif kind == "EDGE":
            found = _region_of(edge, world)
            if found and found != _EDGE_REGION:
                says = f"{shape(edge)} is in {found}; for an edge-optimized name it has to be in {_EDGE_REGION}."
                yield at(resource, "CertificateArn", says=says)


def _region_of(value: Any, world: World) -> str:
    """The region of a certificate; empty where it is not known."""
    arn = parse(value)
    if arn and arn.service == "acm":
        return arn.region or ""
    return world.region if world.target(value, _CERTIFICATE) else ""
