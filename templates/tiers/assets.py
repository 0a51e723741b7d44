"""The delivery tier of systems with static files: a private bucket, and CloudFront in front of it."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import GetAtt, cloudfront, s3

from tap.model import Tier
from templates.tiers.balancer import Balancer
from templates.tiers.buckets import BucketChoices, bucket, bucket_policy, read_by
from templates.tiers.delivery import DeliveryChoices, distribution
from templates.tiers.emptier import empty_on_delete


@dataclass(frozen=True)
class AssetsChoices:
    """The bucket, the distribution, and the outputs for the bucket's name and ARN with the tails of their exports."""

    bucket: BucketChoices
    delivery: DeliveryChoices
    outputs: tuple[tuple[str, str], ...] = (("StaticAssetsBucketName", "assets-bucket"),)


@dataclass(frozen=True)
class Assets:
    """Handles of the delivery tier."""

    tier: Tier
    bucket: s3.Bucket
    distribution: cloudfront.Distribution


def assets(choices: AssetsChoices, web: Balancer | None = None) -> Assets:
    """Build the delivery tier; ``web`` is the load balancer where a behaviour leads to it."""
    behind = "a private bucket with static files" + (" and of the load balancer" if web else "")
    tier = Tier("delivery", "Content delivery", f"CloudFront in front of {behind}.")
    files = bucket(tier, choices.bucket)
    made = distribution(tier, choices.delivery, files, web)
    bucket_policy(tier, files, "Lets this distribution read the files", read_by(files, made))
    empty_on_delete(tier, choices.bucket.keeping, files)
    values = ((files.ref(), "The bucket for static files."), (GetAtt(files, "Arn"), "The ARN of that bucket."))
    for (name, export), (value, says) in zip(choices.outputs, values, strict=False):
        tier.output(name, says, value, export=export)
    return Assets(tier, files, made)
