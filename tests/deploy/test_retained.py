"""What a deletion takes with it and what it leaves, from constructed answers of CloudFormation."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tap.deploy.retained import leaving, reason_of_loss

STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/notes-prod/1"
POLICY = {"Fn::If": ["IsProduction", "Retain", "Delete"]}
TEMPLATE: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String"}},
    "Conditions": {"IsProduction": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": POLICY, "Metadata": {"Description": "x"}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Queue": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Delete"},
        "Database": {"Type": "AWS::RDS::DBCluster", "DeletionPolicy": "Snapshot"},
    },
}


@pytest.mark.parametrize(("stage", "table_stays"), [("prod", True), ("dev", False)])
def test_policies_are_those_that_the_conditions_choose(stage: str, *, table_stays: bool) -> None:
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        found = [
            {
                "LogicalResourceId": key,
                "PhysicalResourceId": key.lower(),
                "ResourceType": one["Type"],
                "ResourceStatus": "CREATE_COMPLETE",
                "LastUpdatedTimestamp": 0,
            }
            for key, one in TEMPLATE["Resources"].items()
        ]
        stack = {
            "StackName": "notes-prod",
            "StackId": STACK_ID,
            "StackStatus": "CREATE_COMPLETE",
            "CreationTime": 0,
            "Parameters": [{"ParameterKey": "Stage", "ParameterValue": stage}],
        }
        stub.add_response("list_stack_resources", {"StackResourceSummaries": found})
        stub.add_response("get_template", {"TemplateBody": json.dumps(TEMPLATE)})
        stub.add_response("describe_stacks", {"Stacks": [stack]})
        result = leaving(client, STACK_ID)
    snapshot = "a snapshot of Database, AWS::RDS::DBCluster: database"
    assert result.staying == (*(["Table, AWS::DynamoDB::Table: table"] if table_stays else []), snapshot)
    names = [line.split(",")[0] for line in result.lost]
    assert names == [*([] if table_stays else ["Table"]), "Queue"]
    assert "are lost" in result.lost[-1]


@pytest.mark.parametrize(
    ("body", "loses"),
    [
        ({"Type": "AWS::SNS::Topic"}, False),
        ({"Type": "AWS::DynamoDB::Table"}, True),
        ({"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain"}, False),
        ({"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "RetainExceptOnCreate"}, False),
        ({"Type": "AWS::RDS::DBCluster"}, False),
        ({"Type": "AWS::RDS::DBCluster", "DeletionPolicy": "Delete"}, True),
        ({"Type": "AWS::S3::Bucket"}, True),
    ],
)
def test_what_is_lost_with_a_stack(body: dict[str, Any], *, loses: bool) -> None:
    assert bool(reason_of_loss(body)) is loses
