"""The messages that are known, the special ones before the general ones.

Each row: what it is called, the words, what they mean, what to do, where both are known from.
"""

from __future__ import annotations

from tap.deploy.advice import Advice, Known
from tap.deploy.advice_table_data import DATA
from tap.deploy.advice_table_network import NETWORK
from tap.deploy.advice_table_services import SERVICES

_STACKS = (
    Known(
        "export-in-use",
        r"export '?(?P<export>[^\s']+?)'? cannot be (?:deleted|updated) as it is in use by (?P<stack>[^\s.]+)",
        "The stack {stack} imports {export}: as long as it does, the export can neither go nor get another value.",
        "Change it in two steps: first deploy {stack} so that it no longer imports {export} (or takes the value from a "
        "parameter), then this stack. Where only the value changes, export the new one under a new name, move "
        "{stack} to "
        "it, and remove the old one last.",
        "CloudFormation user guide, Get exported outputs from a deployed CloudFormation stack; reports in aws/aws-cdk",
    ),
    Known(
        "export-to-delete-in-use",
        r"cannot delete export (?P<export>\S+) as it is in use by (?P<stack>[^\s.]+)",
        "The stack {stack} imports {export}, so this stack cannot go before it.",
        "Delete {stack} first, or change it so that it no longer imports {export}.",
        "CloudFormation user guide, Get exported outputs from a deployed CloudFormation stack; reports in aws/aws-cdk",
    ),
    Known(
        "export-name-taken",
        r"export with name (?P<export>\S+) is already exported by stack (?P<stack>[^\s.]+)",
        "An export's name is unique in an account and region, and {stack} has {export}.",
        "Use another EnvironmentSuffix, or remove the export from {stack}.",
        "CloudFormation user guide, Get exported outputs from a deployed CloudFormation stack",
    ),
    Known(
        "export-missing",
        r"no export named (?P<export>\S+) found",
        "{export} is imported, and no stack in this account and region exports it.",
        "Deploy the stack that exports it first; check the suffix and the region.",
        "CloudFormation user guide, Troubleshooting CloudFormation",
    ),
    Known(
        "no-updates",
        r"no updates are to be performed|didn't contain changes",
        "What is to be deployed is what is deployed already.",
        "Nothing is to be done.",
        "CloudFormation user guide, Troubleshooting CloudFormation",
    ),
    Known(
        "custom-name-replaced",
        r"cannot update a stack when a custom-named resource requires replacing\. rename (?P<name>\S+)",
        "The change needs a new resource, and two cannot have the name {name} at the same time.",
        "Give it another name in the same change, or deploy once without the resource and once with it (which "
        "loses what "
        "it holds).",
        "CloudFormation user guide, Name type",
    ),
    Known(
        "in-another-stack",
        r"(?P<name>\S+)\s+already exists in stack\s+(?P<stack>arn:\S+)",
        "{name} belongs to the stack {stack}.",
        "Use another EnvironmentSuffix, or delete that stack if it is left over.",
        "reports in serverless/serverless",
    ),
    Known(
        "stack-policy",
        r"action (?:not allowed|denied) by stack policy",
        "The stack's policy protects this resource from being replaced, updated or deleted.",
        "If the change is meant, set a policy that allows it (aws cloudformation set-stack-policy), deploy, and "
        "set the "
        "old one again.",
        "CloudFormation user guide, Prevent updates to stack resources",
    ),
    Known(
        "wait-condition",
        r"waitcondition timed out\. received (?P<received>\d+) conditions? when expecting (?P<wanted>\d+)",
        "{received} of {wanted} signals came in time: whatever was to send them has not started, failed, or "
        "cannot reach "
        "CloudFormation.",
        "Look at the log of what sends the signal; check that it has a way out to the internet or an endpoint.",
        "CloudFormation user guide, Troubleshooting CloudFormation; CreationPolicy and WaitCondition",
    ),
    Known(
        "signals",
        r"received (?P<received>\d+) (?:success|failure) signal|failed to receive (?P<wanted>\d+) resource signal",
        "An instance did not report that it is ready, or reported that it is not.",
        "Look at its console output and /var/log/cloud-init-output.log; check its way out to CloudFormation.",
        "CloudFormation user guide, Troubleshooting CloudFormation",
    ),
    Known(
        "custom-resource-silent",
        r"did not receive a response from your custom resource|custom resource failed to stabilize",
        "The function behind the custom resource did not answer: it failed before it could, has no way out to "
        "S3, or its "
        "time ran out.",
        "Look at the function's log group, /aws/lambda/FUNCTION, for the request's id. A function in a VPC needs "
        "a way to "
        "S3 to answer.",
        "re:Post, Why is my Lambda-backed custom resource stuck in CREATE_FAILED or DELETE_FAILED status; reports in "
        "aws-samples/cloudfront-authorization-at-edge",
    ),
    Known(
        "custom-resource-log",
        r"see the details in cloudwatch log (?:stream|group): (?P<stream>\S+)",
        "The function behind the custom resource reported a failure.",
        "Its log stream {stream} says why; it is in the function's log group, /aws/lambda/FUNCTION.",
        "Lambda developer guide, the cfn-response module",
    ),
    Known(
        "hook",
        r"the following hook\(s\) failed: \[(?P<hooks>[^\]]+)\]",
        "A hook of this account forbids the resource as it is: {hooks}.",
        "The hook's own event says what it wants; ask whoever owns the hook, or change the resource.",
        "CloudFormation hooks user guide, View hook results",
    ),
    Known(
        "early-validation",
        r"hook\(s\)/validation failed: \[(?P<hooks>[^\]]+)\]",
        "CloudFormation's validation before the deployment found something: {hooks}.",
        "`plan` shows what it found; so does aws cloudformation describe-events --change-set-name ARN.",
        "CloudFormation user guide, Validate stack deployments; reports in aws-cloudformation/rain",
    ),
    Known(
        "service-role",
        r"role (?P<role>arn:\S+) is invalid or cannot be assumed",
        "CloudFormation may not use the role {role} with which this stack was made.",
        "See that the role is there and trusts cloudformation.amazonaws.com, or give another one.",
        're:Post, How do I resolve the "Role is invalid or cannot be assumed" error',
    ),
)

