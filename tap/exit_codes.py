"""How a command ends: each exit code has one meaning, whatever the verb."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

DONE, ERROR, PENDING, BLOCKED, ROLLED_BACK, LEFT_FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

MEANINGS: Mapping[int, str] = {
    DONE: "done, or nothing to do",
    ERROR: "an error, or a no at the prompt",
    PENDING: "the command line is wrong",
    BLOCKED: "blocked by the gate: nobody could be asked, something must be named, or it may not be done here",
    ROLLED_BACK: "it failed and was rolled back: all is as it was before",
    LEFT_FAILED: "it failed, and a stack is left in a failed state",
    INTERRUPTED: "interrupted; what CloudFormation has begun goes on",
}
"""What ``--help`` says. 2 is click's own code for a wrong command line; verbs that tell of differences (``plan``,
``diff``, ``drift``) say with it that there are some, and end with 1 for a wrong command line."""


def section(*codes: int, **words: str) -> str:
    """The part of a verb's help on its exit codes, as click keeps it, within 80 columns.

    ``words`` (``_2="drifted"``) are said instead.
    """
    said = {**MEANINGS, **{int(key[1:]): value for key, value in words.items()}}
    lines = [textwrap.fill(said[code], 78, initial_indent=f"  {code:<4} ", subsequent_indent=" " * 7) for code in codes]
    return "\n".join(("\b", "Exit codes:", *lines))
