"""The systems whose pictures and pages the tests look at: those of the project, and the fifth."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from tap import synth
from tap.report.picture.model import Scene
from tap.report.picture.scene import scene
from tests import fifth_system

NAMES = [*synth.system_names(), fifth_system.NAME]


@functools.cache
def files(name: str) -> Mapping[str, str]:
    """The files of a system in the layout ``stack``, by their paths in its folder."""
    system = fifth_system.system() if name == fifth_system.NAME else synth.load(name)
    return {file.path.partition("/")[2]: file.text for file in synth.emit(system, ("stack",))}


@functools.cache
def body(name: str) -> Mapping[str, Any]:
    """The template of a system."""
    found: Mapping[str, Any] = json.loads(files(name)["stack.json"])
    return found


@functools.cache
def scene_of(name: str) -> Scene:
    """What the picture of a system shows."""
    edge = files(name).get("edge.json")
    found = scene(body(name), json.loads(edge) if edge else None)
    assert found
    return found