_PERMISSIONS = (
    Known(
        "boundary",
        r"not authorized to perform: (?P<action>\S+).*no permissions boundary allows",
        "A permissions boundary does not allow {action}.",
        "Have the boundary of the role that deploys allow {action}; the policy alone is not enough.",
        "IAM user guide, Permissions boundaries for IAM entities",
    ),
    Known(
        "explicit-deny",
        r"not authorized to perform: (?P<action>\S+).*explicit deny in an? (?P<kind>[\w -]+?)(?: policy|\))",
        "{action} is denied by a policy of the kind {kind}, which no other policy can overrule.",
        "Find the deny: a service control policy is your organization's, an identity-based one the role's.",
        "IAM user guide, Policy evaluation logic",
    ),
    Known(
        "block-public-policy",
        r"public policies are blocked by the blockpublicpolicy",
        "The bucket's policy would make it public, and Block Public Access forbids that.",
        "Give the policy a principal or a condition that is not everybody; CloudFront reads by origin access control.",
        "S3 user guide, Blocking public access to your Amazon S3 storage",
    ),
    Known(
        "pass-role",
        r"not authorized to perform: iam:passrole.*resource: (?P<role>arn:\S+)",
        "Whoever deploys may not hand the role {role} to a service.",
        "Allow iam:PassRole for {role} to the role that deploys.",
        "IAM user guide, Grant a user permissions to pass a role to an AWS service",
    ),
    Known(
        "tagging",
        r"permissions error performing a tagging operation",
        "Whoever deploys may make the resource, but not tag it; CloudFormation hands the stack's tags on.",
        "Allow the service's tagging actions (its TagResource, or CreateTags) to the role that deploys.",
        "re:Post, How do I resolve tagging errors in CloudFormation",
    ),
    Known(
        "not-authorized",
        r"not authorized to perform:? (?P<action>[\w-]+:\w+)",
        "Whoever deploys, or the role of the stack, may not call {action}.",
        "Allow {action} to it, then deploy again.",
        "CloudFormation user guide, Troubleshooting CloudFormation: insufficient IAM permissions",
    ),
    Known(
        "service-linked-role",
        r"unable to assume the service linked role|service[- ]linked role (?:\S+ )?(?:does not exist|was not found)",
        "The service's own role is not there yet: this account uses the service for the first time.",
        "Deploy again: the first try made it. If it stays: aws iam create-service-linked-role --aws-service-name "
        "SERVICE.amazonaws.com",
        "IAM user guide, Create a service-linked role; ECS developer guide, Using service-linked roles",
    ),
    Known(
        "role-not-yet",
        r"role (?:defined for the function|\S+)? ?cannot be assumed|cannot assume (?:the )?role"
        r"|verify the trust policy",
        "The role is new and not yet known everywhere, or does not trust the service.",
        "Deploy again: a new role takes a few seconds. If it stays, look at the role's trust policy.",
        "IAM user guide, Troubleshoot IAM: changes that I make are not always immediately visible",
    ),
    Known(
        "invalid-principal",
        r"invalid principal in policy:? ?(?P<principal>\S*)",
        "A policy names a principal that does not exist: {principal}",
        "Check the account number and the name of the role or service in the policy.",
        "IAM user guide, AWS JSON policy elements: Principal",
    ),
    Known(
        "malformed-policy",
        r"malformedpolicydocument|syntax errors in policy",
        "A policy is not as IAM wants it.",
        "Check its actions, resources and condition keys; `lint` and `check` see most of that before.",
        "IAM user guide, Grammar of the IAM JSON policy language",
    ),
    Known(
        "role-in-use",
        r"cannot delete entity, must (?:detach all policies|delete policies|remove roles)",
        "Somebody attached a policy to the role that the stack does not know.",
        "Detach it (aws iam list-attached-role-policies, detach-role-policy), then delete again.",
        "IAM user guide, Delete roles or instance profiles",
    ),
)

