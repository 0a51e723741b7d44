"""The table of protections that a resource's own properties switch, and when one has become weaker. Pure.

Each line says which property of which types, what counts as weaker, what its absence means, and what may be lost then.
Defaults are those of the CloudFormation template reference, per type.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tap.diff.model import Level

_ON = frozenset({"true", "enabled", "active", "on", "1"})


@dataclass(frozen=True)
class Guard:
    """A property that protects data.

    ``path`` may hold ``*`` (any item). ``weaker`` compares two values of it; ``default`` is what its absence means.
    """

    types: frozenset[str]
    path: tuple[str, ...]
    weaker: Callable[[Any, Any], bool]
    default: Any
    level: Level
    sentence: str


def _turned_off(before: Any, after: Any) -> bool:
    return _on(before) and not _on(after)


def _turned_on(before: Any, after: Any) -> bool:
    return not _on(before) and _on(after)


def _on(value: Any) -> bool:
    return str(value).lower() in _ON


def _shorter(before: Any, after: Any) -> bool:
    return _number(after) < _number(before)


def _appears(before: Any, after: Any) -> bool:
    return bool(after) and before != after


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.inf


def _guard(
    types: str, path: str, weaker: Callable[[Any, Any], bool], default: Any, level: Level, sentence: str
) -> Guard:
    names = frozenset(f"AWS::{name}" for name in types.split())
    return Guard(names, tuple(path.split(".")), weaker, default, level, sentence)


_P, _L = Level.POSSIBLE, Level.LOSS
_OFF = "turned off. Nothing but a deletion policy keeps it from being deleted then"

GUARDS: tuple[Guard, ...] = (
    # Protection against deletion
    _guard(
        "RDS::DBCluster RDS::DBInstance RDS::GlobalCluster DocDB::DBCluster Neptune::DBCluster Cognito::UserPool "
        "QLDB::Ledger",
        "DeletionProtection",
        _turned_off,
        False,
        _P,
        f"{_OFF}.",
    ),
    _guard("DynamoDB::Table", "DeletionProtectionEnabled", _turned_off, False, _P, f"{_OFF}."),
    _guard("DSQL::Cluster", "DeletionProtectionEnabled", _turned_off, True, _P, f"{_OFF}."),
    _guard("DynamoDB::GlobalTable", "Replicas.*.DeletionProtectionEnabled", _turned_off, False, _P, f"{_OFF}."),
    _guard("EC2::Instance", "DisableApiTermination", _turned_off, False, _P, f"{_OFF}."),
    _guard("CloudTrail::EventDataStore", "TerminationProtectionEnabled", _turned_off, True, _P, f"{_OFF}."),
    _guard(
        "EFS::FileSystem", "FileSystemProtection.ReplicationOverwriteProtection", _turned_off, "ENABLED", _P, f"{_OFF}."
    ),
    _guard(
        "ECR::Repository",
        "EmptyOnDelete",
        _turned_on,
        False,
        _P,
        "turned on: from now on a deletion takes its images along, where it failed before.",
    ),
    # Versions and recovery to a moment
    _guard(
        "S3::Bucket",
        "VersioningConfiguration.Status",
        _turned_off,
        "Suspended",
        _P,
        "{before} → {after}: what is overwritten or deleted from now on cannot be brought back.",
    ),
    _guard(
        "DynamoDB::Table",
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
        _turned_off,
        False,
        _L,
        "turned off: the backups of the last days are deleted at once.",
    ),
    _guard(
        "DynamoDB::GlobalTable",
        "Replicas.*.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
        _turned_off,
        False,
        _L,
        "turned off: the backups of the last days are deleted at once.",
    ),
    _guard(
        "DynamoDB::Table",
        "PointInTimeRecoverySpecification.RecoveryPeriodInDays",
        _shorter,
        35,
        _L,
        "{before} → {after} days: what lies further back can no longer be restored.",
    ),
    # Backups
    _guard(
        "RDS::DBCluster RDS::DBInstance DocDB::DBCluster Neptune::DBCluster",
        "BackupRetentionPeriod",
        _shorter,
        1,
        _L,
        "{before} → {after} days: older automated backups are deleted.",
    ),
    _guard(
        "RDS::DBInstance RDS::DBCluster",
        "DeleteAutomatedBackups",
        _turned_on,
        True,
        _P,
        "turned on: from now on the automated backups go with the database.",
    ),
    _guard(
        "Redshift::Cluster",
        "AutomatedSnapshotRetentionPeriod",
        _shorter,
        1,
        _L,
        "{before} → {after} days: older snapshots are deleted.",
    ),
    _guard(
        "ElastiCache::CacheCluster ElastiCache::ReplicationGroup ElastiCache::ServerlessCache MemoryDB::Cluster",
        "SnapshotRetentionLimit",
        _shorter,
        0,
        _L,
        "{before} → {after} days: older snapshots are deleted.",
    ),
    _guard(
        "EFS::FileSystem",
        "BackupPolicy.Status",
        _turned_off,
        "DISABLED",
        _P,
        "{before} → {after}: the files are no longer backed up.",
    ),
    _guard(
        "Backup::BackupPlan",
        "BackupPlan.BackupPlanRule.*.Lifecycle.DeleteAfterDays",
        _shorter,
        math.inf,
        _P,
        "{before} → {after} days: recovery points made from now on are deleted sooner.",
    ),
    _guard(
        "Backup::BackupVault",
        "LockConfiguration.MinRetentionDays",
        _shorter,
        0,
        _P,
        "{before} → {after} days: the vault lets recovery points be deleted sooner.",
    ),
    # Retention
    _guard(
        "Logs::LogGroup",
        "RetentionInDays",
        _shorter,
        math.inf,
        _L,
        "{before} → {after} days: older log events are deleted.",
    ),
    _guard(
        "CloudTrail::EventDataStore",
        "RetentionPeriod",
        _shorter,
        2557,
        _L,
        "{before} → {after} days: older events are deleted.",
    ),
    _guard(
        "Kinesis::Stream",
        "RetentionPeriodHours",
        _shorter,
        24,
        _L,
        "{before} → {after} hours: older records are dropped, read or not.",
    ),
    _guard(
        "SQS::Queue",
        "MessageRetentionPeriod",
        _shorter,
        345600,
        _P,
        "{before} → {after} seconds: messages that wait longer are dropped.",
    ),
    _guard(
        "Events::Archive",
        "RetentionDays",
        _shorter,
        math.inf,
        _L,
        "{before} → {after} days: older events are deleted.",
    ),
    _guard("Timestream::Table", "RetentionProperties", _appears, None, _P, "changes: what is older is deleted."),
    # Rules that delete
    _guard(
        "S3::Bucket",
        "LifecycleConfiguration.Rules.*.ExpirationInDays",
        _shorter,
        math.inf,
        _P,
        "{before} → {after} days: objects that are older are deleted.",
    ),
    _guard(
        "S3::Bucket",
        "LifecycleConfiguration.Rules.*.ExpirationDate",
        _appears,
        None,
        _P,
        "{before} → {after}: objects are deleted on that day.",
    ),
    _guard(
        "S3::Bucket",
        "LifecycleConfiguration.Rules.*.NoncurrentVersionExpiration.NoncurrentDays",
        _shorter,
        math.inf,
        _P,
        "{before} → {after} days: older versions that are not current are deleted.",
    ),
    _guard(
        "ECR::Repository", "LifecyclePolicy", _appears, None, _P, "changes: images that its rules match are deleted."
    ),
    _guard(
        "DynamoDB::Table DynamoDB::GlobalTable",
        "TimeToLiveSpecification.Enabled",
        _turned_on,
        False,
        _P,
        "turned on: items whose time has passed are deleted.",
    ),
    _guard(
        "DynamoDB::Table DynamoDB::GlobalTable",
        "TimeToLiveSpecification.AttributeName",
        _appears,
        None,
        _P,
        "{before} → {after}: items are deleted by that attribute.",
    ),
    # Keys
    _guard(
        "KMS::Key KMS::ReplicaKey",
        "PendingWindowInDays",
        _shorter,
        30,
        _P,
        "{before} → {after} days: less time to call off a deletion of the key.",
    ),
    _guard(
        "KMS::Key KMS::ReplicaKey",
        "Enabled",
        _turned_off,
        True,
        _P,
        "turned off: what is encrypted under the key cannot be read while it is.",
    ),
    _guard(
        "SecretsManager::Secret",
        "GenerateSecretString",
        _appears,
        None,
        _P,
        "changes: the secret gets a new random value; what uses the old one keeps it until told.",
    ),
)
