"""What the local emulator leaves on disk, and the two locks that say who may do what.

Everything is in one folder, ``state_dir()/local``:

========================  ======================================================================
``start.lock``            held by a command while it starts or stops the emulator: one at a time
``alive.lock``            held by the emulator for as long as it lives
``emulator.json``         the emulator's pid, port and start, written by itself
``emulator.log``          what it said since it was started
``kept/``                 what it knew when it was last stopped
``tmp/``                  its temporary files, the unpacked code of Lambda functions for instance
========================  ======================================================================

A pid alone proves nothing: the system gives it to another process some day. The lock does: the kernel frees
it when its holder ends, however it ends, and the holder alone writes ``emulator.json``. So *lock held* means
*alive and ours*.

This module runs in both environments, so it knows the standard library alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """An emulator, as it wrote itself down: process id, TCP port, start (UTC, ISO 8601), digest of sources."""

    pid: int
    port: int
    started: str
    sources: str


@dataclass(frozen=True)
class Files:
    """The files of one emulator below ``root``."""

    root: Path

    @property
    def start_lock(self) -> Path:
        """Held while a command starts or stops the emulator."""
        return self.root / "start.lock"

    @property
    def alive_lock(self) -> Path:
        """Held by the emulator while it lives."""
        return self.root / "alive.lock"

    @property
    def record(self) -> Path:
        """Where the emulator writes its :class:`Record`."""
        return self.root / "emulator.json"

    @property
    def log(self) -> Path:
        """What the emulator prints."""
        return self.root / "emulator.log"

    @property
    def kept(self) -> Path:
        """What the emulator knew when it was stopped."""
        return self.root / "kept"

    @property
    def tmp(self) -> Path:
        """The emulator's temporary files."""
        return self.root / "tmp"

    @property
    def lambda_runtime(self) -> Path:
        """The modules that AWS's Python runtimes for Lambda have: boto3 and cfnresponse."""
        return self.tmp / "lambda-runtime"

    def has_kept(self) -> bool:
        """Whether the emulator kept anything when it was last stopped."""
        return (self.kept / "services").is_dir()

    def read_record(self) -> Record | None:
        """The record, or None when there is none or it is no record (cut short, or of another version)."""
        try:
            return Record(**json.loads(self.record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write_record(self, record: Record) -> None:
        """Write the record so that a reader sees the old one or the new one, never half of one."""
        draft = self.record.with_name(f".{uuid.uuid4().hex}.json")
        draft.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")
        draft.replace(self.record)

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the log; empty when there is no log."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock on ``path`` within the block; wait for it as long as another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # frees the lock


def take(path: Path) -> int | None:
    """Take the lock on ``path`` for the rest of this process's life.

    Gives the descriptor that holds it, which programs started by this process do not inherit; None when
    another process has the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def held(path: Path) -> bool:
    """Whether some process holds the lock on ``path``. The question is a shared lock: two may ask at once."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
