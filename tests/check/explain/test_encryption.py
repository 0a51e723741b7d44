from __future__ import annotations

from typing import Any

import pytest

from tap.check.explain import encryption
from tap.check.load import parse
from tap.check.model import Model


def stores(text: str) -> dict[str, tuple[str, str]]:
    world = Model(parse(f"Resources:\n  Key: {{Type: AWS::KMS::Key}}\n  X: {text}\n")).worlds[0]
    return {one.name: (one.by, one.key) for one in encryption.stores(world)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{Type: AWS::S3::Bucket}", (encryption.OWN, "")),
        (
            "{Type: AWS::S3::Bucket, Properties: {BucketEncryption: {ServerSideEncryptionConfiguration: "
            "[{ServerSideEncryptionByDefault: {SSEAlgorithm: 'aws:kms', KMSMasterKeyID: !GetAtt Key.Arn}}]}}}",
            ("a customer key", "Key"),
        ),
        ("{Type: AWS::RDS::DBCluster}", (encryption.NONE, "")),
        ("{Type: AWS::RDS::DBCluster, Properties: {StorageEncrypted: true}}", (encryption.MANAGED, "")),
        ("{Type: AWS::RDS::DBCluster, Properties: {KmsKeyId: !Ref Key}}", ("a customer key", "Key")),
        ("{Type: AWS::SNS::Topic}", (encryption.NONE, "")),
        (
            "{Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: alias/aws/sns}}",
            (encryption.MANAGED, "alias/aws/sns"),
        ),
        ("{Type: AWS::SQS::Queue}", (encryption.OWN, "")),
        ("{Type: AWS::SQS::Queue, Properties: {SqsManagedSseEnabled: false}}", (encryption.NONE, "")),
        ("{Type: AWS::DynamoDB::Table}", (encryption.OWN, "")),
        ("{Type: AWS::DynamoDB::Table, Properties: {SSESpecification: {SSEEnabled: true}}}", (encryption.MANAGED, "")),
        ("{Type: AWS::Logs::LogGroup, Properties: {KmsKeyId: !GetAtt Key.Arn}}", ("a customer key", "Key")),
        ("{Type: AWS::SecretsManager::Secret}", (encryption.MANAGED, "")),
        ("{Type: AWS::EFS::FileSystem}", (encryption.NONE, "")),
        ("{Type: AWS::ECR::Repository}", (encryption.OWN, "")),
        ("{Type: AWS::SSM::Parameter}", (encryption.NONE, "")),
    ],
)
def test_a_store_says_what_encrypts_it(text: str, expected: Any) -> None:
    assert stores(text) == {"X": expected}


def test_an_instance_of_a_cluster_is_no_store_of_its_own() -> None:
    assert stores("{Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: c}}") == {}


HOPS = """
Resources:
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        DefaultCacheBehavior: {TargetOriginId: web, ViewerProtocolPolicy: allow-all}
        Origins: [{Id: web, DomainName: example.com, CustomOriginConfig: {OriginProtocolPolicy: https-only}}]
  Plain: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {Protocol: HTTP, DefaultActions: [{Type: forward}]}}
  Away: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {Protocol: HTTP, DefaultActions: [{Type: redirect}]}}
  Safe: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {Protocol: HTTPS, SslPolicy: P}}
  Group: {Type: AWS::RDS::DBClusterParameterGroup, Properties: {Parameters: {rds.force_ssl: 1}}}
  Db: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-postgresql, DBClusterParameterGroupName: !Ref Group}}
  Loose: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-postgresql}}
  TlsOnly:
    Type: AWS::S3::BucketPolicy
    Properties:
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: "s3:*"
            Resource: "*"
            Condition: {Bool: {aws:SecureTransport: false}}
"""


def test_each_hop_says_how_it_is_protected() -> None:
    found = [(one.name, one.good) for one in encryption.hops(Model(parse(HOPS)).worlds[0])]
    assert found == [
        ("Cdn", False),
        ("Cdn", True),
        ("Plain", False),
        ("Away", True),
        ("Safe", True),
        ("Db", True),
        ("Loose", None),
        ("TlsOnly", True),
    ]
