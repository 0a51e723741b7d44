from __future__ import annotations

from pathlib import Path

from tap.handoff.version import at, last_release, version
from tests.handoff.building import committed, git


def test_without_a_repository_it_is_a_development_version(tmp_path: Path) -> None:
    found = version(tmp_path)
    assert (found.text, found.revision, found.previous) == ("0.1.0-dev", "", "")
    assert last_release(tmp_path) == ""


def test_without_a_tag_it_names_the_commit(tmp_path: Path) -> None:
    committed(tmp_path)
    found = version(tmp_path)
    head = git(tmp_path, "rev-parse", "HEAD")
    assert found.text == f"0.1.0-dev+g{head[:10]}"
    assert found.revision == head
    assert found.previous == ""
    assert not found.released


def test_a_tagged_commit_is_a_release_and_knows_the_one_before(tmp_path: Path) -> None:
    committed(tmp_path, "v1.0.0")
    assert (version(tmp_path).text, version(tmp_path).previous) == ("1.0.0", "")
    committed(tmp_path, "v1.1.0")
    found = version(tmp_path)
    assert (found.text, found.previous) == ("1.1.0", "v1.0.0")
    assert found.released
    assert last_release(tmp_path) == "v1.1.0"


def test_after_a_release_it_says_how_far(tmp_path: Path) -> None:
    committed(tmp_path, "v1.0.0")
    committed(tmp_path)
    found = version(tmp_path)
    assert found.text.startswith("1.0.0-dev.1+g")
    assert found.previous == "v1.0.0"


def test_what_is_not_committed_is_no_release(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one", "utf-8")
    committed(tmp_path, "v1.0.0")
    (tmp_path / "file").write_text("two", "utf-8")
    found = version(tmp_path)
    assert found.text.startswith("1.0.0-dev.0+g")
    assert found.text.endswith(".dirty")
    assert found.previous == "v1.0.0"


def test_a_file_that_nobody_has_committed_makes_no_difference(tmp_path: Path) -> None:
    committed(tmp_path, "v1.0.0")
    (tmp_path / "notes").write_text("mine", "utf-8")
    assert version(tmp_path).text == "1.0.0"


def test_other_tags_are_none_of_ours(tmp_path: Path) -> None:
    committed(tmp_path, "v1.0.0")
    git(tmp_path, "tag", "vanilla")
    git(tmp_path, "tag", "1.5.0")
    assert version(tmp_path).text == "1.0.0"


def test_a_file_at_a_tag(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one", "utf-8")
    committed(tmp_path, "v1.0.0")
    (tmp_path / "file").write_text("two", "utf-8")
    assert at(tmp_path, "v1.0.0", "file") == "one"
    assert at(tmp_path, "v1.0.0", "other") is None
    assert at(tmp_path, "v9.0.0", "file") is None


def test_a_shallow_clone_without_tags_knows_of_no_release(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    committed(origin, "v1.0.0")
    committed(origin)
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-tags", origin.as_uri(), str(clone))
    assert last_release(clone) == ""
    assert version(clone).text.startswith("0.1.0-dev+g")
