"""The customer portal's requirements, one by one, in the emitted template.

"Decision" in a comment: where the portal departs from the words of its brief, and how.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
import subprocess
import sys
from typing import Any
from unittest.mock import Mock, patch

import pytest

from tests.requirements.parts import check_emptied
from tests.requirements.relations import (
    ANYWHERE,
    EVERYWHERE,
    egress,
    granted,
    ingress,
    refs,
    routes,
    statements,
    subnets,
    tcp,
    trusted,
)
from tests.requirements.template import Reference, Resource, Stack, stack, walk

S = "qa1"
"""The suffix: not the parameter's default, so that a name with the default typed into it is seen."""
HTTPS = {
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
    "DomainName": "portal.example.com",
}
SERVICES = ("frontend", "backend")
EVERY_METHOD = {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

requirement = pytest.mark.requirement


def portal(**parameters: str) -> Stack:
    """The portal with these parameters, the defaults for the rest."""
    return stack("customer-portal", EnvironmentSuffix=S, **parameters)


def service(of: Stack, name: str) -> Resource:
    return of.one("AWS::ECS::Service", ServiceName=f"{name}-service-{S}")


def task(of: Stack, name: str) -> Resource:
    return of.at(service(of, name)["TaskDefinition"])


def container(of: Stack, name: str) -> dict[str, Any]:
    (only,) = task(of, name)["ContainerDefinitions"]
    assert only["Name"] == name
    return dict(only)


def environment(of: Stack, name: str) -> dict[str, Any]:
    return {entry["Name"]: entry["Value"] for entry in container(of, name)["Environment"]}


def own_group(of: Stack, name: str) -> Resource:
    (group,) = service(of, name)["NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"]
    return of.at(group, "GroupId")


def balancer(of: Stack) -> Resource:
    return of.one("AWS::ElasticLoadBalancingV2::LoadBalancer", Name=f"customer-portal-alb-{S}")


def balancer_group(of: Stack) -> Resource:
    return of.one("AWS::EC2::SecurityGroup", GroupName=f"alb-sg-{S}")


def listener(of: Stack, port: int) -> Resource:
    return of.one("AWS::ElasticLoadBalancingV2::Listener", Port=port)


def target_group(of: Stack, name: str) -> Resource:
    return of.one("AWS::ElasticLoadBalancingV2::TargetGroup", Name=f"{name}-tg-{S}")


def database(of: Stack) -> Resource:
    return of.one("AWS::RDS::DBCluster", DBClusterIdentifier=f"customer-portal-db-{S}")


def secret(of: Stack) -> Resource:
    return of.one("AWS::SecretsManager::Secret", Name=f"customer-portal-db-secret-{S}")


def sessions(of: Stack) -> Resource:
    return of.one("AWS::DynamoDB::Table", TableName=f"customer-portal-sessions-{S}")


def api(of: Stack) -> Resource:
    return of.one("AWS::ApiGateway::RestApi", Name=f"customer-portal-api-{S}")


def stage(of: Stack) -> Resource:
    return of.one("AWS::ApiGateway::Stage", RestApiId=Reference(api(of).logical_id))


def method(of: Stack, where: str, verb: str) -> Resource:
    """A method on the ``root`` or on the ``proxy``, which takes every path below it."""
    root = Reference(api(of).logical_id, "RootResourceId")
    below = of.one("AWS::ApiGateway::Resource", PathPart="{proxy+}")
    assert below["RestApiId"] == Reference(api(of).logical_id)
    assert below["ParentId"] == root
    resource = root if where == "root" else Reference(below.logical_id)
    return of.one("AWS::ApiGateway::Method", ResourceId=resource, HttpMethod=verb)


def assets(of: Stack) -> Resource:
    # Decision: bucket names are global, so the account's number makes the brief's name unique.
    return of.one("AWS::S3::Bucket", BucketName=f"customer-portal-assets-{S}-${{AWS::AccountId}}")


def distribution(of: Stack) -> Resource:
    return of.one("AWS::CloudFront::Distribution")


def origin(of: Stack, behaviour: dict[str, Any]) -> dict[str, Any]:
    (only,) = (o for o in distribution(of)["DistributionConfig.Origins"] if o["Id"] == behaviour["TargetOriginId"])
    return dict(only)


# ── Network ──


@requirement("CP-NET-1")
def test_cp_net_1_vpc_and_subnets() -> None:
    of = portal()
    vpc = of.one("AWS::EC2::VPC")
    assert vpc.tags["Name"] == f"customer-portal-vpc-{S}"
    everything = of.of("AWS::EC2::Subnet")
    assert len(everything) == 9
    assert {subnet["VpcId"] for subnet in everything} == {Reference(vpc.logical_id)}

    zones = {subnet["AvailabilityZoneId"] for subnet in everything}
    assert len(zones) == 3
    for kind in ("public", "private", "isolated"):
        assert {subnet["AvailabilityZoneId"] for subnet in subnets(of, kind)} == zones
        assert sorted(subnet.tags["Name"] for subnet in subnets(of, kind)) == [f"{kind}-{z}-{S}" for z in "abc"]

    blocks = [ipaddress.IPv4Network(subnet["CidrBlock"]) for subnet in everything]
    assert {block.prefixlen for block in blocks} == {24}
    assert all(block.subnet_of(ipaddress.IPv4Network(vpc["CidrBlock"])) for block in blocks)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(blocks, 2))
    for it in (*of.of("AWS::EC2::RouteTable"), *of.of("AWS::EC2::SecurityGroup"), *of.of("AWS::EC2::VPCEndpoint")):
        assert it["VpcId"] == Reference(vpc.logical_id), it.logical_id


@requirement("CP-NET-1")
def test_cp_net_1_zones_of_every_region() -> None:
    # Decision: zones by id, from a map; use1-az3 takes no VPC link.
    for region, zones in portal().body["Mappings"]["ZoneIds"].items():
        assert len(set(zones.values())) == 3, region
        assert "use1-az3" not in zones.values()


