from __future__ import annotations

from tap.diff import words
from tests.diff.building import diff, resource


def test_values_are_cut_to_what_is_around_their_difference() -> None:
    before, after = words.values("x" * 200 + "old", "x" * 200 + "new")
    assert before.endswith("old")
    assert after.endswith("new")
    assert max(len(before), len(after)) <= words.WIDEST + 2


def test_nothing_steers_the_terminal() -> None:
    assert words.values("a\x1b[31mb", None) == ("a\N{REPLACEMENT CHARACTER}[31mb", "none")
    assert words.values("", "\u202eabc") == ('""', "\N{REPLACEMENT CHARACTER}abc")


def test_the_summary_counts_and_explains_the_symbols() -> None:
    found = diff({"A": resource("SNS::Topic")}, {"B": resource("SQS::Queue")})
    assert words.summary(found) == "+ 1 to create, - 1 to delete"
    assert words.summary(diff({}, {})) == "no differences"


def test_where_there_was_nothing_everything_is_a_gain_and_is_only_counted() -> None:
    key = {"KeyPolicy": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}}}
    found = diff({}, {"K": resource("KMS::Key", key)})
    assert words.shown_widenings(found) == ((), 1)
