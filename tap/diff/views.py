"""Two sides made comparable: what each name stands for, which conditions hold, what must not be shown. Pure.

Three things make two templates comparable at all:

- What is known of one side only is known of neither: a value that was given for one side must not look like a change.
- Secret values are replaced by tokens before anything is resolved: equal secrets stay equal, changed ones differ, and
  no secret is in what comes out.
- A condition that cannot be judged keeps its name; if its definition has changed, the name differs between the sides,
  so that whatever depends on it shows as changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap import references
from tap.deploy.mask import Mask
from tap.deploy.parameters import effective
from tap.deploy.resolve import SECRET, Scope, resolve, shown
from tap.diff.side import Side

_LEAST_SECRET = 4
_RESOLVED = {True: {"Fn::Equals": ["", ""]}, False: {"Fn::Equals": ["", "-"]}, None: {"Fn::Unknown": []}}


@dataclass(frozen=True)
class View:
    """A side, resolved. ``truth`` has each condition; ``renamed`` those that changed and cannot be judged."""

    side: Side
    scope: Scope
    truth: Mapping[str, bool | None]
    renamed: frozenset[str]
    values: Mapping[str, str]

    def resolved(self, node: Any) -> Any:
        """``node`` with everything resolved that can be; secrets are tokens."""
        return resolve(self._named(node), self.scope)

    def pruned(self, node: Any) -> Any:
        """``node`` as the template has it, with only the branches that are taken, where that is known."""
        if isinstance(node, list):
            items = (self.pruned(item) for item in node)
            return [item for item in items if item != {"Ref": "AWS::NoValue"}]
        if not isinstance(node, Mapping):
            return node
        if len(node) == 1 and "Fn::If" in node:
            name, then, otherwise = node["Fn::If"]
            truth = self.truth.get(name)
            if truth is not None:
                return self.pruned(then if truth else otherwise)
        pairs = ((key, self.pruned(value)) for key, value in node.items())
        return {key: value for key, value in pairs if value != {"Ref": "AWS::NoValue"}}

    def exists(self, body: Mapping[str, Any] | None) -> bool | None:
        """Whether a resource or output is made; None when its condition cannot be judged."""
        if body is None:
            return False
        condition = body.get("Condition")
        return True if condition is None else self.truth.get(str(condition), True)

    def _named(self, node: Any) -> Any:
        """``node`` with the conditions renamed that must differ between the sides."""
        if not self.renamed:
            return node
        if isinstance(node, list):
            return [self._named(item) for item in node]
        if not isinstance(node, Mapping):
            return node
        if len(node) == 1 and "Fn::If" in node and node["Fn::If"][0] in self.renamed:
            name, then, otherwise = node["Fn::If"]
            return {"Fn::If": [f"{name} (as changed)", self._named(then), self._named(otherwise)]}
        return {key: self._named(value) for key, value in node.items()}


@dataclass(frozen=True)
class Pair:
    """Both sides, resolved for each other. ``one_sided`` are parameters whose value is known of one side only."""

    old: View
    new: View
    mask: Mask
    one_sided: tuple[str, ...] = ()
    changed_parameters: frozenset[str] = frozenset()
    changed_conditions: frozenset[str] = frozenset()

    def text(self, path: str, value: Any) -> str | None:
        """A resolved value in one line fit to be shown; None for what is not there."""
        return None if value is None else self.mask.text(path, value)

    def causes(self, node: Any) -> str:
        """The parameters, mappings and conditions in the new template's ``node`` that have changed, in words."""
        return ", ".join(dict.fromkeys(self._causes(node, {})))

    def _causes(self, node: Any, known: dict[str, list[str]], *, conditions: bool = False) -> Iterator[str]:
        """``known`` has the causes of the conditions met so far; it is filled."""
        definitions = self.new.side.section("Conditions")
        for use in references.find(node, conditions=conditions):
            kind, name, _ = use.reference
            if kind == "Ref" and name in self.changed_parameters:
                yield f"parameter {name}"
            elif kind == "Mapping":
                if self.old.side.section("Mappings").get(name) != self.new.side.section("Mappings").get(name):
                    yield f"mapping {name}"
            elif kind == "Condition" and name in self.changed_conditions:
                if name not in known:
                    known[name] = []  # for a circle, which ends here
                    found = self._causes(definitions.get(name), known, conditions=True)
                    known[name] = list(dict.fromkeys(found)) or [f"condition {name}"]
                yield from known[name]

    def condition_causes(self, name: str) -> str:
        """What makes a condition change: parameters where that is so, else the condition's own definition."""
        return self.causes({"Fn::If": [name, "", ""]})


