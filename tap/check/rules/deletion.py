"""TAP18xx: what blocks a stack's deletion, or survives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.evaluate import resolve
from tap.check.graph.logs import attribute, writers
from tap.check.graph.order import before
from tap.check.graph.secrets import managed_secret
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at, beside
from tap.check.values import as_bool

_SNAPSHOTS = frozenset(
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
"""Types that can leave a snapshot (CloudFormation template reference, "DeletionPolicy attribute")."""

_HOLDS_DATA = _SNAPSHOTS | {
    "AWS::Backup::BackupVault",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::OpenSearchService::Domain",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::SQS::Queue",
}


def _policy(resource: Resource, attribute_name: str = "DeletionPolicy") -> Any:
    return resolve(resource.body.get(attribute_name), resource.scope)


class SnapshotOfNothing(Rule):
    """A snapshot of what cannot leave one."""

    id = "TAP1801"
    title = "The type leaves no snapshot"
    description = (
        "Only databases, caches and volumes can leave a snapshot; CloudFormation refuses the policy elsewhere."
    )
    source = "CloudFormation template reference, “DeletionPolicy attribute”"
    advice = "Use Retain."

    def check(self, world: World) -> Iterator[Found]:
        """Both policies of every resource."""
        for resource in world.resources.values():
            for name in ("DeletionPolicy", "UpdateReplacePolicy"):
                if _policy(resource, name) == "Snapshot" and resource.type not in _SNAPSHOTS:
                    yield beside(resource, name, says=f"{resource.type} leaves no snapshot.")


class ReplacedWithoutPolicy(Rule):
    """Data that outlives the stack, but not its own replacement."""

    id = "TAP1802"
    title = "The data is kept when the stack is deleted, but not when the resource is replaced"
    description = (
        "DeletionPolicy counts for a deletion alone. An update that replaces the resource deletes the old one by "
        "UpdateReplacePolicy, which is Delete where it is not stated."
    )
    severity = Severity.WARNING
    source = "CloudFormation template reference, “UpdateReplacePolicy attribute”"
    advice = "State UpdateReplacePolicy too."

    def check(self, world: World) -> Iterator[Found]:
        """What holds data and is kept."""
        for resource in world.resources.values():
            kept = _policy(resource) in ("Retain", "Snapshot", "RetainExceptOnCreate")
            if resource.type in _HOLDS_DATA and kept and "UpdateReplacePolicy" not in resource.body:
                says = f"DeletionPolicy is {_policy(resource)}, and there is no UpdateReplacePolicy."
                yield beside(resource, "DeletionPolicy", says=says)


class ProtectedAndDeleted(Rule):
    """Something that is to be deleted, and protected from it."""

    id = "TAP1803"
    title = "The resource is to be deleted with the stack, and is protected from deletion"
    description = "With the protection on, the deletion of the stack fails at this resource."
    severity = Severity.WARNING
    source = (
        "Aurora user guide, “Deletion protection”; ELB user guide, “Deletion protection”; DynamoDB, "
        "“Deletion protection”"
    )
    advice = "Take the protection off, or use DeletionPolicy: Retain."

    _PROTECTION = (
        ("AWS::RDS::DBCluster", "DeletionProtection"),
        ("AWS::RDS::DBInstance", "DeletionProtection"),
        ("AWS::DynamoDB::Table", "DeletionProtectionEnabled"),
        ("AWS::Cognito::UserPool", "DeletionProtection"),
        ("AWS::EC2::Instance", "DisableApiTermination"),
    )

    def check(self, world: World) -> Iterator[Found]:
        """What has a policy that says Delete, and a protection that is on."""
        for kind, key in self._PROTECTION:
            for one in world.of_type(kind):
                value = one.get(key)
                if _policy(one) == "Delete" and (as_bool(value) or value == "ACTIVE"):
                    yield at(one, key, says=f"DeletionPolicy is Delete, and {key} is on.")
        for one in world.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
            index, value = attribute(one, "deletion_protection.enabled")
            if _policy(one) == "Delete" and as_bool(value):
                where = ("LoadBalancerAttributes", index)
                yield at(one, *where, says="DeletionPolicy is Delete, and deletion_protection.enabled is true.")


_EMPTIERS = ("Custom::", "AWS::CloudFormation::CustomResource")


def _emptiers(world: World, resource: Resource) -> list[Resource]:
    """Custom resources that name a resource: they may empty it."""
    return [use.resource for use in world.uses(resource) if use.resource.type.startswith(_EMPTIERS)]


class NotEmptied(Rule):
    """A bucket or vault that is full when it is to be deleted."""

    id = "TAP1804"
    title = "What is to be deleted will not be empty, and nothing empties it"
    description = (
        "S3 deletes no bucket with objects in it, Backup no vault with recovery points: the deletion of the stack "
        "fails "
        "there."
    )
    severity = Severity.WARNING
    source = (
        "S3 user guide, “Deleting a bucket”; ECR user guide, “Deleting a private repository”; Backup, “Vault deletion”"
    )
    advice = "Empty it with the stack, by a custom resource, or use DeletionPolicy: Retain."

    def check(self, world: World) -> Iterator[Found]:
        """What says that it is deleted with the stack, and is filled by the stack."""
        if world.open:
            return
        filled = {one.bucket.logical_id: one.resource.logical_id for one in writers(world)}
        for bucket in world.of_type("AWS::S3::Bucket"):
            by = filled.get(bucket.logical_id)
            if by and _policy(bucket) == "Delete" and not _emptiers(world, bucket):
                says = f"DeletionPolicy is Delete, but {by} writes logs into it, and nothing empties it."
                yield beside(bucket, "DeletionPolicy", says=says)
        for vault in world.of_type("AWS::Backup::BackupVault"):
            plans = world.uses(vault, "AWS::Backup::BackupPlan")
            if _policy(vault) == "Delete" and plans and not _emptiers(world, vault):
                says = f"DeletionPolicy is Delete, but {plans[0].resource.logical_id} stores copies in it."
                yield beside(vault, "DeletionPolicy", says=says)


class ImagesStay(ResourceRule):
    """A repository that is full when it is to be deleted."""

    id = "TAP1810"
    title = "The repository is to be deleted with the stack, but not its images"
    description = (
        "ECR deletes no repository with images in it unless EmptyOnDelete says so: the stack's deletion fails."
    )
    severity = Severity.WARNING
    source = "ECR user guide, “Deleting a private repository”; template reference, AWS::ECR::Repository EmptyOnDelete"
    advice = "Set EmptyOnDelete: true, or use DeletionPolicy: Retain."
    types = ("AWS::ECR::Repository",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A repository whose policy says Delete."""
        empties = resource.get("EmptyOnDelete")
        stays_full = empties is None or as_bool(empties) is False
        if _policy(resource) == "Delete" and stays_full and not world.open and not _emptiers(world, resource):
            yield beside(resource, "DeletionPolicy", says="DeletionPolicy is Delete, but EmptyOnDelete is not true.")


