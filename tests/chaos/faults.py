"""Which call meets which fault. Pure: the same seed, action and count give the same answer."""

from __future__ import annotations

import random
from collections import Counter
from enum import Enum


class Fault(Enum):
    """What happens to one call."""

    THROTTLE = "throttled"
    SERVER = "answered with a server's error"
    UNAVAILABLE = "answered with 503"
    DROP = "lost on the way there"
    LOSE = "done, but the answer is lost"
    DELAY = "delayed"
    REPEAT = "delivered twice"
    KILL_BEFORE = "the process is killed before the call"
    KILL_AFTER = "the process is killed after the call, before the answer"
    INTERRUPT = "the process is interrupted during the call"
    DENY = "refused for want of permission"
    EXPIRED = "refused because the credentials have expired"
    UNKNOWN_KEY = "refused because the access key is unknown"
    SKEWED = "refused because the clock is wrong"


_WEIGHTS = {
    Fault.THROTTLE: 4,
    Fault.SERVER: 3,
    Fault.UNAVAILABLE: 2,
    Fault.DROP: 3,
    Fault.LOSE: 3,
    Fault.DELAY: 2,
    Fault.REPEAT: 3,
    Fault.KILL_BEFORE: 2,
    Fault.KILL_AFTER: 2,
    Fault.INTERRUPT: 2,
}
_TELLING = 2.5
"""So much likelier is a fault on a call that changes something: there it can do harm."""


class Only:
    """Always this fault, for these actions and no others; for all, where none is named."""

    def __init__(self, fault: Fault, *actions: str) -> None:
        self._fault, self._actions = fault, actions
        self.met: Counter[Fault] = Counter()

    def throw(self, action: str) -> Fault | None:
        """The fault that this call of ``action`` meets."""
        if self._actions and action not in self._actions:
            return None
        self.met[self._fault] += 1
        return self._fault


class Since(Only):
    """This fault for every call, once a call of ``action`` has been let through."""

    def __init__(self, fault: Fault, action: str) -> None:
        super().__init__(fault)
        self._action, self._begun = action, False

    def throw(self, action: str) -> Fault | None:
        """The fault that this call of ``action`` meets."""
        if self._begun:
            return super().throw(action)
        self._begun = action == self._action
        return None


class Dice:
    """Decides for each call in turn. ``rate`` is the share of calls that meet a fault, of those that only look."""

    def __init__(self, seed: str, rate: float) -> None:
        self._seed, self._rate = seed, rate
        self._seen: Counter[str] = Counter()
        self.met: Counter[Fault] = Counter()

    def throw(self, action: str) -> Fault | None:
        """The fault that this call of ``action`` meets."""
        self._seen[action] += 1
        own = random.Random(f"{self._seed}:{action}:{self._seen[action]}")
        looks = action.startswith(("Describe", "List", "Get", "Head"))
        if own.random() >= min(self._rate * (1 if looks else _TELLING), 0.9):
            return None
        fault = own.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]
        self.met[fault] += 1
        return fault
