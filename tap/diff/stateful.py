"""What holds data, and the one decision about whether a change can lose it. Pure.

:func:`decide` is asked on every path: a resource is replaced, deleted (from the template or with its stack), loses its
deletion policy, or loses a protection. The change itself may come from two templates or from a change set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap.deploy.resolve import Unresolved
from tap.diff.model import DELETING, REPLACING, UNSURE, Action, Level, Risk
from tap.diff.protection import weakened

DELETE, RETAIN, SNAPSHOT, EXCEPT_ON_CREATE = "Delete", "Retain", "Snapshot", "RetainExceptOnCreate"
_STRENGTH = {DELETE: 0, SNAPSHOT: 1, EXCEPT_ON_CREATE: 2, RETAIN: 2}


@dataclass(frozen=True)
class Holding:
    """What a stateful type keeps. ``refuses``: why a deletion fails while it is full, where it does."""

    what: str
    refuses: str = ""


_FULL_BUCKET = "CloudFormation deletes a bucket only while it is empty"
_FULL_REPOSITORY = "a repository with images is deleted only with EmptyOnDelete"
_FULL_VAULT = "a vault with recovery points cannot be deleted"

STATEFUL: Mapping[str, Holding] = {
    # Relational and analytical databases
    "AWS::RDS::DBCluster": Holding("the cluster's databases"),
    "AWS::RDS::DBInstance": Holding("the instance's databases"),
    "AWS::RDS::GlobalCluster": Holding("the link between the regions' databases"),
    "AWS::DocDB::DBCluster": Holding("the cluster's documents"),
    "AWS::DocDBElastic::Cluster": Holding("the cluster's documents"),
    "AWS::Neptune::DBCluster": Holding("the cluster's graph"),
    "AWS::DSQL::Cluster": Holding("the cluster's databases"),
    "AWS::Redshift::Cluster": Holding("the warehouse's data"),
    "AWS::RedshiftServerless::Namespace": Holding("the warehouse's data"),
    "AWS::Lightsail::Database": Holding("the database"),
    # Tables, streams, queues
    "AWS::DynamoDB::Table": Holding("all items of the table"),
    "AWS::DynamoDB::GlobalTable": Holding("all items of the table, in every region"),
    "AWS::Cassandra::Keyspace": Holding("the keyspace's tables"),
    "AWS::Cassandra::Table": Holding("all rows of the table"),
    "AWS::Timestream::Database": Holding("the time series"),
    "AWS::Timestream::Table": Holding("the time series"),
    "AWS::Timestream::InfluxDBInstance": Holding("the time series"),
    "AWS::QLDB::Ledger": Holding("the ledger"),
    "AWS::SDB::Domain": Holding("all items of the domain"),
    "AWS::Kinesis::Stream": Holding("the records in the stream that are not read yet"),
    "AWS::KinesisVideo::Stream": Holding("the recorded video"),
    "AWS::SQS::Queue": Holding("the messages in the queue"),
    "AWS::MSK::Cluster": Holding("the brokers' topics"),
    "AWS::MSK::ServerlessCluster": Holding("the brokers' topics"),
    "AWS::AmazonMQ::Broker": Holding("the messages in the broker"),
    "AWS::Events::Archive": Holding("the archived events"),
    # Caches and search
    "AWS::ElastiCache::CacheCluster": Holding("what is cached, sessions among it where they live there"),
    "AWS::ElastiCache::ReplicationGroup": Holding("what is cached, sessions among it where they live there"),
    "AWS::ElastiCache::ServerlessCache": Holding("what is cached, sessions among it where they live there"),
    "AWS::MemoryDB::Cluster": Holding("the cluster's data"),
    "AWS::OpenSearchService::Domain": Holding("the domain's indexes"),
    "AWS::Elasticsearch::Domain": Holding("the domain's indexes"),
    "AWS::OpenSearchServerless::Collection": Holding("the collection's indexes"),
    "AWS::Kendra::Index": Holding("the index"),
    "AWS::S3Vectors::VectorBucket": Holding("the vectors", "a bucket with indexes cannot be deleted"),
    # Files and volumes
    "AWS::S3::Bucket": Holding("the bucket's objects", _FULL_BUCKET),
    "AWS::S3Express::DirectoryBucket": Holding("the bucket's objects", _FULL_BUCKET),
    "AWS::S3Outposts::Bucket": Holding("the bucket's objects", _FULL_BUCKET),
    "AWS::S3Tables::TableBucket": Holding("the bucket's tables", _FULL_BUCKET),
    "AWS::S3Tables::Table": Holding("all rows of the table"),
    "AWS::Lightsail::Bucket": Holding("the bucket's objects"),
    "AWS::Lightsail::Disk": Holding("the disk's files"),
    "AWS::EFS::FileSystem": Holding("all files"),
    "AWS::FSx::FileSystem": Holding("all files"),
    "AWS::FSx::Volume": Holding("all files of the volume"),
    "AWS::EC2::Volume": Holding("the volume's blocks"),
    # Not AWS::EC2::Instance: what it keeps is on volumes, and a new image replaces instances as a matter of course.
    "AWS::Lightsail::Instance": Holding("the instance's own disk"),
    "AWS::WorkSpaces::Workspace": Holding("the user's volume"),
    # Keys, secrets, settings, identities
    "AWS::KMS::Key": Holding("the key, and with it the use of everything encrypted under it"),
    "AWS::KMS::ReplicaKey": Holding("the key in this region, and the use of what is encrypted under it"),
    "AWS::CloudHSM::Cluster": Holding("the keys in the modules"),
    "AWS::SecretsManager::Secret": Holding("the secret's value and its versions"),
    "AWS::SSM::Parameter": Holding("the parameter's value, where somebody has changed it, and its history"),
    "AWS::ACMPCA::CertificateAuthority": Holding("the authority, and the trust in what it has signed"),
    "AWS::Cognito::UserPool": Holding("all users, who cannot be moved with their passwords"),
    "AWS::Cognito::IdentityPool": Holding("the users' identities"),
    "AWS::DirectoryService::MicrosoftAD": Holding("the directory's users and machines"),
    "AWS::DirectoryService::SimpleAD": Holding("the directory's users and machines"),
    "AWS::IdentityStore::Group": Holding("the group's members"),
    # Logs, metrics, audit, backups
    "AWS::Logs::LogGroup": Holding("the log events"),
    "AWS::Logs::LogStream": Holding("the log events of the stream"),
    "AWS::CloudTrail::EventDataStore": Holding("the recorded events"),
    "AWS::APS::Workspace": Holding("the metrics"),
    "AWS::Grafana::Workspace": Holding("the dashboards made by hand"),
    "AWS::Backup::BackupVault": Holding("the recovery points", _FULL_VAULT),
    "AWS::Backup::LogicallyAirGappedBackupVault": Holding("the recovery points", _FULL_VAULT),
    # Code, images, catalogues, models
    "AWS::ECR::Repository": Holding("the images", _FULL_REPOSITORY),
    "AWS::ECR::PublicRepository": Holding("the images", _FULL_REPOSITORY),
    "AWS::CodeCommit::Repository": Holding("the repository's history"),
    "AWS::CodeArtifact::Repository": Holding("the packages"),
    "AWS::CodeArtifact::Domain": Holding("the packages of all its repositories"),
    "AWS::Glue::Database": Holding("the catalogue's tables"),
    "AWS::Glue::Table": Holding("the catalogue's entry and its partitions"),
    "AWS::SageMaker::FeatureGroup": Holding("the features"),
    "AWS::SageMaker::NotebookInstance": Holding("the notebooks on its disk"),
    "AWS::SageMaker::Domain": Holding("the users' home directories"),
    "AWS::Bedrock::KnowledgeBase": Holding("what it has taken in"),
    "AWS::Rekognition::Collection": Holding("the faces"),
    "AWS::HealthLake::FHIRDatastore": Holding("the records"),
    "AWS::Connect::Instance": Holding("the contact centre's users, flows and numbers"),
    # Names and addresses that others know
    "AWS::Route53::HostedZone": Holding("its records, and the name servers that the domain points to"),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": Holding("the registered names"),
    "AWS::ServiceDiscovery::PublicDnsNamespace": Holding("the registered names"),
    "AWS::EC2::EIP": Holding("the address, which others may have allowed"),
    "AWS::GlobalAccelerator::Accelerator": Holding("the addresses, which others may have allowed"),
}
"""Types that hold what cannot be made again from a template."""

SNAPSHOTS = frozenset(
    {
        "AWS::DocDB::DBCluster",
        "AWS::EC2::Volume",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::Neptune::DBCluster",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
    }
)
"""Types that the policy ``Snapshot`` is for (CloudFormation template reference, "DeletionPolicy attribute")."""

_PROTECTION = ("DeletionProtection", "DeletionProtectionEnabled", "DisableApiTermination")


@dataclass(frozen=True)
class Fate:
    """What is about to happen to a resource: all that :func:`decide` wants to know.

    ``before`` and ``after`` are the resource as resolved (with ``Properties`` and policies), ``after`` empty when it
    goes. ``policy`` is what happens to the present one; CloudFormation's own word, or :func:`on_delete` or
    :func:`on_replace`.
    """

    type: str
    action: Action
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    policy: str = ""


def holding(type_name: str, properties: Mapping[str, Any]) -> Holding | None:
    """What a resource keeps; None for one that can be made again.

    An instance of an Aurora cluster keeps nothing: its cluster does (Aurora user guide, "Amazon Aurora DB clusters").
    """
    if type_name == "AWS::RDS::DBInstance" and "DBClusterIdentifier" in properties:
        return None
    return STATEFUL.get(type_name)


def on_delete(resource: Mapping[str, Any]) -> str:
    """What becomes of a resource that leaves the stack: its ``DeletionPolicy``, or CloudFormation's default.

    ``Snapshot`` is the default of RDS clusters, and of RDS instances outside of one (template reference, as above).
    """
    found = resource.get("DeletionPolicy")
    if found is not None:
        return str(found)
    type_name, properties = resource.get("Type"), resource.get("Properties") or {}
    if type_name == "AWS::RDS::DBCluster":
        return SNAPSHOT
    return SNAPSHOT if type_name == "AWS::RDS::DBInstance" and "DBClusterIdentifier" not in properties else DELETE


def on_replace(resource: Mapping[str, Any]) -> str:
    """What becomes of the old one of a resource that is replaced: its ``UpdateReplacePolicy``, or ``Delete``."""
    return str(resource.get("UpdateReplacePolicy") or DELETE)


def decide(fate: Fate) -> tuple[Risk, ...]:
    """Everything that a change puts at risk, worst first. The one place where that is decided."""
    kept = holding(fate.type, fate.before.get("Properties") or {})
    found = list(_going(fate, kept)) if kept and fate.before and fate.action in REPLACING | DELETING else []
    if fate.after and fate.before:
        found += _policies(fate, kept)
        found += weakened(fate.type, fate.before.get("Properties") or {}, fate.after.get("Properties") or {})
    return tuple(sorted(found, key=lambda risk: -risk.level))


def _going(fate: Fate, kept: Holding) -> Iterator[Risk]:
    """The present resource goes, or is left behind."""
    replaced = fate.action in REPLACING
    happens = "it is replaced" if replaced else "it is deleted"
    if fate.action in UNSURE:
        happens = happens.replace("is", "may be", 1)
    emptied = " The new one starts empty." if replaced else ""
    if _STRENGTH.get(fate.policy, 0) == _STRENGTH[RETAIN]:
        where = "outside the stack, in the old one" if replaced else "outside the stack, and nobody looks after it"
        yield Risk(Level.NOTE, f"{_upper(happens)}; {kept.what} stay {where}.{emptied}")
        return
    if fate.policy == SNAPSHOT and fate.type in SNAPSHOTS:
        yield Risk(
            Level.POSSIBLE,
            f"{_upper(happens)}; {kept.what} remain only in a snapshot, without what is written after it.{emptied}",
        )
        return
    hindrance = _hindrance(fate, kept)
    if hindrance:
        yield Risk(Level.POSSIBLE, f"{_upper(happens)}: {kept.what} would be lost, but {hindrance}.{emptied}")
    elif fate.action in UNSURE:
        yield Risk(Level.POSSIBLE, f"{_upper(happens)}, and {kept.what} would be lost.{emptied}")
    else:
        yield Risk(Level.LOSS, f"{_upper(happens)}, and {kept.what} are lost.{emptied}")


def _hindrance(fate: Fate, kept: Holding) -> str:
    """What makes CloudFormation fail to delete it."""
    present = fate.before.get("Properties") or {}
    for name in _PROTECTION:
        if str(present.get(name, "")).lower() in {"true", "active"}:
            return f"{name} is on, so that its deletion fails"
    if kept.refuses == _FULL_REPOSITORY and str(present.get("EmptyOnDelete", "")).lower() == "true":
        return ""
    return kept.refuses


def _policies(fate: Fate, kept: Holding | None) -> Iterator[Risk]:
    """Its policies get weaker."""
    if kept is None:
        return
    before, after = fate.before, fate.after
    for name, of, when in (
        ("DeletionPolicy", on_delete, "when it leaves the stack, or the stack is deleted"),
        ("UpdateReplacePolicy", on_replace, "when it is replaced"),
    ):
        first, last = of(before), of(after)
        if first == last:
            continue
        if _STRENGTH.get(last, -1) < 0 or isinstance(after.get(name), Unresolved):
            yield Risk(Level.POSSIBLE, f"{name} changes from {first} to {last}: what that is cannot be known here.")
        elif _STRENGTH[last] < _STRENGTH.get(first, 2):
            yield Risk(
                Level.POSSIBLE,
                f"{name} changes from {first} to {last}: from now on {kept.what} "
                f"{'remain only in a snapshot' if last == SNAPSHOT else 'are lost'} {when}.",
            )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
