"""What a person calls a type of resource, and which icon and colour stand for it."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """What a type is called, its icon, and the palette's name of its colour."""

    kind: str
    icon: str
    tone: str


LOOKS: dict[str, Look] = {
    "ApiGateway::RestApi": Look("API Gateway REST API", "api", "edge"),
    "ApiGatewayV2::VpcLink": Look("VPC link", "link", "edge"),
    "Backup::BackupPlan": Look("AWS Backup plan", "backup", "keep"),
    "CertificateManager::Certificate": Look("ACM certificate", "certificate", "keep"),
    "CloudFront::Distribution": Look("CloudFront distribution", "globe", "edge"),
    "CloudWatch::Alarm": Look("CloudWatch alarms", "bell", "watch"),
    "CloudWatch::Dashboard": Look("CloudWatch dashboard", "chart", "watch"),
    "CodePipeline::Pipeline": Look("CodePipeline pipeline", "pipeline", "compute"),
    "DynamoDB::Table": Look("DynamoDB table", "table", "data"),
    "EC2::Instance": Look("NAT instance", "nat", "network"),
    "EC2::InternetGateway": Look("internet gateway", "gate", "network"),
    "EC2::NatGateway": Look("NAT gateway", "nat", "network"),
    "EC2::Subnet": Look("subnet", "gate", "network"),
    "EC2::VPC": Look("VPC", "network", "network"),
    "EC2::VPCEndpoint": Look("gateway endpoint", "link", "network"),
    "ECR::Repository": Look("ECR image repository", "image", "compute"),
    "ECS::Cluster": Look("ECS cluster", "tasks", "compute"),
    "ECS::Service": Look("Fargate service", "tasks", "compute"),
    "ElasticLoadBalancingV2::LoadBalancer": Look("application load balancer", "balance", "network"),
    "KMS::Key": Look("KMS key", "key", "keep"),
    "Lambda::Function": Look("Lambda function", "function", "compute"),
    "Logs::LogGroup": Look("CloudWatch Logs", "log", "watch"),
    "RDS::DBCluster": Look("RDS database cluster", "cylinder", "data"),
    "Route53::RecordSet": Look("Route 53 records", "sign", "edge"),
    "S3::Bucket": Look("S3 bucket", "bucket", "data"),
    "SNS::Topic": Look("SNS topic", "mail", "watch"),
    "SSM::Parameter": Look("Parameter Store", "settings", "keep"),
    "SecretsManager::RotationSchedule": Look("rotation function", "function", "compute"),
    "SecretsManager::Secret": Look("Secrets Manager secret", "lock", "keep"),
    "WAFv2::WebACL": Look("WAF firewall", "shield", "edge"),
}
"""Types (without ``AWS::``) that a picture shows."""

SHELF = (
    "S3::Bucket",
    "DynamoDB::Table",
    "SecretsManager::Secret",
    "KMS::Key",
    "CertificateManager::Certificate",
    "ECR::Repository",
    "SSM::Parameter",
    "Lambda::Function",
)
"""What stands beside the VPC, in this order; of buckets and functions, those that ways lead to, or that hold data."""

GROUPED = {"ECR::Repository": "image repositories", "SSM::Parameter": "settings"}
"""Types of which several share a box, and what several are called."""
