"""What is known of a stack while it is watched: its resources' sentences, tiers and what they wait for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap.deploy.mask import Mask
from tap.references import find, of_resource


@dataclass(frozen=True)
class Part:
    """A resource: what the template says of it, and the other resources that it waits for.

    ``served_by`` is the logical id of a custom resource's function; ``logs_in`` what a function names as its log group,
    or the logical id of that.
    """

    type: str
    tier: str = ""
    sentence: str = ""
    waits_for: frozenset[str] = frozenset()
    served_by: str = ""
    logs_in: str = ""


@dataclass(frozen=True)
class Subject:
    """A stack that an operation changes. ``parts`` are its resources, those of nested stacks too, by logical id.

    ``expected`` says of those that the operation will touch, where that is known, what it does to them (``CREATE``,
    ``UPDATE``, ``DELETE``, by logical id); ``usual`` are the seconds that each of them took the last time. ``mask``
    hides what must not be shown of the reasons of its events.
    """

    stack_name: str
    parts: Mapping[str, Part] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)
    mask: Mask = field(default=Mask(), repr=False)

    def part(self, logical_id: str) -> Part:
        """What is known of a resource; an empty one, if nothing is."""
        return self.parts.get(logical_id, UNKNOWN)


UNKNOWN = Part("")

_DONE = {"Add": "CREATE", "Remove": "DELETE", "Import": "IMPORT"}


def does(action: str) -> str:
    """What an operation does to a resource whose change has this ``Action``: the beginning of its status."""
    return _DONE.get(action, "UPDATE")


def subject(
    stack_name: str, templates: Iterable[Mapping[str, Any]], expected: Mapping[str, str] | None = None
) -> Subject:
    """The subject that templates tell of: a stack's own, and those of the stacks nested in it."""
    parts = {}
    for template in templates:
        parts.update(parts_of(template))
    return Subject(stack_name, parts, expected or {})


def parts_of(template: Mapping[str, Any]) -> dict[str, Part]:
    """The resources of a template by logical id."""
    resources = template.get("Resources", {})
    found = {}
    for logical_id, body in resources.items():
        about = body.get("Metadata") or {}
        waits = {use.reference.name for use in of_resource(body, ())} & set(resources)
        found[logical_id] = Part(
            str(body.get("Type", "")),
            str(about.get("Tier", "")),
            str(about.get("Description", "")),
            frozenset(waits - {logical_id}),
            _named(body, "ServiceToken"),
            _named(body, "LoggingConfig", "LogGroup"),
        )
    return found


def _named(body: Mapping[str, Any], *path: str) -> str:
    """What a property names: a text as it is, or the first logical id that it refers to."""
    found: Any = body.get("Properties")
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    uses = list(find(found)) if isinstance(found, dict) else []
    return found if isinstance(found, str) else uses[0].reference.name if uses else ""
