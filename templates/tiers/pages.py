"""The delivery tier of systems whose pages come from the load balancer: CloudFront, and a bucket with error pages."""

from __future__ import annotations

from dataclasses import dataclass

from tap.model import Tier
from templates.tiers.balancer import Balancer
from templates.tiers.buckets import BucketChoices, bucket, bucket_policy, read_by
from templates.tiers.delivery import DeliveryChoices, distribution
from templates.tiers.error_pages import page, write_pages
from templates.tiers.keeping import Keeping

PAGES = {
    "errors/4xx.html": page("We cannot answer that", "The request was not one that this site can answer."),
    "errors/5xx.html": page("We will be right back", "The site does not answer at the moment. Please try again soon."),
}


@dataclass(frozen=True)
class PagesChoices:
    """The bucket for error pages (its name before the suffix), and the distribution."""

    bucket: str
    keeping: Keeping
    delivery: DeliveryChoices


def pages(choices: PagesChoices, web: Balancer) -> Tier:
    """Build the delivery tier."""
    tier = Tier("delivery", "Content delivery", "CloudFront in front of the load balancer, with its own error pages.")
    errors = bucket(
        tier,
        BucketChoices(
            prefix="ErrorPages",
            name=choices.bucket,
            says="The error pages, apart from the system, so that they are there when it is not.",
            keeping=choices.keeping,
            versioned=False,
            exempt={
                "CKV_AWS_18": "Two public pages that only CloudFront reads.",
                "CKV_AWS_21": "The pages come from this template, which has its own versions.",
            },
        ),
    )
    made = distribution(tier, choices.delivery, errors, web)
    bucket_policy(tier, errors, "Lets this distribution read the pages", read_by(errors, made))
    write_pages(tier, errors, PAGES)
    return tier
