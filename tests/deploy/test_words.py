from __future__ import annotations

from tap.deploy.words import duration


def test_durations_are_in_words() -> None:
    assert [duration(one) for one in (0.4, 59, 61, 3600, 4000)] == [
        "0 s",
        "59 s",
        "1 min 1 s",
        "1 h 0 min",
        "1 h 6 min",
    ]
