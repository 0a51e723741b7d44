"""What was found, for people and for machines. Pure: from results to text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from tap.lint.model import Finding
from tap.lint.run import Linted

_COLOURS = {"error": "red", "warning": "yellow", "informational": "cyan"}
_LONGEST = 300


def text(linted: Sequence[Linted]) -> str:
    """The findings, a line each (``file:line:col  RULE  Logical id  message``), grouped by file."""
    groups: list[str] = []
    for one in linted:
        findings = one.verdict.findings
        places = [f"{shown(one.path)}:{finding.line}:{finding.column}" for finding in findings]
        ids = [finding.logical_id or "-" for finding in findings]
        lines = [
            f"{place:<{_width(places)}}  {_rule(finding)}  {logical_id:<{_width(ids)}}  {_shortened(finding.message)}"
            for finding, place, logical_id in zip(findings, places, ids, strict=True)
        ]
        if lines:
            groups.append("\n".join(lines))
    return "\n\n".join(groups)


def as_json(linted: Sequence[Linted]) -> str:
    """The findings as a JSON list of objects; an empty list when there are none."""
    return json.dumps(
        [
            {
                "file": shown(one.path),
                "line": finding.line,
                "column": finding.column,
                "rule": finding.rule,
                "severity": finding.severity,
                "logicalId": finding.logical_id or None,
                "path": finding.path,
                "message": finding.message,
            }
            for one in linted
            for finding in one.verdict.findings
        ],
        indent=2,
    )


def exemptions_text(linted: Sequence[Linted]) -> str:
    """The exemptions, a line each, grouped by file: place, rule, logical id, reason."""
    groups: list[str] = []
    for one in linted:
        listed = one.verdict.exemptions
        places = [f"{shown(one.path)}:{exemption.line}" for exemption in listed]
        across, down = _width(places), _width([exemption.logical_id for exemption in listed])
        lines = [
            f"{place:<{across}}  {each.rule}  {each.logical_id:<{down}}  {each.reason or '(no reason)'}"
            for each, place in zip(listed, places, strict=True)
        ]
        if lines:
            groups.append("\n".join(lines))
    return "\n\n".join(groups)


def exemptions_json(linted: Sequence[Linted]) -> str:
    """The exemptions as a JSON list of objects."""
    return json.dumps(
        [
            {
                "file": shown(one.path),
                "line": exemption.line,
                "rule": exemption.rule,
                "logicalId": exemption.logical_id,
                "reason": exemption.reason,
            }
            for one in linted
            for exemption in one.verdict.exemptions
        ],
        indent=2,
    )


def summary(linted: Sequence[Linted], seconds: float) -> str:
    """One line: how many templates, errors, warnings, exemptions, and how long it took."""
    findings = [finding for one in linted for finding in one.verdict.findings]
    errors = sum(finding.severity == "error" for finding in findings)
    cached = sum(one.cached for one in linted)
    # A resource carries its exemption into each layout; people count it once.
    exempt = {(e.logical_id, e.rule, e.reason) for one in linted for e in one.verdict.exemptions}
    return ", ".join(
        (
            f"{_count(len(linted), 'template')} ({cached} from the cache)",
            _count(errors, "error"),
            _count(len(findings) - errors, "warning"),
            _count(len(exempt), "exemption"),
            f"{seconds:.1f} s",
        )
    )


def shown(path: Path) -> str:
    """The path as people say it from where they are: relative when it is below the working folder."""
    absolute = path.resolve()
    here = Path.cwd().resolve()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else str(path)


def _rule(finding: Finding) -> str:
    """The rule's id in the colour of its severity; ``click.echo`` drops the colour when nobody can see it."""
    return click.style(f"{finding.rule:<7}", fg=_COLOURS.get(finding.severity))


def _shortened(message: str) -> str:
    """Some messages list hundreds of allowed values; JSON has them all, a person wants the beginning."""
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]} …"


def _width(cells: Sequence[str]) -> int:
    return max(map(len, cells), default=0)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s'[: number != 1]}"
