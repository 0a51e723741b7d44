from __future__ import annotations

import json

from tap.deploy import plan_json
from tap.deploy.gate import Does, Harm
from tap.deploy.plan import Change, Plan
from tap.diff.model import Action, Edit, Level

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
