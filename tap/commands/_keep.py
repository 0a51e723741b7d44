"""``plan --save``: the change sets of a run that are kept, and the file that tells of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tap.commands import _target
from tap.deploy import saved, workflow
from tap.deploy.source import StackSource
from tap.deploy.workflow import Job, Proposal


class Keep:
    """Collects what a run has planned. Whoever has one writes it or drops it."""

    def __init__(self, job: Job, path: Path) -> None:
        self._path = path
        self._plan = saved.begin(job, edge=job.order.edge)
        self._kept: list[tuple[Job, Proposal]] = []

    def take(self, job: Job, source: StackSource, proposal: Proposal) -> bool:
        """Keep a proposal, if there is anything in it to execute; gives whether it was kept."""
        if proposal.change_set is None:
            self._plan = replace(self._plan, not_planned=(*self._plan.not_planned, proposal.plan.stack_name))
            return False
        if proposal.change_set.empty:
            if proposal.plan.settings:
                name = proposal.plan.stack_name
                _target.note(f"{name}: its settings need no change set, so they are not saved; `deploy` sets them.")
            return False
        self._kept.append((job, proposal))
        one = saved.stack_of(job, source, proposal, self._plan.salt)
        self._plan = replace(self._plan, stacks=(*self._plan.stacks, one))
        return True

    def write(self) -> None:
        """Write the file, unless there is nothing to execute."""
        later = ", ".join(self._plan.not_planned)
        if not self._plan.stacks:
            _target.note(f"Nothing can be planned yet but {later}." if later else "No changes: nothing was saved.")
            return
        saved.write(self._path, self._plan)
        names = ", ".join(one.name for one in self._plan.stacks)
        _target.note(f"Saved to {self._path}: {names}. To execute it: python generate.py execute {self._path}")
        if later:
            _target.note(f"Not in it: {later}. It can only be planned once the others are deployed; plan again then.")

    def drop(self) -> None:
        """Leave nothing behind."""
        for job, proposal in self._kept:
            workflow.drop(job, proposal)
