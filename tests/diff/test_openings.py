from __future__ import annotations

from typing import Any

import pytest

from tap.diff import openings
from tests.diff.building import resource


def group(*ingress: dict[str, Any], **more: Any) -> dict[str, Any]:
    closed = [{"IpProtocol": "-1", "CidrIp": "127.0.0.1/32"}]
    return resource(
        "EC2::SecurityGroup", {"SecurityGroupIngress": list(ingress), "SecurityGroupEgress": closed, **more}
    )


def rule(
    first: Any = 443, last: Any = None, cidr: str = "10.0.0.0/8", protocol: Any = "tcp", **more: Any
) -> dict[str, Any]:
    return {
        "IpProtocol": protocol,
        "FromPort": first,
        "ToPort": first if last is None else last,
        "CidrIp": cidr,
        **more,
    }


def sentences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [one.sentence for one in openings.widenings(old, new)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], [rule()], ["port 443/tcp of G opens to 10.0.0.0/8"]),
        ([rule()], [rule(cidr="0.0.0.0/0")], ["port 443/tcp of G opens to anyone (0.0.0.0/0)"]),
        ([rule(cidr="0.0.0.0/0")], [rule()], []),
        ([rule(0, 1000)], [rule(443)], []),
        ([rule(443)], [rule(443, 445)], ["ports 443 to 445/tcp of G open to 10.0.0.0/8"]),
        ([rule(1, 5), rule(6, 9)], [rule(2, 8)], []),
        ([rule(1, 5), rule(7, 9)], [rule(2, 8)], ["ports 2 to 8/tcp of G open to 10.0.0.0/8"]),
        ([rule(protocol="-1")], [rule()], []),
        ([rule()], [rule(protocol=-1)], ["every port and protocol of G opens to 10.0.0.0/8"]),
        ([rule(protocol=6)], [rule()], []),
        ([rule()], [rule(protocol="udp")], ["port 443/udp of G opens to 10.0.0.0/8"]),
        ([], [rule(8, -1, protocol="icmp")], ["icmp type 8 of G opens to 10.0.0.0/8"]),
        ([], [rule("443", "443", "::/0")], ["port 443/tcp of G opens to ::/0"]),
    ],
)
def test_only_what_was_shut_before_opens(before: list[Any], after: list[Any], said: list[str]) -> None:
    found = sentences({"G": group(*before)}, {"G": group(*after)})
    assert [one.replace("anyone (::/0)", "::/0") for one in found] == said


def test_a_rule_that_moves_out_of_its_group_opens_nothing() -> None:
    from tap.deploy.resolve import Unresolved

    own = resource("EC2::SecurityGroupIngress", {**rule(), "GroupId": Unresolved("!GetAtt G.GroupId")})
    assert sentences({"G": group(rule())}, {"G": group(), "R": own}) == []


def test_a_group_without_outbound_rules_lets_everything_out() -> None:
    shut = {"G": group()}
    opened = {"G": resource("EC2::SecurityGroup", {})}
    assert sentences(shut, opened) == [
        "G is allowed out to anyone (0.0.0.0/0), every port and protocol",
        "G is allowed out to anyone (::/0), every port and protocol",
    ]
    assert sentences(opened, shut) == []


def test_another_group_is_called_by_its_name() -> None:
    from tap.deploy.resolve import Unresolved

    peer = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "SourceSecurityGroupId": Unresolved("!GetAtt Web.GroupId")}
    assert sentences({"G": group()}, {"G": group(peer)}) == ["port 1/tcp of G opens to Web"]


def test_ports_that_cannot_be_known_may_open() -> None:
    from tap.deploy.resolve import Unresolved

    (found,) = openings.widenings({"G": group()}, {"G": group(rule(Unresolved("!Ref Port")))})
    assert (found.certain, "may open" in found.sentence) == (False, True)


def test_what_a_new_group_lets_through_is_marked_as_new() -> None:
    (found,) = openings.widenings({}, {"G": group(rule())})
    assert found.fresh
