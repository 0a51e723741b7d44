"""Every requirement has a test, and every test of a requirement is for one that there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from tests.requirements.catalogue import CATALOGUE

HERE = Path(__file__).parent


def modules_of(system: str) -> list[str]:
    """``customer-portal`` → ``test_customer_portal``, and those whose names begin with that and ``_``."""
    start = f"test_{system.replace('-', '_')}"
    return sorted(path.stem for path in HERE.glob("test_*.py") if f"{path.stem}_".startswith(f"{start}_"))


def marked(modules: Iterable[str]) -> Mapping[str, list[str]]:
    """Requirement → the functions in these modules that are marked with it."""
    found = defaultdict(list)
    for module in modules:
        for name, function in vars(import_module(f"{__package__}.{module}")).items():
            if name.startswith("test_"):
                for mark in getattr(function, "pytestmark", ()):
                    if mark.name == "requirement":
                        found[mark.args[0]].append(name)
    return found


@pytest.mark.parametrize("system", CATALOGUE)
def test_every_requirement_has_a_test_and_no_test_an_unknown_one(system: str) -> None:
    assert marked(modules_of(system)).keys() == CATALOGUE[system].keys()


@pytest.mark.parametrize("system", CATALOGUE)
def test_a_tests_name_begins_with_its_requirement(system: str) -> None:
    """So that ``pytest -k CP_CDN_1`` finds it too."""
    for requirement, names in marked(modules_of(system)).items():
        start = f"test_{requirement.lower().replace('-', '_')}_"
        assert all(name.startswith(start) for name in names), names


def test_no_id_is_used_twice() -> None:
    everything = [requirement for rows in CATALOGUE.values() for requirement in rows]
    assert len(everything) == len(set(everything))
    prefixes = [{requirement.split("-")[0] for requirement in rows} for rows in CATALOGUE.values()]
    assert all(len(own) == 1 for own in prefixes)
    assert len(set.union(*prefixes)) == len(prefixes)


def test_every_gist_is_short() -> None:
    for rows in CATALOGUE.values():
        assert all(2 <= len(gist.split()) <= 6 for gist in rows.values())


def test_no_marked_test_elsewhere() -> None:
    """A requirement's tests stand in its system's modules, where the first test here looks."""
    own = {module for system in CATALOGUE for module in modules_of(system)}
    assert not marked({path.stem for path in HERE.glob("test_*.py")} - own)
