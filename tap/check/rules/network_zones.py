"""TAP1508, 1510: availability zones and flow logs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tap.check.graph.network import SUBNET
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Reference, as_int, fields, shape


class Zones(ResourceRule):
    """A load balancer in too few zones, or twice in one."""

    id = "TAP1508"
    title = "An application load balancer has subnets in two zones or more, one in each"
    description = (
        "“At least two subnets in two different Availability Zones must be specified”; and “A load balancer cannot "
        "be attached to multiple subnets in the same Availability Zone”. VPC links and endpoints too take one "
        "subnet a zone."
    )
    source = "Elastic Load Balancing API, CreateLoadBalancer.subnets"
    advice = "Give it one subnet in each of two or more availability zones."
    types = ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::VPCEndpoint")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Load balancers and interface endpoints with lists of subnets."""
        balancer = resource.type.endswith("LoadBalancer")
        key = "Subnets" if balancer else "SubnetIds"
        value = resource.get(key)
        if balancer and value is None:
            key, value = "SubnetMappings", resource.get("SubnetMappings")
            value = [fields(one).get("SubnetId") for one in value] if isinstance(value, list) else None
        if not isinstance(value, list):
            return
        application = balancer and resource.get("Type") in (None, "application")
        if application and len(value) == 1 and isinstance(value[0], str | Reference):
            yield at(resource, key, says="An application load balancer with one subnet.")
        seen: dict[str, str] = {}
        texts: set[str] = set()
        for one in value:
            text = shape(one) if isinstance(one, str | Reference) else ""
            if text and text in texts:
                yield at(resource, key, says=f"{text} stands in the list twice.")
                return
            texts.add(text)
            subnet = world.target(one, SUBNET)
            zone = self._zone(subnet) if subnet else ""
            if subnet and zone:
                if zone in seen:
                    says = f"{seen[zone]} and {subnet.logical_id} are in the same availability zone."
                    yield at(resource, key, says=says)
                    return
                seen[zone] = subnet.logical_id

    @staticmethod
    def _zone(subnet: Resource) -> str:
        for key in ("AvailabilityZone", "AvailabilityZoneId"):
            if subnet.get(key) is not None and not isinstance(subnet.get(key), list | dict):
                return f"{key}:{shape(subnet.get(key))}"
        return ""


class OtherRegion(ResourceRule):
    """A zone of another region."""

    id = "TAP1522"
    title = "A zone is one of the region's"
    description = "A region has its own availability zones: a subnet in another region's zone is refused."
    source = "EC2 API, CreateSubnet (AvailabilityZone)"
    advice = "Choose it with !Select [0, !GetAZs '']."
    types = (SUBNET, "AWS::EC2::Instance", "AWS::EC2::Volume")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Zones that are known, where the region is."""
        zone = resource.get("AvailabilityZone")
        match = re.fullmatch(r"([a-z]{2}(-[a-z]+)+-\d)[a-z]", zone) if isinstance(zone, str) else None
        if match and world.region and match[1] != world.region:
            yield at(resource, "AvailabilityZone", says=f"{zone} is no zone of {world.region}.")


class FlowLog(ResourceRule):
    """A flow log that is refused."""

    id = "TAP1510"
    title = "A flow log needs a destination of its kind, and a role for log groups"
    description = (
        "cloud-watch-logs (the default) needs DeliverLogsPermissionArn and a log group; s3 and Firehose need "
        "LogDestination, an ARN, and no LogGroupName. The aggregation interval is 60 or 600 seconds."
    )
    source = "EC2 API, CreateFlowLogs"
    advice = "State LogDestinationType with what belongs to it."
    types = ("AWS::EC2::FlowLog",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each flow log."""
        kind, group = resource.get("LogDestinationType"), resource.get("LogGroupName")
        target, role = resource.get("LogDestination"), resource.get("DeliverLogsPermissionArn")
        if kind in (None, "cloud-watch-logs"):
            if role is None:
                yield at(resource, says="A flow log to CloudWatch Logs needs DeliverLogsPermissionArn.")
            if group is None and target is None:
                yield at(resource, says="The flow log has neither LogGroupName nor LogDestination.")
        elif kind in ("s3", "kinesis-data-firehose"):
            if target is None:
                yield at(resource, "LogDestinationType", says=f"A flow log to {kind} needs its LogDestination.")
            if group is not None:
                yield at(resource, "LogGroupName", says=f"LogGroupName is stated for {kind}.")
        if group is not None and target is not None:
            yield at(resource, "LogGroupName", says="LogGroupName and LogDestination exclude each other.")
        if isinstance(target, Reference) and not target.attribute:
            named = world.target(target, "AWS::S3::Bucket", "AWS::Logs::LogGroup")
            if named:
                says = f"!Ref {named.logical_id} is a name; LogDestination is an ARN."
                yield at(resource, "LogDestination", says=says)
        if isinstance(target, str) and not target.startswith("arn:"):
            yield at(resource, "LogDestination", says=f"LogDestination is {target}, which is no ARN.")
        interval = as_int(resource.get("MaxAggregationInterval"))
        if interval is not None and interval not in (60, 600):
            says = f"MaxAggregationInterval is {interval}; 60 and 600 are allowed."
            yield at(resource, "MaxAggregationInterval", says=says)
