"""Payments' requirement that fifty thousand users fit, by the model over the emitted template (``capacity.py``)."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import reduce
from typing import Any

import pytest

from tests.requirements.capacity import (
    WANTED,
    Load,
    Platform,
    capacity_units,
    holds,
    limits,
    minutes_to_grow,
    read,
    tasks_needed,
    users_a_task,
    vcpus,
    without_spot,
)
from tests.requirements.payments import PLACES, SERVICES, database, payments
from tests.requirements.template import given
from tests.requirements.template import load as emitted

requirement = pytest.mark.requirement
each_service = pytest.mark.parametrize("name", SERVICES)


@requirement("PP-CAP-1")
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_pp_cap_1_holds_fifty_thousand_users(place: dict[str, str]) -> None:
    platform, load = read(payments(**place)), Load()
    first = limits(platform, load)[0]
    assert holds(platform, load, WANTED), first
    # The tasks that they need are fewer than auto scaling may run, and each is at the scaling target.
    for name, tasks in tasks_needed(platform, load, WANTED).items():
        assert tasks <= platform.services[name].most
        assert tasks * users_a_task(platform.services[name], load) >= WANTED


@requirement("PP-CAP-1")
def test_pp_cap_1_how_many_would_not_fit() -> None:
    platform, load = read(payments()), Load()
    first, second, *_ = limits(platform, load)
    assert first.what == "CPU of the backend at the scaling target"
    # 20 tasks of one vCPU at 70 %, less the collector's 32/1024, at 3 ms a request, two requests in thirty seconds.
    assert first.users == int(20 * (0.70 - 32 / 1024) / 0.003 / 2 * 30) == 66_875
    assert holds(platform, load, 66_875)
    assert not holds(platform, load, 66_876)
    assert tasks_needed(platform, load, 66_876)["backend"] == 21
    assert second.users > first.users


def with_property(kind: str, path: tuple[str, ...], value: Any) -> Platform:
    """The platform of a template in which every resource of a type has another value there."""
    body = json.loads(json.dumps(emitted("payments/stack.json")))
    found = [it["Properties"] for it in body["Resources"].values() if it["Type"] == kind]
    assert found
    for it in found:
        reduce(dict.__getitem__, path[:-1], it)[path[-1]] = value
    return read(given(body, payments().parameters))


TRACKING = ("TargetTrackingScalingPolicyConfiguration", "TargetValue")


@requirement("PP-CAP-1")
@pytest.mark.parametrize(
    ("kind", "path", "value", "full"),
    [
        ("AWS::ApplicationAutoScaling::ScalableTarget", ("MaxCapacity",), 5, "CPU of the backend"),
        ("AWS::ApplicationAutoScaling::ScalableTarget", ("MaxCapacity",), 14, "CPU of the backend"),
        ("AWS::ApplicationAutoScaling::ScalingPolicy", TRACKING, 50, "CPU of the backend"),
        ("AWS::ECS::TaskDefinition", ("Cpu",), "512", "CPU of the backend"),
        ("AWS::ECS::TaskDefinition", ("Memory",), "512", "memory of the backend"),
        ("AWS::RDS::DBClusterParameterGroup", ("Parameters", "max_connections"), "300", "connections of the database"),
    ],
)
def test_pp_cap_1_fails_where_the_template_is_too_small(
    kind: str, path: tuple[str, ...], value: Any, full: str
) -> None:
    platform = with_property(kind, path, value)
    assert not holds(platform, Load(), WANTED)
    assert limits(platform, Load())[0].what.startswith(full)


@requirement("PP-CAP-1")
@each_service
def test_pp_cap_1_five_tasks_of_either_service_are_too_few(name: str) -> None:
    platform = read(payments())
    few = replace(platform, services={**platform.services, name: replace(platform.services[name], most=5)})
    assert not holds(few, Load(), WANTED)


@requirement("PP-CAP-1")
def test_pp_cap_1_one_nat_gateway_would_be_too_few() -> None:
    few = replace(read(payments()), nat_gateways=1)
    assert not holds(few, Load(), WANTED)
    assert limits(few, Load())[0].what.startswith("ports of the NAT gateways")


@requirement("PP-CAP-1")
def test_pp_cap_1_connections_while_deploying() -> None:
    """Old and new tasks at once, all pools full: below the alarm's nine tenths."""
    of, load = payments(), Load()
    backend = read(of).services["backend"]
    most = backend.most * backend.deploying * load.pool + load.beyond_pool
    assert most <= int(of.one("AWS::CloudWatch::Alarm", MetricName="DatabaseConnections")["Threshold"])
    assert int(of.at(database(of)["DBClusterParameterGroupName"])["Parameters"]["max_connections"]) == 3200


@requirement("PP-CAP-1")
def test_pp_cap_1_the_smaller_database_holds_them_too() -> None:
    """What the dev environment has: half the connections and half the CPU."""
    small = read(payments(DatabaseInstanceClass="db.r6g.large"))
    assert (small.connections, small.database_vcpus) == (1600, 2)
    assert holds(small, Load(), WANTED)


@requirement("PP-CAP-1")
def test_pp_cap_1_what_it_rests_on() -> None:
    """The model is as good as its assumptions: at a clerk's speed, or with half the budget, they would not fit."""
    platform, load = read(payments()), Load()
    assert not holds(platform, replace(load, think=15), WANTED)
    dear = {**load.work, "backend": replace(load.work["backend"], cpu=0.006)}
    assert not holds(platform, replace(load, work=dear), WANTED)


@requirement("PP-CAP-1")
def test_pp_cap_1_what_operations_must_know() -> None:
    platform, load = read(payments()), Load()
    # Spot capacity may be taken back; then fewer fit, and these are the figures to plan with.
    assert without_spot(platform, load) == 30_093
    # New tasks take their time; from the fewest tasks all at once would be too fast.
    assert minutes_to_grow(platform, load, WANTED) == 25
    # The account's quotas for Fargate, on demand and spot, are 6 vCPUs each at first.
    assert vcpus(platform) == (24, 36)
    assert capacity_units(load, WANTED) == 120
