"""The gate of ``deploy`` as a person meets it: its options, its questions, its refusals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from botocore.exceptions import ClientError

from tap.commands import _target
from tap.deploy import gate, stacks
from tap.deploy.aws_errors import DENIED, code
from tap.deploy.gate import Allowed, BlockedError, Step
from tap.deploy.plan import Plan
from tap.deploy.workflow import Job

F = TypeVar("F", bound=Callable[..., Any])


def options(command: F) -> F:
    """``--yes --allow-replace --allow-delete``: what is agreed to beforehand."""
    for option in (
        click.option(
            "--allow-delete",
            multiple=True,
            metavar="ID",
            help="This resource may be deleted, or its data less protected. Repeatable.",
        ),
        click.option("--allow-replace", multiple=True, metavar="ID", help="This resource may be replaced. Repeatable."),
        click.option("--yes", is_flag=True, help="Do not ask. What holds data must be named all the same."),
    ):
        command = option(command)
    return command


@dataclass
class Consent:
    """What the command line agrees to, over all stacks of a run.

    ``ids`` are the logical ids of each stack, deployed or to be, read only if something is named; ``pending`` the
    stacks that are still to come; ``used`` the ids that were of use.
    """

    yes: bool
    allowed: Allowed
    ids: dict[str, set[str]] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def expect(self, jobs: Iterable[Job]) -> None:
        """Learn the stacks of the run, in the order in which they are deployed."""
        for job in jobs:
            self.pending += job.names
            if any(self.allowed):
                self.ids |= {name: found for name, found in _ids(job).items() if name not in self.ids}

    def reach(self, name: str) -> None:
        """A stack's turn has come."""
        if name in self.pending:
            self.pending.remove(name)

    def check(self, plan: Plan) -> None:
        """Raise BlockedError when an id is named that is not among the harmful changes."""
        later = self._ids_of(self.pending)
        elsewhere = self._ids_of(name for name in self.ids if name != plan.stack_name)
        here = self.ids.get(plan.stack_name, set())
        wrong = list(gate.misplaced(self.allowed, plan.harms, self.used, here=here, later=later, elsewhere=elsewhere))
        if wrong:
            raise BlockedError("\n  ".join((f"{plan.stack_name}: the command line names what it should not.", *wrong)))
        self.used |= {harm.logical_id for harm in plan.harms if self.allowed.covers(harm)}

    def _ids_of(self, names: Iterable[str]) -> Collection[str]:
        return set().union(*(self.ids.get(name, set()) for name in names))


def confirm(plan: Plan, consent: Consent, refused: str) -> None:
    """Ask what this plan takes to be executed. Raises BlockedError where the gate stays shut, DeclinedError for no."""
    name = plan.stack_name
    consent.check(plan)
    verdict = gate.decide(plan.harms, consent.allowed, yes=consent.yes, terminal=sys.stdin.isatty())
    if verdict.step is Step.BLOCKED:
        raise BlockedError("\n  ".join((f"{name} is not deployed. {refused}", *verdict.sentences)))
    if verdict.step is Step.ASK:
        _target.ask(f"Deploy this to {name}?", yes=False, refused=refused)
    elif verdict.step is Step.WORD:
        _typed("yes", f"This replaces or removes resources. Type yes to deploy it to {name}", refused)
    elif verdict.step is Step.NAME:
        _typed(name, f"This puts data at risk. Type {name} to deploy it", refused)


def _typed(word: str, question: str, refused: str) -> None:
    with _target.asking():
        typed = click.prompt(question, default="", show_default=False, err=True)
    if typed != word:
        raise _target.DeclinedError(f"not confirmed. {refused}")


def _ids(job: Job) -> dict[str, set[str]]:
    """The logical ids in the templates of each stack: those that it will have, and has now where one may look."""
    found = {}
    for source in job.source.stacks:
        name = job.name(source)
        found[name] = set(source.template.get("Resources", {}))
        try:
            if stacks.look(job.session.cloudformation, name).exists:
                deployed = stacks.deployed_template(job.session.cloudformation, name)
                found[name] |= set(deployed.get("Resources", {}))
        except ClientError as error:
            if code(error) not in DENIED:
                raise
    return found
