"""What a comparison finds, as frozen data. The renderers and the deploying verbs read this; nobody writes into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeVar, cast

KNOWN_LATER = "(known after apply)"
"""Stands for a value that CloudFormation knows only when it has made the change."""


class Action(Enum):
    """What happens to a resource. ``MAY_…``: it depends on what only CloudFormation can know.

    The last four come from change sets only. ``SYNC``: the template has come to say what is there, so that the drift
    ends without a change; ``DYNAMIC``: CloudFormation itself does not know yet; ``OTHER``: a word that tap has never
    seen (CloudFormation API reference, ``ResourceChange`` ``Action``).
    """

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    MAY_REPLACE = "may replace"
    DELETE = "delete"
    MAY_CREATE = "may create"
    MAY_DELETE = "may delete"
    MAY_CHANGE = "may change"
    IMPORT = "import"
    SYNC = "sync with drift"
    DYNAMIC = "dynamic"
    OTHER = "unknown"


REPLACING = frozenset({Action.REPLACE, Action.MAY_REPLACE})
DELETING = frozenset({Action.DELETE, Action.MAY_DELETE})
UNSURE = frozenset({Action.MAY_REPLACE, Action.MAY_CREATE, Action.MAY_DELETE, Action.MAY_CHANGE})
UNKNOWN = frozenset({Action.DYNAMIC, Action.OTHER})
"""What may turn out to be anything, a replacement too."""


class Level(IntEnum):
    """How bad a risk is; comparable."""

    NONE = 0
    NOTE = 1
    POSSIBLE = 2
    LOSS = 3

    @property
    def word(self) -> str:
        """As it is shown and written to JSON."""
        return ("none", "note", "data-loss-possible", "data-loss")[self]


class Kind(Enum):
    """What of a resource an edit is about."""

    PROPERTY = "property"
    TAG = "tag"
    METADATA = "metadata"
    ATTRIBUTE = "attribute"


ONLY = {Kind.METADATA: "metadata", Kind.TAG: "tags", Kind.ATTRIBUTE: "attributes"}
"""What is said of a change in which all edits are of one kind."""


@dataclass(frozen=True)
class Detail:
    """One path: ``before`` and ``after`` in a line each, None for nothing.

    ``recreation``: whether this change makes CloudFormation replace the resource: ``""``, ``"may"`` or
    ``"always"``. ``cause``: a parameter, another resource or a drift that brings this one about; empty for the
    template itself.
    """

    path: str
    before: str | None = None
    after: str | None = None
    recreation: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Edit(Detail):
    """One changed path of a resource.

    ``hidden``: the change set does not mention it, only the comparison of the templates does. ``known``: whether the
    values are; a change set does not always tell them. ``deployed`` is what the last deployment made of it, where
    ``before`` was made outside CloudFormation.
    """

    kind: Kind = Kind.PROPERTY
    hidden: bool = False
    known: bool = True
    deployed: str | None = None


@dataclass(frozen=True)
class Risk:
    """What may be lost, in a sentence."""

    level: Level
    sentence: str


@dataclass(frozen=True)
class Widening:
    """Somebody gains something, in a sentence: ``who`` gains it, on or through the resource ``logical_id``.

    ``certain`` is False where the template leaves open whether it is so. ``fresh``: who gains it is itself new.
    """

    kind: str
    logical_id: str
    who: str
    sentence: str
    certain: bool = True
    fresh: bool = False


@dataclass(frozen=True)
class ResourceChange:
    """One resource.

    ``policy`` is what CloudFormation does with the present one when it is replaced or deleted: ``Delete``, ``Retain``,
    ``RetainExceptOnCreate`` or ``Snapshot``; empty otherwise. ``reasons`` say why the action is what it is, ``notes``
    what else to know (that CloudFormation will refuse it, say). ``only`` is ``"metadata"``, ``"tags"`` or
    ``"attributes"`` (policies, ``DependsOn``: the resource itself is not touched) for a change of nothing else.
    ``holds`` is what a stateful resource keeps, empty for others. ``children`` are the changes inside a nested stack
    whose templates were at hand.
    """

    action: Action
    logical_id: str
    type: str
    says: str = ""
    tier: str = ""
    edits: tuple[Edit, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    policy: str = ""
    risks: tuple[Risk, ...] = ()
    only: str = ""
    holds: str = ""
    renamed_from: str = ""
    children: tuple[ResourceChange, ...] = ()

    @property
    def word(self) -> str:
        """The action as it is shown."""
        return f"{self.action.value}{f' ({self.only} only)' if self.only else ''}"

    @property
    def mark(self) -> str:
        """What else stands at its head."""
        return ""

    @property
    def level(self) -> Level:
        """The worst of its risks."""
        return max((risk.level for risk in self.risks), default=Level.NONE)

    @property
    def dangerous(self) -> bool:
        """Whether data may be lost, or something that holds data is replaced (even if the old one is kept)."""
        return self.level >= Level.POSSIBLE or (bool(self.holds) and self.action in REPLACING)


AnyChange = TypeVar("AnyChange", bound=ResourceChange)


@dataclass(frozen=True)
class SectionEdit(Detail):
    """A change outside the resources: ``section`` is the template's, ``note`` what follows from it."""

    section: str = ""
    note: str = ""


@dataclass(frozen=True)
class Diff:
    """All that differs between two templates with their parameters.

    ``old`` and ``new`` say where they come from. ``region`` is the one that both were read for, empty for none.
    """

    old: str
    new: str
    region: str = ""
    widenings: tuple[Widening, ...] = ()
    changes: tuple[ResourceChange, ...] = ()
    sections: tuple[SectionEdit, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is no difference."""
        return not (self.changes or self.sections)

    @property
    def level(self) -> Level:
        """The worst risk of all."""
        return max((change.level for change in flat(self.changes)), default=Level.NONE)

    @property
    def dangerous(self) -> bool:
        """Whether any change is (:attr:`ResourceChange.dangerous`)."""
        return any(change.dangerous for change in flat(self.changes))

    @property
    def replaces(self) -> bool:
        """Whether any resource is or may be replaced or deleted."""
        return any(change.action in REPLACING | DELETING for change in flat(self.changes))

    @property
    def counts(self) -> Mapping[Action, int]:
        """How many resources have each action, those of nested stacks too, in the order of :class:`Action`."""
        found = Counter(change.action for change in flat(self.changes))
        return {action: found[action] for action in Action if found[action]}


def flat(changes: Iterable[AnyChange]) -> Iterator[AnyChange]:
    """The changes and, after each, those of the nested stack that it is; all of the same class."""
    for change in changes:
        yield change
        yield from flat(cast("tuple[AnyChange, ...]", change.children))
