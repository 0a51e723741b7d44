"""TAP1597 and TAP1598: names of endpoint services, and elastic addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from tap.check.graph.network import ENDPOINT, service_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Text, shape

_SERVICES = (
    *("application-autoscaling", "autoscaling", "backup", "cloudformation", "cloudtrail", "codeartifact.api"),
    *("codeartifact.repositories", "codebuild", "codecommit", "codedeploy", "codepipeline", "dynamodb", "ebs"),
    *("ec2", "ec2messages", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "elasticache"),
    *("elasticbeanstalk", "elasticfilesystem", "elasticloadbalancing", "events", "execute-api"),
    *("git-codecommit", "kinesis-firehose", "kinesis-streams", "kms", "lambda", "logs", "monitoring", "rds"),
    *("rds-data", "s3", "s3express", "scheduler", "secretsmanager", "servicediscovery", "sns", "sqs", "ssm"),
    *("ssmmessages", "states", "sts", "xray"),
)
"""Services that three-tier systems ask for. Source: VPC PrivateLink guide, "AWS services that integrate with AWS
PrivateLink". Others that are not listed here are taken for right unless they look like one of these."""
_MISTAKEN: Mapping[str, str] = {
    "cloudwatch": "monitoring",
    "cloudwatch-logs": "logs",
    "cloudwatchlogs": "logs",
    "dynamo": "dynamodb",
    "ecr": "ecr.api and ecr.dkr",
    "ecr-api": "ecr.api",
    "ecr-dkr": "ecr.dkr",
    "ecr.docker": "ecr.dkr",
    "efs": "elasticfilesystem",
    "eventbridge": "events",
    "kinesis": "kinesis-streams",
    "log": "logs",
    "secrets": "secretsmanager",
    "secrets-manager": "secretsmanager",
    "ssm-messages": "ssmmessages",
    "stepfunctions": "states",
}
_LONG = 7


class ServiceName(ResourceRule):
    """An endpoint for a service that there is not."""

    id = "TAP1597"
    title = "An endpoint's service is one that there is, in the region"
    description = (
        "The service is com.amazonaws.REGION.NAME, with the names of the PrivateLink guide: ecr.api and ecr.dkr, "
        "secretsmanager, logs, monitoring. Another name, or another region: “The Vpc Endpoint Service does not exist”."
    )
    source = "VPC PrivateLink guide, “AWS services that integrate with AWS PrivateLink”; EC2 API, CreateVpcEndpoint"
    advice = "Write !Sub com.amazonaws.${AWS::Region}.NAME."
    types = (ENDPOINT,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The name of an endpoint of a service of AWS."""
        said = resource.get("ServiceName")
        service = service_of(said)
        if not service or not isinstance(said, str | Text):
            return
        near = _MISTAKEN.get(service, "")
        if not near and service not in _SERVICES and len(service) >= _LONG:
            near = next(iter(get_close_matches(service, _SERVICES, 1, 0.88)), "")
        if near and not service.startswith(near.split(" ")[0] + "."):
            yield at(resource, "ServiceName", says=f"There is no service {service}: it is {near}.")
        match = re.match(r"(?:cn\.)?com\.amazonaws\.([a-z]{2}(?:-[a-z]+)+-\d)\.", shape(said))
        if match and world.region and match[1] != world.region and resource.get("ServiceRegion") is None:
            says = f"The service is that of {match[1]}, the stack is in {world.region}."
            yield at(resource, "ServiceName", says=says)


class ClassicAddress(ResourceRule):
    """An elastic address outside of any VPC."""

    id = "TAP1598"
    title = "An elastic address is for VPCs"
    description = "Domain is vpc. EC2-Classic, which standard was for, was closed in 2022."
    source = "AWS::EC2::EIP Domain; EC2 API, AllocateAddress"
    advice = "Domain: vpc."
    types = ("AWS::EC2::EIP",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The domain of an address."""
        domain = resource.get("Domain")
        if isinstance(domain, str) and domain.lower() == "standard":
            yield at(resource, "Domain", says=f"Domain is {domain}.")
