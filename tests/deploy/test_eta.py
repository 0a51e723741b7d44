from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tap.deploy.eta import left, usual
from tap.deploy.subject import Part, Subject
from tap.deploy.timeline import Span
from tests.deploy.test_events import START

PARTS = {
    "A": Part("T::Slow"),
    "B": Part("T::Quick", waits_for=frozenset({"A"})),
    "C": Part("T::Quick"),
    "D": Part("T::Other", waits_for=frozenset({"B", "C"})),
}


def span(logical_id: str, action: str, start: int, seconds: int | None, *, failed: bool = False) -> Span:
    begun = START + timedelta(seconds=start)
    ended = None if seconds is None else begun + timedelta(seconds=seconds)
    return Span("s", "s", logical_id, PARTS[logical_id].type, action, begun, ended, failed)


def test_the_last_time_of_the_same_counts_then_others_of_its_type() -> None:
    past = [
        span("A", "UPDATE", 0, 10),
        span("A", "UPDATE", 100, 30),
        span("A", "UPDATE", 200, 999, failed=True),
        span("B", "UPDATE", 0, 4),
        span("B", "CREATE", 0, 70),
        span("D", "UPDATE", 300, None),
    ]
    found = usual(past, Subject("s", PARTS, {"A": "UPDATE", "B": "CREATE", "C": "UPDATE", "D": "UPDATE"}))
    assert found == {"A": 30, "B": 70, "C": 4}


def test_what_is_left_is_the_longest_way_through() -> None:
    subject = Subject("s", PARTS, dict.fromkeys(PARTS, "UPDATE"), {"A": 30, "B": 10, "C": 25, "D": 5})
    assert left(subject, [], {}) == 45
    assert left(subject, [], {"A": 20, "C": 20}) == 25
    assert left(subject, ["A", "B"], {"C": 5}) == 25
    assert left(subject, list(PARTS), {}) is None


def test_it_says_nothing_where_it_does_not_know() -> None:
    known = {"A": 30.0}
    assert left(Subject("s", PARTS, dict.fromkeys(PARTS, "UPDATE"), known), [], {}) is None
    assert left(Subject("s", PARTS), [], {}) is None
    only = Subject("s", PARTS, {"A": "UPDATE"}, known)
    assert left(only, [], {"A": 29}) == 1
    # Far over its time: nobody knows.
    assert left(only, [], {"A": 200}) is None


@given(
    st.dictionaries(st.sampled_from("ABCD"), st.floats(0, 1e4), max_size=4),
    st.dictionaries(st.sampled_from("ABCD"), st.floats(0, 1e4), max_size=4),
    st.sets(st.sampled_from("ABCD")),
)
def test_it_is_never_less_than_nothing(known: dict[str, float], running: dict[str, float], done: set[str]) -> None:
    circular = {key: Part("T", waits_for=frozenset("ABCD")) for key in "ABCD"}
    for parts in (PARTS, circular):
        found = left(Subject("s", parts, dict.fromkeys("ABCD", "UPDATE"), known), done, running)
        assert found is None or found >= 0
