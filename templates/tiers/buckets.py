"""Buckets: private, encrypted, and refusing whoever comes without TLS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import Allow, ArnLike, Bool, Condition, Deny, Principal, Statement, StringEquals
from awacs.s3 import Action as S3Action
from troposphere import AWSObject, GetAtt, Ref, Sub, s3

from tap.model import SUFFIX, Tier
from templates.tiers.encryption import Encryption
from templates.tiers.keeping import Keeping
from templates.tiers.words import actions, arn, att, policy, ref


@dataclass(frozen=True)
class BucketChoices:
    """What a bucket can differ in.

    ``name`` is before the suffix; the account's number follows it, since buckets' names are shared by all of AWS.
    Days: ``expires`` deletes objects, ``old_versions`` replaced ones, ``infrequent`` and ``archive`` move them to
    cheaper storage (still read at once: CloudFront gets an error from what has to be restored first).
    """

    prefix: str
    name: str
    says: str
    keeping: Keeping
    encryption: Encryption | None = None
    versioned: bool = True
    old_versions: int = 30
    expires: int = 0
    infrequent: int = 0
    archive: int = 0
    exempt: Mapping[str, str] = field(default_factory=dict)


def bucket(tier: Tier, choices: BucketChoices) -> s3.Bucket:
    """Add a bucket, without its policy."""
    key = choices.encryption
    by_default = (
        s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key.arn)
        if key
        else s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    )
    return tier.add(
        s3.Bucket(
            f"{choices.prefix}Bucket",
            **choices.keeping.policies,
            BucketName=Sub(f"{choices.name}-${{{SUFFIX}}}-${{AWS::AccountId}}"),
            BucketEncryption=s3.BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    s3.ServerSideEncryptionRule(
                        ServerSideEncryptionByDefault=by_default, **({"BucketKeyEnabled": True} if key else {})
                    )
                ]
            ),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
            ),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            **({"VersioningConfiguration": s3.VersioningConfiguration(Status="Enabled")} if choices.versioned else {}),
            LifecycleConfiguration=s3.LifecycleConfiguration(Rules=_rules(choices)),
        ),
        choices.says,
        exempt=dict(choices.exempt),
    )


def _rules(choices: BucketChoices) -> list[s3.LifecycleRule]:
    rules = []
    if choices.infrequent:
        moves = [s3.LifecycleRuleTransition(StorageClass="STANDARD_IA", TransitionInDays=choices.infrequent)]
        if choices.archive:
            moves.append(s3.LifecycleRuleTransition(StorageClass="GLACIER_IR", TransitionInDays=choices.archive))
        rules.append(s3.LifecycleRule(Id="MoveToCheaperStorage", Status="Enabled", Transitions=moves))
    if choices.expires:
        rules.append(s3.LifecycleRule(Id="Expire", Status="Enabled", ExpirationInDays=choices.expires))
    if choices.versioned:
        old = s3.NoncurrentVersionExpiration(NoncurrentDays=choices.old_versions)
        rules.append(s3.LifecycleRule(Id="DeleteOldVersions", Status="Enabled", NoncurrentVersionExpiration=old))
    uploads = s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=7)
    rules.append(s3.LifecycleRule(Id="AbortUploads", Status="Enabled", AbortIncompleteMultipartUpload=uploads))
    return rules


def policy_of(of: s3.Bucket) -> str:
    """The logical id of a bucket's policy: what writes to the bucket waits for it."""
    return f"{of.title}Policy"


def bucket_policy(tier: Tier, of: s3.Bucket, says: str, *statements: Statement) -> s3.BucketPolicy:
    """Add a bucket's policy: these statements, and none without TLS."""
    return tier.add(
        s3.BucketPolicy(
            policy_of(of),
            Bucket=of.ref(),
            PolicyDocument=policy(
                *statements,
                Statement(
                    Sid="RefuseWithoutTls",
                    Effect=Deny,
                    Principal=Principal("*"),
                    Action=[S3Action("*")],
                    Resource=[GetAtt(of, "Arn"), Sub(f"{att(of, 'Arn')}/*")],
                    Condition=Condition(Bool({"aws:SecureTransport": "false"})),
                ),
            ),
        ),
        f"{says}, and refuses anyone who comes without TLS.",
    )


def read_by(of: s3.Bucket, distribution: AWSObject) -> Statement:
    """Lets a CloudFront distribution read."""
    source = Sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/" + ref(distribution))
    return Statement(
        Sid="LetCloudFrontRead",
        Effect=Allow,
        Principal=Principal("Service", "cloudfront.amazonaws.com"),
        Action=actions("s3", "GetObject"),
        Resource=[Sub(f"{att(of, 'Arn')}/*")],
        Condition=Condition(StringEquals({"aws:SourceArn": source})),
    )


def _account() -> StringEquals:
    return StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})


def balancer_logs(of: s3.Bucket, prefix: str = "alb") -> Statement:
    """Lets load balancers write access logs (source: Elastic Load Balancing user guide, "Access logs")."""
    where: Any = Sub(f"{att(of, 'Arn')}/{prefix}/AWSLogs/${{AWS::AccountId}}/*")
    return Statement(
        Sid="LetLoadBalancersLog",
        Effect=Allow,
        Principal=Principal("Service", "logdelivery.elasticloadbalancing.amazonaws.com"),
        Action=actions("s3", "PutObject"),
        Resource=[where],
        Condition=Condition([_account(), ArnLike({"aws:SourceArn": arn("elasticloadbalancing", "loadbalancer/*")})]),
    )


def delivered_logs(of: s3.Bucket) -> Statement:
    """Lets CloudWatch Logs deliver other services' logs, CloudFront's among them (source: CloudWatch Logs user guide,
    "Logs sent to Amazon S3": bucket permissions)."""
    return Statement(
        Sid="LetLogsBeDelivered",
        Effect=Allow,
        Principal=Principal("Service", "delivery.logs.amazonaws.com"),
        Action=actions("s3", "PutObject"),
        Resource=[Sub(f"{att(of, 'Arn')}/*")],
        Condition=Condition(
            [
                StringEquals(
                    {
                        "aws:SourceAccount": Ref("AWS::AccountId"),
                        "s3:x-amz-acl": "bucket-owner-full-control",
                    }
                ),
                # The region is us-east-1 whatever the stack's: CloudFront's log sources live there.
                ArnLike({"aws:SourceArn": arn("logs", "delivery-source:*", region="us-east-1")}),
            ]
        ),
    )
