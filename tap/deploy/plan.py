"""What would change, as frozen data: made from a change set and the two templates, read by the renderers.

Pure. CloudFormation's answer counts; the templates give words (descriptions, tiers) and the values that it
left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tap.deploy import detail as details_of
from tap.deploy.changeset import ChangeSet, Kind
from tap.deploy.detail import Detail, Version
from tap.deploy.difference import leaves
from tap.deploy.gate import Harm
from tap.deploy.mask import Mask
from tap.deploy.parameters import secrets
from tap.deploy.resolve import SECRET, Scope, resolve

STACK = "AWS::CloudFormation::Stack"


class Action(Enum):
    """What happens to a resource."""

    ADD = "add"
    MODIFY = "modify"
    REPLACE = "replace"
    MAY_REPLACE = "may replace"
    REMOVE = "remove"
    IMPORT = "import"
    DYNAMIC = "may change"
    SYNC = "undo drift"
    OTHER = "other"


_ACTIONS = {
    "Add": Action.ADD,
    "Remove": Action.REMOVE,
    "Import": Action.IMPORT,
    "Dynamic": Action.DYNAMIC,
    "SyncWithActual": Action.SYNC,
}
_POLICY = {
    "Delete": "the resource is deleted",
    "Retain": "the resource itself stays, outside the stack",
    "Snapshot": "the resource is deleted; a snapshot stays",
    "ReplaceAndDelete": "the old one is deleted",
    "ReplaceAndRetain": "the old one stays, outside the stack",
    "ReplaceAndSnapshot": "the old one is deleted; a snapshot stays",
}
_NESTED_NOTE = (
    "Of nested stacks CloudFormation announces more changes and replacements than come: what depends on another nested "
    "stack's output is known only when that is done."
)


@dataclass(frozen=True)
class Change:
    """One resource. ``says`` is the template's sentence about it, ``fate`` what happens to the present one.

    ``policy`` is CloudFormation's word for that (``PolicyAction``).
    """

    action: Action
    logical_id: str
    type: str
    says: str = ""
    tier: str = ""
    details: tuple[Detail, ...] = ()
    fate: str = ""
    physical_id: str = ""
    raw_action: str = ""
    children: tuple[Change, ...] = ()
    policy: str = ""


@dataclass(frozen=True)
class Plan:
    """What a change set would do to a stack.

    ``foreseen``: CloudFormation was not asked; this is read off the templates (:func:`foresee`). ``widenings`` say who
    gains access to what, ``harms`` what is replaced, deleted or less protected (:func:`tap.deploy.risk.judged`).
    """

    stack_name: str
    kind: Kind
    changes: tuple[Change, ...] = ()
    parameters: tuple[Detail, ...] = ()
    notes: tuple[str, ...] = ()
    foreseen: bool = False
    widenings: tuple[str, ...] = ()
    harms: tuple[Harm, ...] = ()

    @property
    def counts(self) -> Mapping[Action, int]:
        """How many resources have each action, those of nested stacks too, in the order of :class:`Action`."""
        found = Counter(change.action for change in flat(self.changes))
        return {action: found[action] for action in Action if found[action]}


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


def flat(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes and, after each, those of the nested stack that it is."""
    for change in changes:
        yield change
        yield from flat(change.children)


def from_change_set(change_set: ChangeSet, kind: Kind, old: Side, new: Side) -> Plan:
    """The plan that a change set amounts to. ``old`` is :data:`NOTHING` for a stack that is not there."""
    changes = _changes(change_set, old, new)
    return Plan(
        change_set.stack_name,
        kind,
        changes,
        _parameters(kind, old, new),
        tuple(_notes(change_set, changes)),
    )


def foresee(stack_name: str, kind: Kind, old: Side, new: Side) -> Plan:
    """What the templates alone tell, where CloudFormation cannot be asked yet. Says nothing about replacement."""
    mask, changes = mask_of(old, new), list[Change]()
    before, after = old.resources, new.resources
    for logical_id, resource in after.items():
        if logical_id not in before:
            changes.append(_worded(Action.ADD, logical_id, resource))
            continue
        found = details_of.from_templates(Version(before[logical_id], old.scope), Version(resource, new.scope), mask)
        if found:
            changes.append(_worded(Action.MODIFY, logical_id, resource, details=found))
    removed = [key for key in before if key not in after]
    changes += [_worded(Action.REMOVE, key, before[key]) for key in removed]
    return Plan(stack_name, kind, _in_order(changes, new), _parameters(kind, old, new), foreseen=True)


