"""Error pages that are there when nothing else is: written into a bucket when the stack is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from awacs.aws import Allow, Statement
from troposphere import GetAtt, Sub, cloudformation, s3

from tap.model import Tier
from templates.tiers.inline_function import inline_function
from templates.tiers.words import actions, att

CODE = """\
import boto3
import cfnresponse

def handler(event, context):
    properties = event["ResourceProperties"]
    bucket = boto3.resource("s3").Bucket(properties["BucketName"])
    try:
        if event["RequestType"] == "Delete":
            bucket.object_versions.delete()
        else:
            for key, text in properties["Pages"].items():
                bucket.put_object(Key=key, Body=text.encode(), ContentType="text/html; charset=utf-8")
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {}, bucket.name)
    except Exception as error:
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, bucket.name, reason=str(error))
"""


class WrittenPages(cloudformation.AWSCustomObject):
    """Pages in a bucket; gone, with all else in it, when this resource is deleted."""

    resource_type = "Custom::WrittenPages"
    props: ClassVar[dict[str, tuple[type, bool]]] = {
        "ServiceToken": (str, True),
        "ServiceTimeout": (int, False),
        "BucketName": (str, True),
        "Pages": (dict, True),
    }


def write_pages(tier: Tier, bucket: s3.Bucket, pages: Mapping[str, str]) -> None:
    """Write pages (key → HTML) into a bucket of the tier, and empty the bucket when the stack is deleted."""
    function = inline_function(
        tier,
        "PageWriter",
        "Writes the error pages into their bucket, and empties it when the stack is deleted.",
        CODE,
        Statement(Effect=Allow, Action=actions("s3", "ListBucketVersions"), Resource=[GetAtt(bucket, "Arn")]),
        Statement(
            Effect=Allow,
            Action=actions("s3", "PutObject", "DeleteObject", "DeleteObjectVersion"),
            Resource=[Sub(f"{att(bucket, 'Arn')}/*")],
        ),
    )
    properties: dict[str, Any] = {"BucketName": bucket.ref(), "Pages": dict(pages)}
    tier.add(
        WrittenPages("ErrorPages", ServiceToken=GetAtt(function, "Arn"), ServiceTimeout=180, **properties),
        "The pages that users see when the system does not answer.",
    )


def page(title: str, text: str) -> str:
    """A small page that needs nothing from elsewhere."""
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<body style="font-family: sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em">\n'
        f"<h1>{title}</h1>\n<p>{text}</p>\n</html>\n"
    )
