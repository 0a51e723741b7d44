"""Repair: numbers that arrive as text.

``Ref`` of a parameter of the type ``Number`` gives text. CloudFormation makes a number of it where the resource's
schema says ``integer``; MiniStack hands it to its ECS as it is, which then compares text with numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services.cloudformation import provisioners

from tap.local.extension.registry import Made, Properties

SERVICE = "AWS::ECS::Service"
INTEGERS = frozenset(
    {"Base", "Weight", "DesiredCount", "HealthCheckGracePeriodSeconds", "MaximumPercent", "MinimumHealthyPercent"}
)
"""The properties of a service that are integers, at any depth (the schema of ``AWS::ECS::Service``)."""


def repair() -> None:
    """Hand numbers to MiniStack's ECS services as numbers."""
    handler = provisioners._RESOURCE_HANDLERS[SERVICE]
    handler["create"] = partial(_created, handler["create"])
    handler["update"] = partial(_updated, handler["update"])


def _created(create: Callable[..., Made], logical_id: str, properties: Properties, *more: Any) -> Made:
    return create(logical_id, _numbers(properties), *more)


def _updated(update: Callable[..., Made], physical_id: str, old: Properties, new: Properties, *more: Any) -> Made:
    return update(physical_id, _numbers(old), _numbers(new), *more)


def _numbers(node: Any, name: str = "") -> Any:
    if isinstance(node, dict):
        return {key: _numbers(value, key) for key, value in node.items()}
    if isinstance(node, list):
        return [_numbers(item) for item in node]
    return int(node) if name in INTEGERS and isinstance(node, str) and node.isdecimal() else node
