"""Payments' requirements, one by one, in the emitted template: containers, images, load balancer, roles.

"Decision" in a comment: where the system departs from the words of its row, and how.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap.deploy.parameters import check, matches
from tests.requirements.parts import (
    attributes,
    container,
    environment,
    injected,
    log_group,
    role,
    scaled,
    task,
    tracked,
)
from tests.requirements.payments import (
    SERVICES,
    S,
    balancer,
    key,
    listener,
    payments,
    secret,
    service,
    target_group,
)
from tests.requirements.relations import granted, refs, routes, subnets, trusted
from tests.requirements.template import Reference, load

requirement = pytest.mark.requirement
each_service = pytest.mark.parametrize("name", SERVICES)


# ── Containers ──


@requirement("PP-ECS-1")
def test_pp_ecs_1_cluster() -> None:
    of = payments()
    cluster = of.one("AWS::ECS::Cluster", ClusterName=f"tap-payment-cluster-{S}")
    assert {"Name": "containerInsights", "Value": "enabled"} in cluster["ClusterSettings"]
    assert {service(of, name)["Cluster"] for name in SERVICES} == {Reference(cluster.logical_id)}
    assert len(of.of("AWS::ECS::Service")) == 2


@requirement("PP-ECS-1")
@each_service
def test_pp_ecs_1_three_to_twenty_tasks(name: str) -> None:
    of = payments()
    it = service(of, name)
    # Decision: no desired count, for auto scaling owns it and each update would reset it.
    assert it["DesiredCount"] is None
    assert (scaled(of, it)["MinCapacity"], scaled(of, it)["MaxCapacity"]) == (3, 20)
    found = tracked(of, it)
    targets = {"ECSServiceAverageCPUUtilization": 70, "ECSServiceAverageMemoryUtilization": 75}
    assert {metric: configuration["TargetValue"] for metric, configuration in found.items()} == targets
    for configuration in found.values():
        assert (configuration["ScaleInCooldown"], configuration["ScaleOutCooldown"]) == (300, 60)
        assert configuration.get("DisableScaleIn", False) is False


@requirement("PP-ECS-1")
@each_service
def test_pp_ecs_1_on_demand_first_then_spot(name: str) -> None:
    of = payments()
    it = service(of, name)
    assert it["LaunchType"] is None
    assert it["CapacityProviderStrategy"] == [
        {"CapacityProvider": "FARGATE", "Base": 3, "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 2},
    ]
    capacity = of.one("AWS::ECS::ClusterCapacityProviderAssociations", Cluster=it["Cluster"])
    assert {*capacity["CapacityProviders"]} == {"FARGATE", "FARGATE_SPOT"}
    assert capacity.logical_id in it.depends_on


@requirement("PP-ECS-1")
@each_service
def test_pp_ecs_1_rollout_and_network(name: str) -> None:
    of = payments()
    it = service(of, name)
    rollout = it["DeploymentConfiguration"]
    assert (rollout["MinimumHealthyPercent"], rollout["MaximumPercent"]) == (100, 200)
    assert rollout["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    network = it["NetworkConfiguration.AwsvpcConfiguration"]
    assert network["Subnets"] == refs(subnets(of, "private"))
    assert network["AssignPublicIp"] == "DISABLED"
    assert it["PropagateTags"] == "SERVICE"
    # Its images, logs and secrets come by the NAT gateways, its requests by the rule.
    ways_out = {route.logical_id for subnet in subnets(of, "private") for route in routes(of, subnet)}
    group = Reference(target_group(of, name).logical_id)
    (rule,) = (r for r in of.of("AWS::ElasticLoadBalancingV2::ListenerRule") if r["Actions.0.TargetGroupArn"] == group)
    assert ways_out | {rule.logical_id} <= {*it.depends_on}


def check_task(name: str, cpu: str, memory: str, port: int) -> None:
    of = payments()
    definition, main = task(of, service(of, name)), container(of, service(of, name), name)
    assert (definition["RequiresCompatibilities"], definition["NetworkMode"]) == (["FARGATE"], "awsvpc")
    assert (definition["Cpu"], definition["Memory"]) == (cpu, memory)
    assert main["Essential"] is True
    assert main["PortMappings"] == [{"ContainerPort": port, "Protocol": "tcp"}]
    assert service(of, name)["LoadBalancers"] == [
        {
            "ContainerName": name,
            "ContainerPort": port,
            "TargetGroupArn": Reference(target_group(of, name).logical_id),
        }
    ]


@requirement("PP-ECS-2")
def test_pp_ecs_2_backend_task() -> None:
    check_task("backend", "1024", "2048", 3000)


@requirement("PP-ECS-2")
def test_pp_ecs_2_frontend_task() -> None:
    check_task("frontend", "512", "1024", 80)
    of = payments()
    assert len(task(of, service(of, "frontend"))["ContainerDefinitions"]) == 1


@requirement("PP-ECS-2")
def test_pp_ecs_2_container_health_check() -> None:
    # Decision: with what the image has (wget, not curl), and a parameter.
    of = payments()
    it = container(of, service(of, "backend"), "backend")["HealthCheck"]
    assert (it["Interval"], it["Retries"]) == (30, 3)
    assert it["Timeout"] < it["Interval"]
    kind, command = it["Command"]
    assert kind == "CMD-SHELL"
    assert re.fullmatch(r"wget .*http://127\.0\.0\.1:3000/health( .*)?", command)
    other = payments(BackendHealthCommand="node check.js")
    assert container(other, service(other, "backend"), "backend")["HealthCheck"]["Command"] == [kind, "node check.js"]


@requirement("PP-ECS-2")
def test_pp_ecs_2_tracing_beside_the_backend() -> None:
    # Decision: the OpenTelemetry collector, which takes what the X-Ray daemon took; the daemon is in maintenance.
    of = payments()
    it = container(of, service(of, "backend"), "tracing")
    assert it["Essential"] is False
    assert it["PortMappings"] == [{"ContainerPort": 2000, "Protocol": "udp"}]
    assert it["Command"] == ["--config=/etc/ecs/ecs-default-config.yaml"]
    assert "aws-otel-collector:" in it["Image"]
    # What it reserves leaves the backend most of the task.
    definition = task(of, service(of, "backend"))
    assert it["Cpu"] <= int(definition["Cpu"]) / 8
    assert it["Memory"] <= int(definition["Memory"]) / 8
    assert log_group(of, it) is log_group(of, container(of, service(of, "backend"), "backend"))
    # Both are in one network: the application finds it at localhost.
    there = environment(container(of, service(of, "backend"), "backend"))["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert there == "http://localhost:4318"


@requirement("PP-ECS-2")
def test_pp_ecs_2_secret_injected() -> None:
    of = payments()
    found = injected(container(of, service(of, "backend"), "backend"))
    assert {*found.values()} == {f"{secret(of)}:username::", f"{secret(of)}:password::"}


@requirement("PP-ECS-2")
def test_pp_ecs_2_placeholder_answers_until_there_is_an_image() -> None:
    of = payments()
    node, flag, script = container(of, service(of, "backend"), "backend")["Command"]
    assert (node, flag) == ("node", "-e")
    assert ".listen(3000)" in script
    other = payments(BackendImage="registry.example.org/api:7")
    assert "Command" not in container(other, service(other, "backend"), "backend")


# ── Images ──

IMAGES = ("FrontendImage", "BackendImage", "TracingImage")
each_image = pytest.mark.parametrize("parameter", IMAGES)


def declared(parameter: str) -> dict[str, Any]:
    return dict(load("payments/stack.json")["Parameters"][parameter])


def accepted(parameter: str, image: str) -> bool:
    """Whether CloudFormation takes an image for a parameter: the whole of it must match (Java's ``String.matches``)."""
    return re.fullmatch(declared(parameter)["AllowedPattern"], image) is not None


def joined(parts: st.SearchStrategy[str], separator: str, most: int) -> st.SearchStrategy[str]:
    return st.lists(parts, min_size=1, max_size=most).map(separator.join)


# Names of images by their grammar (distribution project, "reference"): a registry is a host with a point or a port, or
# localhost; a path is of lower case, with single separators.
ALPHANUMERIC = st.text("abcxyz0189", min_size=1, max_size=8)
COMPONENTS = st.lists(ALPHANUMERIC, min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from([".", "_", "__", "-", "---"]).map(lambda separator: separator.join(words))
)
PATHS = joined(COMPONENTS, "/", 4)
HOSTS = st.one_of(
    joined(joined(ALPHANUMERIC, "-", 2), ".", 4).filter(lambda host: "." in host),
    st.just("localhost"),
    st.just("123456789012.dkr.ecr.us-east-1.amazonaws.com"),
    st.just("public.ecr.aws"),
)
PORTS = st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}"))
REGISTRIES = st.one_of(st.just(""), st.builds("{}{}/".format, HOSTS, PORTS))
NAMES = st.builds("{}{}".format, REGISTRIES, PATHS)
_FIRST = "abzABZ019_"
TAGS = st.one_of(
    st.builds("{}{}".format, st.sampled_from(_FIRST), st.text(_FIRST + ".-", max_size=127)),
    # Near misses of the one that is refused.
    st.sampled_from(
        ["latest-1", "latest.1", "latest_", "latestlatest", "not-latest", "1-latest", "lates", "LATEST", "l"]
    ),
)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map("@sha256:{}".format)
VERSIONS = st.one_of(TAGS.map(":{}".format), DIGESTS, st.builds(":{}{}".format, TAGS, DIGESTS))


