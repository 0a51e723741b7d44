"""What would change, as frozen data: read by the renderers, the gate and whoever saves it. Pure.

Where it comes from: :mod:`tap.deploy.listed` reads a change set, :mod:`tap.deploy.merge` adds what the comparison of
the templates knows, :mod:`tap.deploy.risk` says what that puts at risk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap.deploy.changeset import Kind
from tap.deploy.findings import Finding
from tap.deploy.gate import Harm
from tap.deploy.guard import Setting
from tap.deploy.mask import Mask
from tap.deploy.parameters import secrets
from tap.deploy.resolve import SECRET, Scope, resolve
from tap.diff.model import DELETING, REPLACING, Action, Detail, ResourceChange, SectionEdit, flat

STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Change(ResourceChange):
    """One resource, as a comparison has it (:class:`~tap.diff.model.ResourceChange`) and with what CloudFormation adds.

    ``hidden``: the change set does not mention it, only the comparison of the templates does. ``raw_action`` is
    CloudFormation's own word (``Action``). ``drift`` is its ``ResourceDriftStatus``, ``drift_ignored`` the paths whose
    drift it leaves alone, each with its reason; both only in drift-aware change sets.
    """

    physical_id: str = ""
    raw_action: str = ""
    hidden: bool = False
    drift: str = ""
    drift_ignored: tuple[tuple[str, str], ...] = ()
    children: tuple[Change, ...] = ()

    @property
    def word(self) -> str:
        """The action as it is shown; one that tap does not know by CloudFormation's word."""
        return self.raw_action if self.action is Action.OTHER else super().word

    @property
    def mark(self) -> str:
        """Where it is known from, if not from the change set; and its drift."""
        drift = f"drift: {self.drift}" if self.drift not in {"", "IN_SYNC"} else ""
        return ", ".join(filter(None, ("not in the change set" if self.hidden else "", drift)))


@dataclass(frozen=True)
class Plan:
    """What a change set would do to a stack, and what the comparison of the templates adds to that.

    ``foreseen``: CloudFormation was not asked; this is read off the templates. ``empty``: it was asked and says that
    there is nothing to change, so that nothing can be executed, whatever the comparison sees. ``widenings`` say who
    gains access to what, ``harms`` what is replaced, deleted or less protected (:func:`tap.deploy.risk.judged`),
    ``findings`` what CloudFormation's own validation warns of. ``outputs`` are the outputs that change. ``drift`` is
    the stack's ``StackDriftStatus`` in a drift-aware change set. ``settings`` are set on the stack once it is as it
    should be, without a change set.
    """

    stack_name: str
    kind: Kind
    changes: tuple[Change, ...] = ()
    parameters: tuple[Detail, ...] = ()
    notes: tuple[str, ...] = ()
    foreseen: bool = False
    widenings: tuple[str, ...] = ()
    harms: tuple[Harm, ...] = ()
    findings: tuple[Finding, ...] = ()
    outputs: tuple[SectionEdit, ...] = ()
    empty: bool = False
    drift: str = ""
    settings: tuple[Setting, ...] = ()

    @property
    def all_changes(self) -> Iterator[Change]:
        """The changes and, after each, those of the nested stack that it is."""
        return flat(self.changes)

    @property
    def counts(self) -> Mapping[Action, int]:
        """How many resources have each action, those of nested stacks too, in the order of :class:`Action`."""
        found = Counter(change.action for change in self.all_changes)
        return {action: found[action] for action in Action if found[action]}

    @property
    def hidden(self) -> tuple[str, ...]:
        """The logical ids of what the change set does not mention, in whole or in part."""
        return tuple(one.logical_id for one in self.all_changes if one.hidden or any(edit.hidden for edit in one.edits))

    @property
    def pending(self) -> bool:
        """Whether there is anything to do. An executable change set is, though it may list no resource."""
        if self.foreseen:
            return bool(self.kind == "CREATE" or self.changes or self.outputs or self.settings)
        return not self.empty or self.not_applied or bool(self.settings)

    @property
    def not_applied(self) -> bool:
        """Whether the templates differ though CloudFormation says that there is nothing to change.

        Not where resources' metadata alone differ: nobody misses them.
        """
        return self.empty and (bool(self.outputs) or any(one.only != "metadata" for one in self.changes))

    @property
    def replaces(self) -> bool:
        """Whether any resource is or may be replaced or deleted."""
        return any(one.action in REPLACING | DELETING for one in self.all_changes)

    @property
    def dangerous(self) -> bool:
        """Whether data may be lost, or something that holds data is replaced."""
        return any(harm.stateful for harm in self.harms)


