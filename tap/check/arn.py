"""Amazon Resource Names in resolved values: what is known of their parts. Pure.

Source: AWS General Reference, "Amazon Resource Names (ARNs)".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap.check.values import Part, Text, join

_PARTS = 6


@dataclass(frozen=True)
class Arn:
    """The parts of an ARN. Each is a ``str`` where it is known to the last character, else None.

    ``resource`` is what follows the fifth colon: a ``str``, or a :class:`~tap.check.values.Text` where parts of it are
    not known.
    """

    partition: str | None
    service: str | None
    region: str | None
    account: str | None
    resource: str | Text


def parse(value: Any) -> Arn | None:
    """The parts of a value that is surely an ARN; None for any other (a reference, what is not known)."""
    if not isinstance(value, str | Text):
        return None
    fields: list[list[Part]] = [[]]
    for part in value.parts if isinstance(value, Text) else (value,):
        if not isinstance(part, str):
            fields[-1].append(part)
            continue
        pieces = part.split(":", _PARTS - len(fields)) if len(fields) < _PARTS else [part]
        fields[-1].append(pieces[0])
        fields += [[piece] for piece in pieces[1:]]
    if len(fields) != _PARTS or join(fields[0]) != "arn":
        return None
    partition, service, region, account, resource = (join(one) if one else "" for one in fields[1:])
    return Arn(_known(partition), _known(service), _known(region), _known(account), resource)


def _known(value: str | Text) -> str | None:
    return value if isinstance(value, str) else None
