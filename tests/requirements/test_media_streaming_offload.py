"""CloudFront takes over half of the load off: a stated mix of traffic, and the template's own cache behaviours.

The model and its assumptions are in ``offload.py``.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.requirements.media import distribution, media
from tests.requirements.offload import Behaviour, Kind, origin_share, read

requirement = pytest.mark.requirement

RATE = 100
"""Requests a second in all: a quiet hour. The more there are, the larger the share that caches answer."""
MIX = (
    Kind("/api/titles", 0.25, objects=10_000, queries=10),
    Kind("/api/progress", 0.05, objects=1, method="POST"),
    Kind("/watch/42", 0.10, objects=2_000, queries=2),
    Kind("/static/poster-42.webp", 0.60, objects=5_000),
)
"""What reaches CloudFront, by assumption: of ten requests three are the API's, one a page (the front end's one document
under two thousand addresses, each with and without a query string), six are files (scripts, styles, fonts, and the
posters of some thousand titles). The origin says nothing about keeping."""


def served() -> tuple[Behaviour, ...]:
    of = media()
    return read(of, distribution(of))


def without(*patterns: str) -> tuple[Behaviour, ...]:
    return tuple(behaviour for behaviour in served() if behaviour.pattern not in patterns)


@requirement("MS-PRF-1")
def test_ms_prf_1_over_half_is_taken_off() -> None:
    share = origin_share(served(), MIX, RATE)
    assert share == pytest.approx(0.3885, abs=0.001)
    assert 1 - share > 0.5


@requirement("MS-PRF-1")
def test_ms_prf_1_the_api_itself_is_never_answered_from_a_cache() -> None:
    """All that is saved is pages and files: the API's own share reaches the origin whole."""
    assert origin_share(served(), (replace(MIX[0], share=1),), RATE) == 1
    assert origin_share(served(), (replace(MIX[1], share=1),), RATE) == 1


@requirement("MS-PRF-1")
@pytest.mark.parametrize("rate", [50, 200, 1_000, 10_000])
def test_ms_prf_1_more_requests_are_served_better(rate: int) -> None:
    assert 1 - origin_share(served(), MIX, rate) > 0.5
    assert origin_share(served(), MIX, 2 * rate) < origin_share(served(), MIX, rate)


@requirement("MS-PRF-1")
@pytest.mark.parametrize(
    "left",
    [
        pytest.param(without("/static/*"), id="no behaviour for files"),
        pytest.param(tuple(replace(b, policy=replace(b.policy, default=0)) for b in served()), id="nothing kept"),
        pytest.param(tuple(replace(b, cached=frozenset()) for b in served()), id="no method cached"),
        pytest.param(tuple(replace(b, pattern="*") for b in served()), id="API's behaviour takes all"),
    ],
)
def test_ms_prf_1_it_is_the_behaviours_that_do_it(left: tuple[Behaviour, ...]) -> None:
    assert 1 - origin_share(left, MIX, RATE) < 0.5


@requirement("MS-PRF-1")
def test_ms_prf_1_the_shield_helps() -> None:
    bare = tuple(replace(behaviour, shielded=False) for behaviour in served())
    assert origin_share(bare, MIX, RATE) > origin_share(served(), MIX, RATE)


@requirement("MS-PRF-1")
def test_ms_prf_1_where_the_assumptions_end() -> None:
    """An application that forbids keeping its files, or one that is mostly API, is not helped by any cache."""
    assert 1 - origin_share(served(), [replace(kind, max_age=0) for kind in MIX], RATE) < 0.5
    api_heavy = (replace(MIX[0], share=0.55), replace(MIX[2], share=0.05), replace(MIX[3], share=0.40))
    assert 1 - origin_share(served(), api_heavy, RATE) < 0.5
    # The policy's minimum and maximum bound what the application says.
    (files,) = (behaviour.policy for behaviour in served() if behaviour.pattern == "/static/*")
    assert [files.seconds(age) for age in (None, 0, 600, 10**9)] == [604_800, 0, 600, 31_536_000]


@requirement("MS-PRF-1")
def test_ms_prf_1_a_mix_is_whole() -> None:
    with pytest.raises(ValueError, match="1 in sum"):
        origin_share(served(), MIX[:2], RATE)
