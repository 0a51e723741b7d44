from __future__ import annotations

from typing import Any

import pytest

from tap.diff import widening
from tests.diff.building import diff, resource


@pytest.mark.parametrize(
    ("type_name", "before", "after", "said"),
    [
        (
            "S3::Bucket",
            {"PublicAccessBlockConfiguration": {"BlockPublicPolicy": True}},
            {},
            "bucket It no longer has BlockPublicPolicy",
        ),
        ("RDS::DBInstance", {}, {"PubliclyAccessible": True}, "It gets a public address"),
        ("ElasticLoadBalancingV2::LoadBalancer", {"Scheme": "internal"}, {}, "load balancer It is no longer internal"),
        ("Lambda::Url", {"AuthType": "AWS_IAM"}, {"AuthType": "NONE"}, "function URL It no longer asks who calls"),
        (
            "ApiGateway::Method",
            {"AuthorizationType": "AWS_IAM"},
            {"AuthorizationType": "NONE"},
            "It no longer asks who",
        ),
        ("ApiGateway::Method", {"ApiKeyRequired": True}, {}, "It no longer asks for an API key"),
        ("WAFv2::WebACL", {"DefaultAction": {"Block": {}}}, {"DefaultAction": {"Allow": {}}}, "web ACL It no longer"),
        ("EC2::Subnet", {}, {"MapPublicIpOnLaunch": "true"}, "what starts in subnet It"),
    ],
)
def test_what_shut_something_off_from_outside_and_does_no_longer(
    type_name: str, before: dict[str, Any], after: dict[str, Any], said: str
) -> None:
    old, new = {"It": resource(type_name, before)}, {"It": resource(type_name, after)}
    assert [one.sentence.startswith(said) for one in widening.find(old, new)] == [True]
    assert widening.find(new, old) == ()


def test_gains_of_those_who_are_there_come_first() -> None:
    allowed = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    policy = [{"PolicyName": "p", "PolicyDocument": allowed}]
    found = widening.find(
        {"B": resource("IAM::Role")},
        {"A": resource("IAM::Role", {"Policies": policy}), "B": resource("IAM::Role", {"Policies": policy})},
    )
    assert [(one.logical_id, one.fresh) for one in found] == [("B", False), ("A", True)]


def test_a_role_under_another_logical_id_gains_nothing() -> None:
    allowed = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": {"Fn::GetAtt": ["Old", "Arn"]}}}
    renamed = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": {"Fn::GetAtt": ["New", "Arn"]}}}
    found = diff(
        {"Old": resource("IAM::Role", {"Policies": [{"PolicyDocument": allowed}]})},
        {"New": resource("IAM::Role", {"Policies": [{"PolicyDocument": renamed}]})},
    )
    assert found.widenings == ()
    assert found.changes[0].renamed_from == "Old"