@requirement("CP-NET-2")
def test_cp_net_2_nat_in_every_zone() -> None:
    of = portal()
    instances = of.of("AWS::EC2::Instance")
    assert len(instances) == 3
    assert not of.of("AWS::EC2::NatGateway")
    used = set()
    for subnet in subnets(of, "private"):
        (way_out,) = routes(of, subnet)
        interface = of.at(way_out["NetworkInterfaceId"])
        home = of.at(interface["SubnetId"])
        assert home["AvailabilityZoneId"] == subnet["AvailabilityZoneId"]
        assert home in subnets(of, "public")
        assert interface["SourceDestCheck"] is False
        address = of.one("AWS::EC2::EIPAssociation", NetworkInterfaceId=Reference(interface.logical_id))
        assert of.at(address["AllocationId"], "AllocationId").type == "AWS::EC2::EIP"
        (instance,) = (i for i in instances if i["NetworkInterfaces.0.NetworkInterfaceId"] in refs([interface]))
        assert instance["NetworkInterfaces.0.DeviceIndex"] == "0"
        assert len(instance["NetworkInterfaces"]) == 1
        # Its set-up needs the way out, and the private subnet needs the set-up.
        (internet,) = routes(of, home)
        assert {address.logical_id, internet.logical_id} <= {*instance.depends_on}
        assert instance.logical_id in way_out.depends_on
        used.add(instance.logical_id)
    assert len(used) == 3


@requirement("CP-NET-2")
def test_cp_net_2_what_the_instances_are() -> None:
    of = portal()
    for instance in of.of("AWS::EC2::Instance"):
        template = of.at(instance["LaunchTemplate.LaunchTemplateId"])
        assert instance["LaunchTemplate.Version"] == Reference(template.logical_id, "LatestVersionNumber")
        launch = template["LaunchTemplateData"]
        assert instance["InstanceType"] is None
        assert launch["InstanceType"] == "t3.micro"
        name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        assert launch["ImageId"] == f"{{{{resolve:ssm:{name}}}}}"
        assert instance["ImageId"] is None

        # Survives a reboot: settings in files, the firewall's unit enabled.
        script = instance["UserData"]
        subprocess.run(["bash", "-n"], input=script.replace("::", ""), text=True, check=True)
        assert re.search(r"net\.ipv4\.ip_forward = 1' > /etc/sysctl\.d/\S+\.conf", script)
        assert "masquerade" in script
        assert re.search(r"include .*nft\S*' > /etc/sysconfig/nftables\.conf", script)
        assert re.search(r"systemctl enable (--now )?nftables", script)
        # CloudFormation waits for this very instance.
        assert f"--resource {instance.logical_id} " in script
        assert instance.body["CreationPolicy"]["ResourceSignal"]["Count"] == 1

        # Session Manager, not SSH.
        profile = of.at(launch["IamInstanceProfile"]["Arn"], "Arn")
        (role,) = profile["Roles"]
        (managed,) = of.at(role)["ManagedPolicyArns"]
        assert managed == "arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
        assert trusted(of.at(role)) == {"ec2.amazonaws.com"}
        assert "KeyName" not in {*launch, *instance.properties}
        assert launch["MetadataOptions"]["HttpTokens"] == "required"
        assert all(device["Ebs"]["Encrypted"] is True for device in launch["BlockDeviceMappings"])
    assert not re.search(r"ami-[0-9a-f]{8}", json.dumps(of.body))


@requirement("CP-NET-2")
def test_cp_net_2_nat_entered_from_private_subnets_only() -> None:
    of = portal()
    for interface in of.of("AWS::EC2::NetworkInterface"):
        (group,) = (of.at(reference, "GroupId") for reference in interface["GroupSet"])
        assert {rule.peer for rule in ingress(of, group)} == {s["CidrBlock"] for s in subnets(of, "private")}
        assert {rule.protocol for rule in ingress(of, group)} == {"-1"}
        assert egress(of, group) == [EVERYWHERE]


@requirement("CP-NET-2")
def test_cp_net_2_recovered_when_the_machine_fails() -> None:
    of = portal()
    for instance in of.of("AWS::EC2::Instance"):
        dimension = [{"Name": "InstanceId", "Value": Reference(instance.logical_id)}]
        alarm = of.one("AWS::CloudWatch::Alarm", Dimensions=dimension)
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/EC2", "StatusCheckFailed_System")
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        assert alarm["AlarmActions"] == [
            "arn:${AWS::Partition}:automate:${AWS::Region}:ec2:recover",
            Reference(of.one("AWS::SNS::Topic").logical_id),
        ]


@requirement("CP-NET-3")
def test_cp_net_3_isolated_subnets() -> None:
    of = portal()
    isolated = subnets(of, "isolated")
    assert len(isolated) == 3
    assert sorted(subnet.tags["Name"] for subnet in isolated) == [f"isolated-{zone}-{S}" for zone in "abc"]
    for subnet in isolated:
        assert not routes(of, subnet)
        assert subnet["MapPublicIpOnLaunch"] is False
        assert not {"Ipv6CidrBlock", "AssignIpv6AddressOnCreation"} & subnet.properties.keys()


# ── Containers ──


@requirement("CP-ECS-1")
def test_cp_ecs_1_cluster() -> None:
    of = portal()
    cluster = of.one("AWS::ECS::Cluster")
    assert cluster["ClusterName"] == f"customer-portal-cluster-{S}"
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enabled"}]
    assert {service(of, name)["Cluster"] for name in SERVICES} == {Reference(cluster.logical_id)}


def check_task(of: Stack, name: str, cpu: str, memory: str, port: int) -> None:
    definition = task(of, name)
    assert definition["Family"] == f"{name}-task-{S}"
    assert definition["RequiresCompatibilities"] == ["FARGATE"]
    assert definition["NetworkMode"] == "awsvpc"
    assert (definition["Cpu"], definition["Memory"]) == (cpu, memory)
    assert container(of, name)["Essential"] is True
    assert container(of, name)["PortMappings"] == [{"ContainerPort": port, "Protocol": "tcp"}]
    assert environment(of, name)["ENVIRONMENT"] == S


@requirement("CP-ECS-2")
def test_cp_ecs_2_frontend_task() -> None:
    of = portal()
    check_task(of, "frontend", "256", "512", 80)
    assert re.fullmatch(r"public\.ecr\.aws/docker/library/nginx:[\w.-]+", container(of, "frontend")["Image"])
    assert container(portal(FrontendImage="registry/pages:7"), "frontend")["Image"] == "registry/pages:7"


@requirement("CP-ECS-3")
def test_cp_ecs_3_backend_task() -> None:
    of = portal()
    check_task(of, "backend", "512", "1024", 3000)
    assert environment(of, "backend")["NODE_ENV"] == "production"
    assert re.fullmatch(r"public\.ecr\.aws/docker/library/node:[\w.-]+", container(of, "backend")["Image"])
    node, flag, script = container(of, "backend")["Command"]
    assert (node, flag) == ("node", "-e")
    # A server that sets no status answers 200.
    assert re.fullmatch(r"require\('http'\)\.createServer\(\(req, res\) => res\.end\('OK'\)\)\.listen\(3000\)", script)

    other = container(portal(BackendImage="registry/api:7"), "backend")
    assert other["Image"] == "registry/api:7"
    assert "Command" not in other, "the placeholder's command replaces the one of a real image"


