"""Which exit code a comparison, or a plan, ends with. Pure."""

from __future__ import annotations

from typing import Literal, get_args

from tap.diff.model import Diff

SAME, DIFFERENT, DANGEROUS = 0, 2, 3

FailOn = Literal["none", "change", "replace", "data-loss"]
FAIL_ON: tuple[FailOn, ...] = get_args(FailOn)


def exit_code(diff: Diff, fail_on: FailOn) -> int:
    """0, 2 or 3 for a comparison."""
    return decide(fail_on, different=not diff.empty, dangerous=diff.dangerous, replaces=diff.replaces)


def decide(fail_on: FailOn, *, different: bool, dangerous: bool, replaces: bool) -> int:
    """0, 2 or 3; below what ``fail_on`` asks for it is 0.

    ``replace`` minds what is, or may be, replaced or deleted, whatever it is; ``data-loss`` only what is dangerous.
    """
    if fail_on == "none" or not different:
        return SAME
    if dangerous:
        return DANGEROUS
    if fail_on == "data-loss" or (fail_on == "replace" and not replaces):
        return SAME
    return DIFFERENT
