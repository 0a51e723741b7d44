"""TAP1229, TAP1230: where a database is, and whether anybody can connect to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.graph.databases import CLUSTER, INSTANCE, engine, members
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, Unknown, items


class SubnetGroup(ResourceRule):
    """A subnet group in one zone."""

    id = "TAP1229"
    title = "The subnet group covers only one zone"
    description = "A subnet group needs subnets in at least two availability zones."
    source = "RDS API, CreateDBSubnetGroup: DBSubnetGroupDoesNotCoverEnoughAZs"
    advice = "Add a subnet in another availability zone."
    types = ("AWS::RDS::DBSubnetGroup",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The zones of the group's subnets, where they are all known."""
        said = resource.get("SubnetIds")
        if not isinstance(said, list) or not said:
            return
        if len(said) == 1 and not (isinstance(said[0], Unknown) and not said[0].text.startswith("!Ref")):
            # One item may be a whole list only where it is an expression that gives one.
            if isinstance(said[0], str | Reference) or _one_subnet(said[0], world):
                yield at(resource, "SubnetIds", says="The group has one subnet.")
            return
        subnets = [world.target(one, "AWS::EC2::Subnet") for one in said]
        if any(one is None for one in subnets):
            return
        zones = [_zone(one) for one in subnets if one]
        if zones[0] and all(zone == zones[0] for zone in zones):
            names = ", ".join(one.logical_id for one in subnets if one)
            yield at(resource, "SubnetIds", says=f"All its subnets ({names}) are in one zone.")


def _one_subnet(value: Any, world: World) -> bool:
    name = value.parameter if isinstance(value, Unknown) else ""
    return bool(name) and world.model.parameters[name].type == "AWS::EC2::Subnet::Id"


def _zone(subnet: Resource) -> str:
    """The zone as text that is the same for the same zone; empty where none is stated."""
    for key in ("AvailabilityZone", "AvailabilityZoneId"):
        value = subnet.get(key)
        if isinstance(value, str | Text):
            return f"{key}={value}"
        if isinstance(value, Unknown):
            return f"{key}={value.text}"
    return ""


class NoInstance(ResourceRule):
    """A cluster that nobody can connect to."""

    id = "TAP1230"
    title = "The Aurora cluster has no instance"
    description = "An Aurora cluster is storage; connections go to its instances, which CloudFormation makes apart."
    severity = Severity.WARNING
    source = "Aurora user guide, “Amazon Aurora DB clusters”; CloudFormation template reference, AWS::RDS::DBCluster"
    advice = "Add an AWS::RDS::DBInstance with the cluster's DBClusterIdentifier."
    types = (CLUSTER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A cluster that no instance of the template belongs to, and that nobody outside is told of."""
        if not engine(resource).startswith("aurora-") or world.open or resource.logical_id in world.told_outside:
            return
        mode = resource.get("EngineMode")
        if mode not in (None, "provisioned") or members(world, resource):
            return
        unknown = [one for one in world.of_type(INSTANCE) if isinstance(one.get("DBClusterIdentifier"), Unknown | Text)]
        named = isinstance(resource.get("DBClusterIdentifier"), str | Text)
        if not unknown and not named and not items(resource.get("AssociatedRoles")):
            yield at(resource, says="No instance of the template is a member of the cluster.")
