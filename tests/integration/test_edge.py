"""A system with an edge, a stack of its own in us-east-1: one of the tests' own, and those that are emitted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tap import project
from tests.workbench import Bench, Workbench, statuses

pytestmark = pytest.mark.integration

TEMPLATES = Path(__file__).parent / "templates"
NOTES, EDGE = "notes-edge-dev", "notes-edge-dev-edge"
EMITTED = sorted(path.parent.name for path in project.OUT.glob("*/edge.json"))


@pytest.fixture
def bench(tmp_path: Path, environment: dict[str, str]) -> Workbench:
    return Workbench(TEMPLATES, tmp_path, environment)


@pytest.fixture
def main(clients: Any) -> Any:
    """CloudFormation in the region of the system."""
    return clients("cloudformation", region="eu-west-1")


@pytest.fixture
def at_edge(clients: Any) -> Any:
    """CloudFormation in the region of the edge."""
    return clients("cloudformation", region="us-east-1")


def value(cloudformation: Any, stack: str, parameter: str) -> str:
    """The value that a deployed stack has for a parameter."""
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    values: dict[str, str] = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    return values[parameter]


def change_sets(cloudformation: Any, stack: str) -> list[Any]:
    return [
        one
        for one in cloudformation.list_change_sets(StackName=stack)["Summaries"]
        if one["ExecutionStatus"] == "AVAILABLE"
    ]


def test_the_edge_comes_first_hands_on_and_is_told_of_the_distribution(
    bench: Workbench, main: Any, at_edge: Any, account: str
) -> None:
    created = bench.well("deploy", "notes-edge", "--edge", "--yes")
    firewall = f"arn:aws:sns:us-east-1:{account}:notes-edge-firewall-dev"
    steps = [
        f"{EDGE}: CREATE_COMPLETE.",
        f"{EDGE} (us-east-1) hands on to the main stack:",
        f"CloudFrontWebAclArn={firewall}",
        f"{NOTES}: CREATE_COMPLETE.",
        f"{EDGE} is told of the distribution, Edev123.",
        f"{EDGE}: UPDATE_COMPLETE.",
    ]
    places = [created.err.index(step) for step in steps]
    assert places == sorted(places)
    assert (statuses(main), statuses(at_edge)) == ({NOTES: "CREATE_COMPLETE"}, {EDGE: "UPDATE_COMPLETE"})
    assert value(at_edge, EDGE, "DistributionId") == "Edev123"
    # An output that is empty leaves the parameter file's value.
    assert bench.flat()["Told"] == f"firewall={firewall} certificate=own domain=notes.example.com"
    assert bench.flat()["FirewallName"] == "notes-edge-firewall-dev"
    assert sorted(path.name for path in bench.outputs.iterdir()) == [
        "flat-outputs.json", f"{EDGE}.json", f"{NOTES}.json"
    ]  # fmt: skip
    assert bench.well("outputs", "notes-edge").out == created.out

    again = bench.well("deploy", "notes-edge", "--edge", "--yes")
    assert again.err.count(": no changes.") == 2
    assert again.out == created.out
    assert value(at_edge, EDGE, "DistributionId") == "Edev123"


def test_an_update_without_the_edge_keeps_what_it_handed_on(bench: Workbench, main: Any, at_edge: Any) -> None:
    bench.well("deploy", "notes-edge", "--edge", "--yes")
    told = bench.flat()["Told"]
    unchanged = bench.well("deploy", "notes-edge", "--yes")
    assert f"{NOTES}: no changes." in unchanged.err
    assert f"{EDGE} (us-east-1) hands on to the main stack:" in unchanged.err
    assert "FirewallName" in bench.flat()
    assert bench.well("plan", "notes-edge").out == f"{NOTES}: an update: no changes\n"
    other = ("--parameter", "CloudFrontWebAclArn=arn:aws:other:us-east-1:1:x")
    assert "hands on" not in bench.well("deploy", "notes-edge", "--yes", *other).err
    assert bench.flat()["Told"] == "firewall=arn:aws:other:us-east-1:1:x certificate=own domain=notes.example.com"
    bench.well("deploy", "notes-edge", "--yes")
    assert bench.flat()["Told"] == told
    assert statuses(at_edge) == {EDGE: "UPDATE_COMPLETE"}
    assert statuses(main) == {NOTES: "UPDATE_COMPLETE"}


def test_without_an_edge_deployed_everything_is_as_without_one(bench: Workbench, at_edge: Any) -> None:
    created = bench.well("deploy", "notes-edge", "--yes")
    assert "hands on" not in created.err
    assert EDGE not in created.err
    assert bench.flat()["Told"] == "firewall= certificate=own domain=notes.example.com"
    assert statuses(at_edge) == {}
    assert bench.well("status", "notes-edge").out.endswith(f"{EDGE} does not exist\n")
    assert "stays" not in bench.well("delete", "notes-edge", "--yes", "--allow-delete-data").err


def test_a_parameter_goes_to_whichever_template_declares_it(bench: Workbench, main: Any, at_edge: Any) -> None:
    given = ("--parameter", "Domain=n.example.org", "--parameter", "Limit=9")
    bench.well("deploy", "notes-edge", "--edge", "--yes", *given)
    assert (value(main, NOTES, "Domain"), value(at_edge, EDGE, "Domain")) == ("n.example.org", "n.example.org")
    assert value(at_edge, EDGE, "Limit") == "9"
    noted = bench.well("plan", "notes-edge", *given)
    assert "Limit is a parameter of the edge only: without --edge it has no effect." in noted.err
    # Of its own file where the command line says nothing.
    bench.well("deploy", "notes-edge", "--edge", "--yes")
    assert value(at_edge, EDGE, "Limit") == "7"


def test_wrong_parameters_of_both_are_told_at_once(bench: Workbench) -> None:
    bad = ("--parameter", "Domain=X", "--parameter", "Limit=0", "--parameter", "Limt=3")
    ran = bench.run("deploy", "notes-edge", "--edge", "--yes", *bad, where=("--endpoint-url", "http://127.0.0.1:1"))
    assert ran.code == 1
    assert "3 parameters cannot be used" in ran.err
    assert "Domain: 'X' does not match" in ran.err
    assert "Limit: '0' is less than 1" in ran.err
    assert "Limt: is declared by no template of this system. Did you mean Limit?" in ran.err


def test_the_suffix_is_the_same_for_both(bench: Workbench, main: Any, at_edge: Any) -> None:
    suffix = ("--parameter", "EnvironmentSuffix=two")
    bench.well("deploy", "notes-edge", "--edge", "--yes", *suffix)
    assert (list(statuses(main)), list(statuses(at_edge))) == (["notes-edge-two"], ["notes-edge-two-edge"])
    assert "hands on" not in bench.well("deploy", "notes-edge", "--yes").err
    assert bench.flat()["Told"].startswith("firewall= ")


def test_the_edge_stays_in_its_region_wherever_the_system_goes(bench: Workbench, clients: Any, at_edge: Any) -> None:
    bench.well("deploy", "notes-edge", "--edge", "--yes", "--region", "eu-central-1")
    assert statuses(clients("cloudformation", region="eu-central-1")) == {NOTES: "CREATE_COMPLETE"}
    assert statuses(at_edge) == {EDGE: "UPDATE_COMPLETE"}
    bench.well("delete", "notes-edge", "--edge", "--yes", "--allow-delete-data", "--region", "eu-central-1")
    bench.well("deploy", "notes-edge", "--edge", "--yes", "--region", "us-east-1")
    assert statuses(at_edge) == {NOTES: "CREATE_COMPLETE", EDGE: "UPDATE_COMPLETE"}


def test_a_plan_shows_both_and_leaves_nothing_behind(bench: Workbench, main: Any, at_edge: Any) -> None:
    planned = bench.well("plan", "notes-edge", "--edge")
    assert planned.out.index(f"{EDGE}: a new stack: + 1 to create") < planned.out.index(
        f"{NOTES}: a new stack: + 1 to create"
    )
    assert f"CloudFrontWebAclArn: {EDGE} hands this on once it is there; what follows is without." in planned.err
    assert "CloudFrontCertificateArn" not in planned.err
    assert f"Once the distribution is there, {EDGE} is told of it (DistributionId)." in planned.err
    assert (statuses(main), statuses(at_edge)) == ({}, {})

    bench.well("deploy", "notes-edge", "--edge", "--yes")
    planned = bench.well("plan", "notes-edge", "--edge", "--parameter", "Limit=9")
    assert f"{EDGE}: an update: ~ 1 to update" in planned.out
    assert f"{NOTES}: an update: no changes" in planned.out
    assert "once" not in planned.err.casefold()
    assert (change_sets(main, NOTES), change_sets(at_edge, EDGE)) == ([], [])


def test_deleting_leaves_the_edge_unless_it_is_named(bench: Workbench, main: Any, at_edge: Any) -> None:
    bench.well("deploy", "notes-edge", "--edge", "--yes")
    shown = bench.well("status", "notes-edge").out.splitlines()
    assert [line.split()[0] for line in shown if line.startswith("notes-edge")] == [NOTES, EDGE]
    deleted = bench.well("delete", "notes-edge", "--yes", "--allow-delete-data")
    assert f"{EDGE} (UPDATE_COMPLETE) stays; with --edge it goes too." in deleted.err
    assert (statuses(main), statuses(at_edge)) == ({}, {EDGE: "UPDATE_COMPLETE"})
    # The distribution has gone, so its log goes with the next deployment of the edge; and comes back after the main's.
    assert bench.run("deploy", "notes-edge", "--edge", "--yes").code == 3
    again = bench.well("deploy", "notes-edge", "--edge", "--yes", "--allow-delete", "Log")
    assert again.err.index("- 1 to delete") < again.err.index("is told of the distribution")
    deleted = bench.well("delete", "notes-edge", "--edge", "--yes", "--allow-delete-data")
    assert deleted.err.index(f"{NOTES}: deleted.") < deleted.err.index(f"{EDGE}: deleted.")
    assert (statuses(main), statuses(at_edge)) == ({}, {})
    assert list(bench.outputs.iterdir()) == []
    nothing = bench.well("delete", "notes-edge", "--edge", "--yes", "--allow-delete-data")
    assert f"{NOTES}, {EDGE}: not there" in nothing.err


def test_a_system_without_an_edge_says_so(bench: Workbench) -> None:
    for verb, more in (("plan", ()), ("deploy", ("--yes",)), ("delete", ("--yes",))):
        ran = bench.run(verb, "notes", "--edge", *more)
        assert ran.code == 1
        assert "error: notes has no edge: there is no " in ran.err


def test_what_was_done_before_a_refusal_is_told(bench: Workbench, main: Any, at_edge: Any) -> None:
    """The edge is there already and the same; the first question is the main stack's."""
    bench.well("deploy", "notes-edge", "--edge", "--yes")
    ran = bench.run("deploy", "notes-edge", "--edge", "--parameter", "Domain=n.example.org")
    assert ran.code == 3
    assert "Nothing was changed." in ran.err
    assert value(main, NOTES, "Domain") == "notes.example.com"