@dataclass(frozen=True)
class Side:
    """A template with its parameters' values: what is deployed, or what is to be.

    ``children`` are the templates of nested stacks by their file names, where they are at hand.
    """

    template: Mapping[str, Any]
    values: Mapping[str, str] = field(default_factory=dict)
    pseudo: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    children: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """For resolving the template's expressions; hidden parameters come out masked."""
        return Scope(self.template, self.values, self.pseudo, self.hidden)

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources that the conditions let be; one whose condition cannot be judged counts as being."""
        return _made(self, "Resources")

    def child(self, logical_id: str) -> Side:
        """The side of a nested stack, as far as this one's template tells its parameters; else :data:`NOTHING`."""
        properties = self.template.get("Resources", {}).get(logical_id, {}).get("Properties", {})
        url = str(resolve(properties.get("TemplateURL", ""), self.scope))
        template = self.children.get(url.rsplit("/", 1)[-1])
        if template is None:
            return NOTHING
        handed_on = resolve(properties.get("Parameters", {}), self.scope)
        return Side(
            template,
            {key: value for key, value in handed_on.items() if isinstance(value, str)},
            self.pseudo,
            secrets(template.get("Parameters", {})),
            self.children,
        )


NOTHING = Side({})


def mask_of(*sides: Side) -> Mask:
    """A mask for the values of both sides' ``NoEcho`` parameters."""
    return Mask(frozenset(side.values[key] for side in sides for key in side.hidden if key in side.values) - {SECRET})


def in_order(changes: Iterable[Change], new: Side) -> tuple[Change, ...]:
    """By tier and within it as the template has them; what the template no longer has comes last in its tier."""
    resources = new.template.get("Resources", {})
    places = {key: place for place, key in enumerate(resources)}
    tiers: dict[str, int] = {}
    for one in resources.values():
        tiers.setdefault(str((one.get("Metadata") or {}).get("Tier", "")), len(tiers))
    last = len(places)
    return tuple(
        sorted(changes, key=lambda one: (tiers.get(one.tier, last), one.tier, places.get(one.logical_id, last)))
    )


def resolved_imports(side: Side) -> list[str]:
    """The names that the template imports (``Fn::ImportValue``), resolved with the parameters, each once.

    Of an ``Fn::If`` only the branch that is taken counts, and none where that cannot be known: what is missing all
    the same, CloudFormation says when it is asked for the change set.
    """
    found: dict[str, None] = {}

    def look(node: Any) -> None:
        if isinstance(node, Mapping):
            for key, value in node.items():
                if key == "Fn::If":
                    truth = side.scope.holds(str(value[0]))
                    look([] if truth is None else value[1 if truth else 2])
                    continue
                if key == "Fn::ImportValue":
                    found[str(resolve(value, side.scope))] = None
                look(value)
        elif isinstance(node, list):
            for item in node:
                look(item)

    look([side.resources, _made(side, "Outputs")])
    return list(found)


def resolved_exports(side: Side) -> list[str]:
    """The names under which the template exports its outputs, resolved with the parameters."""
    outputs = _made(side, "Outputs").values()
    return [str(resolve(one["Export"]["Name"], side.scope)) for one in outputs if "Export" in one]


def _made(side: Side, section: str) -> dict[str, Mapping[str, Any]]:
    """The resources or outputs that the conditions let be; what cannot be judged counts as being."""
    found = side.template.get(section, {})
    return {key: one for key, one in found.items() if side.scope.holds(str(one.get("Condition"))) is not False}
