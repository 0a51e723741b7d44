"""The customer portal's requirements, one by one, in the emitted template: network, load balancer.

"Decision" in a comment: where the portal departs from the words of its brief, and how.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
import subprocess

import pytest

from tests.requirements.portal import (
    HTTPS,
    SERVICES,
    S,
    balancer,
    balancer_group,
    database,
    own_group,
    portal,
    service,
)
from tests.requirements.relations import (
    ANYWHERE,
    EVERYWHERE,
    egress,
    ingress,
    refs,
    routes,
    subnets,
    tcp,
    trusted,
)
from tests.requirements.template import Reference, Resource, Stack

requirement = pytest.mark.requirement


def listener(of: Stack, port: int) -> Resource:
    return of.one("AWS::ElasticLoadBalancingV2::Listener", Port=port)


def target_group(of: Stack, name: str) -> Resource:
    return of.one("AWS::ElasticLoadBalancingV2::TargetGroup", Name=f"{name}-tg-{S}")


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
