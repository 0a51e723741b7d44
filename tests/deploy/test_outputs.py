from __future__ import annotations

import json
from pathlib import Path

from tap.deploy.outputs import FLAT, forget, merge, of_stack, write


def test_the_outputs_of_a_stack_are_sorted_by_key() -> None:
    described = {"Outputs": [{"OutputKey": "B", "OutputValue": "2"}, {"OutputKey": "A", "OutputValue": "1"}]}
    assert list(of_stack(described).items()) == [("A", "1"), ("B", "2")]
    assert of_stack({}) == {}


def test_all_stacks_are_merged_flat_and_clashes_are_named() -> None:
    flat, clashes = merge({"one": {"B": "1", "C": "same"}, "two": {"A": "2", "B": "3", "C": "same"}})
    assert list(flat.items()) == [("A", "2"), ("B", "3"), ("C", "same")]
    assert clashes == ["B"]


def test_a_flat_file_and_one_per_stack_are_written_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "cfn-outputs"
    write(folder, {"notes-dev-a": {"A": "1"}, "notes-dev-b": {"B": "ü"}})
    assert json.loads((folder / FLAT).read_text("utf-8")) == {"A": "1", "B": "ü"}
    assert sorted(path.name for path in folder.iterdir()) == [FLAT, "notes-dev-a.json", "notes-dev-b.json"]


def test_a_deleted_stack_s_outputs_are_forgotten(tmp_path: Path) -> None:
    write(tmp_path, {"a": {"A": "1", "Both": "x"}, "b": {"B": "2"}})
    forget(tmp_path, "a")
    assert json.loads((tmp_path / FLAT).read_text("utf-8")) == {"B": "2"}
    forget(tmp_path, "b")
    assert list(tmp_path.iterdir()) == []
    forget(tmp_path, "never-there")
