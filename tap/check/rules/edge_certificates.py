"""TAP1424 to TAP1429: certificates and names of distributions, who may see them, where their logs go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.delivery import BUCKET, DISTRIBUTION, config, origins
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Reference, Text, as_bool, as_int, fields, items, known, shape

_CERTIFICATE = "AWS::CertificateManager::Certificate"


class AliasWithoutCertificate(ResourceRule):
    """Names of one's own with the certificate of cloudfront.net."""

    id = "TAP1424"
    title = "Own names of a distribution need an own certificate"
    description = "A distribution with Aliases and no certificate for them is refused (InvalidViewerCertificate)."
    source = "CloudFront developer guide, “Requirements for using alternate domain names”"
    advice = "Set ViewerCertificate.AcmCertificateArn and SslSupportMethod: sni-only, or take the Aliases out."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Aliases against the certificate."""
        own = config(resource)
        certificate = fields(own.get("ViewerCertificate"))
        if not items(own.get("Aliases")) or (own.get("ViewerCertificate") is not None and not certificate):
            return
        named = [key for key in ("AcmCertificateArn", "IamCertificateId") if certificate.get(key) not in (None, "")]
        if not named or as_bool(certificate.get("CloudFrontDefaultCertificate")) is True:
            names = ", ".join(shape(one) for one in items(own.get("Aliases")))
            says = f"{names} is no name in the certificate of cloudfront.net, which the distribution has."
            yield at(resource, "DistributionConfig", "Aliases", says=says)


class AliasNotCovered(ResourceRule):
    """Names that are not in the certificate."""

    id = "TAP1425"
    title = "A distribution's names are names of its certificate"
    description = "CloudFront refuses an alias that no name of the certificate covers; a wildcard covers one label."
    source = "CloudFront developer guide, “Requirements for using alternate domain names”"
    advice = "Add the name to the certificate's SubjectAlternativeNames."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each alias against a certificate of the same template."""
        value = resource.get("DistributionConfig", "ViewerCertificate", "AcmCertificateArn")
        certificate = world.target(value, _CERTIFICATE) if isinstance(value, Reference) else None
        if certificate is None:
            return
        names = [certificate.get("DomainName"), *items(certificate.get("SubjectAlternativeNames"))]
        for index, alias in enumerate(items(config(resource).get("Aliases"))):
            told = [covers(name, alias) for name in names]
            if not any(one is not False for one in told):
                says = f"{shape(alias)} is none of the certificate's names: {', '.join(map(shape, names))}."
                yield at(resource, "DistributionConfig", "Aliases", index, says=says)


def covers(name: Any, alias: Any) -> bool | None:
    """Whether a certificate's name covers a host name; None where that cannot be told."""
    if name == alias:
        return True
    if not isinstance(name, str | Text) or not isinstance(alias, str | Text):
        return None
    one, two = shape(name).lower(), shape(alias).lower()
    if one == two or (
        one.startswith("*.") and "." in two and two.split(".", 1)[1] == one[2:] and "${" not in two.split(".", 1)[0]
    ):
        return True
    if isinstance(name, str) and isinstance(alias, str):
        return False
    # The same unknown parts in both: what differs is then known.
    unknown = [{str(part) for part in each_part(value) if not isinstance(part, str)} for value in (name, alias)]
    return False if unknown[0] == unknown[1] and not one.startswith("*.") else None


def each_part(value: Any) -> tuple[Any, ...]:
    """The parts of a text."""
    return value.parts if isinstance(value, Text) else (value,)


_VERSIONS = (
    *("SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016"),
    *("TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"),
)


