from __future__ import annotations

from typing import Any

from tap.costs import idle


def costs(**resources: dict[str, Any]) -> dict[str, tuple[int, int, str]]:
    bodies = {name: {"Properties": {}} | body for name, body in resources.items()}
    return {each.type: (each.count, each.optional, each.what) for each in idle({"Resources": bodies})}


def service() -> dict[str, Any]:
    return {"Type": "AWS::ECS::Service"}


def target(least: Any) -> dict[str, Any]:
    return {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"MinCapacity": least}}


def test_what_costs_nothing_is_left_out() -> None:
    assert costs(Topic={"Type": "AWS::SNS::Topic"}, Vpc={"Type": "AWS::EC2::VPC"}) == {}


def test_resources_are_counted_and_the_optional_ones_told_apart() -> None:
    gateway = {"Type": "AWS::EC2::NatGateway"}
    found = costs(A=gateway, B=gateway, C=gateway | {"Condition": "HasMore"})
    assert found["AWS::EC2::NatGateway"][:2] == (3, 1)


def test_tasks_are_those_that_scaling_keeps_at_the_least() -> None:
    assert "at least 5 tasks" in costs(A=service(), B=service(), X=target(2), Y=target(3))["AWS::ECS::Service"][2]
    assert "at least" not in costs(A=service())["AWS::ECS::Service"][2]
    assert "at least" not in costs(A=service(), X=target({"Ref": "Least"}))["AWS::ECS::Service"][2]


def test_a_database_that_pauses_costs_no_capacity_then() -> None:
    kind = "AWS::RDS::DBInstance"
    assert "paused" in costs(A={"Type": kind, "Properties": {"DBInstanceClass": "db.serverless"}})[kind][2]
    assert "paused" not in costs(A={"Type": kind, "Properties": {"DBInstanceClass": {"Ref": "Size"}}})[kind][2]


def test_what_a_cluster_brings_with_it() -> None:
    kind = "AWS::RDS::DBCluster"
    plain = costs(A={"Type": kind})[kind][2]
    managed = costs(A={"Type": kind, "Properties": {"ManageMasterUserPassword": True}})[kind][2]
    insights = costs(A={"Type": kind, "Properties": {"DatabaseInsightsMode": "advanced"}})[kind][2]
    assert "secret" not in plain and "secret" in managed
    assert "Insights" not in plain and "Insights" in insights
