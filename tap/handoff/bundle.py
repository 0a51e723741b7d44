"""A bundle's files, from what was emitted for a system. Reads ``out``; writes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tap.deploy.parameters import effective, taken
from tap.deploy.source import (
    FILLED_IN,
    StackSource,
)
from tap.handoff import changes, forms, runbook
from tap.handoff.archive import CHECKSUMS, MANIFEST, File, checksums
from tap.handoff.contents import POLICY, SETTINGS, Contents
from tap.handoff.manifest import manifest, template_path
from tap.handoff.version import Version

SCRIPTS = Path(__file__).parent / "scripts"
_EXECUTABLE = ("deploy.sh", "delete.sh")


def files(contents: Contents, version: Version, told: changes.Told, pages: Mapping[str, str]) -> dict[str, File]:
    """All files of a bundle, its manifest and checksums among them.

    ``told`` is what is known of the version before; ``pages`` are more files to go with it, by path (the report).
    """
    found = {
        **dict(_templates(contents)),
        **dict(_parameters(contents)),
        **dict(_guards(contents)),
        **dict(_scripts()),
        **{path: File(text) for path, text in pages.items()},
    }
    about = manifest(version, contents.layouts, contents.edge, contents.values)
    found[MANIFEST] = File(_pretty(about))
    found["CHANGES.md"] = File(changes.page(contents.whole, version, told))
    for path, text in runbook.pages(contents, version).items():
        found[path] = File(text)
    found[CHECKSUMS] = File(checksums(found))
    return found


def _templates(contents: Contents) -> Iterator[tuple[str, File]]:
    """Templates as people read them (YAML), and compact (JSON)."""
    sources = [*contents.layouts.values(), *([contents.edge] if contents.edge else [])]
    for stack in (each for source in sources for each in source.stacks):
        yield template_path(stack), File(stack.body)
        yield template_path(stack, ".json"), File(_compact(stack.template))
        for child in stack.children:
            path = f"templates/nested/{child.name}"
            yield path, File(child.body)
            yield path.removesuffix(".yaml") + ".json", File(_compact(child.template))


def _parameters(contents: Contents) -> Iterator[tuple[str, File]]:
    """Parameters in the forms of the AWS CLI, of CodePipeline and of Git sync."""
    for name, values in contents.values.items():
        policy = contents.guards(name)
        yield f"parameters/{name}.json", File(_rows(values))
        for each in contents.layouts["tiers"].stacks:
            own = taken(each.parameters, values)
            yield f"parameters/tiers/{name}/{each.path.stem}.json", File(_rows(own))
            yield from _elsewhere(f"tiers/{name}/{each.path.stem}", each, own, policy)
        yield from _elsewhere(name, contents.whole, values, policy)
        if contents.edge:
            edge, of_edge = contents.edge.stacks[0], contents.edge_values[name]
            yield f"parameters/edge/{name}.json", File(_rows(of_edge))
            yield from _elsewhere(f"edge/{name}", edge, of_edge, policy)


def _elsewhere(
    path: str, stack: StackSource, values: Mapping[str, str], policy: Mapping[str, Any]
) -> Iterator[tuple[str, File]]:
    of_stack = forms.tags(stack.template, effective(stack.parameters, values))
    yield f"codepipeline/{path}.json", File(forms.template_configuration(values, of_stack, policy))
    yield f"git-sync/{path}.yaml", File(forms.deployment_file(template_path(stack), values, of_stack))


def _guards(contents: Contents) -> Iterator[tuple[str, File]]:
    if contents.policy:
        yield POLICY, File(_pretty(contents.policy))
    for name, settings in contents.settings.items():
        yield f"{SETTINGS}/{name}.json", File(_pretty(settings))


def _scripts() -> Iterator[tuple[str, File]]:
    for path in sorted(SCRIPTS.rglob("*")):
        if path.is_file():
            name = path.relative_to(SCRIPTS).as_posix()
            yield name, File(path.read_text("utf-8"), name in _EXECUTABLE)


def _rows(values: Mapping[str, str]) -> str:
    """A parameter file, as ``aws cloudformation create-change-set --parameters file://…`` takes it."""
    rows = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items() if key not in FILLED_IN]
    return "[\n" + ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows) + "\n]\n"


def _pretty(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _compact(content: object) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"
