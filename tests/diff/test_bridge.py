from __future__ import annotations

from tap.deploy.plan import Action
from tap.deploy.render import plain
from tap.diff.bridge import as_plan
from tests.diff.building import diff, resource


def test_a_comparison_can_be_shown_as_a_foreseen_plan() -> None:
    old = {"A": resource("SQS::Queue", {"QueueName": "a"}, Metadata={"Description": "Takes notes in."})}
    new = {"A": {**old["A"], "Properties": {"QueueName": "b"}}, "B": resource("SNS::Topic")}
    plan = as_plan(diff(old, new), "notes-dev", "UPDATE")
    assert plan.counts == {Action.ADD: 1, Action.REPLACE: 1}
    assert plan.foreseen
    shown = plain(plan)
    assert "QueueName: a → b  forces replacement" in shown
    assert "Takes notes in." in shown
    assert "the present one is deleted" in shown
