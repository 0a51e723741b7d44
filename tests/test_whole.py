from __future__ import annotations

from pathlib import Path

import pytest

from tap import whole


def test_a_file_is_written_whole_into_folders_that_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "plan.txt"
    for text in ("first\n", "→ second\n"):
        whole.write(path, text)
        assert path.read_bytes() == text.encode()
    assert [one.name for one in path.parent.iterdir()] == ["plan.txt"]


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    whole.write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        whole.write(path, "half \ud800")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["plan.txt"]