@requirement("CP-ECS-4")
@pytest.mark.parametrize("name", SERVICES)
def test_cp_ecs_4_logs(name: str) -> None:
    of = portal()
    log = container(of, name)["LogConfiguration"]
    assert log["LogDriver"] == "awslogs"
    assert log["Options"]["awslogs-stream-prefix"] == name
    assert log["Options"]["awslogs-region"] == "${AWS::Region}"
    group = of.at(log["Options"]["awslogs-group"])
    assert group.type == "AWS::Logs::LogGroup"
    assert group["RetentionInDays"] == 7
    (other,) = {*SERVICES} - {name}
    assert log["Options"]["awslogs-group"] != container(of, other)["LogConfiguration"]["Options"]["awslogs-group"]
    writer = of.at(task(of, name)["ExecutionRoleArn"], "Arn")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        assert (action, Reference(group.logical_id, "Arn")) in granted(of, writer)


@requirement("CP-ECS-5")
@pytest.mark.parametrize("name", SERVICES)
def test_cp_ecs_5_services(name: str) -> None:
    of = portal()
    it = service(of, name)
    # Decision: no desired count, for auto scaling owns it and each update would reset it.
    assert it["DesiredCount"] is None
    network = it["NetworkConfiguration.AwsvpcConfiguration"]
    assert network["Subnets"] == refs(subnets(of, "private"))
    assert network["AssignPublicIp"] == "DISABLED"
    group = own_group(of, name)
    sharing = [
        r.logical_id
        for r in of.resources.values()
        if not r.type.startswith("AWS::EC2::SecurityGroup") and group.logical_id in r.waits_for
    ]
    assert sharing == [it.logical_id]

    assert it["LaunchType"] is None
    assert it["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Base": 1, "Weight": 1}]
    mixed = service(portal(OnDemandTasks="2"), name)["CapacityProviderStrategy"]
    assert mixed == [
        {"CapacityProvider": "FARGATE", "Base": "2", "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 4},
    ]
    capacity = of.one("AWS::ECS::ClusterCapacityProviderAssociations", Cluster=it["Cluster"])
    assert capacity["CapacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert capacity.logical_id in it.depends_on
    assert it["DeploymentConfiguration.DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


@requirement("CP-ECS-5")
@pytest.mark.parametrize("name", SERVICES)
def test_cp_ecs_5_services_start_when_all_is_there(name: str) -> None:
    of = portal()
    ways_out = {route.logical_id for subnet in subnets(of, "private") for route in routes(of, subnet)}
    (rule,) = (
        r
        for r in of.of("AWS::ElasticLoadBalancingV2::ListenerRule")
        if r["Actions.0.TargetGroupArn"] == service(of, name)["LoadBalancers.0.TargetGroupArn"]
    )
    assert ways_out | {rule.logical_id} <= {*service(of, name).depends_on}


@requirement("CP-ECS-6")
@pytest.mark.parametrize("name", SERVICES)
def test_cp_ecs_6_scaling(name: str) -> None:
    of = portal()
    it = service(of, name)
    resource = f"service/{it['Cluster']}/{Reference(it.logical_id, 'Name')}"
    target = of.one("AWS::ApplicationAutoScaling::ScalableTarget", ResourceId=resource)
    assert (target["ServiceNamespace"], target["ScalableDimension"]) == ("ecs", "ecs:service:DesiredCount")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 10)
    policy = of.one("AWS::ApplicationAutoScaling::ScalingPolicy", ScalingTargetId=Reference(target.logical_id))
    assert policy["PolicyType"] == "TargetTrackingScaling"
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 70,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleInCooldown": 60,
        "ScaleOutCooldown": 60,
    }


@requirement("CP-ECS-7")
def test_cp_ecs_7_execution_role() -> None:
    of = portal()
    role = of.one("AWS::IAM::Role", RoleName=f"ecs-task-execution-role-{S}")
    assert {task(of, name)["ExecutionRoleArn"] for name in SERVICES} == {Reference(role.logical_id, "Arn")}
    assert trusted(role) == {"ecs-tasks.amazonaws.com"}
    actions = {action for action, _ in granted(of, role)}
    assert actions == {
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
    }
    assert not role["ManagedPolicyArns"]
    # It fetches what ECS injects into the backend.
    assert ("secretsmanager:GetSecretValue", Reference(secret(of).logical_id)) in granted(of, role)


@requirement("CP-ECS-7")
def test_cp_ecs_7_backend_task_role() -> None:
    of = portal()
    role = of.at(task(of, "backend")["TaskRoleArn"], "Arn")
    assert trusted(role) == {"ecs-tasks.amazonaws.com"}
    assert not role["ManagedPolicyArns"]
    assert all(statement["Effect"] == "Allow" for statement in statements(of, role))
    table = Reference(sessions(of).logical_id, "Arn")
    read = {"GetItem", "BatchGetItem", "Query", "ConditionCheckItem", "DescribeTable"}
    write = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}
    allowed: set[tuple[str, Any]] = {("secretsmanager:GetSecretValue", Reference(secret(of).logical_id))}
    for action in read | write:
        allowed |= {(f"dynamodb:{action}", table), (f"dynamodb:{action}", f"{table}/index/*")}
    assert granted(of, role) == allowed


@requirement("CP-ECS-7")
def test_cp_ecs_7_frontend_may_nothing() -> None:
    assert task(portal(), "frontend")["TaskRoleArn"] is None


# ── Load balancer ──


@requirement("CP-ALB-1")
def test_cp_alb_1_load_balancer() -> None:
    of = portal()
    it = balancer(of)
    assert len(of.of("AWS::ElasticLoadBalancingV2::LoadBalancer")) == 1
    assert (it["Type"], it["Scheme"]) == ("application", "internet-facing")
    assert it["Subnets"] == refs(subnets(of, "public"))
    # One group: the brief's design left a second one over.
    assert it["SecurityGroups"] == [Reference(balancer_group(of).logical_id, "GroupId")]
    assert balancer_group(of)["VpcId"] == Reference(of.one("AWS::EC2::VPC").logical_id)


@requirement("CP-ALB-1")
@pytest.mark.parametrize(
    ("parameters", "ports"),
    # Decision: 443 opens with a certificate only.
    [pytest.param({}, [80], id="plain"), pytest.param(HTTPS, [80, 443], id="certificate")],
)
def test_cp_alb_1_open_ports(parameters: dict[str, str], ports: list[int]) -> None:
    of = portal(**parameters)
    public = [rule for rule in ingress(of, balancer_group(of)) if rule.peer not in of.resources]
    assert public == [tcp(port, ANYWHERE) for port in ports]
    assert sorted(it["Port"] for it in of.of("AWS::ElasticLoadBalancingV2::Listener")) == ports


