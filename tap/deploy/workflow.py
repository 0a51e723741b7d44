"""From an emitted system to a proposal that can be shown, executed or dropped."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy import (
    account,
    aws_errors,
    body,
    changeset,
    compared,
    graph,
    guard,
    imported,
    layouts,
    merge,
    parameters,
    risk,
    stacks,
)
from tap.deploy.changeset import ChangeSet, Conduct, Kind, Request, Sleep
from tap.deploy.foresight import foresee
from tap.deploy.gate import BlockedError, Does
from tap.deploy.graph import Needs
from tap.deploy.guard import Settings
from tap.deploy.listed import from_change_set
from tap.deploy.mask import Mask
from tap.deploy.plan import NOTHING, Plan, Side, mask_of, resolved_exports, resolved_imports
from tap.deploy.resolve import resolve
from tap.deploy.session import Note, Session, Target, open_session
from tap.deploy.source import (
    FILLED_IN,
    SUFFIX,
    Layout,
    SourceError,
    StackSource,
    SystemSource,
    read_edge,
    read_parameters,
    read_system,
)
from tap.deploy.stacks import Stack, StackError
from tap.deploy.states import Next
from tap.deploy.subject import Subject, does, subject
from tap.errors import TapError


@dataclass(frozen=True)
class Order:
    """What the command line asks for. ``edge``: the system's edge is to be planned, deployed or deleted too."""

    system: str
    environment: str
    layout: Layout
    out: Path
    parameters: Sequence[str] = ()
    target: Target = field(default_factory=Target)
    bucket: str | None = None
    edge: bool = False
    conduct: Conduct = field(default_factory=Conduct)


@dataclass(frozen=True)
class Job:
    """An order with everything read, checked and opened.

    ``given`` are the parameters that the command line names, ``settings`` what the environment keeps to. ``edge`` is
    the same for the system's edge, in the edge's region, for every system that has one.
    """

    order: Order
    source: SystemSource
    values: Mapping[str, str]
    given: frozenset[str]
    session: Session
    edge: Job | None = None
    settings: Settings = field(default_factory=Settings)

    @property
    def suffix(self) -> str:
        """The environment's suffix, which the stacks' names end in."""
        return self.values[SUFFIX]

    def name(self, source: StackSource) -> str:
        """The name of a stack."""
        return source.stack_name(self.suffix)

    @property
    def names(self) -> list[str]:
        """The names of all stacks, in the order of deployment."""
        return [self.name(source) for source in self.source.stacks]


@dataclass(frozen=True)
class Proposal:
    """What would be done to one stack.

    ``change_set`` is None where CloudFormation could not be asked yet and the plan is foreseen. Whoever holds
    a proposal with a change set executes it or drops it. ``request`` is what it was made from.
    """

    plan: Plan
    stack: Stack
    change_set: ChangeSet | None
    request: Request | None = field(default=None, repr=False)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.change_set is not None and self.change_set.empty


