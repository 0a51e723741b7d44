from __future__ import annotations

import json
import re

from tap import project
from tap.diff import machine
from tests.diff.building import diff, resource, side

OLD = side({"It": resource("DynamoDB::Table", {"TableName": "a"})}, {"P": "1"}, Parameters={"P": {"Type": "String"}})
NEW = side({"It": resource("DynamoDB::Table", {"TableName": "b"})}, {"P": "2"}, Parameters={"P": {"Type": "String"}})


def test_the_same_is_there_for_machines() -> None:
    found = json.loads(machine.rendered(diff(OLD, NEW), 3))
    assert (found["version"], found["exit_code"], found["risk"], found["dangerous"]) == (1, 3, "data-loss", True)
    (table,) = found["resources"]
    assert (table["action"], table["policy"], table["holds"]) == ("replace", "Delete", "all items of the table")
    assert table["edits"] == [
        {"path": "TableName", "kind": "property", "before": "a", "after": "b", "replaces": "always", "cause": ""}
    ]
    assert found["sections"][0]["path"] == "P"


def test_every_key_is_documented() -> None:
    said = set(re.findall(r"`([a-z_]+)`", (project.ROOT / "docs" / "diff.md").read_text("utf-8")))

    def keys(node: object) -> set[str]:
        if isinstance(node, dict):
            return set(node) | {key for value in node.values() for key in keys(value)}
        return {key for item in node for key in keys(item)} if isinstance(node, list) else set()

    key_policy = {"KeyPolicy": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}}}
    data = machine.data(diff(OLD, NEW), 3) | {
        "widenings": machine.data(diff({}, {"K": resource("KMS::Key", key_policy)}), 0)["widenings"]
    }
    data["counts"] = {}
    assert sorted(keys(data) - said) == []