@requirement("PP-ECS-3")
@each_image
@given(name=NAMES, version=VERSIONS)
def test_pp_ecs_3_an_image_with_a_version_is_taken(parameter: str, name: str, version: str) -> None:
    image = name + version
    assume(len(image) <= declared(parameter)["MaxLength"])
    assert accepted(parameter, image)
    assert matches(declared(parameter)["AllowedPattern"], image) is True
    assert not check([{parameter: declared(parameter)}], {parameter: image})


@requirement("PP-ECS-3")
@each_image
@given(name=NAMES, version=st.one_of(st.sampled_from(["", ":latest", ":"]), DIGESTS.map(":latest{}".format)))
def test_pp_ecs_3_an_image_without_version_or_latest_is_refused(parameter: str, name: str, version: str) -> None:
    image = name + version
    assert not accepted(parameter, image)
    assert matches(declared(parameter)["AllowedPattern"], image) is False
    (problem,) = check([{parameter: declared(parameter)}], {parameter: image})
    assert problem.key == parameter
    assert "not latest" in problem.sentence


BROKEN: dict[str, Callable[[str, str], str]] = {
    "digest too short": lambda name, _: f"{name}@sha256:{'0' * 63}",
    "digest too long": lambda name, _: f"{name}@sha256:{'0' * 65}",
    "digest in capitals": lambda name, _: f"{name}@sha256:{'A' * 64}",
    "another digest": lambda name, _: f"{name}@md5:{'0' * 32}",
    "two digests": lambda name, _: f"{name}@sha256:{'0' * 64}@sha256:{'0' * 64}",
    "tag too long": lambda name, _: f"{name}:{'a' * 129}",
    "tag begins with a point": lambda name, tag: f"{name}:.{tag}",
    "tag begins with a hyphen": lambda name, tag: f"{name}:-{tag}",
    "two tags": lambda name, tag: f"{name}:{tag}:{tag}",
    "path after the tag": lambda name, tag: f"{name}:v{tag[:100]}/{name}",
    "space before": lambda name, tag: f" {name}:{tag}",
    "space after": lambda name, tag: f"{name}:{tag} ",
    "a shell's end": lambda name, tag: f"{name}:{tag};id",
    "no name": lambda _, tag: f":{tag}",
    "scheme": lambda name, tag: f"https://{name}:{tag}",
    "slash at the end": lambda name, tag: f"{name}/:{tag}",
    "capitals": lambda name, tag: f"{name}/App:{tag}",
}


