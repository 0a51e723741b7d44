from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tap.lint import cache
from tap.lint.model import Exemption, Finding, Verdict

VERDICT = Verdict(
    regions=("eu-west-1", "us-east-1"),
    findings=(Finding(4, 3, "W2001", "warning", "Unused", "Parameters/Unused", "Parameter Unused not used."),),
    exemptions=(Exemption("Bucket", "W3045", "The log service writes by ACL.", 9, True),),
)


def test_what_is_stored_is_loaded() -> None:
    name = cache.key(b"content", ["us-east-1"])
    assert cache.load(name) is None
    cache.store({name: VERDICT})
    assert cache.load(name) == VERDICT


def test_no_other_file_is_left_behind(state: Path) -> None:
    cache.store({"a": VERDICT})
    cache.store({"a": VERDICT, "b": VERDICT})
    assert sorted(path.name for path in (state / "lint").iterdir()) == ["a.json", "b.json"]


def test_the_key_is_of_content_regions_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [
        cache.key(b"content", []),
        cache.key(b"content ", []),
        cache.key(b"content", ["us-east-1"]),
        cache.key(b"content", ["us-east-1", "eu-west-1"]),
        cache.key(b"content", ["eu-west-1", "us-east-1"]),
    ]
    assert len(set(keys)) == len(keys)
    assert cache.key(b"content", []) == keys[0]
    cache._settings.cache_clear()
    monkeypatch.setattr("importlib.metadata.version", lambda _: "9.9.9")
    assert cache.key(b"content", []) != keys[0]
    cache._settings.cache_clear()


def test_newer_schemas_change_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = cache.key(b"content", [])
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    downloaded = tmp_path / "aws" / "cfn-lint" / "schemas"
    downloaded.mkdir(parents=True)
    (downloaded / "version.json").write_text('{"schema_date": "2099-01-01T00:00:00Z"}')
    cache._settings.cache_clear()
    assert cache.key(b"content", []) != before
    cache._settings.cache_clear()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"regions": [], "findings": 7, "exemptions": [], "self_contained": true}',
        b'{"regions": [7], "findings": [], "exemptions": [], "self_contained": true}',
        b'{"regions": [], "findings": [{"line": 1}], "exemptions": [], "self_contained": true}',
    ],
)
def test_a_corrupted_entry_is_none_and_can_be_rewritten(state: Path, content: bytes) -> None:
    cache.store({"a": VERDICT})
    (state / "lint" / "a.json").write_bytes(content)
    assert cache.load("a") is None
    cache.store({"a": VERDICT})
    assert cache.load("a") == VERDICT


def test_fields_of_the_wrong_type_are_corruption(state: Path) -> None:
    cache.store({"a": VERDICT})
    path = state / "lint" / "a.json"
    data = json.loads(path.read_bytes())
    data["findings"][0]["line"] = "4"
    path.write_text(json.dumps(data))
    assert cache.load("a") is None


def test_the_longest_unused_are_dropped(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setattr(cache, "KEPT", 3)
    cache.store({"old": VERDICT, "older": VERDICT, "used": VERDICT})
    for age, name in enumerate(("old", "older", "used")):
        os.utime(state / "lint" / f"{name}.json", (1000 - age, 1000 - age))
    assert cache.load("used") == VERDICT
    cache.store({"new": VERDICT})
    assert sorted(path.stem for path in (state / "lint").iterdir()) == ["new", "old", "used"]