class ViewerCertificate(ResourceRule):
    """Settings of the viewer certificate that contradict each other."""

    id = "TAP1426"
    title = "An own certificate needs SslSupportMethod"
    description = "CloudFront refuses an own certificate without SslSupportMethod, and versions that it does not know."
    source = "CloudFront API reference, ViewerCertificate"
    advice = "With AcmCertificateArn: SslSupportMethod: sni-only and MinimumProtocolVersion: TLSv1.2_2021."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The viewer certificate."""
        own = fields(config(resource).get("ViewerCertificate"))
        steps = ("DistributionConfig", "ViewerCertificate")
        named = [key for key in ("AcmCertificateArn", "IamCertificateId") if own.get(key) is not None]
        default = as_bool(own.get("CloudFrontDefaultCertificate")) is True
        version, method = own.get("MinimumProtocolVersion"), own.get("SslSupportMethod")
        if len(named) + default > 1:
            both = " and ".join([*named, *(["CloudFrontDefaultCertificate"] if default else [])])
            yield at(resource, *steps, says=f"{both}: a distribution has one certificate.")
        elif named and method is None:
            yield at(resource, *steps, says=f"{named[0]} is set without SslSupportMethod.")
        if isinstance(version, str) and version not in _VERSIONS:
            says = f"MinimumProtocolVersion {version!r} is none that there is: {', '.join(_VERSIONS)}."
            yield at(resource, *steps, "MinimumProtocolVersion", says=says)
        elif method == "sni-only" and version == "SSLv3":
            yield at(resource, *steps, "MinimumProtocolVersion", says="sni-only needs TLSv1 at least.")


_VALUES: Mapping[tuple[str, ...], frozenset[str]] = {
    ("HttpVersion",): frozenset({"http1.1", "http2", "http3", "http2and3"}),
    ("PriceClass",): frozenset({"PriceClass_100", "PriceClass_200", "PriceClass_All", "None"}),
    ("Restrictions", "GeoRestriction", "RestrictionType"): frozenset({"blacklist", "whitelist", "none"}),
}
_PROTOCOLS = frozenset({"allow-all", "https-only", "redirect-to-https"})
_TO_ORIGIN = frozenset({"http-only", "https-only", "match-viewer"})
_SSL = frozenset({"SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"})
_RANGES = {"ConnectionAttempts": (1, 3), "ConnectionTimeout": (1, 10)}
_TIMES = {"OriginReadTimeout": (1, 120), "OriginKeepaliveTimeout": (1, 120)}


class DistributionValues(ResourceRule):
    """Values that the API's model does not know."""

    id = "TAP1427"
    title = "Values of a distribution are those that CloudFront takes"
    description = "Versions, price classes, protocols, ports and times outside of what the API takes are refused."
    source = "CloudFront API model: HttpVersion, PriceClass, ViewerProtocolPolicy, CustomOriginConfig"
    advice = "Use one of the values that the message names."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The distribution's own values, its behaviours' and its origins'."""
        for steps, allowed in _VALUES.items():
            yield from _one_of(resource, ("DistributionConfig", *steps), allowed)
        own = config(resource)
        for place in (
            ("DefaultCacheBehavior",),
            *(("CacheBehaviors", i) for i, _ in enumerate(items(own.get("CacheBehaviors")))),
        ):
            yield from _one_of(resource, ("DistributionConfig", *place, "ViewerProtocolPolicy"), _PROTOCOLS)
        for origin in origins(resource, world):
            custom = ("CustomOriginConfig", "OriginProtocolPolicy")
            yield from _one_of(resource, origin.at(*custom), _TO_ORIGIN)
            for index, one in enumerate(items(fields(origin.body.get("CustomOriginConfig")).get("OriginSSLProtocols"))):
                if isinstance(one, str) and one not in _SSL:
                    says = f"{one!r} is none of {', '.join(sorted(_SSL))}."
                    yield at(resource, *origin.at("CustomOriginConfig", "OriginSSLProtocols", index), says=says)
            for steps, (least, most) in [((key,), both) for key, both in _RANGES.items()] + [
                ((kind, key), both)
                for kind in ("CustomOriginConfig", "VpcOriginConfig")
                for key, both in _TIMES.items()
            ]:
                number = as_int(resource.get(*origin.at(*steps)))
                if number is not None and not least <= number <= most:
                    says = f"{steps[-1]} {number} is not between {least} and {most}."
                    yield at(resource, *origin.at(*steps), says=says)
            for key in ("HTTPPort", "HTTPSPort"):
                port = as_int(fields(origin.body.get("CustomOriginConfig")).get(key))
                if port is not None and port not in (80, 443) and not 1024 <= port <= 65535:
                    says = f"{key} {port}: CloudFront connects to 80, 443 and 1024 to 65535."
                    yield at(resource, *origin.at("CustomOriginConfig", key), says=says)


def _one_of(resource: Resource, steps: tuple[str | int, ...], allowed: frozenset[str]) -> Iterator[Found]:
    value = resource.get(*steps)
    if isinstance(value, str) and value not in allowed:
        yield at(resource, *steps, says=f"{value!r} is none of {', '.join(sorted(allowed))}.")


_COUNTRY = re.compile(r"[A-Z]{2}")
_NO_COUNTRY = {"UK": "GB", "EU": "its countries", "EN": "GB", "USA": "US"}


