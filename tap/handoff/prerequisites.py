"""What must be there before a system is deployed, told from its template and an environment's parameters. Pure.

Sources: CloudFormation user guide, "Parameter types"; API Gateway developer guide, "Set up CloudWatch logging for REST
APIs in API Gateway"; IAM user guide, "Create a service-linked role"; Service Quotas user guide, "Viewing service
quotas"; the services' pages on endpoints and quotas (AWS General Reference).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tap.handoff.settled import Settled
from tap.limitations import asked_for_region
from tap.markdown import code, table, text

if TYPE_CHECKING:
    from tap.handoff.contents import Contents

_COUNTED = {
    "AWS::EC2::VPC": ("VPCs", "vpc"),
    "AWS::EC2::EIP": ("Elastic IP addresses", "ec2"),
    "AWS::EC2::NatGateway": ("NAT gateways", "vpc"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Application Load Balancers", "elasticloadbalancing"),
    "AWS::RDS::DBCluster": ("DB clusters", "rds"),
    "AWS::RDS::DBInstance": ("DB instances", "rds"),
    "AWS::CloudFront::Distribution": ("distributions", "cloudfront"),
    "AWS::S3::Bucket": ("buckets", "s3"),
    "AWS::ApiGatewayV2::VpcLink": ("VPC links", "apigateway"),
    "AWS::WAFv2::WebACL": ("web ACLs", "wafv2"),
}
"""Types of which an account may have so many → what its quota calls them, and its service in Service Quotas."""

_BILLED = (
    ("AWS::EC2::NatGateway", "NAT gateway", "NAT gateways"),
    ("AWS::EC2::Instance", "instance", "instances"),
    ("AWS::EC2::EIP", "public address", "public addresses"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "load balancer", "load balancers"),
    ("AWS::RDS::DBInstance", "database instance", "database instances"),
    ("AWS::WAFv2::WebACL", "firewall", "firewalls"),
    ("AWS::KMS::Key", "key", "keys"),
)
"""Types that are billed by time (sources: the pricing pages of VPC, EC2, Elastic Load Balancing, Aurora, WAF, KMS)."""

_LINKED = {
    "AWS::ECS::Cluster": "ecs.amazonaws.com",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "elasticloadbalancing.amazonaws.com",
    "AWS::RDS::DBCluster": "rds.amazonaws.com",
    "AWS::ApplicationAutoScaling::ScalableTarget": "ecs.application-autoscaling.amazonaws.com",
    "AWS::ApiGateway::RestApi": "ops.apigateway.amazonaws.com",
}
"""Types whose service makes a role for itself when it is first used in an account → its name."""


def lines(contents: Contents, environment: str, here: Settled) -> Iterator[str]:
    """What must be there, and the commands that show whether it is."""
    values = contents.values[environment]
    declared = contents.whole.parameters
    region = contents.whole.region
    yield "Credentials for the right account, and the files as they were delivered:"
    yield from ("", "```sh", "aws sts get-caller-identity", "sha256sum -c checksums.sha256", "```", "")
    if examples := [key for key, value in values.items() if "EXAMPLE" in value or "example.com" in value]:
        yield f"**In `parameters/{environment}.json` are examples that must be replaced: {', '.join(map(code, examples))}.**"
        yield ""
    if "HostedZoneId" in values and "Default" not in declared["HostedZoneId"]:
        domain = values.get("DomainName", "")
        yield f"The hosted zone of {code(domain)} must be in Route 53, and the domain's registrar must point to its name servers: the certificate is proven in it, and the deployment waits for that."
        yield from (
            "",
            "```sh",
            f"aws route53 list-hosted-zones-by-name --dns-name {domain} --max-items 1",
            "aws route53 get-hosted-zone --id YOUR-ZONE-ID --query DelegationSet.NameServers",
            "```",
            "",
        )
    optional = [key for key, one in declared.items() if one.get("Default") == "" and not values.get(key)]
    if optional:
        yield "Left empty, which is allowed. Look whether that is what you want:"
        yield ""
        yield from table(
            ("Parameter", "What it is for"), ((code(key), text(declared[key]["Description"])) for key in optional)
        )
        yield ""
    if "CreateApiGatewayLogsRole" in declared:
        yield (
            "API Gateway has one role for its logs in an account and region. `deploy.sh` makes it only where there is "
            "none; by hand, look, and set `CreateApiGatewayLogsRole` to `false` where there is one:"
        )
        yield from ("", "```sh", f"aws apigateway get-account --region {region} --query cloudwatchRoleArn", "```", "")
    yield from _limits(here, region)
    linked = list(dict.fromkeys(name for kind, name in _LINKED.items() if here.of_type(kind)))
    if linked:
        yield (
            "In a new account these services make themselves a role when they are first used. Whoever deploys needs "
            f"`iam:CreateServiceLinkedRole`, or the roles must be there: {', '.join(map(code, linked))}."
        )
        yield from (
            "",
            "```sh",
            f"aws iam create-service-linked-role --aws-service-name {linked[0]}   # likewise the others",
            "```",
        )
    if asked := list(asked_for_region(here.resources)):
        known = [set(contents.whole.template["Mappings"][name]) for name in asked]
        first = contents.whole.template["Mappings"][asked[0]]
        regions = [each for each in first if all(each in one for one in known)]
        yield ""
        yield (
            f"It can be deployed in {', '.join(regions)} only: the template knows no other region (mapping"
            f"{'' if len(asked) == 1 else 's'} {' and '.join(map(code, asked))})."
        )
    if hourly := list(_billed(here)):
        yield ""
        yield f"Billed from the first hour, used or not: {', '.join(hourly)}."


def _billed(here: Settled) -> Iterator[str]:
    """What costs money by the hour or month whether anybody uses it; what is paid by use alone is left out."""
    for kind, one, many in _BILLED:
        if count := len(here.of_type(kind)):
            yield f"{count} {one if count == 1 else many}"
    if any(here.property(name, "MinCapacity") for name in here.of_type("AWS::ApplicationAutoScaling::ScalableTarget")):
        yield "and the least number of tasks of each service"


def _limits(here: Settled, region: str) -> Iterator[str]:
    counted = [
        (what, service, len(found)) for kind, (what, service) in _COUNTED.items() if (found := here.of_type(kind))
    ]
    yield "The account's quotas must leave room for this, and for what else is in the account and region:"
    yield ""
    yield from table(
        ("Quota", "Needed", "Service"), ((what, str(count), code(service)) for what, service, count in counted)
    )
    yield ""
    if cpu := _vcpus(here):
        yield f"And Fargate for {cpu:g} vCPUs when all services run as many tasks as they may (quotas of the service `fargate`, one on demand and one for spot)."
        yield ""
    yield from (
        "```sh",
        f"aws service-quotas list-service-quotas --region {region} --service-code ec2 --query 'Quotas[].[QuotaName, Value]' --output table",
        "```",
        "",
    )


def _vcpus(here: Settled) -> float:
    """The CPU of all services' tasks at their most."""
    total = 0.0
    for name, target in here.of_type("AWS::ApplicationAutoScaling::ScalableTarget").items():
        service = _named_in(target["Properties"].get("ResourceId"), here.of_type("AWS::ECS::Service"))
        task = _named_in(here.resources[service]["Properties"]["TaskDefinition"], here.resources) if service else ""
        if task:
            most, units = here.property(name, "MaxCapacity"), here.property(task, "Cpu")
            total += int(most or 0) * int(units or 0) / 1024
    return total


def _named_in(node: Any, among: Mapping[str, Any]) -> str:
    from tap.references import find

    return next((use.reference.name for use in find(node) if use.reference.name in among), "")