@requirement("PP-ECS-3")
@each_image
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@given(name=NAMES, tag=TAGS)
def test_pp_ecs_3_what_is_no_image_is_refused(
    parameter: str, broken: Callable[[str, str], str], name: str, tag: str
) -> None:
    assert not accepted(parameter, broken(name, tag))
    assert matches(declared(parameter)["AllowedPattern"], broken(name, tag)) is False


@requirement("PP-ECS-3")
@each_image
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
@given(name=NAMES, tag=TAGS)
def test_pp_ecs_3_a_line_end_does_not_slip_in(parameter: str, end: str, name: str, tag: str) -> None:
    """``$`` stands before a last line end too, in Java before more kinds of it than in Python."""
    for image in (f"{name}:{tag}{end}", f"{name}:latest{end}", f"{end}{name}:{tag}", f"{name}:{tag}{end}x"):
        assert not accepted(parameter, image)
        assert matches(declared(parameter)["AllowedPattern"], image) is not True


ALIKE = re.compile(
    r"""
      \[ (?: [A-Za-z0-9]-[A-Za-z0-9] | [A-Za-z0-9._] )+ -? \]   # a class of ASCII, without negation, escape or nesting
    | \( (?: \?! | \?: )?                                       # groups, and looking ahead
    | \) | \| | \^ | \$
    | [*+?] | \{ [0-9]+ (?: , [0-9]* )? \}                      # greedy; [+?] once more would be another kind
    | [A-Za-z0-9:/@-]                                           # themselves
    """,
    re.VERBOSE,
)
"""What regular expressions of Java and of Python have in common, as far as these patterns need it."""


