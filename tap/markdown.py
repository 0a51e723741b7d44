"""Markdown from plain text: escaped, so that what a template says can never be markup, and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"[\\`*<>\[\]|~$#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""What could begin markup anywhere in a line. An underscore within a word is a letter (GitHub Flavored Markdown,
"Emphasis"); two dollars would be a formula on GitHub."""


def text(plain: str) -> str:
    """Plain text on one line; code spans that it holds already (between backticks) stay code."""
    pieces = " ".join(plain.split()).split("`")
    if len(pieces) % 2 == 0:  # an odd backtick is a letter
        return _MARKUP.sub(r"\\\g<0>", "`".join(pieces))
    return "".join(code(piece) if place % 2 else _MARKUP.sub(r"\\\g<0>", piece) for place, piece in enumerate(pieces))


def code(plain: str) -> str:
    """A code span, with a fence longer than any run of backticks in it; the empty text has none."""
    if not plain:
        return ""
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{plain}{space}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table with cells in Markdown; no lines where there are no rows."""
    body = [_row(row) for row in rows]
    return [_row(head), "|" + "---|" * len(head), *body] if body else []


def _row(cells: Sequence[str]) -> str:
    # A pipe ends a cell even within code, unless escaped (GitHub Flavored Markdown, "Tables").
    escaped = (re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in cells)
    return "| " + " | ".join(escaped) + " |"


def bullets(items: Iterable[str]) -> list[str]:
    """The lines of a list of items in Markdown."""
    return [f"- {item}" for item in items]


def collapsed(summary: str, lines: Iterable[str]) -> list[str]:
    """Lines that are folded away under a summary of plain text (HTML that GitHub and most viewers show)."""
    plain = summary.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return [f"<details><summary>{plain}</summary>", "", *lines, "", "</details>"]
