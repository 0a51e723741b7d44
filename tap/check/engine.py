"""All rules over all worlds of a template: what is found, where it stands, and in which case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.check.model import Model, World
from tap.check.rule import Found, Rule, Severity, rules
from tap.check.values import fields

FAILED = "TAP1900"
UNUSED = "TAP1901"
UNREASONED = "TAP1902"
_WORDS = 3


@dataclass(frozen=True)
class Finding:
    """One fault in one file. ``when`` says which conditions bring it about; empty for any."""

    rule: str
    title: str
    severity: Severity
    file: str
    line: int
    column: int
    logical_id: str
    path: str
    message: str
    advice: str
    source: str
    when: str = ""

    @property
    def counts(self) -> bool:
        """Whether it makes the exit code 1."""
        return self.severity is not Severity.NOTE


def run(model: Model, chosen: Iterable[Rule] | None = None) -> tuple[Finding, ...]:
    """What the rules find, in the order of the template; what is exempt is left out."""
    found = list(_found(model, rules() if chosen is None else chosen))
    exempt = _Exemptions(model)
    kept = [one for one in found if not exempt.covers(one)]
    kept += exempt.findings(complete=chosen is None)
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    return tuple(sorted(kept, key=lambda one: (one.line, one.column, order[one.severity], one.rule, one.message)))


def _found(model: Model, chosen: Iterable[Rule]) -> Iterator[Finding]:
    worlds = model.worlds
    seen: dict[tuple[str, Found], list[int]] = {}
    by_id: dict[str, Rule] = {}
    for rule in chosen:
        by_id[rule.id] = rule
        try:
            for number, world in enumerate(worlds):
                for found in rule.check(world):
                    places = seen.setdefault((rule.id, found), [])
                    if not places or places[-1] != number:
                        places.append(number)
        except Exception as error:  # a fault of one rule must not keep the others from speaking
            yield _failed(model, rule, error)
    for (rule_id, found), places in seen.items():
        rule = by_id[rule_id]
        line, column = model.document.line(found.place)
        yield Finding(
            rule.id,
            rule.title,
            rule.severity,
            model.document.path,
            line,
            column,
            found.logical_id,
            ".".join(found.place),
            found.message,
            found.advice or rule.advice,
            rule.source,
            _when(worlds, places),
        )


def _failed(model: Model, rule: Rule, error: Exception) -> Finding:
    says = f"{rule.id} ({rule.title}) could not judge this template: {type(error).__name__}: {error}"
    advice = "This is a fault of the rule, not of the template. Please report it, with the template."
    path = model.document.path
    return Finding(FAILED, "A rule failed", Severity.NOTE, path, 1, 1, "", "", says, advice, "")


def _when(worlds: tuple[World, ...], places: list[int]) -> str:
    """The conditions that are the same in all these worlds and not in all others: what brings a fault about."""
    if len(places) == len(worlds):
        return ""
    inside = [worlds[place].case.truth for place in places]
    outside = [world.case.truth for place, world in enumerate(worlds) if place not in set(places)]
    same = {name: truth for name, truth in inside[0].items() if all(one[name] == truth for one in inside)}
    telling = {name: truth for name, truth in same.items() if any(one[name] != truth for one in outside)}
    alone = [name for name, truth in telling.items() if all(one[name] != truth for one in outside)]
    names = alone[:1] or list(telling)[:3]
    return " and ".join(f"{name} is {str(telling[name]).lower()}" for name in names)


class _Exemptions:
    """What resources are excused from: ``Metadata.Exemptions: {TAP1234: "why"}``, beside the resource."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._reasons: dict[tuple[str, str], str] = {}
        self._used: set[tuple[str, str]] = set()
        owners: Mapping[str, Mapping[str, Any]] = {"": model.template, **model.resources}
        for logical_id, body in owners.items():
            said = fields(fields(body.get("Metadata")).get("Exemptions"))
            for rule, reason in said.items():
                if str(rule).startswith("TAP1"):
                    self._reasons[(logical_id, str(rule))] = reason if isinstance(reason, str) else ""

    def covers(self, finding: Finding) -> bool:
        key = (finding.logical_id, finding.rule)
        if key not in self._reasons:
            return False
        self._used.add(key)
        return len(self._reasons[key].split()) >= _WORDS

    def findings(self, *, complete: bool) -> Iterator[Finding]:
        """Exemptions without a reason, and (where all rules ran) those that excuse from nothing."""
        for (logical_id, rule), reason in self._reasons.items():
            if len(reason.split()) < _WORDS:
                says = f"{rule} is exempt without a reason: say why in a sentence, in Metadata.Exemptions.{rule}."
                yield self._own(UNREASONED, Severity.WARNING, logical_id, rule, says, "An exemption without a reason")
            elif complete and (logical_id, rule) not in self._used:
                says = f"{rule} finds nothing here: remove the exemption."
                yield self._own(UNUSED, Severity.NOTE, logical_id, rule, says, "An exemption that excuses from nothing")

    def _own(self, own: str, severity: Severity, logical_id: str, rule: str, says: str, title: str) -> Finding:
        owner = ("Resources", logical_id) if logical_id else ()
        place = (*owner, "Metadata", "Exemptions", rule)
        line, column = self._model.document.line(place)
        path = self._model.document.path
        return Finding(own, title, severity, path, line, column, logical_id, ".".join(place), says, "", "")
