from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tap.deploy import edge
from tap.deploy.aws_errors import AwsError
from tap.deploy.session import Session
from tap.deploy.source import StackSource, SystemSource
from tap.deploy.stacks import Stack
from tap.deploy.workflow import Job, Order

Stubbed = Callable[[str], tuple[Any, Stubber]]
EDGE_ID = "arn:aws:cloudformation:us-east-1:111111111111:stack/notes-dev-edge/1"
TEXT = {"Type": "String", "Default": ""}
ACL = "arn:aws:wafv2:us-east-1:111111111111:global/webacl/w/1"


def session(client: Any, region: str) -> Session:
    return Mock(spec=Session, cloudformation=client, region=region, partition="aws")


def source(tier: str, parameters: dict[str, Any], outputs: dict[str, Any], **more: Any) -> StackSource:
    template = {"Parameters": parameters, "Outputs": {key: {"Value": one} for key, one in outputs.items()}, **more}
    return StackSource("notes", tier, Path("out/notes/x.yaml"), "", template)


EDGE = source(
    "edge",
    {"EnvironmentSuffix": TEXT, "Domain": TEXT, "DistributionId": TEXT},
    {"Acl": {"Ref": "Wall"}, "Certificate": {"Fn::If": ["Named", {"Ref": "C"}, ""]}, "Other": "x"},
    Conditions={"Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Domain"}, ""]}]}},
)
MAIN = source("", {"EnvironmentSuffix": TEXT, "Acl": TEXT, "Certificate": TEXT}, {"CloudFrontDistributionId": "x"})


def job(at_edge: Any = None, main: Any = None, *given: str, stacks: tuple[StackSource, ...] = (MAIN,)) -> Job:
    order = Order("notes", "dev", "stack", Path("out"))
    values = {"EnvironmentSuffix": "dev", "Certificate": "own"}
    of_edge = Job(
        order,
        SystemSource("notes", "edge", (EDGE,)),
        {"EnvironmentSuffix": "dev"},
        frozenset(given),
        session(at_edge, "us-east-1"),
    )
    return Job(
        order,
        SystemSource("notes", "stack", stacks),
        values,
        frozenset(given),
        session(main, "eu-west-1"),
        of_edge,
    )


def there(stubber: Stubber, name: str, outputs: dict[str, str]) -> None:
    stack: dict[str, Any] = {
        "StackId": EDGE_ID,
        "StackName": name,
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": "2026-01-01",
    }
    stack["Outputs"] = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": name})


def absent(stubber: Stubber) -> None:
    stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")


def test_outputs_that_the_main_stack_has_parameters_for_are_handed_on_and_said(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    there(stubber, "notes-dev-edge", {"Acl": ACL, "Certificate": "", "Other": "x"})
    notes: list[str] = []
    handed = edge.handing_on(job(client), notes.append)
    assert handed.values == {"EnvironmentSuffix": "dev", "Certificate": "own", "Acl": ACL}
    assert notes == ["notes-dev-edge (us-east-1) hands on to the main stack:", f"  Acl={ACL}"]


def test_a_parameter_on_the_command_line_wins(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    there(stubber, "notes-dev-edge", {"Acl": ACL, "Certificate": "c"})
    handed = edge.handing_on(job(client, None, "Acl"), lambda _: None)
    assert handed.values == {"EnvironmentSuffix": "dev", "Certificate": "c"}


def test_nobody_looks_where_there_is_nothing_to_hand_on() -> None:
    asked = job(None, None, "Acl", "Certificate")
    assert edge.handing_on(asked, pytest.fail) is asked
    alone = replace(asked, edge=None)
    assert edge.handing_on(alone, pytest.fail) is alone
    assert edge.seen(alone, pytest.fail) is None


def test_an_edge_that_is_not_there_hands_on_nothing(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    absent(stubber)
    asked = job(client)
    assert edge.handing_on(asked, pytest.fail) is asked


def test_where_one_may_not_look_an_update_stops_and_a_look_goes_on(stubbed: Stubbed) -> None:
    """The update could take the firewall away; who only looks at the rest is told."""
    client, stubber = stubbed("cloudformation")
    stubber.add_client_error("describe_stacks", "AccessDenied", "explicit deny in a service control policy")
    with pytest.raises(AwsError) as raised:
        edge.handing_on(job(client), pytest.fail)
    assert "you may not call DescribeStacks" in str(raised.value)
    assert "--parameter Acl=… --parameter Certificate=… says what to use instead" in str(raised.value)
    stubber.add_client_error("describe_stacks", "AccessDenied", "explicit deny")
    notes: list[str] = []
    assert edge.seen(job(client), notes.append) is None
    assert notes[0].startswith("notes-dev-edge: whether it is there is unknown; you may not call DescribeStacks")


def test_other_errors_are_not_kept(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    for look in (edge.handing_on, edge.seen):
        stubber.add_client_error("describe_stacks", "InternalFailure", "broken")
        with pytest.raises(ClientError):
            look(job(client), pytest.fail)


def test_a_secret_is_handed_on_unseen(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    there(stubber, "notes-dev-edge", {"Acl": ACL})
    secret = source("", {"EnvironmentSuffix": TEXT, "Acl": TEXT | {"NoEcho": True}}, {})
    notes: list[str] = []
    assert edge.handing_on(job(client, stacks=(secret,)), notes.append).values["Acl"] == ACL
    assert notes[1] == "  Acl=****"


def test_what_is_to_come_is_what_the_edge_will_have() -> None:
    """Without a domain there will be no certificate."""
    assert edge.to_come(job(), Stack("notes-dev-edge")) == ["Acl"]
    assert edge.to_come(job(), Stack("notes-dev-edge", outputs={"Acl": ACL})) == []
    named = job()
    assert named.edge is not None
    named = replace(named, edge=replace(named.edge, values={"EnvironmentSuffix": "dev", "Domain": "n.example.org"}))
    assert edge.to_come(named, Stack("notes-dev-edge")) == ["Acl", "Certificate"]


def test_the_edge_is_told_of_the_distribution_that_is_there(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    there(stubber, "notes-dev", {"CloudFrontDistributionId": "E1"})
    assert edge.told(job(None, client)).values == {"EnvironmentSuffix": "dev", "DistributionId": "E1"}
    absent(stubber)
    assert edge.told(job(None, client)).values == {"EnvironmentSuffix": "dev"}


def test_in_tiers_the_one_that_has_the_distribution_is_asked(stubbed: Stubbed) -> None:
    client, stubber = stubbed("cloudformation")
    there(stubber, "notes-dev-delivery", {"CloudFrontDistributionId": "E1"})
    tiers = (source("network", {}, {}), replace(MAIN, tier="delivery"))
    assert edge.told(job(None, client, stacks=tiers)).values["DistributionId"] == "E1"


def test_a_distribution_on_the_command_line_is_left_as_it_is() -> None:
    asked = job(None, None, "DistributionId")
    assert edge.told(asked) is asked.edge
    assert not edge.awaits_distribution(asked)
    assert edge.awaits_distribution(job())
    assert not edge.awaits_distribution(job(stacks=(source("", {}, {}),)))
