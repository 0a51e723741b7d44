"""Media streaming, its edge, and where to find their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.requirements import parts
from tests.requirements.template import Reference, Resource, Stack, given, load, stack

S = "qa1"
"""The suffix: not the parameter's default, so that a name with the default typed into it is seen."""
HTTPS = {
    "CertificateArn": "arn:aws:acm:ap-southeast-1:123456789012:certificate/0a1b2c3d",
    "DomainName": "media.example.com",
}
EDGE = {
    "CloudFrontCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/4e5f6a7b",
    "CdnDomainName": "www.example.com",
    "CloudFrontWebAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/cdn-firewall-qa1/8c9d",
}
SERVICES = ("frontend", "backend")
PORTS = {"frontend": 80, "backend": 5000}
POSTGRES = 5432
DAYS = 30


def media(**parameters: str) -> Stack:
    """Media streaming with these parameters, the defaults for the rest."""
    return stack("media-streaming", EnvironmentSuffix=S, **parameters)


def edge(**parameters: str) -> Stack:
    """What it has in us-east-1."""
    return given(load("media-streaming/edge.json"), {"EnvironmentSuffix": S, **parameters})


def service(of: Stack, name: str) -> Resource:
    """The ``frontend`` or the ``backend``."""
    return of.one("AWS::ECS::Service", ServiceName=f"{name}-service-{S}")


def container(of: Stack, name: str) -> Mapping[str, Any]:
    """The only container of its tasks."""
    assert len(parts.task(of, service(of, name))["ContainerDefinitions"]) == 1
    return parts.container(of, service(of, name), name)


def production_rule(of: Stack, name: str) -> Resource:
    """The listener rule by which users reach it."""
    return of.at(service(of, name)["LoadBalancers.0.AdvancedConfiguration.ProductionListenerRule"])


def trial_rule(of: Stack, name: str) -> Resource:
    """The listener rule by which its new version is tried."""
    return of.at(service(of, name)["LoadBalancers.0.AdvancedConfiguration.TestListenerRule"])


def target_groups(of: Stack, name: str) -> tuple[Resource, Resource]:
    """The blue and the green target group of a service."""
    kind = "AWS::ElasticLoadBalancingV2::TargetGroup"
    return of.one(kind, Name=f"{name}-tg-{S}"), of.one(kind, Name=f"{name}-tg-green-{S}")


def balancer(of: Stack) -> Resource:
    """The load balancer."""
    return of.one("AWS::ElasticLoadBalancingV2::LoadBalancer", Name=f"alb-{S}")


def balancer_group(of: Stack) -> Resource:
    """Its security group."""
    return of.one("AWS::EC2::SecurityGroup", GroupName=f"alb-sg-{S}")


def listener(of: Stack, port: int) -> Resource:
    """Its listener on a port."""
    return of.one("AWS::ElasticLoadBalancingV2::Listener", Port=port)


def database(of: Stack) -> Resource:
    """The Aurora cluster."""
    return of.one("AWS::RDS::DBCluster", DBClusterIdentifier=f"aurora-{S}")


def secret(of: Stack) -> Reference:
    """The ARN of the secret that RDS keeps for it."""
    return Reference(database(of).logical_id, "MasterUserSecret.SecretArn")


def api(of: Stack) -> Resource:
    """The REST API."""
    return of.one("AWS::ApiGateway::RestApi", Name=f"api-{S}")


def stage(of: Stack) -> Resource:
    """Its stage."""
    return of.one("AWS::ApiGateway::Stage", RestApiId=Reference(api(of).logical_id))


def distribution(of: Stack) -> Resource:
    """The CloudFront distribution."""
    return of.one("AWS::CloudFront::Distribution")


def page_writer(of: Stack) -> Resource:
    """The function that writes the error pages."""
    return of.at(of.one("Custom::WrittenPages")["ServiceToken"], "Arn")
