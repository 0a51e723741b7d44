"""The customer portal, and where to find its parts."""

from __future__ import annotations

from tests.requirements.template import Reference, Resource, Stack, stack

S = "qa1"
"""The suffix: not the parameter's default, so that a name with the default typed into it is seen."""
HTTPS = {
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
    "DomainName": "portal.example.com",
}
SERVICES = ("frontend", "backend")


def portal(**parameters: str) -> Stack:
    """The portal with these parameters, the defaults for the rest."""
    return stack("customer-portal", EnvironmentSuffix=S, **parameters)


def service(of: Stack, name: str) -> Resource:
    """The ECS service ``frontend`` or ``backend``."""
    return of.one("AWS::ECS::Service", ServiceName=f"{name}-service-{S}")


def own_group(of: Stack, name: str) -> Resource:
    """The one security group of a service's tasks."""
    (group,) = service(of, name)["NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"]
    return of.at(group, "GroupId")


def balancer(of: Stack) -> Resource:
    """The application load balancer."""
    return of.one("AWS::ElasticLoadBalancingV2::LoadBalancer", Name=f"customer-portal-alb-{S}")


def balancer_group(of: Stack) -> Resource:
    """The load balancer's security group."""
    return of.one("AWS::EC2::SecurityGroup", GroupName=f"alb-sg-{S}")


def database(of: Stack) -> Resource:
    """The Aurora cluster."""
    return of.one("AWS::RDS::DBCluster", DBClusterIdentifier=f"customer-portal-db-{S}")


def secret(of: Stack) -> Resource:
    """The database's secret."""
    return of.one("AWS::SecretsManager::Secret", Name=f"customer-portal-db-secret-{S}")


def sessions(of: Stack) -> Resource:
    """The table of sessions."""
    return of.one("AWS::DynamoDB::Table", TableName=f"customer-portal-sessions-{S}")


def api(of: Stack) -> Resource:
    """The REST API."""
    return of.one("AWS::ApiGateway::RestApi", Name=f"customer-portal-api-{S}")


def stage(of: Stack) -> Resource:
    """The stage of the API."""
    return of.one("AWS::ApiGateway::Stage", RestApiId=Reference(api(of).logical_id))


def assets(of: Stack) -> Resource:
    """The bucket of assets."""
    # Decision: bucket names are global, so the account's number makes the brief's name unique.
    return of.one("AWS::S3::Bucket", BucketName=f"customer-portal-assets-{S}-${{AWS::AccountId}}")


def distribution(of: Stack) -> Resource:
    """The CloudFront distribution."""
    return of.one("AWS::CloudFront::Distribution")