_GENERAL = (
    Known(
        "already-exists",
        r"already ?exists|alreadyexists|(?:name|identifier)[^.]{0,60} (?:is )?already (?:in use|taken|used)",
        "Something of that name is there already, and this stack does not own it: left over, kept by a deletion "
        "policy, or "
        "made by hand.",
        "If it is left over, delete it; to keep it, import it into the stack (a change set of the type IMPORT) or use "
        "another EnvironmentSuffix.",
        "CloudFormation user guide, Troubleshooting CloudFormation; reports in serverless/serverless",
    ),
    Known(
        "quota",
        r"servicelimitexceeded|limit ?exceeded|maximum number of [\w ]+ (?:has been|was) reached|quota|too many \w+ in",
        "A quota of the account is used up.",
        "Remove what is not needed, or ask for more under Service Quotas; then deploy again.",
        "CloudFormation user guide, Troubleshooting CloudFormation: limit exceeded",
    ),
    Known(
        "throttled",
        r"rate exceeded|throttling|too ?many ?requests",
        "The service was asked too often, by this and by others in the account.",
        "Deploy again in a minute; --parallel 1 asks less.",
        "CloudFormation user guide, Troubleshooting CloudFormation",
    ),
    Known(
        "not-stabilized",
        r"notstabilized|did not stabilize|exceeded attempts to wait|failed to stabilize",
        "The resource was made, and did not become ready in the time that CloudFormation waits.",
        "Look at the resource in its own service: what does it wait for?",
        "CloudFormation user guide, Troubleshooting CloudFormation: resource failed to stabilize",
    ),
    Known(
        "internal",
        r"internal ?failure|serviceinternalerror|internal error|service unavailable",
        "The service had a fault of its own.",
        "Deploy again. If it stays, see the AWS Health dashboard.",
        "CloudFormation CLI user guide, Handler error codes: ServiceInternalError, InternalFailure",
    ),
    Known(
        "busy",
        r"resourceconflict|(?:being|currently) (?:modified|updated|deleted)|operation in progress|in progress for",
        "Something else is changing the resource at the same time.",
        "Wait until that is done, then deploy again.",
        "CloudFormation CLI user guide, Handler error codes: ResourceConflict",
    ),
    Known(
        "gone",
        r"handlererrorcode: notfound|does ?n[o']t exist|(?:was|is|could) not (?:be )?found",
        "Something that the resource needs, or the resource itself, is not there: deleted by hand, or a wrong name.",
        "Compare the name with what is there; `drift` shows what was changed by hand.",
        "CloudFormation CLI user guide, Handler error codes: NotFound",
    ),
    Known(
        "invalid-request",
        r"handlererrorcode: invalidrequest|validation ?(?:error|exception)|invalid ?parameter|invalid request",
        "The service does not take a value, or not in this combination.",
        "Its words name the value; `lint` and `check` find most of these before a deployment.",
        "CloudFormation CLI user guide, Handler error codes: InvalidRequest",
    ),
)

TABLE: tuple[Known, ...] = (*_STACKS, *_PERMISSIONS, *NETWORK, *DATA, *SERVICES, *_GENERAL)
"""In the order in which they are tried."""


def advise(type_: str, reason: str) -> Advice | None:
    """What is known of the reason with which a resource of this type failed: the first entry that fits."""
    found = (known.match(type_, reason) for known in TABLE)
    return next((one for one in found if one), None)