@requirement("PP-ECS-3")
@each_image
def test_pp_ecs_3_java_reads_the_pattern_as_python_does(parameter: str) -> None:
    """CloudFormation's expressions are Java's. Nothing here is read otherwise there: no escapes, no POSIX classes, no
    ``&&`` or ``[`` in a class, no flags, no ``.``."""
    pattern = declared(parameter)["AllowedPattern"]
    tokens, place = [], 0
    while place < len(pattern):
        found = ALIKE.match(pattern, place)
        assert found, f"{pattern[place:]!r} is not known to mean the same in Java"
        tokens.append(found[0])
        place = found.end()
    quantifiers = [token[0] in "*+?{" for token in tokens]
    assert not any(one and other for one, other in itertools.pairwise(quantifiers))
    assert (tokens[0], tokens[-1]) == ("^", "$")


@requirement("PP-ECS-3")
def test_pp_ecs_3_every_container_runs_an_image_that_is_a_parameter() -> None:
    of = payments()
    definitions = [it.body["Properties"]["ContainerDefinitions"] for it in of.of("AWS::ECS::TaskDefinition")]
    found = [each["Image"] for containers in definitions for each in containers]
    assert sorted(image["Ref"] for image in found) == sorted(IMAGES)
    for name in IMAGES:
        assert accepted(name, declared(name)["Default"])
        assert "latest" in declared(name)["Description"], "it says what is refused"


# ── Load balancer ──


@requirement("PP-ALB-1")
def test_pp_alb_1_load_balancer() -> None:
    of = payments()
    it = balancer(of)
    assert (it["Type"], it["Scheme"]) == ("application", "internet-facing")
    assert it["Subnets"] == refs(subnets(of, "public"))
    assert attributes(it, "LoadBalancerAttributes")["deletion_protection.enabled"] == "true"