class KeptOnWhatGoes(Rule):
    """A database that stays, on a subnet group that goes."""

    id = "TAP1805"
    title = "What stays still uses what is to be deleted"
    description = (
        "Subnet groups, parameter groups, security groups and subnets cannot be deleted while something uses them: the "
        "deletion of the stack fails at them, where the database or load balancer stays."
    )
    severity = Severity.NOTE
    source = (
        "CloudFormation user guide, “Delete stack fails”; RDS API, DeleteDBSubnetGroup: InvalidDBSubnetGroupStateFault"
    )
    advice = "Give what it uses DeletionPolicy: Retain too."

    _USERS = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
    _USED = frozenset(
        {
            "AWS::RDS::DBSubnetGroup",
            "AWS::RDS::DBClusterParameterGroup",
            "AWS::RDS::DBParameterGroup",
            "AWS::RDS::OptionGroup",
        }
    )

    def check(self, world: World) -> Iterator[Found]:
        """What a retained database uses and the stack would delete."""
        for user in world.of_type(*self._USERS):
            if _policy(user) != "Retain":
                continue
            for path, reference in user.references:
                used = world.resources.get(reference.logical_id)
                if used and used.type in self._USED and _policy(used) in (None, "Delete"):
                    says = f"It stays with the stack deleted, but {used.logical_id}, which it uses, does not."
                    yield at(user, *path, says=says)