def prepare(order: Order, note: Note, *, check: bool = True, guarded: bool = True) -> Job:
    """Read the system and its parameters, check them, then open the target: nothing is called before all is
    well.

    ``check`` is off for verbs that send no parameters; then the suffix alone must be known. ``guarded`` is off for
    verbs that change nothing: they may look anywhere. Raises TapError; BlockedError where the environment may not go.
    """
    source, edge = read_system(order.system, order.layout, order.out), read_edge(order.system, order.out)
    if order.edge and edge is None:
        raise SourceError(f"{order.system} has no edge: there is no {order.out / order.system / 'edge.yaml'}.")
    settings = guard.read(order.system, order.environment, order.out)
    if order.conduct.express and not settings.express:
        raise BlockedError(
            f"the environment {order.environment!r} does not allow --express (AllowExpressMode in "
            f"out/{order.system}/deployment/{order.environment}.json): what needs a resource would go on before "
            "it is ready."
        )
    given = parameters.given(order.parameters)
    of_edge = edge.declared if edge else {}
    values = read_parameters(order.system, order.environment, order.out)
    values |= {key: value for key, value in given.items() if key in source.declared or key not in of_edge}
    edge_values = {key: value for key, value in given.items() if key in of_edge} | {SUFFIX: values.get(SUFFIX, "")}
    if check and order.edge:
        edge_values = read_parameters(order.system, order.environment, order.out, edge=True) | edge_values
    if check:
        _check_values(order, source, values, edge, edge_values)
        if not order.edge:
            for key in sorted(set(given) & set(of_edge) - set(source.declared)):
                note(f"{key} is a parameter of the edge only: without --edge it has no effect.")
    if not values.get(SUFFIX):
        raise SourceError(f"the environment {order.environment!r} has no value for {SUFFIX}, which names the stacks.")
    session = open_session(order.target, source.region, note)
    if guarded:
        guard.check_place(settings, session, order.environment)
    job = Job(order, source, values, frozenset(given), session, settings=settings)
    return replace(job, edge=_edge_job(job, edge, edge_values)) if edge else job


def _check_values(
    order: Order,
    source: SystemSource,
    values: Mapping[str, str],
    edge: SystemSource | None,
    edge_values: Mapping[str, str],
) -> None:
    """Raise ParametersError or BodyError for what CloudFormation is sure to refuse, of all stacks at once."""
    folder = f"out/{order.system}/parameters"
    problems = parameters.check(_declared(source), values, edge.declared if edge else ())
    where = f"{folder}/{order.environment}.json"
    sources = [*source.stacks]
    if edge and order.edge:
        problems += tuple(one for one in parameters.check(_declared(edge), edge_values) if one not in problems)
        where += f", for the edge {folder}/edge/{order.environment}.json,"
        sources += edge.stacks
    if problems:
        raise parameters.ParametersError(problems, where)
    for stack in sources:
        body.check_sizes(stack)


def _declared(source: SystemSource) -> list[parameters.Declared]:
    return [{key: one for key, one in stack.parameters.items() if key not in FILLED_IN} for stack in source.stacks]


def _edge_job(job: Job, edge: SystemSource, values: Mapping[str, str]) -> Job:
    """The same order for the edge: the same account and endpoint, always in the edge's own region."""
    session = replace(job.session, region=edge.region)
    # A bucket must be in the stack's region, and the one that was named is for the system's own.
    order = job.order if session.region == job.session.region else replace(job.order, bucket=None)
    return Job(order, edge, values, job.given, session, settings=job.settings)


