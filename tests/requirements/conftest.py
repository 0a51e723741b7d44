"""Lets ``pytest -k CP-CDN-1`` (or ``-k CP-CDN``) find the tests of a requirement by its id."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make the ids of ``@pytest.mark.requirement`` keywords of their tests."""
    for item in items:
        for mark in item.iter_markers("requirement"):
            item.extra_keyword_matches.update(map(str, mark.args))
