"""The network: a VPC over several zones, its subnets and routes, and the way out of the private ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import AWSObject, Equals, FindInMap, Not, Parameter, Ref, Region, Sub, Tags, ec2

from tap.model import Tier
from templates.tiers.acls import AclChoices, Side, acls
from templates.tiers.closed_group import close_default_group
from templates.tiers.egress import Egress, Site, Ways
from templates.tiers.flow_logs import FlowLogs, flow_logs
from templates.tiers.words import ZONES, named

ZONE_IDS = {
    "us-east-1": ("use1-az1", "use1-az2", "use1-az4"),
    "us-east-2": ("use2-az1", "use2-az2", "use2-az3"),
    "us-west-2": ("usw2-az1", "usw2-az2", "usw2-az3"),
    "ap-south-1": ("aps1-az1", "aps1-az2", "aps1-az3"),
    "ap-northeast-2": ("apne2-az1", "apne2-az2", "apne2-az3"),
    "ap-southeast-1": ("apse1-az1", "apse1-az2", "apse1-az3"),
    "ap-southeast-2": ("apse2-az1", "apse2-az2", "apse2-az3"),
}
"""Zones in which API Gateway offers VPC links (source: API Gateway developer guide, "Set up VPC links V2"): an id is
the same zone in every account, a name is not, and us-east-1 has a zone (use1-az3) that they avoid."""


@dataclass(frozen=True)
class Subnets:
    """One subnet a zone, in the order of the zones; ``isolated`` ones have no way to the internet."""

    public: tuple[str, ...]
    private: tuple[str, ...]
    isolated: tuple[str, ...] = ()


@dataclass(frozen=True)
class NetworkChoices:
    """What a network can differ in. ``vpc`` is the VPC's name before the suffix.

    ``named_zones`` gives the zones by name, as parameters with these defaults; without it they come by id from
    ``ZONE_IDS``. ``exempt`` excuses the VPC from checks, with reasons.
    """

    vpc: str
    subnets: Subnets
    egress: Egress
    cidr: str = "10.0.0.0/16"
    named_zones: tuple[str, ...] = ()
    gateway_endpoints: tuple[str, ...] = ("s3", "dynamodb")
    acls: AclChoices | None = None
    flow_logs: FlowLogs | None = None
    exempt: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Network:
    """Handles of the network: what other tiers may refer to."""

    tier: Tier
    vpc: ec2.VPC
    public: tuple[ec2.Subnet, ...]
    private: tuple[ec2.Subnet, ...]
    isolated: tuple[ec2.Subnet, ...]
    nat_instances: tuple[ec2.Instance, ...]
    way_in: ec2.Route
    """The default route of the public subnets: what the internet is to reach waits for it, and goes before it."""
    ways_out: tuple[AWSObject, ...]
    """The default routes of the private subnets: what needs the internet at its start waits for them."""

    @property
    def data(self) -> tuple[ec2.Subnet, ...]:
        """The subnets for databases: the isolated ones, else the private ones."""
        return self.isolated or self.private


def network(choices: NetworkChoices) -> Network:
    """Build the network tier."""
    tier = Tier(
        "network",
        "Network",
        f"A VPC over {len(choices.subnets.public)} availability zones: public subnets for what faces the internet, "
        "private ones for the containers" + (", isolated ones for the database." if choices.subnets.isolated else "."),
    )
    zones = _zones(tier, choices)
    vpc = tier.add(
        ec2.VPC(
            "Vpc",
            CidrBlock=choices.cidr,
            EnableDnsSupport=True,
            EnableDnsHostnames=True,
            Tags=Tags(Name=named(choices.vpc)),
        ),
        "The private network that holds the whole system.",
        exempt=dict(choices.exempt),
    )
    close_default_group(tier, vpc)

    public = _subnets(tier, vpc, "Public", choices.subnets.public, zones)
    gateway_route = _public_routes(tier, vpc, public)
    private = _subnets(tier, vpc, "Private", choices.subnets.private, zones)
    ways = choices.egress.build(Site(tier, vpc, public, choices.subnets.private, gateway_route))
    tables, routes = _private_routes(tier, vpc, private, ways)
    isolated = _subnets(tier, vpc, "Isolated", choices.subnets.isolated, zones)
    if isolated:
        _isolated_routes(tier, vpc, isolated)
    for service in choices.gateway_endpoints:
        tier.add(
            ec2.VPCEndpoint(
                f"{'S3' if service == 's3' else 'DynamoDb'}Endpoint",
                VpcEndpointType="Gateway",
                ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                VpcId=vpc.ref(),
                RouteTableIds=[table.ref() for table in tables],
            ),
            f"A free way from the private subnets to {'S3' if service == 's3' else 'DynamoDB'} that spares the NAT.",
        )
    if choices.acls:
        subnets = choices.subnets
        acls(tier, vpc, choices.acls, choices.cidr, Side(public, subnets.public), Side(private, subnets.private))
    if choices.flow_logs:
        flow_logs(tier, vpc, choices.flow_logs)
    tier.output("VpcId", "The VPC that holds the system.", vpc.ref(), export="vpc-id")
    return Network(tier, vpc, public, private, isolated, ways.instances, gateway_route, routes)


def _zones(tier: Tier, choices: NetworkChoices) -> list[dict[str, Any]]:
    if choices.named_zones:
        parameters: list[Parameter] = [
            tier.parameter(
                f"AvailabilityZone{letter}",
                f"The availability zone of the subnets {letter}. Not the one with the id use1-az3 (EC2 console, "
                "zones): API Gateway has no way into it.",
                group="Network",
                label=f"Zone {letter}",
                Type="AWS::EC2::AvailabilityZone::Name",
                Default=zone,
            )
            for letter, zone in zip(ZONES, choices.named_zones, strict=False)
        ]
        first, second, *_ = parameters
        tier.template.add_rule(
            "ZonesDiffer",
            {
                "Assertions": [
                    {
                        "Assert": Not(Equals(Ref(first), Ref(second))),
                        "AssertDescription": f"{first.title} and {second.title} must differ: "
                        "a load balancer needs two.",
                    }
                ]
            },
        )
        return [{"AvailabilityZone": Ref(parameter)} for parameter in parameters]
    letters = ZONES[: len(choices.subnets.public)]
    table = {region: dict(zip(letters, ids, strict=False)) for region, ids in ZONE_IDS.items()}
    zones = tier.mapping("ZoneIds", table)
    return [{"AvailabilityZoneId": FindInMap(zones, Region, letter)} for letter in letters]


_PURPOSE = {
    "Public": "for the load balancer and the way out of the private subnets",
    "Private": "for the containers, which reach the internet and are not reached from it",
    "Isolated": "for the database, without any route to the internet",
}


def _subnets(
    tier: Tier, vpc: ec2.VPC, kind: str, cidrs: tuple[str, ...], zones: list[dict[str, Any]]
) -> tuple[ec2.Subnet, ...]:
    return tuple(
        tier.add(
            ec2.Subnet(
                f"{kind}Subnet{letter}",
                VpcId=vpc.ref(),
                CidrBlock=cidr,
                **zone,
                MapPublicIpOnLaunch=False,
                Tags=Tags(Name=named(f"{kind.lower()}-{letter.lower()}")),
            ),
            f"{kind} subnet in zone {letter}, {_PURPOSE[kind]}.",
        )
        for letter, cidr, zone in zip(ZONES, cidrs, zones, strict=False)
    )


def _associate(tier: Tier, subnet: ec2.Subnet, table: ec2.RouteTable) -> None:
    tier.add(
        ec2.SubnetRouteTableAssociation(
            f"{subnet.title}RouteTableAssociation", SubnetId=subnet.ref(), RouteTableId=table.ref()
        ),
        f"Gives {subnet.title} the routes of {table.title}.",
    )


def _public_routes(tier: Tier, vpc: ec2.VPC, public: tuple[ec2.Subnet, ...]) -> ec2.Route:
    gateway = tier.add(ec2.InternetGateway("InternetGateway"), "The way between the public subnets and the internet.")
    attachment = tier.add(
        ec2.VPCGatewayAttachment("InternetGatewayAttachment", VpcId=vpc.ref(), InternetGatewayId=gateway.ref()),
        "Joins the internet gateway to the VPC.",
    )
    table = tier.add(
        ec2.RouteTable("PublicRouteTable", VpcId=vpc.ref(), Tags=Tags(Name=named("public"))),
        "Routes of the public subnets.",
    )
    route = tier.add(
        ec2.Route(
            "PublicDefaultRoute",
            DependsOn=attachment.title,
            RouteTableId=table.ref(),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=gateway.ref(),
        ),
        "Sends what leaves the public subnets to the internet gateway.",
    )
    for subnet in public:
        _associate(tier, subnet, table)
    return route


def _private_routes(
    tier: Tier, vpc: ec2.VPC, private: tuple[ec2.Subnet, ...], ways: Ways
) -> tuple[list[ec2.RouteTable], tuple[ec2.Route, ...]]:
    tables, routes = [], []
    for letter, subnet, way in zip(ZONES, private, ways.targets, strict=False):
        table = tier.add(
            ec2.RouteTable(
                f"PrivateRouteTable{letter}", VpcId=vpc.ref(), Tags=Tags(Name=named(f"private-{letter.lower()}"))
            ),
            f"Routes of the private subnet in zone {letter}.",
        )
        tables.append(table)
        routes.append(
            tier.add(
                ec2.Route(
                    f"PrivateDefaultRoute{letter}",
                    **({"DependsOn": list(way.waits)} if way.waits else {}),
                    RouteTableId=table.ref(),
                    DestinationCidrBlock="0.0.0.0/0",
                    **way.route,
                ),
                f"Sends what leaves the private subnet in zone {letter} through the NAT in the same zone.",
            )
        )
        _associate(tier, subnet, table)
    return tables, tuple(routes)


def _isolated_routes(tier: Tier, vpc: ec2.VPC, isolated: tuple[ec2.Subnet, ...]) -> None:
    table = tier.add(
        ec2.RouteTable("IsolatedRouteTable", VpcId=vpc.ref(), Tags=Tags(Name=named("isolated"))),
        "Routes of the isolated subnets: none but those within the VPC.",
    )
    for subnet in isolated:
        _associate(tier, subnet, table)
