"""Which region a template can only be deployed to, where it says so itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.values import each, fields

_ZONE = re.compile(r"([a-z]{2,}(?:-[a-z]+)+-\d)[a-z]")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d")
_ZONE_KEYS = ("AvailabilityZone", "AvailabilityZones")


def said(template: Mapping[str, Any]) -> str:
    """The region that a template is written for; empty where it does not say one.

    ``Metadata.Template.Region``, a literal availability zone of a resource, a rule that asserts the region, or
    mappings that are read by ``AWS::Region`` and know one region only.
    """
    own = fields(fields(template.get("Metadata")).get("Template")).get("Region")
    if isinstance(own, str) and own:
        return own
    for found in (set(_of_zones(template)), set(_asserted(template)), set(_mapped(template))):
        if len(found) == 1:
            return found.pop()
    return ""


def _of_zones(template: Mapping[str, Any]) -> Iterator[str]:
    for body in fields(template.get("Resources")).values():
        properties = fields(fields(body).get("Properties"))
        for key in _ZONE_KEYS:
            for zone in each(properties.get(key)):
                match = _ZONE.fullmatch(zone) if isinstance(zone, str) else None
                if match:
                    yield match[1]


def _asserted(template: Mapping[str, Any]) -> Iterator[str]:
    for rule in fields(template.get("Rules")).values():
        if fields(rule).get("RuleCondition") is not None:
            continue
        for assertion in each(fields(rule).get("Assertions")):
            told = fields(fields(assertion).get("Assert"))
            left, right = [*each(told.get("Fn::Equals")), None, None][:2]
            if {"Ref": "AWS::Region"} in (left, right):
                yield from (one for one in (left, right) if isinstance(one, str))
            values, wanted = [*each(told.get("Fn::Contains")), None, None][:2]
            if wanted == {"Ref": "AWS::Region"}:
                yield from (one for one in each(values) if isinstance(one, str))


def _mapped(template: Mapping[str, Any]) -> Iterator[str]:
    mappings = fields(template.get("Mappings"))
    for name in set(_read_by_region(template.get("Resources"))):
        keys = [str(key) for key in fields(mappings.get(name))]
        if keys and all(_REGION.fullmatch(key) for key in keys):
            yield from keys


def _read_by_region(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _read_by_region(item)
    elif isinstance(node, Mapping):
        argument = node.get("Fn::FindInMap")
        # With a default (a fourth argument) it works in other regions too.
        if isinstance(argument, list) and len(argument) == 3 and argument[1] == {"Ref": "AWS::Region"}:
            yield str(argument[0])
        for value in node.values():
            yield from _read_by_region(value)
