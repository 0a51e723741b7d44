"""The table of known messages, each row on words as they are met."""

from __future__ import annotations

import pytest

from tap.deploy.advice import Known
from tap.deploy.advice_table import TABLE, advise


def handler(text: str, code: str, service: str = "Ec2", status: int = 400) -> str:
    """The words of a resource handler, in the form in which CloudFormation gives them."""
    return (
        f'Resource handler returned message: "{text} (Service: {service}, Status Code: {status}, Request ID: '
        '0b24af94-b828-4920-8452-3893087cfb28) (SDK Attempt Count: 1)" (RequestToken: '
        f"1d8f4f0a-0000-4e1f-9c1c-5b1f4f0a1d8f, HandlerErrorCode: {code})"
    )


STACK = "AWS::CloudFormation::Stack"
TEXTS: dict[str, tuple[str, str]] = {
    "export-in-use": (STACK, "Export foo-vpc-EcsCluster cannot be deleted as it is in use by foo-events"),
    "export-to-delete-in-use": (
        STACK,
        "Delete canceled. Cannot delete export shop-dev-vpc-id as it is in use by shop-dev-database",
    ),
    "export-name-taken": (
        STACK,
        "Export with name shop-dev-vpc-id is already exported by stack shop-dev. Rollback requested by user.",
    ),
    "export-missing": ("AWS::EC2::Subnet", "No export named shop-dev-vpc-id found. Rollback requested by user."),
    "no-updates": (STACK, "No updates are to be performed."),
    "custom-name-replaced": (
        "AWS::DynamoDB::Table",
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename shop-orders and "
        "update the stack again.",
    ),
    "in-another-stack": (
        "AWS::Logs::LogGroup",
        "/aws/lambda/dev-get  already exists in stack  arn:aws:cloudformation:us-east-1:111111111111:stack/other/1",
    ),
    "stack-policy": (
        "AWS::RDS::DBCluster",
        "Action denied by stack policy: Statement [#1] does not allow [Update:Replace]",
    ),
    "wait-condition": (
        "AWS::CloudFormation::WaitCondition",
        "WaitCondition timed out. Received 0 conditions when expecting 1",
    ),
    "signals": (
        "AWS::AutoScaling::AutoScalingGroup",
        "Failed to receive 1 resource signal(s) for the current batch. Each resource signal timeout is counted "
        "as a FAILURE.",
    ),
    "custom-resource-silent": (
        "Custom::EmptiedBucket",
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
        "[c87e5bf0-5728-43bb-a35a-d401898a6673]. If you are using the Python cfn-response module, you may need "
        "to update "
        "your Lambda function code so that CloudFormation can attach the updated version.",
    ),
    "custom-resource-log": (
        "Custom::EmptiedBucket",
        "Received response status [FAILED] from custom resource. Message returned: See the details in CloudWatch Log "
        "Stream: 2026/11/25/[$LATEST]0f1e (RequestId: 0b24af94-b828-4920-8452-3893087cfb28)",
    ),
    "hook": ("AWS::S3::Bucket", "The following hook(s) failed: [Company::Encryption::Hook]"),
    "early-validation": (
        STACK,
        "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To "
        "troubleshoot Early "
        "Validation errors, use the DescribeEvents API for detailed failure information.",
    ),
    "service-role": (STACK, "Role arn:aws:iam::111111111111:role/deployer is invalid or cannot be assumed"),
    "boundary": (
        "AWS::Events::Rule",
        handler(
            "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: events:DescribeRule on resource: "
            "arn:aws:"
            "events:eu-west-1:1:rule/r because no permissions boundary allows the events:DescribeRule action",
            "AccessDenied",
            "EventBridge",
        ),
    ),
    "explicit-deny": (
        "AWS::IAM::Role",
        handler(
            "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: iam:PutRolePolicy on resource: role a-* "
            "with an explicit deny in a service control policy",
            "AccessDenied",
            "Iam",
            403,
        ),
    ),
    "block-public-policy": (
        "AWS::S3::BucketPolicy",
        "User: arn:aws:iam::1:user/x is not authorized to perform: s3:PutBucketPolicy on resource: "
        '"arn:aws:s3:::assets" '
        "because public policies are blocked by the BlockPublicPolicy block public access setting.",
    ),
    "pass-role": (
        "AWS::Lambda::Function",
        handler(
            "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: "
            "arn:aws:iam::1:role/function because no identity-based policy allows the iam:PassRole action",
            "AccessDenied",
            "Lambda",
            403,
        ),
    ),
    "tagging": (
        "AWS::KMS::Key",
        'Resource handler returned message: "Encountered a permissions error performing a tagging operation, '
        "please add "
        'required tag permissions. See https://repost.aws/knowledge-center/cloudformation-tagging-permission-error"',
    ),
    "not-authorized": (
        "AWS::ApiGateway::RestApi",
        "API: apigateway:POST User: arn:aws:iam::1:user/x is not authorized to perform: apigateway:POST on resource: x",
    ),
    "service-linked-role": (
        "AWS::ECS::Cluster",
        "Invalid request provided: CreateCluster Invalid Request: Unable to assume the service linked role. "
        "Please verify "
        "that the ECS service linked role exists. (Service: AmazonECS; Status Code: 400; Error Code: "
        "InvalidParameterException)",
    ),
    "role-not-yet": (
        "AWS::Lambda::Function",
        handler("The role defined for the function cannot be assumed by Lambda.", "InvalidRequest", "Lambda"),
    ),
    "invalid-principal": (
        "AWS::IAM::Role",
        'Invalid principal in policy: "AWS":"arn:aws:iam::1:role/gone" (Service: AmazonIdentityManagement; '
        "Status Code: "
        "400; Error Code: MalformedPolicyDocument)",
    ),
    "malformed-policy": (
        "AWS::IAM::Policy",
        "Syntax errors in policy. (Service: AmazonIdentityManagement; Status Code: 400; Error Code: "
        "MalformedPolicyDocument; Request ID: 1)",
    ),
    "role-in-use": (
        "AWS::IAM::Role",
        handler("Cannot delete entity, must detach all policies first.", "InvalidRequest", "Iam", 409),
    ),
    "addresses": (
        "AWS::EC2::EIP",
        "The maximum number of addresses has been reached. (Service: AmazonEC2; Status Code: 400; Error Code: "
        "AddressLimitExceeded; Request ID: 1; Proxy: null)",
    ),
    "vpcs": ("AWS::EC2::VPC", handler("The maximum number of VPCs has been reached.", "ServiceLimitExceeded")),
    "subnet-conflict": (
        "AWS::EC2::Subnet",
        handler("The CIDR '10.0.1.0/24' conflicts with another subnet", "AlreadyExists"),
    ),
    "zone-invalid": (
        "AWS::EC2::Subnet",
        handler(
            "Value (us-east-1z) for parameter availabilityZone is invalid. Subnets can currently only be created "
            "in the "
            "following availability zones: us-east-1a, us-east-1b.",
            "InvalidRequest",
        ),
    ),
    "subnet-busy": (
        "AWS::EC2::Subnet",
        handler("The subnet 'subnet-0d3' has dependencies and cannot be deleted.", "InvalidRequest"),
    ),
    "vpc-busy": (
        "AWS::EC2::VPC",
        handler("The vpc 'vpc-0d5' has dependencies and cannot be deleted.", "InvalidRequest"),
    ),
    "group-busy": (
        "AWS::EC2::SecurityGroup",
        "resource sg-0e8976ea0b10da1dd has a dependent object (Service: Ec2, Status Code: 400) (SDK Attempt Count: 1)",
    ),
    "gateway-attached": (
        "AWS::EC2::VPCGatewayAttachment",
        "Network vpc-0d5 has some mapped public address(es). Please unmap those public address(es) before "
        "detaching the "
        "gateway. (Service: AmazonEC2; Status Code: 400; Error Code: DependencyViolation)",
    ),
    "target-group-alone": (
        "AWS::ECS::Service",
        handler(
            "Invalid request provided: CreateService error: The target group with targetGroupArn arn:aws:"
            "elasticloadbalancing:us-east-1:1:targetgroup/web/2 does not have an associated load balancer.",
            "InvalidRequest",
            "AmazonECS",
        ),
    ),
    "target-group-busy": (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        handler(
            "Target group 'arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/2' is currently in use by a "
            "listener or "
            "a rule",
            "ResourceConflict",
            "ElasticLoadBalancingV2",
        ),
    ),
    "rule-priority": (
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        handler("Priority '10' is currently in use", "AlreadyExists", "ElasticLoadBalancingV2"),
    ),
    "balancer-logs": (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        handler(
            "Access Denied for bucket: shop-logs-dev. Please check S3bucket permission",
            "InvalidRequest",
            "ElasticLoadBalancingV2",
        ),
    ),
    "balancer-protected": (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        handler(
            "Load balancer 'arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/web/2' cannot be deleted because "
            "deletion protection is enabled",
            "InvalidRequest",
            "ElasticLoadBalancingV2",
        ),
    ),
    "record-exists": (
        "AWS::Route53::RecordSet",
        "[Tried to create resource record set [name='cdn.example.com.', type='A'] but it already exists]",
    ),
    "record-elsewhere": (
        "AWS::Route53::RecordSet",
        "[RRSet with DNS name cdn.example.com. is not permitted in zone example.org.]",
    ),
    "zone-missing": (
        "AWS::Route53::RecordSet",
        "No hosted zone found with ID: Z0123456789ABC (Service: AmazonRoute53)",
    ),
    "zone-not-empty": (
        "AWS::Route53::HostedZone",
        "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
    ),
    "certificate-region": (
        "AWS::CloudFront::Distribution",
        "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include "
        "a valid "
        "certificate chain. (Service: AmazonCloudFront; Status Code: 400; Error Code: InvalidViewerCertificate)",
    ),
    "certificate-invalid": (
        "AWS::ElasticLoadBalancingV2::Listener",
        handler(
            "Certificate ARN 'arn:aws:acm:us-east-1:1:certificate/2' is not valid",
            "InvalidRequest",
            "ElasticLoadBalancingV2",
        )
        .replace("Certificate ARN '", "Certificate ")
        .replace("' is", " is"),
    ),
    "certificate-validation": (
        "AWS::CertificateManager::Certificate",
        "DNS Record Set is not available. Certificate is in FAILED status.",
    ),
    "cname-taken": (
        "AWS::CloudFront::Distribution",
        handler(
            "Invalid request provided: One or more of the CNAMEs you provided are already associated with a different "
            "resource.",
            "AlreadyExists",
            "CloudFront",
            409,
        ),
    ),
    "edge-function-replicated": (
        "AWS::Lambda::Function",
        handler(
            "Lambda was unable to delete arn:aws:lambda:us-east-1:1:function:auth:4 because it is a replicated "
            "function. "
            "Please see our documentation for Deleting Lambda@Edge Functions and Replicas.",
            "InvalidRequest",
            "Lambda",
        ),
    ),
    "waf-propagating": (
        "AWS::WAFv2::WebACLAssociation",
        handler(
            "AWS WAF couldn't retrieve the resource that you requested. Retry your request.",
            "GeneralServiceException",
            "Wafv2",
        ),
    ),
    "bucket-not-empty": (
        "AWS::S3::Bucket",
        "The bucket you tried to delete is not empty (Service: Amazon S3; Status Code: 409; Error Code: "
        "BucketNotEmpty; "
        "Request ID: 05044094997D7A1F)",
    ),
    "bucket-name-taken": (
        "AWS::S3::Bucket",
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system.",
    ),
    "bucket-notification": (
        "AWS::S3::Bucket",
        "Unable to validate the following destination configurations (Service: Amazon S3; Status Code: 400; "
        "Error Code: "
        "InvalidArgument)",
    ),
    "log-group-exists": (
        "AWS::Logs::LogGroup",
        "Resource handler returned message: \"Resource of type 'AWS::Logs::LogGroup' with identifier "
        '\'{"/properties/LogGroupName":"/aws/lambda/shop-emptier"}\' already exists." (RequestToken: '
        "258db5a1-23c6-5e4b-4d23-7a469fc2de96, HandlerErrorCode: AlreadyExists)",
    ),
    "log-resource-policies": (
        "AWS::Logs::ResourcePolicy",
        handler("Resource limit exceeded.", "ServiceLimitExceeded", "CloudWatchLogs"),
    ),
    "engine-version": (
        "AWS::RDS::DBCluster",
        handler("Cannot find version 11.16 for aurora-postgresql", "InvalidRequest", "Rds"),
    ),
    "engine-upgrade": (
        "AWS::RDS::DBCluster",
        handler("Cannot upgrade aurora-postgresql from 12.11 to 13.6", "InvalidRequest", "Rds"),
    ),
    "engine-differs": (
        "AWS::RDS::DBInstance",
        handler(
            "The engine version that you requested for your DB instance (15.3) does not match the engine version "
            "of your DB "
            "cluster (15.10).",
            "InvalidRequest",
            "Rds",
        ),
    ),
    "instance-class": (
        "AWS::RDS::DBInstance",
        handler(
            "RDS does not support creating a DB instance with the following combination: DBInstanceClass=db.t3.small, "
            "Engine=aurora-postgresql, EngineVersion=16.6, LicenseModel=postgresql-license.",
            "InvalidRequest",
            "Rds",
        ),
    ),
    "instance-capacity": (
        "AWS::EC2::Instance",
        "We currently do not have sufficient t4g.nano capacity in the Availability Zone you requested (us-east-1e). "
        "(Service: AmazonEC2; Status Code: 500; Error Code: InsufficientInstanceCapacity)",
    ),
    "subnet-group-zones": (
        "AWS::RDS::DBSubnetGroup",
        handler(
            "DB Subnet Group doesn't meet availability zone coverage requirement. Please add subnets to cover at "
            "least 2 "
            "availability zones. Current coverage: 1",
            "InvalidRequest",
            "Rds",
        ),
    ),
    "database-protected": (
        "AWS::RDS::DBCluster",
        handler(
            "Cannot delete protected Cluster, please disable deletion protection and try again.",
            "InvalidRequest",
            "Rds",
        ),
    ),
    "snapshot-exists": (
        "AWS::RDS::DBCluster",
        handler(
            "Cannot create the cluster snapshot because one with the identifier x-1 already exists.", "AlreadyExists"
        ),
    ),
    "reserved-user": (
        "AWS::RDS::DBCluster",
        handler(
            "MasterUsername admin cannot be used as it is a reserved word used by the engine", "InvalidRequest", "Rds"
        ),
    ),
    "parameter-group": (
        "AWS::RDS::DBCluster",
        handler(
            "The Parameter Group shop-db with DBParameterGroupFamily aurora-postgresql14 cannot be used for this "
            "instance. "
            "Please use a Parameter Group with DBParameterGroupFamily aurora-postgresql15",
            "InvalidRequest",
            "Rds",
        ),
    ),
    "secret-scheduled": (
        "AWS::SecretsManager::Secret",
        handler(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            "InvalidRequest",
            "SecretsManager",
        ),
    ),
    "rotation-unfinished": (
        "AWS::SecretsManager::RotationSchedule",
        handler(
            "A previous rotation isn't complete. That rotation will be reattempted.", "InvalidRequest", "SecretsManager"
        ),
    ),
    "rotation-permission": (
        "AWS::SecretsManager::RotationSchedule",
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
        "access to the "
        "principal secretsmanager.amazonaws.com. (Service: AWSSecretsManager; Status Code: 400; Error Code: "
        "AccessDeniedException)",
    ),
    "key-lockout": (
        "AWS::KMS::Key",
        handler(
            "The new key policy will not allow you to update the key policy in the future.", "InvalidRequest", "Kms"
        ),
    ),
    "key-pending": (
        "AWS::SecretsManager::Secret",
        handler("arn:aws:kms:us-east-1:1:key/2 is pending deletion.", "InvalidRequest", "Kms"),
    ),
    "key-denied": (
        "AWS::Logs::LogGroup",
        handler(
            "The specified KMS key does not exist or is not allowed to be used with Arn "
            "'arn:aws:logs:us-east-1:1:log-group:/ecs/shop'",
            "InvalidRequest",
            "CloudWatchLogs",
        ),
    ),
    "index-at-a-time": (
        "AWS::DynamoDB::Table",
        "Cannot perform more than one GSI creation or deletion in a single update",
    ),
    "vault-not-empty": (
        "AWS::Backup::BackupVault",
        handler("Backup vault cannot be deleted because it contains recovery points.", "InvalidRequest", "Backup"),
    ),
    "circuit-breaker": (
        "AWS::ECS::Service",
        "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was "
        "triggered'.\" (RequestToken: a3ab2120-1821-f83c-3adc-23d519cacdfe, HandlerErrorCode: GeneralServiceException)",
    ),
    "service-unstable": (
        "AWS::ECS::Service",
        'Resource handler returned message: "Exceeded attempts to wait" (RequestToken: '
        "36086107-14b9-bbbe-fed4-9d8496c2579f"
        ", HandlerErrorCode: NotStabilized)",
    ),
    "image-pull": (
        "",
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
        "docker.io/library/x:1: not found",
    ),
    "task-start": (
        "",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
        "failed: unable "
        "to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:…",
    ),
    "task-memory": ("", "OutOfMemoryError: Container killed due to memory usage"),
    "task-health": ("", "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:1:x)"),
    "task-exited": ("", "Essential container in task exited"),
    "cluster-busy": (
        "AWS::ECS::Cluster",
        "The Cluster cannot be deleted while Services are active. (Service: AmazonECS; Error Code: "
        "ClusterContainsServicesException)",
    ),
    "repository-not-empty": (
        "AWS::ECR::Repository",
        "The repository with name 'shop' in registry with id '111111111111' cannot be deleted because it still "
        "contains "
        "images (Service: AmazonECR; Status Code: 400; Error Code: RepositoryNotEmptyException)",
    ),
    "function-code": (
        "AWS::Lambda::Function",
        'Resource handler returned message: "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 '
        "Error Message: "
        'The specified bucket does not exist (Service: AWSLambdaInternal)"',
    ),
    "function-network": (
        "AWS::Lambda::Function",
        handler(
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
            "InvalidRequest",
            "Lambda",
        ),
    ),
    "function-concurrency": (
        "AWS::Lambda::Function",
        handler(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its "
            "minimum value of [100].",
            "InvalidRequest",
            "Lambda",
        ),
    ),
    "api-log-role": (
        "AWS::ApiGateway::Stage",
        handler(
            "CloudWatch Logs role ARN must be set in account settings to enable logging", "InvalidRequest", "ApiGateway"
        ),
    ),
    "api-empty": (
        "AWS::ApiGateway::Deployment",
        handler("The REST API doesn't contain any methods", "InvalidRequest", "ApiGateway"),
    ),
    "api-stage-busy": (
        "AWS::ApiGateway::Deployment",
        handler("Active stages pointing to this deployment must be moved or deleted", "InvalidRequest", "ApiGateway"),
    ),
    "api-delete-rate": ("AWS::ApiGateway::RestApi", handler("Too Many Requests", "Throttling", "ApiGateway", 429)),
    "vpc-link": ("AWS::ApiGateway::VpcLink", "NLB ARN is malformed (Service: AmazonApiGateway; Status Code: 400)"),
    "scaling-target": (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "No scalable target registered for service namespace: ecs, resource ID: service/shop/web, scalable dimension: "
        "ecs:service:DesiredCount (Service: AWSApplicationAutoScaling; Error Code: ObjectNotFoundException)",
    ),
    "topic-subscription": (
        "AWS::SNS::Topic",
        handler("Invalid parameter: Endpoint", "InvalidRequest", "Sns"),
    ),
    "already-exists": (
        "AWS::DynamoDB::Table",
        handler(
            "Resource of type 'AWS::DynamoDB::Table' with identifier 'shop-orders' already exists.", "AlreadyExists"
        ),
    ),
    "quota": (
        "AWS::EC2::InternetGateway",
        handler("The maximum number of internet gateways has been reached.", "ServiceLimitExceeded"),
    ),
    "throttled": ("AWS::CloudWatch::Alarm", handler("Rate exceeded", "Throttling", "CloudWatch")),
    "not-stabilized": (
        "AWS::EC2::VPCEndpoint",
        'Resource handler returned message: "Exceeded attempts to wait" (HandlerErrorCode: NotStabilized)',
    ),
    "internal": ("AWS::SNS::Topic", "Internal Failure"),
    "busy": (
        "AWS::RDS::DBCluster",
        handler("DB cluster is currently modified by another request", "ResourceConflict", "Rds"),
    ),
    "gone": ("AWS::SQS::QueuePolicy", handler("The specified queue does not exist.", "NotFound", "Sqs")),
    "invalid-request": (
        "AWS::S3::Bucket",
        "Resource handler returned message: \"Bucket name should not contain '_'\" (RequestToken: 1, HandlerErrorCode: "
        "InvalidRequest)",
    ),
}


