from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.deploy.resolve import Unresolved
from tap.diff.statements import Statement, covers, read, uncovered


def statement(
    actions: Any = "s3:*", resources: Any = "*", principal: Any = None, condition: Any = None, **more: Any
) -> Statement:
    body = {"Effect": "Allow", "Action": actions, "Resource": resources, **more}
    body |= {"Principal": principal} if principal else {}
    body |= {"Condition": condition} if condition else {}
    (found,) = read({"Statement": body}).statements
    return found


@pytest.mark.parametrize(
    ("wide", "narrow", "answer"),
    [
        (statement("s3:*"), statement("s3:GetObject"), True),
        (statement("s3:Get*"), statement("S3:getobject"), True),
        (statement("s3:GetObject"), statement("s3:Get*"), False),
        (statement("s3:Get?"), statement("s3:Get*"), False),
        (statement(["s3:Get*", "s3:Put*"]), statement(["s3:GetObject", "s3:PutObject"]), True),
        (statement(resources="arn:a/*"), statement(resources="arn:a/b"), True),
        (statement(resources="arn:a/b"), statement(resources="ARN:A/B"), False),
        (statement(principal="*"), statement(principal={"AWS": "arn:x"}), True),
        (statement(principal={"AWS": "arn:x"}), statement(principal={"AWS": "arn:y"}), False),
        (statement(), statement(condition={"Bool": {"a": "true"}}), True),
        (statement(condition={"Bool": {"a": "true"}}), statement(), False),
        (
            statement(condition={"StringEquals": {"a": ["1", "2"]}}),
            statement(condition={"StringEquals": {"a": "1", "b": "2"}}),
            True,
        ),
        (statement(condition={"StringEquals": {"a": "1"}}), statement(condition={"StringEquals": {"a": "2"}}), False),
        (
            statement(condition={"StringNotEquals": {"a": ["1", "2"]}}),
            statement(condition={"StringNotEquals": {"a": "1"}}),
            False,
        ),
        (statement(Effect="Deny"), statement(), False),
    ],
)
def test_whether_one_statement_allows_what_another_does(wide: Statement, narrow: Statement, answer: bool) -> None:
    assert covers(wide, narrow) is answer


def test_everything_but_less_is_more() -> None:
    but_iam, but_both = (
        read({"Statement": {"Effect": "Allow", "NotAction": actions, "Resource": "*"}}).statements[0]
        for actions in ("iam:*", ["iam:*", "sts:*"])
    )
    assert covers(but_iam, but_both)
    assert not covers(but_both, but_iam)


def test_only_what_is_not_covered_is_left_and_what_goes_together_stays_together() -> None:
    new = statement(["s3:GetObject", "s3:PutObject"], ["arn:a", "arn:b"])
    (left,) = uncovered(new, [statement("s3:GetObject", ["arn:a", "arn:b"])])
    assert (sorted(left.actions), sorted(left.resources)) == (["s3:PutObject"], ["arn:a", "arn:b"])
    assert list(uncovered(new, [statement("s3:Get*"), statement("s3:P*")])) == []


def test_references_read_the_same_however_they_are_written() -> None:
    one, other = (statement(resources=Unresolved(text)) for text in ("!GetAtt Bucket.Arn", "${Bucket.Arn}"))
    assert one == other


def test_json_text_is_a_document_and_what_cannot_be_read_is_kept_as_text() -> None:
    assert read('{"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]}').statements
    assert read(Unresolved("!If [X, a, b]")).opaque == {"!If [X, a, b]"}
    assert read({"Statement": [Unresolved("!If [X, a, b]")]}).opaque == {"!If [X, a, b]"}
    assert read(None) == read({})


_NAMES = st.lists(st.sampled_from(["s3:*", "s3:Get*", "s3:GetObject", "sqs:*", "*"]), min_size=1, max_size=3)


@given(_NAMES, _NAMES, _NAMES)
def test_covering_is_reflexive_and_transitive(first: list[str], second: list[str], third: list[str]) -> None:
    one, two, three = statement(first), statement(second), statement(third)
    assert covers(one, one)
    if covers(one, two) and covers(two, three):
        assert covers(one, three)
    assert all(covers(two, part) for part in uncovered(two, [one]))
