"""Every rule on its case file: it finds the fault, it alone does, and the sound twin is left in peace."""

from __future__ import annotations

import pytest

from tap.check.engine import run
from tap.check.rule import rules
from tests.check.casebook import CASES, Case, cases

ALL = list(cases())


@pytest.mark.parametrize("case", [case for case in ALL if case.rule], ids=lambda case: case.name)
def test_a_fault_is_found_and_nothing_else(case: Case) -> None:
    found = run(case.model)
    mine = [one for one in found if one.rule == case.rule]
    assert mine, f"{case.rule} finds nothing; found: {[(one.rule, one.message) for one in found]}"
    if case.at:
        logical_id, _, path = case.at.partition(" ")
        places = {(one.logical_id, one.path.removeprefix(f"Resources.{one.logical_id}").lstrip(".")) for one in mine}
        assert (logical_id, path) in places if path else logical_id in {one for one, _ in places}, places
    others = {one.rule for one in found if one.counts and one.rule != case.rule} - set(case.also)
    assert not others, [(one.rule, one.logical_id, one.message) for one in found if one.rule in others]


@pytest.mark.parametrize("case", [case for case in ALL if not case.rule], ids=lambda case: case.name)
def test_what_is_sound_is_left_in_peace(case: Case) -> None:
    found = run(case.model)
    assert [(one.rule, one.logical_id, one.path, one.message) for one in found] == []


def test_every_rule_has_its_case_file_and_says_what_it_rests_on() -> None:
    for rule in rules():
        assert (CASES / f"{rule.id}.yaml").is_file(), f"{rule.id} has no case file"
        assert rule.title, rule.id
        assert rule.source, rule.id
        assert not rule.title.endswith("."), rule.id
    assert {path.stem for path in CASES.glob("TAP*.yaml")} == {rule.id for rule in rules()}
