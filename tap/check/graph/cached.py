"""A function of a world that is worked out once for each: the answer goes when the world goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from tap.check.model import World

Answer = TypeVar("Answer")


def cached(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """``function(world, *others)`` with its answers kept. The others are hashable: resources, text, numbers."""
    kept: WeakKeyDictionary[World, dict[Any, Answer]] = WeakKeyDictionary()

    @wraps(function)
    def answer(world: World, *others: Any) -> Answer:
        mine = kept.setdefault(world, {})
        if others not in mine:
            mine[others] = function(world, *others)
        return mine[others]

    return answer
