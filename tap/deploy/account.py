"""What an account tells about a parameter: whether API Gateway can already write its logs."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy.session import Note, Session

LOGS_ROLE = "CreateApiGatewayLogsRole"
"""``AWS::ApiGateway::Account`` is one per account and region, and a second stack overwrites the first one's:
this parameter says whether a stack makes it."""


def decide(present: Mapping[str, str], session: Session, note: Note) -> dict[str, str]:
    """The value of :data:`LOGS_ROLE`, or nothing when the account does not tell.

    ``present`` are the values that the deployed stack has: its own stays as it is, for the role may be its
    own. In a new stack it is ``"false"`` when the account has a role, else ``"true"``.
    """
    if LOGS_ROLE in present:
        return {LOGS_ROLE: present[LOGS_ROLE]}
    try:
        role = session.apigateway.get_account().get("cloudwatchRoleArn", "")
    except (ClientError, BotoCoreError) as error:
        note(
            f"{LOGS_ROLE}: the account could not be asked for its API Gateway role ({_short(error)}); "
            "as in the parameter file."
        )
        return {}
    if role:
        note(f"{LOGS_ROLE}=false: API Gateway has a role for its logs in this account and region, {role}.")
        return {LOGS_ROLE: "false"}
    note(f"{LOGS_ROLE}=true: API Gateway has no role for its logs in this account and region yet.")
    return {LOGS_ROLE: "true"}


def _short(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else type(error).__name__
