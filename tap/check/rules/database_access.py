"""TAP1290 to TAP1292: databases that are public in name only, proxies, and the way of a hosted rotation."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.databases import CLUSTER, INSTANCE, cluster_of, engine
from tap.check.graph.groups import GROUP, groups_of, names, opens
from tap.check.graph.iam import ROLE, may
from tap.check.graph.network import SUBNET, VPC, WayOut, endpoints, references_to, subnets, way_out
from tap.check.graph.secrets import database_of, secret_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Text, as_bool, as_int, fields, items

_SUBNETS = "AWS::RDS::DBSubnetGroup"
_PROXY, _PROXIED = "AWS::RDS::DBProxy", "AWS::RDS::DBProxyTargetGroup"
_FAMILIES = {"postgres": "POSTGRESQL", "mysql": "MYSQL", "mariadb": "MYSQL", "sqlserver": "SQLSERVER"}


class PublicNowhere(ResourceRule):
    """A public database in subnets without a way in."""

    id = "TAP1290"
    title = "A database that is publicly accessible is in subnets with a route to the internet gateway"
    description = (
        "PubliclyAccessible gives an instance a public address. In subnets that have no route to an internet gateway "
        "it is reached by nobody from outside, and its name leads to that address for those outside of the VPC."
    )
    severity = Severity.WARNING
    source = "RDS user guide, “Hiding a DB instance in a VPC from the internet”"
    advice = "PubliclyAccessible: false."
    types = (INSTANCE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """An instance whose subnets are of the template."""
        cluster = cluster_of(world, resource)
        group = resource.get("DBSubnetGroupName") or (cluster.get("DBSubnetGroupName") if cluster else None)
        listed = world.target(group, _SUBNETS)
        if not as_bool(resource.get("PubliclyAccessible")) or listed is None:
            return
        mine, whole = subnets(world, listed.get("SubnetIds"))
        if mine and whole and all(way_out(world, one) in (WayOut.NAT, WayOut.NONE) for one in mine):
            says = f"No subnet of {listed.logical_id} has a route to an internet gateway."
            yield at(resource, "PubliclyAccessible", says=says)


class Proxy(ResourceRule):
    """A proxy that cannot log in, or for another engine."""

    id = "TAP1291"
    title = "A proxy is of its database's family, and may read its secrets"
    description = (
        "EngineFamily is POSTGRESQL, MYSQL or SQLSERVER, as the database is. The proxy reads the secrets in Auth with "
        "its own role; without secretsmanager:GetSecretValue no connection is made."
    )
    severity = Severity.WARNING
    source = "RDS user guide, “Setting up database credentials for RDS Proxy”; RDS API, CreateDBProxy"
    advice = "Correct the family; let the role do secretsmanager:GetSecretValue on each secret."
    types = (_PROXY,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The secrets of a proxy, and what it stands before."""
        role = world.target(resource.get("RoleArn"), ROLE)
        for index, one in enumerate(items(resource.get("Auth"))):
            secret = secret_of(world, fields(one).get("SecretArn"))
            if role and secret and may(world, role, "secretsmanager:GetSecretValue", secret) is False:
                says = f"{role.logical_id} may not do secretsmanager:GetSecretValue on {secret.logical_id}."
                yield at(resource, "Auth", index, "SecretArn", says=says)
        family = resource.get("EngineFamily")
        for group in world.of_type(_PROXIED):
            if world.target(group.get("DBProxyName"), _PROXY) is not resource:
                continue
            named = [*items(group.get("DBClusterIdentifiers")), *items(group.get("DBInstanceIdentifiers"))]
            for value in named:
                database = world.target(value, CLUSTER, INSTANCE)
                name = engine(database) if database else ""
                wanted = next((one for part, one in _FAMILIES.items() if part in name), "")
                if database and wanted and isinstance(family, str) and family != wanted:
                    says = f"The family is {family}, but the engine of {database.logical_id} is {name}: {wanted}."
                    yield at(resource, "EngineFamily", says=says)


class RotationWay(ResourceRule):
    """A hosted rotation whose function reaches neither its database nor Secrets Manager."""

    id = "TAP1292"
    title = "The rotation's function reaches its database and Secrets Manager"
    description = (
        "The function of a hosted rotation runs in the given subnets with the given groups. The database's groups must "
        "admit them, and the subnets need a NAT gateway or an endpoint for Secrets Manager: the first rotation comes "
        "at once, and fails."
    )
    source = "Secrets Manager user guide, “Network access for AWS Lambda rotation function”"
    advice = "Admit the function's group on the database's port; add an endpoint for secretsmanager, or a NAT gateway."
    types = ("AWS::SecretsManager::RotationSchedule",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A hosted function in subnets and groups of the template."""
        hosted = fields(resource.get("HostedRotationLambda"))
        secret = secret_of(world, resource.get("SecretId"))
        database = database_of(world, secret) if secret else None
        theirs = [world.target(one, GROUP) for one in _listed(hosted.get("VpcSecurityGroupIds"))]
        known = [one for one in theirs if one]
        if database and known and len(known) == len(theirs):
            mine, complete = groups_of(world, database)
            port = as_int(database.get("Port")) or (None if "aurora" in engine(database) else _port(database))
            if mine and complete and port and opens(world, mine, known, port) is False:
                says = f"{names(mine)} of {database.logical_id} does not admit {names(known)} on port {port}."
                yield at(resource, "HostedRotationLambda", "VpcSecurityGroupIds", says=says)
        for subnet in references_to(world, _listed(hosted.get("VpcSubnetIds")), SUBNET):
            vpc = world.target(subnet.get("VpcId"), VPC)
            there = {name for one, name, _ in endpoints(world) if world.target(one.get("VpcId"), VPC) in (vpc, None)}
            outside = {subnet.logical_id, vpc.logical_id if vpc else ""} & world.told_outside
            if vpc is None or outside or there & {"", "secretsmanager"} or world.open:
                continue
            if way_out(world, subnet) == WayOut.NONE:
                says = f"{subnet.logical_id} has no way out, and its VPC no endpoint for secretsmanager."
                yield at(resource, "HostedRotationLambda", "VpcSubnetIds", says=says)
                return


def _listed(value: object) -> list[object]:
    """The items of what is a text with commas, or a list (AWS::SecretsManager::RotationSchedule takes text)."""
    if isinstance(value, str):
        return [one.strip() for one in value.split(",")]
    if isinstance(value, Text):
        return [one for one in value.parts if not isinstance(one, str)]
    return value if isinstance(value, list) else [] if value is None else [value]


def _port(database: Resource) -> int | None:
    name = engine(database)
    if database.get("Port") is not None:
        return None
    return 5432 if "postgres" in name else 3306 if "mysql" in name or "mariadb" in name else None
