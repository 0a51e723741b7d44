"""What was found, for people and for machines: text, JSON, SARIF, JUnit. Pure: from findings to text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from tap.check.engine import Finding
from tap.check.rule import Rule, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
VERSION = 1
"""Of the JSON form. It rises when a reader of the present form would go wrong."""


def text(findings: Sequence[Finding]) -> str:
    """The findings by file: what is wrong and where, then what to do and why that is so."""
    groups = []
    for file, found in groupby(findings, key=lambda one: one.file):
        lines = [click.style(shown(file), bold=True)]
        for one in found:
            where = f"{one.line}:{one.column}"
            head = click.style(f"{one.severity.value:<7}", fg=_COLOURS[one.severity])
            when = f"  (when {one.when})" if one.when else ""
            lines.append(f"  {where:<8} {head} {one.rule}  {one.logical_id or '-'}  {one.message}{when}")
            below = one.path.removeprefix(f"Resources.{one.logical_id}").lstrip(".")
            lines += [f"           {line}" for line in (below, one.advice and f"→ {one.advice}", one.source) if line]
        groups.append("\n".join(lines))
    return "\n\n".join(groups)


def as_json(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """One document with all findings; ``docs/check.md`` says what its keys are."""
    return json.dumps(
        {
            "version": VERSION,
            "files": [shown(file) for file in files],
            "counts": {kind.value: sum(one.severity is kind for one in findings) for kind in Severity},
            "findings": [_data(one) for one in findings],
        },
        indent=2,
        ensure_ascii=False,
    )


def _data(one: Finding) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "title": one.title,
        "severity": one.severity.value,
        "file": shown(one.file),
        "line": one.line,
        "column": one.column,
        "logicalId": one.logical_id or None,
        "path": one.path,
        "message": one.message,
        "advice": one.advice,
        "source": one.source,
        "when": one.when or None,
    }


def sarif(findings: Sequence[Finding], known: Sequence[Rule]) -> str:
    """SARIF 2.1.0 (OASIS), as code-scanning services take it."""
    used = {one.rule for one in findings}
    rules = [
        {
            "id": rule.id,
            "name": type(rule).__name__,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.description or rule.title},
            "help": {"text": "\n".join(filter(None, (rule.advice, rule.source))) or rule.title},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in known
        if rule.id in used
    ]
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    results = [
        {
            "ruleId": one.rule,
            **({"ruleIndex": places[one.rule]} if one.rule in places else {}),
            "level": one.severity.value,
            "message": {"text": " ".join(filter(None, (_sentence(one), one.advice)))},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": shown(one.file)},
                        "region": {"startLine": one.line, "startColumn": one.column},
                    },
                    "logicalLocations": [{"fullyQualifiedName": one.path}],
                }
            ],
        }
        for one in findings
    ]
    driver = {"name": "tap check", "rules": rules}
    return json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}],
        },
        indent=2,
        ensure_ascii=False,
    )


def junit(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """JUnit's XML: a suite for each file, a failed case for each error or warning, notes as output."""
    # It brings in urllib and http, which take a third of a whole run to import.
    from xml.sax.saxutils import escape, quoteattr

    suites = []
    for file in files:
        mine = [one for one in findings if one.file == file]
        failed = [one for one in mine if one.counts]
        cases = [
            f"    <testcase classname={quoteattr(shown(file))} name={quoteattr(f'{one.rule} {one.path}')}>"
            f"<failure type={quoteattr(one.severity.value)} message={quoteattr(_sentence(one))}>"
            f"{escape(f'{shown(file)}:{one.line}:{one.column} {one.advice} {one.source}'.strip())}</failure></testcase>"
            for one in failed
        ] or [f'    <testcase classname={quoteattr(shown(file))} name="check"/>']
        notes = "\n".join(f"{one.line}:{one.column} {one.rule} {_sentence(one)}" for one in mine if not one.counts)
        out = [f"    <system-out>{escape(notes)}</system-out>"] if notes else []
        head = f'  <testsuite name={quoteattr(shown(file))} tests="{len(cases)}" failures="{len(failed)}">'
        suites.append("\n".join([head, *cases, *out, "  </testsuite>"]))
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"])


def summary(findings: Sequence[Finding], files: Sequence[str], seconds: float) -> str:
    """One line: how many templates, errors, warnings, notes, and how long it took."""
    counts = [
        f"{number} {kind.value}{'s' if number != 1 else ''}"
        for kind in Severity
        for number in (sum(one.severity is kind for one in findings),)
    ]
    return ", ".join((f"{len(files)} template{'s' if len(files) != 1 else ''}", *counts, f"{seconds:.1f} s"))


def shown(file: str) -> str:
    """The path as people say it from where they are: relative when it is below the working folder."""
    absolute, here = Path(file).resolve(), Path.cwd().resolve()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else file


def _sentence(one: Finding) -> str:
    return f"{f'{one.logical_id}: ' if one.logical_id else ''}{one.message}{f' (when {one.when})' if one.when else ''}"
