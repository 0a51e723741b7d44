from __future__ import annotations

import pytest

import tap.local
from tap.errors import TapError
from tap.local import Endpoint
from tap.local.files import Record

RECORD = Record(pid=7, port=1234, started="", sources="")


def test_the_endpoint_is_signed_for_by_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap.local.process, "ensure", lambda _: RECORD)
    for name in ("TAP_LOCAL_ACCOUNT", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert tap.local.ensure_running() == Endpoint("http://127.0.0.1:1234", "000000000000", "local", "us-east-1", 7)
    monkeypatch.setenv("TAP_LOCAL_ACCOUNT", "123456789012")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    chosen = tap.local.ensure_running()
    assert (chosen.access_key_id, chosen.region) == ("123456789012", "eu-west-1")


@pytest.mark.parametrize("account", ["1", "12345678901x", "1234567890123"])
def test_a_wrong_account_is_refused_before_anything_starts(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap.local.process, "ensure", lambda _: pytest.fail("it was started"))
    monkeypatch.setenv("TAP_LOCAL_ACCOUNT", account)
    with pytest.raises(TapError, match="twelve digits"):
        tap.local.ensure_running()


def test_running_is_none_when_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap.local.process, "find", lambda _: None)
    assert tap.local.running() is None


def test_the_environment_names_what_the_aws_cli_reads() -> None:
    environment = Endpoint("u", "a", "s", "r", 1).environment()
    assert environment == {
        "AWS_ENDPOINT_URL": "u",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "r",
        "AWS_DEFAULT_REGION": "r",
    }


def test_each_recorded_type_has_its_reason() -> None:
    types = tap.local.record_only_types()
    assert "AWS::ApplicationAutoScaling::ScalableTarget" in types
    for name, reason in types.items():
        assert name.startswith("AWS::")
        assert "emulator" in reason
