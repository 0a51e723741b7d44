"""A bucket that is emptied when its stack is deleted. CloudFormation deletes no bucket that holds objects."""

from __future__ import annotations

from typing import ClassVar

from awacs.aws import Action, Allow, Statement
from troposphere import GetAtt, If, Sub, cloudformation, s3

from tap.model import Tier
from templates.tiers.inline_function import inline_function
from templates.tiers.keeping import Keeping
from templates.tiers.words import att

CODE = """\
import boto3
import cfnresponse

def handler(event, context):
    bucket = event["ResourceProperties"]["BucketName"]
    wanted = event["ResourceProperties"].get("Empties", "true") == "true"
    try:
        if event["RequestType"] == "Delete" and wanted:
            boto3.resource("s3").Bucket(bucket).object_versions.delete()
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {}, bucket)
    except Exception as error:
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, bucket, reason=str(error))
"""


class EmptiedBucket(cloudformation.AWSCustomObject):
    """A bucket whose objects, old versions and delete markers go when this resource is deleted."""

    resource_type = "Custom::EmptiedBucket"
    props: ClassVar[dict[str, tuple[type, bool]]] = {
        "ServiceToken": (str, True),
        "ServiceTimeout": (int, False),
        "BucketName": (str, True),
        "Empties": (str, False),
    }


def emptied(bucket: s3.Bucket) -> str:
    """The logical id of what empties a bucket. What writes to the bucket depends on it, and so is deleted before."""
    return f"{bucket.title}Emptied"


def empty_on_delete(tier: Tier, keeping: Keeping, *buckets: s3.Bucket, condition: str = "") -> None:
    """Empty these buckets of a tier when the stack is deleted, each before it is deleted itself; unless they stay.

    Where a condition decides, all of it is there either way and only does nothing: a resource that the condition took
    away would be deleted in an update, and empty the bucket of a stack that becomes one for production. With
    ``condition`` the buckets themselves are there only then.
    """
    if keeping.empties is False:
        return
    only = {"Condition": condition} if condition else {}
    asked = keeping.empties if isinstance(keeping.empties, str) else ""
    when = "when the stack is deleted" + (", outside production" if asked else "")
    statements = (
        Statement(
            Effect=Allow,
            Action=[Action("s3", "ListBucketVersions")],
            Resource=[GetAtt(bucket, "Arn") for bucket in buckets],
        ),
        Statement(
            Effect=Allow,
            Action=[Action("s3", "DeleteObject"), Action("s3", "DeleteObjectVersion")],
            Resource=[Sub(f"{att(bucket, 'Arn')}/*") for bucket in buckets],
        ),
    )
    function = inline_function(
        tier,
        f"{buckets[0].title}Emptier",
        f"Deletes every object from {' and '.join(each.title for each in buckets)} {when}.",
        CODE,
        *statements,
        timeout=900,
        condition=condition,
        allowed=asked,
    )
    for bucket in buckets:
        tier.add(
            EmptiedBucket(
                emptied(bucket),
                **only,
                # The function has fifteen minutes, CloudFormation waits a little longer.
                ServiceToken=GetAtt(function, "Arn"),
                ServiceTimeout=960,
                BucketName=bucket.ref(),
                **({"Empties": If(asked, "true", "false")} if asked else {}),
            ),
            f"Empties {bucket.title} {when}; it does nothing before.",
        )
