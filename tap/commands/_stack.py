"""One stack, from the state in which it is found to the end of an operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap.commands import _gate, _target
from tap.commands._gate import Consent
from tap.commands._run import Run
from tap.commands.plan import show
from tap.deploy import changeset, events, execute, guard, stacks, workflow
from tap.deploy.diagnose import told
from tap.deploy.gate import BlockedError, Does
from tap.deploy.plan import Plan
from tap.deploy.source import StackSource
from tap.deploy.stacks import Stack, StackError
from tap.deploy.states import Next, state_of
from tap.deploy.subject import Subject
from tap.deploy.watch import Outcome, Steps
from tap.deploy.workflow import Job, Proposal
from tap.errors import TapError
from tap.exit_codes import ROLLED_BACK

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


ALLOW_ALL = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"Update:*","Resource":"*"}]}'
"""A stack policy that forbids nothing: once set, a policy cannot be removed."""


class DeploymentError(TapError):
    """CloudFormation could not do what was asked. ``exit_code`` tells in which state that left the stack."""

    def __init__(self, stack: str, outcome: Outcome) -> None:
        state = state_of(outcome.status)
        # Deleted is good only where that was asked for.
        self.exit_code = state.code or ROLLED_BACK
        why = told(outcome.diagnosis) or [f"CloudFormation says: {outcome.reason or 'nothing more'}"]
        advice = state.advice.format(name=stack) if state.next is Next.STUCK else ""
        words = [f"{stack} {state.sentence} ({outcome.status}).", *why, advice]
        super().__init__("\n  ".join(word for word in words if word))


def deploy_one(job: Job, source: StackSource, run: Run, consent: Consent) -> Steps[None]:
    """Deploy one stack."""
    name = job.name(source)
    consent.reach(name)
    yield from _make_ready(job, source, run, yes=consent.yes)
    proposal = workflow.propose(job, source, "deploy", _target.note, sleep=run.pause)
    made = proposal.change_set
    if made is None:
        raise StackError(f"{name}: {' '.join(proposal.plan.notes)}")
    if made.empty:
        workflow.drop(job, proposal)
        if proposal.plan.not_applied:
            show(proposal.plan, result=False)
            _target.note(f"{name}: CloudFormation would change nothing, so nothing was; see above what is not applied.")
        else:
            _target.note(f"{name}: no changes.")
        _protect(job, proposal, run, yes=consent.yes)
        changeset.sweep(job.session.cloudformation, made.stack_id)
        return
    try:
        show(proposal.plan, result=False)
        _check_conduct(job, proposal.plan)
        check_policy(job.session.cloudformation, proposal.stack, proposal.plan)
        _gate.confirm(proposal.plan, consent, run.refused(name))
    except BaseException:
        workflow.drop(job, proposal)
        raise
    disable_rollback = job.order.conduct.disable_rollback(proposal.plan.kind)
    client = job.session.cloudformation
    before = execute.execute(client, made.arn, made.stack_id, disable_rollback=disable_rollback)
    subject = workflow.subject_of(job, source, proposal.plan)
    outcome = yield from run.follow(job, made.stack_id, before, subject)
    if outcome.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        if "OnStackFailure" in job.order.conduct.arguments(proposal.plan.kind) and outcome.status != "DELETE_COMPLETE":
            # CloudFormation now deletes what it has taken back.
            gone = yield from run.follow(
                job, made.stack_id, outcome.events[-1].id if outcome.events else before, subject
            )
            outcome = replace(outcome, status=gone.status, events=outcome.events + gone.events)
        raise DeploymentError(name, outcome)
    changeset.sweep(job.session.cloudformation, made.stack_id)
    if name not in run.changed:
        run.changed.append(name)
    _target.note(f"{name}: {outcome.status}.")
    guard.apply(client, made.stack_id, proposal.plan.settings, job.settings)
    for one in proposal.plan.settings:
        _target.note(f"{name}: {one.kind} is set.")


def _protect(job: Job, proposal: Proposal, run: Run, *, yes: bool) -> None:
    """Set what the environment's settings ask of a stack that needs no other change."""
    if not proposal.plan.settings:
        return
    name = proposal.plan.stack_name
    for one in proposal.plan.settings:
        _target.note(f"  {one.sentence}")
    _target.ask(f"Set this on {name}?", yes=yes, refused=run.refused(name))
    guard.apply(job.session.cloudformation, proposal.stack.id, proposal.plan.settings, job.settings)
    for one in proposal.plan.settings:
        _target.note(f"{name}: {one.kind} is set.")


