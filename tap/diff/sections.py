"""What differs outside the resources: parameters, conditions, outputs, exports, and the rest of a template. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap.deploy.difference import leaves
from tap.deploy.resolve import SECRET
from tap.diff import edits, follow
from tap.diff.model import KNOWN_LATER, SectionEdit
from tap.diff.views import Pair

_WHOLE = ("AWSTemplateFormatVersion", "Description", "Metadata", "Mappings", "Rules", "Transform", "Hooks")
_CONSTRAINTS = {
    "Default": "counts where no value is given",
    "Type": "",
    "NoEcho": "",
    "Description": "",
    "ConstraintDescription": "",
}


def compare(both: Pair, moved: Mapping[str, follow.Moved]) -> Iterator[SectionEdit]:
    """Each difference outside the resources, in the order of a template's sections."""
    yield from _parameters(both)
    yield from _conditions(both)
    yield from _outputs(both, moved)
    for section in _WHOLE:
        first, last = both.old.side.template.get(section), both.new.side.template.get(section)
        for leaf in leaves(first, last, section):
            yield _edit(both, section, leaf.path, leaf.before, leaf.after)
    yield from _dormant(both)


def _edit(both: Pair, section: str, path: str, before: Any, after: Any, note: str = "", cause: str = "") -> SectionEdit:
    return SectionEdit(path, both.text(path, before), both.text(path, after), "", cause, section, note)


def _parameters(both: Pair) -> Iterator[SectionEdit]:
    old, new = both.old.side.parameters, both.new.side.parameters
    hidden = both.old.side.hidden | both.new.side.hidden
    for key in dict.fromkeys((*new, *old)):
        if key not in old:
            value = both.new.values.get(key)
            note = "added" if value is not None else "added; it has no default, so that a value must be given"
            yield _edit(both, "Parameters", key, None, _value(key, value, hidden), note)
        elif key not in new:
            yield _edit(both, "Parameters", key, _value(key, both.old.values.get(key), hidden), None, "removed")
        else:
            yield from _changed_parameter(key, both, hidden)


def _changed_parameter(key: str, both: Pair, hidden: frozenset[str]) -> Iterator[SectionEdit]:
    before, after = both.old.values.get(key), both.new.values.get(key)
    if before != after:
        yield _edit(both, "Parameters", key, _value(key, before, hidden), _value(key, after, hidden), "value")
    old, new = both.old.side.parameters[key], both.new.side.parameters[key]
    for leaf in leaves(old, new, key):
        name = leaf.path[len(key) + 1 :].split(".")[0].split("[")[0]
        note = _CONSTRAINTS.get(name, "what is allowed changes")
        if name == "Default" and key in hidden:
            yield SectionEdit(leaf.path, SECRET, SECRET, section="Parameters", note=note)
            continue
        yield _edit(both, "Parameters", leaf.path, leaf.before, leaf.after, note)


def _value(key: str, value: str | None, hidden: frozenset[str]) -> str:
    if value is None:
        return "(not known)"
    return SECRET if key in hidden else value


def _conditions(both: Pair) -> Iterator[SectionEdit]:
    old, new = both.old.side.section("Conditions"), both.new.side.section("Conditions")
    for name in dict.fromkeys((*new, *old)):
        first, last = both.old.truth.get(name), both.new.truth.get(name)
        if name not in old or name not in new:
            note = "added" if name not in old else "removed"
            yield _edit(both, "Conditions", name, old.get(name), new.get(name), note)
            continue
        if first is not last:
            cause = both.condition_causes(name)
            yield SectionEdit(name, _truth(first), _truth(last), "", cause, "Conditions", "whether it holds")
        for leaf in leaves(old[name], new[name], name):
            yield _edit(both, "Conditions", leaf.path, leaf.before, leaf.after, "its definition")


def _truth(value: bool | None) -> str:
    return "not known" if value is None else str(value).lower()


def _outputs(both: Pair, moved: Mapping[str, follow.Moved]) -> Iterator[SectionEdit]:
    old = {key: one for key, one in both.old.side.section("Outputs").items() if both.old.exists(one) is not False}
    new = {key: one for key, one in both.new.side.section("Outputs").items() if both.new.exists(one) is not False}
    for name in dict.fromkeys((*new, *old)):
        before, after = both.old.resolved(old.get(name)), both.new.resolved(new.get(name))
        exported = _export(before)
        if name not in old:
            yield _edit(both, "Outputs", name, None, after.get("Value"), "added")
            continue
        if name not in new:
            yield _edit(both, "Outputs", name, before.get("Value"), None, "removed" + _in_use(both, exported))
            continue
        changed = list(leaves(before, after, name))
        for leaf in changed:
            part = edits.steps(leaf.path[len(name) :])[0]
            touches = part in {"Export", "Value"}
            causes = both.causes(new[name].get(part)) if old[name].get(part) == new[name].get(part) else ""
            note = _in_use(both, exported).lstrip("; ") if touches else ""
            yield _edit(both, "Outputs", leaf.path, leaf.before, leaf.after, note, causes)
        causes = ", ".join(follow.of_output(new[name].get("Value"), moved, both))
        if causes and not any(leaf.path == f"{name}.Value" for leaf in changed):
            path, note = f"{name}.Value", _in_use(both, exported).lstrip("; ")
            yield SectionEdit(path, both.text(path, before.get("Value")), KNOWN_LATER, "", causes, "Outputs", note)


def _export(output: Any) -> Any:
    found = output.get("Export") if isinstance(output, Mapping) else None
    return found.get("Name") if isinstance(found, Mapping) else None


def _in_use(both: Pair, export: Any) -> str:
    if export is None:
        return ""
    name = both.text("Export", export)
    return f"; CloudFormation refuses this while another stack imports {name}"


def _dormant(both: Pair) -> Iterator[SectionEdit]:
    """Changes of resources that are made on neither side: nothing comes of them now."""
    old, new = both.old.side.resources, both.new.side.resources
    for key in dict.fromkeys((*new, *old)):
        if both.old.exists(old.get(key)) is False and both.new.exists(new.get(key)) is False:
            for leaf in leaves(old.get(key), new.get(key), key):
                note = "nothing comes of it while its condition does not hold"
                yield _edit(both, "Resources", leaf.path, leaf.before, leaf.after, note)
