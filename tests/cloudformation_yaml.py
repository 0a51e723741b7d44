"""A reader of YAML as CloudFormation reads it; it knows nothing of the writer, and refuses what people trip over."""

from __future__ import annotations

from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 with CloudFormation's tags; a key that stands twice, an anchor and an unquoted date are errors."""


def load_yaml(text: str) -> dict[str, Any]:
    """The template in ``text``, its intrinsics in long form: ``!GetAtt A.B`` is ``{"Fn::GetAtt": ["A", "B"]}``.

    Raises yaml.YAMLError for text that is no YAML, a key that stands twice in its map, an alias, or an unquoted date.
    """
    if any(isinstance(token, yaml.AliasToken | yaml.AnchorToken) for token in yaml.scan(text, Loader=yaml.CSafeLoader)):
        raise yaml.YAMLError("an anchor or an alias: the template is to be read from top to bottom")
    body = yaml.load(text, Loader=_Loader)
    if not isinstance(body, dict):
        raise yaml.YAMLError("not a map")
    return body


def _map(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is no text", key_node.start_mark)
        if key in result:
            raise yaml.constructor.ConstructorError(None, None, f"{key} stands twice", key_node.start_mark)
        result[key] = loader.construct_object(value_node, deep=True)
    return result


def _date(loader: _Loader, node: yaml.ScalarNode) -> Any:
    raise yaml.constructor.ConstructorError(None, None, f"{node.value} reads as a date", node.start_mark)


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    argument: Any
    if isinstance(node, yaml.ScalarNode):
        argument = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        argument = _map(loader, node)
    if suffix in {"Ref", "Condition"}:
        return {suffix: argument}
    if suffix == "GetAtt" and isinstance(argument, str):
        argument = argument.split(".", 1)
    return {f"Fn::{suffix}": argument}


_Loader.add_constructor("tag:yaml.org,2002:map", _map)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date)
_Loader.add_multi_constructor("!", _intrinsic)
