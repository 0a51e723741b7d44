"""cfn-lint itself. Importing this module costs about half a second; ``run`` does so only when it must.

cfn-lint 1.58.0's ``api`` reads ``.cfnlintrc`` files, lets the template configure the linter, and (``lint``)
knows no file name, without which rules on file size and on nested templates stay silent. So this module
stands one step below it, on what ``cfnlint.runner`` is made of: decode, ``Template``, ``transform``,
``Rules.run``. Tests hold the results against the ``cfn-lint`` command line's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.config import ConfigMixIn
from cfnlint.decode import decode_str
from cfnlint.helpers import REGION_PRIMARY, REGIONS
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.rules.errors import ParseError, RuleError
from cfnlint.runner import Runner
from cfnlint.template import Template

from tap.errors import TapError
from tap.lint import exemptions
from tap.lint.model import Exemption, Finding, Verdict

_SECTIONS = frozenset({"Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs"})
_CHILD = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}

# What cfn-lint logs (a file it cannot read, say) it also returns as a match, and matches are what we show.
logging.getLogger("cfnlint").setLevel(logging.CRITICAL)


def _config(regions: Iterable[str]) -> ConfigMixIn:
    """Settings that come from nowhere but here: no arguments of the process, no environment, no file.

    Naming a configuration file (an empty one) is cfn-lint's way of not looking for ``.cfnlintrc`` in the
    working and home folders.
    """
    return ConfigMixIn(["--config-file", os.devnull], regions=list(regions))


@cache
def load() -> Rules:
    """All rules, loaded once in a process; a forked worker inherits them."""
    return Runner(_config([REGION_PRIMARY])).rules


def check_regions(regions: Iterable[str]) -> None:
    """Raise TapError for a region that cfn-lint has no resource schemas for."""
    unknown = [region for region in regions if region not in REGIONS]
    if unknown:
        raise TapError(f"not a region: {', '.join(unknown)}. cfn-lint knows {', '.join(sorted(REGIONS))}.")


def lint(path: Path, content: bytes, regions: tuple[str, ...]) -> Verdict:
    """Lint ``content``, which was read from ``path`` (rules that open nested templates look beside it).

    ``regions`` empty means the template's own (``Metadata.Template.Region``) and us-east-1. Never raises for
    what the template holds: a text that cannot be parsed is an E0000 finding, a failure inside cfn-lint an
    E0002.
    """
    try:
        return _lint(path, content, regions)
    except Exception as failure:
        # As cfn-lint does for a rule that fails; the decoder and the transforms can fail as well, on
        # templates odd enough.
        message = f"cfn-lint itself failed on this template: {type(failure).__name__}: {failure}"
        finding = Finding(1, 1, RuleError.id, "error", "", "", message)
        return Verdict(regions or (REGION_PRIMARY,), (finding,), ())


def _lint(path: Path, content: bytes, asked: tuple[str, ...]) -> Verdict:
    try:
        template, parse_errors = decode_str(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"Cannot read the file as UTF-8 text: {error.reason} at byte {error.start}."
        return _unparsed(asked, [Finding(1, 1, ParseError.id, "error", "", "", message)])
    if parse_errors:
        return _unparsed(asked, map(_finding, parse_errors))
    if not isinstance(template, dict):
        return _unparsed(asked, [Finding(1, 1, ParseError.id, "error", "", "", "Template needs to be an object.")])

    # Before the transforms: they replace parts of the template.
    exempt, own_findings = exemptions.read(template)
    regions, region_findings = (asked, []) if asked else _regions(template)
    self_contained = not any(_local_children(template))

    cfn = Template(str(path), template, list(regions))
    matches = cfn.transform() or list(load().run(filename=str(path), cfn=cfn, config=_config(regions)))

    excused: set[tuple[str, str]] = {(exemption.logical_id, exemption.rule) for exemption in exempt}
    used: set[tuple[str, str]] = set()
    findings = {*own_findings, *region_findings}
    for match in matches:
        place = _place(match)
        key = (place[1], match.rule.id) if len(place) > 1 and place[0] == "Resources" else None
        if key in excused:
            used.add(key)
        else:
            findings.add(_finding(match))
    judged = tuple(
        Exemption(e.logical_id, e.rule, e.reason, e.line, used=(e.logical_id, e.rule) in used) for e in exempt
    )
    return Verdict(regions, tuple(sorted(findings)), judged, self_contained)


def _unparsed(regions: tuple[str, ...], findings: Iterable[Finding]) -> Verdict:
    return Verdict(regions or (REGION_PRIMARY,), tuple(sorted(set(findings))), ())


def _regions(template: Mapping[str, Any]) -> tuple[tuple[str, ...], list[Finding]]:
    """The template's own region and us-east-1; a finding when its own is none that exists."""
    place: Any = template
    for key in ("Metadata", "Template", "Region"):
        place = place.get(key) if isinstance(place, dict) else None
    if place is None or place == REGION_PRIMARY:
        return (REGION_PRIMARY,), []
    if place not in REGIONS:
        message = f"{place!s} is not a region. Linted for {REGION_PRIMARY} only."
        return (REGION_PRIMARY,), [exemptions.own("TAP0006", ("Metadata", "Template", "Region"), message)]
    return (str(place), REGION_PRIMARY), []


def _local_children(template: Mapping[str, Any]) -> Iterator[str]:
    """Nested templates given as a local path: cfn-lint opens them to compare parameters (E3043)."""
    resources = template.get("Resources")
    for resource in resources.values() if isinstance(resources, dict) else ():
        key = _CHILD.get(str(resource.get("Type"))) if isinstance(resource, dict) else None
        properties = resource.get("Properties") if key else None
        if isinstance(properties, dict):
            yield from _local_paths(properties.get(key))


def _local_paths(location: Any) -> Iterator[str]:
    """The literal paths among a location and, when it is an ``Fn::If``, its branches."""
    if isinstance(location, str) and not location.startswith(("https://", "http://", "s3://")):
        yield location
    branches = location.get("Fn::If") if isinstance(location, dict) else None
    for branch in branches[1:] if isinstance(branches, list) else ():
        yield from _local_paths(branch)


def _place(match: Match) -> list[str]:
    return [str(step) for step in getattr(match, "path", None) or ()]


def _finding(match: Match) -> Finding:
    place = _place(match)
    logical_id = place[1] if len(place) > 1 and place[0] in _SECTIONS else ""
    message = " ".join(match.message.split())
    return Finding(
        match.linenumber,
        match.columnnumber,
        match.rule.id,
        match.rule.severity,
        logical_id,
        "/".join(place),
        message,
    )
