"""``timeline``: who took how long in the last operation of a system's stacks, and who waited for whom."""

from __future__ import annotations

import json
from typing import Any

import click

from tap import console
from tap.commands import _target
from tap.commands._past import operations
from tap.deploy import timeline as lines
from tap.deploy import timeline_text
from tap.deploy.aws_errors import translated
from tap.exit_codes import DONE, ERROR, INTERRUPTED, PENDING, section


@click.command(epilog=section(DONE, ERROR, PENDING, INTERRUPTED))
@_target.system_options
@click.option("--all", "everything", is_flag=True, help="Every resource, not only the longest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document (docs/watching.md).")
@_target.target_options
def timeline(everything: bool, as_json: bool, **options: Any) -> None:
    """Show who took how long in the last operation of each stack, and who waited for whom.

    Reads the stack's own events, so it tells of operations that anybody began, by whatever means. The critical path is
    what a faster deployment would have to make faster.

    \b
    Examples:
      python generate.py timeline customer-portal --env dev --local
      python generate.py timeline payments --env prod --layout tiers --json
    """
    with translated():
        found = [lines.timeline(one.events, one.subject) for one in operations(_target.order(**options))]
    there = [one for one in found if one]
    if as_json:
        console.out().print(json.dumps({"version": 1, "stacks": [lines.as_json(one) for one in there]}), markup=False)
        return
    for one in there:
        for line in timeline_text.text(one, console.out().width, None if everything else timeline_text.MOST):
            console.out().print(line, markup=False)
