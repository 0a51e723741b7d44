"""Payments' requirements, one by one, in the emitted template: network, domain.

"Decision" in a comment: where the system departs from the words of its row, and how.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from typing import Any

import pytest

from tests.requirements.parts import container, role, security_group
from tests.requirements.payments import (
    ABROAD,
    ABROAD_WITH_CERTIFICATE,
    CDN_CERTIFICATE,
    DOMAIN,
    HOME,
    PLACES,
    SERVICES,
    ZONE,
    balancer,
    balancer_group,
    certificate,
    database,
    distribution,
    listener,
    payments,
    service,
)
from tests.requirements.relations import ANYWHERE, egress, granted, ingress, routes, subnets, tcp, trusted
from tests.requirements.template import REGION, Reference, Stack

requirement = pytest.mark.requirement
each_service = pytest.mark.parametrize("name", SERVICES)
each_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
POSTGRES = 5432


# ── Network ──


@requirement("PP-NET-1")
def test_pp_net_1_vpc_and_subnets() -> None:
    of = payments()
    vpc = of.one("AWS::EC2::VPC")
    assert (vpc["EnableDnsSupport"], vpc["EnableDnsHostnames"]) == (True, True)
    everything = of.of("AWS::EC2::Subnet")
    assert {subnet["VpcId"] for subnet in everything} == {Reference(vpc.logical_id)}
    zones = {subnet["AvailabilityZoneId"] for subnet in everything}
    assert len(zones) == 3
    for kind, prefix in (("public", 24), ("private", 24), ("isolated", 26)):
        found = subnets(of, kind)
        assert [ipaddress.IPv4Network(subnet["CidrBlock"]).prefixlen for subnet in found] == [prefix] * 3, kind
        assert {subnet["AvailabilityZoneId"] for subnet in found} == zones, kind
        assert not [subnet for subnet in found if subnet["MapPublicIpOnLaunch"]], kind
    assert len(everything) == 9

    blocks = [ipaddress.IPv4Network(subnet["CidrBlock"]) for subnet in everything]
    assert all(block.subnet_of(ipaddress.IPv4Network(vpc["CidrBlock"])) for block in blocks)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(blocks, 2))


@requirement("PP-NET-1")
def test_pp_net_1_three_zones_in_every_region() -> None:
    found = payments().body["Mappings"]["ZoneIds"]
    assert {"us-east-1", ABROAD[REGION]} <= found.keys()
    assert all(len(set(zones.values())) == 3 for zones in found.values())
    there = {subnet["AvailabilityZoneId"] for subnet in payments(**ABROAD).of("AWS::EC2::Subnet")}
    assert there == set(found[ABROAD[REGION]].values())


@requirement("PP-NET-2")
def test_pp_net_2_nat_gateway_in_every_zone() -> None:
    of = payments()
    used = set()
    for subnet in subnets(of, "private"):
        (way_out,) = routes(of, subnet)
        assert way_out["DestinationCidrBlock"] == ANYWHERE
        gateway = of.at(way_out["NatGatewayId"])
        home = of.at(gateway["SubnetId"])
        assert home in subnets(of, "public")
        assert home["AvailabilityZoneId"] == subnet["AvailabilityZoneId"]
        assert gateway["ConnectivityType"] in {None, "public"}
        address = of.at(gateway["AllocationId"], "AllocationId")
        assert (address.type, address["Domain"]) == ("AWS::EC2::EIP", "vpc")
        # An address of a VPC needs its internet gateway.
        (internet,) = routes(of, home)
        assert internet.logical_id in address.depends_on
        used.add((gateway.logical_id, address.logical_id))
    assert len(used) == len(of.of("AWS::EC2::NatGateway")) == len({address for _, address in used}) == 3


@requirement("PP-NET-2")
def test_pp_net_2_flow_logs() -> None:
    of = payments()
    log = of.one("AWS::EC2::FlowLog")
    assert (log["ResourceType"], log["TrafficType"]) == ("VPC", "ALL")
    assert log["ResourceId"] == Reference(of.one("AWS::EC2::VPC").logical_id)
    assert log["LogDestinationType"] == "cloud-watch-logs"
    group = of.at(log["LogGroupName"])
    assert group.type == "AWS::Logs::LogGroup"
    writer = role(of, log["DeliverLogsPermissionArn"])
    assert trusted(writer) == {"vpc-flow-logs.amazonaws.com"}
    verbs = ("CreateLogStream", "PutLogEvents", "DescribeLogStreams")
    assert granted(of, writer) == {(f"logs:{verb}", Reference(group.logical_id, "Arn")) for verb in verbs}


@requirement("PP-NET-3")
def test_pp_net_3_load_balancer_entered_from_anywhere() -> None:
    of = payments()
    door = balancer_group(of)
    assert balancer(of)["SecurityGroups"] == [Reference(door.logical_id, "GroupId")]
    assert sorted(ingress(of, door), key=lambda rule: rule.first or 0) == [tcp(80, ANYWHERE), tcp(443, ANYWHERE)]
    # And it reaches the tasks, nothing else.
    tasks = [tcp(port, security_group(of, service(of, name)).logical_id) for name, port in SERVICES.items()]
    assert egress(of, door) == tasks


@requirement("PP-NET-3")
@each_service
def test_pp_net_3_tasks_entered_by_their_own_port_only(name: str) -> None:
    of = payments()
    group = security_group(of, service(of, name))
    assert ingress(of, group) == [tcp(SERVICES[name], balancer_group(of).logical_id)]
    (other,) = SERVICES.keys() - {name}
    assert group is not security_group(of, service(of, other))
    assert container(of, service(of, name), name)["PortMappings"] == [
        {"ContainerPort": SERVICES[name], "Protocol": "tcp"}
    ]
    guard = of.at(database(of)["VpcSecurityGroupIds.0"], "GroupId").logical_id
    to_database = [tcp(POSTGRES, guard)] if name == "backend" else []
    assert egress(of, group) == [tcp(443, ANYWHERE), *to_database]


@requirement("PP-NET-3")
def test_pp_net_3_database_entered_by_the_backend_only() -> None:
    of = payments()
    (guard,) = (of.at(reference, "GroupId") for reference in database(of)["VpcSecurityGroupIds"])
    assert database(of)["Port"] == POSTGRES
    assert ingress(of, guard) == [tcp(POSTGRES, security_group(of, service(of, "backend")).logical_id)]
    assert egress(of, guard) == []


# ── Domain and TLS ──


@requirement("PP-DNS-1")
def test_pp_dns_1_zone_is_there_already() -> None:
    of = payments()
    assert of.body["Parameters"]["HostedZoneId"]["Type"] == "AWS::Route53::HostedZone::Id"
    assert "Default" not in of.body["Parameters"]["HostedZoneId"]
    assert not of.of("AWS::Route53::HostedZone")
    assert {record["HostedZoneId"] for record in of.of("AWS::Route53::RecordSet")} == {ZONE}


@requirement("PP-DNS-1")
@each_place
def test_pp_dns_1_certificate(place: dict[str, str]) -> None:
    it = certificate(payments(**place))
    assert it["DomainName"] == DOMAIN
    assert it["SubjectAlternativeNames"] == [f"*.{DOMAIN}"]
    assert it["ValidationMethod"] == "DNS"
    assert it["DomainValidationOptions"] == [
        {"DomainName": name, "HostedZoneId": ZONE} for name in (DOMAIN, f"*.{DOMAIN}")
    ]
    # A certificate's first name has 64 characters at the most (ACM API reference, RequestCertificate).
    assert int(payments().body["Parameters"]["DomainName"]["MaxLength"]) == 64


def records(of: Stack) -> dict[tuple[str, str], dict[str, Any]]:
    """Name and type → what a record stands for."""
    found = {(record["Name"], record["Type"]): record["AliasTarget"] for record in of.of("AWS::Route53::RecordSet")}
    assert len(found) == len(of.of("AWS::Route53::RecordSet"))
    return found


@requirement("PP-DNS-1")
@each_place
def test_pp_dns_1_apex_leads_to_the_load_balancer(place: dict[str, str]) -> None:
    of = payments(**place)
    door = balancer(of)
    target = {
        "HostedZoneId": Reference(door.logical_id, "CanonicalHostedZoneID"),
        "DNSName": Reference(door.logical_id, "DNSName"),
        "EvaluateTargetHealth": False,
    }
    # Decision: AAAA where the target has an IPv6 address. The network's blocks are IPv4, so the load balancer has none,
    # and a record for it would answer nothing. Should it become dual-stack, the record belongs to it.
    kinds = ["A", "AAAA"] if door["IpAddressType"] == "dualstack" else ["A"]
    assert {kind: it for (name, kind), it in records(of).items() if name == DOMAIN} == dict.fromkeys(kinds, target)
    assert (door["IpAddressType"] == "dualstack") is bool(of.of("AWS::EC2::VPCCidrBlock"))


@requirement("PP-DNS-1")
@each_place
def test_pp_dns_1_cdn_leads_to_cloudfront(place: dict[str, str]) -> None:
    of = payments(**place)
    named = place is not ABROAD
    assert distribution(of)["DistributionConfig.IPV6Enabled"] is True
    target = {
        # Every distribution's zone (Route 53 API reference, AliasTarget).
        "HostedZoneId": "Z2FDTNDATAQYW2",
        "DNSName": Reference(distribution(of).logical_id, "DomainName"),
        "EvaluateTargetHealth": False,
    }
    found = {key: it for key, it in records(of).items() if key[0] != DOMAIN}
    # Without a certificate CloudFront refuses the name, so nothing may lead there by it.
    assert found == ({(f"cdn.{DOMAIN}", kind): target for kind in ("A", "AAAA")} if named else {})


@requirement("PP-TLS-1")
@each_place
def test_pp_tls_1_listeners(place: dict[str, str]) -> None:
    of = payments(**place)
    assert sorted(it["Port"] for it in of.of("AWS::ElasticLoadBalancingV2::Listener")) == [80, 443]
    door = listener(of, 443)
    assert door["Protocol"] == "HTTPS"
    assert door["Certificates"] == [{"CertificateArn": Reference(certificate(of).logical_id)}]
    assert re.fullmatch(r"ELBSecurityPolicy-TLS13-1-[23](-[A-Z]\w+)*-20\d\d-\d\d", door["SslPolicy"])
    (answer,) = door["DefaultActions"]
    assert answer["Type"] == "fixed-response"
    assert answer["FixedResponseConfig"]["StatusCode"] == "404"

    assert listener(of, 80)["Protocol"] == "HTTP"
    assert listener(of, 80)["DefaultActions"] == [
        {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443"}}
    ]
    ways_in = {rule["ListenerArn"] for rule in of.of("AWS::ElasticLoadBalancingV2::ListenerRule")}
    assert ways_in == {Reference(door.logical_id)}, "a rule on port 80 would serve without TLS"


@requirement("PP-TLS-1")
@pytest.mark.parametrize("place", [HOME, ABROAD_WITH_CERTIFICATE], ids=["home", "abroad-certificate"])
def test_pp_tls_1_cloudfronts_certificate_is_of_us_east_1(place: dict[str, str]) -> None:
    of = payments(**place)
    config = distribution(of)["DistributionConfig"]
    assert config["Aliases"] == [f"cdn.{DOMAIN}"]
    # The stack's own is one of us-east-1 only where the stack is.
    own = Reference(certificate(of).logical_id)
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": own if place is HOME else CDN_CERTIFICATE,
        "SslSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }


@requirement("PP-TLS-1")
def test_pp_tls_1_given_certificate_is_ignored_in_us_east_1() -> None:
    given = distribution(payments(CloudFrontCertificateArn=CDN_CERTIFICATE))
    assert given.properties == distribution(payments()).properties


@requirement("PP-TLS-1")
def test_pp_tls_1_cloudfront_elsewhere_without_certificate() -> None:
    # Decision: the template works without it. With CloudFront's own name and certificate it sets the protocol itself.
    config = distribution(payments(**ABROAD))["DistributionConfig"]
    assert config["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}
    assert "Aliases" not in config


@requirement("PP-TLS-1")
@pytest.mark.parametrize("region", ["eu-west-1", "ap-southeast-1", "us-east-2"])
def test_pp_tls_1_certificate_of_another_region_is_refused(region: str) -> None:
    pattern = payments().body["Parameters"]["CloudFrontCertificateArn"]["AllowedPattern"]
    assert re.fullmatch(pattern, CDN_CERTIFICATE)
    assert re.fullmatch(pattern, "")
    assert not re.fullmatch(pattern, CDN_CERTIFICATE.replace("us-east-1", region))
