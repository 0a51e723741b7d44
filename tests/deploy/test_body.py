from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.stub import ANY, Stubber

from tap.deploy.body import BUCKET_LIMIT, INLINE_LIMIT, Body, BodyError, check_sizes, deliver, digest
from tap.deploy.session import Session
from tap.deploy.source import Child, StackSource

Stubbed = Callable[[str], tuple[Any, Stubber]]
OWN = "tap-templates-111111111111-eu-west-1"
OWNER = {"ExpectedBucketOwner": "111111111111"}
LONG = "#" * (INLINE_LIMIT + 1)


def source(body: str, *children: Child) -> StackSource:
    return StackSource("notes", "", Path("out/notes/stack.yaml"), body, {}, children)


def session(client: Any) -> Session:
    return Mock(spec=Session, s3=client, account="111111111111", region="eu-west-1", partition="aws")


def test_up_to_the_limit_in_bytes_a_body_goes_in_the_call(stubbed: Stubbed) -> None:
    client, _ = stubbed("s3")
    text = "ü" * (INLINE_LIMIT // 2)
    assert deliver(source(text), session(client), None, print) == Body(text=text)


def test_one_byte_more_goes_through_a_bucket_made_for_it(stubbed: Stubbed) -> None:
    client, stubber = stubbed("s3")
    text = "ü" * (INLINE_LIMIT // 2) + "x"
    key = f"notes/{digest(text)}/stack.yaml"
    notes: list[str] = []
    stubber.add_client_error("head_bucket", "404", http_status_code=404)
    made = {
        "Bucket": OWN,
        "ObjectOwnership": "BucketOwnerEnforced",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
    }
    stubber.add_response("create_bucket", {}, made)
    closed = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    stubber.add_response("put_public_access_block", {}, {"Bucket": OWN, "PublicAccessBlockConfiguration": closed})
    stubber.add_response("put_bucket_encryption", {}, {"Bucket": OWN, "ServerSideEncryptionConfiguration": ANY})
    stubber.add_response("put_bucket_policy", {}, {"Bucket": OWN, "Policy": TlsOnly()})
    stubber.add_client_error("head_object", "404", http_status_code=404)
    put = {"Bucket": OWN, "Key": key, "Body": text.encode(), "ContentType": "application/yaml", **OWNER}
    stubber.add_response("put_object", {}, put)
    found = deliver(source(text), session(client), None, notes.append)
    assert found == Body(url=f"https://s3.eu-west-1.amazonaws.com/{OWN}/{key}")
    assert notes[0].startswith(f"Made the bucket {OWN}")
    assert notes[1].startswith("Uploaded 51,201 bytes")


class TlsOnly:
    """Equals a policy that denies everything that comes without TLS."""

    def __eq__(self, policy: object) -> bool:
        (statement,) = json.loads(str(policy))["Statement"]
        return (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

    def __hash__(self) -> int:
        return 0


def test_what_is_there_is_not_uploaded_again(stubbed: Stubbed) -> None:
    client, stubber = stubbed("s3")
    stubber.add_response("head_bucket", {"BucketRegion": "eu-west-1"}, {"Bucket": OWN, **OWNER})
    stubber.add_response("head_object", {}, {"Bucket": OWN, "Key": f"notes/{digest(LONG)}/stack.yaml"})
    assert deliver(source(LONG), session(client), None, pytest.fail).url


def test_a_named_bucket_is_used_as_it_is(stubbed: Stubbed) -> None:
    client, stubber = stubbed("s3")
    stubber.add_response("head_bucket", {"BucketRegion": "eu-west-1"}, {"Bucket": "ours"})
    stubber.add_client_error("head_object", "403", http_status_code=403)
    put = {"Bucket": "ours", "Key": ANY, "Body": ANY, "ContentType": ANY}
    stubber.add_response("put_object", {}, put)
    assert "/ours/notes/" in deliver(source(LONG), session(client), "ours", print).url


@pytest.mark.parametrize(
    ("bucket", "code", "says"),
    [
        ("ours", "404", "there is no bucket 'ours'"),
        ("ours", "403", "may not be used"),
        (None, "403", "may not be used"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_named(stubbed: Stubbed, bucket: str | None, code: str, says: str) -> None:
    client, stubber = stubbed("s3")
    stubber.add_client_error("head_bucket", code, http_status_code=int(code))
    with pytest.raises(BodyError, match=says):
        deliver(source(LONG), session(client), bucket, print)


def test_a_bucket_in_another_region_is_refused(stubbed: Stubbed) -> None:
    client, stubber = stubbed("s3")
    stubber.add_response("head_bucket", {"BucketRegion": "us-east-1"}, {"Bucket": "ours"})
    with pytest.raises(BodyError, match="is in us-east-1; the stacks go to eu-west-1"):
        deliver(source(LONG), session(client), "ours", print)


def test_children_are_uploaded_under_a_prefix_of_their_own_contents(stubbed: Stubbed) -> None:
    client, stubber = stubbed("s3")
    children = (Child("a.yaml", "A", {}), Child("b.yaml", "B", {}))
    stubber.add_response("head_bucket", {"BucketRegion": "eu-west-1"}, {"Bucket": OWN, **OWNER})
    prefix = f"notes/{digest('a.yaml', 'A', 'b.yaml', 'B')}/"
    for child in children:
        stubber.add_client_error("head_object", "404", http_status_code=404)
        key = prefix + child.name
        put = {"Bucket": OWN, "Key": key, "Body": child.body.encode(), "ContentType": ANY, **OWNER}
        stubber.add_response("put_object", {}, put)
    found = deliver(source("root", *children), session(client), None, print)
    assert found.text == "root"
    assert dict(found.parameters) == {"TemplatesBucket": OWN, "TemplatesPrefix": prefix}


def test_over_a_million_bytes_is_refused_without_a_call() -> None:
    with pytest.raises(BodyError, match=r"stack.yaml has 1,000,001 bytes.*at most 1,000,000"):
        check_sizes(source("#" * (BUCKET_LIMIT + 1)))
    with pytest.raises(BodyError, match=r"big.yaml"):
        check_sizes(source("", Child("big.yaml", "#" * (BUCKET_LIMIT + 1), {})))


def test_the_digest_tells_apart_what_only_joins_to_the_same() -> None:
    assert digest("ab", "c") != digest("a", "bc")
