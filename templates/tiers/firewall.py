"""The firewall: a limit for each address, in front of an API's stage or of CloudFront."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from troposphere import GetAtt, Sub, logs, wafv2

from tap.model import Tier
from templates.tiers.gateway import Gateway
from templates.tiers.keeping import Keeping
from templates.tiers.words import named, ref


@dataclass(frozen=True)
class FirewallChoices:
    """What a firewall can differ in. ``name`` is before the suffix; a single address may send ``limit`` requests in
    ``window`` seconds (60, 120, 300 or 600) and is answered with 429 beyond them. The log is kept ``log_days``."""

    name: str
    limit: int
    window: int
    log_days: int
    keeping: Keeping


def _visible(name: str) -> wafv2.VisibilityConfig:
    return wafv2.VisibilityConfig(CloudWatchMetricsEnabled=True, SampledRequestsEnabled=True, MetricName=name)


def web_acl(
    tier: Tier, choices: FirewallChoices, scope: Literal["REGIONAL", "CLOUDFRONT"], **attributes: Any
) -> wafv2.WebACL:
    """Add a web ACL with its log. A rule counts for about ten seconds before it acts: it is no exact limit (source:
    WAF developer guide, "Rate-based rule caveats")."""
    acl = tier.add(
        wafv2.WebACL(
            "Firewall",
            **attributes,
            Name=named(choices.name),
            Scope=scope,
            DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
            VisibilityConfig=_visible("firewall"),
            Rules=[
                wafv2.WebACLRule(
                    Name="RatePerAddress",
                    Priority=0,
                    Action=wafv2.RuleAction(
                        Block=wafv2.BlockAction(
                            CustomResponse=wafv2.CustomResponse(
                                ResponseCode=429,
                                ResponseHeaders=[wafv2.CustomHTTPHeader(Name="Retry-After", Value=str(choices.window))],
                            )
                        )
                    ),
                    Statement=wafv2.Statement(
                        RateBasedStatement=wafv2.RateBasedStatement(
                            Limit=choices.limit, EvaluationWindowSec=choices.window, AggregateKeyType="IP"
                        )
                    ),
                    VisibilityConfig=_visible("rate-per-address"),
                ),
                _managed(1, "AWSManagedRulesKnownBadInputsRuleSet"),
            ],
        ),
        f"Lets a single address send {choices.limit:,} requests in {choices.window} seconds, and answers 429 beyond "
        "them; refuses requests that are known attacks.",
    )
    group = tier.add(
        logs.LogGroup(
            "FirewallLogGroup",
            **attributes,
            **choices.keeping.policies,
            # WAF writes to log groups whose names begin like this, and to no others.
            LogGroupName=Sub(f"aws-waf-logs-{choices.name}-${{EnvironmentSuffix}}"),
            RetentionInDays=choices.log_days,
        ),
        f"What the firewall decided, kept {choices.log_days} days.",
        exempt={"CKV_AWS_158": "Addresses and request lines; the service's own encryption is enough."},
    )
    tier.add(
        wafv2.LoggingConfiguration(
            "FirewallLogging", **attributes, ResourceArn=GetAtt(acl, "Arn"), LogDestinationConfigs=[_plain_arn(group)]
        ),
        "Sends the firewall's decisions to their log.",
    )
    return acl


def _managed(priority: int, name: str) -> wafv2.WebACLRule:
    return wafv2.WebACLRule(
        Name=name,
        Priority=priority,
        OverrideAction=wafv2.OverrideAction(**{"None": {}}),
        Statement=wafv2.Statement(
            ManagedRuleGroupStatement=wafv2.ManagedRuleGroupStatement(VendorName="AWS", Name=name)
        ),
        VisibilityConfig=_visible(name),
    )


def _plain_arn(group: logs.LogGroup) -> Sub:
    # GetAtt Arn ends in ":*", which WAF does not take.
    return Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:" + ref(group))


def firewall(choices: FirewallChoices, api: Gateway) -> Tier:
    """Build the firewall tier in front of an API's stage."""
    tier = Tier("firewall", "Firewall", "What clients may not do: a limit for each address, before the API's own.")
    acl = web_acl(tier, choices, "REGIONAL")
    stage = f"/restapis/{ref(api.api)}/stages/{ref(api.stage)}"
    tier.add(
        wafv2.WebACLAssociation(
            "FirewallAssociation",
            WebACLArn=GetAtt(acl, "Arn"),
            ResourceArn=Sub(f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::{stage}"),
        ),
        "Puts the firewall in front of the API.",
    )
    return tier
