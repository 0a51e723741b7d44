"""How each store is encrypted, and each hop. Pure.

What a type does when it is told nothing: S3 user guide, "Setting default server-side encryption behavior" (SSE-S3);
DynamoDB developer guide, "DynamoDB encryption at rest" (a key that AWS owns); CloudWatch Logs user guide, "Encrypt log
data"; SNS and SQS developer guides, "Data encryption"; Secrets Manager user guide, "Secret encryption and decryption"
(``aws/secretsmanager``); ECR user guide, "Encryption at rest" (AES-256); Backup developer guide, "Encryption for
backups"; EBS user guide, "Amazon EBS encryption" (off, unless the account says otherwise).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tap.check.evaluate import short
from tap.check.graph import balancing, delivery, iam
from tap.check.graph.databases import engine
from tap.check.graph.keys import key_of
from tap.check.model import Resource, World
from tap.check.values import Text, as_bool, fields, items, shape
from tap.report.section import Cell, Section, Table, about

OWN, MANAGED, NONE = "a key that the service owns", "the service's managed key", "not encrypted"


@dataclass(frozen=True)
class Store:
    """A store and what encrypts it. ``key`` is a key of the template, or what is said instead."""

    name: str
    kind: str
    by: str
    key: str = ""

    @property
    def good(self) -> bool:
        """Whether it is encrypted at all."""
        return self.by != NONE


@dataclass(frozen=True)
class Hop:
    """A way that data take, and how they are protected on it. ``good`` is None where that is not known."""

    name: str
    hop: str
    how: str
    good: bool | None


_KEYED: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "AWS::Backup::BackupVault": (("EncryptionKeyArn",), MANAGED, "recovery points"),
    "AWS::CloudTrail::Trail": (("KMSKeyId",), OWN, "trail"),
    "AWS::Logs::LogGroup": (("KmsKeyId",), OWN, "logs"),
    "AWS::SecretsManager::Secret": (("KmsKeyId",), MANAGED, "secret"),
    "AWS::SNS::Topic": (("KmsMasterKeyId",), NONE, "topic"),
    "AWS::Kinesis::Stream": (("StreamEncryption", "KeyId"), NONE, "stream"),
}
"""Types with one property for the key: the property, what happens without it, and what it is."""


def stores(world: World) -> Iterator[Store]:
    """Every store of the template, in its order."""
    for one in world.resources.values():
        found = _store(world, one)
        if found:
            yield found


def _store(world: World, one: Resource) -> Store | None:
    name = one.logical_id
    if one.type in _KEYED:
        steps, without, kind = _KEYED[one.type]
        return Store(name, kind, *_by(world, one.get(*steps), without))
    if one.type == delivery.BUCKET:
        for rule in items(one.get("BucketEncryption", "ServerSideEncryptionConfiguration")):
            own = fields(fields(rule).get("ServerSideEncryptionByDefault"))
            if str(own.get("SSEAlgorithm", "")).startswith("aws:kms"):
                return Store(name, "bucket", *_by(world, own.get("KMSMasterKeyID"), MANAGED))
        return Store(name, "bucket", OWN)
    if one.type in ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        if one.get("DBClusterIdentifier") is not None and one.type == "AWS::RDS::DBInstance":
            return None
        on = as_bool(one.get("StorageEncrypted"))
        if not on and one.get("KmsKeyId") is None:
            return Store(name, "database", NONE if on is False or one.get("StorageEncrypted") is None else "unknown")
        return Store(name, "database", *_by(world, one.get("KmsKeyId"), MANAGED))
    if one.type in ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
        on = as_bool(one.get("SSESpecification", "SSEEnabled"))
        key = one.get("SSESpecification", "KMSMasterKeyId")
        return Store(name, "table", *_by(world, key, MANAGED if on else OWN))
    if one.type == "AWS::SQS::Queue":
        on = as_bool(one.get("SqsManagedSseEnabled"))
        return Store(name, "queue", *_by(world, one.get("KmsMasterKeyId"), NONE if on is False else OWN))
    if one.type == "AWS::ECR::Repository":
        kms = one.get("EncryptionConfiguration", "EncryptionType") in ("KMS", "KMS_DSSE")
        return Store(name, "images", *_by(world, one.get("EncryptionConfiguration", "KmsKey"), MANAGED if kms else OWN))
    if one.type == "AWS::EFS::FileSystem":
        on = as_bool(one.get("Encrypted"))
        return Store(name, "files", *_by(world, one.get("KmsKeyId"), MANAGED if on else NONE))
    if one.type == "AWS::ElastiCache::ReplicationGroup":
        on = as_bool(one.get("AtRestEncryptionEnabled"))
        return Store(name, "cache", *_by(world, one.get("KmsKeyId"), OWN if on else NONE))
    if one.type == "AWS::SSM::Parameter":
        return Store(name, "parameter", NONE)  # CloudFormation makes no SecureString
    if one.type == "AWS::EC2::LaunchTemplate":
        disks = items(one.get("LaunchTemplateData", "BlockDeviceMappings"))
        told = [as_bool(fields(fields(disk).get("Ebs")).get("Encrypted")) for disk in disks]
        return Store(name, "disks of instances", MANAGED if told and all(told) else "as the account says")
    return None


def _by(world: World, value: object, without: str) -> tuple[str, str]:
    """What encrypts, and the key's name."""
    if value is None or value == "":
        return without, ""
    key = key_of(world, value)
    if key:
        return "a customer key", key.logical_id
    text = shape(value) if isinstance(value, str | Text) else short(value)
    return (MANAGED, text) if "alias/aws/" in text else ("a customer key", text)