def _check_conduct(job: Job, plan: Plan) -> None:
    """Raise StackError for what CloudFormation refuses half way: a replacement while the rollback is off.

    ("Replacement type updates not supported on stack with disable-rollback.")
    """
    if job.order.conduct.on_failure != "keep" or plan.kind != "UPDATE":
        return
    replaced = [harm.logical_id for harm in plan.harms if harm.does is Does.REPLACE]
    if replaced:
        raise StackError(
            f"{plan.stack_name}: with --on-failure keep CloudFormation replaces nothing, and {', '.join(replaced)} "
            "would or may be replaced. Use --on-failure rollback. Nothing was changed."
        )


def check_policy(client: CloudFormationClient, stack: Stack, plan: Plan) -> None:
    """Raise BlockedError for harmful changes that the stack's own policy forbids, named or not."""
    if not plan.harms or plan.kind != "UPDATE":
        return
    denied = guard.forbidden(guard.deployed_policy(client, stack), plan.harms)
    if denied:
        name = plan.stack_name
        raise BlockedError(
            f"the stack policy of {name} forbids this: {' '.join(harm.sentence for harm in denied)}\n"
            "  CloudFormation would refuse it and take all else back, and a change set cannot set a policy aside. "
            f"If it is meant, allow it first:\n    aws cloudformation set-stack-policy --stack-name {name} "
            f"--region {client.meta.region_name} --stack-policy-body '{ALLOW_ALL}'\n"
            "  then run this again; once it is deployed, the environment's policy is set anew. Nothing was changed."
        )


def _make_ready(job: Job, source: StackSource, run: Run, *, yes: bool) -> Steps[None]:
    """Bring a stack into a state in which it can be deployed to: nothing under way, nothing half made.

    An operation that is under way (somebody else's, or that of a run that was killed) is followed to its end; where it
    fails, DeploymentError says so and nothing is begun. A stack that never came to be is deleted first: it can only be
    made anew, and holds nothing that was ever in use.
    """
    stack = stacks.look(job.session.cloudformation, job.name(source))
    if stack.state.under_way:
        yield from finish(job, stack, run, workflow.subject_of(job, source))
        stack = stacks.look(job.session.cloudformation, stack.name)
    if stack.state.next is Next.DELETE_FIRST:
        _target.note(f"{stack.name} {stack.state.sentence} ({stack.status}). {stack.state.advice}")
        _target.ask(f"Delete {stack.name} first?", yes=yes, refused=run.refused(stack.name))
        yield from remove(job, stack, run)


def finish(job: Job, stack: Stack, run: Run, subject: Subject) -> Steps[Outcome]:
    """Follow what is under way in a stack to its end. Raises DeploymentError when it fails."""
    _target.note(f"{stack.name} {stack.state.sentence} ({stack.status}): following that to its end first.")
    before = events.before_operation(job.session.cloudformation, stack.id)
    outcome = yield from run.follow(job, stack.id, before, subject)
    if not state_of(outcome.status).good:
        raise DeploymentError(stack.name, outcome)
    _target.note(f"{stack.name}: {outcome.status}.")
    return outcome


@dataclass(frozen=True)
class Leave:
    """What a deletion may leave behind: resources by their logical ids, or whatever cannot be deleted (``force``)."""

    retain: Sequence[str] = ()
    force: bool = False


NOTHING = Leave()


def remove(job: Job, stack: Stack, run: Run, leave: Leave = NOTHING) -> Steps[Outcome]:
    """Delete a stack and follow that to its end. Raises DeploymentError when it stays."""
    client = job.session.cloudformation
    if stack.status == "DELETE_IN_PROGRESS":
        before = events.before_operation(client, stack.id)
    else:
        before = execute.delete(client, stack.id, leave.retain, force=leave.force)
    outcome = yield from run.follow(job, stack.id, before, Subject(stack.name))
    if outcome.status != "DELETE_COMPLETE":
        raise DeploymentError(stack.name, outcome)
    return outcome
