"""From the command line's words to explanations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tap import project
from tap.check.explain import encryption, grants, paths, requirements
from tap.check.load import UnreadableError, read
from tap.check.model import Model, World
from tap.check.run import own_region
from tap.check.values import fields
from tap.report.section import Section

KINDS = ("paths", "grants", "encryption", "requirements")
_OF_A_WORLD: Mapping[str, Callable[[World], Section]] = {
    "paths": paths.explain,
    "grants": grants.explain,
    "encryption": encryption.explain,
}


def explain(kind: str, model: Model) -> Section:
    """One explanation of a template. Raises UnreadableError where a template has no requirements to be held against."""
    if kind != "requirements":
        return _OF_A_WORLD[kind](model.worlds[0])
    system = fields(fields(model.template.get("Metadata")).get("Template")).get("System")
    if not isinstance(system, str):
        raise UnreadableError(f"{model.document.path} does not say of which system it is (Metadata.Template.System).")
    rows = requirements.read(project.ROOT / requirements.FOLDER / f"{system}.toml")
    return requirements.explain(rows, model.worlds)


def of_files(
    kind: str, files: Sequence[Path], *, region: str | None, given: Mapping[str, str]
) -> list[tuple[str, Section]]:
    """An explanation of each file."""
    found = []
    for file in files:
        document = read(file)
        found.append((str(file), explain(kind, Model(document, region or own_region(document), given))))
    return found