def propose(
    job: Job,
    source: StackSource,
    purpose: str,
    note: Note,
    promised: Collection[str] = (),
    sleep: Sleep = time.sleep,
) -> Proposal:
    """What deploying ``source`` would do, from a change set where one can be made.

    ``promised`` are exports that stacks before this one will have made; what is imported of them and is not
    there yet makes a foreseen plan. Raises StackError when the stack's state forbids it, TapError when
    CloudFormation refuses. ``sleep`` lets time pass while the change set is being made.
    """
    client = job.session.cloudformation
    stack = stacks.look(client, job.name(source))
    _check_state(stack)
    if source is job.source.stacks[0] and not stack.exists:
        layouts.check_beside(client, job.source, job.suffix, job.order.out)
    old, new = _sides(job, source, stack, note)
    kind: Kind = "UPDATE" if stack.state.next is Next.UPDATE else "CREATE"
    missing, unseen = _missing_imports(job, new)
    if missing - set(promised):
        raise StackError(
            f"{stack.name} imports what no stack exports: {', '.join(sorted(missing - set(promised)))}. "
            "Deploy the stack that exports it first."
        )
    if missing or stack.state.next is Next.DELETE_FIRST:
        why = (
            "It imports what an earlier stack has yet to export, so no change set can be made before that is deployed."
            if missing
            else f"It {stack.state.sentence} ({stack.status}): deploy deletes it first, then creates it anew."
        )
        found, blind = compared.offline(old, new)
        notes = tuple(filter(None, (why, "" if old is NOTHING else blind, unseen)))
        plan = merge.merged(replace(foresee(stack.name, kind, old, new), notes=notes), found, new)
        return _with_settings(
            job, _with_refusals(job, Proposal(risk.judged(plan, found, old, new), stack, None), old, new)
        )
    delivered = body.deliver(source, job.session, job.order.bucket, note)
    request = Request(
        stack.name,
        kind,
        delivered,
        {key: value for key, value in new.values.items() if key in source.parameters and key not in FILLED_IN},
        source.about.get("Capabilities", ()),
        {
            key: str(resolve({"Fn::Sub": value.replace("{", "${")}, new.scope))
            for key, value in source.about.get("Tags", {}).items()
        },
        bool(source.children),
        purpose,
        job.order.conduct,
    )
    new = replace(new, values={**new.values, **dict(delivered.parameters)})
    found, blind = compared.offline(old, new)
    made = changeset.make(client, request, job.session.pace, sleep)
    try:
        plan = merge.merged(from_change_set(made, kind, old, new), found, new)
        plan = replace(plan, notes=(*plan.notes, *filter(None, ("" if made.empty else blind, unseen))))
        proposal = Proposal(risk.judged(plan, found, old, new), stack, made, request)
        return _with_settings(job, _with_refusals(job, proposal, old, new))
    except BaseException:
        # Nobody holds it yet. What cannot be removed now, the next deployment removes.
        with suppress(ClientError, BotoCoreError, TapError):
            changeset.discard(client, made.arn, made.stack_id, kind, pace=job.session.pace, sleep=sleep)
        raise


def _with_refusals(job: Job, proposal: Proposal, old: Side, new: Side) -> Proposal:
    """The proposal with what CloudFormation will refuse for the sake of other stacks, said first in its plan."""
    replaced = {harm.logical_id for harm in proposal.plan.harms if harm.does is not Does.WEAKEN}
    stakes = imported.at_stake(old, new, replaced)
    client, plan = job.session.cloudformation, proposal.plan
    notes = tuple(imported.refusals(client, plan.stack_name, stakes))
    return replace(proposal, plan=replace(plan, notes=(*notes, *plan.notes)))


def _with_settings(job: Job, proposal: Proposal) -> Proposal:
    """The proposal with what is to be set on the stack, which its plan says."""
    stack = proposal.stack
    wanted = guard.differences(job.session.cloudformation, stack, job.settings)
    when = "Without any change set" if proposal.empty else "Once it is deployed"
    notes = [f"{when}, {one.sentence}." for one in wanted]
    if stack.drift == "DRIFTED" and not job.order.conduct.revert_drift:
        seen = f" ({stack.drift_seen:%Y-%m-%d %H:%M})" if stack.drift_seen else ""
        notes.insert(
            0,
            f"It had drifted from its template when that was last detected{seen}: this is compared with the template, "
            "not with what is there. `drift` shows it; --revert-drift sets it back.",
        )
    return replace(proposal, plan=replace(proposal.plan, notes=(*proposal.plan.notes, *notes), settings=wanted))


def drop(job: Job, proposal: Proposal) -> None:
    """Leave nothing of a proposal behind."""
    made = proposal.change_set
    if made is not None:
        changeset.discard(
            job.session.cloudformation, made.arn, made.stack_id, proposal.plan.kind, pace=job.session.pace
        )


def promises(job: Job, source: StackSource) -> list[str]:
    """The names under which a stack will export, once it is deployed."""
    return resolved_exports(_new_side(job, source, job.values))


def order_of(job: Job) -> Needs:
    """Which of the job's stacks needs which."""
    return graph.needs({job.name(source): _new_side(job, source, job.values) for source in job.source.stacks})


