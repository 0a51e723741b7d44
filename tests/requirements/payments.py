"""The payments system in its tests: its parameters, the regions that it may be in, and its main resources."""

from __future__ import annotations

from tests.requirements.template import ELSEWHERE, REGION, Reference, Resource, Stack, stack

S = "qa1"
"""The suffix: not the parameter's default, so that a name with the default typed into it is seen."""
DOMAIN = "pay.example.org"
ZONE = "Z0123456789EXAMPLE"
CDN_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d"
SERVICES = {"frontend": 80, "backend": 3000}
"""Service → the port of its container."""

HOME: dict[str, str] = {}
"""In us-east-1, the system's own region."""
ABROAD = {REGION: ELSEWHERE}
"""In another region, where CloudFront has no certificate."""
ABROAD_WITH_CERTIFICATE = ABROAD | {"CloudFrontCertificateArn": CDN_CERTIFICATE}
"""In another region, with a certificate of us-east-1 for CloudFront."""
PLACES = {"home": HOME, "abroad": ABROAD, "abroad-certificate": ABROAD_WITH_CERTIFICATE}


def payments(**parameters: str) -> Stack:
    """Payments with these parameters, the defaults for the rest."""
    return stack("payments", **{"EnvironmentSuffix": S, "DomainName": DOMAIN, "HostedZoneId": ZONE, **parameters})


def service(of: Stack, name: str) -> Resource:
    """The ``frontend`` or the ``backend``."""
    return of.one("AWS::ECS::Service", ServiceName=f"tap-{name}-{S}")


def balancer(of: Stack) -> Resource:
    """The load balancer."""
    return of.one("AWS::ElasticLoadBalancingV2::LoadBalancer", Name=f"tap-alb-{S}")


def balancer_group(of: Stack) -> Resource:
    """The security group of the load balancer."""
    return of.one("AWS::EC2::SecurityGroup", GroupName=f"tap-alb-sg-{S}")


def listener(of: Stack, port: int) -> Resource:
    """The listener on a port."""
    found = of.one("AWS::ElasticLoadBalancingV2::Listener", Port=port)
    assert found["LoadBalancerArn"] == Reference(balancer(of).logical_id)
    return found


def target_group(of: Stack, name: str) -> Resource:
    """The target group of a service."""
    return of.one("AWS::ElasticLoadBalancingV2::TargetGroup", Name=f"tap-{name}-tg-{S}")


def database(of: Stack) -> Resource:
    """The database cluster."""
    return of.one("AWS::RDS::DBCluster", DBClusterIdentifier=f"tap-database-{S}")


def secret(of: Stack) -> Reference:
    """The secret that RDS makes for the cluster."""
    return Reference(database(of).logical_id, "MasterUserSecret.SecretArn")


def key(of: Stack) -> Reference:
    """The ARN of the customer key."""
    return Reference(of.one("AWS::KMS::Key").logical_id, "Arn")


def certificate(of: Stack) -> Resource:
    """The certificate of the domain."""
    return of.one("AWS::CertificateManager::Certificate")


def distribution(of: Stack) -> Resource:
    """The distribution in front of the assets."""
    return of.one("AWS::CloudFront::Distribution")


def assets(of: Stack) -> Resource:
    """The bucket with the static files."""
    # Decision: bucket names are global, so the account's number makes the name unique.
    return of.one("AWS::S3::Bucket", BucketName=f"payments-assets-{S}-${{AWS::AccountId}}")


def logs_bucket(of: Stack) -> Resource:
    """The bucket with the access logs."""
    return of.one("AWS::S3::Bucket", BucketName=f"payments-logs-{S}-${{AWS::AccountId}}")


def topic(of: Stack) -> Reference:
    """The topic that alarms are told."""
    return Reference(of.one("AWS::SNS::Topic", TopicName=f"tap-alerts-{S}").logical_id)
