"""The two streams: results on standard output, everything else on standard error."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

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
