"""TAP1593-1595: who uses a store or function over the network, and whether the groups and ACLs let them."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.acls import connects
from tap.check.graph.balancing import balancers_to
from tap.check.graph.databases import members
from tap.check.graph.ecs import SERVICE, containers, service_groups, service_subnets, target_groups, task_of
from tap.check.graph.groups import admitted, groups_of, names, opens, reaches
from tap.check.graph.network import SUBNET, references_to
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import as_int, references_in

_FUNCTION = "AWS::Lambda::Function"
_DATABASES = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
_FILES, _MOUNT = "AWS::EFS::FileSystem", "AWS::EFS::MountTarget"
_CACHES = (
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
)
_PROXY = "AWS::RDS::DBProxy"
_GROUPS_AT = {
    _MOUNT: "SecurityGroups",
    "AWS::ElastiCache::CacheCluster": "VpcSecurityGroupIds",
    "AWS::ElastiCache::ReplicationGroup": "SecurityGroupIds",
    "AWS::ElastiCache::ServerlessCache": "SecurityGroupIds",
    _PROXY: "VpcSecurityGroupIds",
}
_EFS_PORT = 2049
"""NFS. Source: EFS user guide, "Using VPC security groups"."""
_ENGINES = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}


def _port(store: Resource) -> int | None:
    """The TCP port of a store; None where it is not known."""
    if store.type == _MOUNT:
        return _EFS_PORT
    if store.type == _PROXY:
        return {"POSTGRESQL": 5432, "MYSQL": 3306, "SQLSERVER": 1433}.get(str(store.get("EngineFamily")))
    if store.get("Port") is not None:
        return as_int(store.get("Port"))
    engine = str(store.get("Engine") or "")
    if store.type in _DATABASES:
        # Without Port an Aurora cluster for PostgreSQL has 3306 or 5432, by its engine mode.
        found = [port for name, port in _ENGINES.items() if name in engine]
        return found[0] if found and engine != "aurora-postgresql" else None
    return 11211 if engine == "memcached" else 6379 if store.type in _CACHES else None


class StoreShut(ResourceRule):
    """A store whose groups do not let its users in."""

    id = "TAP1593"
    title = "The security groups do not let those in who use the store"
    description = (
        "A file system's mount targets must admit on port 2049 the tasks and functions that mount it, a cache on its "
        "port, a proxy on its engine's, those that are told of it. Otherwise mounts and connections time out."
    )
    severity = Severity.WARNING
    source = (
        "EFS user guide, “Using VPC security groups”; ElastiCache user guide, “Amazon VPCs and ElastiCache security”"
    )
    advice = "Admit the user's group on the store's port."
    types = tuple(_GROUPS_AT)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Stores with groups of the template, against each that uses them."""
        port = _port(resource)
        mine, complete = groups_of(world, resource)
        sides = [admitted(world, one) for one in mine]
        if port is None or not mine or not complete or not all(one.complete for one in sides):
            return
        key = _GROUPS_AT[resource.type]
        if all(one.has_port(port) is False for side in sides for one in side.passes):
            yield at(resource, key, says=f"{names(mine)} admits nobody on port {port}.")
            return
        store = world.target(resource.get("FileSystemId"), _FILES) if resource.type == _MOUNT else resource
        for user, theirs in _users(world, store) if store else ():
            if opens(world, mine, theirs, port) is False:
                says = f"{names(mine)} does not admit {names(theirs)} of {user.logical_id} on port {port}."
                yield at(resource, key, says=says)
            elif reaches(world, theirs, mine, port) is False:
                says = f"{names(theirs)} of {user.logical_id} does not let out to {names(mine)} on port {port}."
                yield at(resource, key, says=says)


def _users(world: World, store: Resource) -> Iterator[tuple[Resource, tuple[Resource, ...]]]:
    """Services and functions that are told of a store, with all their groups."""
    for service in world.of_type(SERVICE):
        task = task_of(world, service)
        theirs, whole = service_groups(world, service)
        if task and theirs and whole and any(one.logical_id == store.logical_id for _, one in task.references):
            yield service, theirs
    for function in world.of_type(_FUNCTION):
        theirs, whole = groups_of(world, function)
        told = (*references_in(function.get("Environment")), *references_in(function.get("FileSystemConfigs")))
        if theirs and whole and _told(world, told, store):
            yield function, theirs


