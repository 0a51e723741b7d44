"""Content delivery: CloudFront in front of a private bucket, of the load balancer, or of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troposphere import GetAtt, If, Ref, Sub, cloudfront, s3

from tap.model import Tier
from templates.tiers.balancer import Balancer
from templates.tiers.buckets import policy_of
from templates.tiers.vended_logs import deliver
from templates.tiers.words import att, named, ref

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
"""CloudFront's managed policies (source: CloudFront developer guide, "Use managed cache policies", "Use managed origin
request policies", "Use managed response headers policies"). The ids are the same everywhere."""

_ALL = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
_READ = ["GET", "HEAD", "OPTIONS"]


@dataclass(frozen=True)
class CacheFor:
    """A cache policy of our own: names as before the suffix, times in seconds."""

    prefix: str
    name: str
    default: int
    most: int
    says: str
    query: bool = False


@dataclass(frozen=True)
class Behavior:
    """How a path pattern is served (empty: all others). ``origin`` is ``assets`` or ``web``; ``cache`` a managed
    policy's id or one of our own; ``writes`` lets every method through, ``whole`` passes the request on as it is."""

    path: str
    origin: str
    cache: str | CacheFor = CACHING_OPTIMIZED
    writes: bool = False
    whole: bool = False


@dataclass(frozen=True)
class ErrorPage:
    """A page shown instead of these errors, whose status stays what it is (empty: the origin's own answer), and for
    how many seconds they are cached. CloudFront caches errors for ten seconds whatever the cache policy, and under
    ``CACHING_DISABLED`` by the path alone, unless it is told otherwise (source: CloudFront developer guide, "Control
    how long CloudFront caches errors")."""

    codes: tuple[int, ...]
    page: str
    seconds: int = 0


