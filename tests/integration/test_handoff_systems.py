"""Every system's bundle: unpacked in an empty folder and deployed with the real AWS CLI, updated, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tap import project
from tap.deploy.source import read_parameters
from tap.local import Endpoint
from tests.handoff.building import bundled
from tests.handoff.operations import Operator, operator
from tests.workbench import statuses

pytestmark = pytest.mark.integration

CHANGED = {
    "customer-portal": "OnDemandTasks=1",
    "ecommerce": "DatabaseMaxCapacity=2",
    "media-streaming": "LogLevelSetting=debug",
    "payments": "AlarmEmail=operations@example.com",
}
"""A parameter that an update changes."""

REGIONS = {"media-streaming": "ap-southeast-1"}


@pytest.fixture
def operate(emulator: Endpoint, account: str, tmp_path: Path) -> Any:
    """Gives an operator with a system's bundle."""

    def made(system: str) -> Operator:
        where = {
            "AWS_ENDPOINT_URL": emulator.url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
        }
        return operator(bundled(project.OUT, system), tmp_path, where)

    return made


def test_there_is_a_change_for_every_system() -> None:
    assert set(CHANGED) == {path.parent.name for path in project.OUT.glob("*/stack.json")}


@pytest.mark.parametrize("system", sorted(CHANGED))
def test_a_bundle_deploys_updates_and_deletes(system: str, operate: Any, clients: Any) -> None:
    ops = operate(system)
    cloudformation = clients("cloudformation", region=REGIONS.get(system, "us-east-1"))
    given = ["dev", "--yes"]
    if read_parameters(system, "dev", project.OUT).get("HostedZoneId"):
        domain = read_parameters(system, "dev", project.OUT)["DomainName"]
        zone = clients("route53").create_hosted_zone(Name=domain, CallerReference=system)["HostedZone"]
        given.append(f"HostedZoneId={zone['Id'].removeprefix('/hostedzone/')}")
    created = ops.well("deploy.sh", *given)
    assert statuses(cloudformation) == {f"{system}-dev": "CREATE_COMPLETE"}
    assert "https://" in created.out
    if system == "customer-portal":
        again = ops.well("deploy.sh", *given)
        assert again.last == f"{system}-dev: no changes"
        assert again.out == created.out
    ops.well("deploy.sh", *given, CHANGED[system])
    (stack,) = cloudformation.describe_stacks(StackName=f"{system}-dev")["Stacks"]
    key, _, value = CHANGED[system].partition("=")
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert {"ParameterKey": key, "ParameterValue": value} in stack["Parameters"]
    ops.well("delete.sh", "dev", "--yes", "--allow-delete-data")
    assert statuses(cloudformation) == {}


def test_an_edge_goes_first_hands_on_and_is_told_of_the_distribution(operate: Any, clients: Any) -> None:
    ops = operate("media-streaming")
    main, edge = clients("cloudformation", region="ap-southeast-1"), clients("cloudformation")
    ran = ops.well("deploy.sh", "dev", "--yes", "--edge", "--layout", "nested")
    assert statuses(edge) == {"media-streaming-dev-edge": "UPDATE_COMPLETE"}
    assert statuses(main)["media-streaming-dev"] == "CREATE_COMPLETE"
    (stack,) = main.describe_stacks(StackName="media-streaming-dev")["Stacks"]
    values = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    assert "/webacl/" in values["CloudFrontWebAclArn"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    (stack,) = edge.describe_stacks(StackName="media-streaming-dev-edge")["Stacks"]
    told = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    assert told["DistributionId"] == outputs["CloudFrontDistributionId"]
    assert ran.err.index("media-streaming-dev-edge: a new stack") < ran.err.index("media-streaming-dev: a new stack")
    ops.well("delete.sh", "dev", "--yes", "--edge", "--layout", "nested", "--allow-delete-data")
    assert (statuses(edge), statuses(main)) == ({}, {})
