"""``--json``: what a verb did as one JSON document on standard output, whatever comes of it.

The text that a verb would print there is left out then; what goes to standard error stays. ``docs/deploying.md``
describes the document; :data:`VERSION` rises when a reader would break.
"""

from __future__ import annotations

import json
from typing import Any

import click

from tap.errors import TapError
from tap.exit_codes import DONE, INTERRUPTED

VERSION = 1
_KEY = "tap.json"


class _Document:
    """The document of the verb that runs; None while none is asked for."""

    facts: dict[str, Any] | None = None


class Verb(click.Command):
    """A verb with ``--json``."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params.append(
            click.Option(
                ["--json"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_remember,
                help="One JSON document on standard output (docs/deploying.md).",
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it; with ``--json`` the document is printed at the end, also of a failure."""
        if not ctx.meta.get(_KEY):
            return super().invoke(ctx)
        facts = _Document.facts = {}
        code, error = DONE, ""
        try:
            return super().invoke(ctx)
        except TapError as raised:
            code, error = raised.exit_code, str(raised)
            raise
        except click.exceptions.Exit as stop:
            code = stop.exit_code
            raise
        except (KeyboardInterrupt, click.Abort):
            code, error = INTERRUPTED, "interrupted"
            raise
        except Exception as raised:
            code, error = 1, str(raised)
            raise
        finally:
            _Document.facts = None
            head = {"version": VERSION, "verb": ctx.info_name, "exit_code": code}
            click.echo(json.dumps(head | facts | ({"error": error} if error else {}), indent=2, default=str))


def _remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_KEY] = True


def say(line: str) -> None:
    """A line of the result, for people: not printed where a document is asked for."""
    if _Document.facts is None:
        click.echo(line)


def tell(**facts: Any) -> None:
    """Put facts into the document, if one is asked for."""
    if _Document.facts is not None:
        _Document.facts.update(facts)


def add(key: str, **fact: Any) -> None:
    """Add one to a list in the document, if one is asked for."""
    if _Document.facts is not None:
        _Document.facts.setdefault(key, []).append(fact)
