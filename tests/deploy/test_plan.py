from __future__ import annotations

from typing import Any

from tap.deploy.plan import Side, resolved_exports, resolved_imports

CONDITIONS = {"Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Label"}, ""]}]}}


def test_imports_and_exports_are_known_by_their_resolved_names() -> None:
    def imported(name: str) -> dict[str, Any]:
        return {"Fn::ImportValue": {"Fn::Sub": f"${{Label}}-{name}"}}

    template = {
        "Conditions": CONDITIONS,
        "Resources": {
            "A": {"Properties": {"X": imported("vpc"), "Y": [imported("vpc")]}},
            "B": {"Condition": "Named", "Properties": {"X": imported("named")}},
            "C": {"Properties": {"X": {"Fn::If": ["Named", imported("taken"), imported("not-taken")]}}},
        },
        "Outputs": {
            "O": {"Value": "x", "Export": {"Name": {"Fn::Sub": "${Label}-out"}}},
            "P": {"Value": "x", "Condition": "Named", "Export": {"Name": "named-out"}},
            "Q": {"Value": "x"},
        },
    }
    side = Side(template, {"Label": "dev"})
    assert resolved_imports(side) == ["dev-vpc", "dev-named", "dev-taken"]
    assert resolved_exports(side) == ["dev-out", "named-out"]
    assert resolved_imports(Side(template, {"Label": ""})) == ["-vpc", "-not-taken"]
    assert resolved_exports(Side(template, {"Label": ""})) == ["-out"]
