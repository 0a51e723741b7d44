from __future__ import annotations

from typing import Any

from hypothesis import given as for_all
from hypothesis import strategies as st

from tap.deploy.difference import Leaf, leaves

VALUES = st.recursive(
    st.text(max_size=4) | st.integers(0, 9) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def test_the_smallest_parts_that_differ_are_named() -> None:
    before = {"A": {"B": 1, "C": [1, 2]}, "Gone": "x"}
    after = {"A": {"B": 2, "C": [1, 3]}, "New": "y"}
    assert list(leaves(before, after)) == [
        Leaf("A.B", 1, 2),
        Leaf("A.C[1]", 2, 3),
        Leaf("Gone", "x", None),
        Leaf("New", None, "y"),
    ]


def test_named_items_are_compared_by_name_wherever_they_stand() -> None:
    before = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    after = [{"Key": "new", "Value": "0"}, {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}]
    assert list(leaves(before, after, "Tags")) == [
        Leaf("Tags[b].Value", "2", "3"),
        Leaf("Tags[new]", None, {"Key": "new", "Value": "0"}),
    ]


def test_named_items_in_another_order_are_a_difference() -> None:
    before = [{"Name": "a"}, {"Name": "b"}]
    assert list(leaves(before, before[::-1], "L")) == [Leaf("L", before, before[::-1])]


def test_lists_of_unequal_length_differ_as_a_whole() -> None:
    assert list(leaves([1], [1, 2], "L")) == [Leaf("L", [1], [1, 2])]


def test_scalars_are_the_same_when_their_text_is() -> None:
    assert list(leaves({"A": 80, "B": "true"}, {"A": "80", "B": True})) == []


@for_all(VALUES)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert list(leaves(value, value)) == []


@for_all(st.dictionaries(st.sampled_from("abc"), st.integers()), st.dictionaries(st.sampled_from("abc"), st.integers()))
def test_of_flat_maps_exactly_the_unequal_keys_are_named(before: dict[str, int], after: dict[str, int]) -> None:
    unequal = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {leaf.path for leaf in leaves(before, after)} == unequal
