"""A system with a part in another region: how it is emitted, described and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from troposphere import GetAtt, Ref

from tap import synth
from tap.cli import tap
from tap.describe import describe, lines
from tap.edge import EdgeError, checked_edge
from tap.errors import TapError
from tap.linker import LAYOUTS, link
from tap.model import SUFFIX, System
from tap.symbols import DuplicateNameError, UnresolvedNameError
from tests.building import named, output, parameter, queue, shared, stack, system, tier, topic

ENVIRONMENTS: dict[str, dict[str, str]] = {"dev": {}, "prod": {SUFFIX: "p"}}


def edge(name: str = "shop", **properties: Any) -> System:
    """An edge with a topic in us-east-1, whose ARN it hands out, and a parameter of its own."""
    made = system(
        tier(
            "edge",
            topic("Wall", TopicName=named("shop-wall"), DisplayName=Ref("Limit")),
            output("WallArn", Ref("Wall"), export="wall-arn"),
        ),
        common=shared(parameter("Limit", Default="5")),
        name=name,
        environments={"prod": {"Limit": "9"}},
    )
    return replace(made, title="Shop, edge", says="Optional.", **properties)


def shop(of_edge: System | None = None, **properties: Any) -> System:
    """A system in another region with that edge."""
    made = system(
        tier("work", queue(QueueName=named("shop")), topic(DisplayName=Ref("WallArn"))),
        common=shared(parameter("WallArn", Default="")),
        environments=ENVIRONMENTS,
    )
    return replace(made, region="eu-west-1", edge=of_edge or edge(), **properties)


def test_an_edge_is_a_template_of_its_own() -> None:
    templates = {template.path: template for template in link(shop())}
    about = templates["edge"].body["Metadata"]["Template"]
    assert about == {
        "System": "shop",
        "Layout": "edge",
        "Region": "us-east-1",
        "Capabilities": [],
        "Tags": {"Environment": "{EnvironmentSuffix}"},
    }
    body = templates["edge"].body
    assert list(body["Resources"]) == ["Wall"]
    assert list(body["Parameters"]) == [SUFFIX, "Limit"]
    assert body["Outputs"]["WallArn"]["Export"] == {"Name": {"Fn::Sub": "shop-${EnvironmentSuffix}-wall-arn"}}
    assert templates["edge"].headings == {"Wall": ("Edge", "What the edge tier is for.")}


def test_the_system_is_as_it_would_be_without() -> None:
    with_edge = {template.path: template.body for template in link(shop())}
    without = {template.path: template.body for template in link(replace(shop(), edge=None))}
    assert with_edge.keys() - without.keys() == {"edge"}
    assert {path: with_edge[path] for path in without} == without


def test_the_suffix_of_each_is_as_long_as_its_own_names_allow() -> None:
    long = tier("edge", topic("Wall", TopicName=named("w" * 200)))
    bodies = {template.path: template.body for template in link(shop(system(long)), ["stack"])}
    # 256 for a topic's name, and 80 for a queue's is not among the limits: there the stack's name counts.
    assert bodies["edge"]["Parameters"][SUFFIX]["MaxLength"] == 256 - 201
    assert bodies["stack"]["Parameters"][SUFFIX]["MaxLength"] == 128 - len("shop--work")
    assert stack(shop())["Parameters"][SUFFIX] == bodies["stack"]["Parameters"][SUFFIX]
    short = link(shop(), ["stack"])[1].body["Parameters"][SUFFIX]
    assert short["MaxLength"] == 128 - len("shop--edge")


def test_an_edge_whose_names_leave_no_room_for_a_suffix_is_refused() -> None:
    tight = system(tier("edge", topic("Wall", TopicName=named("w" * 254))))
    with pytest.raises(TapError, match=r"the suffix 'dev' of an environment has 3 characters.*Wall"):
        link(shop(tight), ["stack"])


def test_the_files_of_an_edge_come_with_the_layout_stack() -> None:
    everything = {file.path: file.text for file in synth.emit(shop())}
    ours = {path for path in everything if "edge" in path}
    assert ours == {
        "shop/edge.yaml",
        "shop/edge.json",
        "shop/parameters/edge/dev.json",
        "shop/parameters/edge/prod.json",
    }
    for layout in LAYOUTS:
        found = ours & {file.path for file in synth.emit(shop(), [layout])}
        assert found == (ours if layout == "stack" else set())
    rows = json.loads(everything["shop/parameters/edge/prod.json"])
    assert {row["ParameterKey"]: row["ParameterValue"] for row in rows} == {SUFFIX: "p", "Limit": "9"}
    rows = json.loads(everything["shop/parameters/edge/dev.json"])
    assert {row["ParameterKey"]: row["ParameterValue"] for row in rows} == {SUFFIX: "dev", "Limit": "5"}


def test_an_edge_is_on_its_own() -> None:
    """What is in another region cannot be referred to."""
    beyond = system(tier("edge", topic("Wall", DisplayName=GetAtt("Queue", "Arn"))))
    with pytest.raises(UnresolvedNameError, match="Queue"):
        link(shop(beyond), ["stack"])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: shop(edge("mall")), "the edge of system shop is called mall"),
        (lambda: shop(edge(edge=edge())), "has an edge itself"),
        (lambda: shop(system(tier("other", topic()))), "has the tiers other. It has one, called edge"),
        (lambda: shop(edge(tiers=())), "has the tiers none"),
        (lambda: shop(edge(environments={"test": {}})), "environments that the system lacks: test"),
        (lambda: shop(edge(environments={"dev": {SUFFIX: "x"}})), "environment dev: the suffix is 'x', .* is 'dev'"),
    ],
)
def test_an_edge_that_does_not_fit_is_refused(make: Callable[[], System], says: str) -> None:
    with pytest.raises(EdgeError, match=says):
        link(make(), ["tiers"])


def test_names_that_would_meet_in_one_region_are_refused() -> None:
    twice = shop(tiers=(*shop().tiers, tier("more", topic("T"), output("Same", Ref("T"), export="wall-arn"))))
    with pytest.raises(DuplicateNameError, match="both export wall-arn"):
        link(twice)
    called = shop(tiers=(*shop().tiers, tier("edge", topic("T"))))
    with pytest.raises(DuplicateNameError, match="a tier and the edge's stack are both called edge"):
        link(called)


def test_a_system_without_one_has_none() -> None:
    assert checked_edge(replace(shop(), edge=None)) is None


def test_it_is_described() -> None:
    told = describe(shop())
    assert told["edge"]["region"] == "us-east-1"
    assert [one["name"] for one in told["edge"]["parameters"]] == [SUFFIX, "Limit"]
    assert [one["id"] for tier in told["edge"]["tiers"] for one in tier["resources"]] == ["Wall"]
    assert "Wall" not in json.dumps(told["tiers"])
    assert describe(replace(shop(), edge=None))["edge"] is None
    text = list(lines(told, 100))
    assert "Edge: a stack of its own in us-east-1, below (deploy --edge)" in text
    assert text.index("Shop, edge (us-east-1)") > text.index("  Queue  AWS::SQS::Queue")
    assert "  Wall  AWS::SNS::Topic" in text
    assert not any("dge" in line for line in lines(describe(replace(shop(), edge=None)), 100))


def test_list_and_show_mention_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "system_names", lambda: ["shop"])
    monkeypatch.setattr(synth, "load", lambda name: shop())
    listed = CliRunner().invoke(tap, ["list"]).stdout
    assert listed.startswith("shop  eu-west-1, 1 tiers, 2 resources, and 1 in us-east-1 (its edge)\n")
    shown = CliRunner().invoke(tap, ["show", "shop"]).stdout
    assert "Shop, edge (us-east-1)" in shown
