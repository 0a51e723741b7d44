"""TAP122x: capacity, insights, monitoring, windows, credentials and storage of databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.databases import CLUSTER, INSTANCE, cluster_of, engine, members, serverless, version
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Unknown, as_bool, as_int, as_number, fields

_LEAST_PAUSE, _MOST_PAUSE = 300, 86_400
_INTERVALS = (0, 1, 5, 10, 15, 30, 60)
_CERTIFICATES = ("rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")
_RESERVED = {
    "postgres": {"admin", "rdsadmin", "rds_superuser", "rdsrepladmin", "rdstopmgr", "rds_replication", "postgres_fdw"},
    "mysql": {"rdsadmin", "rdsrepladmin"},
}


def _states(value: Any) -> bool:
    """Whether something is stated, known or not."""
    return value is not None


class Capacity(ResourceRule):
    """Capacities that Aurora Serverless v2 does not have."""

    id = "TAP1220"
    title = "The serverless capacity is out of range"
    description = (
        "Capacities of Aurora Serverless v2 go in half units from 0.5 to 256, the minimum also 0; the maximum is at "
        "least 1 and not below the minimum. A pause comes after 300 to 86,400 seconds."
    )
    source = "RDS API, ServerlessV2ScalingConfiguration"
    types = (CLUSTER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Minimum, maximum and pause of a cluster."""
        place = "ServerlessV2ScalingConfiguration"
        own = fields(resource.get(place))
        low, high = as_number(own.get("MinCapacity")), as_number(own.get("MaxCapacity"))
        for key, number in (("MinCapacity", low), ("MaxCapacity", high)):
            if number is None:
                continue
            least = 0.0 if key == "MinCapacity" else 1.0
            if number < least or number > 256 or (0 < number < 0.5):
                says = f"{key} is {number:g}: it goes from {least:g} to 256."
                yield at(resource, place, key, says=says)
            elif number * 2 != int(number * 2):
                yield at(resource, place, key, says=f"{key} is {number:g}: capacities go in half units.")
        if low is not None and high is not None and low > high:
            yield at(resource, place, "MinCapacity", says=f"MinCapacity {low:g} is above MaxCapacity {high:g}.")
        pause = as_number(own.get("SecondsUntilAutoPause"))
        if pause is not None and not _LEAST_PAUSE <= pause <= _MOST_PAUSE:
            says = f"SecondsUntilAutoPause is {pause:g}: it goes from 300 to 86400."
            yield at(resource, place, "SecondsUntilAutoPause", says=says)
        if own and not isinstance(resource.get(place), Unknown):
            for key in ("MinCapacity", "MaxCapacity"):
                if key not in own:
                    yield at(resource, place, says=f"{key} is missing: a new cluster needs both capacities.")


