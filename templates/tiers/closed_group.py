"""A VPC's default security group, closed. CloudFormation cannot change the group that comes with a VPC."""

from __future__ import annotations

from typing import ClassVar

from awacs.aws import Action, Allow, Statement
from troposphere import GetAtt, cloudformation, ec2

from tap.model import Tier
from templates.tiers.inline_function import inline_function
from templates.tiers.words import arn, att

CODE = """\
import boto3
import cfnresponse

ec2 = boto3.client("ec2")

def handler(event, context):
    group = event["ResourceProperties"]["GroupId"]
    try:
        if event["RequestType"] != "Delete":
            rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
            for egress, revoke in (
                (False, ec2.revoke_security_group_ingress),
                (True, ec2.revoke_security_group_egress),
            ):
                ids = [r["SecurityGroupRuleId"] for r in rules["SecurityGroupRules"] if r["IsEgress"] == egress]
                if ids:
                    revoke(GroupId=group, SecurityGroupRuleIds=ids)
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {}, group)
    except Exception as error:
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, group, reason=str(error))
"""


class ClosedSecurityGroup(cloudformation.AWSCustomObject):
    """A security group without rules."""

    resource_type = "Custom::ClosedSecurityGroup"
    props: ClassVar[dict[str, tuple[type, bool]]] = {
        "ServiceToken": (str, True),
        "ServiceTimeout": (int, False),
        "GroupId": (str, True),
    }


def close_default_group(tier: Tier, vpc: ec2.VPC) -> None:
    """Take the rules from the VPC's default security group, so that nothing works by being in it."""
    group = arn("ec2", f"security-group/{att(vpc, 'DefaultSecurityGroup')}")
    function = inline_function(
        tier,
        "DefaultGroupCloser",
        "Takes the rules from the VPC's default security group when the stack is made.",
        CODE,
        Statement(
            Effect=Allow,
            Action=[Action("ec2", "RevokeSecurityGroupIngress"), Action("ec2", "RevokeSecurityGroupEgress")],
            Resource=[group],
        ),
        # DescribeSecurityGroupRules knows no resource-level permission (Service Authorization Reference, EC2).
        Statement(Effect=Allow, Action=[Action("ec2", "DescribeSecurityGroupRules")], Resource=["*"]),
    )
    tier.add(
        ClosedSecurityGroup(
            "ClosedDefaultSecurityGroup",
            ServiceToken=GetAtt(function, "Arn"),
            ServiceTimeout=180,
            GroupId=GetAtt(vpc, "DefaultSecurityGroup"),
        ),
        "The VPC's default security group, without rules: whatever is put into it by mistake reaches nothing.",
    )
