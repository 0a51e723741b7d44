"""``deploy``: a change set, shown, asked for, executed and followed."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import click

from tap.commands import _gate, _report, _run, _stack, _target
from tap.commands._gate import Consent
from tap.commands._run import Run, conclude
from tap.deploy import edge, outputs, stacks, workflow
from tap.deploy.aws_errors import translated
from tap.deploy.gate import Allowed
from tap.deploy.schedule import Task
from tap.deploy.source import StackSource
from tap.deploy.watch import Steps
from tap.deploy.workflow import Job
from tap.exit_codes import BLOCKED, DONE, ERROR, INTERRUPTED, LEFT_FAILED, PENDING, ROLLED_BACK, section


@click.command(cls=_report.Verb, epilog=section(DONE, ERROR, PENDING, BLOCKED, ROLLED_BACK, LEFT_FAILED, INTERRUPTED))
@_target.system_options
@_target.edge_option
@_gate.options
@_target.conduct_options
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
      what holds data is or may be replaced or lost,  the stack's name, or each
        or gets less protected                        named: --allow-replace ID,
                                                      --allow-delete ID

    Enter alone never deploys. --yes accepts only what y or yes would, never what needs naming; without a terminal it
    must be said. ID is a logical id, PARENT/ID in a nested stack; to name what is not harmful is an error.

    The environment's settings (out/SYSTEM/deployment/ENV.json) say which accounts and regions it may go to, whether
    the stack is protected against deletion and which stack policy it has; the plan shows what is set after it.

    An operation that is under way already, somebody else's or that of a run that was killed, is followed to its end
    first; then a fresh change set is made. What each state of a stack leads to: docs/deploying.md.

    \b
    Examples:
      python generate.py deploy customer-portal --env dev --local
      python generate.py deploy payments --env prod --parameter ImageTag=1.4.2
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
        Task(handed.name(one), partial(_stack.deploy_one, handed, one, run, consent), needs[handed.name(one)])
        for one in handed.source.stacks
    ]


def _with_edge(job: Job, run: Run, consent: Consent) -> list[Task]:
    """The same with the edge before those that take something from it, and again when the distribution is there."""
    first = edge.told(job)
    consent.expect([first, job, first])
    at_edge, taken = edge.name(job), set(edge.to_hand_on(job))
    tasks = [Task(at_edge, partial(_stack.deploy_one, first, first.source.stacks[0], run, consent))]

    @cache
    def handed() -> Job:
        return edge.handing_on(job, _target.note)

    needs = workflow.order_of(job)
    for source in job.source.stacks:
        takes = not taken.isdisjoint(source.parameters)

        def steps(source: StackSource = source, takes: bool = takes) -> Steps[None]:
            # Not before its turn: only then the edge has what it hands on.
            yield from _stack.deploy_one(handed() if takes else job, source, run, consent)

        tasks.append(Task(job.name(source), steps, needs[job.name(source)] | ({at_edge} if takes else set())))

    def tell() -> Steps[None]:
        last = edge.told(job)
        if last.values != first.values:
            _target.note(f"{at_edge} is told of the distribution, {last.values[edge.DISTRIBUTION]}.")
            yield from _stack.deploy_one(last, last.source.stacks[0], run, consent)

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
        _report.say(f"{key:<{width}}  {value}")
    _report.tell(outputs=flat)
    _target.note(f"Outputs written to {folder / outputs.FLAT}")
