"""Content delivery: a private bucket for static files, and CloudFront in front of it and of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from awacs.aws import Allow, Bool, Condition, Deny, Principal, Statement, StringEquals
from awacs.s3 import Action as S3Action
from awacs.s3 import GetObject
from troposphere import GetAtt, If, Sub, cloudfront, s3

from tap.model import Tier
from templates.tiers.balancer import Balancer
from templates.tiers.emptier import empty_on_delete
from templates.tiers.words import DESTROYED, att, named, policy, ref

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
class DeliveryChoices:
    """What content delivery can differ in. ``bucket`` and ``access`` are names before the suffix; the bucket's also
    ends in the account's number, since buckets' names are shared by all of AWS. ``old_versions_days`` is how long a
    replaced file is kept."""

    bucket: str
    access: str
    title: str
    api_path: str = "/api/*"
    old_versions_days: int = 30
    price_class: str = "PriceClass_100"
    bucket_export: str = "assets-bucket"
    url_export: str = "cloudfront-url"
    exempt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """Handles of content delivery."""

    tier: Tier
    bucket: s3.Bucket
    distribution: cloudfront.Distribution


def delivery(choices: DeliveryChoices, balancer: Balancer) -> Delivery:
    """Build the delivery tier."""
    tier = Tier(
        "delivery", "Content delivery", "CloudFront in front of a private bucket with static files and of the API."
    )
    bucket = _bucket(tier, choices)
    distribution = _distribution(tier, choices, bucket, balancer)
    tier.add(
        s3.BucketPolicy(
            "AssetsBucketPolicy",
            Bucket=bucket.ref(),
            PolicyDocument=policy(
                Statement(
                    Sid="LetCloudFrontRead",
                    Effect=Allow,
                    Principal=Principal("Service", "cloudfront.amazonaws.com"),
                    Action=[GetObject],
                    Resource=[Sub(f"{att(bucket, 'Arn')}/*")],
                    Condition=Condition(
                        StringEquals(
                            {
                                "aws:SourceArn": Sub(
                                    "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/"
                                    + ref(distribution)
                                )
                            }
                        )
                    ),
                ),
                Statement(
                    Sid="RefuseWithoutTls",
                    Effect=Deny,
                    Principal=Principal("*"),
                    Action=[S3Action("*")],
                    Resource=[GetAtt(bucket, "Arn"), Sub(f"{att(bucket, 'Arn')}/*")],
                    Condition=Condition(Bool({"aws:SecureTransport": "false"})),
                ),
            ),
        ),
        "Lets this distribution read the files, and refuses anyone who comes without TLS.",
    )
    empty_on_delete(tier, bucket)
    tier.output("StaticAssetsBucketName", "The bucket for static files.", bucket.ref(), export=choices.bucket_export)
    tier.output(
        "CloudFrontUrl",
        "Where users reach the system.",
        Sub(f"https://{att(distribution, 'DomainName')}"),
        export=choices.url_export,
    )
    return Delivery(tier, bucket, distribution)


def _bucket(tier: Tier, choices: DeliveryChoices) -> s3.Bucket:
    return tier.add(
        s3.Bucket(
            "AssetsBucket",
            **DESTROYED,
            BucketName=Sub(f"{choices.bucket}-${{EnvironmentSuffix}}-${{AWS::AccountId}}"),
            BucketEncryption=s3.BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    s3.ServerSideEncryptionRule(
                        ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
                    )
                ]
            ),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
            ),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            LifecycleConfiguration=s3.LifecycleConfiguration(
                Rules=[
                    s3.LifecycleRule(
                        Id="DeleteOldVersions",
                        Status="Enabled",
                        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(
                            NoncurrentDays=choices.old_versions_days
                        ),
                        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
                    )
                ]
            ),
        ),
        "The static files. Private: only CloudFront reads it. A replaced file can be had back for "
        f"{choices.old_versions_days} days. Emptied and deleted with the stack.",
        exempt=choices.exempt.get("AssetsBucket"),
    )


def _distribution(
    tier: Tier, choices: DeliveryChoices, bucket: s3.Bucket, balancer: Balancer
) -> cloudfront.Distribution:
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
    return tier.add(
        cloudfront.Distribution(
            "Distribution",
            DistributionConfig=cloudfront.DistributionConfig(
                Comment=Sub(f"{choices.title} ${{EnvironmentSuffix}}"),
                Enabled=True,
                HttpVersion="http2and3",
                IPV6Enabled=True,
                PriceClass=choices.price_class,
                DefaultRootObject="index.html",
                Origins=[
                    cloudfront.Origin(
                        Id="assets",
                        DomainName=GetAtt(bucket, "RegionalDomainName"),
                        OriginAccessControlId=GetAtt(access, "Id"),
                        # Empty, yet required: it says that the origin is a bucket.
                        S3OriginConfig=cloudfront.S3OriginConfig(OriginAccessIdentity=""),
                    ),
                    cloudfront.Origin(
                        Id="api",
                        DomainName=balancer.host,
                        CustomOriginConfig=cloudfront.CustomOriginConfig(
                            OriginProtocolPolicy=If(balancer.secure, "https-only", "http-only"),
                            HTTPPort=80,
                            HTTPSPort=443,
                            OriginSSLProtocols=["TLSv1.2"],
                        ),
                    ),
                ],
                DefaultCacheBehavior=cloudfront.DefaultCacheBehavior(
                    TargetOriginId="assets",
                    ViewerProtocolPolicy="redirect-to-https",
                    AllowedMethods=_READ,
                    CachedMethods=_READ,
                    Compress=True,
                    CachePolicyId=CACHING_OPTIMIZED,
                    ResponseHeadersPolicyId=SECURITY_HEADERS,
                ),
                CacheBehaviors=[
                    cloudfront.CacheBehavior(
                        PathPattern=choices.api_path,
                        TargetOriginId="api",
                        ViewerProtocolPolicy="redirect-to-https",
                        AllowedMethods=_ALL,
                        CachedMethods=_READ,
                        Compress=True,
                        CachePolicyId=CACHING_DISABLED,
                        # By HTTPS the load balancer must be asked for the name on its certificate, not the viewer's.
                        OriginRequestPolicyId=If(balancer.secure, ALL_VIEWER_EXCEPT_HOST, ALL_VIEWER),
                        ResponseHeadersPolicyId=SECURITY_HEADERS,
                    )
                ],
                ViewerCertificate=cloudfront.ViewerCertificate(CloudFrontDefaultCertificate=True),
            ),
        ),
        f"What users reach: static files from the bucket, cached near them; {choices.api_path} from the load balancer, "
        "never cached. Plain HTTP is redirected to HTTPS.",
        exempt=choices.exempt.get("Distribution"),
    )
