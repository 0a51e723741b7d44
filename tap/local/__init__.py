"""The embedded local target: an emulator of AWS on this machine, started when it is needed.

MiniStack (in ``.venv-emulator``) answers the very API calls that AWS answers; ``tap.local.extension`` teaches
it the resource types that it lacks. It listens on 127.0.0.1 alone and needs no network. An access key of
twelve digits *is* the account, isolated from every other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tap.errors import TapError
from tap.local import process, records
from tap.local.files import Record

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
SECRET = "local"


@dataclass(frozen=True)
class Endpoint:
    """Where the emulator answers, and how to sign for it: the access key is the account's number."""

    url: str
    access_key_id: str
    secret_access_key: str
    region: str
    pid: int

    def environment(self) -> dict[str, str]:
        """The variables with which the AWS CLI and the SDKs talk to this endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }


def ensure_running() -> Endpoint:
    """The emulator of this state folder, started when it is not running.

    Two commands that call this at once get the same one. Raises :class:`tap.errors.TapError` when the
    emulator is not installed, does not come up, or ``TAP_LOCAL_ACCOUNT`` is no account number.
    """
    account = _account()
    return _endpoint(process.ensure(process.files()), account)


def running() -> Endpoint | None:
    """The running emulator of this state folder, or None."""
    account = _account()
    record = process.find(process.files())
    return _endpoint(record, account) if record else None


def stop(*, forget: bool = False) -> bool:
    """End the emulator of this state folder, with ``forget`` for good. Gives whether one was running."""
    return process.stop(process.files(), forget=forget)


def record_only_types() -> Mapping[str, str]:
    """CloudFormation types that the emulator only writes down, each with the reason."""
    return records.RECORD_ONLY


def _account() -> str:
    account = os.environ.get("TAP_LOCAL_ACCOUNT") or DEFAULT_ACCOUNT
    if not re.fullmatch(r"[0-9]{12}", account):
        raise TapError(
            f"TAP_LOCAL_ACCOUNT is {account!r}. It must be the twelve digits of an AWS account number, "
            f"for example {DEFAULT_ACCOUNT}, which it is when the variable is not set."
        )
    return account


def _endpoint(record: Record, account: str) -> Endpoint:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    return Endpoint(f"http://127.0.0.1:{record.port}", account, SECRET, region, record.pid)
