"""Media streaming's requirements, one by one, in the emitted template: network and load balancer.

"Decision" in a comment: where the system departs from the words of its brief, and how.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.requirements.media import (
    HTTPS,
    PORTS,
    POSTGRES,
    SERVICES,
    S,
    balancer,
    balancer_group,
    database,
    listener,
    media,
    production_rule,
    service,
)
from tests.requirements.packets import EVERY_PROTOCOL, Hop, Place, Ports, acl, conversation, entries, passing, place
from tests.requirements.packets import through_nat as nat_way
from tests.requirements.parts import security_group
from tests.requirements.relations import ANYWHERE, egress, ingress, refs, routes, subnets, tcp
from tests.requirements.template import Reference, Resource, Stack

requirement = pytest.mark.requirement
with_and_without_tls = pytest.mark.parametrize("parameters", [{}, HTTPS], ids=["plain", "certificate"])

EPHEMERAL = Ports(1024, 65_536)
"""From where clients, load balancers, NAT gateways and VPC links may speak (VPC user guide, "Ephemeral ports")."""
LINUX = Ports(32_768, 61_000)
"""From where a task speaks: Linux's own range."""
INTERNET = Place(ipaddress.IPv4Address("203.0.113.7"))


# ── Network ──


@requirement("MS-NET-1")
def test_ms_net_1_vpc_and_subnets() -> None:
    of = media()
    vpc = of.one("AWS::EC2::VPC")
    assert vpc.tags["Name"] == f"vpc-{S}"
    everything = of.of("AWS::EC2::Subnet")
    assert len(everything) == 6
    zones = {subnet["AvailabilityZoneId"] for subnet in everything}
    assert zones == {"apse1-az1", "apse1-az2", "apse1-az3"}
    for kind in ("public", "private"):
        assert {subnet["AvailabilityZoneId"] for subnet in subnets(of, kind)} == zones
        assert sorted(subnet.tags["Name"] for subnet in subnets(of, kind)) == [f"{kind}-{z}-{S}" for z in "abc"]
        assert len(subnets(of, kind)) == 3
    assert not subnets(of, "isolated")

    blocks = [ipaddress.IPv4Network(subnet["CidrBlock"]) for subnet in everything]
    assert all(block.subnet_of(ipaddress.IPv4Network(vpc["CidrBlock"])) for block in blocks)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(blocks, 2))
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in everything)
    assert vpc["EnableDnsSupport"] is vpc["EnableDnsHostnames"] is True
    inside = [it for it in of.resources.values() if it["VpcId"]]
    assert {it["VpcId"] for it in inside} == {Reference(vpc.logical_id)}
    kinds = {"Subnet", "RouteTable", "SecurityGroup", "NetworkAcl", "VPCEndpoint"}
    assert {f"AWS::EC2::{kind}" for kind in kinds} <= {it.type for it in inside}


@requirement("MS-NET-1")
def test_ms_net_1_three_zones_in_every_region() -> None:
    # Decision: zones by id, from a map; use1-az3 takes no VPC link.
    for region, zones in media().body["Mappings"]["ZoneIds"].items():
        assert len(set(zones.values())) == 3, region
        assert "use1-az3" not in zones.values()


@requirement("MS-NET-2")
def test_ms_net_2_nat_gateway_in_every_zone() -> None:
    of = media()
    used = set()
    for subnet in subnets(of, "private"):
        (way_out,) = routes(of, subnet)
        assert way_out["DestinationCidrBlock"] == ANYWHERE
        gateway = of.at(way_out["NatGatewayId"])
        assert gateway["ConnectivityType"] in {None, "public"}
        home = of.at(gateway["SubnetId"])
        assert home["AvailabilityZoneId"] == subnet["AvailabilityZoneId"]
        assert home in subnets(of, "public")
        address = of.at(gateway["AllocationId"], "AllocationId")
        assert address.type == "AWS::EC2::EIP"
        # Without the way to the internet a public NAT gateway fails when it is made.
        (internet,) = routes(of, home)
        assert internet.logical_id in gateway.waits_for | address.waits_for
        used.add(gateway.logical_id)
    assert len(used) == len(of.of("AWS::EC2::NatGateway")) == len(of.of("AWS::EC2::EIP")) == 3


def link_group(of: Stack) -> Resource:
    (group,) = of.one("AWS::ApiGatewayV2::VpcLink")["SecurityGroupIds"]
    return of.at(group, "GroupId")


