"""The live picture of an operation, in rows that fit the terminal."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from tap.deploy.board import Board, Running
from tap.deploy.words import duration

NAME = 28
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def picture(board: Board, rows: int) -> list[RenderableType]:
    """What is under way in a stack, in at most ``rows`` rows: how far it is, what is in progress, what is to come."""
    running = board.running
    lines: list[Text] = []
    by_tier: dict[str, list[Running]] = {}
    for one in running:
        by_tier.setdefault(one.tier, []).append(one)
    tiers = board.tiers
    for tier in tiers:
        if tier.name in by_tier:
            lines.append(_row(f"  {tier.name} ", (f"{tier.done} of {tier.total}", "dim")))
            lines += _resources(board, by_tier.pop(tier.name))
    lines += _resources(board, [one for rest in by_tier.values() for one in rest])
    active = {one.tier for one in running}
    finished = [f"{tier.name} {tier.total}" for tier in tiers if tier.done == tier.total and tier.name not in active]
    to_come = [f"{tier.name} {tier.total}" for tier in tiers if tier.done < tier.total and tier.name not in active]
    tail = [_row(("  ✓ ", "green"), (", ".join(finished), "dim"))] if finished else []
    tail += [_row("  · ", (f"to come: {', '.join(to_come)}", "dim"))] if to_come else []
    room = max(0, rows - 1 - len(tail))
    if len(lines) > room:
        hidden = len(lines) - room + 1
        lines = [*lines[: max(0, room - 1)], _row((f"    and {hidden} more rows", "dim"))]
    frame = _FRAMES[int(time.monotonic() * 8) % len(_FRAMES)]
    return [_row((frame, "green"), f" {_head(board)}"), *lines, *tail]


def waits(waiting: Mapping[str, Collection[str]]) -> list[RenderableType]:
    """A row for each stack that has not begun, and what it waits for."""
    return [
        _row("  ", (f"{name} waits" + (f" for {', '.join(wanted)}" if wanted else " its turn"), "dim"))
        for name, wanted in waiting.items()
    ]


def _head(board: Board) -> str:
    done = (
        f"{board.done} of {board.total} done" if board.total >= board.done > 0 or board.total else f"{board.done} done"
    )
    parts = [done, f"{len(board.running)} in progress"]
    parts += [f"{board.failed} failed"] if board.failed else []
    parts.append(duration(board.seconds))
    left = board.left
    if left is not None:
        parts.append(f"about {duration(left)} left")
    elif board.total and not board.subject.usual:
        parts.append("no estimate")
    return f"{board.subject.stack_name}  {', '.join(parts)}"


def _resources(board: Board, running: Sequence[Running]) -> list[Text]:
    rows = []
    for one in running:
        usual = f" of ~{duration(one.usual)}" if one.usual else ""
        time = f"{duration(one.seconds)}{usual}"
        rows.append(_row(f"    {one.logical_id:<{NAME}.{NAME}} {time:>12}  ", (one.sentence, "dim")))
        if one.logical_id in board.rollouts:
            rows.append(_row(f"      {board.rollouts[one.logical_id].words}"))
    return rows


def _row(*parts: str | tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")