@pytest.mark.parametrize("known", TABLE, ids=lambda known: known.id)
def test_each_row_explains_the_words_that_it_is_for_and_no_row_before_it_does(known: Known) -> None:
    name = known.id
    found = advise(*TEXTS[name])
    assert found is not None
    assert found.id == name
    assert "{" not in found.means + found.do


def test_the_table_and_its_texts_are_the_same_rows() -> None:
    ids = [known.id for known in TABLE]
    assert len(ids) == len(set(ids)) >= 40
    assert set(TEXTS) == set(ids)


@pytest.mark.parametrize("known", TABLE, ids=lambda known: known.id)
def test_each_row_is_sentences_and_says_where_it_is_known_from(known: Known) -> None:
    for text in (known.means, known.do):
        assert text[0].isupper() or text.startswith(("aws ", "{", "`"))
        assert "  " not in text
    assert known.source


def test_names_from_the_message_come_into_the_advice() -> None:
    found = advise(*TEXTS["export-in-use"])
    assert found is not None
    assert found.means.startswith("The stack foo-events imports foo-vpc-EcsCluster")
    found = advise(*TEXTS["engine-version"])
    assert found is not None
    assert "describe-db-engine-versions --engine aurora-postgresql" in found.do


def test_what_is_not_known_gets_no_advice() -> None:
    assert advise("AWS::SQS::Queue", "The moon is in the wrong phase.") is None


@pytest.mark.parametrize("reason", ["", "{", "[" * 200, "a" * 10_000, "%s {stack} ${x}"])
def test_odd_words_do_no_harm(reason: str) -> None:
    advise("AWS::X::Y", reason)
