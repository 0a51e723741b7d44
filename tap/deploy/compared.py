"""The offline comparison of what is deployed with what is to be, for judging a change set by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap.deploy import stacks
from tap.deploy.plan import NOTHING, STACK, Side
from tap.deploy.resolve import resolve
from tap.diff import side as sides
from tap.diff.compare import compare
from tap.diff.model import Diff
from tap.diff.schemas import bundled
from tap.errors import TapError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

FIRST = "Nothing is deployed yet to compare with: this is judged by the change set alone."
DENIED = "The deployed template may not be read (GetTemplate): risks are judged by the change set alone."


def offline(old: Side, new: Side) -> tuple[Diff | None, str]:
    """The comparison, or None and a sentence on why there is none. ``old`` is what is deployed, if anything is."""
    if old is NOTHING:
        return None, FIRST
    if not old.template:
        return None, DENIED
    try:
        return compare(_side(old, "the deployed template"), _side(new, "the new template"), bundled()), ""
    except TapError as error:
        return None, f"The templates cannot be compared ({error}): risks are judged by the change set alone."


def by_name(old: Side, new: Side) -> Side:
    """What is deployed, with SSM parameters by their names, as CloudFormation itself tells them.

    The local emulator tells the value that it found instead; against the name that would be a change each time.
    """
    kinds = old.template.get("Parameters", {})
    told = dict(old.values)
    for name, value in new.values.items():
        of_ssm = str(kinds.get(name, {}).get("Type", "")).startswith("AWS::SSM::Parameter::Value<")
        if of_ssm and value.startswith("/") and not told.get(name, "/").startswith("/"):
            told[name] = value
    return replace(old, values=told)


def deployed_children(client: CloudFormationClient, stack_id: str, deployed: Side) -> dict[str, Mapping[str, Any]]:
    """The deployed templates of the nested stacks by their file names, of those nested in them too."""
    if not any(one.get("Type") == STACK for one in deployed.template.get("Resources", {}).values()):
        return {}
    by_id = {stack_id: deployed.template}
    found: dict[str, Mapping[str, Any]] = {}
    for one in stacks.resources(client, stack_id):
        if one.type != STACK or not one.physical_id.startswith("arn:"):
            continue
        by_id[one.physical_id] = stacks.deployed_template(client, one.physical_id)
        body = by_id[one.stack_id].get("Resources", {}).get(one.logical_id, {})
        url = str(resolve(body.get("Properties", {}).get("TemplateURL", ""), deployed.scope))
        found[url.rsplit("/", 1)[-1].rsplit("}", 1)[-1]] = by_id[one.physical_id]
    return found


def _side(side: Side, label: str) -> sides.Side:
    for name, template in {label: side.template, **side.children}.items():
        sides.check(template, name)
    return sides.Side(side.template, side.values, side.pseudo, side.children, label)
