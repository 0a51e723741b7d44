"""Small Lambda functions behind custom resources: what CloudFormation has no property for."""

from __future__ import annotations

from awacs.aws import Action, Allow, Statement
from troposphere import GetAtt, If, Ref, awslambda, iam, logs

from tap.model import Tier
from templates.tiers.words import policy, trusts

RUNTIME = "python3.13"
_EXEMPT = {
    "CKV_AWS_115": "Runs only while CloudFormation works on the stack; it needs no reserved capacity.",
    "CKV_AWS_116": "CloudFormation waits for its answer and reports a failure; there is nothing to keep for later.",
    "CKV_AWS_117": "Calls AWS's own endpoints only; in the VPC it would need a way out of it.",
    "CKV_AWS_173": "Has no environment variables.",
}


def inline_function(
    tier: Tier,
    name: str,
    says: str,
    code: str,
    *statements: Statement,
    timeout: int = 120,
    condition: str = "",
    allowed: str = "",
) -> awslambda.Function:
    """Add a function with its role and log group, for use as the ``ServiceToken`` of a custom resource.

    ``code`` is the source of a module with ``handler(event, context)`` that answers through ``cfnresponse`` (Lambda
    offers that module to inline code). ``timeout`` is in seconds; with ``condition`` it exists only then. The role may
    do ``statements`` (with ``allowed`` only under that condition), and write its log.
    """
    only = {"Condition": condition} if condition else {}
    group = tier.add(
        logs.LogGroup(
            f"{name}LogGroup", **only, RetentionInDays=30, DeletionPolicy="Delete", UpdateReplacePolicy="Delete"
        ),
        f"What {name} reports; gone with the stack.",
        exempt={"CKV_AWS_158": "Holds no customer data; the service's own encryption is enough."},
    )
    write_log = Statement(
        Effect=Allow,
        Action=[Action("logs", "CreateLogStream"), Action("logs", "PutLogEvents")],
        Resource=[GetAtt(group, "Arn")],
    )
    work = iam.Policy(PolicyName="work", PolicyDocument=policy(*statements, *([] if allowed else [write_log])))
    log = iam.Policy(PolicyName="log", PolicyDocument=policy(write_log))
    role = tier.add(
        iam.Role(
            f"{name}Role",
            **only,
            AssumeRolePolicyDocument=trusts("lambda.amazonaws.com"),
            Policies=[log, If(allowed, work, Ref("AWS::NoValue"))] if allowed else [work],
        ),
        f"What {name} may do, and nothing else.",
    )
    return tier.add(
        awslambda.Function(
            f"{name}Function",
            **only,
            Description=says,
            Runtime=RUNTIME,
            Handler="index.handler",
            Role=GetAtt(role, "Arn"),
            Timeout=timeout,
            MemorySize=128,
            LoggingConfig=awslambda.LoggingConfig(LogGroup=group.ref()),
            Code=awslambda.Code(ZipFile=code),
        ),
        says,
        exempt=_EXEMPT,
    )
