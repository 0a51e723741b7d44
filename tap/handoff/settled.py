"""A template as it comes out in one environment: conditions decided, names resolved as far as parameters decide them.

Pure. What only the account knows stays: a condition that cannot be decided keeps both its ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap.deploy.parameters import effective, secrets
from tap.deploy.resolve import GONE, Scope, Unresolved, resolve


@dataclass(frozen=True)
class Settled:
    """A template in an environment. ``body`` has no ``Fn::If`` left that the environment's parameters decide."""

    body: Mapping[str, Any]
    scope: Scope

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources that are there, or may be."""
        found: Mapping[str, Mapping[str, Any]] = self.body["Resources"]
        return found

    def of_type(self, *types: str) -> dict[str, Mapping[str, Any]]:
        """The resources of some types, by logical id."""
        return {name: one for name, one in self.resources.items() if one["Type"] in types}

    def text(self, value: Any) -> str:
        """A value as text; empty where it cannot be known before the stack is there."""
        found = resolve(value, self.scope)
        return "" if found is None or found is GONE or isinstance(found, Unresolved | list | dict) else str(found)

    def property(self, name: str, key: str) -> str:
        """A property of a resource as text, as :meth:`text` has it."""
        return self.text(self.resources[name].get("Properties", {}).get(key))


def settled(body: Mapping[str, Any], values: Mapping[str, str], region: str, stack: str) -> Settled:
    """The template with these parameters, in this region, as the stack of this name."""
    declared = body.get("Parameters", {})
    partition = {"AWS::Region": region, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
    pseudo = {**partition, "AWS::StackName": stack, "AWS::AccountId": "$ACCOUNT"}
    scope = Scope(body, effective(declared, values), pseudo, secrets(declared))
    resources = {}
    for name, one in body["Resources"].items():
        holds = scope.holds(one["Condition"]) if "Condition" in one else True
        if holds is False:
            continue
        kept = one if holds is None else {key: value for key, value in one.items() if key != "Condition"}
        resources[name] = _decided(kept, scope)
    return Settled({**body, "Resources": resources}, scope)


def _decided(node: Any, scope: Scope) -> Any:
    if isinstance(node, list):
        return [_decided(each, scope) for each in node]
    if not isinstance(node, Mapping):
        return node
    if set(node) == {"Fn::If"}:
        name, yes, no = node["Fn::If"]
        holds = scope.holds(name)
        if holds is not None:
            return _decided(yes if holds else no, scope)
    return {key: _decided(value, scope) for key, value in node.items()}
