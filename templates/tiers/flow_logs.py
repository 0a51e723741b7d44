"""Flow logs: who talked to whom in the VPC, in CloudWatch Logs."""

from __future__ import annotations

from dataclasses import dataclass

from awacs.aws import Allow, Statement
from troposphere import GetAtt, Sub, ec2, iam, logs

from tap.model import Tier
from templates.tiers.encryption import Encryption, log_key
from templates.tiers.keeping import Keeping
from templates.tiers.words import actions, policy, trusts


@dataclass(frozen=True)
class FlowLogs:
    """What flow logs can differ in: the log group's name (text for ``Sub``), and for how many days it is kept."""

    group: str
    days: int
    keeping: Keeping
    encryption: Encryption | None = None


def flow_logs(tier: Tier, vpc: ec2.VPC, choices: FlowLogs) -> None:
    """Add flow logs of all traffic to the network tier."""
    group = tier.add(
        logs.LogGroup(
            "FlowLogGroup",
            **choices.keeping.policies,
            LogGroupName=Sub(choices.group),
            RetentionInDays=choices.days,
            **log_key(choices.encryption),
        ),
        f"Who talked to whom in the VPC, kept {choices.days} days.",
        exempt={} if choices.encryption else {"CKV_AWS_158": "The service's own encryption is enough for addresses."},
    )
    role = tier.add(
        iam.Role(
            "FlowLogRole",
            AssumeRolePolicyDocument=trusts("vpc-flow-logs.amazonaws.com"),
            Policies=[
                iam.Policy(
                    PolicyName="write-log",
                    PolicyDocument=policy(
                        Statement(
                            Effect=Allow,
                            Action=actions("logs", "CreateLogStream", "PutLogEvents", "DescribeLogStreams"),
                            Resource=[GetAtt(group, "Arn")],
                        )
                    ),
                )
            ],
        ),
        "Lets the VPC write its flow log.",
    )
    tier.add(
        ec2.FlowLog(
            "FlowLog",
            ResourceType="VPC",
            ResourceId=vpc.ref(),
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=group.ref(),
            DeliverLogsPermissionArn=GetAtt(role, "Arn"),
            MaxAggregationInterval=60,
        ),
        "Records every connection in the VPC, accepted or refused.",
    )
