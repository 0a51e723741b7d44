"""A few lives of systems under faults; ``make chaos`` lives many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tap.local import Endpoint
from tests.chaos.faults import Dice
from tests.chaos.scenario import Scenario, Tally
from tests.nursery import Nursery

pytestmark = pytest.mark.integration

SEEDS = (3, 5, 12, 5011)
"""Of each of the small systems one, with kills among their faults."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_deployment_that_dies_is_simply_run_again(
    seed: int, emulator: Endpoint, nursery: Nursery, tmp_path: Path
) -> None:
    tally = Tally()
    Scenario(seed, emulator.url, nursery, tmp_path, tally).run()
    assert tally.attempts >= tally.deployments >= 3
    assert tally.faults


def test_the_same_seed_gives_the_same_faults() -> None:
    def thrown(seed: str) -> list[object]:
        dice = Dice(seed, 0.3)
        return [dice.throw(action) for action in ("CreateChangeSet", "DescribeStacks") * 50]

    assert thrown("a") == thrown("a") != thrown("b")
