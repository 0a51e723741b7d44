"""TAP131x: buckets for logs, and whether those who write the logs can."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.iam import statements
from tap.check.graph.logs import (
    BALANCER,
    BUCKET,
    Writer,
    attribute,
    bucket_policies,
    bucket_statements,
    lets_write,
    writers,
)
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, Severity, at
from tap.check.values import Text, as_bool, fields, items

_REFUSES = ("application", "network", "trail")
"""Writers that test the bucket when the logs are turned on: without permission the deployment fails."""


def _fault(world: World, writer: Writer) -> str:
    """Why a writer cannot write by the bucket's policies; empty where it can, or where that cannot be told."""
    told = bucket_statements(world, writer.bucket)
    if told is None:
        return ""
    service = f"{writer.service}.amazonaws.com"
    if any(lets_write(one, writer) for one in told):
        return ""
    if not bucket_policies(world, writer.bucket):
        return f"{writer.bucket.logical_id} has no policy that lets {service} write"
    named = any(service in one.services() for one in told)
    prefix = f" below {writer.prefix.strip('/')}/AWSLogs/" if writer.prefix else ""
    where = prefix if named else ""
    return f"The policy of {writer.bucket.logical_id} does not let {service} put objects{where}"


class WriterShutOut(Rule):
    """A log whose bucket refuses it when it is turned on."""

    id = "TAP1310"
    title = "The bucket's policy does not let the logs in"
    description = (
        "Load balancers and trails write to the bucket when their logs are turned on; without a statement for "
        "them, for "
        "the path that they write to, this fails. Load balancers write to PREFIX/AWSLogs/ACCOUNT/."
    )
    source = (
        "Elastic Load Balancing user guide, “Enable access logs”; CloudTrail user guide, “S3 bucket "
        "policy for CloudTrail”"
    )
    advice = "Allow s3:PutObject on BUCKET/PREFIX/AWSLogs/ACCOUNT/* to the service."

    def check(self, world: World) -> Iterator[Found]:
        """Load balancers and trails that write to buckets of the template."""
        for writer in writers(world):
            wrong = _fault(world, writer) if writer.kind in _REFUSES else ""
            if wrong:
                yield at(writer.resource, *writer.path, says=f"{wrong}.")


class DeliveryShutOut(Rule):
    """A log that never arrives."""

    id = "TAP1311"
    title = "The bucket's policy leaves out who delivers the logs"
    description = (
        "Logs that CloudWatch Logs delivers come from delivery.logs.amazonaws.com, access logs of a bucket from "
        "logging.s3.amazonaws.com. A bucket's policy that names others and not them keeps the logs away."
    )
    severity = Severity.WARNING
    source = (
        "CloudWatch Logs user guide, “Logs sent to Amazon S3”; S3 user guide, “Enabling Amazon S3 "
        "server access logging”"
    )
    advice = "Allow s3:PutObject to the service."

    def check(self, world: World) -> Iterator[Found]:
        """What is delivered to a bucket that has a policy in the template."""
        for writer in writers(world):
            if writer.kind in _REFUSES:
                continue
            told = bucket_statements(world, writer.bucket)
            if writer.kind == "delivery" and not any(one.allows for one in told or ()):
                continue  # CloudWatch Logs adds its own statement where there is no policy.
            if writer.kind == "bucket" and writer.bucket.get("AccessControl") == "LogDeliveryWrite":
                continue
            if writer.kind == "bucket" and writer.bucket is writer.resource:
                continue
            wrong = _fault(world, writer)
            if wrong:
                yield at(writer.resource, *writer.path, says=f"{wrong}.")


class WriterBeforePolicy(Rule):
    """Logs that are turned on before the bucket lets them in."""

    id = "TAP1312"
    title = "The logs are turned on before the bucket's policy is there"
    description = (
        "Nothing makes CloudFormation make the policy first: the load balancer or trail refers to the bucket "
        "alone, and "
        "is refused whenever it comes before the policy."
    )
    source = "CloudFormation template reference, “DependsOn attribute”; ELB user guide, “Enable access logs”"

    def check(self, world: World) -> Iterator[Found]:
        """Load balancers and trails whose bucket's policy is in the template."""
        seen = set()
        for writer in writers(world):
            if writer.kind not in _REFUSES or _fault(world, writer):
                continue
            for policy in bucket_policies(world, writer.bucket):
                told = statements(policy.get("PolicyDocument")) or ()
                lets = any(lets_write(one, writer) for one in told)
                key = (writer.resource.logical_id, policy.logical_id)
                if lets and key not in seen and policy.logical_id not in before(world, writer.resource):
                    seen.add(key)
                    says = (
                        f"It does not wait for {policy.logical_id}, which lets its logs into "
                        f"{writer.bucket.logical_id}."
                    )
                    yield at(writer.resource, *writer.path, says=says, advice=f"Add DependsOn: {policy.logical_id}.")


