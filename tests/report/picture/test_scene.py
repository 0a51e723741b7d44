from __future__ import annotations

from collections import Counter

import pytest

from tap.report.picture.model import Node, Vpc
from tap.report.picture.scene import scene
from tests.building import pair, stack
from tests.report.drawn import NAMES, body, scene_of


def node(system: str, key: str) -> Node:
    (found,) = [each for each in scene_of(system).boxes() if each.key == key]
    return found


def vpc(system: str) -> Vpc:
    found = scene_of(system).vpc
    assert found
    return found


@pytest.mark.parametrize("system", NAMES)
def test_every_resource_belongs_to_a_box(system: str) -> None:
    boxes = [box for box in scene_of(system).boxes() if box.key != "edge"]
    assert {part for box in boxes for part in box.parts} == set(body(system)["Resources"])
    lists = ("alarms", "logs")
    twice = Counter(part for box in boxes if box.key not in lists for part in box.parts)
    assert [part for part, many in twice.items() if many > 1] == []


@pytest.mark.parametrize("system", NAMES)
def test_no_box_is_there_twice(system: str) -> None:
    keys = [box.key for box in scene_of(system).boxes()]
    assert len(keys) == len(set(keys))


def test_rows_are_read_from_routes() -> None:
    assert [row.kind for row in vpc("customer-portal").rows] == ["public", "private", "isolated"]
    assert [row.kind for row in vpc("media-streaming").rows] == ["public", "private"]
    assert vpc("ecommerce").zones == ("Zone A", "Zone B")
    public, private, isolated = vpc("payments").rows
    assert [band.node.key for band in public.bands] == ["LoadBalancer"]
    assert [band.node.key for band in private.bands] == ["FrontendService", "BackendService"]
    assert [band.node.key for band in isolated.bands] == ["DatabaseCluster"]
    assert [[chip.key for chip in zone] for zone in public.chips] == [["NatGatewayA"], ["NatGatewayB"], ["NatGatewayC"]]


def test_a_nat_instance_stands_where_its_interface_is() -> None:
    assert [[chip.key for chip in zone] for zone in vpc("customer-portal").rows[0].chips] == [
        ["NatInstanceA"],
        ["NatInstanceB"],
        ["NatInstanceC"],
    ]


def test_what_stands_before_a_door_guards_it() -> None:
    (api,) = scene_of("media-streaming").doors
    assert api.guard and api.guard.facts[0] == "1,000 requests in 60 s for an address"
    (distribution,) = scene_of("media-streaming").world
    assert distribution.guard and distribution.guard.name == "Edge stack in us-east-1"
    assert distribution.guard.kind == "firewall, certificate and access log"
    assert not scene_of("customer-portal").doors[0].guard


def test_facts_are_those_of_the_template() -> None:
    assert node("payments", "BackendService").facts == (
        "3 to 20 tasks",
        "1 vCPU, 2 GB each",
        "with tracing",
        "on demand and spot",
        "takes /api/*",
    )
    assert "blue/green" in node("media-streaming", "FrontendService").facts
    assert "0 to 1 capacity units" in node("ecommerce", "DatabaseCluster").facts
    assert node("payments", "LoadBalancer").facts == ("Listens on HTTP 80 and HTTPS 443",)
    assert node("customer-portal", "LoadBalancer").facts == ("Listens on HTTP 80 and HTTPS 443 with a certificate",)
    assert node("ecommerce", "DatabaseSecret").facts == ("changed every 30 days",)
    assert node("payments", "BackupPlan").facts == ("every 6 hours", "kept 7 days")


def test_what_belongs_to_a_service_is_in_its_box() -> None:
    parts = node("customer-portal", "FrontendService").parts
    assert parts[0] == "FrontendService"
    assert {"FrontendTaskDefinition", "FrontendScalingTarget", "FrontendLogGroup", "FrontendTargetGroup"} <= set(parts)
    assert "BackendTaskDefinition" not in parts


def test_where_no_way_leads_there_is_no_picture() -> None:
    assert scene(stack(pair())) is None
