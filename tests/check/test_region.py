"""Tests of which region a template says that it is for."""

from __future__ import annotations

from typing import Any

import pytest

from tap.check.region import said

SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"AvailabilityZone": "ap-southeast-1a"}}
BY_REGION = {
    "Type": "AWS::EC2::Instance",
    "Properties": {"ImageId": {"Fn::FindInMap": ["Ami", {"Ref": "AWS::Region"}, "Id"]}},
}
EQUAL = {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"Metadata": {"Template": {"Region": "us-east-1"}}, "Resources": {"A": SUBNET}}, "us-east-1"),
        ({"Resources": {"A": SUBNET}}, "ap-southeast-1"),
        ({"Resources": {"A": SUBNET, "B": {"Properties": {"AvailabilityZone": "eu-west-1a"}}}}, ""),
        ({"Resources": {"A": BY_REGION}, "Mappings": {"Ami": {"eu-west-1": {"Id": "ami-1"}}}}, "eu-west-1"),
        (
            {"Resources": {"A": BY_REGION}, "Mappings": {"Ami": {"eu-west-1": {"Id": "a"}, "us-east-1": {"Id": "b"}}}},
            "",
        ),
        ({"Resources": {}, "Rules": {"R": {"Assertions": [{"Assert": EQUAL}]}}}, "eu-west-1"),
        ({"Resources": {}, "Rules": {"R": {"RuleCondition": {}, "Assertions": [{"Assert": EQUAL}]}}}, ""),
        ({"Resources": {"A": {"Properties": {"AvailabilityZone": {"Ref": "Zone"}}}}}, ""),
    ],
)
def test_a_template_says_its_region(template: dict[str, Any], expected: str) -> None:
    assert said(template) == expected
