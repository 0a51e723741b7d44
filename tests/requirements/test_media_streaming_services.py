"""Media streaming's requirements, one by one, in the emitted template: containers, scaling, images.

"Decision" in a comment: where the system departs from the words of its brief, and how.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.requirements.media import (
    HTTPS,
    PORTS,
    SERVICES,
    S,
    balancer,
    container,
    listener,
    media,
    production_rule,
    service,
    target_groups,
    trial_rule,
)
from tests.requirements.parts import environment, role, scaled, task
from tests.requirements.relations import granted, refs, routes, subnets, trusted
from tests.requirements.template import Reference

requirement = pytest.mark.requirement
each_service = pytest.mark.parametrize("name", SERVICES)
with_and_without_tls = pytest.mark.parametrize("parameters", [{}, HTTPS], ids=["plain", "certificate"])


# ── Containers ──


@requirement("MS-ECS-1")
def test_ms_ecs_1_cluster_on_fargate_only() -> None:
    of = media()
    cluster = of.one("AWS::ECS::Cluster", ClusterName=f"ecs-cluster-{S}")
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enabled"}]
    capacity = of.one("AWS::ECS::ClusterCapacityProviderAssociations", Cluster=Reference(cluster.logical_id))
    assert {*capacity["CapacityProviders"]} <= {"FARGATE", "FARGATE_SPOT"}
    services = of.of("AWS::ECS::Service")
    assert {it.logical_id for it in services} == {service(of, name).logical_id for name in SERVICES}
    for it in services:
        assert it["Cluster"] == Reference(cluster.logical_id)
        assert it["LaunchType"] is None
        assert [each["CapacityProvider"] for each in it["CapacityProviderStrategy"]] == ["FARGATE"]
        assert capacity.logical_id in it.depends_on
    assert not of.of("AWS::EC2::Instance")
    assert not of.of("AWS::AutoScaling::AutoScalingGroup")


@requirement("MS-ECS-1")
@pytest.mark.parametrize(("name", "cpu", "memory"), [("frontend", "256", "512"), ("backend", "512", "1024")])
def test_ms_ecs_1_task_definitions(name: str, cpu: str, memory: str) -> None:
    of = media()
    definition = task(of, service(of, name))
    assert definition["Family"] == f"{name}-task-{S}"
    assert definition["RequiresCompatibilities"] == ["FARGATE"]
    assert definition["NetworkMode"] == "awsvpc"
    assert (definition["Cpu"], definition["Memory"]) == (cpu, memory)
    assert definition["RuntimePlatform"] == {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"}
    only = container(of, name)
    assert (only["Name"], only["Essential"]) == (name, True)
    assert environment(only)["ENVIRONMENT"] == S
    assert only["PortMappings"] == [{"ContainerPort": PORTS[name], "Protocol": "tcp"}]
    network = service(of, name)["NetworkConfiguration.AwsvpcConfiguration"]
    assert network["Subnets"] == refs(subnets(of, "private"))
    assert network["AssignPublicIp"] == "DISABLED"
    assert {route.logical_id for each in subnets(of, "private") for route in routes(of, each)} <= {
        *service(of, name).depends_on
    }


@requirement("MS-ECS-1")
@each_service
def test_ms_ecs_1_first_deployment_needs_no_image(name: str) -> None:
    # Decision: an empty tag, the default, means a public placeholder that answers on the health path.
    first = container(media(), name)
    assert re.fullmatch(r"public\.ecr\.aws/docker/library/node:[\w.-]+", first["Image"])
    node, flag, script = first["Command"]
    assert (node, flag) == ("node", "-e")
    # A server that sets no status answers 200, on every path.
    expected = f"require('http').createServer((req, res) => res.end('OK')).listen({PORTS[name]})"
    assert script == expected

    of = media(FrontendImageTag="2.1.0", BackendImageTag="2.1.0")
    later = container(of, name)
    repository = of.one("AWS::ECR::Repository", RepositoryName=f"{name}-{S}")
    assert later["Image"] == f"{Reference(repository.logical_id, 'RepositoryUri')}:2.1.0"
    assert "Command" not in later


@requirement("MS-ECS-2")
@each_service
def test_ms_ecs_2_blue_green_by_ecs(name: str) -> None:
    of = media()
    it = service(of, name)
    blue, green = target_groups(of, name)
    # No CodeDeploy: the controller is ECS, which is what a service without one has.
    assert it["DeploymentController.Type"] in {None, "ECS"}
    assert not [r for r in of.resources.values() if r.type.startswith("AWS::CodeDeploy")]
    deployment = it["DeploymentConfiguration"]
    assert deployment["Strategy"] == "BLUE_GREEN"
    assert deployment["BakeTimeInMinutes"] == 5
    # The whole second set beside the first.
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    (balanced,) = it["LoadBalancers"]
    assert (balanced["ContainerName"], balanced["ContainerPort"]) == (name, PORTS[name])
    assert balanced["TargetGroupArn"] == Reference(blue.logical_id)
    advanced = balanced["AdvancedConfiguration"]
    assert advanced["AlternateTargetGroupArn"] == Reference(green.logical_id)
    assert production_rule(of, name).type == trial_rule(of, name).type == "AWS::ElasticLoadBalancingV2::ListenerRule"
    assert production_rule(of, name) is not trial_rule(of, name)
    # But for their names, the groups are the same: they change places at each deployment.
    assert {**blue.properties, "Name": ""} == {**green.properties, "Name": ""}


@requirement("MS-ECS-2")
@with_and_without_tls
def test_ms_ecs_2_rules(parameters: dict[str, str]) -> None:
    of = media(**parameters)
    door = Reference(listener(of, 443 if parameters else 80).logical_id)
    rules = of.of("AWS::ElasticLoadBalancingV2::ListenerRule")
    assert len(rules) == 4
    assert len({rule["Priority"] for rule in rules}) == 4
    assert {rule["ListenerArn"] for rule in rules} == {door}
    for name, path in (("frontend", "/*"), ("backend", "/api/*")):
        by_path = {"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}
        blue, green = target_groups(of, name)
        for rule in (production_rule(of, name), trial_rule(of, name)):
            (action,) = rule["Actions"]
            assert action["Type"] == "forward"
            weights = {of.at(g["TargetGroupArn"]): g["Weight"] for g in action["ForwardConfig"]["TargetGroups"]}
            # At first everything goes to blue, by either rule; ECS moves the weights from then on.
            assert weights == {blue: 100, green: 0}
        assert production_rule(of, name)["Conditions"] == [by_path]
        header, *others = (c for c in trial_rule(of, name)["Conditions"] if c["Field"] == "http-header")
        assert not others
        assert header["HttpHeaderConfig"] == {"HttpHeaderName": "X-Tap-Test", "Values": ["green"]}
        assert by_path in trial_rule(of, name)["Conditions"]
    # Tried by number: a test before production, and the narrower path before the wider.
    order = [trial_rule(of, "backend"), trial_rule(of, "frontend")]
    order += [production_rule(of, "backend"), production_rule(of, "frontend")]
    assert sorted(rules, key=lambda rule: int(rule["Priority"])) == order


@requirement("MS-ECS-2")
@each_service
def test_ms_ecs_2_role_that_moves_the_traffic(name: str) -> None:
    of = media()
    mover = role(of, service(of, name)["LoadBalancers.0.AdvancedConfiguration.RoleArn"])
    assert trusted(mover) == {"ecs.amazonaws.com"}
    policy = "AmazonECSInfrastructureRolePolicyForLoadBalancers"
    assert mover["ManagedPolicyArns"] == [f"arn:${{AWS::Partition}}:iam::aws:policy/{policy}"]
    assert not granted(of, mover)


@requirement("MS-ECS-2")
@each_service
def test_ms_ecs_2_taken_back_on_alarm(name: str) -> None:
    of = media()
    alarms = service(of, name)["DeploymentConfiguration.Alarms"]
    assert (alarms["Enable"], alarms["Rollback"]) == (True, True)
    (reference,) = alarms["AlarmNames"]
    alarm = of.at(reference)
    assert alarm.type == "AWS::CloudWatch::Alarm"
    # Blue and green take turns: an alarm on one of them would be blind at every second deployment.
    queries = {query["Id"]: query for query in alarm["Metrics"]}
    (asked,) = (query for query in queries.values() if query["ReturnData"])
    terms = {query["Id"] for query in queries.values() if query is not asked}
    assert asked["Expression"] == " + ".join(f"FILL({each}, 0)" for each in sorted(terms))
    watched = set()
    for each in terms:
        stat = queries[each]["MetricStat"]
        assert (stat["Metric"]["Namespace"], stat["Metric"]["MetricName"]) == (
            "AWS/ApplicationELB",
            "HTTPCode_Target_5XX_Count",
        )
        assert (stat["Stat"], stat["Period"]) == ("Sum", 60)
        dimensions = {entry["Name"]: entry["Value"] for entry in stat["Metric"]["Dimensions"]}
        assert dimensions["LoadBalancer"] == Reference(balancer(of).logical_id, "LoadBalancerFullName")
        watched.add(of.at(dimensions["TargetGroup"], "TargetGroupFullName"))
    assert watched == {*target_groups(of, name)}
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 10)
    # After one minute, well within the bake time.
    assert alarm["EvaluationPeriods"] == 1
    assert alarm["AlarmName"] == f"{name}-rollout-errors-{S}"
    assert alarm["AlarmActions"] == alarm["OKActions"] == [Reference(of.one("AWS::SNS::Topic").logical_id)]
    assert alarm["TreatMissingData"] == "notBreaching"
    assert service(of, name).logical_id not in alarm.waits_for


@requirement("MS-ECS-3")
@each_service
def test_ms_ecs_3_target_groups_ask_for_health(name: str) -> None:
    of = media()
    groups = of.of("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert len(groups) == 4
    for it in target_groups(of, name):
        assert (it["TargetType"], it["Protocol"], it["Port"]) == ("ip", "HTTP", PORTS[name])
        assert (it["HealthCheckProtocol"], it["HealthCheckPath"]) == ("HTTP", "/health")
        assert it["HealthCheckPort"] in {None, "traffic-port"}
        assert it["HealthCheckIntervalSeconds"] == 30
        assert it["HealthCheckTimeoutSeconds"] < 30
        assert it["HealthCheckEnabled"] in {None, True}


@requirement("MS-ECS-3")
@each_service
def test_ms_ecs_3_containers_ask_for_health(name: str) -> None:
    of = media()
    check = container(of, name)["HealthCheck"]
    assert check["Interval"] == 30
    assert check["Timeout"] < 30
    shell, command = check["Command"]
    # Decision: with what the image has; the placeholder's has wget. Other images: a parameter.
    assert shell == "CMD-SHELL"
    assert command == f"wget -q -O /dev/null http://127.0.0.1:{PORTS[name]}/health || exit 1"
    other = media(**{f"{name.capitalize()}HealthCommand": "python -c pass"})
    assert container(other, name)["HealthCheck"]["Command"] == ["CMD-SHELL", "python -c pass"]


# ── Scaling ──


def in_step(step: dict[str, float], beyond: float) -> bool:
    """Whether a step is the one for a measure that is ``beyond`` its threshold by so much (ScalingPolicy API: above
    the threshold the lower bound belongs to a step, below it the upper one)."""
    low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    if beyond > 0:
        return (low is None or low <= beyond) and (high is None or beyond < high)
    return (low is None or low < beyond) and (high is None or beyond <= high)


@requirement("MS-ASG-1")
@each_service
def test_ms_asg_1_two_to_ten_tasks(name: str) -> None:
    of = media()
    target = scaled(of, service(of, name))
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 10)
    # Decision: no desired count, for auto scaling owns it.
    assert service(of, name)["DesiredCount"] is None


@requirement("MS-ASG-1")
@each_service
@pytest.mark.parametrize(
    ("side", "threshold", "comparison", "measures", "cooldown"),
    [
        ("out", 70, "GreaterThanThreshold", [70 + tenth / 10 for tenth in range(1, 301)], 60),
        ("in", 30, "LessThanThreshold", [tenth / 10 for tenth in range(300)], 300),
    ],
)
def test_ms_asg_1_both_thresholds_act(
    name: str, side: str, threshold: int, comparison: str, measures: list[float], cooldown: int
) -> None:
    # Decision: step policies with an alarm each, for target tracking cannot name both ends.
    of = media()
    it = service(of, name)
    policies = [
        policy
        for policy in of.of("AWS::ApplicationAutoScaling::ScalingPolicy")
        if policy["ScalingTargetId"] == Reference(scaled(of, it).logical_id)
    ]
    assert sorted(policy["PolicyName"] for policy in policies) == [f"{name}-cpu-in-{S}", f"{name}-cpu-out-{S}"]
    (policy,) = (each for each in policies if each["PolicyName"] == f"{name}-cpu-{side}-{S}")
    assert policy["PolicyType"] == "StepScaling"
    rules = policy["StepScalingPolicyConfiguration"]
    assert (rules["AdjustmentType"], rules["MetricAggregationType"]) == ("ChangeInCapacity", "Average")
    assert rules["Cooldown"] == cooldown
    # No gap between the steps and no two for one measure, all the way to the end of the scale.
    for measure in measures:
        (step,) = (each for each in rules["StepAdjustments"] if in_step(each, measure - threshold))
        assert step["ScalingAdjustment"] == (-1 if side == "in" else 1 if measure < 85 else 2), measure

    (alarm,) = (a for a in of.of("AWS::CloudWatch::Alarm") if Reference(policy.logical_id) in a["AlarmActions"])
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/ECS", "CPUUtilization", "Average")
    assert {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]} == {
        "ClusterName": it["Cluster"],
        "ServiceName": Reference(it.logical_id, "Name"),
    }
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (comparison, threshold)
    assert alarm["Period"] == 60
    assert alarm["EvaluationPeriods"] == (3 if side == "out" else 15)
    assert alarm["ActionsEnabled"] in {None, True}
    assert alarm["TreatMissingData"] == "notBreaching"


# ── Images ──


@requirement("MS-ECR-1")
@each_service
def test_ms_ecr_1_repositories(name: str) -> None:
    of = media()
    assert len(of.of("AWS::ECR::Repository")) == 2
    it = of.one("AWS::ECR::Repository", RepositoryName=f"{name}-{S}")
    assert it["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert it["ImageTagMutability"] == "IMMUTABLE"
    assert it["EmptyOnDelete"] is True
    (rule,) = json.loads(it["LifecyclePolicy.LifecyclePolicyText"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}
    assert rule["action"] == {"type": "expire"}
    # A tag that cannot move must not be called latest: the next push would be refused.
    assert not re.fullmatch(of.body["Parameters"][f"{name.capitalize()}ImageTag"]["AllowedPattern"], "latest")
