"""What a failure's words mean, and what to do: the form of an entry in the table of known messages. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Known:
    """A message that is known.

    ``pattern`` is looked for in CloudFormation's reason, whatever its case; ``type`` in the beginning of the resource's
    type, if given. ``means`` says what the likely reason is, ``do`` what helps; ``{name}`` in both is the pattern's
    group of that name. ``source`` is where message and help are known from: a document of AWS by title, or the public
    repository in whose reports the words were read.
    """

    id: str
    pattern: str
    means: str
    do: str
    source: str
    type: str = ""

    @cached_property
    def _searched(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE | re.DOTALL)

    def match(self, type_: str, reason: str) -> Advice | None:
        """The advice for a reason, if it is this message."""
        found = self._searched.search(reason) if type_.startswith(self.type) else None
        if found is None:
            return None
        groups = {key: value or "…" for key, value in found.groupdict().items()}
        return Advice(self.id, self.means.format(**groups), self.do.format(**groups), self.source)


@dataclass(frozen=True)
class Advice:
    """A message explained."""

    id: str
    means: str
    do: str
    source: str
