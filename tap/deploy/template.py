"""A template as CloudFormation holds it, read back: YAML with short-form intrinsics, or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 as CloudFormation reads it: ``!Ref X`` is ``{"Ref": "X"}``, and a date stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix in {"Ref", "Condition"}:
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def parse(body: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """The template in ``body``: what ``GetTemplate`` answers (text for YAML, a mapping for JSON) or a file's
    text.

    Intrinsics come out in their long form. A text that is no mapping gives an empty template: what is
    compared with it then counts as new.
    """
    if isinstance(body, Mapping):
        return body
    loaded = json.loads(body) if body.lstrip().startswith("{") else yaml.load(body, Loader=_Loader)
    return loaded if isinstance(loaded, dict) else {}
