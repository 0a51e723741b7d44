"""Reading a template, YAML or JSON, with the line on which each thing stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tap.errors import TapError

Place = tuple[str, ...]

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_INT, _FLOAT, _BOOL, _NULL, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null", "merge"))
_LONGEST_LINE = 200

DEEPEST = 100
"""So deep a template may be nested: far deeper than any that CloudFormation is given."""

_MOST_PARTS = 500_000
"""So many parts a template may have once its aliases are followed: far more than stand in the megabyte it may have."""


class UnreadableError(TapError):
    """A file that is no template that can be read."""

    exit_code = 2


@dataclass(frozen=True)
class Document:
    """A template as plain data, intrinsics in their long form, and where its parts stand.

    ``lines`` has line and column (from 1) of each key and item by its path; empty where they could not be told.
    ``repeated`` are the places of keys that stand twice in one mapping (the last one counts).
    """

    path: str
    template: Mapping[str, Any]
    lines: Mapping[Place, tuple[int, int]] = field(default_factory=dict, repr=False)
    repeated: tuple[Place, ...] = ()

    def line(self, place: Place) -> tuple[int, int]:
        """Line and column of a place, or of the nearest thing around it that has one."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return (1, 1)


def read(path: Path) -> Document:
    """The template in a file. Raises UnreadableError, which says what is wrong and where."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UnreadableError(f"there is no file {path}.") from None
    except IsADirectoryError:
        raise UnreadableError(f"{path} is a folder, not a template.") from None
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path} is no text in UTF-8 (byte {error.start}).") from None
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}.") from None
    return parse(text, str(path))


def parse(text: str, path: str = "template") -> Document:
    """The template in a text. Raises UnreadableError."""
    if text.lstrip().startswith("{"):
        return _json(text, path)
    return _yaml(text, path)


def _yaml(text: str, path: str) -> Document:
    reader = Reader()
    try:
        template = reader.construct(composed(text), ())
    except yaml.YAMLError as error:
        raise UnreadableError(f"{path} is no YAML: {_told(error)}") from None
    except ShapeError as error:
        raise UnreadableError(f"{path}: {error}") from None
    return Document(path, _checked(template, path), reader.lines, tuple(reader.repeated))


def composed(text: str) -> yaml.Node | None:
    """The YAML in a text as nodes. Raises yaml.YAMLError, and ShapeError for one that is nested too deeply."""
    if _may_be_deep(text):
        # libyaml composes by recursion, and its stack ends in a fault that no handler catches; its events are flat.
        depth = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise ShapeError(f"nested more than {DEEPEST} deep.")
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def measure(text: str) -> None:
    """Nothing, where a text can be walked through as a template.

    Raises yaml.YAMLError or ValueError for what is neither YAML nor JSON, and ShapeError for what is nested too deeply,
    contains itself, or is too large once its aliases are followed.
    """
    try:
        Reader().construct(composed(text.replace("\t", " ") if text.lstrip().startswith("{") else text), ())
    except yaml.YAMLError:
        if not text.lstrip().startswith("{"):
            raise
        json.loads(text)  # JSON has escapes that YAML has not, and no aliases


def _may_be_deep(text: str) -> bool:
    """Whether the brackets or the indentation of a text leave it open that it is nested too deeply; a quick look."""
    if re.search(rf"^[ \-?:]{{{DEEPEST},}}", text, re.MULTILINE):
        return True
    depth = deepest = 0
    for bracket in re.findall(r"[\[{]|[\]}]", text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest > DEEPEST


def _json(text: str, path: str) -> Document:
    repeated: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in found]
        repeated.extend(key for key in dict.fromkeys(keys) if keys.count(key) > 1)
        return dict(found)

    try:
        template = json.loads(text, object_pairs_hook=pairs)
    except ValueError as error:
        # CloudFormation takes YAML's flow style, which begins with a brace too.
        try:
            return _yaml(text, path)
        except UnreadableError as other:
            raise (
                UnreadableError(f"{path} is no JSON: {error}.") if " is no YAML: " in str(other) else other
            ) from None
    except RecursionError:
        raise UnreadableError(f"{path}: nested more than {DEEPEST} deep.") from None
    reader = Reader()
    try:
        # JSON is YAML but for tabs (which JSON has only between tokens) and some escapes; then there are no lines.
        reader.construct(composed(text.replace("\t", " ")), ())
    except yaml.YAMLError:
        reader = Reader()
    except ShapeError as error:
        raise UnreadableError(f"{path}: {error}") from None
    return Document(path, _checked(template, path), reader.lines, tuple((key,) for key in repeated))


def _checked(template: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(template, dict) or not template:
        raise UnreadableError(f"{path} is no CloudFormation template: it is not a mapping with Resources.")
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        raise UnreadableError(f"{path} is no CloudFormation template: it has no Resources.")
    for section in ("Parameters", "Mappings", "Conditions", "Outputs", "Rules"):
        if template.get(section) is not None and not isinstance(template[section], dict):
            raise UnreadableError(f"{path}: {section} is not a mapping.")
    for key, body in resources.items():
        if not str(key).startswith("Fn::") and not isinstance(body, dict):
            raise UnreadableError(f"{path}: Resources.{key} is not a mapping.")
    return template


class ShapeError(Exception):
    """A node that cannot be data."""


class Reader:
    """Makes plain data of YAML nodes as CloudFormation reads them, and notes where they stand."""

    def __init__(self) -> None:
        self.lines: dict[Place, tuple[int, int]] = {}
        self.repeated: list[Place] = []
        self._open: set[int] = set()
        self._parts = 0

    def construct(self, node: yaml.Node | None, place: Place) -> Any:
        """What a node is as data; its parts' lines are noted below ``place``."""
        if node is None:
            return None
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ShapeError(f"its aliases make more than {_MOST_PARTS:,} parts of it.")
        if place not in self.lines:
            self.lines[place] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if len(self._open) > DEEPEST:
            raise ShapeError(f"line {node.start_mark.line + 1}: nested more than {DEEPEST} deep.")
        if id(node) in self._open:
            raise ShapeError(f"line {node.start_mark.line + 1}: an alias refers to what it stands in.")
        tag = node.tag
        if tag.startswith("!") and len(tag) > 1:
            return self._intrinsic(tag[1:], node, place)
        self._open.add(id(node))
        try:
            return self._plain(node, place)
        finally:
            self._open.discard(id(node))

    def _plain(self, node: yaml.Node, place: Place) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.construct(item, (*place, str(index))) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in sources:
                    merged = self.construct(source, place)
                    if isinstance(merged, dict):
                        found = {**merged, **found}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise ShapeError(f"line {key_node.start_mark.line + 1}: a key is no text.")
            key = str(key_node.value)
            here = (*place, key)
            if here in self.lines and key in found:
                self.repeated.append(here)
            self.lines[here] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            found[key] = self.construct(value_node, here)
        return found

    def _intrinsic(self, name: str, node: yaml.Node, place: Place) -> dict[str, Any]:
        self._open.add(id(node))
        try:
            key = name if name in {"Ref", "Condition"} else f"Fn::{name}"
            here = (*place, key)
            self.lines.setdefault(here, (node.start_mark.line + 1, node.start_mark.column + 1))
            if isinstance(node, yaml.ScalarNode):
                value: Any = str(node.value)
            elif isinstance(node, yaml.SequenceNode):
                value = [self.construct(item, (*here, str(index))) for index, item in enumerate(node.value)]
            elif isinstance(node, yaml.MappingNode):
                value = self._mapping(node, here)
        finally:
            self._open.discard(id(node))
        if name == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {key: value}


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if node.tag == _NULL:
        return None
    if node.tag == _BOOL:
        return _BOOLEANS.get(text.lower(), text)
    if node.tag in {_INT, _FLOAT}:
        return _number(text)
    return text


def _number(text: str) -> Any:
    plain = text.replace("_", "")
    try:
        if _octal(plain):
            return int(plain, 8)
        return int(plain, 0) if plain.lstrip("+-").lower().startswith(("0x", "0b")) else int(plain)
    except ValueError:
        try:
            return float(plain)
        except ValueError:
            return text


def _octal(text: str) -> bool:
    # YAML 1.1 reads 0755 as an octal number.
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits.startswith("0") and digits.isdigit() and not set(digits) & {"8", "9"}


def _told(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = " ".join(str(getattr(error, "problem", None) or error).split())[:_LONGEST_LINE]
    return f"{problem}, line {mark.line + 1}, column {mark.column + 1}." if mark else f"{problem}."
