"""What to do when something is wrong with a stack, and how a system is deleted. Pure.

Sources: CloudFormation user guide, "Troubleshooting CloudFormation", "Continue rolling back an update", "Delete stack
fails", "Detect unmanaged configuration changes to stacks and resources with drift detection".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tap.deletion import deletion
from tap.handoff.settled import Settled
from tap.markdown import bullets, code, text

if TYPE_CHECKING:
    from tap.handoff.contents import Contents


def deleting(contents: Contents, here: Settled, name: str, stack: str) -> Iterator[str]:
    """What goes, what stays, what is in the way, and the commands."""
    told = deletion(here.body)
    region = contents.whole.region
    protected = contents.settings.get(name, {}).get("EnableTerminationProtection")
    if protected:
        yield "The stack (in `tiers`, each stack of it) is protected. Take the protection off first; `deploy.sh` sets it again:"
        yield from _block(
            f"aws cloudformation update-termination-protection --region {region} --stack-name {stack} --no-enable-termination-protection",
            f"for TIER in {' '.join(one.tier for one in reversed(contents.layouts['tiers'].stacks))}; do   # in tiers",
            f"  aws cloudformation update-termination-protection --region {region} --stack-name {stack}-$TIER --no-enable-termination-protection",
            "done",
        )
    if told.obstacles:
        yield "These must be seen to first, or the deletion fails:"
        yield ""
        yield from bullets(f"{code(each.name)}: {text(each.why)} {text(each.remedy)}" for each in told.obstacles)
        commands = list(_unlocking(here, [each.name for each in told.obstacles], region))
        if commands:
            yield from _block(*commands)
        else:
            yield ""
    yield "Then (it says again what is lost, and asks for the name):"
    yield from _block(
        f"./delete.sh {name}",
        *([f"./delete.sh {name} --edge     # with what is in {contents.edge.region}"] if contents.edge else []),
    )
    if told.stays:
        yield "Stays, and is to be deleted by hand when nobody wants it any more (data that stay cost money):"
        yield ""
        yield from bullets(
            f"{'A last snapshot of ' if each.policy == 'Snapshot' else ''}{code(each.name)} ({each.type}): {text(each.says)}"
            for each in told.stays
        )
        yield ""
        if keys := [each.name for each in told.stays if each.type == "AWS::KMS::Key"]:
            yield f"**Delete {', '.join(map(code, keys))} last, if at all: what it encrypts, snapshots and copies among them, cannot be read without it.**"
            yield ""
    if told.goes:
        yield f"Is lost with its data: {', '.join(code(each.name) for each in told.goes)}."
    if told.stays:
        yield ""
        yield (
            "What stays keeps its name: a new deployment to the same environment fails on names that are taken. Delete "
            "those first, import them into the new stack, or use another suffix."
        )


def _unlocking(here: Settled, names: list[str], region: str) -> Iterator[str]:
    for name in names:
        kind = here.resources[name]["Type"]
        if kind == "AWS::RDS::DBCluster":
            cluster = here.property(name, "DBClusterIdentifier")
            yield f"aws rds modify-db-cluster --region {region} --db-cluster-identifier {cluster} --no-deletion-protection --apply-immediately"
        elif kind == "AWS::ElasticLoadBalancingV2::LoadBalancer":
            yield f'aws elbv2 modify-load-balancer-attributes --region {region} --load-balancer-arn "$(id_of {name})" --attributes Key=deletion_protection.enabled,Value=false'
        elif kind == "AWS::DynamoDB::Table":
            yield f"aws dynamodb update-table --region {region} --table-name {here.property(name, 'TableName')} --no-deletion-protection-enabled"
        elif kind == "AWS::S3::Bucket":
            yield f"aws s3 rm s3://{here.property(name, 'BucketName')} --recursive   # versions stay; empty them in the console"


def lines(contents: Contents, here: Settled, name: str, stack: str) -> Iterator[str]:
    """A heading a trouble, with what to do."""
    region = contents.whole.region
    at = f"--region {region} --stack-name {stack}"
    yield "What a stack is in, and what failed last:"
    yield from _block(
        f"aws cloudformation describe-stacks {at} --query 'Stacks[0].[StackStatus, StackStatusReason]' --output text",
        f"aws cloudformation describe-stack-events {at} --max-items 100 --output table \\",
        "  --query \"StackEvents[?contains(ResourceStatus, 'FAILED')].[Timestamp, LogicalResourceId, ResourceStatusReason]\"",
    )
    troubles = (
        *_waiting_for_proof(here, region),
        (
            "ROLLBACK_COMPLETE, ROLLBACK_FAILED or CREATE_FAILED: it was never complete",
            "It cannot be updated. Mend what the events name, delete it, deploy again. What stays when the stack goes may have to be deleted by hand, for its name is taken.",
            (f"./delete.sh {name}", f"./deploy.sh {name}"),
        ),
        (
            "UPDATE_ROLLBACK_COMPLETE: an update failed and was taken back",
            "It is as it was before, and works. Mend what the events name and deploy again.",
            (f"./deploy.sh {name}",),
        ),
        (
            "UPDATE_ROLLBACK_FAILED: an update failed and could not be taken back",
            "Mend what the events name (often something that was changed or deleted by hand), then let it go on. A resource that cannot be mended is skipped: it then is as it is, and the stack believes otherwise, so deploy soon.",
            (
                f"aws cloudformation continue-update-rollback {at}",
                f"aws cloudformation continue-update-rollback {at} --resources-to-skip LOGICAL-ID",
                f"aws cloudformation wait stack-rollback-complete {at}",
            ),
        ),
        (
            "DELETE_FAILED: something could not be deleted",
            "The events say what: a bucket with objects, something in use by others. Mend it and delete again, or leave the resource behind.",
            (f"./delete.sh {name}", f"aws cloudformation delete-stack {at} --retain-resources LOGICAL-ID"),
        ),
        (
            "An update runs and should not",
            "It is taken back to where it was. (A creation cannot be cancelled: delete the stack.)",
            (f"aws cloudformation cancel-update-stack {at}",),
        ),
        (
            "REVIEW_IN_PROGRESS: a stack with a change set and nothing else",
            "Somebody looked and did not execute. `deploy.sh` goes on from there; `delete.sh` removes it.",
            (f"./deploy.sh {name}",),
        ),
        (
            "Somebody changed something by hand (drift)",
            "Find out what differs. To take it back, change it by hand to what `ExpectedProperties` says; to keep it, have it put into the template.",
            (
                f"DRIFT=$(aws cloudformation detect-stack-drift {at} --query StackDriftDetectionId --output text)",
                f'aws cloudformation describe-stack-drift-detection-status --region {region} --stack-drift-detection-id "$DRIFT"',
                f"aws cloudformation describe-stack-resource-drifts {at} --stack-resource-drift-status-filters MODIFIED DELETED",
            ),
        ),
        (
            "deploy.sh was stopped, or the connection broke",
            "CloudFormation went on without it. Run it again: it waits for what is under way, then shows what is left to do.",
            (f"./deploy.sh {name}",),
        ),
    )
    for heading, says, commands in troubles:
        yield f"### {heading}"
        yield ""
        yield says
        yield from _block(*commands)


def _waiting_for_proof(here: Settled, region: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Certificates that DNS must prove: until then their creation waits, and everything behind it."""
    for name, one in here.of_type("AWS::CertificateManager::Certificate").items():
        if one["Properties"].get("ValidationMethod") == "DNS":
            domain = here.property(name, "DomainName")
            yield (
                f"{name} stays in CREATE_IN_PROGRESS",
                f"ACM waits until it finds its record under {code(domain)} on the internet. CloudFormation writes the record into "
                "the hosted zone, so it is nearly always the way to that zone: the name servers that the registrar has must be "
                "those of the zone (1.). Mend that, and it goes on by itself; or cancel, and begin anew.",
                (
                    f"aws acm list-certificates --region {region} --certificate-statuses PENDING_VALIDATION --query 'CertificateSummaryList[].[DomainName, CertificateArn]' --output table",
                    f"aws acm describe-certificate --region {region} --certificate-arn CERTIFICATE-ARN --query 'Certificate.DomainValidationOptions[].[DomainName, ValidationStatus, ResourceRecord.Name, ResourceRecord.Value]' --output table",
                ),
            )


def _block(*commands: str) -> list[str]:
    return ["", "```sh", *commands, "```", ""]
