"""Every emitted system, as it stands in out/: deployed, deployed again and deleted, in every layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tap import project
from tap.deploy.source import LAYOUTS, Layout, environments, read_parameters, read_system
from tests.workbench import Bench, statuses

pytestmark = pytest.mark.integration

SYSTEMS = sorted(path.parent.name for path in project.OUT.glob("*/stack.json"))
NAMES = ("dev", "prod", "staging")
"""The environment that is deployed in each layout: the emulator takes the parameters of all of them."""
ENVIRONMENTS = [(system, name) for system in SYSTEMS for name in environments(system, project.OUT)]


def template(system: str) -> dict[str, Any]:
    """A system in one template."""
    found: dict[str, Any] = json.loads((project.OUT / system / "stack.json").read_text("utf-8"))
    return found


def region(system: str) -> str:
    """The region that a system is written for."""
    return str(template(system)["Metadata"]["Template"]["Region"])


def made_before(system: str, clients: Any) -> list[str]:
    """What must be there before a system is, made; the options that name it. It is a hosted zone, or nothing."""
    values = read_parameters(system, "dev", project.OUT)
    if not values.get("HostedZoneId"):
        return []
    zone = clients("route53").create_hosted_zone(Name=values["DomainName"], CallerReference=system)["HostedZone"]
    return ["--parameter", f"HostedZoneId={zone['Id'].removeprefix('/hostedzone/')}"]


def test_there_are_systems() -> None:
    assert SYSTEMS


@pytest.mark.parametrize(("layout", "name"), list(zip(LAYOUTS, NAMES, strict=True)))
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_comes_stays_and_goes(
    system: str, layout: Layout, name: str, tmp_path: Path, environment: dict[str, str], clients: Any
) -> None:
    bench = Bench(project.OUT, tmp_path, environment)
    cloudformation = clients("cloudformation", region=region(system))
    ordered = (system, "--env", name, "--layout", layout, "--yes", *made_before(system, clients))
    bench.well("deploy", *ordered)
    found = statuses(cloudformation)
    assert found
    assert set(found.values()) == {"CREATE_COMPLETE"}
    outputs = template(system).get("Outputs", {})
    assert {name for name, one in outputs.items() if "Condition" not in one} <= set(bench.flat())

    again = bench.well("deploy", *ordered)
    # A tier of which an environment has no resource makes no stack, and has no changes either.
    assert again.err.count(": no changes.\n") == len(read_system(system, layout, project.OUT).stacks)
    assert statuses(cloudformation) == found

    for stack in found:
        cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
    bench.well("delete", *ordered, "--allow-delete-data")
    assert statuses(cloudformation) == {}
    assert cloudformation.list_exports()["Exports"] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("system", "name"), ENVIRONMENTS)
def test_a_plan_of_every_environment(
    system: str, name: str, tmp_path: Path, environment: dict[str, str], clients: Any
) -> None:
    """The parameter file of each is what the template takes."""
    planned = Bench(project.OUT, tmp_path, environment).well("plan", system, "--env", name)
    assert "a new stack: + " in planned.out
    assert statuses(clients("cloudformation", region=region(system))) == {}
