from __future__ import annotations

from typing import Any

import pytest

from tap import project
from tap.deploy.graph import needs, reverse
from tap.deploy.plan import Side
from tap.deploy.source import read_system


def name(tail: str) -> dict[str, str]:
    return {"Fn::Sub": f"notes-${{EnvironmentSuffix}}-{tail}"}


def side(exports: tuple[str, ...] = (), imports: Any = (), **about: Any) -> Side:
    outputs = {f"Output{place}": {"Value": "x", "Export": {"Name": name(one)}} for place, one in enumerate(exports)}
    template = {
        "Metadata": {"Template": about},
        "Parameters": {"EnvironmentSuffix": {"Type": "String"}},
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"One": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": imports}}},
        "Outputs": outputs,
    }
    return Side(template, {"EnvironmentSuffix": "dev"})


def imported(tail: str) -> dict[str, Any]:
    return {"Fn::ImportValue": name(tail)}


def test_a_stack_needs_those_whose_exports_it_imports() -> None:
    found = needs(
        {
            "network": side(("vpc",)),
            "database": side(("endpoint",), [imported("vpc"), imported("elsewhere")]),
            "services": side((), {"Fn::Join": [",", [imported("vpc"), imported("endpoint")]]}),
        }
    )
    assert found == {
        "network": frozenset(),
        "database": {"network"},
        "services": {"network", "database"},
    }


def test_both_branches_of_a_condition_count() -> None:
    both = {"Fn::If": ["Never", imported("vpc"), imported("endpoint")]}
    found = needs({"a": side(("vpc",)), "b": side(("endpoint",)), "c": side((), both)})
    assert found["c"] == {"a", "b"}


def test_a_tier_that_only_waits_for_another_says_so_in_its_metadata() -> None:
    found = needs({"x-a": side(Tier="a"), "x-b": side(Tier="b", After=["a", "gone"])})
    assert found == {"x-a": frozenset(), "x-b": {"x-a"}}


def test_deletion_goes_the_other_way() -> None:
    graph = {"a": frozenset[str](), "b": frozenset({"a"}), "c": frozenset({"a", "b"})}
    assert reverse(graph) == {"a": {"b", "c"}, "b": {"c"}, "c": frozenset()}


SYSTEMS = sorted(path.name for path in project.OUT.iterdir() if path.is_dir())


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_emitted_tiers_need_only_what_comes_before_them(system: str) -> None:
    source = read_system(system, "tiers", project.OUT)
    order = [one.tier for one in source.stacks]
    found = needs({one.tier: Side(one.template, {"EnvironmentSuffix": "dev"}) for one in source.stacks})
    assert all(order.index(wanted) < order.index(tier) for tier in order for wanted in found[tier])
    assert any(found.values())
