"""The case files of the rules: a sound template, what breaks it, and what only looks as if it did.

A file ``cases/TAPnnnn.yaml`` (several documents where a rule needs several templates)::

    sound: {Resources: …}            a template in which no rule finds anything
    region: eu-west-1                the region that it is read for; without it, none
    parameters: {Name: value}        values that are given
    faults:
      - says: why this is a fault
        set: {Resources.X.Properties.Y.0.Z: value}      one thing, put in or changed (a step may be written 'a\\.b')
        remove: [Resources.X.DependsOn]                 … or taken out
        at: X Properties.Y.0.Z                          where it is found: logical id, and path below it
        also: [TAPmmmm]                                 other rules that find something then
      - says: …
        text: |                                         or a whole template, as a file has it
    also_sound:
      - says: …
        set: …

So a faulty template and its sound twin differ in that one thing.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tap.check.load import Document, Place, Reader, parse
from tap.check.model import Model

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """A template and what is expected of it. ``rule`` is empty for one that is sound."""

    name: str
    file: str
    template: Mapping[str, Any]
    region: str
    parameters: Mapping[str, str]
    rule: str = ""
    at: str = ""
    also: tuple[str, ...] = ()
    repeated: tuple[Place, ...] = ()

    @property
    def model(self) -> Model:
        document = Document(self.name, self.template, repeated=self.repeated)
        return Model(document, self.region, self.parameters)


def cases() -> Iterator[Case]:
    for path in sorted(CASES.glob("TAP*.yaml")):
        for number, node in enumerate(yaml.compose_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader)):
            yield from _cases(path.stem, number, Reader().construct(node, ()))


def _cases(rule: str, number: int, body: Mapping[str, Any]) -> Iterator[Case]:
    unknown = set(body) - {"sound", "region", "parameters", "faults", "also_sound"}
    assert not unknown, f"{rule}: {unknown}"
    assert body["faults"], f"{rule}: no fault"
    region = str(body.get("region", ""))
    given = {key: str(value) for key, value in (body.get("parameters") or {}).items()}
    name = f"{rule}.{number}" if number else rule
    yield Case(f"{name} sound", rule, body["sound"], region, given)
    for one in body["faults"]:
        document = parse(one["text"]) if "text" in one else Document("", _changed(body["sound"], one))
        also, where = tuple(one.get("also", ())), str(one.get("at", ""))
        yield Case(
            f"{name} {one['says']}", rule, document.template, region, given, rule, where, also, document.repeated
        )
    for one in body.get("also_sound") or ():
        yield Case(f"{name} sound: {one['says']}", rule, _changed(body["sound"], one), region, given)


def _changed(sound: Mapping[str, Any], change: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = set(change) - {"says", "set", "remove", "at", "also"}
    assert not unknown, unknown
    assert change.get("set") or change.get("remove"), f"{change['says']}: nothing is changed"
    template = copy.deepcopy(dict(sound))
    for where, value in (change.get("set") or {}).items():
        *way, last = _steps(where)
        node: Any = template
        for step in way:
            node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
        if isinstance(node, list):
            node[int(last) :] = [value, *node[int(last) + 1 :]]
        else:
            node[last] = value
    for where in change.get("remove") or ():
        *way, last = _steps(where)
        node = template
        for step in way:
            node = node[int(step)] if isinstance(node, list) else node[step]
        del node[int(last) if isinstance(node, list) else last]
    return template


def _steps(where: str) -> list[str]:
    return [step.replace("\\.", ".") for step in re.split(r"(?<!\\)\.", where)]
