"""The shop's requirements, one by one, in the emitted template: network, load balancer, containers.

"Decision" in a comment: where the shop departs from the words of its brief, and how.
"""

from __future__ import annotations

import itertools
import json
import re

import pytest

from tests.requirements.ecommerce import (
    ABROAD,
    CERTIFIED,
    KINDS,
    POSTGRES,
    S,
    balancer,
    balancer_group,
    bucket,
    cluster,
    database,
    database_group,
    function,
    key,
    reads_the_secret,
    repository,
    secret,
    service,
    shop,
    target_group,
)
from tests.requirements.parts import attributes, container, environment, scaled, task
from tests.requirements.relations import ANYWHERE, egress, granted, ingress, refs, routes, subnets, tcp, trusted
from tests.requirements.template import Reference, Resource, Stack

requirement = pytest.mark.requirement
with_and_without_tls = pytest.mark.parametrize("parameters", [{}, CERTIFIED], ids=["plain", "certificate"])


def listener(of: Stack, port: int) -> Resource:
    found = of.one("AWS::ElasticLoadBalancingV2::Listener", Port=port)
    assert found["LoadBalancerArn"] == Reference(balancer(of).logical_id)
    return found


# ── Network ──


@requirement("EC-NET-1")
@pytest.mark.parametrize(
    ("parameters", "zones"),
    [
        pytest.param({}, ("us-east-1a", "us-east-1b"), id="home"),
        pytest.param(ABROAD, ("ap-southeast-1a", "ap-southeast-1b"), id="abroad"),
    ],
)
def test_ec_net_1_subnets(parameters: dict[str, str], zones: tuple[str, str]) -> None:
    of = shop(**parameters)
    vpc = of.one("AWS::EC2::VPC")
    assert vpc["CidrBlock"] == "10.0.0.0/16"
    wanted = {
        "public": ["10.0.1.0/24", "10.0.2.0/24"],
        "private": ["10.0.3.0/24", "10.0.4.0/24"],
        # Further ones, without a way to the internet, for the database.
        "isolated": ["10.0.5.0/24", "10.0.6.0/24"],
    }
    for kind, blocks in wanted.items():
        found = subnets(of, kind)
        assert [subnet["CidrBlock"] for subnet in found] == blocks
        assert tuple(subnet["AvailabilityZone"] for subnet in found) == zones
        assert all(subnet["VpcId"] == Reference(vpc.logical_id) for subnet in found)
        assert not any(subnet["MapPublicIpOnLaunch"] for subnet in found)
    assert len(of.of("AWS::EC2::Subnet")) == 6
    for it in (*of.of("AWS::EC2::RouteTable"), *of.of("AWS::EC2::SecurityGroup"), *of.of("AWS::EC2::VPCEndpoint")):
        assert it["VpcId"] == Reference(vpc.logical_id), it.logical_id


@requirement("EC-NET-1")
def test_ec_net_1_zones_are_parameters() -> None:
    for letter in "ab":
        parameter = shop().body["Parameters"][f"AvailabilityZone{letter.upper()}"]
        assert (parameter["Type"], parameter["Default"]) == ("AWS::EC2::AvailabilityZone::Name", f"us-east-1{letter}")
        assert "use1-az3" in parameter["Description"], "the zone that API Gateway's links cannot be in"
    assert len(shop(AvailabilityZoneB="us-east-1a").broken_rules()) == 1
    assert not shop(**ABROAD).broken_rules()


@requirement("EC-NET-2")
def test_ec_net_2_nat_gateway_in_each_zone() -> None:
    of = shop()
    assert len(of.of("AWS::EC2::NatGateway")) == 2
    used = set()
    for subnet in subnets(of, "private"):
        (way_out,) = routes(of, subnet)
        gateway = of.at(way_out["NatGatewayId"])
        home = of.at(gateway["SubnetId"])
        assert home in subnets(of, "public")
        assert home["AvailabilityZone"] == subnet["AvailabilityZone"]
        address = of.at(gateway["AllocationId"], "AllocationId")
        assert (address.type, address["Domain"]) == ("AWS::EC2::EIP", "vpc")
        (internet,) = routes(of, home)
        assert internet.logical_id in address.depends_on
        used |= {gateway.logical_id, address.logical_id}
    assert len(used) == 4


