"""What a template may ignore, and how it must say why.

An exemption stands beside the resource that needs it::

    Metadata:
      cfn-lint: {config: {ignore_checks: [W3045]}}            what cfn-lint itself obeys
      Exemptions: {W3045: "The log bucket needs an ACL: …"}    the reason, for people

Our own findings, all errors:

========  ==============================================================================================
TAP0001   a rule is ignored without a reason (a sentence of three words or more)
TAP0002   a reason stands there without the ignore that it explains
TAP0003   an exemption exempts nothing: the rule finds nothing there (any more)
TAP0004   the template configures cfn-lint as a whole; that is not obeyed
TAP0005   the exemption is malformed: not a list of rule ids, or another setting than ``ignore_checks``
TAP0006   ``Metadata.Template.Region`` is not a region that cfn-lint knows (found by ``engine``)
========  ==============================================================================================

cfn-lint 1.58.0 obeys at a resource exactly ``Metadata.cfn-lint.config.ignore_checks`` with full rule ids
(``cfnlint.template.Template.get_directives``). Keys of ``Exemptions`` that are no cfn-lint rule belong to
other tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.lint.model import Exemption, Finding

_RULE = re.compile(r"[EWI]\d{4}")


def own(rule: str, path: tuple[str, ...], message: str, line: int = 1) -> Finding:
    """A finding of ours (TAP…), an error, at ``path`` in the template."""
    logical_id = path[1] if len(path) > 1 and path[0] == "Resources" else ""
    return Finding(line, 1, rule, "error", logical_id, "/".join(path), message)


def unused(exemption: Exemption) -> Finding:
    """TAP0003, for an exemption that excused its resource from nothing."""
    return own(
        "TAP0003",
        ("Resources", exemption.logical_id, "Metadata", "cfn-lint", "config", "ignore_checks"),
        f"{exemption.rule} finds nothing here: remove the ignore and its reason.",
        exemption.line,
    )


def read(template: Mapping[str, Any]) -> tuple[list[Exemption], list[Finding]]:
    """The exemptions of a decoded template (``used`` still false), and what is wrong with how they are put.

    ``template`` is cfn-lint's decoded form, whose keys know their lines, or plain data (every line is 1).
    """
    items: list[Exemption | Finding] = []
    metadata = _mapping(template.get("Metadata"))
    if "cfn-lint" in metadata:
        message = (
            "The template configures cfn-lint as a whole. This is not obeyed: exempt single resources, each "
            "with a reason (Metadata.cfn-lint.config.ignore_checks and Metadata.Exemptions of the resource)."
        )
        items.append(own("TAP0004", ("Metadata", "cfn-lint"), message, _line(metadata, "cfn-lint")))
    for logical_id, resource in _mapping(template.get("Resources")).items():
        resource_metadata = _mapping(_mapping(resource).get("Metadata"))
        if "cfn-lint" in resource_metadata or "Exemptions" in resource_metadata:
            items += _read_resource(str(logical_id), resource_metadata)
    return (
        [item for item in items if isinstance(item, Exemption)],
        [item for item in items if isinstance(item, Finding)],
    )


def _read_resource(logical_id: str, metadata: Mapping[str, Any]) -> Iterator[Exemption | Finding]:
    here = ("Resources", logical_id, "Metadata")
    config_path = (*here, "cfn-lint", "config")
    checks_path = (*config_path, "ignore_checks")
    line = _line(metadata, "cfn-lint")

    lint = metadata.get("cfn-lint", {})
    config = lint.get("config", {}) if isinstance(lint, Mapping) else None
    if not isinstance(config, Mapping) or set(lint) - {"config"} or set(config) - {"ignore_checks"}:
        message = "Only cfn-lint.config.ignore_checks can be set at a resource."
        yield own("TAP0005", config_path, message, line)
    ignored = _mapping(config).get("ignore_checks", [])
    if not isinstance(ignored, list):
        yield own("TAP0005", checks_path, "ignore_checks must be a list of rule ids.", line)
        ignored = []
    reasons = metadata.get("Exemptions", {})
    if not isinstance(reasons, Mapping):
        message = 'Exemptions must map rule ids to reasons: {W3045: "why"}.'
        yield own("TAP0005", (*here, "Exemptions"), message, _line(metadata, "Exemptions"))
        reasons = {}

    for rule in ignored:
        if not isinstance(rule, str) or not _RULE.fullmatch(rule):
            message = f"{rule!s} is not a rule's full id, such as W3045; cfn-lint obeys no other form here."
            yield own("TAP0005", checks_path, message, line)
            continue
        reason = reasons.get(rule)
        if not isinstance(reason, str) or len(reason.split()) < 3:
            message = f"{rule} is ignored without a reason: say why in a sentence, in Exemptions.{rule}."
            yield own("TAP0001", (*here, "Exemptions"), message, line)
        yield Exemption(logical_id, str(rule), str(reason or ""), line, used=False)
    for rule in reasons:
        if isinstance(rule, str) and _RULE.fullmatch(rule) and rule not in ignored:
            message = f"A reason to ignore {rule}, which cfn-lint.config.ignore_checks does not name."
            yield own("TAP0002", (*here, "Exemptions", str(rule)), message, _line(reasons, rule))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _line(container: Mapping[str, Any], key: str) -> int:
    """The line on which ``key`` stands; 1 when it is absent or was not read from a text."""
    for candidate in container:
        if candidate == key:
            mark = getattr(candidate, "start_mark", None)
            return mark.line + 1 if mark else 1
    return 1