def hops(world: World) -> Iterator[Hop]:
    """Every hop of which the template says how it is protected."""
    for one in world.of_type(delivery.DISTRIBUTION):
        yield from _distribution(one, world)
    for one in world.of_type("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"):
        yield Hop(one.logical_id, "client → API", "TLS: API Gateway takes nothing else", True)
    for one in world.of_type("AWS::ApiGateway::Method"):
        uri = one.get("Integration", "Uri")
        text = shape(uri) if isinstance(uri, str | Text) else ""
        if one.get("Integration", "ConnectionType") == "VPC_LINK" and text:
            tls = text.startswith("https:")
            yield Hop(one.logical_id, "API → load balancer", "TLS" if tls else "HTTP, inside the VPC by a link", tls)
    for one in world.of_type(balancing.LISTENER):
        yield _listener(one)
    for one in world.of_type(balancing.TARGET_GROUP):
        protocol = one.get("Protocol")
        if isinstance(protocol, str):
            tls = protocol in ("HTTPS", "TLS")
            yield Hop(one.logical_id, "load balancer → tasks", "TLS" if tls else f"{protocol}, inside the VPC", tls)
    for one in world.of_type("AWS::RDS::DBCluster"):
        yield _database(world, one)
    yield from _policies(world)


def _distribution(one: Resource, world: World) -> Iterator[Hop]:
    for behaviour in delivery.behaviours(one):
        policy = behaviour.body.get("ViewerProtocolPolicy")
        if isinstance(policy, str):
            how = {"redirect-to-https": "TLS; HTTP is redirected", "https-only": "TLS only"}.get(policy, "HTTP or TLS")
            yield Hop(one.logical_id, f"viewer → CloudFront, {behaviour.name}", how, policy != "allow-all")
    for origin in delivery.origins(one, world):
        policy = fields(origin.body.get("CustomOriginConfig")).get("OriginProtocolPolicy")
        where = f"CloudFront → {shape(origin.id) if isinstance(origin.id, str | Text) else 'origin'}"
        if origin.kind == "bucket":
            yield Hop(one.logical_id, where, "signed requests, TLS where the viewer's is", True)
        elif isinstance(policy, str):
            tls = policy == "https-only"
            how = "TLS only" if tls else "as the viewer's" if policy == "match-viewer" else "HTTP"
            yield Hop(one.logical_id, where, how, tls)


def _listener(one: Resource) -> Hop:
    protocol, policy = one.get("Protocol"), one.get("SslPolicy")
    if protocol in ("HTTPS", "TLS"):
        return Hop(one.logical_id, "client → load balancer", f"TLS, {short(policy or 'the default policy')}", True)
    kinds = {fields(action).get("Type") for action in items(one.get("DefaultActions"))}
    if kinds == {"redirect"}:
        return Hop(one.logical_id, "client → load balancer", "HTTP, redirected to TLS", True)
    return Hop(one.logical_id, "client → load balancer", short(protocol), False)


def _database(world: World, one: Resource) -> Hop:
    group = world.target(one.get("DBClusterParameterGroupName"), "AWS::RDS::DBClusterParameterGroup")
    name = "require_secure_transport" if "mysql" in engine(one) else "rds.force_ssl"
    value = group.get("Parameters", name) if group else None
    forced = value is not None and str(value).lower() in ("1", "on", "true")
    hop = "tasks → database"
    if forced:
        return Hop(one.logical_id, hop, f"TLS, forced by {name}", True)
    return Hop(one.logical_id, hop, "TLS where the client asks for it, and by the engine's default", None)


def _policies(world: World) -> Iterator[Hop]:
    for policy in iam.policies(world):
        if policy.kind != "resource":
            continue
        for statement in policy.statements:
            insecure = fields(statement.conditions.get("Bool")).get("aws:SecureTransport")
            if statement.effect == "Deny" and as_bool(insecure) is False:
                what = policy.resource.type.split("::")[1]
                yield Hop(policy.resource.logical_id, f"anybody → {what}", "TLS only: all else is denied", True)


def explain(world: World) -> Section:
    """The page: each store, each hop."""
    at_rest = tuple(
        (
            about(one.name),
            Cell(one.kind),
            Cell(one.by, tone="good" if one.key or one.good else "bad"),
            about(one.key) if one.key in world.resources else Cell(one.key or "–"),
        )
        for one in stores(world)
    )
    in_transit = tuple(
        (
            about(one.name),
            Cell(one.hop),
            Cell(one.how, tone={True: "good", False: "bad", None: ""}[one.good]),
        )
        for one in hops(world)
    )
    tables = (
        Table("At rest", ("store", "what", "encrypted with", "key"), at_rest),
        Table("On the way", ("where it is said", "hop", "how"), in_transit),
    )
    return Section(
        "encryption",
        "How data are encrypted",
        "Every store of the template, and every hop of which it says something.",
        tuple(table for table in tables if table.rows),
    )
