"""One stack, from the state in which it is found to the end of an operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tap.commands import _gate, _target
from tap.commands._gate import Consent
from tap.commands._run import Run
from tap.commands.plan import show
from tap.deploy import events, execute, stacks, workflow
from tap.deploy.diagnose import told
from tap.deploy.source import StackSource
from tap.deploy.stacks import Stack
from tap.deploy.states import Next, state_of
from tap.deploy.subject import Subject
from tap.deploy.watch import Outcome, Steps
from tap.deploy.workflow import Job, StackError
from tap.errors import TapError


class DeploymentError(TapError):
    """CloudFormation could not do what was asked. ``exit_code`` tells in which state that left the stack."""

    def __init__(self, stack: str, outcome: Outcome) -> None:
        state = state_of(outcome.status)
        self.exit_code = state.code or TapError.exit_code
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
        if proposal.plan.pending:
            show(proposal.plan, result=False)
            _target.note(f"{name}: CloudFormation would change nothing, so nothing was; see above what is not applied.")
        else:
            _target.note(f"{name}: no changes.")
        return
    try:
        show(proposal.plan, result=False)
        _gate.confirm(proposal.plan, consent, run.refused(name))
    except BaseException:
        workflow.drop(job, proposal)
        raise
    before = execute.execute(job.session.cloudformation, made)
    outcome = yield from run.follow(job, made.stack_id, before, workflow.subject_of(job, source, proposal.plan))
    if outcome.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeploymentError(name, outcome)
    if name not in run.changed:
        run.changed.append(name)
    _target.note(f"{name}: {outcome.status}.")


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
