"""How a new version of a service takes over: rolling, or blue/green by ECS itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from troposphere import Ref, ecs, iam, sns
from troposphere import cloudwatch as cw
from troposphere import elasticloadbalancingv2 as elb

from tap.model import Tier, text
from templates.tiers.balancer import Balancer
from templates.tiers.words import att, managed_policy, named, trusts

TEST_HEADER = "X-Tap-Test"


@dataclass(frozen=True)
class Route:
    """How requests reach a service: its names, the path and its priority among the balancer's rules, and a function
    that makes a target group from a suffix for logical id and name."""

    prefix: str
    name: str
    path: str
    priority: int
    balancer: Balancer
    topic: sns.Topic
    target_group: Callable[[str], elb.TargetGroup]


@dataclass(frozen=True)
class Routed:
    """What a rollout makes: properties of the service, what it waits for, all its target groups, and how a deployment
    goes, for people."""

    load_balancer: dict[str, Any]
    configuration: ecs.DeploymentConfiguration
    waits: tuple[str, ...]
    target_groups: tuple[elb.TargetGroup, ...]
    says: str


class Rollout(Protocol):
    """A way to roll out."""

    def route(self, tier: Tier, route: Route) -> Routed:
        """Add target groups and rules."""


def _condition(route: Route) -> elb.Condition:
    return elb.Condition(Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=[route.path]))


@dataclass(frozen=True)
class Rolling:
    """New tasks beside the old ones, which then go; taken back when the new ones stay unhealthy."""

    def route(self, tier: Tier, route: Route) -> Routed:
        """Add one target group and its rule."""
        group = route.target_group("")
        rule = tier.add(
            elb.ListenerRule(
                f"{route.prefix}ListenerRule",
                ListenerArn=route.balancer.listener,
                Priority=route.priority,
                Conditions=[_condition(route)],
                Actions=[elb.ListenerRuleAction(Type="forward", TargetGroupArn=group.ref())],
            ),
            f"Sends {route.path} to the {route.name}.",
        )
        configuration = ecs.DeploymentConfiguration(
            MinimumHealthyPercent=100,
            MaximumPercent=200,
            DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(Enable=True, Rollback=True),
        )
        says = "a deployment whose tasks stay unhealthy is rolled back"
        return Routed({"TargetGroupArn": group.ref()}, configuration, (rule.title,), (group,), says)


@dataclass(frozen=True)
class BlueGreen:
    """A whole second set of tasks; traffic moves over at once, and back when an alarm rings within ``bake`` minutes.

    ECS itself does it (source: ECS developer guide, "Amazon ECS blue/green deployments"). Requests with the header
    ``X-Tap-Test: green`` reach the new tasks before everybody does.
    """

    bake: int = 5

    def route(self, tier: Tier, route: Route) -> Routed:
        """Add both target groups, the production and the test rule, the role and the alarm."""
        blue, green = route.target_group(""), route.target_group("Green")
        production = self._rule(
            tier,
            route,
            "",
            (blue, green),
            f"Sends {route.path} to the {route.name}. ECS moves the weights while it deploys: leave them alone, for a "
            "change here could send users to the empty group.",
        )
        test = self._rule(
            tier,
            route,
            "Test",
            (blue, green),
            f"Sends {route.path} with the header {TEST_HEADER}: green to the {route.name}'s new version.",
        )
        role = tier.add(
            iam.Role(
                f"{route.prefix}RolloutRole",
                AssumeRolePolicyDocument=trusts("ecs.amazonaws.com"),
                ManagedPolicyArns=[managed_policy("AmazonECSInfrastructureRolePolicyForLoadBalancers")],
            ),
            f"Lets ECS move traffic between the {route.name}'s target groups.",
        )
        alarm = self._alarm(tier, route, (blue, green))
        advanced = ecs.AdvancedConfiguration(
            AlternateTargetGroupArn=green.ref(),
            ProductionListenerRule=production.ref(),
            TestListenerRule=test.ref(),
            RoleArn=role.get_att("Arn"),
        )
        configuration = ecs.DeploymentConfiguration(
            Strategy="BLUE_GREEN",
            BakeTimeInMinutes=self.bake,
            MinimumHealthyPercent=100,
            MaximumPercent=200,
            Alarms=ecs.DeploymentAlarms(AlarmNames=[alarm.ref()], Enable=True, Rollback=True),
        )
        load_balancer = {"TargetGroupArn": blue.ref(), "AdvancedConfiguration": advanced}
        # ECS offers the circuit breaker to rolling deployments only (source: ECS developer guide, "How the Amazon ECS
        # deployment circuit breaker detects failures").
        says = (
            f"a deployment starts as many again beside them, moves all users over, and is taken back when "
            f"{alarm.title} rings within {self.bake} minutes"
        )
        return Routed(load_balancer, configuration, (), (blue, green), says)

    def _rule(
        self, tier: Tier, route: Route, kind: str, groups: tuple[elb.TargetGroup, ...], says: str
    ) -> elb.ListenerRule:
        header = elb.Condition(
            Field="http-header",
            HttpHeaderConfig=elb.HttpHeaderConfig(HttpHeaderName=TEST_HEADER, Values=["green"]),
        )
        return tier.add(
            elb.ListenerRule(
                f"{route.prefix}{kind}ListenerRule",
                ListenerArn=route.balancer.listener,
                # Rules are tried by number: the test rules stand before all others.
                Priority=route.priority + (0 if kind else 100),
                Conditions=[_condition(route), *([header] if kind else [])],
                Actions=[
                    elb.ListenerRuleAction(
                        Type="forward",
                        ForwardConfig=elb.ForwardConfig(
                            TargetGroups=[
                                elb.TargetGroupTuple(TargetGroupArn=groups[0].ref(), Weight=100),
                                elb.TargetGroupTuple(TargetGroupArn=groups[1].ref(), Weight=0),
                            ]
                        ),
                    )
                ],
            ),
            says,
        )

    def _alarm(self, tier: Tier, route: Route, groups: tuple[elb.TargetGroup, ...]) -> cw.Alarm:
        # Blue and green change places at each deployment, so the alarm looks at both.
        queries = [
            cw.MetricDataQuery(
                Id=identity,
                ReturnData=False,
                MetricStat=cw.MetricStat(
                    Stat="Sum",
                    Period=60,
                    Metric=cw.Metric(
                        Namespace="AWS/ApplicationELB",
                        MetricName="HTTPCode_Target_5XX_Count",
                        Dimensions=[
                            cw.MetricDimension(Name="LoadBalancer", Value=text(route.balancer.full_name)),
                            cw.MetricDimension(Name="TargetGroup", Value=text(att(group, "TargetGroupFullName"))),
                        ],
                    ),
                ),
            )
            for identity, group in zip(("blue", "green"), groups, strict=True)
        ]
        total = cw.MetricDataQuery(
            Id="errors", Expression="FILL(blue, 0) + FILL(green, 0)", Label="5XX of both groups", ReturnData=True
        )
        says = f"The {route.name} answered more than ten requests with 5XX in a minute, in either target group."
        return tier.add(
            cw.Alarm(
                f"{route.prefix}RolloutAlarm",
                AlarmName=named(f"{route.name}-rollout-errors"),
                AlarmDescription=f"{says} A deployment under way is taken back.",
                Metrics=[total, *queries],
                EvaluationPeriods=1,
                Threshold=10,
                ComparisonOperator="GreaterThanThreshold",
                TreatMissingData="notBreaching",
                AlarmActions=[Ref(route.topic)],
                OKActions=[Ref(route.topic)],
            ),
            f"{says} A deployment under way is taken back.",
        )
