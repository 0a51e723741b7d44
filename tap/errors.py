"""What tap says when it cannot go on."""

from __future__ import annotations


class TapError(Exception):
    """A failure that a person can act on: its message says what is wrong, where, what is allowed and what to do.

    ``tap.cli.main`` prints the message without a traceback and exits with ``exit_code``.
    """

    exit_code: int = 1
