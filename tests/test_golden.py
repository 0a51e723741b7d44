"""What is committed in out/ is what synth writes now."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap import project, synth
from tap.linker import LAYOUTS
from tests.cloudformation_yaml import load_yaml

REMEDY = "Run: python generate.py synth, and commit out/."
SYSTEMS = synth.system_names()


@pytest.fixture(scope="module")
def emitted() -> dict[str, str]:
    """The text of every file that synth writes, by its path in out/."""
    return {file.path: file.text for name in SYSTEMS for file in synth.emit(synth.load(name))}


def test_out_is_what_synth_writes(emitted: dict[str, str]) -> None:
    files = [synth.Emitted(path, text) for path, text in emitted.items()]
    changes = synth.differences(files, project.OUT, SYSTEMS, LAYOUTS)
    stale = [f"{change.state}: {change.path}" for change in changes]
    assert not stale, "\n".join([f"{len(stale)} files in out/ are stale. {REMEDY}", *stale])


def test_out_holds_these_very_bytes_and_nothing_else(emitted: dict[str, str]) -> None:
    """Line ends included; no file of a system, tier or environment that is no more."""
    committed = {path.relative_to(project.OUT).as_posix(): path for path in project.OUT.rglob("*") if path.is_file()}
    left = sorted(set(committed) - set(emitted))
    assert not left, f"nothing writes {', '.join(left)} in out/. Remove it, or have synth write it."
    other = [path for path, text in emitted.items() if committed[path].read_bytes() != text.encode()]
    assert not other, f"{', '.join(other)}: not the bytes that synth writes. {REMEDY}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_yaml_and_json_say_the_same(system: str, emitted: dict[str, str]) -> None:
    pairs = [path.removesuffix(".yaml") for path in emitted if path.startswith(f"{system}/") and path.endswith(".yaml")]
    assert f"{system}/stack" in pairs
    for path in pairs:
        assert load_yaml(emitted[f"{path}.yaml"]) == json.loads(emitted[f"{path}.json"]), path


@pytest.mark.parametrize("system", SYSTEMS)
def test_all_layouts_have_the_same_resources(system: str, emitted: dict[str, str]) -> None:
    """The same logical ids of the same types, each once: an operator may compare and move between layouts."""

    def resources(folder: str) -> list[tuple[str, Any]]:
        paths = [path for path in emitted if path.startswith(f"{system}/{folder}") and path.endswith(".json")]
        bodies = [json.loads(emitted[path])["Resources"] for path in paths if not path.endswith("/root.json")]
        return sorted((name, each["Type"]) for body in bodies for name, each in body.items())

    assert resources("tiers/") == resources("nested/") == resources("stack.json")