@requirement("EC-NET-2")
def test_ec_net_2_who_lives_where() -> None:
    of = shop()
    assert balancer(of)["Subnets"] == refs(subnets(of, "public"))
    network = service(of)["NetworkConfiguration.AwsvpcConfiguration"]
    assert network["Subnets"] == function(of)["VpcConfig.SubnetIds"] == refs(subnets(of, "private"))
    assert of.at(database(of)["DBSubnetGroupName"])["SubnetIds"] == refs(subnets(of, "isolated"))
    assert not [route for subnet in subnets(of, "isolated") for route in routes(of, subnet)]
    # The tasks' images come by the routes; they must be there.
    assert {route.logical_id for subnet in subnets(of, "private") for route in routes(of, subnet)} <= {
        *service(of).depends_on
    }


# ── Load balancer ──

NOT_FOUND = [
    {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "Not Found"},
    }
]


@requirement("EC-ALB-1")
def test_ec_alb_1_load_balancer() -> None:
    of = shop()
    it = balancer(of)
    assert len(of.of("AWS::ElasticLoadBalancingV2::LoadBalancer")) == 1
    assert (it["Type"], it["Scheme"]) == ("application", "internet-facing")
    assert it["SecurityGroups"] == [Reference(balancer_group(of).logical_id, "GroupId")]
    assert balancer_group(of)["VpcId"] == Reference(of.one("AWS::EC2::VPC").logical_id)


@requirement("EC-ALB-1")
@with_and_without_tls
def test_ec_alb_1_open_ports(parameters: dict[str, str]) -> None:
    # Decision: 443 opens with a certificate only.
    of = shop(**parameters)
    ports = [80, 443] if parameters else [80]
    public = [rule for rule in ingress(of, balancer_group(of)) if rule.peer not in of.resources]
    assert public == [tcp(port, ANYWHERE) for port in ports]
    assert sorted(it["Port"] for it in of.of("AWS::ElasticLoadBalancingV2::Listener")) == ports


@requirement("EC-ALB-1")
@with_and_without_tls
def test_ec_alb_1_paths(parameters: dict[str, str]) -> None:
    of = shop(**parameters)
    door = listener(of, 443 if parameters else 80)
    assert door["DefaultActions"] == NOT_FOUND
    rules = of.of("AWS::ElasticLoadBalancingV2::ListenerRule")
    assert {rule["ListenerArn"] for rule in rules} == {Reference(door.logical_id)}
    assert all(rule["Conditions.0.Field"] == "path-pattern" and len(rule["Conditions"]) == 1 for rule in rules)
    found = {tuple(rule["Conditions.0.PathPatternConfig.Values"]): rule["Actions"] for rule in rules}
    assert found == {
        ("/api/*",): [{"Type": "forward", "TargetGroupArn": Reference(target_group(of).logical_id)}],
        # Decision: answered by the load balancer itself, as the brief says; the notes hand it to the tasks.
        ("/health",): [
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "OK"},
            }
        ],
    }
    assert len({rule["Priority"] for rule in rules}) == 2