@requirement("MS-NET-3")
@with_and_without_tls
def test_ms_net_3_who_reaches_whom(parameters: dict[str, str]) -> None:
    """Every group with every rule: a tier more, or a rule more, fails here."""
    of = media(**parameters)
    door, link = balancer_group(of), link_group(of)
    (data,) = (of.at(group, "GroupId") for group in database(of)["VpcSecurityGroupIds"])
    assert data["GroupName"] == f"database-sg-{S}"
    tasks = {name: security_group(of, service(of, name)) for name in SERVICES}
    port = 443 if parameters else 80
    open_ports = [80, 443] if parameters else [80]
    front, back = tasks["frontend"].logical_id, tasks["backend"].logical_id
    allowed: dict[str, tuple[list[Any], list[Any]]] = {
        door.logical_id: (
            [*(tcp(each, ANYWHERE) for each in open_ports), tcp(port, link.logical_id)],
            [tcp(80, front), tcp(5000, back)],
        ),
        front: ([tcp(80, door.logical_id)], [tcp(443, ANYWHERE)]),
        back: ([tcp(5000, door.logical_id)], [tcp(443, ANYWHERE), tcp(POSTGRES, data.logical_id)]),
        data.logical_id: ([tcp(POSTGRES, back)], []),
        link.logical_id: ([], [tcp(port, door.logical_id)]),
    }
    found = {group.logical_id: (ingress(of, group), egress(of, group)) for group in of.of("AWS::EC2::SecurityGroup")}
    assert found == allowed


def sides(of: Stack) -> tuple[list[Place], list[Place]]:
    """A host in each public and in each private subnet."""
    return [place(each) for each in subnets(of, "public")], [place(each, 20) for each in subnets(of, "private")]


def flows(of: Stack) -> Iterator[tuple[str, Iterable[Hop]]]:
    """Everything that must get through, with its answers, from every subnet to every other."""
    public, private = sides(of)
    for door in public:
        for port in (80, 443):
            yield f"internet → load balancer {port}", conversation(INTERNET, door, port, EPHEMERAL)
        for inner in private:
            for port in PORTS.values():
                yield f"load balancer → task {port}", conversation(door, inner, port, EPHEMERAL)
            for port in (80, 443):
                yield f"link → load balancer {port}", conversation(inner, door, port, EPHEMERAL)
            # A task's way out is the NAT of its zone, and any other when the routes are changed in an emergency.
            yield "task → NAT → internet 443", nat_way(inner, door, INTERNET, 443, LINUX, EPHEMERAL)
    for one, other in itertools.permutations(private, 2):
        yield f"task → database {POSTGRES}", conversation(one, other, POSTGRES, LINUX)


@requirement("MS-NET-4")
def test_ms_net_4_what_must_get_through_and_its_answers() -> None:
    of = media()
    seen = set()
    for name, hops in flows(of):
        for hop in hops:
            with_every_port, _ = passing(of, hop)
            assert with_every_port, f"{name}: {hop.source} → {hop.target}, ports {hop.ports}"
        seen.add(name)
    assert len(seen) == 8


REFUSED = [
    *((f"internet → task {port}", "in", Ports(port, port + 1)) for port in (22, 80, 443, 5000, POSTGRES)),
    ("internet → public, all low ports but the web's", "public", Ports(0, 80)),
    ("internet → public, between the web's ports", "public", Ports(81, 443)),
    ("internet → public, below the clients' ports", "public", Ports(444, 1024)),
    ("task → internet, below HTTPS", "out", Ports(0, 443)),
    ("task → internet, above HTTPS", "out", Ports(444, 65_536)),
    ("public → private, low ports but the front end's", "across", Ports(0, 80)),
    ("public → private, other low ports", "across", Ports(81, 1024)),
    ("private → private, below the front end", "inside", Ports(0, 80)),
    ("private → private, up to the API", "inside", Ports(81, 5000)),
    ("private → private, up to the database", "inside", Ports(5001, POSTGRES)),
    ("private → private, up to the tasks' own ports", "inside", Ports(POSTGRES + 1, 32_768)),
]
"""Public to private, high ports pass: the load balancer answers API Gateway's link there. The database's security group
lets nobody but the API in all the same."""


