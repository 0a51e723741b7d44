"""What a rule is, what it finds, and how rules are found."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import ClassVar

from tap.check.model import Resource, World


class Severity(Enum):
    """In SARIF's words. ``ERROR``: the deployment fails. ``WARNING``: it deploys and misbehaves. ``NOTE``: advice."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Found:
    """A fault, as a rule tells of it. ``place`` leads to it from the template's top."""

    logical_id: str
    place: tuple[str, ...]
    message: str
    advice: str = ""


def at(resource: Resource, *steps: str | int, says: str, advice: str = "") -> Found:
    """A fault in a resource's properties, at ``steps`` below ``Properties`` (none: the resource as a whole)."""
    below = ("Properties", *map(str, steps)) if steps else ()
    return Found(resource.logical_id, ("Resources", resource.logical_id, *below), says, advice)


def beside(resource: Resource, attribute: str, *, says: str, advice: str = "") -> Found:
    """A fault in an attribute of a resource: ``DependsOn``, ``DeletionPolicy``, …"""
    return Found(resource.logical_id, ("Resources", resource.logical_id, attribute), says, advice)


class Rule(ABC):
    """One kind of fault. A subclass with an ``id`` in any module of ``tap.check.rules`` is a rule, found by itself.

    ``severity`` is what its findings are, ``source`` the AWS document or API model that it rests on, ``advice`` what to
    do where a finding does not say it. A rule keeps nothing between worlds.
    """

    id: ClassVar[str] = ""
    title: ClassVar[str] = ""
    severity: ClassVar[Severity] = Severity.ERROR
    description: ClassVar[str] = ""
    source: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    @abstractmethod
    def check(self, world: World) -> Iterator[Found]:
        """What is wrong in this world."""


class ResourceRule(Rule):
    """A rule that looks at each resource of some types."""

    types: ClassVar[tuple[str, ...]] = ()

    def check(self, world: World) -> Iterator[Found]:
        """What is wrong with any resource of these types."""
        for resource in world.of_type(*self.types):
            yield from self.check_resource(resource, world)

    @abstractmethod
    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """What is wrong with this one."""


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, by id. Raises ValueError when two have the same id, which is a fault of this program."""
    from tap.check import rules as package

    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    found: dict[str, Rule] = {}
    todo: list[type[Rule]] = [*Rule.__subclasses__()]
    while todo:
        one = todo.pop()
        todo += one.__subclasses__()
        if one.id and one.__module__.startswith(f"{package.__name__}."):
            if one.id in found:
                raise ValueError(f"two rules have the id {one.id}: {type(found[one.id]).__name__}, {one.__name__}")
            found[one.id] = one()
    return tuple(found[key] for key in sorted(found))
