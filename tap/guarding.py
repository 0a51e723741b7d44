"""What guards a system's deployments, as files: a stack policy, and the settings of each environment. Pure.

``SYSTEM/stack-policy.json`` is in CloudFormation's own form (user guide, "Prevent updates to stack resources"), one for
all layouts: it goes by resource type, and the logical ids of a stack that lacks them would mean nothing.
``SYSTEM/deployment/ENV.json`` says what a deployment to an environment keeps to, in the words of CloudFormation's API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tap.diff import stateful
from tap.errors import TapError
from tap.model import Guard, System

POLICY = "stack-policy.json"
FOLDER = "deployment"

_NESTED = "AWS::CloudFormation::Stack"
"""A nested stack that goes takes all in it along, and only the parent's policy can forbid that."""

_ACCOUNT = re.compile(r"\d{12}")


class GuardError(TapError):
    """A guard that cannot be meant."""


def stack_policy(templates: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The policy that lets updates do anything but replace or delete what holds data in these templates.

    What holds data is decided by the table that plans are judged by (:mod:`tap.diff.stateful`).
    """
    resources = [one for template in templates for one in template["Resources"].values()]
    types = {one["Type"] for one in resources if stateful.holding(one["Type"], one.get("Properties") or {})}
    allow = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["Update:Replace", "Update:Delete"],
        "Resource": "*",
        "Condition": {"StringEquals": {"ResourceType": sorted(types | {_NESTED})}},
    }
    return {"Statement": [allow, deny]}


def settings(guard: Guard) -> dict[str, Any]:
    """A guard as ``deployment/ENV.json`` has it. An empty list of accounts or regions means any."""
    return {
        "AllowedAccounts": list(guard.accounts),
        "AllowedRegions": list(guard.regions),
        "EnableTerminationProtection": guard.protected,
        "StackPolicy": POLICY if guard.stack_policy else None,
        "AllowExpressMode": guard.express,
    }


def guards(system: System) -> dict[str, Guard]:
    """The guard of each environment of a system; one that its page does not name has none.

    Raises GuardError for an environment that the system lacks, or an account that is no number of twelve digits.
    """
    unknown = sorted(set(system.guards) - set(system.environments))
    if unknown:
        there = ", ".join(system.environments) or "none"
        raise GuardError(f"system {system.name}: guards name no environment: {', '.join(unknown)}. There are: {there}.")
    for name, guard in system.guards.items():
        for account in guard.accounts:
            if not _ACCOUNT.fullmatch(account):
                raise GuardError(
                    f"system {system.name}, environment {name}: {account!r} is no AWS account: that has 12 digits."
                )
    return {name: system.guards.get(name, Guard()) for name in system.environments}


def to_json(content: Mapping[str, Any]) -> str:
    """A file's text."""
    return json.dumps(content, indent=2) + "\n"
