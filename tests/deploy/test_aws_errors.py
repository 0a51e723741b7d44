from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy.aws_errors import AwsError, explain, is_missing_stack, passing, translated


def refused(code: str, message: str = "Some words.", status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (refused("ExpiredToken"), "have expired. Sign in again"),
        (refused("RequestExpired"), "clock"),
        (refused("InvalidClientTokenId"), "does not know the access key"),
        (refused("SignatureDoesNotMatch"), "does not accept the signature"),
        (
            refused("AccessDenied", "User u is not authorized"),
            "you may not call DescribeStacks: User u is not authorized",
        ),
        (refused("Throttling", "Rate exceeded"), "throttling DescribeStacks"),
        (refused("ValidationError", "Bad template."), "DescribeStacks was refused: Bad template (ValidationError)."),
        (boto.NoCredentialsError(), "no AWS credentials were found"),
        (boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "incomplete"),
        (boto.ProfileNotFound(profile="prod"), "list-profiles"),
        (boto.NoRegionError(), "--region"),
        (boto.InvalidRegionError(region_name="x y"), "reads like eu-west-1"),
        (boto.UnauthorizedSSOTokenError(), "aws sso login"),
        (boto.TokenRetrievalError(provider="sso", error_msg="expired"), "aws sso login"),
        (boto.CredentialRetrievalError(provider="process", error_msg="exit 1"), "could not be fetched"),
        (boto.EndpointConnectionError(endpoint_url="https://cfn"), "https://cfn cannot be reached"),
        (boto.ConnectTimeoutError(endpoint_url="https://cfn"), "https://cfn cannot be reached"),
        (boto.ProxyConnectionError(proxy_url="http://p"), "cannot be reached"),
        (boto.SSLError(endpoint_url="https://cfn", error=ValueError("bad")), "AWS_CA_BUNDLE"),
        (boto.ParamValidationError(report="Missing StackName"), "ParamValidationError: "),
    ],
)
def test_each_is_one_line_that_says_what_to_do(error: BotoCoreError | ClientError, says: str) -> None:
    line = str(explain(error))
    assert says in line
    assert line.count("\n") == 0 or isinstance(error, boto.ParamValidationError)


def test_within_the_block_they_come_out_translated() -> None:
    with pytest.raises(AwsError, match="no AWS credentials"), translated():
        raise boto.NoCredentialsError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused("Throttling"), True),
        (refused("InternalFailure", status=500), True),
        (boto.ConnectionClosedError(endpoint_url="x"), True),
        (boto.EndpointConnectionError(endpoint_url="x"), True),
        (boto.ReadTimeoutError(endpoint_url="x"), True),
        (refused("AccessDenied", status=403), False),
        (refused("ExpiredToken"), False),
        (boto.NoCredentialsError(), False),
    ],
)
def test_what_passes_by_itself_is_told_from_what_does_not(error: BotoCoreError | ClientError, expected: bool) -> None:
    assert passing(error) is expected


def test_a_stack_that_is_not_there_is_known_by_the_words() -> None:
    assert is_missing_stack(refused("ValidationError", "Stack with id notes-dev does not exist"))
    assert not is_missing_stack(refused("ValidationError", "Template error"))
    assert not is_missing_stack(refused("AccessDenied", "does not exist"))
