"""Lines in colours: the same words, wrapped under their own beginning."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tap.styled import Coloured, Line, Part, plain

LINES: tuple[Line, ...] = (
    (Part("a head", "strong"),),
    (),
    (Part("  -/+ replace ", "replace"), Part("Table", "strong"), Part("  the present one is deleted", "warn")),
)


def printed(width: int) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=False).print(Coloured(LINES), soft_wrap=False)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_where_there_is_room_the_coloured_text_is_the_plain_one() -> None:
    assert printed(200) == plain(LINES).splitlines()


@pytest.mark.parametrize("width", [30, 40])
def test_where_there_is_none_it_goes_on_deeper_than_it_began(width: int) -> None:
    head, empty, first, *rest = printed(width)
    assert (head, empty) == ("a head", "")
    assert all(len(line) <= width for line in (first, *rest))
    assert all(line.startswith("    ") and line[4] != " " for line in rest)
    assert " ".join(" ".join((first, *rest)).split()) == " ".join(plain(LINES).splitlines()[2].split())


def test_colours_are_there_on_a_terminal_only() -> None:
    stream = io.StringIO()
    Console(file=stream, width=80, force_terminal=True, color_system="truecolor").print(Coloured(LINES))
    assert "\x1b[1;31m  -/+ replace" in stream.getvalue()
    assert "\x1b" not in "".join(printed(80))