def _in_order(changes: Iterable[Change], new: Side) -> tuple[Change, ...]:
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


def _parameters(kind: Kind, old: Side, new: Side) -> tuple[Detail, ...]:
    if kind == "CREATE":
        return ()
    mask, hidden = mask_of(old, new), old.hidden | new.hidden
    return tuple(
        Detail(leaf.path, mask.text(leaf.path, leaf.before), mask.text(leaf.path, leaf.after))
        for leaf in leaves(old.values, new.values)
        if leaf.path not in hidden
    )


def _worded(action: Action, logical_id: str, resource: Mapping[str, Any], **more: Any) -> Change:
    about = resource.get("Metadata") or {}
    return Change(
        action,
        logical_id,
        str(resource.get("Type", "")),
        says=str(about.get("Description", "")),
        tier=str(about.get("Tier", "")),
        **more,
    )


def _changes(change_set: ChangeSet, old: Side, new: Side) -> tuple[Change, ...]:
    valued = {one["LogicalResourceId"]: one for one in change_set.valued}
    merged = {one["LogicalResourceId"]: valued.pop(one["LogicalResourceId"], one) for one in change_set.bare}
    bare = {one["LogicalResourceId"]: one for one in change_set.bare}
    found = [
        _change(one, bare.get(key, {}), change_set.children.get(key), old, new)
        for key, one in {**merged, **valued}.items()
    ]
    return _in_order(found, new)


def _change(raw: Mapping[str, Any], bare: Mapping[str, Any], nested: ChangeSet | None, old: Side, new: Side) -> Change:
    logical_id = raw["LogicalResourceId"]
    before = old.template.get("Resources", {}).get(logical_id, {})
    after = new.template.get("Resources", {}).get(logical_id, {})
    action = _action(raw)
    found: tuple[Detail, ...] = ()
    if action not in {Action.ADD, Action.REMOVE, Action.IMPORT}:
        listed = details_of.merged(raw.get("Details", ()), bare.get("Details", ()))
        found = details_of.from_change(listed, Version(before, old.scope), Version(after, new.scope), mask_of(old, new))
    about = (after or before).get("Metadata") or {}
    return Change(
        action,
        logical_id,
        raw.get("ResourceType", ""),
        says=str(about.get("Description", "")),
        tier=str(about.get("Tier", "")),
        details=found,
        fate=_POLICY.get(raw.get("PolicyAction", ""), raw.get("PolicyAction", "")),
        physical_id=raw.get("PhysicalResourceId", ""),
        raw_action=raw.get("Action", ""),
        children=_children(raw, nested, old, new),
        policy=raw.get("PolicyAction", ""),
    )


def _children(raw: Mapping[str, Any], nested: ChangeSet | None, old: Side, new: Side) -> tuple[Change, ...]:
    """The changes inside a nested stack; for a new one whose change set was not given, what its template has."""
    logical_id = raw["LogicalResourceId"]
    if nested:
        return _changes(nested, old.child(logical_id), new.child(logical_id))
    if raw.get("Action") == "Add" and raw.get("ResourceType") == STACK:
        return foresee("", "CREATE", NOTHING, new.child(logical_id)).changes
    return ()


def _action(raw: Mapping[str, Any]) -> Action:
    name = raw.get("Action", "")
    if name != "Modify":
        return _ACTIONS.get(name, Action.OTHER)
    if raw.get("Replacement") == "True":
        return Action.REPLACE
    if raw.get("Replacement") == "Conditional":
        return Action.MAY_REPLACE
    return Action.REPLACE if str(raw.get("PolicyAction", "")).startswith("ReplaceAnd") else Action.MODIFY


def _notes(change_set: ChangeSet, changes: tuple[Change, ...]) -> Iterator[str]:
    if change_set.empty:
        return
    dropped = {one["LogicalResourceId"] for one in change_set.bare} - {
        one["LogicalResourceId"] for one in change_set.valued
    }
    if change_set.reason:
        yield f"CloudFormation: {change_set.reason}"
    if dropped:
        names = ", ".join(sorted(dropped))
        yield f"CloudFormation gave no property values for {names}; they are read off the templates."
    if any(change.children and change.action is not Action.ADD for change in changes):
        yield _NESTED_NOTE


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