@requirement("EC-ALB-1")
def test_ec_alb_1_tls() -> None:
    # Decision: with a certificate 443 serves, by TLS 1.2 at least, and 80 redirects to it.
    of = shop(**CERTIFIED)
    redirect = {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443"}
    assert listener(of, 80)["DefaultActions"] == [{"Type": "redirect", "RedirectConfig": redirect}]
    door = listener(of, 443)
    assert door["Protocol"] == "HTTPS"
    assert re.fullmatch(r"ELBSecurityPolicy-TLS13-1-[23](-[A-Z]\w+)*-20\d\d-\d\d", door["SslPolicy"])
    assert door["Certificates"] == [{"CertificateArn": CERTIFIED["CertificateArn"]}]
    assert not of.broken_rules()
    assert len(shop(CertificateArn=CERTIFIED["CertificateArn"]).broken_rules()) == 1


@requirement("EC-ALB-1")
def test_ec_alb_1_tasks_entered_from_the_balancer_only() -> None:
    of = shop()
    (group,) = (
        of.at(each, "GroupId") for each in service(of)["NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"]
    )
    assert ingress(of, group) == [tcp(3000, balancer_group(of).logical_id)]
    assert egress(of, group) == [tcp(443, ANYWHERE), tcp(POSTGRES, database_group(of).logical_id)]
    assert egress(of, balancer_group(of)) == [tcp(3000, group.logical_id)]


@requirement("EC-ALB-2")
def test_ec_alb_2_access_logs() -> None:
    of = shop()
    logs = bucket(of, "logs")
    found = attributes(balancer(of), "LoadBalancerAttributes")
    assert found["access_logs.s3.enabled"] == "true"
    assert found["access_logs.s3.bucket"] == Reference(logs.logical_id)
    prefix = found["access_logs.s3.prefix"]
    policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(logs.logical_id))
    assert policy.logical_id in balancer(of).depends_on, "AWS tries to write when the attribute is set"
    service_name = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    (leave,) = (s for s in policy["PolicyDocument.Statement"] if s["Principal"] == service_name)
    assert (leave["Effect"], leave["Action"]) == ("Allow", ["s3:PutObject"])
    assert leave["Resource"] == [f"{Reference(logs.logical_id, 'Arn')}/{prefix}/AWSLogs/${{AWS::AccountId}}/*"]
    here = "arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:loadbalancer/*"
    assert leave["Condition"]["ArnLike"] == {"aws:SourceArn": here}


# ── Containers ──


def app(of: Stack) -> dict[str, object]:
    return dict(container(of, service(of), "app"))


@requirement("EC-ECS-1")
def test_ec_ecs_1_task() -> None:
    of = shop()
    definition = task(of, service(of))
    assert (definition["Cpu"], definition["Memory"]) == ("1024", "2048")
    assert definition["RequiresCompatibilities"] == ["FARGATE"]
    assert definition["NetworkMode"] == "awsvpc"
    assert len(definition["ContainerDefinitions"]) == 1
    it = container(of, service(of), "app")
    assert it["Essential"] is True
    assert it["PortMappings"] == [{"ContainerPort": 3000, "Protocol": "tcp"}]
    assert environment(it)["PORT"] == "3000"
    assert environment(it)["NODE_ENV"] == "production"
    made = of.one("AWS::CloudFront::Distribution")
    assert environment(it)["CLOUDFRONT_URL"] == f"https://{Reference(made.logical_id, 'DomainName')}"
    assert service(of)["Cluster"] == Reference(cluster(of).logical_id)
    assert service(of)["LoadBalancers"] == [
        {"ContainerName": "app", "ContainerPort": 3000, "TargetGroupArn": Reference(target_group(of).logical_id)}
    ]
    log = it["LogConfiguration"]
    assert (log["LogDriver"], log["Options"]["awslogs-region"]) == ("awslogs", "${AWS::Region}")
    assert of.at(log["Options"]["awslogs-group"])["LogGroupName"] == f"/ecs/ecommerce-app-{S}"


@requirement("EC-ECS-1")
def test_ec_ecs_1_image() -> None:
    own = Reference(repository(shop()).logical_id, "RepositoryUri")
    tagged = app(shop(AppImageTag="1.4.2"))
    assert tagged["Image"] == f"{own}:1.4.2"
    assert "Command" not in tagged, "the placeholder's command replaces the one of a real image"
    other = app(shop(AppImageTag="1.4.2", AppImage="registry.example.com:5000/shop"))
    assert other["Image"] == "registry.example.com:5000/shop:1.4.2"
    assert "Command" not in other


