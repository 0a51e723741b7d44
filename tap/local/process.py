"""The emulator as a process: find it, start it, end it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

from tap import project
from tap.errors import TapError
from tap.local import runtime
from tap.local.files import Files, Record, exclusive, held

HEALTH_PATH = "/_ministack/health"
START_SECONDS = 30.0
"""How long an emulator may take to answer for the first time. Measured: 0.5 to 1.5 s on two busy cores."""
PATIENCE_SECONDS = 10.0
"""How long a living emulator may owe an answer before it counts as hung."""
STOP_SECONDS = 15.0
"""How long an emulator may take to write down what it knows and end, before it is killed."""
_POLL_SECONDS = 0.02

_children: list[subprocess.Popen[bytes]] = []
"""The emulators that this process started, to be reaped when they end."""


def files() -> Files:
    """The emulator's files, in this project's state folder."""
    return Files(project.state_dir().resolve() / "local")


def find(where: Files) -> Record | None:
    """The emulator that lives on these files and answers, or None. It changes nothing."""
    record = _living(where)
    return record if record and answers(record.port) else None


def ensure(where: Files, *, lifeline: int | None = None) -> Record:
    """The emulator on these files: the one that runs, or a new one when none runs, or none that answers.

    ``lifeline`` is the read end of a pipe: the emulator ends when the other end closes, so it does not
    outlive a test run that is killed. Raises :class:`tap.errors.TapError` when it is not installed or does
    not come up.
    """
    if record := find(where):
        return record
    with exclusive(where.start_lock):
        if record := _found_within(where, PATIENCE_SECONDS):
            return record
        if held(where.alive_lock):  # it lives, and does not answer
            _end(where)
        return _start(where, lifeline)


def stop(where: Files, *, forget: bool = False) -> bool:
    """End the emulator on these files, with ``forget`` for good. Gives whether one was running."""
    if not where.root.is_dir():
        return False
    with exclusive(where.start_lock):
        was_running = held(where.alive_lock)
        if was_running:
            _end(where)
        where.record.unlink(missing_ok=True)
        shutil.rmtree(where.tmp, ignore_errors=True)
        if forget:
            shutil.rmtree(where.kept, ignore_errors=True)
            where.log.unlink(missing_ok=True)
    return was_running


def answers(port: int, timeout: float = 2.0) -> bool:
    """Whether the emulator on this port says that it is well, within ``timeout`` seconds."""
    # No proxy: an HTTP_PROXY of the environment must not see, or break, what stays on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{HEALTH_PATH}", timeout=timeout) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@cache
def sources() -> str:
    """A digest of what an emulator is started from: an older one that still runs can be told from it."""
    digest = hashlib.sha256()
    lock = project.ROOT / ".requirements" / "emulator.lock"
    package = Path(__file__).parent
    for path in [
        lock,
        package / "files.py",
        package / "records.py",
        *sorted(package.glob("extension/**/*.py")),
    ]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def memory_mib(pid: int) -> int | None:
    """The resident memory of a process in MiB, where the system tells it for nothing (Linux); else None."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def _living(where: Files) -> Record | None:
    return where.read_record() if held(where.alive_lock) else None


def _found_within(where: Files, seconds: float) -> Record | None:
    """The emulator that lives on these files, as soon as it answers; None when it does not, or dies meanwhile."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and held(where.alive_lock):
        record = where.read_record()  # a newborn has not written it yet
        if record and answers(record.port, timeout=left):
            return record
        time.sleep(_POLL_SECONDS)
    return None


def _interpreter() -> Path:
    python = project.ROOT / ".venv-emulator" / "bin" / "python"
    if not python.exists():
        raise TapError(
            "the local emulator is not installed: there is no .venv-emulator in the project's folder. "
            "Install it with: make .venv-emulator/.installed"
        )
    return python


def _start(where: Files, lifeline: int | None) -> Record:
    python = _interpreter()
    where.record.unlink(missing_ok=True)
    where.kept.mkdir(parents=True, exist_ok=True)
    runtime.provide(where.lambda_runtime)
    command = [str(python), "-m", "tap.local.extension", str(where.root)]
    if lifeline is not None:
        command += ["--lifeline", str(lifeline)]
    with where.log.open("wb") as log:
        child = subprocess.Popen(
            command,
            env=_environment(where),
            cwd=where.tmp,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # not ended by the terminal's Ctrl-C, nor with it
            pass_fds=() if lifeline is None else (lifeline,),
        )
    _children[:] = [*(other for other in _children if other.poll() is None), child]
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        record = where.read_record()
        if record and answers(record.port):
            return record
        if child.poll() is not None:
            raise TapError(f"the local emulator ended while it started (exit code {child.returncode}). {_tail(where)}")
        time.sleep(_POLL_SECONDS)
    _signal(child.pid, signal.SIGKILL)
    child.wait()
    raise TapError(f"the local emulator did not answer within {START_SECONDS:.0f} seconds. {_tail(where)}")


def _tail(where: Files) -> str:
    return f"The end of its log, {where.log}:\n{where.log_tail() or '(empty)'}"


def _environment(where: Files) -> dict[str, str]:
    """The emulator's whole environment. Nothing of the caller's AWS settings or proxies gets in."""
    passed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
    return {
        **passed,
        "PYTHONPATH": str(project.ROOT),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(where.tmp),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",  # else capabilities are not asked for
        "MINISTACK_REGION": "us-east-1",  # for requests that name none
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(where.kept / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(where.kept / "s3"),
        # Listeners beside the HTTP endpoint, and containers: never.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{where.tmp / 'no-docker.sock'}",
    }


def _end(where: Files) -> None:
    """End the holder of the alive lock: ask it, and kill it when it does not hear. Returns when it is gone."""
    deadline = time.monotonic() + STOP_SECONDS
    asked: Record | None = None
    while time.monotonic() < deadline:
        # It may have been started a moment ago by a command that was killed, and not have written itself down
        # yet.
        record = where.read_record()
        if record and record != asked and held(where.alive_lock):
            # A stopped process (SIGSTOP) cannot hear the request before it continues.
            _signal(record.pid, signal.SIGTERM)
            _signal(record.pid, signal.SIGCONT)
            asked = record
        if not held(where.alive_lock):
            return _reap()
        time.sleep(_POLL_SECONDS)
    if asked is None:
        raise TapError(
            f"some process holds {where.alive_lock} and did not say which it is. "
            f"Find it with `fuser {where.alive_lock}`, end it, and try again."
        )
    _signal(asked.pid, signal.SIGKILL)
    deadline = time.monotonic() + STOP_SECONDS
    while held(where.alive_lock):
        if time.monotonic() > deadline:
            raise TapError(f"the local emulator (process {asked.pid}) does not end, even when killed.")
        time.sleep(_POLL_SECONDS)
    return _reap()


def _signal(pid: int, number: signal.Signals) -> None:
    """Signal the emulator; when it is killed, also what it started (Lambda functions), in its session."""
    try:
        if number == signal.SIGKILL:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]
