from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tap import project
from tap.errors import TapError
from tap.local import process
from tap.local.files import Files, Record, held, take


@pytest.fixture
def where(tmp_path: Path) -> Iterator[Files]:
    """The files of an emulator that does not outlive the test."""
    files = Files(tmp_path / "local")
    yield files
    process.stop(files, forget=True)


def listening_addresses(pid: int) -> set[str]:
    """The addresses on which a process listens, as Linux writes them (hexadecimal, least byte first)."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            inodes.add(target.removeprefix("socket:[").rstrip("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add(fields[1].split(":")[0])
    return found


def in_session(session: int) -> list[int]:
    """The processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def test_it_is_started_once_found_again_and_stopped(where: Files) -> None:
    assert process.find(where) is None
    record = process.ensure(where)
    assert process.answers(record.port)
    assert process.ensure(where) == process.find(where) == record
    assert record.sources == process.sources()
    assert process.stop(where) is True
    assert process.find(where) is None
    assert not process.answers(record.port)
    assert process.stop(where) is False


def test_it_listens_on_loopback_only(where: Files) -> None:
    record = process.ensure(where)
    assert listening_addresses(record.pid) == {"0100007F"}


def test_it_lives_in_a_session_of_its_own_and_leaves_nobody_behind(where: Files) -> None:
    record = process.ensure(where)
    assert os.getsid(record.pid) == record.pid != os.getsid(0)
    process.stop(where)
    assert in_session(record.pid) == []


def test_nothing_of_the_callers_settings_gets_in(where: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    record = process.ensure(where)
    environment = Path(f"/proc/{record.pid}/environ").read_bytes()
    assert b"a-secret" not in environment
    assert b"proxy.invalid" not in environment


def test_after_a_kill_it_starts_again(where: Files) -> None:
    first = process.ensure(where)
    os.kill(first.pid, signal.SIGKILL)
    second = process.ensure(where)
    assert second.pid != first.pid
    assert process.find(where) == second


def test_one_that_hangs_is_ended_and_replaced(where: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(process, "STOP_SECONDS", 0.2)
    first = process.ensure(where)
    os.kill(first.pid, signal.SIGSTOP)
    second = process.ensure(where)
    assert second.pid != first.pid
    assert in_session(first.pid) == []


def test_a_record_whose_pid_is_somebody_elses_is_not_believed(where: Files) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with bystander:
        where.root.mkdir(parents=True)
        where.write_record(Record(bystander.pid, 1, "2026-01-01T00:00:00+00:00", ""))
        assert process.find(where) is None
        assert process.stop(where) is False
        assert bystander.poll() is None
        record = process.ensure(where)
        assert record.pid != bystander.pid
        assert bystander.poll() is None
        bystander.kill()


def test_two_that_start_at_once_get_the_same_one(where: Files) -> None:
    program = (
        "import sys, pathlib; from tap.local import process; from tap.local.files import Files;"
        "print(process.ensure(Files(pathlib.Path(sys.argv[1]))).pid)"
    )
    command = [sys.executable, "-c", program, str(where.root)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project.ROOT) for _ in range(4)]
    pids = {starter.communicate()[0].strip() for starter in starters}
    record = process.find(where)
    assert record is not None
    assert pids == {str(record.pid)}


def test_it_ends_when_its_lifeline_does(where: Files) -> None:
    read_end, write_end = os.pipe()
    record = process.ensure(where, lifeline=read_end)
    os.close(read_end)
    pidfd = os.pidfd_open(record.pid)
    os.close(write_end)
    os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOWAIT)
    os.close(pidfd)
    assert not held(where.alive_lock)


def test_a_second_one_on_the_same_files_refuses(where: Files) -> None:
    where.root.mkdir(parents=True)
    lock = take(where.alive_lock)
    assert lock is not None
    refused = subprocess.run(
        [str(project.ROOT / ".venv-emulator/bin/python"), "-m", "tap.local.extension", str(where.root)],
        capture_output=True,
        text=True,
        cwd=project.ROOT,
        check=False,
    )
    os.close(lock)
    assert refused.returncode == 1
    assert "another emulator lives" in refused.stderr


def test_a_start_that_fails_shows_the_end_of_the_log(where: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_environment", lambda _: {"PYTHONPATH": "/nonexistent"})
    with pytest.raises(TapError, match=r"ended while it started(.|\n)*tap"):
        process.ensure(where)


def test_without_its_environment_it_says_how_to_make_it(
    where: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "ROOT", tmp_path)
    with pytest.raises(TapError, match=r"make \.venv-emulator/\.installed"):
        process.ensure(where)


def test_forget_removes_what_was_kept(where: Files) -> None:
    process.ensure(where)
    process.stop(where)
    assert where.has_kept()
    process.ensure(where)
    process.stop(where, forget=True)
    assert sorted(path.name for path in where.root.iterdir()) == ["alive.lock", "start.lock"]


def test_memory_of_nobody_is_unknown() -> None:
    assert process.memory_mib(2**22 + 1) is None
