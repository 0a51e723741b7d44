"""What a page is made of, as plain frozen data: sections with tables, whose cells may lead to a resource."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A cell: text (code spans between backticks), and the resources that it is about, each a link."""

    text: str = ""
    resources: tuple[str, ...] = ()
    tone: str = ""
    """``good``, ``bad`` or nothing: said by the text too, never by the colour alone."""

    @property
    def says_nothing(self) -> bool:
        """Whether it is there for the table's sake alone, and left out where a row is read as a list."""
        return not self.resources and self.text in ("", "–", "·")


@dataclass(frozen=True)
class Table:
    """A table: a caption, a sentence before it, the heads of its columns, and its rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    says: str = ""


@dataclass(frozen=True)
class Section:
    """A section of a page: its anchor, its heading, what it says, and its tables."""

    key: str
    title: str
    says: str = ""
    tables: tuple[Table, ...] = ()


def rows(cells: Iterable[Iterable[str | Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Rows of cells from text or cells."""
    return tuple(tuple(each if isinstance(each, Cell) else Cell(each) for each in row) for row in cells)


def about(*resources: str) -> Cell:
    """A cell that names resources and leads to them."""
    return Cell("", resources)
