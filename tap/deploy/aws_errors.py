"""What botocore raises, in a line that says what to do. The one place where its exceptions are translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from tap.errors import TapError

NOT_SIGNED_IN = (
    "no AWS credentials were found. Sign in (aws sso login, aws configure), name a profile with --profile, "
    "or use the emulator on this machine with --local."
)
_EXPIRED = (
    "the AWS credentials have expired. Sign in again (aws sso login, or renew them as you do), then run this again."
)
_NETWORK = "Check the network, a proxy (HTTPS_PROXY, NO_PROXY) and --region or --endpoint-url."

_SIGNATURE = "AWS does not accept the signature: the secret key is wrong, or this machine's clock is."

_CODES = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED + " (Or this machine's clock is wrong.)",
    "InvalidClientTokenId": "AWS does not know the access key. Check the profile, or sign in again.",
    "UnrecognizedClientException": "AWS does not know the access key. Check the profile, or sign in again.",
    "AuthFailure": "AWS does not accept the credentials. Check the profile, or sign in again.",
    "InvalidAccessKeyId": "AWS does not know the access key. Check the profile, or sign in again.",
    "SignatureDoesNotMatch": _SIGNATURE,
    "InvalidSignatureException": _SIGNATURE,
    "RequestTimeTooSkewed": "this machine's clock differs from AWS's by more than AWS accepts. Set it right.",
    "OptInRequired": "this account may not use the service in this region yet.",
}
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess", "403"})
THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
MISSING = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})


class AwsError(TapError):
    """AWS refused, or could not be reached."""


def code(error: ClientError) -> str:
    """The error code of an answer: ``ValidationError``, ``AccessDenied``, …"""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    """The words of an answer."""
    return str(error.response.get("Error", {}).get("Message", "")) or str(error)


def is_missing_stack(error: ClientError) -> bool:
    """Whether an answer says that the stack does not exist."""
    return code(error) == "ValidationError" and "does not exist" in message(error)


def passing(error: BotoCoreError | ClientError) -> bool:
    """Whether the same call may well succeed a little later: throttled, a server's fault, a broken connection."""
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return code(error) in THROTTLED or status >= 500
    return isinstance(error, boto.HTTPClientError | boto.ConnectionError)


def explain(error: BotoCoreError | ClientError) -> AwsError:
    """The error that a person reads instead of botocore's."""
    return AwsError(_client_error(error) if isinstance(error, ClientError) else _local_error(error))


@contextmanager
def translated() -> Iterator[None]:
    """Within this block, what botocore raises comes out as :class:`AwsError`."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise explain(error) from error


def _client_error(error: ClientError) -> str:
    found, said = code(error), message(error).rstrip(".")
    if found in _CODES:
        return _CODES[found]
    if found in DENIED:
        return f"you may not call {error.operation_name}: {said}. Use a profile or role that may, or have it allowed."
    if found in THROTTLED:
        return f"AWS is throttling {error.operation_name}, and kept at it: {said}. Run this again in a minute."
    return f"{error.operation_name} was refused: {said} ({found})."


def _local_error(error: BotoCoreError) -> str:
    if isinstance(error, boto.NoCredentialsError):
        return NOT_SIGNED_IN
    if isinstance(error, boto.PartialCredentialsError):
        return f"the AWS credentials are incomplete: {error}."
    if isinstance(error, boto.ProfileNotFound):
        return f"{str(error).rstrip('.')}. `aws configure list-profiles` lists those there are."
    if isinstance(error, boto.NoRegionError):
        return "no region is known. Name one: --region eu-west-1 (or AWS_REGION, or in the profile)."
    if isinstance(error, boto.InvalidRegionError):
        return f"{str(error).rstrip('.')}. A region reads like eu-west-1."
    if isinstance(
        error, boto.UnauthorizedSSOTokenError | boto.SSOTokenLoadError | boto.TokenRetrievalError | boto.SSOError
    ):
        return (
            "the SSO session has expired or was never begun. Run: aws sso login (with --profile NAME for a named one)."
        )
    if isinstance(error, boto.CredentialRetrievalError):
        return f"the AWS credentials could not be fetched: {error}."
    if isinstance(error, boto.SSLError):
        return f"no secure connection: {error}. A proxy's own certificate goes into AWS_CA_BUNDLE."
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        where = getattr(error, "kwargs", {}).get("endpoint_url", "")
        return f"{where or 'AWS'} cannot be reached. {_NETWORK}"
    return f"{type(error).__name__}: {str(error).rstrip('.')}."