def _told(world: World, references: object, store: Resource) -> bool:
    assert isinstance(references, tuple)
    for _, one in references:
        meant = world.resources.get(one.logical_id)
        if meant is store:
            return True
        through = meant and meant.type == "AWS::EFS::AccessPoint"
        if meant and through and world.target(meant.get("FileSystemId"), _FILES) is store:
            return True
    return False


class FunctionShutOut(ResourceRule):
    """A function in a VPC that its database does not let in."""

    id = "TAP1594"
    title = "The security groups do not let the function reach the database"
    description = "A function that is told of a database must be admitted by the database's groups on its port."
    severity = Severity.WARNING
    source = "Lambda developer guide, “Using AWS Lambda with Amazon RDS”"
    advice = "Admit the function's group on the database's port."
    types = (_FUNCTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Functions with groups of the template, against the databases in their environment."""
        theirs, whole = groups_of(world, resource)
        if not theirs or not whole:
            return
        told = {one.logical_id for _, one in references_in(resource.get("Environment"))}
        for database in world.of_type(*_DATABASES):
            port = _port(database)
            mine, complete = groups_of(world, database)
            if database.logical_id not in told or port is None or not mine or not complete:
                continue
            place = ("VpcConfig", "SecurityGroupIds")
            if opens(world, mine, theirs, port) is False:
                says = f"{names(mine)} of {database.logical_id} does not admit {names(theirs)} on port {port}."
                yield at(resource, *place, says=says)
            elif reaches(world, theirs, mine, port) is False:
                says = f"{names(theirs)} does not let out to {names(mine)} of {database.logical_id} on port {port}."
                yield at(resource, *place, says=says)


class SubnetsShut(ResourceRule):
    """Network ACLs between a load balancer, its tasks and their database."""

    id = "TAP1595"
    title = "The network ACLs do not let a connection through, or not its answers"
    description = (
        "A connection needs an entry out of the one subnet and into the other for its port, and entries for the "
        "answers back, to ports 1024-65535, on both sides."
    )
    severity = Severity.WARNING
    source = "VPC user guide, “Control subnet traffic with network access control lists”, “Ephemeral ports”"
    advice = "Allow the port between the two subnets' blocks, and TCP 1024-65535 for the way back, in both ACLs."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A service's subnets with those of its load balancers and databases."""
        mine, _ = service_subnets(world, resource)
        place = ("NetworkConfiguration", "AwsvpcConfiguration", "Subnets")
        task = task_of(world, resource)
        if not mine or task is None:
            return
        for steps, _, group in target_groups(world, resource):
            port = as_int(resource.get(*steps[:2], "ContainerPort"))
            for balancer in balancers_to(world, group) if group and port else ():
                outer = list(references_to(world, balancer.get("Subnets"), SUBNET))
                yield from self._between(world, resource, place, outer, mine, port or 0, balancer)
        if not containers(world, task)[0]:
            return
        told = {one.logical_id for _, one in task.references}
        for database in world.of_type(*_DATABASES):
            port = _port(database) or (5432 if database.get("Engine") == "aurora-postgresql" else None)
            known = database.get("Engine") != "aurora-postgresql" or database.get("Port") is not None
            listed = world.target(database.get("DBSubnetGroupName"), "AWS::RDS::DBSubnetGroup")
            meant = {database.logical_id, *(one.logical_id for one in members(world, database))} & told
            if port and known and meant and listed:
                inner = list(references_to(world, listed.get("SubnetIds"), SUBNET))
                yield from self._between(world, resource, place, mine, inner, port, database)

    @staticmethod
    def _between(
        world: World,
        resource: Resource,
        place: tuple[str, ...],
        sources: list[Resource],
        targets: list[Resource],
        port: int,
        other: Resource,
    ) -> Iterator[Found]:
        for source in sources:
            for target in targets:
                if connects(world, source, target, port) is False:
                    says = (
                        f"The ACLs of {source.logical_id} and {target.logical_id} stop port {port} or its answers "
                        f"({other.logical_id})."
                    )
                    yield at(resource, *place, says=says)
                    return
