"""The shop in its tests: its parameters, the kinds of environment and the regions it may be in, and its resources."""

from __future__ import annotations

from typing import Any

from tests.requirements.relations import granted
from tests.requirements.template import ELSEWHERE, REGION, Reference, Resource, Stack, stack

S = "qa1"
"""The suffix: not the parameter's default, so that a name with the default typed into it is seen."""
CERTIFIED = {
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
    "DomainName": "shop.example.com",
}
PIPELINE = {
    "SourceConnectionArn": "arn:aws:codeconnections:us-east-1:123456789012:connection/0a1b2c3d-0000",
    "SourceRepository": "acme/shop",
    "SourceBranch": "release",
    "AppImageTag": "1.4.2",
}
ABROAD = {REGION: ELSEWHERE, "AvailabilityZoneA": f"{ELSEWHERE}a", "AvailabilityZoneB": f"{ELSEWHERE}b"}
"""In another region than us-east-1."""
DISPOSABLE = ("dev", "staging")
KINDS = (*DISPOSABLE, "prod")
POSTGRES = 5432
ACCOUNT = "${AWS::AccountId}"


def shop(**parameters: str) -> Stack:
    """The shop with these parameters, the defaults for the rest."""
    return stack("ecommerce", EnvironmentSuffix=S, **parameters)


def every_shop() -> list[Stack]:
    """The shop in each kind of environment, plain and with everything that is optional, at home and abroad."""
    options: tuple[dict[str, str], ...] = ({}, CERTIFIED | PIPELINE | {"AlarmEmail": "ops@example.com"}, ABROAD)
    return [shop(EnvironmentType=kind, **option) for kind in KINDS for option in options]


def key(of: Stack) -> Reference:
    """The ARN of the customer key."""
    return Reference(of.one("AWS::KMS::Key").logical_id, "Arn")


def service(of: Stack) -> Resource:
    """The service of the shop's tasks."""
    return of.one("AWS::ECS::Service", ServiceName=f"ecommerce-service-{S}")


def cluster(of: Stack) -> Resource:
    """The ECS cluster."""
    return of.one("AWS::ECS::Cluster", ClusterName=f"ecommerce-cluster-{S}")


def repository(of: Stack) -> Resource:
    """The repository of the shop's images."""
    return of.one("AWS::ECR::Repository", RepositoryName=f"ecommerce-app-{S}")


def balancer(of: Stack) -> Resource:
    """The load balancer."""
    return of.one("AWS::ElasticLoadBalancingV2::LoadBalancer", Name=f"ecommerce-alb-{S}")


def balancer_group(of: Stack) -> Resource:
    """The security group of the load balancer."""
    return of.one("AWS::EC2::SecurityGroup", GroupName=f"ecommerce-alb-sg-{S}")


def target_group(of: Stack) -> Resource:
    """The tasks behind the load balancer."""
    return of.one("AWS::ElasticLoadBalancingV2::TargetGroup", Name=f"ecommerce-app-tg-{S}")


def database(of: Stack) -> Resource:
    """The database cluster."""
    return of.one("AWS::RDS::DBCluster", DBClusterIdentifier=f"ecommerce-db-{S}")


def database_group(of: Stack) -> Resource:
    """The security group of the database."""
    return of.one("AWS::EC2::SecurityGroup", GroupName=f"ecommerce-database-sg-{S}")


def secret(of: Stack) -> Resource:
    """The secret with the database's credentials."""
    return of.one("AWS::SecretsManager::Secret", Name=f"ecommerce-db-credentials-{S}")


def function(of: Stack) -> Resource:
    """The function behind /process."""
    return of.one("AWS::Lambda::Function", FunctionName=f"ecommerce-process-{S}")


def api(of: Stack) -> Resource:
    """The REST API."""
    return of.one("AWS::ApiGateway::RestApi", Name=f"E-Commerce-API-{S}")


def stage(of: Stack) -> Resource:
    """The API's one stage."""
    return of.one("AWS::ApiGateway::Stage", RestApiId=Reference(api(of).logical_id))


def topic(of: Stack) -> Resource:
    """The topic that alarms are told."""
    return of.one("AWS::SNS::Topic", TopicName=f"ecommerce-alerts-{S}")


def bucket(of: Stack, name: str) -> Resource:
    """A bucket. Decision: names are global, so the account's number makes the brief's name unique."""
    return of.one("AWS::S3::Bucket", BucketName=f"ecommerce-{name}-{S}-${{AWS::AccountId}}")


def distribution(of: Stack) -> Resource:
    """The distribution in front of the assets."""
    return of.one("AWS::CloudFront::Distribution")


def helpers(of: Stack) -> set[str]:
    """The logical ids of the functions behind custom resources, and of what belongs to them."""
    found = {r["ServiceToken"].logical_id for r in of.resources.values() if r.type.startswith("Custom::")}
    return found | {each for name in found for each in of.resources[name].waits_for}


def decrypts(of: Stack, role: Resource, by: str) -> bool:
    """Whether a role may read what that service has encrypted for it with the customer key, and by no other way."""
    policies = [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]
    way = {"StringEquals": {"kms:ViaService": f"{by}.${{AWS::Region}}.amazonaws.com"}}
    plain = [s for s in policies if "kms:Decrypt" in s["Action"] and "Condition" not in s]
    return not plain and any(
        s["Action"] == ["kms:Decrypt"] and s["Resource"] == [key(of)] and s["Condition"] == way for s in policies
    )


def reads_the_secret(of: Stack, role: Resource) -> bool:
    """Whether a role may read the database's credentials, and decrypt them."""
    wanted = ("secretsmanager:GetSecretValue", Reference(secret(of).logical_id))
    return wanted in granted(of, role) and decrypts(of, role, "secretsmanager")


def method(of: Stack, path: str, verb: str) -> Resource:
    """A method of the API on a path: ``/api/{proxy+}``, ``/process`` …"""
    place = Reference(api(of).logical_id, "RootResourceId")
    for part in path.strip("/").split("/"):
        found = of.one("AWS::ApiGateway::Resource", ParentId=place, PathPart=part)
        place = Reference(found.logical_id)
    return of.one("AWS::ApiGateway::Method", ResourceId=place, HttpMethod=verb)


def bucket_policy(of: Stack, of_bucket: Resource) -> list[dict[str, Any]]:
    """The statements of a bucket's policy."""
    it = of.one("AWS::S3::BucketPolicy", Bucket=Reference(of_bucket.logical_id))
    return list(it["PolicyDocument.Statement"])


def check_private(of: Stack, it: Resource) -> None:
    """A bucket that lets the public in by no means, and nobody without TLS."""
    assert it["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert it["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    arn = Reference(it.logical_id, "Arn")
    (refusal,) = (s for s in bucket_policy(of, it) if s["Effect"] == "Deny")
    assert (refusal["Principal"], refusal["Action"]) == ("*", ["s3:*"])
    assert refusal["Resource"] == [arn, f"{arn}/*"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