class EncryptedLogBucket(Rule):
    """A log bucket that its writer cannot encrypt for."""

    id = "TAP1313"
    title = "These logs cannot be written to a bucket under a KMS key"
    description = (
        "Application load balancers, and S3 for its access logs, write to buckets that S3 itself encrypts (AES256) "
        "alone; with aws:kms the logs cannot be turned on, or never arrive."
    )
    source = "ELB user guide, “Enable access logs for your Application Load Balancer”: the only encryption is SSE-S3"
    advice = "Encrypt the log bucket with SSEAlgorithm: AES256."

    def check(self, world: World) -> Iterator[Found]:
        """The default encryption of the buckets of such writers."""
        seen = set()
        for writer in writers(world):
            if writer.kind not in ("application", "bucket") or writer.bucket.logical_id in seen:
                continue
            place = ("BucketEncryption", "ServerSideEncryptionConfiguration")
            for index, rule in enumerate(items(writer.bucket.get(*place))):
                how = fields(fields(rule).get("ServerSideEncryptionByDefault")).get("SSEAlgorithm")
                if isinstance(how, str) and how.startswith("aws:kms"):
                    seen.add(writer.bucket.logical_id)
                    where = (*place, index, "ServerSideEncryptionByDefault", "SSEAlgorithm")
                    says = f"{writer.resource.logical_id} writes logs here, but the bucket is encrypted with {how}."
                    yield at(writer.bucket, *where, says=says)


class NoLogBucket(ResourceRule):
    """Logs that are on, and have no bucket."""

    id = "TAP1314"
    title = "Logs are turned on without a bucket"
    description = (
        "A load balancer with access_logs.s3.enabled needs access_logs.s3.bucket. The prefix has no AWSLogs in it."
    )
    source = "ELB API, LoadBalancerAttribute: access_logs.s3.*"
    types = (BALANCER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each kind of log of a load balancer."""
        for kind in ("access_logs", "connection_logs", "health_check_logs"):
            index, enabled = attribute(resource, f"{kind}.s3.enabled")
            bucket, name = attribute(resource, f"{kind}.s3.bucket")
            where = ("LoadBalancerAttributes", index, "Value")
            if as_bool(enabled) and (bucket < 0 or name == ""):
                yield at(resource, *where, says=f"{kind}.s3.enabled is true, but there is no {kind}.s3.bucket.")
            if isinstance(name, str | Text) and str(name).startswith("arn:"):
                yield at(
                    resource, "LoadBalancerAttributes", bucket, "Value", says=f"{name} is an ARN: a name is needed."
                )
            place, prefix = attribute(resource, f"{kind}.s3.prefix")
            if isinstance(prefix, str) and ("AWSLogs" in prefix or prefix.startswith("/") or prefix.endswith("/")):
                says = f"The prefix “{prefix}” has AWSLogs in it, or begins or ends with a slash."
                yield at(resource, "LoadBalancerAttributes", place, "Value", says=says)


class AclRefused(ResourceRule):
    """An access list on a bucket that has none."""

    id = "TAP1315"
    title = "The bucket takes no access lists"
    description = (
        "New buckets belong to their owner (BucketOwnerEnforced) and refuse access lists: AccessControl other than "
        "Private fails, unless OwnershipControls allows them."
    )
    source = "S3 user guide, “Controlling ownership of objects and disabling ACLs for your bucket”"
    advice = "Use a bucket policy instead, or set ObjectOwnership: BucketOwnerPreferred."
    types = (BUCKET,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A bucket with an access list."""
        acl = resource.get("AccessControl")
        if not isinstance(acl, str) or acl in ("Private", "BucketOwnerFullControl", "BucketOwnerRead"):
            return
        controls = resource.get("OwnershipControls")
        rules = items(fields(controls).get("Rules"))
        owners = [fields(one).get("ObjectOwnership") for one in rules]
        if controls is None or "BucketOwnerEnforced" in owners:
            yield at(resource, "AccessControl", says=f"AccessControl is {acl}, but the bucket's owner is enforced.")
