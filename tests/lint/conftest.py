from __future__ import annotations

from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parent / "templates"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and a home and working folder with nothing in them."""
    folder = tmp_path / "state"
    monkeypatch.setenv("TAP_STATE_DIR", str(folder))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    monkeypatch.chdir(here)
    return folder


@pytest.fixture
def templates() -> Path:
    return TEMPLATES