class GeoRestriction(ResourceRule):
    """Restrictions by country that say nothing, or name no country."""

    id = "TAP1428"
    title = "A restriction by country names countries"
    description = "Locations are two capital letters of ISO 3166; the type none takes none, the others need some."
    source = "CloudFront API reference, GeoRestriction"
    advice = "Name countries as in GB, DE, US."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The restriction."""
        own = fields(fields(config(resource).get("Restrictions")).get("GeoRestriction"))
        steps = ("DistributionConfig", "Restrictions", "GeoRestriction")
        kind, places = own.get("RestrictionType"), own.get("Locations")
        if kind == "none" and items(places):
            yield at(resource, *steps, "Locations", says="RestrictionType is none, and there are Locations.")
        elif kind in ("whitelist", "blacklist") and (places is None or places == []):
            yield at(resource, *steps, says=f"RestrictionType is {kind}, and there are no Locations.")
        for index, one in enumerate(items(places)):
            if isinstance(one, str) and (not _COUNTRY.fullmatch(one) or one in _NO_COUNTRY):
                meant = f" Write {_NO_COUNTRY[one.upper()]}." if one.upper() in _NO_COUNTRY else ""
                yield at(resource, *steps, "Locations", index, says=f"{one!r} is no country's code.{meant}")


class LegacyLogging(ResourceRule):
    """Standard logging of the older kind into a bucket without ACLs."""

    id = "TAP1429"
    title = "Standard logging (legacy) needs a bucket with ACLs"
    description = (
        "Logging.Bucket is written by an ACL: a bucket whose ownership is BucketOwnerEnforced, which is the default, "
        "is refused (“The S3 bucket that you specified for CloudFront logs does not enable ACL access”)."
    )
    source = "CloudFront developer guide, “Configure standard logging (legacy)”"
    advice = "Deliver logs with AWS::Logs::Delivery, or set ObjectOwnership: BucketOwnerPreferred."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The bucket's name form, and its ownership where it is in the template."""
        value = resource.get("DistributionConfig", "Logging", "Bucket")
        steps = ("DistributionConfig", "Logging", "Bucket")
        bucket = world.target(value, BUCKET)
        if isinstance(value, Reference) and bucket is not None and not value.attribute.endswith("DomainName"):
            yield at(resource, *steps, says=f"{value} is no domain name: it is !GetAtt {bucket.logical_id}.DomainName.")
        elif isinstance(value, str) and value and ".s3" not in value:
            yield at(resource, *steps, says=f"{value!r} is no bucket's domain name (NAME.s3.amazonaws.com).")
        elif bucket is not None:
            rules = bucket.get("OwnershipControls", "Rules")
            said = [fields(one).get("ObjectOwnership") for one in items(rules)]
            if (rules is None or said == ["BucketOwnerEnforced"]) and known(said):
                how = "BucketOwnerEnforced" if said else "without OwnershipControls, so BucketOwnerEnforced"
                yield at(resource, *steps, says=f"The bucket {bucket.logical_id} is {how}: no ACL can admit the logs.")


class Validation(ResourceRule):
    """Certificates that are never issued, or refused."""

    id = "TAP1430"
    title = "A certificate's names can be validated"
    description = (
        "The first name has 64 characters at the most, a wildcard stands for the first label only, and each "
        "DomainValidationOption is for one of the certificate's names."
    )
    source = "ACM API reference, RequestCertificate; AWS::CertificateManager::Certificate"
    advice = "List a DomainValidationOption with the HostedZoneId for each name of the certificate."
    types = (_CERTIFICATE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Names and their validation."""
        domain = resource.get("DomainName")
        longest = world.model.longest(resource.written.get("DomainName"))
        if isinstance(domain, str) and len(domain) > 64:
            yield at(resource, "DomainName", says=f"DomainName has {len(domain)} characters, ACM takes 64.")
        elif isinstance(domain, Text) and longest is not None and longest > 253:
            yield at(resource, "DomainName", says=f"DomainName can have {longest} characters.")
        names = [domain, *items(resource.get("SubjectAlternativeNames"))]
        for index, name in enumerate(names):
            if isinstance(name, str) and "*" in name and not re.fullmatch(r"\*\.[^*]+", name):
                steps = ("DomainName",) if index == 0 else ("SubjectAlternativeNames", index - 1)
                yield at(resource, *steps, says=f"{name!r}: an asterisk stands for the first label only.")
        for index, option in enumerate(items(resource.get("DomainValidationOptions"))):
            name, zone = fields(option).get("DomainName"), fields(option).get("HostedZoneId")
            if known(names) and isinstance(name, str) and name not in names and f"*.{name}" not in names:
                says = f"{name} is none of the certificate's names: {', '.join(map(str, names))}."
                yield at(resource, "DomainValidationOptions", index, "DomainName", says=says)
            if zone is not None and resource.get("ValidationMethod") in ("EMAIL", None):
                says = "HostedZoneId is for ValidationMethod: DNS; without it the certificate is validated by e-mail."
                yield at(resource, "DomainValidationOptions", index, "HostedZoneId", says=says)
            if isinstance(zone, str) and zone.startswith("/hostedzone/"):
                yield at(resource, "DomainValidationOptions", index, "HostedZoneId", says="Give the zone's id alone.")
