"""An explanation as text for a terminal, or as plain data. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from tap.report.section import Cell, Section, Table

VERSION = 1
"""Of the JSON form. It rises when a reader of the present form would go wrong."""

_NARROWEST = 8


def text(section: Section, width: int) -> Iterator[str]:
    """The section in lines of at most ``width`` characters; long cells are broken."""
    yield section.title
    yield from textwrap.wrap(section.says, width)
    for table in section.tables:
        yield ""
        yield table.title
        yield from textwrap.wrap(table.says, width)
        yield from _table(table, width)


def _table(table: Table, width: int) -> Iterator[str]:
    """A table. A last column whose cells have several lines stands below the rows, not beside: it needs the width."""
    rows = [table.head, *(tuple(map(plain, row)) for row in table.rows)]
    below = len(table.head) > 1 and any("\n" in row[-1] for row in rows)
    beside = [row[:-1] for row in rows] if below else rows
    widths = _fitted([max(map(len, column)) for column in zip(*beside, strict=True)], width)
    for number, (row, whole) in enumerate(zip(beside, rows, strict=True)):
        cells = [textwrap.wrap(cell, wide) or [""] for cell, wide in zip(row, widths, strict=True)]
        for line in range(max(map(len, cells))):
            parts = [cell[line] if line < len(cell) else "" for cell in cells]
            yield "  ".join(f"{part:<{wide}}" for part, wide in zip(parts, widths, strict=True)).rstrip()
        if below:
            yield from _below(whole[-1], width)
        if number == 0:
            yield "  ".join("-" * wide for wide in widths)
        elif below and number < len(rows) - 1:
            yield ""


def _below(cell: str, width: int) -> Iterator[str]:
    for line in cell.splitlines():
        yield from textwrap.wrap(line, width, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False)


def _fitted(wanted: Sequence[int], width: int) -> list[int]:
    """Widths of columns that fit: the widest gives way first."""
    found = list(wanted)
    while sum(found) + 2 * (len(found) - 1) > width and max(found) > _NARROWEST:
        found[found.index(max(found))] -= 1
    return found


def plain(cell: Cell) -> str:
    """A cell's text; the names of its resources where it has none."""
    return cell.text or ", ".join(cell.resources)


def data(sections: Sequence[tuple[str, Section]]) -> dict[str, Any]:
    """Explanations as what ``json.dumps`` takes: by file, each table with its head and rows."""
    return {
        "version": VERSION,
        "explanations": [
            {
                "file": file,
                "key": section.key,
                "title": section.title,
                "tables": [
                    {
                        "title": one.title,
                        "head": list(one.head),
                        "rows": [[plain(cell) for cell in row] for row in one.rows],
                    }
                    for one in section.tables
                ],
            }
            for file, section in sections
        ],
    }
