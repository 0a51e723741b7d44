"""The shop's requirements, one by one, in the emitted template: network, load balancer, containers, database, key.

"Decision" in a comment: where the shop departs from the words of its brief, and how.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.requirements.ecommerce import (
    ABROAD,
    CERTIFIED,
    KINDS,
    PIPELINE,
    POSTGRES,
    S,
    balancer,
    balancer_group,
    bucket,
    cluster,
    database,
    database_group,
    decrypts,
    every_shop,
    function,
    helpers,
    key,
    reads_the_secret,
    repository,
    secret,
    service,
    shop,
    target_group,
    topic,
)
from tests.requirements.parts import attributes, container, environment, scaled, task
from tests.requirements.relations import ANYWHERE, egress, granted, ingress, refs, routes, subnets, tcp, trusted
from tests.requirements.template import Reference, Resource, Stack, load

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
    (group,) = (of.at(each, "GroupId") for each in service(of)["NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"])
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
    assert service(of)["Cluster"] == Reference(cluster(of).logical_id)
    assert service(of)["LoadBalancers"] == [
        {"ContainerName": "app", "ContainerPort": 3000, "TargetGroupArn": Reference(target_group(of).logical_id)}
    ]
    log = it["LogConfiguration"]["Options"]
    assert of.at(log["awslogs-group"])["LogGroupName"] == f"/ecs/ecommerce-app-{S}"


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
    assert {action for action, _ in granted(of, execution)} == {
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
        "kms:Decrypt",
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
        for one, other in zip(ordered, ordered[1:], strict=False)
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
        "AWS::SecretsManager::SecretTargetAttachment",
    } <= waits


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


# ── Database ──


@requirement("EC-DB-1")
def test_ec_db_1_cluster() -> None:
    of = shop()
    it = database(of)
    assert it["Engine"] == "aurora-postgresql"
    # Decision: the newest minor version of 15, and a choice of others.
    assert it["EngineVersion"] == "15.19"
    versions = of.body["Parameters"]["DatabaseEngineVersion"]["AllowedValues"]
    assert {version.split(".")[0] for version in versions} == {"15"}
    assert it["DatabaseName"] == "ecommerce"
    assert it["Port"] == POSTGRES
    assert it["StorageEncrypted"] is True
    # Decision: the customer key, not AWS's own.
    assert it["KmsKeyId"] == key(of)
    assert it["BackupRetentionPeriod"] == 7
    assert it["PreferredBackupWindow"] == "03:00-04:00"
    assert it["PreferredMaintenanceWindow"] == "sun:04:00-sun:05:00"
    settings = of.at(it["DBClusterParameterGroupName"])
    assert (settings["Family"], settings["Parameters"]) == ("aurora-postgresql15", {"rds.force_ssl": "1"})


@requirement("EC-DB-1")
def test_ec_db_1_capacity_and_pause() -> None:
    # Decision: it pauses only with a minimum of 0, which the brief's 0.5 contradicts; all three are parameters.
    assert database(shop())["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": "0",
        "MaxCapacity": "1",
        "SecondsUntilAutoPause": "300",
    }
    awake = {"DatabaseMinCapacity": "0.5", "DatabaseMaxCapacity": "2"}
    assert database(shop(**awake))["ServerlessV2ScalingConfiguration"] == {"MinCapacity": "0.5", "MaxCapacity": "2"}
    parameters = shop().body["Parameters"]
    pause = parameters["DatabasePauseSeconds"]
    assert (pause["MinValue"], pause["MaxValue"]) == (300, 86_400)
    assert max(map(float, parameters["DatabaseMaxCapacity"]["AllowedValues"])) == 256
    assert min(map(float, parameters["DatabaseMaxCapacity"]["AllowedValues"])) == 1
    # What would keep it awake: a health check that asks it.
    assert "without asking the database" in parameters["AppImageTag"]["Description"]


@requirement("EC-DB-1")
def test_ec_db_1_writer_and_reader() -> None:
    of = shop()
    instances = of.of("AWS::RDS::DBInstance")
    assert len(instances) == 2
    for it in instances:
        assert it["DBClusterIdentifier"] == Reference(database(of).logical_id)
        assert (it["DBInstanceClass"], it["Engine"]) == ("db.serverless", "aurora-postgresql")
        assert it["PubliclyAccessible"] is False
    # The first instance of a cluster is its writer; the reader waits for it.
    writer, reader = sorted(instances, key=lambda it: int(it["PromotionTier"]))
    assert (writer["PromotionTier"], reader["PromotionTier"]) == (0, 1)
    assert not writer.depends_on
    assert reader.depends_on == (writer.logical_id,)


@requirement("EC-DB-1")
def test_ec_db_1_private_only() -> None:
    of = shop()
    group = database_group(of)
    assert database(of)["VpcSecurityGroupIds"] == [Reference(group.logical_id, "GroupId")]
    entering = {"AppSecurityGroup", "FunctionSecurityGroup", "RotationSecurityGroup"}
    assert {(rule.protocol, rule.first, rule.last) for rule in ingress(of, group)} == {("tcp", POSTGRES, POSTGRES)}
    assert {rule.peer for rule in ingress(of, group)} == entering
    assert egress(of, group) == []
    for name in entering:
        assert tcp(POSTGRES, group.logical_id) in egress(of, of.resources[name])


@requirement("EC-DB-2")
def test_ec_db_2_secret() -> None:
    of = shop()
    generated = secret(of)["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"username": "dbadmin"}
    assert generated["GenerateStringKey"] == "password"
    assert generated["PasswordLength"] == 32
    assert set("@/\"' \\") <= set(generated["ExcludeCharacters"]), "Aurora refuses these"
    here = Reference(secret(of).logical_id)
    assert database(of)["MasterUsername"] == f"{{{{resolve:secretsmanager:{here}:SecretString:username}}}}"
    assert database(of)["MasterUserPassword"] == f"{{{{resolve:secretsmanager:{here}:SecretString:password}}}}"
    attachment = of.one("AWS::SecretsManager::SecretTargetAttachment", SecretId=here)
    assert attachment["TargetId"] == Reference(database(of).logical_id)
    assert attachment["TargetType"] == "AWS::RDS::DBCluster"


@requirement("EC-DB-2")
def test_ec_db_2_tasks_get_the_credentials() -> None:
    # Decision: the address as plain values, user and password from the secret's keys, and the secret's ARN.
    of = shop()
    here = Reference(secret(of).logical_id)
    it = container(of, service(of), "app")
    values = environment(it)
    assert values["DB_HOST"] == Reference(database(of).logical_id, "Endpoint.Address")
    assert values["DB_PORT"] == Reference(database(of).logical_id, "Endpoint.Port")
    assert values["DB_NAME"] == database(of)["DatabaseName"]
    assert values["DB_SECRET_ARN"] == here
    assert it["Secrets"] == [
        {"Name": "DB_USER", "ValueFrom": f"{here}:username::"},
        {"Name": "DB_PASSWORD", "ValueFrom": f"{here}:password::"},
    ]
    # So that the application can read it again after a rotation.
    assert reads_the_secret(of, of.at(task(of, service(of))["TaskRoleArn"], "Arn"))


def rotation(of: Stack) -> Resource:
    return of.one("AWS::SecretsManager::RotationSchedule", SecretId=Reference(secret(of).logical_id))


@requirement("EC-DB-2")
def test_ec_db_2_rotated_every_thirty_days() -> None:
    # Decision: by a function that a transform of AWS's makes.
    of = shop()
    it = rotation(of)
    assert it["RotationRules"] == {"AutomaticallyAfterDays": 30}
    # Not at once: the tasks would have started with a password that is no more.
    assert it["RotateImmediatelyOnUpdate"] is False
    hosted = it["HostedRotationLambda"]
    assert hosted["RotationType"] == "PostgreSQLSingleUser"
    assert hosted["ExcludeCharacters"] == secret(of)["GenerateSecretString.ExcludeCharacters"]
    assert hosted["KmsKeyArn"] == key(of)
    # Not with this transform (CloudFormation, HostedRotationLambda: Runtime).
    assert "Runtime" not in hosted


@requirement("EC-DB-2")
def test_ec_db_2_functions_name_fits() -> None:
    longest = int(load("ecommerce/stack.json")["Parameters"]["EnvironmentSuffix"]["MaxLength"])
    hosted = rotation(shop())["HostedRotationLambda"]
    assert hosted["RotationLambdaName"] == f"ecommerce-rotation-{S}"
    assert len(hosted["RotationLambdaName"]) - len(S) + longest <= 64


@requirement("EC-DB-2")
@pytest.mark.parametrize("file", ["stack", "tiers/08-rotation", "nested/rotation"])
def test_ec_db_2_transform_wherever_the_schedule_is(file: str) -> None:
    body = load(f"ecommerce/{file}.json")
    assert "AWS::SecretsManager-2024-09-16" in body["Transform"]
    assert "AWS::SecretsManager::RotationSchedule" in {each["Type"] for each in body["Resources"].values()}
    assert "CAPABILITY_AUTO_EXPAND" in body["Metadata"]["Template"]["Capabilities"]
    # In their order: deletion policies are decided before the other reads the template.
    assert body["Transform"][0] == "AWS::LanguageExtensions"


@requirement("EC-DB-2")
def test_ec_db_2_function_reaches_database_and_secrets_manager() -> None:
    of = shop()
    hosted = rotation(of)["HostedRotationLambda"]
    group = of.at(hosted["VpcSecurityGroupIds"], "GroupId")
    assert egress(of, group) == [tcp(443, ANYWHERE), tcp(POSTGRES, database_group(of).logical_id)]
    assert ingress(of, group) == []
    assert tcp(POSTGRES, group.logical_id) in ingress(of, database_group(of))
    assert hosted["VpcSubnetIds"] == ",".join(map(str, refs(subnets(of, "private"))))
    shared = [r.logical_id for r in of.resources.values() if group.logical_id in r.waits_for and "Lambda" in r.type]
    assert not shared, "a group of its own"


@requirement("EC-DB-2")
def test_ec_db_2_rotation_comes_after_all_that_it_needs() -> None:
    """The function is tried out when the schedule is made: it needs the secret in its final form, and the ways."""
    of = shop()
    it = rotation(of)
    attachment = of.one("AWS::SecretsManager::SecretTargetAttachment")
    writer = of.one("AWS::RDS::DBInstance", PromotionTier=0)
    group = it["HostedRotationLambda.VpcSecurityGroupIds"]
    ways = {
        rule.logical_id
        for kind in ("Ingress", "Egress")
        for rule in of.of(f"AWS::EC2::SecurityGroup{kind}")
        if group in (rule["GroupId"], rule["SourceSecurityGroupId"])
    }
    assert len(ways) == 2
    ways |= {route.logical_id for subnet in subnets(of, "private") for route in routes(of, subnet)}
    assert {attachment.logical_id, writer.logical_id} | ways <= {*it.depends_on}


# ── The key ──


@requirement("EC-KMS-1")
def test_ec_kms_1_key() -> None:
    of = shop()
    it = of.one("AWS::KMS::Key")
    assert it["EnableKeyRotation"] is True
    alias = of.one("AWS::KMS::Alias", TargetKeyId=Reference(it.logical_id))
    assert alias["AliasName"] == f"alias/ecommerce-master-key-{S}"


@requirement("EC-KMS-1")
@pytest.mark.parametrize("parameters", [{}, ABROAD, PIPELINE], ids=["home", "abroad", "pipeline"])
def test_ec_kms_1_exactly_these_may_use_it(parameters: dict[str, str]) -> None:
    # Decision: RDS, Secrets Manager, ECR and S3 use it through who calls them, whom the account's statement admits.
    of = shop(**parameters)
    account = "${AWS::AccountId}"
    encrypt = {"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"}
    data_keys = {"kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"}
    found = {}
    for statement in of.one("AWS::KMS::Key")["KeyPolicy.Statement"]:
        assert (statement["Effect"], statement["Resource"]) == ("Allow", ["*"])
        ((kind, who),) = statement["Principal"].items()
        assert who not in found
        found[who] = (kind, {*statement["Action"]}, statement.get("Condition"))
    assert found == {
        f"arn:${{AWS::Partition}}:iam::{account}:root": ("AWS", {"kms:*"}, None),
        "logs.${AWS::Region}.amazonaws.com": (
            "Service",
            encrypt | data_keys,
            {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": "arn:${AWS::Partition}:logs:${AWS::Region}:"
                    f"{account}:log-group:*"
                }
            },
        ),
        "cloudwatch.amazonaws.com": (
            "Service",
            {"kms:Decrypt"} | data_keys,
            {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {
                    "aws:SourceArn": f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:{account}:alarm:*"
                },
            },
        ),
        "cloudfront.amazonaws.com": (
            "Service",
            {"kms:Decrypt"},
            # All of the account's: with this one alone, key, bucket and distribution would need each other.
            {"StringLike": {"aws:SourceArn": f"arn:${{AWS::Partition}}:cloudfront::{account}:distribution/*"}},
        ),
    }


@requirement("EC-KMS-1")
def test_ec_kms_1_what_it_encrypts() -> None:
    for of in every_shop():
        here = key(of)
        assert database(of)["KmsKeyId"] == secret(of)["KmsKeyId"] == topic(of)["KmsMasterKeyId"] == here
        assert repository(of)["EncryptionConfiguration.KmsKey"] == here
        assert function(of)["KmsKeyArn"] == here
        assert decrypts(of, of.at(function(of)["Role"], "Arn"), "lambda")
        for it in of.of("AWS::S3::Bucket"):
            (rule,) = it["BucketEncryption.ServerSideEncryptionConfiguration"]
            # Decision: not the logs' bucket, which a load balancer could not write to.
            logs = it is bucket(of, "logs")
            own = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": here}
            assert rule["ServerSideEncryptionByDefault"] == ({"SSEAlgorithm": "AES256"} if logs else own)
        for group in of.of("AWS::Logs::LogGroup"):
            # The functions behind custom resources write no customer's data. The ARN: the id alone is refused.
            assert group["KmsKeyId"] == (None if group.logical_id in helpers(of) else here), group.logical_id
