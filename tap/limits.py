"""CloudFormation's limits on a template.

Source: the CloudFormation user guide, "Understand CloudFormation quotas".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap.errors import TapError

COUNTS = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
"""The most entries that a section may have."""

DESCRIPTION_BYTES = 1024
INLINE_BYTES = 51_200
"""A larger body is refused by the API's TemplateBody and must go through S3."""
S3_BYTES = 1_000_000
"""The largest body through S3."""


class LimitExceededError(TapError):
    """A template is larger than CloudFormation takes."""


def check_counts(template: str, body: Mapping[str, Any]) -> None:
    """Raise LimitExceededError when a section of ``body`` has too many entries, or its description too many bytes.

    ``template`` names it for the message.
    """
    for section, most in COUNTS.items():
        count = len(body.get(section, {}))
        if count > most:
            raise LimitExceededError(
                f"{template}: {count} {section.lower()}, CloudFormation takes {most} in a template. "
                "Split a tier, or deploy the system in the layout `tiers` or `nested`."
            )
    length = len(str(body.get("Description", "")).encode())
    if length > DESCRIPTION_BYTES:
        raise LimitExceededError(
            f"{template}: its Description has {length} bytes, CloudFormation takes {DESCRIPTION_BYTES}. Shorten it."
        )


def check_room(tier: str, section: str, present: int) -> None:
    """Raise LimitExceededError when a tier with ``present`` entries in a section has no room for one more.

    troposphere keeps a tier to the same figures, with a ValueError that does not say which tier it is.
    """
    if present >= COUNTS[section]:
        raise LimitExceededError(
            f"tier {tier}: more than {COUNTS[section]} {section.lower()}, which is what CloudFormation takes in a "
            "template. Split the tier."
        )


def check_size(template: str, text: str) -> int:
    """The bytes of a written template; raises LimitExceededError above what CloudFormation takes through S3."""
    size = len(text.encode())
    if size > S3_BYTES:
        raise LimitExceededError(
            f"{template}: {size:,} bytes, CloudFormation takes {S3_BYTES:,} at the most (and {INLINE_BYTES:,} inline). "
            "Deploy the system in the layout `tiers` or `nested`."
        )
    return size