NOT_FOUND = [
    {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "Not Found"},
    }
]


def check_rules(of: Stack, door: Resource) -> None:
    rules = of.of("AWS::ElasticLoadBalancingV2::ListenerRule")
    assert {rule["ListenerArn"] for rule in rules} == {Reference(door.logical_id)}
    found = {rule["Priority"]: (rule["Conditions"], rule["Actions"]) for rule in rules}
    expected = {
        priority: (
            [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            [{"Type": "forward", "TargetGroupArn": Reference(target_group(of, name).logical_id)}],
        )
        for priority, path, name in ((1, "/api/*", "backend"), (2, "/*", "frontend"))
    }
    assert found == expected
    assert len(rules) == 2


@requirement("CP-ALB-2")
def test_cp_alb_2_http() -> None:
    of = portal()
    door = listener(of, 80)
    assert door["LoadBalancerArn"] == Reference(balancer(of).logical_id)
    assert door["Protocol"] == "HTTP"
    assert door["DefaultActions"] == NOT_FOUND
    check_rules(of, door)


@requirement("CP-ALB-2")
def test_cp_alb_2_https() -> None:
    # Decision: with a certificate 443 serves, by TLS 1.2 at least, and 80 redirects to it.
    of = portal(**HTTPS)
    (redirect,) = listener(of, 80)["DefaultActions"]
    assert redirect == {
        "Type": "redirect",
        "RedirectConfig": {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443"},
    }
    door = listener(of, 443)
    assert door["LoadBalancerArn"] == Reference(balancer(of).logical_id)
    assert door["Protocol"] == "HTTPS"
    assert re.fullmatch(r"ELBSecurityPolicy-TLS13-1-[23](-[A-Z]\w+)*-20\d\d-\d\d", door["SslPolicy"])
    assert door["Certificates"] == [{"CertificateArn": HTTPS["CertificateArn"]}]
    assert door["DefaultActions"] == NOT_FOUND
    check_rules(of, door)


@requirement("CP-ALB-2")
def test_cp_alb_2_certificate_needs_its_host_name() -> None:
    assert not portal().broken_rules()
    assert not portal(**HTTPS).broken_rules()
    assert len(portal(CertificateArn=HTTPS["CertificateArn"]).broken_rules()) == 1


@requirement("CP-ALB-3")
@pytest.mark.parametrize(("name", "port"), [("frontend", 80), ("backend", 3000)])
def test_cp_alb_3_target_groups(name: str, port: int) -> None:
    of = portal()
    group = target_group(of, name)
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("HTTP", port, "ip")
    assert group["VpcId"] == Reference(of.one("AWS::EC2::VPC").logical_id)
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTP", "/")
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (30, 5)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
    assert group["TargetGroupAttributes"] == [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
    assert service(of, name)["LoadBalancers"] == [
        {"ContainerName": name, "ContainerPort": port, "TargetGroupArn": Reference(group.logical_id)}
    ]
    assert len(of.of("AWS::ElasticLoadBalancingV2::TargetGroup")) == 2


@requirement("CP-ALB-4")
@pytest.mark.parametrize(("name", "port"), [("frontend", 80), ("backend", 3000)])
def test_cp_alb_4_who_enters_the_tasks(name: str, port: int) -> None:
    of = portal()
    door = balancer_group(of)
    group = own_group(of, name)
    assert ingress(of, group) == [tcp(port, door.logical_id)]
    assert tcp(port, group.logical_id) in egress(of, door)
    assert {rule.peer for rule in egress(of, door)} == {own_group(of, each).logical_id for each in SERVICES}
    # The tasks themselves reach AWS and the registries, and the backend its database.
    cluster = of.at(database(of)["VpcSecurityGroupIds.0"], "GroupId")
    to_database = [tcp(5432, cluster.logical_id)] if name == "backend" else []
    assert egress(of, group) == [tcp(443, ANYWHERE), *to_database]


# ── Database ──


@requirement("CP-DB-1")
def test_cp_db_1_cluster() -> None:
    of = portal()
    it = database(of)
    assert it["Engine"] == "aurora-postgresql"
    assert it["DatabaseName"] == "customerportal"
    # Decision: the newest minor version of 15, and a choice of others.
    assert it["EngineVersion"] == "15.19"
    versions = of.body["Parameters"]["DatabaseEngineVersion"]["AllowedValues"]
    assert {version.split(".")[0] for version in versions} == {"15"}
    settings = of.at(it["DBClusterParameterGroupName"])
    assert settings["Family"] == "aurora-postgresql15"
    assert settings["Parameters"] == {"rds.force_ssl": "1"}
    assert of.at(it["DBSubnetGroupName"])["SubnetIds"] == refs(subnets(of, "isolated"))


@requirement("CP-DB-1")
def test_cp_db_1_instances() -> None:
    of = portal()
    instances = of.of("AWS::RDS::DBInstance")
    assert len(instances) == 3
    for it in instances:
        assert it["DBClusterIdentifier"] == Reference(database(of).logical_id)
        assert it["DBInstanceClass"] == "db.t3.medium"
        assert it["Engine"] == "aurora-postgresql"
        assert it["PubliclyAccessible"] is False
    # The first instance of a cluster is its writer; the others wait for it.
    writer, *readers = sorted(instances, key=lambda it: int(it["PromotionTier"]))
    assert [it["PromotionTier"] for it in (writer, *readers)] == [0, 1, 2]
    assert not writer.depends_on
    assert [it.depends_on for it in readers] == [(writer.logical_id,)] * 2


@requirement("CP-DB-2")
def test_cp_db_2_encrypted_and_deletable() -> None:
    of = portal()
    it = database(of)
    assert it["StorageEncrypted"] is True
    assert it["BackupRetentionPeriod"] == 1
    assert it["DeletionProtection"] is False
    for each in (it, *of.of("AWS::RDS::DBInstance")):
        assert each.deletion == ("Delete", "Delete"), each.logical_id


@requirement("CP-DB-3")
def test_cp_db_3_secret() -> None:
    of = portal()
    generated = secret(of)["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"username": "dbadmin"}
    assert generated["GenerateStringKey"] == "password"
    assert generated["PasswordLength"] == 32
    assert set(generated["ExcludeCharacters"]) == set('"@/\\')
    attachment = of.one("AWS::SecretsManager::SecretTargetAttachment")
    assert attachment["SecretId"] == Reference(secret(of).logical_id)
    assert attachment["TargetId"] == Reference(database(of).logical_id)
    assert attachment["TargetType"] == "AWS::RDS::DBCluster"
    here = Reference(secret(of).logical_id)
    assert database(of)["MasterUsername"] == f"{{{{resolve:secretsmanager:{here}:SecretString:username}}}}"
    assert database(of)["MasterUserPassword"] == f"{{{{resolve:secretsmanager:{here}:SecretString:password}}}}"


@requirement("CP-DB-3")
def test_cp_db_3_backend_gets_the_credentials() -> None:
    # Decision: the address as plain values, user and password from the secret's keys, and the secret's ARN.
    of = portal()
    here = Reference(secret(of).logical_id)
    values = environment(of, "backend")
    assert values["DB_HOST"] == Reference(database(of).logical_id, "Endpoint.Address")
    assert values["DB_PORT"] == Reference(database(of).logical_id, "Endpoint.Port")
    assert values["DB_NAME"] == database(of)["DatabaseName"]
    assert values["DB_SECRET_ARN"] == here
    assert container(of, "backend")["Secrets"] == [
        {"Name": "DB_USER", "ValueFrom": f"{here}:username::"},
        {"Name": "DB_PASSWORD", "ValueFrom": f"{here}:password::"},
    ]
    assert of.one("AWS::SecretsManager::SecretTargetAttachment").logical_id in service(of, "backend").depends_on
    assert "Secrets" not in container(of, "frontend")


@requirement("CP-DB-4")
def test_cp_db_4_security_group() -> None:
    of = portal()
    group = of.one("AWS::EC2::SecurityGroup", GroupName=f"database-sg-{S}")
    assert database(of)["VpcSecurityGroupIds"] == [Reference(group.logical_id, "GroupId")]
    assert database(of)["Port"] == 5432
    backend = own_group(of, "backend")
    assert ingress(of, group) == [tcp(5432, backend.logical_id)]
    assert egress(of, group) == []
    assert tcp(5432, group.logical_id) in egress(of, backend)


# ── Sessions ──


@requirement("CP-SES-1")
def test_cp_ses_1_table() -> None:
    table = sessions(portal())
    assert table["KeySchema"] == [
        {"AttributeName": "sessionId", "KeyType": "HASH"},
        {"AttributeName": "userId", "KeyType": "RANGE"},
    ]
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    assert (types["sessionId"], types["userId"]) == ("S", "S")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


@requirement("CP-SES-2")
def test_cp_ses_2_indexes() -> None:
    table = sessions(portal())
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    indexes = {
        index["IndexName"]: [
            (key["AttributeName"], types[key["AttributeName"]], key["KeyType"]) for key in index["KeySchema"]
        ]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert indexes == {
        "UserIdIndex": [("userId", "S", "HASH"), ("createdAt", "N", "RANGE")],
        "ActiveSessionsIndex": [("status", "S", "HASH"), ("lastAccessedAt", "N", "RANGE")],
    }
    assert all(index["Projection"] == {"ProjectionType": "ALL"} for index in table["GlobalSecondaryIndexes"])
    assert environment(portal(), "backend")["SESSIONS_TABLE"] == Reference(table.logical_id)


# ── API ──


@requirement("CP-API-1")
def test_cp_api_1_stage() -> None:
    of = portal()
    it = stage(of)
    assert it["StageName"] == "prod"
    assert it["MethodSettings"] == [
        {
            "ResourcePath": "/*",
            "HttpMethod": "*",
            "LoggingLevel": "INFO",
            # Decision: never full bodies.
            "DataTraceEnabled": False,
            "MetricsEnabled": True,
            "ThrottlingRateLimit": 1000,
            "ThrottlingBurstLimit": 500,
        }
    ]
    # Decision: access logs in JSON, to a group of their own.
    log = it["AccessLogSetting"]
    group = of.at(log["DestinationArn"], "Arn")
    assert group.type == "AWS::Logs::LogGroup"
    assert json.loads(log["Format"])["requestId"] == "$context.requestId"
    assert group["LogGroupName"] == f"/customer-portal/{S}/api-access"


@requirement("CP-API-1")
@pytest.mark.parametrize("parameters", [{}, HTTPS], ids=["plain", "certificate"])
@pytest.mark.parametrize(("where", "path"), [("root", "/"), ("proxy", "/{proxy}")])
def test_cp_api_1_passes_everything_through(where: str, path: str, parameters: dict[str, str]) -> None:
    # Decision: VPC link V2 to the load balancer itself; the path spelled out; the root too, which {proxy+} leaves out.
    of = portal(**parameters)
    it = method(of, where, "ANY")
    assert it["RestApiId"] == Reference(api(of).logical_id)
    assert it["AuthorizationType"] == "NONE"
    assert it["ApiKeyRequired"] is False
    to = it["Integration"]
    assert (to["Type"], to["IntegrationHttpMethod"]) == ("HTTP_PROXY", "ANY")
    assert to["ConnectionType"] == "VPC_LINK"
    assert of.at(to["ConnectionId"]).type == "AWS::ApiGatewayV2::VpcLink"
    assert to["IntegrationTarget"] == Reference(balancer(of).logical_id)
    dns = Reference(balancer(of).logical_id, "DNSName")
    assert to["Uri"] == (f"https://{HTTPS['DomainName']}{path}" if parameters else f"http://{dns}{path}")
    if where == "proxy":
        assert it["RequestParameters"] == {"method.request.path.proxy": True}
        assert to["RequestParameters"] == {"integration.request.path.proxy": "method.request.path.proxy"}


@requirement("CP-API-1")
@pytest.mark.parametrize(("parameters", "port"), [({}, 80), (HTTPS, 443)], ids=["plain", "certificate"])
def test_cp_api_1_link_into_the_vpc(parameters: dict[str, str], port: int) -> None:
    of = portal(**parameters)
    link = of.one("AWS::ApiGatewayV2::VpcLink", Name=f"customer-portal-vpclink-{S}")
    assert link["SubnetIds"] == refs(subnets(of, "private"))
    (group,) = (of.at(reference, "GroupId") for reference in link["SecurityGroupIds"])
    assert egress(of, group) == [tcp(port, balancer_group(of).logical_id)]
    assert ingress(of, group) == []
    assert tcp(port, group.logical_id) in ingress(of, balancer_group(of))


@requirement("CP-API-1")
def test_cp_api_1_deployment_holds_every_method() -> None:
    of = portal()
    deployment = of.at(stage(of)["DeploymentId"])
    assert deployment["RestApiId"] == Reference(api(of).logical_id)
    assert deployment["StageName"] is None
    methods = {it.logical_id for it in of.of("AWS::ApiGateway::Method")}
    assert len(methods) == 4
    answers = {it.logical_id for it in of.of("AWS::ApiGateway::GatewayResponse")}
    assert methods | answers <= {*deployment.depends_on}
    # The name changes with the content: without that, a change of the API would never reach the stage.
    assert re.search(r"[0-9a-f]{8}$", deployment.logical_id)


@requirement("CP-API-1")
def test_cp_api_1_role_for_logs() -> None:
    # Decision: the account's role for API logs behind a parameter, retained; the stage waits for it.
    of = portal(CreateApiGatewayLogsRole="true")
    account = of.one("AWS::ApiGateway::Account")
    role = of.at(account["CloudWatchRoleArn"], "Arn")
    assert trusted(role) == {"apigateway.amazonaws.com"}
    assert role["ManagedPolicyArns"] == [
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    ]
    assert account.deletion == role.deletion == ("Retain", "Retain")
    assert account.logical_id in stage(of).waits_for

    without = portal(CreateApiGatewayLogsRole="false")
    assert not without.of("AWS::ApiGateway::Account")
    assert role.logical_id not in without.resources
    assert stage(without)["MethodSettings"] == stage(of)["MethodSettings"]


@requirement("CP-API-2")
@pytest.mark.parametrize("where", ["root", "proxy"])
def test_cp_api_2_preflight(where: str) -> None:
    of = portal()
    it = method(of, where, "OPTIONS")
    assert it["RestApiId"] == Reference(api(of).logical_id)
    assert it["AuthorizationType"] == "NONE"
    assert it["ApiKeyRequired"] is False
    assert it["Integration.Type"] == "MOCK"
    assert json.loads(it["Integration.RequestTemplates.application/json"]) == {"statusCode": 204}
    (answer,) = it["Integration.IntegrationResponses"]
    assert answer["StatusCode"] == "204"
    headers = {
        name.removeprefix("method.response.header."): value for name, value in answer["ResponseParameters"].items()
    }
    assert headers["Access-Control-Allow-Origin"] == "'*'"
    assert set(headers["Access-Control-Allow-Methods"].strip("'").split(",")) == EVERY_METHOD
    assert {"Authorization", "Content-Type", "X-Api-Key"} <= {
        *headers["Access-Control-Allow-Headers"].strip("'").split(",")
    }
    (declared,) = it["MethodResponses"]
    assert declared["StatusCode"] == "204"
    assert declared["ResponseParameters"].keys() == answer["ResponseParameters"].keys()


@requirement("CP-API-2")
@pytest.mark.parametrize("kind", ["DEFAULT_4XX", "DEFAULT_5XX"])
def test_cp_api_2_errors_are_readable_too(kind: str) -> None:
    # Decision: API Gateway's own errors carry the CORS header.
    of = portal()
    answer = of.one("AWS::ApiGateway::GatewayResponse", ResponseType=kind)
    assert answer["RestApiId"] == Reference(api(of).logical_id)
    assert answer["ResponseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


@requirement("CP-API-3")
def test_cp_api_3_usage_plan() -> None:
    of = portal()
    plan = of.one("AWS::ApiGateway::UsagePlan", UsagePlanName=f"customer-portal-usage-plan-{S}")
    assert plan["Throttle"] == {"RateLimit": 1000, "BurstLimit": 500}
    assert plan["Quota"] == {"Limit": 100_000, "Period": "DAY"}
    assert plan["ApiStages"] == [
        {"ApiId": Reference(api(of).logical_id), "Stage": Reference(stage(of).logical_id)},
    ]
    key = of.one("AWS::ApiGateway::ApiKey", Name=f"customer-portal-key-{S}")
    assert key["Enabled"] is True
    joined = of.one("AWS::ApiGateway::UsagePlanKey")
    assert joined["KeyId"] == Reference(key.logical_id)
    assert joined["KeyType"] == "API_KEY"
    assert joined["UsagePlanId"] == Reference(plan.logical_id)


# ── Content delivery ──


@requirement("CP-CDN-1")
def test_cp_cdn_1_bucket() -> None:
    of = portal()
    bucket = assets(of)
    (encryption,) = bucket["BucketEncryption.ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = bucket["LifecycleConfiguration.Rules"]
    (rule,) = (entry for entry in rules if "NoncurrentVersionExpiration" in entry)
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert not {"Prefix", "Filter", "TagFilters"} & rule.keys()
    # The files themselves stay.
    assert not [entry for entry in rules if {"Expiration", "ExpirationInDays", "ExpirationDate"} & entry.keys()]


@requirement("CP-CDN-1")
def test_cp_cdn_1_tls_only() -> None:
    of = portal()
    policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(assets(of).logical_id))
    (refusal,) = (s for s in policy["PolicyDocument.Statement"] if s["Effect"] == "Deny")
    arn = Reference(assets(of).logical_id, "Arn")
    assert refusal["Principal"] == "*"
    assert refusal["Action"] == ["s3:*"]
    assert refusal["Resource"] == [arn, f"{arn}/*"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@requirement("CP-CDN-1")
def test_cp_cdn_1_emptied_on_deletion() -> None:
    of = portal()
    assert assets(of).deletion == ("Delete", "Delete")
    check_emptied(of, assets(of))


@requirement("CP-CDN-1")
@pytest.mark.parametrize(
    ("request_type", "fails", "deleted", "status"),
    [
        ("Create", False, False, "SUCCESS"),
        ("Update", False, False, "SUCCESS"),
        ("Delete", False, True, "SUCCESS"),
        ("Delete", True, True, "FAILED"),
    ],
)
def test_cp_cdn_1_what_the_emptier_does(request_type: str, fails: bool, deleted: bool, status: str) -> None:
    """The function in the template, run against stand-ins for boto3 and cfnresponse."""
    of = portal()
    emptier = of.one("Custom::EmptiedBucket", BucketName=Reference(assets(of).logical_id))
    function = of.at(emptier["ServiceToken"], "Arn")
    boto3, cfnresponse = Mock(), Mock(SUCCESS="SUCCESS", FAILED="FAILED")
    delete = boto3.resource.return_value.Bucket.return_value.object_versions.delete
    delete.side_effect = RuntimeError("AccessDenied") if fails else None
    module, entry = function["Handler"].split(".")
    assert module == "index"
    with patch.dict(sys.modules, boto3=boto3, cfnresponse=cfnresponse):
        names: dict[str, Any] = {}
        exec(function["Code.ZipFile"], names)
        names[entry]({"RequestType": request_type, "ResourceProperties": {"BucketName": "assets"}}, None)
    assert delete.called is deleted
    if deleted:
        boto3.resource.assert_called_once_with("s3")
        boto3.resource.return_value.Bucket.assert_called_once_with("assets")
    # One answer, or CloudFormation waits for an hour; one physical id, or an update would delete.
    (answer,) = cfnresponse.send.call_args_list
    assert answer.args[2] == status
    assert answer.args[4] == "assets"
    assert answer.kwargs.get("reason", "") == ("AccessDenied" if fails else "")


@requirement("CP-CDN-2")
def test_cp_cdn_2_default_behaviour() -> None:
    of = portal()
    behaviour = distribution(of)["DistributionConfig.DefaultCacheBehavior"]
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert set(behaviour["AllowedMethods"]) == set(behaviour["CachedMethods"]) == {"GET", "HEAD", "OPTIONS"}
    assert behaviour["Compress"] is True
    assert behaviour["CachePolicyId"] == CACHING_OPTIMIZED
    # Decision: origin access control; an access identity is the older means of the same end.
    source = origin(of, behaviour)
    assert source["DomainName"] == Reference(assets(of).logical_id, "RegionalDomainName")
    assert source["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    control = of.at(source["OriginAccessControlId"], "Id")["OriginAccessControlConfig"]
    assert control["OriginAccessControlOriginType"] == "s3"
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")
    assert distribution(of)["DistributionConfig.Enabled"] is True


@requirement("CP-CDN-2")
def test_cp_cdn_2_only_this_distribution_reads_the_bucket() -> None:
    of = portal()
    policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(assets(of).logical_id))
    (leave,) = (s for s in policy["PolicyDocument.Statement"] if s["Effect"] == "Allow")
    assert leave["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert leave["Action"] == ["s3:GetObject"]
    assert leave["Resource"] == [f"{Reference(assets(of).logical_id, 'Arn')}/*"]
    here = Reference(distribution(of).logical_id)
    arn = f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/{here}"
    assert leave["Condition"] == {"StringEquals": {"aws:SourceArn": arn}}


@requirement("CP-CDN-3")
@pytest.mark.parametrize("parameters", [{}, HTTPS], ids=["plain", "certificate"])
def test_cp_cdn_3_api_behaviour(parameters: dict[str, str]) -> None:
    of = portal(**parameters)
    (behaviour,) = distribution(of)["DistributionConfig.CacheBehaviors"]
    assert behaviour["PathPattern"] == "/api/*"
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert set(behaviour["AllowedMethods"]) == EVERY_METHOD
    assert set(behaviour["CachedMethods"]) == {"GET", "HEAD", "OPTIONS"}
    assert behaviour["CachePolicyId"] == CACHING_DISABLED
    # By HTTPS the load balancer is asked for the name on its certificate, which the viewer's Host is not.
    assert behaviour["OriginRequestPolicyId"] == (ALL_VIEWER_EXCEPT_HOST if parameters else ALL_VIEWER)
    source = origin(of, behaviour)
    if parameters:
        assert source["DomainName"] == HTTPS["DomainName"]
        assert source["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
        assert source["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    else:
        assert source["DomainName"] == Reference(balancer(of).logical_id, "DNSName")
        assert source["CustomOriginConfig"]["OriginProtocolPolicy"] == "http-only"
    assert (source["CustomOriginConfig"]["HTTPPort"], source["CustomOriginConfig"]["HTTPSPort"]) == (80, 443)


@requirement("CP-CDN-4")
def test_cp_cdn_4_price_and_protocol() -> None:
    config = distribution(portal())["DistributionConfig"]
    assert config["PriceClass"] == "PriceClass_100"
    assert config["HttpVersion"] == "http2and3"


# ── Monitoring ──


def metrics(of: Stack) -> set[tuple[str, ...]]:
    """What the dashboard shows: namespace, metric, and the dimensions' names and values, one after the other."""
    body = json.loads(of.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    return {
        tuple(part for part in metric if isinstance(part, str))
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
    }


def dimensions(of: Stack, name: str) -> dict[str, str]:
    """What tells apart the metrics of a service, the database, the API and the sessions table."""
    if name in SERVICES:
        it = service(of, name)
        return {"ClusterName": str(it["Cluster"]), "ServiceName": str(Reference(it.logical_id, "Name"))}
    if name == "database":
        return {"DBClusterIdentifier": str(Reference(database(of).logical_id))}
    if name == "api":
        return {"ApiName": f"customer-portal-api-{S}", "Stage": str(Reference(stage(of).logical_id))}
    return {"TableName": str(Reference(sessions(of).logical_id))}


@requirement("CP-MON-1")
def test_cp_mon_1_dashboard() -> None:
    of = portal()
    assert of.one("AWS::CloudWatch::Dashboard")["DashboardName"] == f"customer-portal-dashboard-{S}"
    wanted = {
        ("AWS/ECS", "CPUUtilization", "frontend"),
        ("AWS/ECS", "MemoryUtilization", "frontend"),
        ("AWS/ECS", "CPUUtilization", "backend"),
        ("AWS/ECS", "MemoryUtilization", "backend"),
        ("AWS/RDS", "DatabaseConnections", "database"),
        ("AWS/RDS", "CPUUtilization", "database"),
        ("AWS/ApiGateway", "Latency", "api"),
        ("AWS/ApiGateway", "4XXError", "api"),
        ("AWS/ApiGateway", "5XXError", "api"),
        ("AWS/DynamoDB", "ConsumedReadCapacityUnits", "sessions"),
        ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "sessions"),
    }
    assert {(space, name, *itertools.chain(*dimensions(of, what).items())) for space, name, what in wanted} == metrics(
        of
    )
    body = json.loads(of.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    assert {widget["properties"]["region"] for widget in body["widgets"]} == {"${AWS::Region}"}
    assert {widget["type"] for widget in body["widgets"]} == {"metric"}
    # Counts are summed; an average of them would hide how many.
    assert {
        metric[1]: metric[-1]["stat"] for widget in body["widgets"] for metric in widget["properties"]["metrics"]
    } == {name: "Sum" if "Error" in name or "Consumed" in name else "Average" for _, name, _ in wanted}


@requirement("CP-MON-2")
@pytest.mark.parametrize(
    ("name", "space", "metric", "what", "threshold"),
    [
        ("backend-high-cpu", "AWS/ECS", "CPUUtilization", "backend", 80),
        ("high-db-connections", "AWS/RDS", "DatabaseConnections", "database", 80),
        ("high-api-latency", "AWS/ApiGateway", "Latency", "api", 1000),
    ],
)
def test_cp_mon_2_alarms(name: str, space: str, metric: str, what: str, threshold: int) -> None:
    of = portal()
    alarm = of.one("AWS::CloudWatch::Alarm", AlarmName=f"{name}-{S}")
    assert (alarm["Namespace"], alarm["MetricName"]) == (space, metric)
    assert {entry["Name"]: str(entry["Value"]) for entry in alarm["Dimensions"]} == dimensions(of, what)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", threshold)
    assert (alarm["EvaluationPeriods"], alarm["Period"], alarm["Statistic"]) == (2, 300, "Average")
    assert alarm["DatapointsToAlarm"] in {None, 2}
    assert alarm["TreatMissingData"] == "notBreaching"
    # Decision: alarms and their end are told to a topic; the brief's notify nobody.
    topic = Reference(of.one("AWS::SNS::Topic").logical_id)
    assert alarm["AlarmActions"] == alarm["OKActions"] == [topic]


@requirement("CP-MON-2")
def test_cp_mon_2_alarms_reach_people() -> None:
    assert not portal().of("AWS::SNS::Subscription")
    of = portal(AlarmEmail="ops@example.com")
    topic = Reference(of.one("AWS::SNS::Topic").logical_id)
    subscription = of.one("AWS::SNS::Subscription")
    assert subscription.properties == {"TopicArn": topic, "Protocol": "email", "Endpoint": "ops@example.com"}
    policy = of.one("AWS::SNS::TopicPolicy")
    assert policy["Topics"] == [topic]
    (leave,) = policy["PolicyDocument.Statement"]
    assert (leave["Effect"], leave["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert (leave["Action"], leave["Resource"]) == (["sns:Publish"], [topic])
    assert leave["Condition"]["StringEquals"] == {"aws:SourceAccount": "${AWS::AccountId}"}


# ── The whole ──


@requirement("CP-OUT-1")
@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("VpcId", "vpc-id"),
        ("AlbDnsName", "alb-dns"),
        ("ApiGatewayUrl", "api-url"),
        ("CloudFrontUrl", "cloudfront-url"),
        ("DatabaseSecretArn", "db-secret-arn"),
        ("SessionsTableName", "sessions-table"),
        ("StaticAssetsBucketName", "assets-bucket"),
        ("DashboardUrl", "dashboard-url"),
    ],
)
def test_cp_out_1_outputs(name: str, tail: str) -> None:
    of = portal()
    output = of.outputs[name]
    # Decision: the system's name leads, so that two systems with one suffix can share an account.
    assert output.export == f"customer-portal-{S}-{tail}"
    there = "${AWS::Region}"
    dashboard = of.one("AWS::CloudWatch::Dashboard")["DashboardName"]
    values: dict[str, Any] = {
        "VpcId": Reference(of.one("AWS::EC2::VPC").logical_id),
        "AlbDnsName": Reference(balancer(of).logical_id, "DNSName"),
        "ApiGatewayUrl": f"https://{Reference(api(of).logical_id)}.execute-api.{there}.${{AWS::URLSuffix}}/"
        f"{Reference(stage(of).logical_id)}/",
        "CloudFrontUrl": f"https://{Reference(distribution(of).logical_id, 'DomainName')}",
        "DatabaseSecretArn": Reference(secret(of).logical_id),
        "SessionsTableName": Reference(sessions(of).logical_id),
        "StaticAssetsBucketName": Reference(assets(of).logical_id),
        "DashboardUrl": f"https://{there}.console.aws.amazon.com/cloudwatch/home?region={there}"
        f"#dashboards:name={dashboard}",
    }
    assert output.value == values[name]


KEPT_BY_DEFAULT = {"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"}
"""What CloudFormation snapshots where no policy is given (user guide, ``DeletionPolicy`` attribute)."""


@requirement("CP-DEL-1")
def test_cp_del_1_nothing_retained() -> None:
    # Decision: only the account-wide role for API logs stays, for other APIs use it; false leaves even that out.
    of = portal(CreateApiGatewayLogsRole="false")
    for it in of.resources.values():
        assert set(it.deletion) <= {"Delete", ""}, it.logical_id
        assert it.type not in KEPT_BY_DEFAULT or it.deletion == ("Delete", "Delete"), it.logical_id
        assert not it["DeletionProtection"], it.logical_id
        assert not it["DeletionProtectionEnabled"], it.logical_id
    retained = {it.type for it in portal().resources.values() if set(it.deletion) - {"Delete", ""}}
    assert retained == {"AWS::IAM::Role", "AWS::ApiGateway::Account"}
    attributes = {entry["Key"]: entry["Value"] for entry in balancer(of)["LoadBalancerAttributes"]}
    assert attributes["deletion_protection.enabled"] == "false"


@requirement("CP-DEL-1")
def test_cp_del_1_buckets_are_emptied() -> None:
    of = portal()
    buckets = of.of("AWS::S3::Bucket")
    assert buckets
    for bucket in buckets:
        check_emptied(of, bucket)
    assert not of.of("AWS::ECR::Repository")
    assert not of.of("AWS::KMS::Key")


@requirement("CP-DEL-1")
def test_cp_del_1_services_leave_no_logs_behind() -> None:
    """A log group that a service would make by itself, and nobody would delete, is in the template, made before it."""
    of = portal()
    groups = {it["LogGroupName"]: it for it in of.of("AWS::Logs::LogGroup")}
    made_by = {
        f"/aws/ecs/containerinsights/customer-portal-cluster-{S}/performance": of.one("AWS::ECS::Cluster"),
        f"/aws/rds/cluster/customer-portal-db-{S}/postgresql": database(of),
        f"API-Gateway-Execution-Logs_{Reference(api(of).logical_id)}/prod": stage(of),
    }
    for name, maker in made_by.items():
        assert groups[name].logical_id in maker.waits_for, name
    assert database(of)["EnableCloudwatchLogsExports"] == ["postgresql"]
    for function in of.of("AWS::Lambda::Function"):
        group = of.at(function["LoggingConfig.LogGroup"])
        assert group.type == "AWS::Logs::LogGroup"
        assert "logs:CreateLogGroup" not in {action for action, _ in granted(of, of.at(function["Role"], "Arn"))}
    assert all(it.deletion == ("Delete", "Delete") for it in of.of("AWS::Logs::LogGroup"))


@requirement("CP-DEL-1")
def test_cp_del_1_no_reference_outside() -> None:
    """Nothing that another stack owns, so nothing that would hold up a deletion from outside."""
    assert not [value for value in walk(portal().body) if isinstance(value, dict) and "Fn::ImportValue" in value]
