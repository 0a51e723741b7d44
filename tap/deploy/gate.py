"""Who must say what before a plan is executed. Pure: the harmful changes and the command line in, a verdict out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from tap.diff.model import Level
from tap.errors import TapError


class BlockedError(TapError):
    """The gate does not let this through."""

    exit_code = 3


class Does(Enum):
    """What harm is done."""

    REPLACE = "replaced"
    DELETE = "deleted"
    WEAKEN = "less protected"


@dataclass(frozen=True)
class Harm:
    """A resource that is replaced or deleted, or whose data get less safe.

    ``logical_id`` has those of the nested stacks that it is in before it (``Parent/Child``). ``certain`` is False where
    it only may happen. ``holds`` is what a stateful resource keeps, ``policy`` what becomes of the present one
    (``Delete``, ``Retain``, ``RetainExceptOnCreate``, ``Snapshot``). ``sentences`` say what may be lost, ``note`` where
    this is known from, if the change set says otherwise.
    """

    logical_id: str
    type: str
    does: Does
    level: Level = Level.NONE
    holds: str = ""
    policy: str = ""
    certain: bool = True
    sentences: tuple[str, ...] = ()
    note: str = ""

    @property
    def stateful(self) -> bool:
        """Whether it must be named: data may be lost, or what holds data is replaced (even if the old one is kept)."""
        return self.level >= Level.POSSIBLE or (bool(self.holds) and self.does is Does.REPLACE)

    @property
    def option(self) -> str:
        """The option that names it; weakened protection is about a later deletion."""
        return f"{'--allow-replace' if self.does is Does.REPLACE else '--allow-delete'} {self.logical_id}"

    @property
    def sentence(self) -> str:
        """What happens, in a sentence."""
        happens = f"{'would' if self.certain else 'may'} be {self.does.value}"
        return f"{self.logical_id} ({self.type}) {'holds data and ' if self.holds else ''}{happens}."


@dataclass(frozen=True)
class Allowed:
    """The logical ids that the command line names (``--allow-replace``, ``--allow-delete``)."""

    replace: frozenset[str] = frozenset()
    delete: frozenset[str] = frozenset()

    def covers(self, harm: Harm) -> bool:
        """Whether a harmful change is named, by the option that is meant for it."""
        return harm.logical_id in (self.replace if harm.does is Does.REPLACE else self.delete)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The options as they were given, each with its id."""
        yield from (("--allow-replace", one) for one in sorted(self.replace))
        yield from (("--allow-delete", one) for one in sorted(self.delete))


class Step(Enum):
    """What comes next."""

    GO = "go"
    ASK = "ask for y"
    WORD = "ask for the word yes"
    NAME = "ask for the stack's name"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Verdict:
    """The decision. ``sentences`` say why something is blocked, and what to add to the command line."""

    step: Step
    sentences: tuple[str, ...] = ()


def decide(harms: Iterable[Harm], allowed: Allowed, *, yes: bool, terminal: bool) -> Verdict:
    """What must be said before these changes are made. ``yes``: ``--yes``; ``terminal``: somebody can be asked."""
    left = [harm for harm in harms if not allowed.covers(harm)]
    unnamed = [harm for harm in left if harm.stateful]
    if unnamed and (yes or not terminal):
        options = " ".join(dict.fromkeys(harm.option for harm in unnamed))
        more = "" if yes else " --yes"
        return Verdict(Step.BLOCKED, (*(harm.sentence for harm in unnamed), f"If that is meant, add: {options}{more}"))
    if unnamed:
        return Verdict(Step.NAME)
    if yes:
        return Verdict(Step.GO)
    if not terminal:
        return Verdict(Step.BLOCKED, ("there is no terminal to ask on. Say --yes to go ahead.",))
    return Verdict(Step.WORD if left else Step.ASK)


def misplaced(
    allowed: Allowed,
    harms: Iterable[Harm],
    used: Collection[str],
    *,
    here: Collection[str],
    later: Collection[str],
    elsewhere: Collection[str],
) -> Iterator[str]:
    """A sentence for each named id that is not among the harmful changes.

    ``used`` are ids that earlier stacks of the same run had a use for. The logical ids of this stack (``here``), of
    those that are still to come (``later``) and of all others (``elsewhere``) tell which stack an id is meant for.
    """
    found = {harm.logical_id: harm for harm in harms}
    for option, logical_id in allowed:
        top = logical_id.split("/")[0]
        harm = found.get(logical_id)
        if harm is not None and allowed.covers(harm):
            continue
        if harm is not None:
            yield f"{option} {logical_id}: it would be {harm.does.value}. If that is meant: {harm.option}"
        elif logical_id not in used and top not in later and (top in here or top not in elsewhere):
            yield f"{option} {logical_id}: it is not among the harmful changes."
