from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tap.check.explain import paths
from tap.check.explain.ends import ends
from tap.check.load import Document, read
from tap.check.model import Model, World

TEMPLATE = read(Path(__file__).parent / "network.yaml").template


def world(**changes: Any) -> World:
    """The world of the template; ``Resource__Property=value`` changes a property, ``Resource=body`` adds a resource."""
    template: dict[str, Any] = copy.deepcopy(dict(TEMPLATE))
    for key, value in changes.items():
        name, _, property_name = key.partition("__")
        if property_name:
            template["Resources"][name]["Properties"][property_name] = value
        else:
            template["Resources"][name] = value
    return Model(Document("t", template)).worlds[0]


def told(of: World, source: str | None, target: str) -> dict[int, bool | None]:
    return {
        way.port: way.open
        for way in paths.ways(of)
        if way.target.name == target and (way.source.name if way.source else None) == source
    }


def tcp(port: int, **peer: str) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}]


def test_from_the_internet_to_the_balancer_and_no_further() -> None:
    of = world()
    assert told(of, None, "Balancer") == {80: True}
    assert told(of, None, "Service") == {3000: False}
    assert told(of, None, "Database") == {5432: False}


def test_inside_each_reaches_only_the_next() -> None:
    of = world()
    assert told(of, "Balancer", "Service") == {3000: True}
    assert told(of, "Service", "Database") == {5432: True}
    assert told(of, "Balancer", "Database") == {5432: False}
    assert told(of, "Database", "Service") == {3000: False}


def test_the_way_to_the_data_is_told_hop_by_hop() -> None:
    of = world()
    (database,) = [end for end in ends(of) if end.stores]
    assert list(paths.chains(of, database)) == [
        ("the internet", "→ 80", "Balancer", "→ 3000", "Service", "→ 5432", "Database")
    ]


@pytest.mark.parametrize(
    ("change", "source", "target", "expected"),
    [
        # The balancer is internal, or the route to the gateway is gone.
        ({"Balancer__Scheme": "internal"}, None, "Balancer", {80: False}),
        ({"PublicRoute__DestinationCidrBlock": "10.9.0.0/16"}, None, "Balancer", {80: False}),
        # Its group admits somebody only, or somebody who is not known.
        ({"BalancerGroup__SecurityGroupIngress": []}, None, "Balancer", {80: False}),
        (
            {"BalancerGroup__SecurityGroupIngress": tcp(80, SourcePrefixListId="pl-1")},
            None,
            "Balancer",
            {80: None},
        ),
        # The balancer's group lets nothing out, or the tasks' group admits another port.
        (
            {"BalancerGroup__SecurityGroupEgress": tcp(1, CidrIp="127.0.0.1/32")},
            "Balancer",
            "Service",
            {3000: False},
        ),
        ({"TaskGroup__SecurityGroupIngress": tcp(80, CidrIp="0.0.0.0/0")}, "Balancer", "Service", {3000: False}),
        # Another group, of elsewhere, may admit anybody.
        ({"Database__VpcSecurityGroupIds": {"Ref": "Elsewhere"}}, "Service", "Database", {5432: None}),
    ],
)
def test_one_thing_shuts_a_way(change: dict[str, Any], source: str | None, target: str, expected: Any) -> None:
    assert told(world(**change), source, target) == expected


def acl(*entries: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Acl": {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Joined": {
            "Type": "AWS::EC2::SubnetNetworkAclAssociation",
            "Properties": {"SubnetId": {"Ref": "PrivateA"}, "NetworkAclId": {"Ref": "Acl"}},
        },
    }
    for number, entry in enumerate(entries):
        body = {"NetworkAclId": {"Ref": "Acl"}, "RuleNumber": 100 + number, "Protocol": 6, "RuleAction": "allow"}
        found[f"Entry{number}"] = {"Type": "AWS::EC2::NetworkAclEntry", "Properties": {**body, **entry}}
    return found


IN = {"Egress": False, "CidrBlock": "10.0.0.0/16", "PortRange": {"From": 3000, "To": 3000}}
OUT = {"Egress": True, "CidrBlock": "10.0.0.0/16", "PortRange": {"From": 1024, "To": 65535}}


def test_an_acl_lets_packets_and_answers_pass_or_not() -> None:
    assert told(world(**acl(IN, OUT)), "Balancer", "Service") == {3000: True}
    assert told(world(**acl(IN)), "Balancer", "Service") == {3000: False}
    assert told(world(**acl(OUT)), "Balancer", "Service") == {3000: False}
    refused = {**IN, "RuleAction": "deny", "RuleNumber": 1}
    assert told(world(**acl(IN, OUT, refused)), "Balancer", "Service") == {3000: False}
    one_zone = {**IN, "CidrBlock": "10.0.0.0/24"}
    assert told(world(**acl(one_zone, OUT)), "Balancer", "Service") == {3000: None}
    # Within a subnet nobody asks the ACL.
    assert told(world(**acl()), "Service", "Database") == {5432: True}


def test_what_leads_out_is_told() -> None:
    section = paths.explain(world())
    out = next(table for table in section.tables if table.title == "Out to the internet")
    assert {row[0].resources[0]: (row[1].text, row[2].text) for row in out.rows} == {
        "Balancer": ("nothing: its groups name what it may reach", "–"),
        "Service": ("all ports", "no route"),
        "Database": ("nothing: its groups name what it may reach", "–"),
    }


def test_a_distribution_and_an_api_are_doors() -> None:
    of = world(
        Cdn={
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {
                "DistributionConfig": {"Origins": [{"Id": "a", "DomainName": {"Fn::GetAtt": ["Balancer", "DNSName"]}}]}
            },
        },
        Api={"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}},
        Any={
            "Type": "AWS::ApiGateway::Method",
            "Properties": {"RestApiId": {"Ref": "Api"}, "Integration": {"IntegrationTarget": {"Ref": "Balancer"}}},
        },
    )
    assert {door.resource.logical_id: door.leads for door in paths.doors(of)} == {
        "Cdn": ("Balancer",),
        "Api": ("Balancer",),
    }
    (database,) = [end for end in ends(of) if end.stores]
    assert ("the internet", "→ 443", "Cdn", "→", "Balancer", "→ 3000", "Service", "→ 5432", "Database") in set(
        paths.chains(of, database)
    )
