"""``deploy``: a change set, shown, asked for, executed and followed."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import click

from tap import console
from tap.commands import _gate, _run, _target
from tap.commands._gate import Consent
from tap.commands._run import Run, conclude
from tap.commands.plan import show
from tap.deploy import edge, events, execute, outputs, stacks, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.gate import Allowed
from tap.deploy.schedule import Task
from tap.deploy.source import StackSource
from tap.deploy.stacks import Stack
from tap.deploy.states import Next, state_of
from tap.deploy.subject import Subject
from tap.deploy.watch import Outcome, Steps
from tap.deploy.workflow import Job, StackError
from tap.errors import TapError


class DeploymentError(TapError):
    """CloudFormation could not do what was asked."""

    def __init__(self, stack: str, outcome: Outcome) -> None:
        failure = outcome.failure
        if failure:
            where = f" (in {failure.stack_name})" if failure.stack_name != stack else ""
            first = f"First to fail was {failure.logical_id}, {failure.type}{where}: {failure.reason}"
        else:
            first = f"CloudFormation says: {outcome.reason or 'nothing more'}"
        state = state_of(outcome.status)
        advice = state.advice.format(name=stack) if state.next is Next.STUCK else ""
        words = [f"{stack} {state.sentence} ({outcome.status}).", first, advice]
        super().__init__("\n  ".join(word for word in words if word))


@click.command()
@_target.system_options
@_target.edge_option
@_gate.options
@_target.bucket_option
@_run.parallel_option
@_target.outputs_option
@_target.target_options
def deploy(
    yes: bool,
    allow_replace: tuple[str, ...],
    allow_delete: tuple[str, ...],
    parallel: int,
    outputs_dir: Path,
    **options: Any,
) -> None:
    """Make a change set, show it, ask, execute it and follow it to the end; then write the outputs.

    Creates the stack, or updates the one that is there. Nothing to change is a success. In the layout `tiers`
    each stack begins as soon as those are done whose exports it imports, with its own change set and question; several
    are under way at a time (--parallel). When one fails, what needs it is not begun; the rest is.

    With --edge the system's stack in us-east-1 comes before what takes its outputs (certificate and firewall of
    CloudFront), and it is then told of the distribution. An edge that is deployed is handed on without
    --edge too, as it is.

    Who gains access and which data are at risk is shown before all else, judged by the change set and by a comparison
    with the deployed template. What it then takes to go on depends on the worst in each stack:

    \b
      nothing harmful                                 y
      something stateless is or may be replaced, or   the word yes in full
        a resource is removed without data being lost
      what holds data is or may be replaced or lost,  the stack's name, or each named with
        or gets less protected                        --allow-replace ID or --allow-delete ID

    Enter alone never deploys. --yes accepts only what y or yes would, never what needs naming; without a terminal it
    must be said. ID is a logical id, PARENT/ID in a nested stack; to name what is not harmful is an error.

    \b
    Exit codes:
      0    done, or nothing to do
      1    an error, or a no at the prompt
      2    the command line is wrong
      3    blocked by the gate: nobody could be asked, or something must be named
      130  interrupted

    \b
    Examples:
      python generate.py deploy customer-portal --env dev --local
      python generate.py deploy customer-portal --env prod --profile prod --parameter ImageTag=1.4.2 --yes
      python generate.py deploy payments --env prod --yes --allow-replace Database
    """
    asked = _target.order(**options)
    consent = Consent(yes, Allowed(frozenset(allow_replace), frozenset(allow_delete)))
    with translated():
        job = workflow.prepare(asked, _target.note)
        _target.note(f"Asking CloudFormation ({job.session.where}) …")
        run = Run(asked, parallel)
        tasks = _with_edge(job, run, consent) if asked.edge else _alone(job, run, consent)
        report = run.run(tasks)
        if report.done:
            write_outputs(outputs_dir, deployed_outputs(job))
        conclude(report)


def _alone(job: Job, run: Run, consent: Consent) -> list[Task]:
    """The turns of the system's own stacks."""
    consent.expect([job])
    handed = edge.handing_on(job, _target.note)
    needs = workflow.order_of(handed)
    return [
        Task(handed.name(one), partial(_deploy, handed, one, run, consent), needs[handed.name(one)])
        for one in handed.source.stacks
    ]


