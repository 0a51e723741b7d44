"""TAP12xx: engines, their versions and what must fit them."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tap.check.graph.databases import CLUSTER, INSTANCE, cluster_of, engine, major, members, version
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import fields, items, shape

_FAMILIES: Mapping[str, str] = {
    "aurora-postgresql": "aurora-postgresql",
    "aurora-mysql": "aurora-mysql",
    "postgres": "postgres",
    "mysql": "mysql",
    "mariadb": "mariadb",
}
"""What the name of a parameter group's family begins with, by engine; the major version follows."""

_LOG_EXPORTS: Mapping[str, frozenset[str]] = {
    "aurora-postgresql": frozenset({"postgresql", "instance", "iam-db-auth-error"}),
    "aurora-mysql": frozenset({"audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"}),
    "postgres": frozenset({"postgresql", "upgrade", "iam-db-auth-error"}),
    "mysql": frozenset({"audit", "error", "general", "slowquery", "iam-db-auth-error"}),
    "mariadb": frozenset({"audit", "error", "general", "slowquery", "iam-db-auth-error"}),
    "oracle": frozenset({"alert", "audit", "listener", "trace", "oemagent"}),
    "sqlserver": frozenset({"agent", "error"}),
}


@cache
def _versions(kind: str) -> tuple[Mapping[str, frozenset[str]], Mapping[str, frozenset[str]]]:
    """All versions and the deprecated ones by engine, from the schemas that cfn-lint brings (RDS
    ``DescribeDBEngineVersions``); nothing where it is not installed. Read without importing cfn-lint."""
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        return {}, {}
    name = "aws_rds_dbcluster" if kind == CLUSTER else "aws_rds_dbinstance"
    folder = Path(next(iter(spec.submodule_search_locations))) / "data" / "schemas" / "extensions" / name
    found = []
    for file, condition in (("engine_version.json", "then"), ("engine_version_deprecated.json", "if")):
        table: dict[str, frozenset[str]] = {}
        for one in json.loads((folder / file).read_text("utf-8")).get("allOf", ()):
            name = one.get("if", {}).get("properties", {}).get("Engine", {}).get("const")
            versions = one.get(condition, {}).get("properties", {}).get("EngineVersion", {}).get("enum")
            if name and versions:
                table[name] = frozenset(map(str, versions))
        found.append(table)
    return found[0], found[1]


class EngineVersion(ResourceRule):
    """A version that RDS does not make any more, or never made."""

    id = "TAP1201"
    title = "The engine version cannot be created"
    description = (
        "RDS makes new databases only with versions that it offers today; an unknown or a deprecated one is refused."
    )
    source = "RDS API, DescribeDBEngineVersions (as cfn-lint's schemas have it); “Release calendars for Aurora”"
    advice = "Name a minor version that is offered, such as the newest of the same major."
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The version of a cluster, or of an instance that is made anew."""
        properties = resource.properties
        if any(
            key in properties for key in ("SnapshotIdentifier", "DBSnapshotIdentifier", "SourceDBClusterIdentifier")
        ):
            return  # What is restored keeps its version.
        name, number = engine(resource), version(resource)
        if not name or not number:
            return
        every, deprecated = _versions(resource.type)
        if name not in every:
            return
        offered = sorted(every[name] - deprecated.get(name, frozenset()), key=_order)
        same = [one for one in offered if major(one, name) == major(number, name) and one != major(one, name)]
        advice = f"Use {same[-1]}." if same else f"Use {offered[-1]}." if offered else ""
        if number not in every[name]:
            says = f"{name} has no version {number}."
            yield at(resource, "EngineVersion", says=says, advice=advice)
        elif number in deprecated.get(name, ()) and number != major(number, name):
            says = f"Version {number} of {name} is deprecated: no new database can be made with it."
            yield at(resource, "EngineVersion", says=says, advice=advice)


class BareMajor(ResourceRule):
    """A major version alone."""

    id = "TAP1208"
    title = "The engine version names no minor version"
    description = (
        "A major version alone leaves the minor one to the day of the deployment: two environments of one template "
        "get different databases, and what RDS lists under the bare name is deprecated."
    )
    severity = Severity.WARNING
    source = "RDS API, DescribeDBEngineVersions (as cfn-lint's schemas have it)"
    advice = "Name a minor version that is offered."
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A bare major version of Aurora that is among the deprecated ones."""
        name, number = engine(resource), version(resource)
        bare = name.startswith("aurora-") and bool(number) and number == major(number, name)
        if bare and number in _versions(resource.type)[1].get(name, ()):
            yield at(resource, "EngineVersion", says=f"“{number}” is a major version of {name} alone.")


