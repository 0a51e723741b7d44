from __future__ import annotations

import io
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from tap.handoff import archive
from tap.handoff.archive import File

FILES = {"b/two.txt": File("zwei — ü\n"), "a.sh": File("#!/bin/sh\n", executable=True), "manifest.json": File("{}\n")}


def test_checksums_are_what_sha256sum_takes(tmp_path: Path) -> None:
    folder, _ = archive.write({**FILES, archive.CHECKSUMS: File(archive.checksums(FILES))}, tmp_path, "x-1.0.0")
    done = subprocess.run(
        ["sha256sum", "-c", archive.CHECKSUMS], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == len(FILES)


def test_the_zip_holds_the_same_as_the_folder(tmp_path: Path) -> None:
    folder, zipped = archive.write(FILES, tmp_path, "x-1.0.0")
    with zipfile.ZipFile(zipped) as found:
        held = {one.filename: found.read(one) for one in found.infolist()}
        assert list(held) == sorted(held)
        assert {one.date_time for one in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        modes = {one.filename: one.external_attr >> 16 for one in found.infolist()}
    assert held == {f"x-1.0.0/{path}": (folder / path).read_bytes() for path in FILES}
    assert stat.S_IMODE(modes["x-1.0.0/a.sh"]) == stat.S_IMODE((folder / "a.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE(modes["x-1.0.0/b/two.txt"]) == stat.S_IMODE((folder / "b/two.txt").stat().st_mode) == 0o644


def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        folder, zipped = archive.write(FILES, tmp_path, "x")
    finally:
        os.umask(old)
    files = (zipped, folder / "b/two.txt", folder / "a.sh")
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o644, 0o644, 0o755]


def test_order_of_making_and_umask_change_nothing() -> None:
    before = archive.zipped(FILES, "x")
    old = os.umask(0o077)
    try:
        assert archive.zipped(dict(reversed(FILES.items())), "x") == before
    finally:
        os.umask(old)
    assert zipfile.ZipFile(io.BytesIO(before)).testzip() is None


def test_a_bundle_is_replaced_whole(tmp_path: Path) -> None:
    archive.write(FILES, tmp_path, "x")
    folder, _ = archive.write({"manifest.json": File("{}")}, tmp_path, "x")
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", "x.zip"]


def test_a_folder_that_is_no_bundle_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(archive.OccupiedError, match="is no bundle"):
        archive.write(FILES, tmp_path, "x")
    assert (tmp_path / "x" / "thesis.txt").read_text("utf-8") == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
