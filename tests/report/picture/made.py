"""Templates of three-tier systems of any shape, for pictures that must hold for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """What a system has, and how many."""

    zones: int = 2
    services: int = 2
    functions: int = 0
    databases: int = 1
    isolated: bool = True
    api: bool = True
    firewall: bool = False
    distributions: int = 1
    records: bool = False
    buckets: int = 1
    alarms: bool = True


def template(shape: Shape) -> dict[str, Any]:
    """The body of a template with that shape."""
    made = _Maker()
    zones = range(shape.zones)
    made.add("Vpc", "EC2::VPC", CidrBlock="10.0.0.0/16")
    made.add("Gate", "EC2::InternetGateway")
    kinds = ["Public", "Private", *(["Isolated"] if shape.isolated else [])]
    for kind in kinds:
        made.add(f"{kind}Table", "EC2::RouteTable", VpcId=ref("Vpc"))
        for zone in zones:
            name = f"{kind}Subnet{zone}"
            made.add(name, "EC2::Subnet", VpcId=ref("Vpc"), CidrBlock=f"10.0.{zone}.0/24", AvailabilityZone=f"z{zone}")
            joined = f"{name}Association"
            made.add(joined, "EC2::SubnetRouteTableAssociation", SubnetId=ref(name), RouteTableId=ref(f"{kind}Table"))
    for zone in zones:
        made.add(f"Nat{zone}", "EC2::NatGateway", SubnetId=ref(f"PublicSubnet{zone}"))
    out = {"DestinationCidrBlock": "0.0.0.0/0"}
    made.add("PublicRoute", "EC2::Route", RouteTableId=ref("PublicTable"), GatewayId=ref("Gate"), **out)
    made.add("PrivateRoute", "EC2::Route", RouteTableId=ref("PrivateTable"), NatGatewayId=ref("Nat0"), **out)
    open_ = [{"CidrIp": "0.0.0.0/0", "FromPort": port, "ToPort": port} for port in (80, 443)]
    made.add("DoorGroup", "EC2::SecurityGroup", SecurityGroupIngress=open_)
    made.add(
        "Door",
        "ElasticLoadBalancingV2::LoadBalancer",
        Subnets=[ref(f"PublicSubnet{zone}") for zone in zones],
        SecurityGroups=[ref("DoorGroup")],
    )
    made.add("Listener", "ElasticLoadBalancingV2::Listener", LoadBalancerArn=ref("Door"), Port=80, Protocol="HTTP")
    inner = [ref(f"PrivateSubnet{zone}") for zone in zones]
    made.inside(shape, inner, kinds[-1])
    for number in range(shape.buckets):
        made.add(f"Bucket{number}", "S3::Bucket")
    made.outside(shape)
    if shape.alarms:
        made.add("Alarm", "CloudWatch::Alarm", AlarmActions=[ref("Topic")])
        made.add("Topic", "SNS::Topic")
    about = {"System": "any", "Region": "us-east-1"}
    return {"Description": "Any. A system.", "Metadata": {"Template": about}, "Resources": made.resources}


def ref(name: str) -> dict[str, str]:
    """A reference."""
    return {"Ref": name}


class _Maker:
    def __init__(self) -> None:
        self.resources: dict[str, Any] = {}

    def add(self, name: str, kind: str, **properties: Any) -> None:
        metadata = {"Description": f"What {name} is for.", "Tier": "all"}
        self.resources[name] = {"Type": f"AWS::{kind}", "Metadata": metadata, "Properties": properties}

    def inside(self, shape: Shape, inner: list[Any], last: str) -> None:
        """Services, functions and databases, each reached by those above it."""
        made = self
        made.add("Cluster", "ECS::Cluster")
        users = []
        for number in range(shape.services):
            name = f"Service{number}"
            users.append(name)
            made.add(f"{name}Group", "EC2::SecurityGroup")
            made.lets("Door", name, 8000 + number)
            network = {"AwsvpcConfiguration": {"Subnets": inner, "SecurityGroups": [ref(f"{name}Group")]}}
            uses = {"Policies": [ref("Bucket0")]} if shape.buckets and number % 2 else {}
            made.add(f"{name}Role", "IAM::Role", **uses)
            made.add(f"{name}Task", "ECS::TaskDefinition", TaskRoleArn=ref(f"{name}Role"))
            task = {"TaskDefinition": ref(f"{name}Task"), "Cluster": ref("Cluster")}
            made.add(name, "ECS::Service", NetworkConfiguration=network, **task)
        for number in range(shape.functions):
            name = f"Function{number}"
            users.append(name)
            made.add(f"{name}Group", "EC2::SecurityGroup")
            place = {"SubnetIds": inner, "SecurityGroupIds": [ref(f"{name}Group")]}
            made.add(name, "Lambda::Function", VpcConfig=place, Runtime="python3.13")
        for number in range(shape.databases):
            name = f"Database{number}"
            made.add(f"{name}Group", "EC2::SecurityGroup")
            subnets = [ref(f"{last}Subnet{zone}") for zone in range(shape.zones)]
            made.add(f"{name}Subnets", "RDS::DBSubnetGroup", SubnetIds=subnets)
            groups = {"VpcSecurityGroupIds": [ref(f"{name}Group")], "DBSubnetGroupName": ref(f"{name}Subnets")}
            made.add(name, "RDS::DBCluster", Engine="aurora-postgresql", **groups)
            for one in range(3):
                made.add(f"{name}Instance{one}", "RDS::DBInstance", DBClusterIdentifier=ref(name))
            for user in users:
                made.lets(user, name, 5432)

    def lets(self, start: str, end: str, port: int) -> None:
        groups = {"SourceSecurityGroupId": ref(f"{start}Group"), "GroupId": ref(f"{end}Group")}
        self.add(f"{start}To{end}", "EC2::SecurityGroupIngress", FromPort=port, ToPort=port, **groups)

    def outside(self, shape: Shape) -> None:
        """What faces the internet."""
        if shape.api:
            self.add("Api", "ApiGateway::RestApi")
            self.add("LinkGroup", "EC2::SecurityGroup")
            self.add("Link", "ApiGatewayV2::VpcLink", SecurityGroupIds=[ref("LinkGroup")])
            self.lets("Link", "Door", 443)
            self.add("Get", "ApiGateway::Method", RestApiId=ref("Api"), Integration={"ConnectionId": ref("Link")})
            for number in range(shape.functions):
                uri = {"Uri": ref(f"Function{number}")}
                self.add(f"Post{number}", "ApiGateway::Method", RestApiId=ref("Api"), Integration=uri)
            if shape.firewall:
                self.add("Wall", "WAFv2::WebACL", Rules=[])
                self.add("Joined", "WAFv2::WebACLAssociation", WebACLArn=ref("Wall"), ResourceArn=ref("Api"))
        for number in range(shape.distributions):
            ends = ["Door", *(f"Bucket{each}" for each in range(shape.buckets))]
            origins = [{"Id": each, "DomainName": ref(each)} for each in ends]
            config = {"Origins": origins, "DefaultCacheBehavior": {"TargetOriginId": "Door"}}
            self.add(f"Cdn{number}", "CloudFront::Distribution", DistributionConfig=config)
        if shape.records:
            self.add("Record", "Route53::RecordSet", Name="shop.example.com")