def _order(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", text))


class ParameterFamily(ResourceRule):
    """A parameter group of another engine, or of another major version."""

    id = "TAP1202"
    title = "The parameter group's family does not fit the engine"
    description = "A parameter group serves one engine in one major version; RDS refuses it for any other."
    source = "Aurora user guide, “Parameter groups for Amazon Aurora”; RDS API, CreateDBParameterGroup"
    advice = "Give the group the family of the engine's major version, such as aurora-postgresql16."
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The groups that a cluster or instance uses, and those of its kind."""
        owner = cluster_of(world, resource) if resource.type == INSTANCE else None
        name = engine(resource) or (engine(owner) if owner else "")
        number = version(resource) or (version(owner) if owner else "")
        cluster = resource.type == CLUSTER
        keys = ((("DBClusterParameterGroupName", "AWS::RDS::DBClusterParameterGroup"),) if cluster else ()) + (
            (("DBInstanceParameterGroupName" if cluster else "DBParameterGroupName"), "AWS::RDS::DBParameterGroup"),
        )
        for key, kind in keys:
            value = resource.get(key)
            group = world.target(value, kind)
            family = group.get("Family") if group else _default_family(value)
            if not isinstance(family, str) or not family or name not in _FAMILIES:
                continue
            begin, said = _FAMILIES[name], family.lower()
            fits = said == f"{begin}{major(number, name)}" if number else re.fullmatch(rf"{begin}[\d.]+", said)
            if not fits:
                what = f"{name} {number}".strip()
                where = group.logical_id if group else shape(value)
                yield at(resource, key, says=f"{where} is of the family {family}, but the engine is {what}.")


def _default_family(value: object) -> str:
    return value.removeprefix("default.") if isinstance(value, str) and value.startswith("default.") else ""


class UnknownFamily(ResourceRule):
    """A family that RDS does not have."""

    id = "TAP1203"
    title = "The parameter group's family does not exist"
    description = "A family is an engine's name and its major version: aurora-postgresql16, postgres16, mysql8.0."
    source = "RDS API, DescribeDBEngineVersions: DBParameterGroupFamily"
    types = ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The family, where the engine is one of those whose families are known."""
        said = resource.get("Family")
        if not isinstance(said, str):
            return
        family = said.lower()
        match = re.match(r"(aurora-postgresql|aurora-mysql|aurora|postgresql|postgres|mysql|mariadb)-?(.*)", family)
        if not match:
            return
        name, number = match[1], match[2]
        every = {**_versions(INSTANCE)[0], **_versions(CLUSTER)[0]}
        if name == "postgresql":
            yield at(resource, "Family", says=f"There is no family {family}: the engine's name is postgres.")
        elif name == "aurora":
            if family != "aurora5.6":
                says = f"There is no family {family}: the engines are aurora-postgresql and aurora-mysql."
                yield at(resource, "Family", says=says)
        elif name in every:
            majors = {major(one, name) for one in every[name]}
            if family != f"{name}{number}" or number not in majors:
                known = ", ".join(f"{name}{one}" for one in sorted(majors, key=_order)[-4:])
                yield at(resource, "Family", says=f"There is no family {family}.", advice=f"Families are {known} …")


class LogExports(ResourceRule):
    """A log that the engine does not write."""

    id = "TAP1204"
    title = "The engine has no log of this name"
    description = "Each engine has its own logs to export; RDS refuses others."
    source = "RDS API, CreateDBCluster and CreateDBInstance: EnableCloudwatchLogsExports"
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each exported log of a known engine."""
        owner = cluster_of(world, resource) if resource.type == INSTANCE else None
        name = engine(resource) or (engine(owner) if owner else "")
        known = next((logs for key, logs in _LOG_EXPORTS.items() if name == key or name.startswith(f"{key}-")), None)
        if known is None:
            return
        for index, log in enumerate(items(resource.get("EnableCloudwatchLogsExports"))):
            if isinstance(log, str) and log not in known:
                says = f"{name} has no log “{log}” to export."
                yield at(resource, "EnableCloudwatchLogsExports", index, says=says, advice=f"It has {_list(known)}.")


class MemberEngine(ResourceRule):
    """A member of another engine than its cluster's."""

    id = "TAP1205"
    title = "An instance and its cluster have different engines or versions"
    description = "Members of a cluster run the cluster's engine in the cluster's version."
    source = "CloudFormation template reference, AWS::RDS::DBInstance: Engine, EngineVersion"
    types = (CLUSTER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each member of the cluster."""
        name, number = engine(resource), version(resource)
        for one in members(world, resource):
            own, own_number = engine(one), version(one)
            if own and name and own != name:
                yield at(
                    one, "Engine", says=f"The engine is {own}, but that of its cluster {resource.logical_id} is {name}."
                )
            if own_number and number and own_number != number and not number.startswith(f"{own_number}."):
                says = f"The version is {own_number}, but that of its cluster {resource.logical_id} is {number}."
                yield at(one, "EngineVersion", says=says)


class ParameterNames(ResourceRule):
    """A parameter that the engine does not have."""

    id = "TAP1206"
    title = "The engine has no parameter of this name"
    description = "RDS refuses a parameter group with a parameter that the family does not have."
    source = "Aurora user guide, “Amazon Aurora PostgreSQL parameters”, “Aurora MySQL configuration parameters”"
    types = ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each name that is no parameter, but nearly is one."""
        from tap.check.rules.database_parameters import nearest

        family = resource.get("Family")
        if not isinstance(family, str):
            return
        kind = "postgres" if "postgres" in family else "mysql" if "mysql" in family or "mariadb" in family else ""
        for name in fields(resource.get("Parameters")):
            meant = nearest(str(name), kind)
            if meant:
                says = f"{family} has no parameter {name}."
                yield at(resource, "Parameters", name, says=says, advice=f"It has {meant}.")


class MemberSettings(ResourceRule):
    """Settings that a member of an Aurora cluster does not have of its own."""

    id = "TAP1207"
    title = "The cluster has this setting, not its instances"
    description = (
        "Storage, backups, names and credentials belong to an Aurora cluster. RDS refuses them on a member, or "
        "CloudFormation leaves them out without a word."
    )
    severity = Severity.WARNING
    source = "CloudFormation template reference, AWS::RDS::DBInstance: “Amazon Aurora: Not applicable”"
    advice = "Set it on the cluster alone."
    types = (INSTANCE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each such property of a member."""
        owner = cluster_of(world, resource)
        name = engine(resource) or (engine(owner) if owner else "")
        if "DBClusterIdentifier" not in resource.properties or not name.startswith("aurora"):
            return
        for key in _OF_CLUSTER:
            value = resource.get(key)
            if value is not None and value is not False and shape(value) != "false":
                yield at(resource, key, says=f"{key} stands on a member of the cluster.")
        if owner is None:
            return
        for key in _TWICE:
            if resource.get(key) is not None and owner.get(key) is not None:
                says = f"{key} is set on the cluster {owner.logical_id} and again on its instance."
                yield at(resource, key, says=says)


_OF_CLUSTER = (
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "DBName",
    "EnableIAMDatabaseAuthentication",
    "Iops",
    "ManageMasterUserPassword",
    "MasterUserPassword",
    "MasterUsername",
    "MaxAllocatedStorage",
    "MultiAZ",
    "PreferredBackupWindow",
)
_TWICE = (
    "DatabaseInsightsMode",
    "EnablePerformanceInsights",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
)
"""Properties that cluster and instance both have: stated in both places, each update of one undoes the other."""


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
