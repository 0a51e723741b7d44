"""The resource types' schemas that cfn-lint brings along, read one by one where they are needed (cfn-lint itself is not
imported). Where it is not installed, nothing is known."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_NEWEST = "us-east-1"


@dataclass(frozen=True)
class Attributes:
    """``read_only``: what a type returns, dots leading into nested ones; ``everything``: its properties' names."""

    read_only: frozenset[str]
    everything: frozenset[str]
    required: frozenset[str]


@cache
def attributes(resource_type: str) -> Attributes | None:
    """What is known of a type; None where there is no schema for it."""
    file = _files().get(resource_type)
    if file is None:
        return None
    try:
        schema = json.loads((_folder() / "resources" / f"{file}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    paths = (str(one).removeprefix("/properties/") for one in schema.get("readOnlyProperties", ()))
    read_only = frozenset(path.replace("/", ".") for path in paths)
    properties = schema.get("properties", {})
    return Attributes(read_only, frozenset(properties), frozenset(schema.get("required", ())))


@cache
def runtimes() -> Mapping[str, Mapping[str, Any]]:
    """Lambda's runtimes, with the days on which they are deprecated and blocked (``create-block``)."""
    try:
        file = _folder().parent / "AdditionalSpecs" / "LmbdRuntimeLifecycle.json"
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _folder() -> Path:
    found = importlib.util.find_spec("cfnlint")
    return Path(found.origin).parent / "data" / "schemas" if found and found.origin else Path()


@cache
def _files() -> Mapping[str, Any]:
    try:
        found = json.loads((_folder() / "providers" / f"{_NEWEST}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
