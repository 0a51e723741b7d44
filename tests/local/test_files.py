from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tap.local.files import Files, Record, exclusive, held, take

RECORD = Record(pid=1, port=2, started="2026-01-01T00:00:00+00:00", sources="abc")


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    where = Files(tmp_path)
    where.write_record(RECORD)
    assert where.read_record() == RECORD
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.json"]


def test_no_record_or_a_broken_one_is_none(tmp_path: Path) -> None:
    where = Files(tmp_path)
    assert where.read_record() is None
    for broken in ('{"pid": 1', "[]", '{"pid": 1}', '{"pid": 1, "port": 2, "more": 3}'):
        where.record.write_text(broken)
        assert where.read_record() is None


def test_the_log_tail_is_the_last_lines(tmp_path: Path) -> None:
    where = Files(tmp_path)
    assert where.log_tail() == ""
    where.log.write_text("\n".join(str(n) for n in range(100)))
    assert where.log_tail(2) == "98\n99"


def test_a_lock_is_held_within_its_block_only(tmp_path: Path) -> None:
    lock = tmp_path / "below" / "a.lock"
    assert not held(lock)
    with exclusive(lock):
        assert held(lock)
        assert take(lock) is None
    assert not held(lock)


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    program = (
        "import sys, tap.local.files as f, pathlib;"
        "f.take(pathlib.Path(sys.argv[1])); print('taken', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"taken\n"
        assert held(lock)
        assert take(lock) is None
        child.kill()
    assert not held(lock)
