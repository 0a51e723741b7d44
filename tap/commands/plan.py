"""``plan``: what a deployment would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from tap import console, whole
from tap.commands import _target
from tap.commands._keep import Keep
from tap.commands._strict import Strict
from tap.deploy import drift, edge, stacks, workflow
from tap.deploy.aws_errors import explain, translated
from tap.deploy.mask import Mask
from tap.deploy.plan import Plan
from tap.deploy.render import lines, plain
from tap.deploy.saved import PURPOSE
from tap.deploy.workflow import Job, Proposal
from tap.diff import verdict
from tap.diff.verdict import DIFFERENT, SAME, FailOn
from tap.errors import TapError
from tap.styled import Coloured

_FORMATS = ("text", "markdown", "json", "html")


@click.command(cls=Strict)
@_target.system_options
@_target.edge_option
@_target.conduct_options
@_target.bucket_option
@click.option("--drift", "detect", is_flag=True, help="Detect drift anew first, and warn of it.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the plan there, not to standard output.",
)
@click.option(
    "--save",
    "saving",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the change sets, and write what `execute FILE` needs.",
)
@click.option(
    "--fail-on",
    type=click.Choice(verdict.FAIL_ON),
    help="What the exit code minds, as in diff.",
)
@_target.target_options
@click.pass_context
def plan(
    ctx: click.Context,
    /,
    *,
    form: str,
    as_json: bool,
    output: Path | None,
    saving: Path | None,
    detect: bool,
    fail_on: FailOn | None,
    **options: Any,
) -> None:
    """Make a change set, show what it would change, and remove it again: nothing is left behind.

    Who gains access comes first, then which data are at risk and what CloudFormation's own validation warns of, then
    the plan. What the change set does not mention, but the comparison with the deployed template does, stands in it
    too and is called so. The symbols are explained at the end.

    With --save nothing is removed: the change sets stay for `execute FILE`, perhaps by somebody else, after a review.
    Only what can be planned now is in it: a stack that imports what another has yet to export is not.

    With --edge the system's stack in us-east-1 is planned too, first. A run over several stacks is one document.

    \b
    Exit codes:
      0    nothing to do, or nothing that --fail-on minds
      1    an error, a wrong command line among them
      2    changes pending
      3    only with --fail-on: data are lost, or may be, or something that
           holds data is replaced
      130  interrupted
    --fail-on none: always 0. change: 2, or 3. data-loss: 3 or 0.
    replace: 3, or 2 only if something is (or may be) replaced or deleted.

    \b
    Examples:
      python generate.py plan customer-portal --env dev --local
      python generate.py plan payments --env prod --profile prod
      python generate.py plan payments --env prod --format html --output plan.html
    """
    asked = _target.order(**options)
    form = "json" if as_json else form
    found = []
    with translated():
        job = workflow.prepare(asked, _target.note)
        _target.note(f"Asking CloudFormation ({job.session.where}) …")
        if detect:
            _detect_drift(job)
        keep = Keep(job, saving) if saving else None
        try:
            for one in _plans(job, keep):
                found.append(one)
                if form == "text" and output is None:
                    show(one)
            if keep:
                keep.write()
        except BaseException:
            if keep:
                keep.drop()
            raise
    code = _exit_code(found, fail_on)
    if output is not None:
        whole.write(output, _document(found, form, code))
        _target.note(f"Plan written to {output}")
    elif form != "text":
        click.echo(_document(found, form, code), nl=False)
    ctx.exit(code)


def _plans(job: Job, keep: Keep | None) -> Iterator[Plan]:
    """The plans of a run, one after the other: that of the edge first."""
    if job.order.edge:
        yield from _plan_edge(job, keep)
    yield from _plan(edge.handing_on(job, _target.note), keep)


def _plan_edge(job: Job, keep: Keep | None) -> Iterator[Plan]:
    told = edge.told(job)
    yield from _plan(told, keep)
    deployed = edge.look(job)
    if to_come := edge.to_come(job, deployed):
        _target.note(f"{', '.join(to_come)}: {deployed.name} hands this on once it is there; what follows is without.")
    if edge.awaits_distribution(job) and not told.values.get(edge.DISTRIBUTION):
        _target.note(f"Once the distribution is there, {deployed.name} is told of it ({edge.DISTRIBUTION}).")


def _plan(job: Job, keep: Keep | None) -> Iterator[Plan]:
    promised: list[str] = []
    for source in job.source.stacks:
        proposal = workflow.propose(job, source, PURPOSE if keep else "plan", _target.note, promised)
        if keep is None or not keep.take(job, source, proposal):
            _drop(job, proposal)
        yield proposal.plan
        promised += workflow.promises(job, source)


def _drop(job: Job, proposal: Proposal) -> None:
    """Remove a change set. That this is not allowed, or goes wrong, is no reason not to show what it would change."""
    try:
        workflow.drop(job, proposal)
    except (BotoCoreError, ClientError, TapError) as error:
        why = error if isinstance(error, TapError) else explain(error)
        name = proposal.plan.stack_name
        _target.note(f"{name}: the change set could not be removed: {why} The next deployment of {name} removes it.")


def _detect_drift(job: Job) -> None:
    """Have CloudFormation look for drift: what it finds stands in its description of the stack from then on."""
    for name in job.names:
        stack = stacks.look(job.session.cloudformation, name)
        if stack.state.drift:
            _target.note(f"{name}: detecting drift …")
            drift.detect(job.session.cloudformation, stack.id, Mask(), job.session.pace)


def _exit_code(plans: Sequence[Plan], fail_on: FailOn | None) -> int:
    pending = any(one.pending for one in plans)
    if fail_on is None:
        return DIFFERENT if pending else SAME
    return verdict.decide(
        fail_on,
        different=pending,
        dangerous=any(one.dangerous for one in plans),
        replaces=any(one.replaces for one in plans),
    )


def _document(plans: Sequence[Plan], form: str, code: int) -> str:
    if form == "markdown":
        from tap.deploy import render_markdown

        return render_markdown.rendered(plans)
    if form == "html":
        from tap.deploy import render_html

        return render_html.rendered(plans)
    if form == "json":
        from tap.deploy import plan_json

        return plan_json.rendered(plans, code) + "\n"
    return "\n\n".join(map(plain, plans)) + "\n"


def show(found: Plan, *, result: bool = True) -> None:
    """Print a plan: as a result on standard output, or as what a question is about on standard error."""
    stream = console.out() if result else console.err()
    if stream.is_terminal:
        stream.print(Coloured(lines(found)), soft_wrap=False)
    else:
        stream.print(plain(found), markup=False)