class Pause(ResourceRule):
    """A database that is to pause and never can."""

    id = "TAP1221"
    title = "The database can never pause"
    description = "Only a minimum of 0 units lets a cluster pause, and only engine versions from some minor on."
    severity = Severity.WARNING
    source = "Aurora user guide, “Scaling to zero ACUs with automatic pause and resume for Aurora Serverless v2”"
    advice = "Set MinCapacity to 0, with an engine version that can pause; or leave SecondsUntilAutoPause out."
    types = (CLUSTER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A cluster that says after how long it pauses, or that has a minimum of 0."""
        place = "ServerlessV2ScalingConfiguration"
        own = fields(resource.get(place))
        low = as_number(own.get("MinCapacity"))
        if _states(own.get("SecondsUntilAutoPause")) and low is not None and low > 0:
            says = f"The cluster is to pause, but its MinCapacity is {low:g}."
            yield at(resource, place, "SecondsUntilAutoPause", says=says)
        if low == 0 and not _pauses(engine(resource), version(resource)):
            says = f"MinCapacity is 0, but {engine(resource)} {version(resource)} cannot pause."
            yield at(resource, place, "MinCapacity", says=says)


def _pauses(name: str, number: str) -> bool:
    """Whether a version can pause; an unknown one may. The guide names 16.3, 15.7, 14.12, 13.15 and 3.08.0."""
    if name == "aurora-postgresql":
        match = re.match(r"(\d+)\.(\d+)", number)
        least = {"13": 15, "14": 12, "15": 7, "16": 3}
        return not match or int(match[1]) > 16 or (match[1] in least and int(match[2]) >= least[match[1]])
    if name == "aurora-mysql":
        match = re.search(r"mysql_aurora\.(\d+)\.(\d+)", number)
        return not match or int(match[1]) > 3 or (match[1] == "3" and int(match[2]) >= 8)
    return True


class ServerlessClass(ResourceRule):
    """Serverless instances without capacities, or capacities that no instance uses."""

    id = "TAP1222"
    title = "Instance class and serverless configuration do not fit"
    description = (
        "Instances of class db.serverless need capacities on their cluster, and the capacities say nothing about "
        "instances of other classes."
    )
    source = "Aurora user guide, “Creating a DB cluster that uses Aurora Serverless v2”"
    types = (CLUSTER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The instances of a cluster."""
        own = members(world, resource)
        classes = [one.get("DBInstanceClass") for one in own]
        if isinstance(resource.get("ServerlessV2ScalingConfiguration"), Unknown):
            return
        if not serverless(resource):
            if any(key in resource.properties for key in ("SnapshotIdentifier", "ScalingConfiguration")):
                return
            for one, kind in zip(own, classes, strict=True):
                if kind == "db.serverless":
                    says = f"The class is db.serverless, but {resource.logical_id} states no serverless capacities."
                    yield at(one, "DBInstanceClass", says=says)
        elif own and all(isinstance(kind, str) and kind != "db.serverless" for kind in classes):
            if world.open or resource.logical_id in world.told_outside:
                return
            says = f"No instance of the cluster is db.serverless ({own[0].logical_id} is {classes[0]})."
            advice = "Make the instances db.serverless, or leave the configuration out."
            yield at(resource, "ServerlessV2ScalingConfiguration", says=says, advice=advice)


class Insights(ResourceRule):
    """Database Insights and Performance Insights in a combination that is refused."""

    id = "TAP1223"
    title = "The insights settings do not go together"
    description = (
        "The advanced mode of Database Insights needs Performance Insights with a retention of 465 days. Retention is "
        "7, a multiple of 31 up to 713, 465 or 731 days, and is stated only where Performance Insights is on."
    )
    source = "RDS API, CreateDBCluster: DatabaseInsightsMode, PerformanceInsightsRetentionPeriod"
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The settings of a cluster or an instance."""
        switch = "PerformanceInsightsEnabled" if resource.type == CLUSTER else "EnablePerformanceInsights"
        mode, enabled = resource.get("DatabaseInsightsMode"), resource.get(switch)
        days = resource.get("PerformanceInsightsRetentionPeriod")
        number = as_int(days)
        if number is not None and number not in (7, 465, 731) and not (number % 31 == 0 and 31 <= number <= 713):
            says = f"The retention is {number} days: 7, 465, 731 or a multiple of 31."
            yield at(resource, "PerformanceInsightsRetentionPeriod", says=says)
        if isinstance(mode, str) and mode not in ("standard", "advanced"):
            yield at(resource, "DatabaseInsightsMode", says=f"There is no mode {mode}: standard or advanced.")
        if resource.type == INSTANCE and "DBClusterIdentifier" in resource.properties and mode is None:
            return
        if mode == "advanced":
            if enabled is None or as_bool(enabled) is False:
                says = f"The advanced mode needs {switch}: true."
                yield at(resource, "DatabaseInsightsMode", says=says)
            elif days is None or (number is not None and number != 465):
                told = "no retention is stated" if days is None else f"the retention is {number} days"
                yield at(resource, "DatabaseInsightsMode", says=f"The advanced mode needs 465 days, but {told}.")
        elif as_bool(enabled) is False and number is not None:
            says = f"A retention is stated, but {switch} is false."
            yield at(resource, "PerformanceInsightsRetentionPeriod", says=says)


class Monitoring(ResourceRule):
    """Enhanced Monitoring without its role, or the role without an interval."""

    id = "TAP1224"
    title = "Enhanced Monitoring needs an interval and a role"
    description = "With an interval above 0 RDS needs a role to write with; with a role, an interval above 0."
    source = "RDS API, CreateDBInstance: MonitoringInterval, MonitoringRoleArn"
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Interval and role."""
        interval = as_int(resource.get("MonitoringInterval"))
        role = resource.get("MonitoringRoleArn")
        if interval is not None and interval not in _INTERVALS:
            yield at(resource, "MonitoringInterval", says=f"The interval is {interval} s: one of {_INTERVALS}.")
        elif interval and role is None:
            yield at(
                resource, "MonitoringInterval", says=f"The interval is {interval} s, but there is no MonitoringRoleArn."
            )
        elif role is not None and (interval == 0 or resource.get("MonitoringInterval") is None):
            if resource.type == INSTANCE and cluster_of(world, resource):
                return
            yield at(resource, "MonitoringRoleArn", says="There is a role, but no MonitoringInterval above 0.")


class Certificate(ResourceRule):
    """A certificate authority that RDS does not have (any more)."""

    id = "TAP1225"
    title = "The certificate authority does not exist"
    description = "The authorities of 2015 and 2019 have expired; those of today end in g1."
    source = "Aurora user guide, “Using SSL/TLS to encrypt a connection to a DB cluster”: certificate authorities"
    advice = f"Use one of {', '.join(_CERTIFICATES)}."
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The authority of an instance, or of a cluster's."""
        for key in ("CACertificateIdentifier", "DBClusterCACertificateIdentifier"):
            value = resource.get(key)
            if isinstance(value, str) and value not in _CERTIFICATES:
                yield at(resource, key, says=f"RDS has no certificate authority {value}.")


class Credentials(ResourceRule):
    """A master user that cannot be made as stated."""

    id = "TAP1226"
    title = "The master user's credentials cannot be made so"
    description = (
        "RDS makes the master's password itself (ManageMasterUserPassword) or takes one (MasterUserPassword): one of "
        'both, and some names are reserved. Passwords have at least 8 characters, without / @ " and spaces.'
    )
    source = (
        "RDS API, CreateDBCluster and CreateDBInstance: MasterUsername, MasterUserPassword, ManageMasterUserPassword"
    )
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """User, password and who makes it."""
        password, managed = resource.get("MasterUserPassword"), as_bool(resource.get("ManageMasterUserPassword"))
        authentication = resource.get("MasterUserAuthenticationType")
        if managed and password is not None:
            says = "ManageMasterUserPassword is true, and there is a MasterUserPassword too."
            yield at(resource, "MasterUserPassword", says=says, advice="Leave one of them out.")
        if authentication == "iam-db-auth" and (password is not None or managed):
            key = "MasterUserPassword" if password is not None else "ManageMasterUserPassword"
            yield at(resource, key, says="The master user signs in by IAM, and has no password.")
        if (
            _states(resource.get("MasterUserSecret"))
            and not managed
            and not isinstance(resource.get("ManageMasterUserPassword"), Unknown)
        ):
            yield at(resource, "MasterUserSecret", says="MasterUserSecret needs ManageMasterUserPassword: true.")
        if isinstance(password, str) and password:
            if len(password) < 8:
                yield at(resource, "MasterUserPassword", says="The password has fewer than 8 characters.")
            elif set(password) & set('/@" '):
                yield at(resource, "MasterUserPassword", says='The password has a character of / @ " or a space in it.')
        user, name = resource.get("MasterUsername"), engine(resource)
        if isinstance(user, str) and user:
            kind = "postgres" if "postgres" in name else "mysql" if name else ""
            if user.lower() in _RESERVED.get(kind, ()):
                yield at(resource, "MasterUsername", says=f"“{user}” is reserved by {name}.")
            elif not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", user) and "${" not in user:
                says = f"“{user}” is no user name: a letter, then letters, digits and underscores."
                yield at(resource, "MasterUsername", says=says)
        fresh = not any(
            key in resource.properties
            for key in (
                "SnapshotIdentifier",
                "DBSnapshotIdentifier",
                "SourceDBClusterIdentifier",
                "SourceDBInstanceIdentifier",
                "DBClusterIdentifier",
                "ReplicationSourceIdentifier",
                "GlobalClusterIdentifier",
                "SourceDbiResourceId",
                "DBClusterSnapshotIdentifier",
                "RestoreToTime",
                "UseLatestRestorableTime",
            )
        )
        if fresh and name and user is None:
            yield at(resource, says="A new database needs a MasterUsername.")
        keys = {"MasterUserPassword", "ManageMasterUserPassword", "MasterUserAuthenticationType"}
        if fresh and name and user is not None and not keys & set(resource.properties):
            yield at(resource, says="A new database needs ManageMasterUserPassword or a MasterUserPassword.")


class StorageKey(ResourceRule):
    """A key for storage that is not encrypted."""

    id = "TAP1227"
    title = "A key is given, but the storage is not encrypted"
    description = "KmsKeyId encrypts storage only where StorageEncrypted is true; RDS refuses it elsewhere."
    source = "CloudFormation template reference, AWS::RDS::DBCluster: KmsKeyId"
    advice = "Set StorageEncrypted to true."
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A key without encryption."""
        if resource.get("KmsKeyId") is None:
            return
        if any(
            key in resource.properties for key in ("SnapshotIdentifier", "DBSnapshotIdentifier", "DBClusterIdentifier")
        ):
            return
        if "SourceDBInstanceIdentifier" in resource.properties or "SourceDBClusterIdentifier" in resource.properties:
            return
        encrypted = resource.get("StorageEncrypted")
        if encrypted is None or as_bool(encrypted) is False:
            yield at(resource, "KmsKeyId", says="There is a KmsKeyId, but StorageEncrypted is not true.")


class Numbers(ResourceRule):
    """Numbers and names that RDS does not take."""

    id = "TAP1228"
    title = "RDS does not take this value"
    description = "Backups of Aurora are kept for 1 to 35 days, promotion tiers go from 0 to 15, names are plain."
    source = "RDS API, CreateDBCluster, CreateDBInstance"
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Retention, tier, database name, storage type and port."""
        name = engine(resource)
        least = 1 if resource.type == CLUSTER else 0
        days = as_number(resource.get("BackupRetentionPeriod"))
        if days is not None and not least <= days <= 35:
            yield at(resource, "BackupRetentionPeriod", says=f"Backups are kept {least} to 35 days, not {days:g}.")
        tier = as_number(resource.get("PromotionTier"))
        if tier is not None and not 0 <= tier <= 15:
            yield at(resource, "PromotionTier", says=f"Promotion tiers go from 0 to 15, not {tier:g}.")
        key = "DatabaseName" if resource.type == CLUSTER else "DBName"
        database = resource.get(key)
        plain = any(part in name for part in ("postgres", "mysql", "mariadb"))
        if (
            plain
            and isinstance(database, str)
            and database
            and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", database)
        ):
            says = f"“{database}” is no database name: a letter, then letters, digits and underscores."
            yield at(resource, key, says=says)
        storage = resource.get("StorageType")
        if name.startswith("aurora-") and isinstance(storage, str) and storage not in ("aurora", "aurora-iopt1"):
            says = f"Aurora has no storage type {storage}: aurora or aurora-iopt1."
            yield at(resource, "StorageType", says=says)
        port = as_number(resource.get("Port"))
        if port is not None and not 1150 <= port <= 65535:
            yield at(resource, "Port", says=f"Ports of databases go from 1150 to 65535, not {port:g}.")
        if as_int(resource.get("BacktrackWindow")) and name == "aurora-postgresql":
            yield at(resource, "BacktrackWindow", says="Aurora PostgreSQL cannot go back in time.")
