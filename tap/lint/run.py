"""Lint files: what is cached is read, the rest goes to cfn-lint, in worker processes when more than one."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tap.errors import TapError
from tap.lint import cache, exemptions
from tap.lint.model import Finding, Verdict
from tap.lint.targets import Target

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


@dataclass(frozen=True)
class Linted:
    """A file with its verdict. ``cached``: the verdict was read, not made."""

    path: Path
    verdict: Verdict
    cached: bool


def lint(
    targets: Sequence[Target],
    *,
    regions: tuple[str, ...] = (),
    use_cache: bool = True,
    note: Callable[[str], None] = lambda _: None,
) -> list[Linted]:
    """Lint the targets; the results are in their order.

    ``regions`` empty means each template's own and us-east-1. ``use_cache`` false neither reads nor writes
    the cache. ``note`` is told, before it is done, that something takes time, and afterwards that the cache
    could not be written. Raises TapError for an unreadable file, an unknown region, and a worker process that
    died.
    """
    contents = [_read(target.path) for target in targets]
    names = [cache.key(content, regions) for content in contents]
    kept = [cache.load(name) if use_cache else None for name in names]
    jobs = [
        (target.path, content, regions)
        for target, content, verdict in zip(targets, contents, kept, strict=True)
        if verdict is None
    ]
    fresh = iter(_lint_all(jobs, regions, note) if jobs else ())
    linted = [
        Linted(target.path, verdict or next(fresh), cached=verdict is not None)
        for target, verdict in zip(targets, kept, strict=True)
    ]
    if use_cache and jobs:
        new = {
            name: one.verdict
            for name, one in zip(names, linted, strict=True)
            if not one.cached and one.verdict.self_contained
        }
        try:
            cache.store(new)
        except OSError as error:
            note(f"the results could not be kept for the next run: {error.strerror or error}.")
    # Which regions are asked for decides whether an exemption is used; it was written for the template's own.
    return linted if regions else _with_unused(targets, linted)


_Job = tuple[Path, bytes, tuple[str, ...]]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TapError(f"cannot read {path}: {error.strerror}") from error


def _lint_all(jobs: Sequence[_Job], regions: tuple[str, ...], note: Callable[[str], None]) -> list[Verdict]:
    """The verdicts in the order of the jobs."""
    workers = min(len(jobs), _cores())
    context = _context()
    # A fifth of the loading would be the garbage collector, looking at modules and rules that stay to the end.
    gc.disable()
    try:
        from tap.lint import engine

        engine.check_regions(regions)
        note(f"linting {len(jobs)} template(s) in {workers} process(es) …")
        if workers == 1 or context.get_start_method() == "fork":
            engine.load()  # forked workers inherit it
    finally:
        gc.freeze()
        gc.enable()
    if workers == 1:
        return [engine.lint(*job) for job in jobs]

    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # The longest first, so that no worker is left with a long one at the end.
    order = sorted(range(len(jobs)), key=lambda number: len(jobs[number][1]), reverse=True)
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_interrupts_to_parent)
    try:
        futures = {number: executor.submit(engine.lint, *jobs[number]) for number in order}
        return [futures[number].result() for number in range(len(jobs))]
    except BrokenProcessPool as error:
        raise TapError("a lint process was ended from outside (out of memory, perhaps). Run it again.") from error
    finally:
        executor.shutdown(cancel_futures=True)


def _cores() -> int:
    """The cores that this process may use, which in a container can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> BaseContext:
    """Fork, so that cfn-lint is imported and its rules are loaded once; spawn where forking is not safe.

    macOS has fork, but its system libraries do not bear it: the reason that Python's default there is spawn.
    """
    import multiprocessing

    can_fork = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
    return multiprocessing.get_context("fork" if can_fork else "spawn")


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _with_unused(targets: Sequence[Target], linted: Sequence[Linted]) -> list[Linted]:
    """Add a TAP0003 finding to each exemption that no template of its group used.

    A group, because a rule may find the same resource at fault in one layout only: where a reference is an
    import, cfn-lint cannot see the value behind it, and the resource carries its exemption into every layout.
    """
    used = {
        (target.group, exemption.logical_id, exemption.rule)
        for target, one in zip(targets, linted, strict=True)
        for exemption in one.verdict.exemptions
        if exemption.used
    }
    judged: list[Linted] = []
    for target, one in zip(targets, linted, strict=True):
        idle: list[Finding] = [
            exemptions.unused(exemption)
            for exemption in one.verdict.exemptions
            if target.group and (target.group, exemption.logical_id, exemption.rule) not in used
        ]
        findings = tuple(sorted({*one.verdict.findings, *idle}))
        judged.append(replace(one, verdict=replace(one.verdict, findings=findings)))
    return judged
