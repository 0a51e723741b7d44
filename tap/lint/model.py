"""What a lint of one template says: plain values that travel between processes and into the cache."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong, in the order in which findings are shown: by place, then by rule.

    ``rule`` is cfn-lint's id (``E3012``, ``W2001``) or one of ours (``TAP0001``, see ``exemptions``);
    ``severity`` is ``error``, ``warning`` or ``informational``; ``line`` and ``column`` count from 1;
    ``path`` is the place in the template, joined by ``/``; ``logical_id`` is the resource, parameter, output
    … that the path leads into, or empty.
    """

    line: int
    column: int
    rule: str
    severity: str
    logical_id: str
    path: str
    message: str


@dataclass(frozen=True, order=True)
class Exemption:
    """A rule that a resource is excused from, and why. ``used``: the rule would have found something."""

    logical_id: str
    rule: str
    reason: str
    line: int
    used: bool


@dataclass(frozen=True)
class Verdict:
    """All that was found in one template, linted for ``regions``.

    ``self_contained`` is false when the result depends on other files too (a nested stack beside it), so that
    the content of the template alone does not decide it.
    """

    regions: tuple[str, ...]
    findings: tuple[Finding, ...]
    exemptions: tuple[Exemption, ...]
    self_contained: bool = True


def to_data(verdict: Verdict) -> dict[str, Any]:
    """The verdict as what ``json.dumps`` takes."""
    return asdict(verdict)


def from_data(data: Any) -> Verdict:
    """The verdict that ``to_data`` made ``data`` of.

    Raises ValueError, TypeError or KeyError when it is something else: a cache file can hold anything.
    """
    verdict = Verdict(
        regions=tuple(data["regions"]),
        findings=tuple(Finding(**finding) for finding in data["findings"]),
        exemptions=tuple(Exemption(**exemption) for exemption in data["exemptions"]),
        self_contained=data["self_contained"],
    )
    # Dataclasses take any value for any field, so the types are compared with those of a value that is surely
    # right.
    for part, right in (
        *((finding, Finding(0, 0, "", "", "", "", "")) for finding in verdict.findings),
        *((exemption, Exemption("", "", "", 0, False)) for exemption in verdict.exemptions),
    ):
        if [type(value) for value in vars(part).values()] != [type(value) for value in vars(right).values()]:
            raise ValueError(f"a field of {part!r} has the wrong type")
    if not all(isinstance(region, str) for region in verdict.regions):
        raise ValueError("a region is not a string")
    return verdict
