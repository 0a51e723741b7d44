from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from tap.markdown import bullets, code, collapsed, table, text


def shown(markdown: str) -> list[tuple[str, str]]:
    """What a reader of rendered Markdown sees, piece by piece: its kind, and its text."""
    inline = [token for token in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown) if token.type == "inline"]
    return [(child.type, child.content) for token in inline for child in token.children or () if child.content]


@pytest.mark.parametrize(
    "plain",
    [
        "/api/* goes on, and /* too",
        "a_b is a name, _this_ is none, __nor__ that",
        "<b>bold</b> & [link](x) ![image](y)",
        "backslash \\ and pipe | and ~~struck~~ and # and `",
        "*.cloudfront.net, *.example.com",
    ],
)
def test_text_is_shown_as_it_is(plain: str) -> None:
    assert "".join(piece for _, piece in shown(text(plain))) == plain
    in_table = shown("\n".join(table(["h"], [[text(plain)]])))
    assert "".join(piece for _, piece in in_table) == f"h{plain}"


def test_code_in_a_text_stays_code() -> None:
    assert shown(text("`Kind_` is `prod`")) == [("code_inline", "Kind_"), ("text", " is "), ("code_inline", "prod")]


@pytest.mark.parametrize("plain", ["a|b || c", "with ` one", "${A}-x*", "`", "a``b"])
def test_code_is_shown_as_it_is_in_a_table_too(plain: str) -> None:
    assert shown(code(plain)) == [("code_inline", plain)]
    assert shown("\n".join(table(["h"], [[code(plain)]]))) == [("text", "h"), ("code_inline", plain)]


def test_nothing_has_no_code_span() -> None:
    assert code("") == ""


def test_a_table_without_rows_is_none() -> None:
    assert table(["a", "b"], []) == []
    assert table(["a", "b"], [["1", "2"]]) == ["| a | b |", "|---|---|", "| 1 | 2 |"]


def test_lists_and_folds() -> None:
    assert bullets(["a", "b"]) == ["- a", "- b"]
    assert collapsed("A < B & C", ["x"]) == [
        "<details><summary>A &lt; B &amp; C</summary>",
        "",
        "x",
        "",
        "</details>",
    ]
