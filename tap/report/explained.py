"""What the checks explain of a template: who reaches whom, who may do what, what is encrypted, what was required.

They look at one case of a template, that of given parameters: here those of the last environment, which is the one that
matters most. The sections are the checks' own (``tap/check/explain``); a table without rows is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tap import project
from tap.check.explain import requirements
from tap.check.explain.run import KINDS, explain
from tap.check.load import parse
from tap.check.model import Model
from tap.check.run import own_region
from tap.document import Told
from tap.model import SUFFIX
from tap.report.section import Section


def sections(told: Told, text: str, environment: str, *, whole: bool = True, edge: str = "") -> Iterator[Section]:
    """The explanations of a template from its text, with the parameters of an environment (empty: the defaults).

    Requirements are about the ``whole`` of a system, its ``edge`` included, and only there where its rows are written
    down.
    """
    values = {SUFFIX: environment, **told.environments[environment]} if environment else {}
    model = Model(parse(text), told.region, values)
    beside = parse(edge) if edge else None
    for kind in KINDS:
        if kind == "requirements" and not (whole and _rows(told.name)):
            continue
        found = explain(kind, model, Model(beside, own_region(beside)) if beside else None)
        tables = tuple(table for table in found.tables if table.rows)
        if tables:
            case = f" With the parameters of {environment}." if environment else ""
            yield replace(found, says=f"{found.says}{case}", tables=tables)


def _rows(system: str) -> bool:
    return (project.ROOT / requirements.FOLDER / f"{system}.toml").is_file()
