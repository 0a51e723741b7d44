from __future__ import annotations

from typing import Any

import pytest

from tap.check.explain import grants
from tap.check.load import parse
from tap.check.model import Model, World

TEXT = """
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole,
             Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy]
      Policies:
        - PolicyName: inline
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ecr:GetAuthorizationToken, Resource: "*"}
              - {Effect: Allow, Action: [s3:GetObject, s3:PutObject], Resource: !Sub "${Bucket.Arn}/*"}
              - {Effect: Deny, NotAction: "s3:*", Resource: "*"}
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: p
      Roles: [!Ref Role]
      PolicyDocument: {Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Statement:
          - {Effect: Deny, Principal: "*", Action: "s3:*", Resource: !GetAtt Bucket.Arn,
             Condition: {Bool: {aws:SecureTransport: "false"}}}
"""


@pytest.fixture
def world() -> World:
    return Model(parse(TEXT)).worlds[0]


def test_each_statement_is_a_grant_with_who_what_and_on_what(world: World) -> None:
    found: list[Any] = [
        (one.who, one.effect, one.actions, one.resources, one.condition, one.wildcard) for one in grants.grants(world)
    ]
    assert found == [
        ("Role", "Allow", ("ecr:GetAuthorizationToken",), ("*",), "", "the action takes no resource"),
        ("Role", "Allow", ("s3:GetObject", "s3:PutObject"), ("${Bucket.Arn}/*",), "", ""),
        ("Role", "Deny", ("all but s3:*",), ("*",), "", ""),
        ("Role", "Allow", ("s3:*",), ("*",), "", "no reason is given"),
        ("anybody", "Deny", ("s3:*",), ("!GetAtt Bucket.Arn",), "aws:SecureTransport is false", ""),
    ]


def test_the_page_tells_who_may_become_what(world: World) -> None:
    roles, may, resources = grants.explain(world).tables
    assert [[cell.text for cell in row[1:]] for row in roles.rows] == [
        ["ecs-tasks.amazonaws.com", "aws:SourceAccount is !Ref AWS::AccountId", "CloudWatchAgentServerPolicy"]
    ]
    assert [row[4].tone for row in may.rows] == ["", "", "", "bad"]
    assert resources.rows[0][2].text == "must not: s3:*"


def test_actions_that_take_no_resource_are_known() -> None:
    assert grants.takes_no_resource("xray:PutTraceSegments")
    assert grants.takes_no_resource("ec2:DescribeInstances")
    assert not grants.takes_no_resource("s3:GetObject")
    assert not grants.takes_no_resource("nothing:AtAll")