class ManagedRotationGoes(ResourceRule):
    """A schedule of RDS's own secret that is deleted."""

    id = "TAP1806"
    title = "The rotation of RDS's own secret cannot be taken back"
    description = (
        "Deleting the schedule cancels the rotation of a secret that RDS owns; RDS does not let that be, and the "
        "deletion of the stack can fail."
    )
    severity = Severity.NOTE
    source = "Secrets Manager user guide, “AWS Secrets Manager secrets managed by other AWS services”"
    advice = "Give the schedule DeletionPolicy: Retain, or leave it out: RDS rotates every seven days."
    types = ("AWS::SecretsManager::RotationSchedule",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A schedule for the secret of a cluster or instance."""
        owner = managed_secret(resource.get("SecretId"))
        if owner and _policy(resource) in (None, "Delete"):
            yield at(resource, "SecretId", says=f"The secret is that of {owner}, which RDS owns.")


class EmptiedTooEarly(Rule):
    """A bucket that is filled again after it was emptied."""

    id = "TAP1807"
    title = "The bucket is emptied before its writers are gone"
    description = (
        "CloudFormation deletes in the reverse of the order in which it makes things. Who writes has to be made after "
        "what empties, so that it is gone before; else new logs come into the emptied bucket."
    )
    severity = Severity.WARNING
    source = "CloudFormation template reference, “DependsOn attribute”: deletion in reverse order"
    advice = "Let what writes depend on what empties."

    def check(self, world: World) -> Iterator[Found]:
        """The load balancers and trails that write to buckets with something that empties them."""
        seen = set()
        for writer in writers(world):
            if writer.kind not in ("application", "network", "trail"):
                continue
            names = [one for one in _emptiers(world, writer.bucket) if "mpt" in one.type]
            for emptier in names:
                key = (writer.resource.logical_id, emptier.logical_id)
                if key not in seen and emptier.logical_id not in before(world, writer.resource):
                    seen.add(key)
                    says = f"It is deleted after {emptier.logical_id} has emptied {writer.bucket.logical_id}."
                    yield at(writer.resource, *writer.path, says=says, advice=f"Add DependsOn: {emptier.logical_id}.")


class EmptierAfterBucket(Rule):
    """A bucket that needs what is to empty it."""

    id = "TAP1808"
    title = "The bucket waits for what is to empty it"
    description = (
        "What empties a bucket has to be deleted before the bucket, so it is made after it: it refers to the bucket, "
        "not the other way round."
    )
    severity = Severity.WARNING
    source = "CloudFormation template reference, “DependsOn attribute”; user guide, “Custom resources”"
    advice = "Turn the dependency round."

    def check(self, world: World) -> Iterator[Found]:
        """Buckets that depend on a custom resource that says that it empties."""
        for bucket in world.of_type("AWS::S3::Bucket"):
            for logical_id in bucket.depends_on:
                one = world.resources.get(logical_id)
                if one and one.type.startswith("Custom::") and "mpt" in one.type:
                    says = f"The bucket depends on {logical_id}: that goes after the bucket, not before."
                    yield beside(bucket, "DependsOn", says=says)


class RetainedInService(ResourceRule):
    """A role that the account's API logs need, and that goes with the stack."""

    id = "TAP1809"
    title = "The account's setting for API logs loses its role with this stack"
    description = (
        "There is one role for the logs of all APIs of an account and region. Where the setting stays and its "
        "role goes, "
        "or the other way round, no API of the account writes logs any more."
    )
    severity = Severity.WARNING
    source = "API Gateway developer guide, “Set up CloudWatch logging for REST APIs in API Gateway”"
    advice = "Give both DeletionPolicy: Retain, or neither."
    types = ("AWS::ApiGateway::Account",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A setting that stays, with a role that goes."""
        role = world.target(resource.get("CloudWatchRoleArn"), "AWS::IAM::Role")
        if role and _policy(resource) == "Retain" and _policy(role) in (None, "Delete"):
            says = f"It stays with the stack deleted, but its role {role.logical_id} does not."
            yield at(resource, "CloudWatchRoleArn", says=says)
