"""A function of a world, or of a resource, that is worked out once for each: the answer goes when it goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from tap.check.model import Resource, World

Answer = TypeVar("Answer")


def cached(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """``function(world, *others)`` with its answers kept. The others are hashable: resources, text, numbers.

    The first may be a resource: what follows from it alone is then worked out once for all worlds that share it.
    """
    kept: WeakKeyDictionary[World | Resource, dict[Any, Answer]] = WeakKeyDictionary()

    @wraps(function)
    def answer(of: World | Resource, *others: Any) -> Answer:
        mine = kept.get(of)
        if mine is None:
            mine = kept[of] = {}
        if others not in mine:
            mine[others] = function(of, *others)
        return mine[others]

    return answer
