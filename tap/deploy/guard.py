"""What guards an environment, as emitted: where a deployment may go, and how its stacks are protected.

``out/SYSTEM/deployment/ENV.json`` says it, ``out/SYSTEM/stack-policy.json`` is the stack policy. A system without these
files is not guarded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from botocore.exceptions import ClientError

from tap.deploy import stacks
from tap.deploy.aws_errors import DENIED, code
from tap.deploy.events import STACK
from tap.deploy.gate import BlockedError, Does, Harm
from tap.deploy.session import Session
from tap.deploy.source import SYNTH, SourceError
from tap.deploy.stacks import Stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "AllowedAccounts": list,
    "AllowedRegions": list,
    "EnableTerminationProtection": bool,
    "StackPolicy": (str, type(None)),
    "AllowExpressMode": bool,
}
_ACTIONS = {Does.REPLACE: "Update:Replace", Does.DELETE: "Update:Delete"}


@dataclass(frozen=True)
class Settings:
    """What an environment keeps to. ``accounts`` and ``regions`` are empty for any; ``policy`` is None for none."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    protected: bool = False
    policy: Mapping[str, Any] | None = None
    express: bool = False


Kind = Literal["termination protection", "stack policy"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Setting:
    """One setting of a stack that is not as the file says: what it is called, how it is, how it will be."""

    kind: Kind
    before: str
    after: str

    @property
    def sentence(self) -> str:
        """The difference in a line."""
        return f"{self.kind}: {self.before} → {self.after}"


def read(system: str, environment: str, out: Path) -> Settings:
    """The settings of an environment. Raises SourceError for a file that does not say what it must."""
    path = out / system / "deployment" / f"{environment}.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except ValueError as error:
        raise SourceError(f"{path} is not JSON ({error}). To write it anew, {SYNTH}") from None
    if not isinstance(found, dict) or set(found) != set(_KEYS):
        raise SourceError(f"{path} must have these keys and no other: {', '.join(_KEYS)}. To write it anew, {SYNTH}")
    for key, kind in _KEYS.items():
        if not isinstance(found[key], kind):
            raise SourceError(
                f"{path}: {key} is {json.dumps(found[key])}, which it cannot be. To write it anew, {SYNTH}"
            )
    return Settings(
        tuple(map(str, found["AllowedAccounts"])),
        tuple(map(str, found["AllowedRegions"])),
        found["EnableTerminationProtection"],
        _policy(out / system / found["StackPolicy"]) if found["StackPolicy"] else None,
        found["AllowExpressMode"],
    )


def _policy(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SourceError(f"{path}, the stack policy, is missing. To write it, {SYNTH}") from None
    except ValueError as error:
        raise SourceError(f"{path} is not JSON ({error}). To write it anew, {SYNTH}") from None
    return found


def check_place(settings: Settings, session: Session, environment: str) -> None:
    """Raise BlockedError for an account or a region that the environment may not go to.

    The emulator on this machine is nobody's account; its region is checked all the same. The account's number is asked
    for only where accounts are listed.
    """
    where = "The list stands in the system's page in templates/ and in out/SYSTEM/deployment/."
    if settings.regions and session.region not in settings.regions:
        raise BlockedError(
            f"the environment {environment!r} may not be in {session.region}; allowed: {', '.join(settings.regions)}. "
            f"{where}"
        )
    if settings.accounts and not session.local and session.account not in settings.accounts:
        raise BlockedError(
            f"the environment {environment!r} may not be in the account {session.account}; allowed: "
            f"{', '.join(settings.accounts)}. {where}"
        )


def differences(client: CloudFormationClient, stack: Stack, settings: Settings) -> tuple[Setting, ...]:
    """What deploying would set on a stack, once it is as it should be.

    Protection is only ever added: what somebody has protected by hand, beyond the file, stays. A policy that may not be
    read (``GetStackPolicy``) counts as another one.
    """
    found = []
    if settings.protected and not stack.protected:
        found.append(Setting("termination protection", "off", "on"))
    if settings.policy is not None:
        present = deployed_policy(client, stack)
        if present != settings.policy:
            before = "unknown (GetStackPolicy is not allowed)" if present is None else _said(present)
            found.append(Setting("stack policy", before, _said(settings.policy)))
    return tuple(found)


def deployed_policy(client: CloudFormationClient, stack: Stack) -> Mapping[str, Any] | None:
    """The policy that a stack has: empty for none, None when it may not be read."""
    if stack.status in {None, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}:
        return {}
    try:
        text = client.get_stack_policy(StackName=stack.id).get("StackPolicyBody") or "{}"
    except ClientError as error:
        if code(error) in DENIED:
            return None
        raise
    found: Mapping[str, Any] = json.loads(text)
    return found


def apply(client: CloudFormationClient, stack_id: str, wanted: Sequence[Setting], settings: Settings) -> None:
    """Set what differs. A policy holds for a stack's own resources, so that nested stacks get it too."""
    kinds = {one.kind for one in wanted}
    if "stack policy" in kinds:
        nested = [one.physical_id for one in stacks.resources(client, stack_id) if one.type == STACK]
        for each in (stack_id, *nested):
            client.set_stack_policy(StackName=each, StackPolicyBody=json.dumps(settings.policy))
    if "termination protection" in kinds:
        client.update_termination_protection(StackName=stack_id, EnableTerminationProtection=True)


def forbidden(policy: Mapping[str, Any] | None, harms: Sequence[Harm]) -> list[Harm]:
    """The harmful changes that a stack policy denies: CloudFormation would refuse them, and take all else back.

    Judged for policies that deny by resource type or logical id, in a stack's own resources (user guide, "Prevent
    updates to stack resources"); anything more is left to CloudFormation.
    """
    statements = (policy or {}).get("Statement") or []
    denials = [one for one in statements if one.get("Effect") == "Deny"]
    return [
        harm
        for harm in harms
        if harm.does in _ACTIONS and "/" not in harm.logical_id and any(_denies(one, harm) for one in denials)
    ]


def _denies(statement: Mapping[str, Any], harm: Harm) -> bool:
    if not {"Update:*", _ACTIONS[harm.does]} & set(_listed(statement.get("Action", []))):
        return False
    resources = _listed(statement.get("Resource", []))
    if not {"*", f"LogicalResourceId/{harm.logical_id}", "LogicalResourceId/*"} & set(resources):
        return False
    condition = statement.get("Condition")
    if not condition:
        return True
    types = condition.get("StringEquals", {}).get("ResourceType") if len(condition) == 1 else None
    return types is not None and harm.type in _listed(types)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _said(policy: Mapping[str, Any]) -> str:
    """A policy in words, as far as it is like ours; else as JSON."""
    if not policy:
        return "none"
    denials = [one for one in policy.get("Statement", []) if one.get("Effect") == "Deny"]
    types = [kind for one in denials for kind in _listed(_types(one))]
    if len(denials) == 1 and types:
        actions = " and ".join(action.removeprefix("Update:").lower() for action in _listed(denials[0]["Action"]))
        return f"forbids to {actions} {', '.join(types)}"
    return json.dumps(policy)


def _types(statement: Mapping[str, Any]) -> Any:
    return (statement.get("Condition") or {}).get("StringEquals", {}).get("ResourceType", [])
