from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap.check.explain import render
from tap.report.section import Cell, Section, Table, about

SECTION = Section(
    "k", "A title", "A sentence.", (Table("A table", ("name", "what"), ((about("A", "B"), Cell("x" * 30 + " y")),)),)
)


def test_text_is_a_table_that_fits() -> None:
    assert list(render.text(SECTION, 40)) == [
        "A title",
        "A sentence.",
        "",
        "A table",
        "name  what",
        "----  --------------------------------",
        f"A, B  {'x' * 30} y",
    ]


def test_a_last_column_of_several_lines_stands_below_its_row() -> None:
    rows = ((Cell("A"), Cell("one two"), Cell("first\nsecond one")), (Cell("B"), Cell("x"), Cell("third")))
    assert list(render.text(Section("k", "T", "", (Table("t", ("id", "says", "shown"), rows),)), 13))[3:] == [
        "id  says",
        "    shown",
        "--  -------",
        "A   one two",
        "    first",
        "    second",
        "      one",
        "",
        "B   x",
        "    third",
    ]


@given(
    st.integers(20, 160),
    st.lists(
        st.text(st.characters(codec="ascii", categories=["L", "N", "Zs"], include_characters="\n"), max_size=90),
        min_size=1,
        max_size=4,
    ),
)
def test_no_line_is_wider_than_it_may(width: int, cells: list[str]) -> None:
    row = tuple(map(Cell, cells))
    table = Table("t", tuple("h" for _ in cells), (row,))
    least = 8 * len(cells) + 2 * len(cells)
    assert all(len(line) <= max(width, least) for line in render.text(Section("k", "t", "", (table,)), width))


def test_data_has_the_same_words() -> None:
    (one,) = render.data([("f.yaml", SECTION)])["explanations"]
    assert one["file"] == "f.yaml"
    assert one["tables"] == [{"title": "A table", "head": ["name", "what"], "rows": [["A, B", "x" * 30 + " y"]]}]
