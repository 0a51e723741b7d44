"""``CHANGES.md``: what this version changes of the one before, for each environment, from the offline comparison."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tap.deploy.source import StackSource
from tap.diff.model import DELETING, REPLACING, Action, Diff, ResourceChange, flat
from tap.handoff.version import Version, at, top
from tap.markdown import bullets, code, table, text


@dataclass(frozen=True)
class Told:
    """What is known of the version before: its template and, for each environment, what an update would do.

    ``before`` is None where there was none. ``new`` are the environments that the version before did not have.
    """

    before: Mapping[str, Any] | None = None
    diffs: Mapping[str, Diff] = field(default_factory=dict)
    new: Collection[str] = ()


def compared(system: str, out: Path, version: Version, names: Iterable[str]) -> Told:
    """Compare a system in ``out`` with the version before, at its tag; nothing to tell where there is none."""
    from tap.diff import sources
    from tap.diff.compare import compare
    from tap.diff.schemas import bundled

    folder = _in_repository(out, system)
    old = at(out, version.previous, f"{folder}/stack.json") if version.previous else None
    if old is None:
        return Told()
    diffs, new = {}, []
    for name in names:
        if at(out, version.previous, f"{folder}/parameters/{name}.json") is None:
            new.append(name)
            continue
        first, last = sources.sources(version.previous, system, _no_session, out)
        sides = sources.sides(
            first, last, old_values=None, new_values=None, environment=name, region="", note=lambda _line: None
        )
        diffs[name] = compare(*sides, bundled())
    return Told(json.loads(old), diffs, tuple(new))


def _in_repository(out: Path, system: str) -> str:
    """The folder of a system as git names it, from the top of the repository."""
    inside, root = out.resolve(), top(out)
    return f"{inside.relative_to(root).as_posix()}/{system}" if root and inside.is_relative_to(root) else system


def _no_session() -> Any:
    raise AssertionError("a comparison with a tag asks no account")


def page(stack: StackSource, version: Version, told: Told) -> str:
    """The page."""
    lines = [f"# {text(stack.system)} {text(version.text)}: what is new", ""]
    if told.before is None:
        lines += _first(stack)
    else:
        previous = version.previous.removeprefix("v")
        lines += [
            f"Against {previous}. What a deployment does is foretold from the two templates and the parameter files; "
            "`./deploy.sh ENVIRONMENT --plan` asks CloudFormation, which has the last word.",
            "",
            *_warning(told),
            *_section("Parameters", _declared("Parameters", told.before, stack.template)),
            *_section("Outputs", _declared("Outputs", told.before, stack.template)),
        ]
        for name, diff in told.diffs.items():
            lines += ["", f"## {text(name)}", "", *_environment(diff)]
        for name in told.new:
            lines += ["", f"## {text(name)}", "", "This environment is new in this version."]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _warning(told: Told) -> list[str]:
    """What nobody should have to scroll for."""
    names = [text(name) for name, diff in told.diffs.items() if diff.dangerous]
    if not names:
        return []
    return [f"**Data may be lost, or something that holds data is replaced, in {', '.join(names)}: see there.**", ""]


def _first(stack: StackSource) -> list[str]:
    count = len(stack.template["Resources"])
    return [
        "The first version: there is none before to compare it with.",
        "",
        f"It makes {count} resources, takes {len(stack.parameters)} parameters and gives "
        f"{len(stack.template.get('Outputs', {}))} outputs.",
    ]


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", f"## {title}", "", *(lines or ["None is new, gone or different."])]


def _declared(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a section declares that is new, gone, or has another default."""
    old, new = before.get(section, {}), after.get(section, {})
    found = []
    for key in dict.fromkeys((*new, *old)):
        if key not in old:
            must = section == "Parameters" and "Default" not in new[key]
            say = " **It has no default: give it a value.**" if must else ""
            found.append(f"{code(key)} is new: {text(str(new[key].get('Description', '')))}{say}")
        elif key not in new:
            found.append(f"{code(key)} is gone. {_gone(section, old[key])}")
        elif section == "Parameters":
            first, last = (str(each[key].get("Default", "")) for each in (old, new))
            if first != last:
                found.append(
                    f"{code(key)} has another default: {code(first) or 'nothing'} → {code(last) or 'nothing'}."
                )
        elif _export(old[key]) != _export(new[key]):
            found.append(f"{code(key)} is exported otherwise. CloudFormation refuses that while a stack imports it.")
    return bullets(found)


def _gone(section: str, body: Mapping[str, Any]) -> str:
    if section == "Parameters":
        return "Take it out of your parameter files: CloudFormation refuses a parameter that the template lacks."
    return "CloudFormation refuses the update while a stack imports it." if _export(body) else ""


def _export(body: Mapping[str, Any]) -> str:
    return json.dumps(body.get("Export"), sort_keys=True)


def _environment(diff: Diff) -> Iterator[str]:
    if diff.empty:
        yield "Nothing changes."
        return
    changed = list(flat(diff.changes))
    risky = [(change, risk) for change in changed for risk in change.risks]
    if risky:
        yield from table(
            ("What holds data", "What may be lost"),
            (
                (code(change.logical_id), text(risk.sentence))
                for change, risk in sorted(risky, key=lambda one: -one[1].level)
            ),
        )
        yield ""
    if diff.dangerous:
        yield "**Data may be lost, or something that holds data is replaced: read the rows above before you deploy.**"
        yield ""
    for title, actions in (
        ("Removed", DELETING),
        ("Replaced", REPLACING),
        ("Changed", {Action.UPDATE, Action.MAY_CHANGE}),
        ("Added", {Action.CREATE, Action.MAY_CREATE}),
    ):
        rows = [_row(change) for change in changed if change.action in actions]
        if rows:
            yield f"{title}:"
            yield ""
            yield from table(("Resource", "Type", "What", "Why"), rows)
            yield ""
    for opened in diff.widenings:
        yield f"- Access widens: {text(opened.sentence)}"
    yield from bullets(text(note) for note in diff.notes)


def _row(change: ResourceChange) -> tuple[str, str, str, str]:
    word = change.action.value + (f" ({change.only} only)" if change.only else "")
    paths = ", ".join(code(edit.path) for edit in change.edits[:4])
    more = f" and {len(change.edits) - 4} more" if len(change.edits) > 4 else ""
    why = "; ".join(text(reason) for reason in change.reasons) or f"{paths}{more}"
    if change.renamed_from:
        why = f"was {code(change.renamed_from)}. {why}"
    return code(change.logical_id), change.type, word, why