@requirement("EC-ECS-1")
def test_ec_ecs_1_first_deployment_with_an_empty_repository() -> None:
    # Decision: nothing has to be prepared: without a tag a public image runs that answers on the health path.
    of = shop()
    it = app(of)
    assert of.body["Parameters"]["AppImageTag"]["Default"] == of.body["Parameters"]["AppImage"]["Default"] == ""
    assert re.fullmatch(r"public\.ecr\.aws/docker/library/node:[\w.-]+", str(it["Image"]))
    # A server that sets no status answers every path with 200.
    script = "require('http').createServer((req, res) => res.end('OK')).listen(3000)"
    assert it["Command"] == ["node", "-e", script]
    # An image without a tag would be the placeholder, silently.
    assert len(shop(AppImage="registry/shop").broken_rules()) == 1
    assert not shop(AppImage="registry/shop", AppImageTag="7").broken_rules()


@requirement("EC-ECS-1")
def test_ec_ecs_1_health_checks() -> None:
    check = container(shop(), service(shop()), "app")["HealthCheck"]
    # Decision: with what the image has, not curl; a parameter.
    assert check["Command"] == ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:3000/health || exit 1"]
    assert (check["Interval"], check["Timeout"], check["Retries"], check["StartPeriod"]) == (30, 5, 3, 60)
    other = shop(AppHealthCommand="node health.js")
    assert container(other, service(other), "app")["HealthCheck"]["Command"] == ["CMD-SHELL", "node health.js"]
    # Decision: the target group asks the tasks themselves, although the load balancer answers /health to others.
    group = target_group(shop())
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("HTTP", 3000, "ip")
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTP", "/health")
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (30, 5)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
    assert attributes(group, "TargetGroupAttributes")["deregistration_delay.timeout_seconds"] == "30"


@requirement("EC-ECS-1")
def test_ec_ecs_1_roles() -> None:
    of = shop()
    definition = task(of, service(of))
    own = of.at(definition["TaskRoleArn"], "Arn")
    assert trusted(own) == {"ecs-tasks.amazonaws.com"}
    assert granted(of, own) == {
        ("secretsmanager:GetSecretValue", Reference(secret(of).logical_id)),
        ("kms:Decrypt", key(of)),
        ("s3:GetObject", f"{Reference(bucket(of, 'static-assets').logical_id, 'Arn')}/*"),
    }
    execution = of.at(definition["ExecutionRoleArn"], "Arn")
    assert trusted(execution) == {"ecs-tasks.amazonaws.com"}
    log = Reference(container(of, service(of), "app")["LogConfiguration"]["Options"]["awslogs-group"].logical_id, "Arn")
    # Any of the account's repositories: a parameter may name another image.
    images = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"
    assert granted(of, execution) == {
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchCheckLayerAvailability", images),
        ("ecr:BatchGetImage", images),
        ("ecr:GetDownloadUrlForLayer", images),
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
        ("secretsmanager:GetSecretValue", Reference(secret(of).logical_id)),
        ("kms:Decrypt", key(of)),
    }
    for role in (own, execution):
        assert not role["ManagedPolicyArns"]
        assert reads_the_secret(of, role)


def scaling(of: Stack) -> dict[str, list[Resource]]:
    target = scaled(of, service(of))
    found: dict[str, list[Resource]] = {"StepScaling": [], "TargetTrackingScaling": []}
    for policy in of.of("AWS::ApplicationAutoScaling::ScalingPolicy"):
        assert policy["ScalingTargetId"] == Reference(target.logical_id)
        found[policy["PolicyType"]].append(policy)
    return found


@requirement("EC-ECS-2")
def test_ec_ecs_2_two_to_ten_tasks() -> None:
    of = shop()
    assert (scaled(of, service(of))["MinCapacity"], scaled(of, service(of))["MaxCapacity"]) == (2, 10)
    assert {kind: len(policies) for kind, policies in scaling(of).items()} == {
        "StepScaling": 2,
        "TargetTrackingScaling": 1,
    }
    # Decision: auto scaling owns the number of tasks.
    assert service(of)["DesiredCount"] is None


