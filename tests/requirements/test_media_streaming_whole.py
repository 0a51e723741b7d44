"""Media streaming's requirements, one by one, in the emitted templates: the whole.

"Decision" in a comment: where the system departs from the words of its brief, and how.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.requirements.media import (
    EDGE,
    HTTPS,
    SERVICES,
    S,
    api,
    balancer,
    database,
    distribution,
    edge,
    listener,
    media,
    page_writer,
    stage,
)
from tests.requirements.parts import (
    attributes,
    behaviours,
    role,
)
from tests.requirements.relations import granted
from tests.requirements.template import Reference, given, load, variants

requirement = pytest.mark.requirement


@requirement("MS-SEC-1")
def test_ms_sec_1_in_transit() -> None:
    of = media(**HTTPS, **EDGE)
    found = behaviours(distribution(of))
    assert {it["ViewerProtocolPolicy"] for it in found.values()} == {"redirect-to-https"}
    assert distribution(of)["DistributionConfig.ViewerCertificate.MinimumProtocolVersion"] == "TLSv1.2_2021"
    origins = distribution(of)["DistributionConfig.Origins"]
    asked = {each["CustomOriginConfig"]["OriginProtocolPolicy"] for each in origins if "CustomOriginConfig" in each}
    assert asked == {"https-only"}
    assert listener(of, 80)["DefaultActions.0.RedirectConfig.Protocol"] == "HTTPS"
    assert of.at(database(of)["DBClusterParameterGroupName"])["Parameters"] == {"rds.force_ssl": "1"}
    for it in of.of("AWS::RDS::DBInstance"):
        assert it["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    for bucket in of.of("AWS::S3::Bucket"):
        policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(bucket.logical_id))
        (refusal,) = (s for s in policy["PolicyDocument.Statement"] if s["Effect"] == "Deny")
        arn = Reference(bucket.logical_id, "Arn")
        assert (refusal["Principal"], refusal["Action"]) == ("*", ["s3:*"])
        assert refusal["Resource"] == [arn, f"{arn}/*"]
        assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@requirement("MS-SEC-1")
def test_ms_sec_1_at_rest() -> None:
    # Log groups, repositories, parameters and secrets are encrypted by their services without a word. The alarms' topic
    # is not: CloudWatch cannot publish to one with AWS's key, and the design has no key of its own.
    of = media()
    assert database(of)["StorageEncrypted"] is True
    for bucket in of.of("AWS::S3::Bucket"):
        (rule,) = bucket["BucketEncryption.ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["OwnershipControls.Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert not of.of("AWS::EFS::FileSystem")
    assert not of.of("AWS::DynamoDB::Table")


KEPT_BY_DEFAULT = {"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"}
"""What CloudFormation snapshots where no policy is given (user guide, ``DeletionPolicy`` attribute)."""


@requirement("MS-DEL-1")
@pytest.mark.parametrize("file", ["stack", "edge"])
def test_ms_del_1_nothing_retained(file: str) -> None:
    body = load(f"media-streaming/{file}.json")
    for parameters in variants(body):
        of = given(body, {"EnvironmentSuffix": S, **parameters})
        kept = {it.type for it in of.resources.values() if set(it.deletion) - {"Delete", ""}}
        # Decision: only the account-wide role for API logs stays, for other APIs use it; false leaves even that out.
        assert kept == ({"AWS::IAM::Role", "AWS::ApiGateway::Account"} if of.of("AWS::ApiGateway::Account") else set())
        for it in of.resources.values():
            assert it.type not in KEPT_BY_DEFAULT or it.deletion == ("Delete", "Delete"), it.logical_id
            assert not it["DeletionProtection"], it.logical_id
            assert not it["DeletionProtectionEnabled"], it.logical_id
    assert not media(CreateApiGatewayLogsRole="false").of("AWS::ApiGateway::Account")
    account = media().one("AWS::ApiGateway::Account")
    assert account.deletion == role(media(), account["CloudWatchRoleArn"]).deletion == ("Retain", "Retain")


@requirement("MS-DEL-1")
def test_ms_del_1_what_holds_things_is_emptied() -> None:
    of = media()
    assert attributes(balancer(of), "LoadBalancerAttributes")["deletion_protection.enabled"] == "false"
    assert {it["EmptyOnDelete"] for it in of.of("AWS::ECR::Repository")} == {True}
    buckets = of.of("AWS::S3::Bucket")
    assert buckets
    for bucket in buckets:
        # It goes before the bucket, and takes every version of everything with it.
        written = of.one("Custom::WrittenPages", BucketName=Reference(bucket.logical_id))
        arn = Reference(bucket.logical_id, "Arn")
        rights = granted(of, role(of, page_writer(of)["Role"]))
        assert {(action, place) for action, place in rights if action.startswith("s3:")} == {
            ("s3:ListBucketVersions", arn),
            ("s3:PutObject", f"{arn}/*"),
            ("s3:DeleteObject", f"{arn}/*"),
            ("s3:DeleteObjectVersion", f"{arn}/*"),
        }
        assert page_writer(of)["Timeout"] < written["ServiceTimeout"]
    assert not edge().of("AWS::S3::Bucket")


@requirement("MS-OUT-1")
@pytest.mark.parametrize("file", ["stack", "edge"])
def test_ms_out_1_outputs(file: str) -> None:
    of = media() if file == "stack" else edge()
    there = "${AWS::Region}"
    values: dict[str, tuple[Any, str]]
    if file == "stack":
        door, data, cdn = balancer(of).logical_id, database(of).logical_id, distribution(of).logical_id
        here = f"{Reference(api(of).logical_id)}.execute-api.{there}.${{AWS::URLSuffix}}"
        console = f"https://{there}.console.aws.amazon.com/cloudwatch/home?region={there}#dashboards:name=dashboard-{S}"
        values = {
            "VpcId": (Reference(of.one("AWS::EC2::VPC").logical_id), "vpc-id"),
            "AlbDnsName": (Reference(door, "DNSName"), "alb-dns"),
            "ApiGatewayUrl": (f"https://{here}/{Reference(stage(of).logical_id)}/", "api-url"),
            "CloudFrontUrl": (f"https://{Reference(cdn, 'DomainName')}", "cloudfront-url"),
            "CloudFrontDistributionId": (Reference(cdn), "cloudfront-id"),
            "DatabaseEndpoint": (Reference(data, "Endpoint.Address"), "db-endpoint"),
            "DatabaseReaderEndpoint": (Reference(data, "ReadEndpoint.Address"), "db-reader-endpoint"),
            "DatabaseSecretArn": (Reference(data, "MasterUserSecret.SecretArn"), "db-secret-arn"),
            "DashboardUrl": (console, "dashboard-url"),
        }
        for name in SERVICES:
            repository = of.one("AWS::ECR::Repository", RepositoryName=f"{name}-{S}")
            uri = Reference(repository.logical_id, "RepositoryUri")
            values[f"{name.capitalize()}RepositoryUri"] = (uri, f"{name}-repository-uri")
    else:
        acl = Reference(of.one("AWS::WAFv2::WebACL").logical_id, "Arn")
        values = {
            "CloudFrontCertificateArn": ("", "edge-certificate-arn"),
            "CloudFrontWebAclArn": (acl, "edge-web-acl-arn"),
        }
    found = {name: (output.value, output.export) for name, output in of.outputs.items()}
    # Decision: the system's name leads, so that two systems with one suffix can share an account.
    assert found == {name: (value, f"media-streaming-{S}-{tail}") for name, (value, tail) in values.items()}


@requirement("MS-OUT-1")
@pytest.mark.parametrize("file", ["stack", "edge"])
def test_ms_out_1_names_end_with_the_suffix(file: str) -> None:
    """What the outputs lead to is called resource-type-suffix; in paths the suffix is the second part."""
    of = media() if file == "stack" else edge(DistributionId="E1ABCDEF")
    # Decision: bucket names are global, so the account's number follows. The cluster's and the database's log groups
    # have the names that their services look for.
    services = rf"/aws/(rds/cluster|ecs/containerinsights)/[a-z-]+-{S}/[a-z]+"
    shape = rf"[a-z0-9-]+-{S}(-\$\{{AWS::AccountId\}})?|/media-streaming/{S}/[a-z-]+|{services}"
    names = [
        (it.logical_id, key, value)
        for it in of.resources.values()
        for key, value in it.properties.items()
        if re.search(r"(Name|Identifier|Family)$", key) and S in str(value)
    ]
    assert len(names) >= 5
    assert not [each for each in names if not re.fullmatch(shape, str(each[2]))]
