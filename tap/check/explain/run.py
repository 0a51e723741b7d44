"""From the command line's words to explanations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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


def explain(kind: str, model: Model, edge: Model | None = None) -> Section:
    """One explanation of a template; ``edge`` is that of the system's edge, which requirements may be shown by.

    Requirements are about all cases of a template: that of the given parameters comes first. Raises UnreadableError
    where a template has no requirements to be held against.
    """
    if kind != "requirements":
        return _OF_A_WORLD[kind](model.worlds[0])
    system = fields(fields(model.template.get("Metadata")).get("Template")).get("System")
    if not isinstance(system, str):
        raise UnreadableError(f"{model.document.path} does not say of which system it is (Metadata.Template.System).")
    rows = requirements.read(project.ROOT / requirements.FOLDER / f"{system}.toml")
    worlds = [*model.worlds, *(replace(model, given={}).worlds if model.given else ())]
    return requirements.explain(rows, worlds, edge.worlds if edge else ())


def of_files(
    kind: str, files: Sequence[Path], *, region: str | None, given: Mapping[str, str]
) -> list[tuple[str, Section]]:
    """An explanation of each file."""
    found = []
    for file in files:
        document = read(file)
        model = Model(document, region or own_region(document), given)
        found.append((str(file), explain(kind, model, _edge(file) if kind == "requirements" else None)))
    return found


def _edge(file: Path) -> Model | None:
    """The edge's template beside a system's whole stack, if there is one."""
    path = file.with_name(f"edge{file.suffix}")
    if file.stem != "stack" or not path.is_file():
        return None
    document = read(path)
    return Model(document, own_region(document))
