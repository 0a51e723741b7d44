"""How long the physical names of resources may be: data that synthesis and ``check`` share."""

from __future__ import annotations

from collections.abc import Mapping

PHYSICAL_NAMES: Mapping[tuple[str, str], int] = {
    ("AWS::ApiGateway::ApiKey", "Name"): 1024,
    ("AWS::ApiGateway::RestApi", "Name"): 1024,
    ("AWS::ApiGateway::UsagePlan", "UsagePlanName"): 1024,
    ("AWS::ApiGatewayV2::VpcLink", "Name"): 128,
    ("AWS::Backup::BackupVault", "BackupVaultName"): 50,
    ("AWS::CloudFront::CachePolicy", "CachePolicyConfig.Name"): 128,
    ("AWS::CloudFront::Function", "Name"): 64,
    ("AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name"): 64,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::CloudWatch::CompositeAlarm", "AlarmName"): 255,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::CodeBuild::Project", "Name"): 255,
    ("AWS::CodePipeline::Pipeline", "Name"): 100,
    ("AWS::DynamoDB::Table", "TableName"): 255,
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"): 128,
    ("AWS::EC2::SecurityGroup", "GroupName"): 255,
    ("AWS::ECR::Repository", "RepositoryName"): 256,
    ("AWS::ECS::Cluster", "ClusterName"): 255,
    ("AWS::ECS::Service", "ServiceName"): 255,
    ("AWS::ECS::TaskDefinition", "Family"): 255,
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"): 32,
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"): 32,
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"): 128,
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"): 128,
    ("AWS::IAM::Role", "RoleName"): 64,
    ("AWS::KMS::Alias", "AliasName"): 256,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::Logs::Delivery", "DeliverySourceName"): 60,
    ("AWS::Logs::DeliveryDestination", "Name"): 60,
    ("AWS::Logs::DeliverySource", "Name"): 60,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"): 63,
    ("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroupName"): 255,
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): 63,
    ("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName"): 255,
    ("AWS::S3::Bucket", "BucketName"): 63,
    ("AWS::SecretsManager::RotationSchedule", "HostedRotationLambda.RotationLambdaName"): 64,
    ("AWS::SecretsManager::Secret", "Name"): 512,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::SSM::Parameter", "Name"): 1011,
    ("AWS::WAFv2::WebACL", "Name"): 128,
}
"""Resource type and property (dots lead into nested ones) → the most characters its service takes.

Sources: the services' API models in botocore 1.44 where they state a length, else the service's API reference
(ELB ``CreateLoadBalancer`` and ``CreateTargetGroup``: 32; CloudFront ``CreateOriginAccessControl``: 64; RDS
``CreateDBCluster``: 63). Neither troposphere nor cfn-lint holds most of them against a parameter's longest value.
"""