EVERY_ERROR = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""The errors that CloudFront caches, and lets be told for how long (source: its API, ``CustomErrorResponse``)."""


@dataclass(frozen=True)
class Domain:
    """The names that the distribution answers to, with their certificate in us-east-1 (text or intrinsic). With
    ``condition`` only then."""

    names: tuple[Any, ...]
    certificate: Any
    condition: str = ""


@dataclass(frozen=True)
class LogsTo:
    """The bucket for access logs, and what the deliveries' names begin with. Only under ``condition``: CloudFront's
    logs are delivered from us-east-1 alone. ``waits`` is what the delivery is made after, and deleted before."""

    bucket: s3.Bucket
    name: str
    condition: str
    waits: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeliveryChoices:
    """What content delivery can differ in. ``access`` is a name before the suffix. ``shield`` is the region of an
    origin shield, ``firewall`` the ARN of a web ACL (both text or intrinsics)."""

    title: str
    says: str
    behaviors: tuple[Behavior, ...]
    access: str = ""
    price_class: str = "PriceClass_100"
    root: str = "index.html"
    domain: Domain | None = None
    shield: Any = None
    firewall: Any = None
    errors: tuple[ErrorPage, ...] = ()
    logs: LogsTo | None = None
    exports: tuple[tuple[str, str, str], ...] = (("CloudFrontUrl", "url", "cloudfront-url"),)
    exempt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """Handles of content delivery."""

    tier: Tier
    distribution: cloudfront.Distribution


def distribution(
    tier: Tier, choices: DeliveryChoices, assets: s3.Bucket | None, web: Balancer | None
) -> cloudfront.Distribution:
    """Add a distribution to a tier, with origins for those of ``assets`` and ``web`` that are given."""
    origins = []
    if assets:
        origins.append(_assets(tier, choices, assets))
    if web:
        origins.append(_web(choices, web))
    default, *others = sorted(choices.behaviors, key=lambda each: bool(each.path))
    policies = {cache: _cache(tier, cache) for cache in dict.fromkeys(each.cache for each in choices.behaviors)}
    own_domain = choices.domain
    made = tier.add(
        cloudfront.Distribution(
            "Distribution",
            DistributionConfig=cloudfront.DistributionConfig(
                Comment=Sub(f"{choices.title} ${{EnvironmentSuffix}}"),
                Enabled=True,
                HttpVersion="http2and3",
                IPV6Enabled=True,
                PriceClass=choices.price_class,
                **({"DefaultRootObject": choices.root} if choices.root else {}),
                **({"Aliases": _only(own_domain, list(own_domain.names))} if own_domain else {}),
                **({"WebACLId": choices.firewall} if choices.firewall else {}),
                Origins=origins,
                DefaultCacheBehavior=cloudfront.DefaultCacheBehavior(**_behavior(default, policies, web)),
                **(
                    {
                        "CacheBehaviors": [
                            cloudfront.CacheBehavior(PathPattern=each.path, **_behavior(each, policies, web))
                            for each in others
                        ]
                    }
                    if others
                    else {}
                ),
                **(
                    {
                        "CustomErrorResponses": [
                            cloudfront.CustomErrorResponse(
                                ErrorCode=code,
                                **({"ResponseCode": code, "ResponsePagePath": page.page} if page.page else {}),
                                ErrorCachingMinTTL=page.seconds,
                            )
                            for page in choices.errors
                            for code in page.codes
                        ]
                    }
                    if choices.errors
                    else {}
                ),
                ViewerCertificate=_certificate(own_domain),
            ),
        ),
        choices.says,
        exempt=choices.exempt.get("Distribution"),
    )
    if choices.logs:
        _log(tier, choices.logs, made)
    values = {
        "url": (Sub(f"https://{att(made, 'DomainName')}"), "Where users reach the system."),
        "id": (made.ref(), "The id of the distribution."),
    }
    for name, kind, export in choices.exports:
        value, says = values[kind]
        tier.output(name, says, value, export=export)
    return made


def _log(tier: Tier, to: LogsTo, made: cloudfront.Distribution) -> None:
    source = Sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/" + ref(made))
    where = Sub(f"{att(to.bucket, 'Arn')}/cloudfront")
    # A delivery gives a bucket without a policy one of its own, and then the stack's cannot be made any more.
    waits = tuple(dict.fromkeys((policy_of(to.bucket), *to.waits)))
    deliver(tier, "Distribution", to.name, "ACCESS_LOGS", source, where, "w3c", condition=to.condition, waits=waits)


def _only(domain: Domain, value: Any) -> Any:
    return If(domain.condition, value, Ref("AWS::NoValue")) if domain.condition else value


def _certificate(domain: Domain | None) -> Any:
    default = cloudfront.ViewerCertificate(CloudFrontDefaultCertificate=True)
    if not domain:
        return default
    own = cloudfront.ViewerCertificate(
        AcmCertificateArn=domain.certificate, SslSupportMethod="sni-only", MinimumProtocolVersion="TLSv1.2_2021"
    )
    return If(domain.condition, own, default) if domain.condition else own


def _shield(choices: DeliveryChoices) -> dict[str, Any]:
    if choices.shield is None:
        return {}
    return {"OriginShield": cloudfront.OriginShield(Enabled=True, OriginShieldRegion=choices.shield)}


def _assets(tier: Tier, choices: DeliveryChoices, bucket: s3.Bucket) -> cloudfront.Origin:
    access = tier.add(
        cloudfront.OriginAccessControl(
            "AssetsAccess",
            OriginAccessControlConfig=cloudfront.OriginAccessControlConfig(
                Name=named(choices.access),
                Description="Signs what CloudFront asks of the bucket",
                OriginAccessControlOriginType="s3",
                SigningBehavior="always",
                SigningProtocol="sigv4",
            ),
        ),
        "How CloudFront proves to the bucket that it is CloudFront.",
    )
    return cloudfront.Origin(
        Id="assets",
        DomainName=GetAtt(bucket, "RegionalDomainName"),
        OriginAccessControlId=GetAtt(access, "Id"),
        # Empty, yet required: it says that the origin is a bucket.
        S3OriginConfig=cloudfront.S3OriginConfig(OriginAccessIdentity=""),
    )


def _web(choices: DeliveryChoices, web: Balancer) -> cloudfront.Origin:
    return cloudfront.Origin(
        Id="web",
        DomainName=web.host,
        CustomOriginConfig=cloudfront.CustomOriginConfig(
            OriginProtocolPolicy=web.secured.either("https-only", "http-only"),
            HTTPPort=80,
            HTTPSPort=443,
            OriginSSLProtocols=["TLSv1.2"],
        ),
        **_shield(choices),
    )


def _cache(tier: Tier, cache: str | CacheFor) -> Any:
    if isinstance(cache, str):
        return cache
    parameters = cloudfront.ParametersInCacheKeyAndForwardedToOrigin(
        CookiesConfig=cloudfront.CacheCookiesConfig(CookieBehavior="none"),
        HeadersConfig=cloudfront.CacheHeadersConfig(HeaderBehavior="none"),
        QueryStringsConfig=cloudfront.CacheQueryStringsConfig(QueryStringBehavior="all" if cache.query else "none"),
        EnableAcceptEncodingGzip=True,
        EnableAcceptEncodingBrotli=True,
    )
    made = tier.add(
        cloudfront.CachePolicy(
            f"{cache.prefix}CachePolicy",
            CachePolicyConfig=cloudfront.CachePolicyConfig(
                Name=named(cache.name),
                Comment=cache.says,
                DefaultTTL=cache.default,
                MinTTL=0,
                MaxTTL=cache.most,
                ParametersInCacheKeyAndForwardedToOrigin=parameters,
            ),
        ),
        f"{cache.says}, unless the origin says otherwise.",
    )
    return made.ref()


def _behavior(each: Behavior, policies: Mapping[str | CacheFor, Any], web: Balancer | None) -> dict[str, Any]:
    request: dict[str, Any] = {}
    if each.whole and web:
        # By HTTPS the load balancer must be asked for the name on its certificate, not the viewer's.
        request["OriginRequestPolicyId"] = web.secured.either(ALL_VIEWER_EXCEPT_HOST, ALL_VIEWER)
    return {
        "TargetOriginId": each.origin,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": _ALL if each.writes else _READ,
        "CachedMethods": _READ,
        "Compress": True,
        "CachePolicyId": policies[each.cache],
        **request,
        "ResponseHeadersPolicyId": SECURITY_HEADERS,
    }
