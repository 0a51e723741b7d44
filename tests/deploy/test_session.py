from __future__ import annotations

from itertools import islice

import pytest

from tap import local
from tap.deploy.aws_errors import AwsError
from tap.deploy.session import Pace, Target, open_session
from tap.errors import TapError

ENDPOINT = local.Endpoint("http://127.0.0.1:9", "000000000000", "local", "us-east-1", 1)


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "TAP_LOCAL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(local, "ensure_running", lambda: ENDPOINT)


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@pytest.mark.usefixtures("signed_in")
def test_the_region_is_the_option_s_then_the_environment_s_then_the_template_s(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    assert open_session(Target(), "eu-west-2", notes.append).region == "eu-west-2"
    assert notes == ["No region is configured: using eu-west-2, the template's own. --region names another."]
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert open_session(Target(), "eu-west-2", pytest.fail).region == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert open_session(Target(), "eu-west-2", pytest.fail).region == "eu-north-1"
    assert open_session(Target(region="eu-west-3"), "eu-west-2", pytest.fail).region == "eu-west-3"


@pytest.mark.usefixtures("signed_in")
def test_no_region_anywhere_is_an_error() -> None:
    with pytest.raises(AwsError, match="no region is known"):
        open_session(Target(), "", print)


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("region", ["mars", "eu west 1"])
@pytest.mark.parametrize("local", [True, False])
def test_a_region_that_cannot_be_is_an_error(region: str, local: bool) -> None:
    with pytest.raises(AwsError, match=f"^there is no region '{region}'. A region reads like eu-west-1.$"):
        open_session(Target(region=region, local=local), "", print)


def test_no_credentials_are_an_error() -> None:
    with pytest.raises(AwsError, match="no AWS credentials were found"):
        open_session(Target(region="eu-west-1"), "", print)


def test_with_tap_local_auto_no_credentials_mean_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_LOCAL", "auto")
    notes: list[str] = []
    session = open_session(Target(), "eu-west-2", notes.append)
    assert (session.local, session.endpoint_url, session.region) == (True, ENDPOINT.url, "eu-west-2")
    assert notes == ["No AWS credentials: using the emulator on this machine (as with --local)."]


@pytest.mark.usefixtures("signed_in")
def test_with_tap_local_auto_credentials_mean_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_LOCAL", "auto")
    assert not open_session(Target(region="eu-west-1"), "", pytest.fail).local


def test_a_named_endpoint_is_never_swapped_for_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_LOCAL", "auto")
    with pytest.raises(AwsError, match="no AWS credentials"):
        open_session(Target(endpoint_url="http://127.0.0.1:1", region="eu-west-1"), "", print)


def test_the_emulator_takes_no_notice_of_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    session = open_session(Target(local=True), "eu-west-2", pytest.fail)
    credentials = session.boto.get_credentials()
    assert credentials is not None
    assert (session.cloudformation.meta.endpoint_url, credentials.access_key) == (ENDPOINT.url, "000000000000")


def test_an_unknown_profile_is_an_error() -> None:
    with pytest.raises(AwsError, match="list-profiles"):
        open_session(Target(profile="not-there"), "", print)


@pytest.mark.parametrize("other", [{"profile": "p"}, {"endpoint_url": "http://x"}])
def test_two_places_at_once_are_an_error(other: dict[str, str]) -> None:
    with pytest.raises(TapError, match="Give one of them"):
        Target(local=True, **other)


def test_waits_grow_to_their_most() -> None:
    assert list(islice(Pace(1, 2, 5).waits(), 5)) == [1, 2, 4, 5, 5]
