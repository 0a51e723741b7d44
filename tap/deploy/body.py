"""How a template's text reaches CloudFormation: in the call, or through a bucket when it is too long for that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from tap.deploy.aws_errors import DENIED, MISSING, code
from tap.deploy.session import Note, Session
from tap.deploy.source import BUCKET, FILLED_IN, PREFIX, Child, StackSource
from tap.errors import TapError

INLINE_LIMIT = 51_200
"""Bytes of a template in a call (CloudFormation quotas)."""

BUCKET_LIMIT = 1_000_000
"""Bytes of a template in a bucket (CloudFormation quotas)."""


class BodyError(TapError):
    """A template cannot be brought to CloudFormation."""


@dataclass(frozen=True)
class Body:
    """A template as ``CreateChangeSet`` takes it (``text`` or ``url``), and parameters that say where children are."""

    text: str = ""
    url: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


def size(text: str) -> int:
    """Bytes, which is what CloudFormation counts."""
    return len(text.encode())


def digest(*texts: str) -> str:
    """A hash over contents, to the last byte and in this order."""
    whole = hashlib.sha256()
    for text in texts:
        raw = text.encode()
        whole.update(len(raw).to_bytes(8, "big") + raw)
    return whole.hexdigest()


def check_sizes(source: StackSource) -> None:
    """Raise BodyError for a template over 1,000,000 bytes, which CloudFormation takes in no way. Calls nothing."""
    for name, text in ((source.path.name, source.body), *((child.name, child.body) for child in source.children)):
        if size(text) > BUCKET_LIMIT:
            raise BodyError(
                f"{name} has {size(text):,} bytes; CloudFormation takes at most {BUCKET_LIMIT:,}. "
                "Divide it: --layout tiers or --layout nested."
            )


def deliver(source: StackSource, session: Session, bucket: str | None, note: Note) -> Body:
    """The body of a stack, its children uploaded, and itself when it is too long for a call.

    ``bucket`` names the bucket; without it, it is the account's own for this, made when it is missing.
    """
    check_sizes(source)
    needs_children = bool(source.children)
    if not needs_children and size(source.body) <= INLINE_LIMIT:
        return Body(text=source.body)
    store = _Store(session, bucket, note)
    body = Body()
    if needs_children:
        prefix = store.put_children(source.system, source.children)
        values = {BUCKET: store.name, PREFIX: prefix}
        body = replace(body, parameters=tuple((key, values[key]) for key in sorted(FILLED_IN)))
    if size(source.body) <= INLINE_LIMIT:
        return replace(body, text=source.body)
    return replace(body, url=store.put(f"{source.system}/{digest(source.body)}/{source.path.name}", source.body))


class _Store:
    """The bucket that templates go through. Looks at it once, and makes it when it is this tool's own."""

    def __init__(self, session: Session, bucket: str | None, note: Note) -> None:
        self._session, self._note, self._own = session, note, bucket is None
        self.name = bucket or f"tap-templates-{session.account}-{session.region}"
        self._prepare()

    def put_children(self, system: str, children: Sequence[Child]) -> str:
        """Upload all children under a prefix that changes with any of them; gives the prefix, which ends in ``/``."""
        prefix = f"{system}/{digest(*(text for child in children for text in (child.name, child.body)))}/"
        for child in children:
            self.put(prefix + child.name, child.body)
        return prefix

    def put(self, key: str, text: str) -> str:
        """Upload unless it is there (the key holds the content's hash); gives the URL that CloudFormation reads."""
        s3 = self._session.s3
        try:
            s3.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if code(error) not in MISSING | DENIED:
                raise
            s3.put_object(Bucket=self.name, Key=key, Body=text.encode(), ContentType="application/yaml", **self._owner)
            self._note(f"Uploaded {size(text):,} bytes to s3://{self.name}/{key}")
        # Path style is what both AWS and the emulator read. (us-east-1 is s3.amazonaws.com, which is right too.)
        return f"{s3.meta.endpoint_url}/{self.name}/{key}"

    @property
    def _owner(self) -> dict[str, Any]:
        # The own bucket's name can be guessed: a stranger's of that name must not be given our templates.
        return {"ExpectedBucketOwner": self._session.account} if self._own else {}

    def _prepare(self) -> None:
        try:
            found = self._session.s3.head_bucket(Bucket=self.name, **self._owner)
        except ClientError as error:
            if code(error) in MISSING and self._own:
                self._make()
                return
            if code(error) in MISSING:
                raise BodyError(f"there is no bucket {self.name!r}. Make it, or leave --bucket out.") from error
            if code(error) in DENIED:
                raise BodyError(
                    f"the bucket {self.name!r} may not be used: it belongs to somebody else, or you lack s3:ListBucket "
                    "on it. Name another: --bucket NAME."
                ) from error
            raise
        region = found.get("BucketRegion") or self._session.region
        if region != self._session.region:
            raise BodyError(
                f"the bucket {self.name!r} is in {region}; the stacks go to {self._session.region}. "
                "Name one there, or leave --bucket out."
            )

    def _make(self) -> None:
        s3, name = self._session.s3, self.name
        where: dict[str, Any] = {}
        if self._session.region != "us-east-1":  # which S3 knows as no constraint
            where["CreateBucketConfiguration"] = {"LocationConstraint": self._session.region}
        s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **where)
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        s3.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )
        arn = f"arn:{self._session.partition}:s3:::{name}"
        only_tls = {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [only_tls]}))
        self._note(f"Made the bucket {name} for templates: private, encrypted, TLS only.")
