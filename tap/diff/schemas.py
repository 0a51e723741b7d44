"""Which properties replace a resource when they change, from the provider schemas that cfn-lint brings along.

cfn-lint keeps them as data: ``data/schemas/providers/REGION.json`` names a file in ``data/schemas/resources`` for each
type. They are read directly, one file a type, because importing cfn-lint takes a second and reading these takes
milliseconds. What the keys mean: CloudFormation CLI user guide, "Resource type schema".
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tap.errors import TapError

FALLBACK_REGION = "us-east-1"

Pointer = tuple[str, ...]
"""The steps below ``Properties``; ``*`` is any item of a list or any key."""

_FIRMER: Mapping[tuple[str, Pointer], str] = {
    # UpdateTable has no parameter for the table's own keys (DynamoDB API reference), so that what the schema calls
    # conditional is not.
    ("AWS::DynamoDB::Table", ("KeySchema",)): "always",
}


@dataclass(frozen=True)
class Rules:
    """What replaces a resource of one type.

    ``identifier`` are the properties that give its name and can be written; ``tags`` the property that holds its tags.
    ``frozen``: the service cannot update it at all. ``deletes_first``: CloudFormation deletes the old one before it
    makes the new one.
    """

    always: frozenset[Pointer] = frozenset()
    may: frozenset[Pointer] = frozenset()
    tags: str = "Tags"
    identifier: tuple[str, ...] = ()
    frozen: bool = False
    frozen_tags: bool = False
    deletes_first: bool = False

    def recreation(self, name: str, inner: Pointer, before: Any, after: Any) -> str:
        """``"always"``, ``"may"`` or ``""`` for a change below the property ``name``.

        ``inner`` are the steps below it (an index or label for an item of a list); ``before`` and ``after`` what
        stands there, with anything below.
        """
        if (self.frozen_tags and name == self.tags) or (self.frozen and name != self.tags):
            return "always"
        steps = (name, *inner)
        for strength, pointers in (("always", self.always), ("may", self.may)):
            if any(_touches(pointer, steps, before, after) for pointer in pointers):
                return strength
        return ""


def _touches(pointer: Pointer, steps: Pointer, before: Any, after: Any) -> bool:
    for wanted, step in zip(pointer, steps, strict=False):
        if wanted not in {"*", step}:
            return False
    rest = pointer[len(steps) :]
    return not rest or list(_at(before, rest)) != list(_at(after, rest))


def _at(value: Any, rest: Pointer) -> Iterator[Any]:
    """What stands at ``rest`` below ``value``, for each item that a ``*`` stands for."""
    if not rest:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _at(item, rest[1:] if rest[0] == "*" else rest)
    elif isinstance(value, Mapping):
        for key in value if rest[0] == "*" else [rest[0]] if rest[0] in value else []:
            yield from _at(value[key], rest[1:])


class Schemas:
    """The provider schemas of a folder, read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, Rules | None] = {}
        self._files: dict[str, str] | None = None

    def rules(self, type_name: str) -> Rules | None:
        """The rules of a resource type; None for a type without a schema (a private or third-party one, a module)."""
        if type_name not in self._known:
            self._known[type_name] = self._read(type_name)
        return self._known[type_name]

    def types(self) -> frozenset[str]:
        """Every type that has a schema."""
        return frozenset(self._index())

    def _index(self) -> dict[str, str]:
        if self._files is None:
            path = self.folder / "providers" / f"{FALLBACK_REGION}.json"
            try:
                self._files = json.loads(path.read_bytes())
            except (OSError, ValueError) as error:
                raise TapError(
                    f"the resource schemas of cfn-lint cannot be read ({error}). "
                    "Set up the environment anew: make clean synth"
                ) from None
        return self._files or {}

    def _read(self, type_name: str) -> Rules | None:
        name: str | None = self._index().get(type_name)
        if name is None:
            return None
        try:
            schema = json.loads((self.folder / "resources" / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return rules_of(type_name, schema)


def rules_of(type_name: str, schema: Mapping[str, Any]) -> Rules:
    """The rules that a provider schema amounts to."""
    always, may = (
        {_pointer(text) for text in schema.get(key, ())}
        for key in ("createOnlyProperties", "conditionalCreateOnlyProperties")
    )
    for (firm_type, pointer), strength in _FIRMER.items():
        if firm_type == type_name and strength == "always":
            always.add(pointer)
    read_only = {_pointer(text) for text in schema.get("readOnlyProperties", ())}
    named = [_pointer(text) for text in schema.get("primaryIdentifier", ())]
    tagging = schema.get("tagging") or {}
    handlers = schema.get("handlers")
    return Rules(
        frozenset(always),
        frozenset(may - always),
        tags=(_pointer(tagging.get("tagProperty") or "/properties/Tags") or ("Tags",))[0],
        identifier=() if any(one in read_only for one in named) else tuple(one[0] for one in named if len(one) == 1),
        frozen=isinstance(handlers, Mapping) and bool(handlers) and "update" not in handlers,
        frozen_tags=tagging.get("taggable") is True and tagging.get("tagUpdatable") is False,
        deletes_first=schema.get("replacementStrategy") == "delete_then_create",
    )


def _pointer(text: str) -> Pointer:
    return tuple(text.removeprefix("/properties/").split("/"))


@cache
def bundled() -> Schemas:
    """The schemas of the installed cfn-lint. Raises TapError when it is not installed."""
    found = importlib.util.find_spec("cfnlint")  # finds it without importing it
    if found is None or not found.submodule_search_locations:
        raise TapError("cfn-lint is not installed; its resource schemas say what is replaced. Run: make synth")
    return Schemas(Path(next(iter(found.submodule_search_locations))) / "data" / "schemas")
