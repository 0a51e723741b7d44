"""The picture's arrows and the checks' path matrix are told from one template by two modules: they must agree."""

from __future__ import annotations

import functools
import re

import pytest

from tap import synth
from tap.check.explain import paths
from tap.check.explain.ends import ends
from tap.check.load import parse
from tap.check.model import Model
from tap.report.picture.ways import ways
from tests.report.drawn import body, files

Hop = tuple[str, str, int]
"""Who reaches whom on which port; the asker is empty for the internet."""

SYSTEMS = synth.system_names()
OUTSIDE = {"AWS::ApiGateway::RestApi", "AWS::CloudFront::Distribution"}
"""What stands before the VPC and has no security group: the matrix tells of it apart (``paths.doors``)."""
ROTATION = "AWS::SecretsManager::RotationSchedule"
"""A function in the VPC that a transform makes."""


@functools.cache
def told(system: str) -> dict[Hop, set[bool | None]]:
    """Every way of the matrix, with what it is in the cases of the template: open, closed, or unknown."""
    found: dict[Hop, set[bool | None]] = {}
    for world in Model(parse(files(system)["stack.yaml"]), body(system)["Metadata"]["Template"]["Region"], {}).worlds:
        for way in paths.ways(world):
            asker = way.source.name if way.source else ""
            found.setdefault((asker, way.target.name, way.port), set()).add(way.open)
    return found


@functools.cache
def drawn(system: str) -> frozenset[Hop]:
    """Every arrow of the picture that is traffic with a port, once for each port."""
    return frozenset(
        (way.start, way.end, int(port))
        for way in ways(body(system)["Resources"])
        if not way.granted
        for port in re.findall(r"\d+", way.label)
    )


@functools.cache
def inside(system: str) -> frozenset[str]:
    """Everything with security groups, in any case of the template."""
    model = Model(parse(files(system)["stack.yaml"]), body(system)["Metadata"]["Template"]["Region"], {})
    return frozenset(end.name for world in model.worlds for end in ends(world))


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_arrow_in_the_vpc_is_a_way_that_is_not_closed(system: str) -> None:
    arrows = [hop for hop in drawn(system) if hop[1] in inside(system) and (not hop[0] or hop[0] in inside(system))]
    assert len(arrows) >= 4
    closed = [hop for hop in arrows if not told(system).get(hop, set()) - {False}]
    assert not closed


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_way_that_is_open_has_its_arrow(system: str) -> None:
    """What anybody may reach has the arrow of the users, which stands for all."""
    opened = {hop for hop, answers in told(system).items() if True in answers}
    public = {hop[1:] for hop in opened if not hop[0]}
    assert public
    assert not {hop for hop in opened if not hop[0] or hop[1:] not in public} - drawn(system)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_neither_in_the_vpc_nor_before_it_has_no_arrow_of_traffic(system: str) -> None:
    resources = body(system)["Resources"]
    askers = {start for start, _, _ in drawn(system)} - {""} - inside(system)
    assert {resources[each]["Type"] for each in askers} <= OUTSIDE | {ROTATION}
