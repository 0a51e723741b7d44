from __future__ import annotations

import json
import re
from dataclasses import replace

from tap import project
from tap.deploy import plan_json
from tap.deploy.findings import Finding
from tap.deploy.gate import Does, Harm
from tap.deploy.guard import Setting
from tap.deploy.plan import Change, Plan
from tap.diff.model import Action, Detail, Edit, Level, SectionEdit

TABLE = Change(
    Action.REPLACE,
    "Table",
    "AWS::DynamoDB::Table",
    edits=(Edit("TableName", "a", "b", "always", "parameter Label"),),
)
HARM = Harm("Table", "AWS::DynamoDB::Table", Does.REPLACE, Level.LOSS, "all items of the table", "Delete")
PLAN = Plan("notes-dev", "UPDATE", (TABLE,), harms=(HARM,), widenings=("port 443 opens",))


def test_a_plan_is_there_for_machines() -> None:
    found = json.loads(plan_json.rendered((PLAN,), 2))
    assert (found["version"], found["exit_code"]) == (1, 2)
    (stack,) = found["stacks"]
    assert (stack["stack"], stack["kind"], stack["widenings"]) == ("notes-dev", "UPDATE", ["port 443 opens"])
    (resource,) = stack["resources"]
    assert (resource["logical_id"], resource["action"]) == ("Table", "replace")
    (edit,) = resource["edits"]
    assert (edit["path"], edit["before"], edit["after"]) == ("TableName", "a", "b")
    assert (edit["replaces"], edit["cause"]) == ("always", "parameter Label")
    (harm,) = stack["harms"]
    assert (harm["risk"], harm["must_be_named"], harm["option"]) == ("data-loss", True, "--allow-replace Table")


def test_the_same_plan_gives_the_same_text() -> None:
    assert plan_json.rendered((PLAN,), 2) == plan_json.rendered((replace(PLAN),), 2)
    assert plan_json.to_json(PLAN) != plan_json.to_json(replace(PLAN, notes=("x",)))


def test_every_key_is_documented() -> None:
    said = set(re.findall(r"`([a-z_]+)`", (project.ROOT / "docs" / "plan.md").read_text("utf-8")))
    full = replace(
        PLAN,
        changes=(replace(TABLE, children=(TABLE,), drift_ignored=(("/x", "WRITE_ONLY_PROPERTY"),)),),
        parameters=(Detail("P", "1", "2"),),
        findings=(Finding("WARN", "x"),),
        outputs=(SectionEdit("O", section="Outputs"),),
        settings=(Setting("stack policy", "none", "x"),),
    )

    def keys(node: object) -> set[str]:
        if isinstance(node, dict):
            return set(node) | {key for value in node.values() for key in keys(value)}
        return {key for item in node for key in keys(item)} if isinstance(node, list) else set()

    document = plan_json.document((full,), 2)
    document["stacks"][0]["counts"] = {}
    assert sorted(keys(document) - said) == []