@requirement("PP-ALB-1")
def test_pp_alb_1_rules() -> None:
    of = payments()
    rules = of.of("AWS::ElasticLoadBalancingV2::ListenerRule")
    assert {rule["ListenerArn"] for rule in rules} == {Reference(listener(of, 443).logical_id)}
    found = {rule["Priority"]: (rule["Conditions"], rule["Actions"]) for rule in rules}
    assert len(found) == len(rules)
    assert found == {
        priority: (
            [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            [{"Type": "forward", "TargetGroupArn": Reference(target_group(of, name).logical_id)}],
        )
        for priority, path, name in ((10, "/api/*", "backend"), (20, "/*", "frontend"))
    }


@requirement("PP-ALB-1")
@pytest.mark.parametrize(("name", "path"), [("frontend", "/"), ("backend", "/health")])
def test_pp_alb_1_target_groups(name: str, path: str) -> None:
    of = payments()
    group = target_group(of, name)
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("HTTP", SERVICES[name], "ip")
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTP", path)
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (30, 10)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
    assert group["Matcher"] == {"HttpCode": "200-299"}
    assert attributes(group, "TargetGroupAttributes") == {
        "deregistration_delay.timeout_seconds": "30",
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "3600",
    }


# ── Logs and roles ──


@requirement("PP-LOG-1")
@each_service
def test_pp_log_1_a_month_encrypted(name: str) -> None:
    of = payments()
    group = log_group(of, container(of, service(of, name), name))
    assert group["LogGroupName"] == f"/ecs/tap/{name}-{S}"
    assert group["RetentionInDays"] == 30
    assert group["KmsKeyId"] == key(of)


def by_way_of_secrets_manager() -> dict[str, Any]:
    return {"StringEquals": {"kms:ViaService": "secretsmanager.${AWS::Region}.amazonaws.com"}}


@requirement("PP-IAM-1")
def test_pp_iam_1_backend_traces_and_reads_the_one_secret() -> None:
    of = payments()
    it = role(of, task(of, service(of, "backend"))["TaskRoleArn"])
    assert trusted(it) == {"ecs-tasks.amazonaws.com"}
    assert not it["ManagedPolicyArns"]
    verbs = ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")
    assert granted(of, it) == {
        ("secretsmanager:GetSecretValue", secret(of)),
        ("kms:Decrypt", key(of)),
        # What the policy AWSXRayDaemonWriteAccess allows; X-Ray's write actions know no resource.
        *((f"xray:{verb}", "*") for verb in (*verbs, "GetSamplingStatisticSummaries")),
    }
    (decrypt,) = (
        statement
        for policy in it["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == ["kms:Decrypt"]
    )
    assert decrypt["Condition"] == by_way_of_secrets_manager()


@requirement("PP-IAM-1")
def test_pp_iam_1_frontend_cannot_read_the_secret() -> None:
    # Decision: no role of its own, so its code has no way into AWS at all; nor is anything injected.
    of = payments()
    assert task(of, service(of, "frontend"))["TaskRoleArn"] is None
    it = container(of, service(of, "frontend"), "frontend")
    assert injected(it) == {}
    assert not [name for name in environment(it) if re.search("DB_|SECRET|PASSWORD|TOKEN", name)]


@requirement("PP-IAM-1")
def test_pp_iam_1_who_may_read_the_secret() -> None:
    of = payments()
    readers = {
        it.logical_id
        for it in of.of("AWS::IAM::Role")
        if any(action.startswith("secretsmanager:") for action, _ in granted(of, it))
    }
    backend = task(of, service(of, "backend"))
    assert readers == {role(of, backend[name]).logical_id for name in ("TaskRoleArn", "ExecutionRoleArn")}


@requirement("PP-IAM-1")
def test_pp_iam_1_execution_role() -> None:
    of = payments()
    it = of.one("AWS::IAM::Role", RoleName=f"tap-task-execution-role-{S}")
    assert {task(of, service(of, name))["ExecutionRoleArn"] for name in SERVICES} == {Reference(it.logical_id, "Arn")}
    assert trusted(it) == {"ecs-tasks.amazonaws.com"}
    assert not it["ManagedPolicyArns"]
    repositories = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"
    pulls = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    groups = [log_group(of, container(of, service(of, name), name)) for name in SERVICES]
    assert granted(of, it) == {
        ("ecr:GetAuthorizationToken", "*"),
        *((f"ecr:{verb}", repositories) for verb in pulls),
        *(
            (f"logs:{verb}", Reference(group.logical_id, "Arn"))
            for verb in ("CreateLogStream", "PutLogEvents")
            for group in groups
        ),
        ("secretsmanager:GetSecretValue", secret(of)),
        ("kms:Decrypt", key(of)),
    }
