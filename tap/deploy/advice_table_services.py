"""Known messages of containers, functions and APIs (see :mod:`tap.deploy.advice_table`)."""

from __future__ import annotations

from tap.deploy.advice import Known

SERVICES = (
    Known(
        "circuit-breaker",
        r"ecs deployment circuit breaker was triggered",
        "The service's tasks stopped or failed their health checks again and again, so ECS gave the deployment up.",
        "Why the tasks stopped stands in the service's events and stopped tasks (aws ecs describe-services, list-tasks "
        "--desired-status STOPPED), and what the application said in its log group.",
        "ECS developer guide, How the Amazon ECS deployment circuit breaker detects failures; reports in "
        "aws/copilot-cli",
    ),
    Known(
        "service-unstable",
        r"did not stabilize|notstabilized|exceeded attempts to wait|failed to stabilize",
        "The service did not reach its desired count of healthy tasks in the time that CloudFormation waits.",
        "Look at the service's events, at why its tasks stopped, and at the application's log group: mostly it "
        "is the image, "
        "a secret, a way out of the subnet, or the health check.",
        "re:Post, Why did my Amazon ECS service fail to stabilize in CloudFormation; reports in "
        "widdix/aws-cf-templates",
        type="AWS::ECS::",
    ),
    Known(
        "image-pull",
        r"cannotpullcontainererror",
        "The image cannot be pulled: wrong name or tag, no permission, or no way to the registry.",
        "Check the image's tag in the repository, the execution role, and the subnet's way out (NAT or endpoints "
        "for ECR and "
        "S3). An image for another processor counts as missing too.",
        "ECS developer guide, CannotPullContainer task errors in Amazon ECS",
    ),
    Known(
        "task-start",
        r"resourceinitializationerror",
        "A task could not fetch its secrets, its image or its log group before it started.",
        "The execution role must be allowed to read the secret and its key, the JSON key must be in the secret, "
        "and the "
        "subnet needs a way out or endpoints.",
        "ECS developer guide, Troubleshooting Amazon ECS ResourceInitializationError errors",
    ),
    Known(
        "task-memory",
        r"outofmemory|exit(?:ed)? (?:with )?(?:code )?137",
        "A container used more memory than it has.",
        "Give the task more memory.",
        "ECS developer guide, Stopped tasks error codes",
    ),
    Known(
        "task-health",
        r"failed (?:elb|container) health checks|task failed elb health checks",
        "The tasks run, and do not answer the health check as it wants.",
        "Check path, port and answer of the health check, the security groups between load balancer and tasks, "
        "and the grace "
        "period.",
        "ECS developer guide, Troubleshoot service load balancers",
    ),
    Known(
        "task-exited",
        r"essential container in task exited",
        "A container ended by itself.",
        "Its log group says why; look at the exit code of the stopped task.",
        "ECS developer guide, Stopped tasks error codes",
    ),
    Known(
        "cluster-busy",
        r"cluster cannot be deleted while (?P<what>[\w ]+) are (?:active|registered)|clustercontains\w+",
        "The cluster still has services, tasks or instances that the stack does not know.",
        "Stop and delete them, then delete again.",
        "ECS API reference, DeleteCluster",
    ),
    Known(
        "repository-not-empty",
        r"cannot be deleted because it still contains images|repositorynotempty",
        "ECR deletes no repository that holds images.",
        "Delete the images, or deploy with EmptyOnDelete first; then delete again.",
        "CloudFormation template reference, AWS::ECR::Repository: EmptyOnDelete; reports in brentley/appmeshworkshop",
    ),
    Known(
        "function-code",
        r"error occurred while getobject\. s3 error code: (?P<code>\w+)",
        "The function's code is not where the template says (S3: {code}).",
        "Upload it to that bucket and key, in the function's region, then deploy again.",
        "Lambda API reference, CreateFunction; reports in aws-cloudformation/rain",
    ),
    Known(
        "function-network",
        r"execution role does not have permissions to call createnetworkinterface",
        "The function's role may not make the network interfaces that a VPC takes.",
        "Give the role the managed policy AWSLambdaVPCAccessExecutionRole before the function is made.",
        "Lambda developer guide, Giving Lambda functions access to resources in an Amazon VPC",
    ),
    Known(
        "function-concurrency",
        r"decreases account's unreservedconcurrentexecution below its minimum",
        "The account has too few concurrent executions left to reserve some for one function.",
        "Reserve fewer, or ask for more under Service Quotas, AWS Lambda.",
        "Lambda developer guide, Configuring reserved concurrency",
    ),
    Known(
        "api-log-role",
        r"cloudwatch logs role arn must be set in account settings",
        "API Gateway has no role for its logs in this account and region.",
        "Deploy with --parameter CreateApiGatewayLogsRole=true, or set a role in API Gateway's settings.",
        "API Gateway developer guide, Set up CloudWatch logging for REST APIs; reports in anomalyco/sst",
    ),
    Known(
        "api-empty",
        r"the rest api doesn.t contain any methods",
        "The API was deployed before its methods were made.",
        "The deployment must wait for the methods (DependsOn).",
        "re:Post, Why does my API Gateway deployment fail in CloudFormation",
    ),
    Known(
        "api-stage-busy",
        r"active stages pointing to this deployment must be moved or deleted",
        "A stage still uses the API's old deployment.",
        "Point the stage to another deployment, or delete it; then deploy again.",
        "API Gateway API reference, DeleteDeployment",
    ),
    Known(
        "api-delete-rate",
        r"too many ?requests|rate exceeded|toomanyrequests",
        "API Gateway takes few changes of this kind: one API may be deleted every 30 seconds.",
        "Wait a minute, then go on.",
        "API Gateway developer guide, Amazon API Gateway quotas",
        type="AWS::ApiGateway",
    ),
    Known(
        "vpc-link",
        r"nlb arn is malformed",
        "A VPC link of version 1 takes the ARN of a network load balancer, and this is none.",
        "Give it a network load balancer, or use a link of version 2 (AWS::ApiGatewayV2::VpcLink), which takes "
        "others too.",
        "API Gateway developer guide, Set up VPC links V2; Troubleshooting issues with VPC links",
    ),
    Known(
        "scaling-target",
        r"no scalable target (?:found|registered)",
        "The policy names a target that auto scaling does not know: the service is gone or not registered yet.",
        "The policy must wait for the target; a target that was removed by hand has to be made again.",
        "Application Auto Scaling API reference, PutScalingPolicy: ObjectNotFoundException",
    ),
    Known(
        "topic-subscription",
        r"invalid parameter: (?:email|endpoint)|invalid parameter: topicarn",
        "SNS does not take the address or the topic.",
        "Check the parameter with the address: it may not be empty.",
        "SNS API reference, Subscribe: InvalidParameter",
        type="AWS::SNS::",
    ),
)