@requirement("EC-ECS-2")
@pytest.mark.parametrize(
    ("way", "comparison", "threshold", "signs"),
    [
        ("out", "GreaterThanOrEqualToThreshold", 70, {1}),
        ("in", "LessThanOrEqualToThreshold", 30, {-1}),
    ],
)
def test_ec_ecs_2_by_cpu(way: str, comparison: str, threshold: int, signs: set[int]) -> None:
    # Decision: both numbers of the brief, so step policies with two alarms.
    of = shop()
    (policy,) = (p for p in scaling(of)["StepScaling"] if p["PolicyName"] == f"app-cpu-{way}-{S}")
    steps = policy["StepScalingPolicyConfiguration"]
    assert steps["AdjustmentType"] == "ChangeInCapacity"
    assert {step["ScalingAdjustment"] // abs(step["ScalingAdjustment"]) for step in steps["StepAdjustments"]} == signs
    # The steps leave no gap and do not overlap: from the threshold on without an end, away from it.
    ordered = sorted(steps["StepAdjustments"], key=lambda step: step.get("MetricIntervalLowerBound", -1e9))
    lower, upper = ordered[0].get("MetricIntervalLowerBound"), ordered[-1].get("MetricIntervalUpperBound")
    assert (lower, upper) == ((0, None) if way == "out" else (None, 0))
    assert all(
        one["MetricIntervalUpperBound"] == other["MetricIntervalLowerBound"]
        for one, other in itertools.pairwise(ordered)
    )
    (alarm,) = (a for a in of.of("AWS::CloudWatch::Alarm") if Reference(policy.logical_id) in a["AlarmActions"])
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/ECS", "CPUUtilization", "Average")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (comparison, threshold)
    assert {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]} == {
        "ClusterName": Reference(cluster(of).logical_id),
        "ServiceName": Reference(service(of).logical_id, "Name"),
    }
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 86_400


@requirement("EC-ECS-2")
def test_ec_ecs_2_by_memory_only_out() -> None:
    # Decision: the notes' target, as a second policy that only adds: two that both removed would fight.
    (policy,) = scaling(shop())["TargetTrackingScaling"]
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    assert configuration["TargetValue"] == 70
    metric = {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}
    assert configuration["PredefinedMetricSpecification"] == metric
    assert configuration["DisableScaleIn"] is True


@requirement("EC-ECS-3")
@pytest.mark.parametrize("kind", KINDS)
def test_ec_ecs_3_service(kind: str) -> None:
    it = service(shop(EnvironmentType=kind))
    assert it["DeploymentConfiguration.DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (it["DeploymentConfiguration.MinimumHealthyPercent"], it["DeploymentConfiguration.MaximumPercent"]) == (
        100,
        200,
    )
    assert it["HealthCheckGracePeriodSeconds"] == 60
    assert it["NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"] == "DISABLED"
    assert it["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE", "Weight": 1}]
    assert it["LaunchType"] is None
    waits = {resource.type for resource in map(shop().resources.__getitem__, it.depends_on)}
    assert {
        "AWS::ECS::ClusterCapacityProviderAssociations",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        "AWS::RDS::DBInstance",
        "AWS::SecretsManager::SecretTargetAttachment",
    } <= waits
    capacity = shop().one("AWS::ECS::ClusterCapacityProviderAssociations", Cluster=it["Cluster"])
    assert capacity["CapacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


@requirement("EC-ECR-1")
def test_ec_ecr_1_repository() -> None:
    of = shop()
    it = repository(of)
    assert len(of.of("AWS::ECR::Repository")) == 1
    assert it["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert it["EncryptionConfiguration"] == {"EncryptionType": "KMS", "KmsKey": key(of)}
    (rule,) = json.loads(it["LifecyclePolicy.LifecyclePolicyText"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}
    assert rule["action"] == {"type": "expire"}
