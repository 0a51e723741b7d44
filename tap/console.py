"""The two streams: results on standard output, everything else on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console


@cache
def out() -> Console:
    """The console for results. Plain text when standard output is not a terminal."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, soft_wrap=True)


@cache
def err() -> Console:
    """The console for progress, notes and questions. Plain text when standard error is not a terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


class Picture(Protocol):
    """What moves on the terminal, and must hold still while somebody types."""

    def pause(self) -> None:
        """Take it off the terminal."""

    def resume(self) -> None:
        """Show it again."""


_shown: list[Picture] = []


@contextmanager
def showing(picture: Picture) -> Iterator[None]:
    """Within this block the picture is on the terminal, but for questions (:func:`quiet`)."""
    _shown.append(picture)
    picture.resume()
    try:
        yield
    finally:
        picture.pause()
        _shown.remove(picture)


@contextmanager
def quiet() -> Iterator[None]:
    """Within this block nothing moves on the terminal: for questions."""
    for one in _shown:
        one.pause()
    try:
        yield
    finally:
        for one in _shown:
            one.resume()