def deployed_order(job: Job, found: Sequence[Stack]) -> Needs:
    """Which of the stacks needs which, by the templates and parameters that they have now.

    Where one may not be read, each needs those before it in the order of deployment.
    """
    pseudo = {"AWS::Region": job.session.region, "AWS::Partition": job.session.partition}
    sides = {}
    for stack in found:
        if stack.status == "REVIEW_IN_PROGRESS":  # it has no template yet
            continue
        try:
            template = stacks.deployed_template(job.session.cloudformation, stack.id)
        except ClientError as error:
            if aws_errors.code(error) not in aws_errors.DENIED:
                raise
            names = [name for name in job.names if any(one.name == name for one in found)]
            return {name: frozenset(names[:place]) for place, name in enumerate(names)}
        sides[stack.name] = Side(template, stack.parameters, {**pseudo, "AWS::StackName": stack.name})
    return {stack.name: frozenset() for stack in found} | dict(graph.needs(sides))


def subject_of(job: Job, source: StackSource, plan: Plan | None = None) -> Subject:
    """What watching a stack takes: its resources in words, and what ``plan`` does to which."""
    templates = [source.template, *(child.template for child in source.children)]
    changes = plan.all_changes if plan else ()
    expected = {change.logical_id: does(change.raw_action) for change in changes}
    return replace(subject(job.name(source), templates, expected), mask=mask(job, source))


def mask(job: Job, source: StackSource) -> Mask:
    """What hides the values of a stack's ``NoEcho`` parameters, as far as they are given or have a default."""
    return mask_of(_new_side(job, source, job.values))


def _check_state(stack: Stack) -> None:
    if stack.state.next in {Next.BUSY, Next.STUCK}:
        advice = stack.state.advice.format(name=stack.name)
        raise StackError(f"{stack.name} {stack.state.sentence} ({stack.status}). {advice}")


def _sides(job: Job, source: StackSource, stack: Stack, note: Note) -> tuple[Side, Side]:
    """What is deployed, and what is to be: with the values that the account decides."""
    updates = stack.state.next is Next.UPDATE
    values = dict(job.values)
    if account.LOGS_ROLE in source.parameters and account.LOGS_ROLE not in job.given:
        values |= account.decide(stack.parameters if updates else {}, job.session, note)
    new = _new_side(job, source, values)
    if not updates:
        return NOTHING, new
    try:
        deployed = stacks.deployed_template(job.session.cloudformation, stack.name)
        secret = parameters.secrets(deployed.get("Parameters", {}))
        old = compared.by_name(Side(deployed, stack.parameters, new.pseudo, secret), new)
        children = compared.deployed_children(job.session.cloudformation, stack.id, old)
    except ClientError as error:
        if aws_errors.code(error) not in aws_errors.DENIED:
            raise
        return Side({}, stack.parameters, new.pseudo, new.hidden), new
    layouts.check_deployed(stack, deployed, source)
    return replace(old, children=children), new


def _new_side(job: Job, source: StackSource, values: Mapping[str, str]) -> Side:
    # Shown as they are in a stack's own values; no call is made for the account's number.
    pseudo = {
        "AWS::Region": job.session.region,
        "AWS::Partition": job.session.partition,
        "AWS::StackName": job.name(source),
    }
    return Side(
        source.template,
        parameters.effective(source.parameters, values),
        pseudo,
        parameters.secrets(source.parameters),
        {child.name: child.template for child in source.children},
    )


def _missing_imports(job: Job, new: Side) -> tuple[set[str], str]:
    """What a stack imports and nobody exports; and a sentence where exports may not be listed, else ``""``."""
    wanted = set(resolved_imports(new))
    try:
        return wanted - stacks.exports(job.session.cloudformation) if wanted else set(), ""
    except ClientError as error:
        if aws_errors.code(error) not in aws_errors.DENIED:
            raise
        return set(), "Whether what it imports is there could not be seen (ListExports is not allowed)."