@pytest.mark.parametrize("system", EMITTED)
def test_an_emitted_system_with_its_edge(
    system: str, tmp_path: Path, environment: dict[str, str], clients: Any, at_edge: Any
) -> None:
    bench = Bench(project.OUT, tmp_path, environment)
    about = json.loads((project.OUT / system / "stack.json").read_text("utf-8"))["Metadata"]["Template"]
    cloudformation = clients("cloudformation", region=about["Region"])
    created = bench.well("deploy", system, "--edge", "--yes")
    assert "is told of the distribution" in created.err
    firewall = bench.flat()["CloudFrontWebAclArn"]
    assert firewall.startswith("arn:aws:wafv2:us-east-1:")
    domain = ("CdnDomainName=cdn.example.com", "HostedZoneId=Z0123456789")
    given = [word for one in domain for word in ("--parameter", one)]
    bench.well("deploy", system, "--edge", "--yes", *given)
    distribution = clients("cloudfront").get_distribution_config(Id=bench.flat()["CloudFrontDistributionId"])
    config = distribution["DistributionConfig"]
    assert config["WebACLId"] == firewall
    assert config["ViewerCertificate"]["ACMCertificateArn"] == bench.flat()["CloudFrontCertificateArn"]
    assert config["Aliases"]["Items"] == ["cdn.example.com"]
    again = bench.well("deploy", system, "--edge", "--yes", *given)
    assert again.err.count(": no changes.") == 2
    bench.well("delete", system, "--edge", "--yes", "--allow-delete-data")
    assert (statuses(cloudformation), statuses(at_edge)) == ({}, {})
