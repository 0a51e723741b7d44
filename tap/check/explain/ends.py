"""What in a template can be reached over a network, or reaches others: its groups, subnets and ports. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tap.check.graph import balancing, databases, ecs
from tap.check.graph.cached import cached
from tap.check.graph.groups import HOLDERS, groups_of
from tap.check.graph.network import SUBNET, WayOut, subnets, way_out
from tap.check.model import Resource, World
from tap.check.values import as_bool, as_int, fields, items

_SUBNETS: Mapping[str, tuple[str, ...]] = {
    "AWS::ApiGatewayV2::VpcLink": ("SubnetIds",),
    "AWS::EC2::VPCEndpoint": ("SubnetIds",),
    "AWS::ECS::Service": ("NetworkConfiguration", "AwsvpcConfiguration", "Subnets"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Subnets",),
    "AWS::Lambda::Function": ("VpcConfig", "SubnetIds"),
    "AWS::RDS::DBProxy": ("VpcSubnetIds",),
}
"""Where resources say which subnets they are in."""

_KINDS: Mapping[str, str] = {
    "AWS::ApiGatewayV2::VpcLink": "link of the API",
    "AWS::EC2::Instance": "instance",
    "AWS::EC2::NetworkInterface": "network interface",
    "AWS::EC2::VPCEndpoint": "endpoint of AWS",
    "AWS::ECS::Service": "service",
    "AWS::EFS::MountTarget": "file system",
    "AWS::ElastiCache::CacheCluster": "cache",
    "AWS::ElastiCache::ReplicationGroup": "cache",
    "AWS::ElastiCache::ServerlessCache": "cache",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load balancer",
    "AWS::Lambda::Function": "function",
    "AWS::RDS::DBCluster": "database",
    "AWS::RDS::DBInstance": "database",
    "AWS::RDS::DBProxy": "database proxy",
}
_WITHOUT = ("AWS::Lambda::Function", "AWS::EC2::VPCEndpoint", "AWS::EC2::Instance")
"""Types that are ends only if they have security groups."""

STORES = ("database", "cache", "file system")
"""Kinds that hold data."""

_DATABASE_PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306, "oracle": 1521, "sqlserver": 1433}
"""Default ports by engine (RDS API reference, ``CreateDBInstance``: ``Port``). Aurora PostgreSQL's own default is 3306
for clusters through the API, and 5432 when CloudFormation is not told (template reference, ``AWS::RDS::DBCluster``)."""


@dataclass(frozen=True, eq=False)
class End:
    """Something with security groups. ``ports`` are the TCP ports that it listens on."""

    resource: Resource
    kind: str
    groups: tuple[Resource, ...]
    whole: bool
    """Whether these groups, and subnets, are all that it has."""
    subnets: tuple[Resource, ...]
    ports: tuple[int, ...]

    @property
    def name(self) -> str:
        """Its logical id."""
        return self.resource.logical_id

    @property
    def stores(self) -> bool:
        """Whether it holds data."""
        return self.kind in STORES


@cached
def ends(world: World) -> tuple[End, ...]:
    """Every end of the template, in its order; an instance of a database cluster is no end of its own."""
    found = []
    for one in world.resources.values():
        if one.type not in HOLDERS or (one.type == databases.INSTANCE and one.get("DBClusterIdentifier") is not None):
            continue
        groups, whole = groups_of(world, one)
        # A function outside of the VPC, an endpoint that is a route, an instance whose interface is a resource.
        if not groups and one.type in _WITHOUT:
            continue
        within, all_of_them = _subnets(world, one)
        found.append(End(one, _KINDS[one.type], groups, whole and all_of_them, tuple(within), _ports(world, one)))
    return tuple(found)


def _subnets(world: World, resource: Resource) -> tuple[list[Resource], bool]:
    steps = _SUBNETS.get(resource.type)
    if steps:
        return subnets(world, resource.get(*steps))
    if resource.type in (databases.CLUSTER, databases.INSTANCE):
        group = world.target(resource.get("DBSubnetGroupName"), "AWS::RDS::DBSubnetGroup")
        return subnets(world, group.get("SubnetIds")) if group else ([], False)
    if resource.type.startswith("AWS::ElastiCache::"):
        group = world.target(resource.get("CacheSubnetGroupName"), "AWS::ElastiCache::SubnetGroup")
        return subnets(world, group.get("SubnetIds")) if group else ([], False)
    one = world.target(resource.get("SubnetId"), SUBNET)
    return ([one], True) if one else ([], False)


def _ports(world: World, resource: Resource) -> tuple[int, ...]:
    if resource.type == balancing.BALANCER:
        return tuple(sorted(balancing.ports_of(world, resource)[0]))
    if resource.type == ecs.SERVICE:
        told = [as_int(fields(one).get("ContainerPort")) for one in items(resource.get("LoadBalancers"))]
        return tuple(sorted({one for one in told if one is not None}))
    if resource.type in (databases.CLUSTER, databases.INSTANCE):
        stated = as_int(resource.get("Port"))
        engine = databases.engine(resource)
        usual = next((port for name, port in _DATABASE_PORTS.items() if name in engine), None)
        return tuple(one for one in (stated or usual,) if one)
    if resource.type == "AWS::RDS::DBProxy":
        family = str(resource.get("EngineFamily")).lower()
        return tuple(port for name, port in _DATABASE_PORTS.items() if name in family)[:1]
    if resource.type == "AWS::EFS::MountTarget":
        return (2049,)
    if resource.type.startswith("AWS::ElastiCache::"):
        return (as_int(resource.get("Port")) or 6379,)
    if resource.type == "AWS::EC2::VPCEndpoint":
        return (443,)
    return ()


def faces_internet(world: World, end: End) -> bool | None:
    """Whether packets from the internet find it: it has a public address, in subnets with a way to the gateway."""
    if end.resource.type == balancing.BALANCER:
        scheme = balancing.scheme_of(end.resource)
        public = None if not scheme else scheme == "internet-facing"
    elif end.resource.type == ecs.SERVICE:
        public = end.resource.get("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp") == "ENABLED"
    elif end.resource.type == databases.INSTANCE:
        public = as_bool(end.resource.get("PubliclyAccessible")) is True
    elif end.resource.type in ("AWS::EC2::Instance", "AWS::EC2::NetworkInterface"):
        public = any(
            use.resource.type in ("AWS::EC2::EIP", "AWS::EC2::EIPAssociation") for use in world.uses(end.resource)
        )
    else:
        return False
    if not public:
        return public
    ways = {way_out(world, one) for one in end.subnets}
    if not ways or WayOut.UNKNOWN in ways:
        return None
    return WayOut.INTERNET in ways
