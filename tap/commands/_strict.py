"""For verbs in which exit code 2 says that there are changes."""

from __future__ import annotations

from typing import Any

import click

from tap.errors import TapError


class Strict(click.Command):
    """A wrong command line ends with 1."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As click makes it. Raises TapError for a wrong command line."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            raise TapError(f"{error.format_message()} See: python generate.py {info_name} --help") from None
