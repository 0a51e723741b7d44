"""A plan that is kept to be executed later, perhaps by somebody else: change sets in CloudFormation, and a file.

The file names the change sets by their ARNs, says what they were made from and what they put at risk, and carries a
digest of itself: it shows that a file was altered, not by whom. Values of parameters are in it only as a hash with a
salt of its own. ``docs/deploying.md`` describes it; :data:`VERSION` rises when a reader would break.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

from tap import whole
from tap.deploy import plan_json, stacks
from tap.deploy.body import digest
from tap.deploy.gate import BlockedError, Does, Harm
from tap.deploy.render import plain
from tap.deploy.session import Session
from tap.deploy.source import StackSource
from tap.deploy.stacks import Stack
from tap.deploy.workflow import Job, Proposal
from tap.diff.model import Level
from tap.errors import TapError

FORMAT = "tap-plan"
VERSION = 1
PURPOSE = "saved"
"""In the names of its change sets: nobody but ``execute`` takes them up or removes them."""


class SavedPlanError(TapError):
    """A file that is no saved plan, or one of another version."""


@dataclass(frozen=True)
class SavedStack:
    """One stack's part: its change set, what it was made from and for, and what it does.

    ``template`` and ``parameters`` are hashes of what was sent (of the parameters with the file's salt), ``deployed``
    is one of the template that the stack had, ``changed`` when the stack was last changed; both are empty for a new
    one, ``deployed`` also where it may not be read. ``settings`` is what is set afterwards (:mod:`tap.deploy.guard`).
    """

    name: str
    kind: str
    stack_id: str
    region: str
    change_set: str
    template: str
    parameters: str
    changed: str
    deployed: str
    disable_rollback: bool | None
    settings: tuple[str, ...]
    policy: Mapping[str, Any] | None
    harms: tuple[Harm, ...]
    plan: Mapping[str, Any]
    text: str


@dataclass(frozen=True)
class SavedPlan:
    """All that could be planned of a system. ``not_planned`` are the stacks that could not yet.

    ``names`` are all stacks of the run with their regions, in order. ``endpoint`` is ``aws``, ``local`` or a URL.
    """

    system: str
    environment: str
    layout: str
    suffix: str
    account: str
    region: str
    endpoint: str
    made: str
    by: str
    salt: str
    names: tuple[tuple[str, str], ...]
    stacks: tuple[SavedStack, ...]
    not_planned: tuple[str, ...] = ()


def endpoint_of(session: Session) -> str:
    """The kind of place that a session reaches: ``aws``, ``local``, or the URL of another."""
    return "local" if session.local else session.endpoint_url or "aws"


def new_salt() -> str:
    """A salt for a file."""
    return secrets.token_hex(16)


def begin(job: Job, *, edge: bool) -> SavedPlan:
    """A plan of a system without stacks so far; ``edge``: that of its edge belongs to it."""
    ours = [(name, job.session.region) for name in job.names]
    of_edge = [(name, job.edge.session.region) for name in job.edge.names] if edge and job.edge else []
    return SavedPlan(
        job.source.name,
        job.order.environment,
        job.order.layout,
        job.suffix,
        job.session.account,
        job.session.region,
        endpoint_of(job.session),
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"tap {metadata.version('tap')}",
        new_salt(),
        tuple(of_edge + ours),
        (),
    )


def stack_of(job: Job, source: StackSource, proposal: Proposal, salt: str) -> SavedStack:
    """The part of a stack whose change set was made, and has changes."""
    made, request = proposal.change_set, proposal.request
    if made is None or request is None:
        raise ValueError(f"{proposal.plan.stack_name} has no change set")
    parameters = request.arguments()["Parameters"]
    return SavedStack(
        proposal.plan.stack_name,
        proposal.plan.kind,
        made.stack_id,
        job.session.region,
        made.arn,
        digest(source.body),
        digest(salt, *sorted(f"{one['ParameterKey']}={one['ParameterValue']}" for one in parameters)),
        changed(proposal.stack) if proposal.plan.kind == "UPDATE" else "",
        digest_of_deployed(job.session, proposal.stack) if proposal.plan.kind == "UPDATE" else "",
        request.conduct.disable_rollback(request.kind),
        tuple(one.kind for one in proposal.plan.settings),
        job.settings.policy,
        proposal.plan.harms,
        plan_json.to_json(proposal.plan),
        plain(proposal.plan),
    )


def changed(stack: Stack) -> str:
    """When a stack was last changed, as text."""
    return stack.changed.astimezone(UTC).isoformat() if stack.changed else ""


def digest_of_deployed(session: Session, stack: Stack) -> str:
    """The hash of the template that a stack has; empty where it may not be read."""
    text = stacks.template_text(session.cloudformation, stack.id)
    return digest(text) if text else ""


def write(path: Path, plan: SavedPlan) -> None:
    """Write the file whole, readable by its owner only. Raises OSError."""
    body = _body(plan)
    whole.write(path, json.dumps(body | {"digest": _digest(body)}, indent=2, ensure_ascii=False) + "\n", mode=0o600)


def read(path: Path) -> SavedPlan:
    """The plan in a file. Raises SavedPlanError for a file that is none, BlockedError for one that was altered."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise SavedPlanError(f"{path} is no saved plan: plan --save FILE writes one.")
    if found.get("version") != VERSION:
        raise SavedPlanError(
            f"{path} is a saved plan of version {found.get('version')}; this tool reads version {VERSION}. Plan again."
        )
    told = found.pop("digest", "")
    if told != _digest(found):
        raise BlockedError(f"{path} was altered since it was written. Plan again.")
    body = {key: value for key, value in found.items() if key not in {"format", "version"}}
    return SavedPlan(
        **body
        | {
            "names": tuple((name, region) for name, region in body["names"]),
            "stacks": tuple(map(_stack, body["stacks"])),
            "not_planned": tuple(body["not_planned"]),
        }
    )


def _stack(found: Mapping[str, Any]) -> SavedStack:
    harms = tuple(
        Harm(**one | {"does": Does(one["does"]), "level": Level[one["level"]], "sentences": tuple(one["sentences"])})
        for one in found["harms"]
    )
    return SavedStack(**{**found, "settings": tuple(found["settings"]), "harms": harms})


def _body(plan: SavedPlan) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(asdict(plan, dict_factory=_plain)))
    return {"format": FORMAT, "version": VERSION, **found}


def _plain(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A dataclass as plain data: levels by their names, what harm is done by its words."""
    return {
        key: value.name if isinstance(value, Level) else value.value if isinstance(value, Enum) else value
        for key, value in pairs
    }


def _digest(body: Mapping[str, Any]) -> str:
    return digest(json.dumps(body, sort_keys=True, ensure_ascii=False))