def pair(old: Side, new: Side) -> Pair:
    """The two sides, resolved for each other."""
    values = {"old": effective(old.parameters, old.values), "new": effective(new.parameters, new.values)}
    for side, found in ((old, values["old"]), (new, values["new"])):
        for key in side.hidden:
            if found.get(key) == SECRET:  # as CloudFormation answers for NoEcho
                del found[key]
    both = old.parameters.keys() & new.parameters.keys()
    one_sided = tuple(key for key in new.parameters if key in both and (key in values["old"]) != (key in values["new"]))
    for key in one_sided:
        values["old"].pop(key, None)
        values["new"].pop(key, None)
    hidden = old.hidden | new.hidden
    tokens = _Tokens()
    first, second = (
        _scopes(side, found, hidden, tokens) for side, found in ((old, values["old"]), (new, values["new"]))
    )
    truths = [{name: judge.holds(name) for name in judge.template["Conditions"]} for judge, _ in (first, second)]
    definitions = _Definitions()
    said = [definitions.of(side.section("Conditions"), scope) for side, (_, scope) in ((old, first), (new, second))]
    names = said[0].keys() & said[1].keys()
    open_ended = {name for name in names if truths[0][name] is None and truths[1][name] is None}
    rewritten = frozenset(name for name in open_ended if said[0][name] != said[1][name])
    changed = frozenset(name for name in names if truths[0][name] != truths[1][name]) | rewritten
    views = [
        View(side, _settled(scope, truth), truth, renamed, found)
        for side, (_, scope), truth, renamed, found in (
            (old, first, truths[0], frozenset[str](), values["old"]),
            (new, second, truths[1], rewritten, values["new"]),
        )
    ]
    real = {found[key] for found in values.values() for key in hidden if key in found}
    mask = Mask(frozenset(tokens.made) | {one for one in real if len(one) >= _LEAST_SECRET})
    changed_values = frozenset(key for key in both if values["old"].get(key) != values["new"].get(key))
    return Pair(views[0], views[1], mask, one_sided, changed_values, changed)


class _Tokens:
    """Stands in for secret values: the same value gets the same token."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, value: str) -> str:
        return self._known.setdefault(value, f"\ue000{len(self._known):04}\ue001")

    @property
    def made(self) -> Iterable[str]:
        return self._known.values()


def _scopes(side: Side, values: Mapping[str, str], hidden: frozenset[str], tokens: _Tokens) -> tuple[Scope, Scope]:
    """One scope to judge conditions by, with the real values; one to resolve with, with tokens for secrets."""
    ssm = side.read_from_ssm
    template = {**side.template, **{key: side.section(key) for key in ("Parameters", "Conditions", "Mappings")}}
    judge = Scope(template, {key: value for key, value in values.items() if key not in ssm}, side.pseudo)

    def told(key: str, value: str) -> str:
        if key in hidden:
            return tokens.of(value)
        return f"(what the SSM parameter {value} holds)" if key in ssm else value

    return judge, Scope(template, {key: told(key, value) for key, value in values.items()}, side.pseudo)


def _settled(scope: Scope, truth: Mapping[str, bool | None]) -> Scope:
    """The scope with each condition replaced by what it comes to."""
    conditions = {name: _RESOLVED[value] for name, value in truth.items()}
    return Scope({**scope.template, "Conditions": conditions}, scope.values, scope.pseudo)


class _Definitions:
    """Numbers what conditions say, with those that they refer to: what says the same gets the same number.

    Numbers, as the text itself can double with each condition that names another twice.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}

    def of(self, conditions: Mapping[str, Any], scope: Scope) -> Mapping[str, int]:
        """The number of each of a template's ``conditions``, their operands resolved in ``scope``."""
        known: dict[str, int] = {}

        def numbered(node: Any, open_names: frozenset[str]) -> int:
            if isinstance(node, Mapping) and len(node) == 1:
                ((key, value),) = node.items()
                if key == "Condition" and isinstance(value, str) and value in conditions and value not in open_names:
                    return named(value, open_names)
                if key in {"Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals"}:
                    return self._number(key, *(str(numbered(item, open_names)) for item in value))
            return self._number(shown(resolve(node, scope)))

        def named(name: str, open_names: frozenset[str]) -> int:
            if name not in known:
                known[name] = numbered(conditions[name], open_names | {name})
            return known[name]

        return {name: named(name, frozenset()) for name in conditions}

    def _number(self, *said: str) -> int:
        return self._numbers.setdefault(said, len(self._numbers))