def _with_edge(job: Job, run: Run, consent: Consent) -> list[Task]:
    """The same with the edge before those that take something from it, and again when the distribution is there."""
    first = edge.told(job)
    consent.expect([first, job, first])
    at_edge, taken = edge.name(job), set(edge.to_hand_on(job))
    tasks = [Task(at_edge, partial(_deploy, first, first.source.stacks[0], run, consent))]

    @cache
    def handed() -> Job:
        return edge.handing_on(job, _target.note)

    needs = workflow.order_of(job)
    for source in job.source.stacks:
        takes = not taken.isdisjoint(source.parameters)

        def steps(source: StackSource = source, takes: bool = takes) -> Steps[None]:
            # Not before its turn: only then the edge has what it hands on.
            yield from _deploy(handed() if takes else job, source, run, consent)

        tasks.append(Task(job.name(source), steps, needs[job.name(source)] | ({at_edge} if takes else set())))

    def tell() -> Steps[None]:
        last = edge.told(job)
        if last.values != first.values:
            _target.note(f"{at_edge} is told of the distribution, {last.values[edge.DISTRIBUTION]}.")
            yield from _deploy(last, last.source.stacks[0], run, consent)

    tasks.append(Task(f"{at_edge} (told of the distribution)", tell, frozenset({at_edge, *job.names})))
    return tasks


def deployed_outputs(job: Job) -> dict[str, dict[str, str]]:
    """The outputs of the stacks that are there, by the stack's name: those of the edge first."""
    found = [edge.seen(job, _target.note)]
    found += [stacks.look(job.session.cloudformation, name) for name in job.names]
    return {stack.name: dict(stack.outputs) for stack in found if stack and stack.exists}


def write_outputs(folder: Path, made: dict[str, dict[str, str]]) -> None:
    """Write the outputs and print them, flat."""
    clashes = outputs.write(folder, made)
    if clashes:
        _target.note(f"Several stacks have the outputs {', '.join(sorted(set(clashes)))}; the last one's values count.")
    flat, _ = outputs.merge(made)
    width = max(map(len, flat), default=0)
    for key, value in flat.items():
        console.out().print(f"{key:<{width}}  {value}", markup=False)
    _target.note(f"Outputs written to {folder / outputs.FLAT}")


def _deploy(job: Job, source: StackSource, run: Run, consent: Consent) -> Steps[None]:
    """Deploy one stack."""
    name = job.name(source)
    consent.reach(name)
    yield from _clear_the_way(job, source, run, yes=consent.yes)
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


def _clear_the_way(job: Job, source: StackSource, run: Run, *, yes: bool) -> Steps[None]:
    """Delete a stack that never came to be: it can only be made anew, and holds nothing that was ever in use."""
    stack = stacks.look(job.session.cloudformation, job.name(source))
    if stack.state.next is not Next.DELETE_FIRST:
        return
    _target.note(f"{stack.name} {stack.state.sentence} ({stack.status}). {stack.state.advice}")
    _target.ask(f"Delete {stack.name} first?", yes=yes, refused=run.refused(stack.name))
    yield from remove(job, stack, run)


def remove(job: Job, stack: Stack, run: Run) -> Steps[Outcome]:
    """Delete a stack and follow that to its end. Raises DeploymentError when it stays."""
    client = job.session.cloudformation
    if stack.status == "DELETE_IN_PROGRESS":
        before = events.latest(client, stack.id)
    else:
        before = execute.delete(client, stack.id)
    outcome = yield from run.follow(job, stack.id, before, Subject(stack.name))
    if outcome.status != "DELETE_COMPLETE":
        raise DeploymentError(stack.name, outcome)
    return outcome