@requirement("MS-NET-4")
@pytest.mark.parametrize(("name", "kind", "ports"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_ms_net_4_what_is_refused(name: str, kind: str, ports: Ports) -> None:
    of = media()
    public, private = sides(of)
    far = INTERNET.address
    for door, inner in itertools.product(public, private):
        hop = {
            "in": Hop(far, inner.address, ports, None, inner.subnet),
            "public": Hop(far, door.address, ports, None, door.subnet),
            "out": Hop(inner.address, far, ports, inner.subnet, door.subnet),
            "across": Hop(door.address, inner.address, ports, door.subnet, inner.subnet),
            "inside": Hop(
                inner.address, beside(private, inner).address, ports, inner.subnet, beside(private, inner).subnet
            ),
        }[kind]
        _, with_any_port = passing(of, hop)
        assert not with_any_port, name


def beside(places: list[Place], one: Place) -> Place:
    """The place after one, in another subnet."""
    return places[(places.index(one) + 1) % len(places)]


@requirement("MS-NET-4")
def test_ms_net_4_real_rules_on_every_subnet() -> None:
    of = media()
    acls = {acl(of, subnet).logical_id: acl(of, subnet) for subnet in of.of("AWS::EC2::Subnet")}
    assert sorted(it.tags["Name"] for it in acls.values()) == [f"acl-private-{S}", f"acl-public-{S}"]
    assert len(of.of("AWS::EC2::NetworkAcl")) == 2
    for it, outward in itertools.product(acls.values(), (True, False)):
        rules = entries(of, it, egress=outward)
        assert rules
        assert len({rule.number for rule in rules}) == len(rules)
        # 20 rules a direction is EC2's quota (VPC user guide, "Amazon VPC quotas").
        assert len(rules) <= 20
        assert EVERY_PROTOCOL not in {rule.protocol for rule in rules}
        assert not [rule for rule in rules if rule.block.prefixlen == 0 and rule.ports.start < 1024 < rule.ports.stop]
    assert {of.at(each["NetworkAclId"]).logical_id for each in of.of("AWS::EC2::NetworkAclEntry")} == acls.keys()


# ── Load balancer ──


@requirement("MS-ALB-1")
@with_and_without_tls
def test_ms_alb_1_public_and_routing_by_path(parameters: dict[str, str]) -> None:
    of = media(**parameters)
    it = balancer(of)
    assert len(of.of("AWS::ElasticLoadBalancingV2::LoadBalancer")) == 1
    assert (it["Type"], it["Scheme"]) == ("application", "internet-facing")
    assert it["Subnets"] == refs(subnets(of, "public"))
    assert it["SecurityGroups"] == [Reference(balancer_group(of).logical_id, "GroupId")]
    # AWS refuses an internet-facing load balancer in a VPC without internet gateway.
    assert {route.logical_id for each in subnets(of, "public") for route in routes(of, each)} <= it.waits_for
    paths = {
        path: name for name in SERVICES for path in production_rule(of, name)["Conditions.0.PathPatternConfig.Values"]
    }
    assert paths == {"/api/*": "backend", "/*": "frontend"}


NOT_FOUND = [
    {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "Not Found"},
    }
]


@requirement("MS-ALB-2")
def test_ms_alb_2_http_only_without_certificate() -> None:
    of = media()
    door = listener(of, 80)
    assert of.of("AWS::ElasticLoadBalancingV2::Listener") == [door]
    assert (door["Protocol"], door["LoadBalancerArn"]) == ("HTTP", Reference(balancer(of).logical_id))
    assert door["DefaultActions"] == NOT_FOUND
    assert of.body["Parameters"]["CertificateArn"]["Default"] == ""


@requirement("MS-ALB-2")
def test_ms_alb_2_tls_with_a_certificate() -> None:
    of = media(**HTTPS)
    assert sorted(it["Port"] for it in of.of("AWS::ElasticLoadBalancingV2::Listener")) == [80, 443]
    (redirect,) = listener(of, 80)["DefaultActions"]
    assert redirect == {
        "Type": "redirect",
        "RedirectConfig": {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443"},
    }
    door = listener(of, 443)
    assert (door["Protocol"], door["LoadBalancerArn"]) == ("HTTPS", Reference(balancer(of).logical_id))
    assert re.fullmatch(r"ELBSecurityPolicy-TLS13-1-[23](-[A-Z]\w+)*-20\d\d-\d\d", door["SslPolicy"])
    assert door["Certificates"] == [{"CertificateArn": HTTPS["CertificateArn"]}]
    assert door["DefaultActions"] == NOT_FOUND
    assert not of.broken_rules()
    assert len(media(CertificateArn=HTTPS["CertificateArn"]).broken_rules()) == 1
