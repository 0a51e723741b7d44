"""Lines of styled parts: joined to plain text, or coloured for a terminal, where they wrap under their beginning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from tap.diff.model import Action

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

STYLES = {
    "": "",
    "strong": "bold",
    "faint": "dim",
    "warn": "yellow",
    "bad": "bold red",
    "old": "red",
    "new": "green",
    Action.CREATE.value: "green",
    Action.UPDATE.value: "cyan",
    Action.REPLACE.value: "bold red",
    Action.MAY_REPLACE.value: "bold yellow",
    Action.DELETE.value: "red",
    Action.MAY_CREATE.value: "yellow",
    Action.MAY_DELETE.value: "bold yellow",
    Action.MAY_CHANGE.value: "yellow",
    Action.IMPORT.value: "blue",
    Action.SYNC.value: "magenta",
    Action.DYNAMIC.value: "bold yellow",
    Action.OTHER.value: "bold yellow",
}
_HANG = 2
"""How much further what is left of a line is indented than its beginning."""
_NARROWEST = 20


class Part(NamedTuple):
    """A piece of a line; ``style`` is a key of :data:`STYLES`."""

    text: str
    style: str = ""


Line = tuple[Part, ...]


def plain(lines: Iterable[Line]) -> str:
    """The lines as text."""
    return "\n".join("".join(part.text for part in line).rstrip() for line in lines).rstrip()


class Coloured:
    """The same lines in colours: something that a rich console prints."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = tuple(lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Each line, wrapped at words where the console is too narrow for it."""
        from rich.text import Text

        for line in self._lines:
            text = Text()
            for part in line:
                text.append(part.text, STYLES[part.style])
            text.rstrip()
            indent = len(text.plain) - len(text.plain.lstrip())
            room = max(options.max_width - indent, _NARROWEST)
            if len(text) <= indent + room:
                yield text
                continue
            first, *rest = text[indent:].wrap(console, room - _HANG)
            yield Text(" " * indent) + first
            for one in rest:
                yield Text(" " * (indent + _HANG)) + one
