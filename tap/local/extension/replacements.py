"""Repair: which properties replace a resource when they change, for types of which MiniStack does not know it.

Without this, a plan says *Conditional* for every change of such a type, and an update keeps a resource that AWS
replaces (an ECS service stays in its old cluster). The tables are ``createOnlyProperties`` and
``conditionalCreateOnlyProperties`` of the CloudFormation resource schemas of these types.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ministack.services.cloudformation import provisioners

REPLACED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AWS::ApiGateway::Account": (),
        "AWS::ApiGateway::ApiKey": ("GenerateDistinctId", "Name", "Value"),
        "AWS::ApiGateway::Authorizer": ("RestApiId",),
        "AWS::ApiGateway::BasePathMapping": ("BasePath", "DomainName"),
        "AWS::ApiGateway::Deployment": ("DeploymentCanarySettings", "RestApiId"),
        "AWS::ApiGateway::DomainName": ("DomainName",),
        "AWS::ApiGateway::GatewayResponse": ("ResponseType", "RestApiId"),
        "AWS::ApiGateway::Method": ("HttpMethod", "ResourceId", "RestApiId"),
        "AWS::ApiGateway::Model": ("ContentType", "Name", "RestApiId"),
        "AWS::ApiGateway::RequestValidator": ("Name", "RestApiId"),
        "AWS::ApiGateway::Resource": ("ParentId", "PathPart", "RestApiId"),
        "AWS::ApiGateway::RestApi": (),
        "AWS::ApiGateway::Stage": ("RestApiId", "StageName"),
        "AWS::ApiGateway::UsagePlan": (),
        "AWS::ApiGateway::UsagePlanKey": ("KeyId", "KeyType", "UsagePlanId"),
        "AWS::ApiGatewayV2::Api": ("ProtocolType",),
        "AWS::ApiGatewayV2::Integration": ("ApiId",),
        "AWS::ApiGatewayV2::Route": ("ApiId",),
        "AWS::ApiGatewayV2::Stage": ("ApiId", "StageName"),
        "AWS::AutoScaling::AutoScalingGroup": ("AutoScalingGroupName", "InstanceId"),
        "AWS::Backup::BackupPlan": (),
        "AWS::CloudFormation::Stack": (),
        "AWS::CloudFront::CachePolicy": (),
        "AWS::CloudFront::Distribution": (),
        "AWS::CloudFront::OriginAccessControl": (),
        "AWS::CloudFront::OriginRequestPolicy": (),
        "AWS::CloudFront::ResponseHeadersPolicy": (),
        "AWS::CloudWatch::Alarm": ("AlarmName",),
        "AWS::CloudWatch::Dashboard": ("DashboardName",),
        "AWS::CodeBuild::Project": ("Name",),
        "AWS::EC2::InternetGateway": (),
        "AWS::EC2::LaunchTemplate": ("LaunchTemplateName",),
        "AWS::EC2::Route": (
            "DestinationCidrBlock",
            "DestinationIpv6CidrBlock",
            "DestinationPrefixListId",
            "RouteTableId",
        ),
        "AWS::EC2::RouteTable": ("VpcId",),
        "AWS::EC2::SecurityGroup": ("GroupDescription", "GroupName", "VpcId"),
        "AWS::EC2::Subnet": (
            "AvailabilityZone",
            "AvailabilityZoneId",
            "CidrBlock",
            "Ipv4IpamPoolId",
            "Ipv4NetmaskLength",
            "Ipv6IpamPoolId",
            "Ipv6Native",
            "Ipv6NetmaskLength",
            "OutpostArn",
            "VpcId",
        ),
        "AWS::EC2::SubnetRouteTableAssociation": ("RouteTableId", "SubnetId"),
        "AWS::EC2::VPC": ("CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"),
        "AWS::EC2::VPCEndpoint": (
            "ResourceConfigurationArn",
            "ServiceName",
            "ServiceNetworkArn",
            "ServiceRegion",
            "VpcEndpointType",
            "VpcId",
        ),
        "AWS::EC2::VPCGatewayAttachment": ("VpcId",),
        "AWS::ECS::Cluster": ("ClusterName",),
        "AWS::ECS::Service": ("Cluster", "Role", "SchedulingStrategy", "ServiceName"),
        "AWS::ECS::TaskDefinition": (
            "ContainerDefinitions",
            "Cpu",
            "EnableFaultInjection",
            "EphemeralStorage",
            "ExecutionRoleArn",
            "Family",
            "InferenceAccelerators",
            "IpcMode",
            "Memory",
            "NetworkMode",
            "PidMode",
            "PlacementConstraints",
            "ProxyConfiguration",
            "RequiresCompatibilities",
            "RuntimePlatform",
            "TaskRoleArn",
            "Volumes",
        ),
        "AWS::ElasticLoadBalancingV2::Listener": ("LoadBalancerArn",),
        "AWS::ElasticLoadBalancingV2::ListenerRule": ("ListenerArn",),
        "AWS::Events::EventBus": ("Name",),
        "AWS::Events::Rule": ("Name",),
        "AWS::IAM::Policy": (),
        "AWS::KMS::Alias": ("AliasName",),
        "AWS::KMS::Key": (),
        "AWS::Lambda::Alias": ("FunctionName", "Name"),
        "AWS::Lambda::EventSourceMapping": (
            "EventSourceArn",
            "SelfManagedEventSource",
            "StartingPosition",
            "StartingPositionTimestamp",
        ),
        "AWS::Lambda::Permission": (
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ),
        "AWS::Logs::LogGroup": ("LogGroupName",),
        "AWS::Logs::MetricFilter": ("FilterName", "LogGroupName"),
        "AWS::Logs::ResourcePolicy": ("PolicyName",),
        "AWS::Logs::SubscriptionFilter": ("FilterName", "LogGroupName"),
        "AWS::Route53::HostedZone": ("DelegationSetId", "Name"),
        "AWS::Route53::RecordSet": ("HostedZoneId", "HostedZoneName", "Name"),
        "AWS::S3::Bucket": ("BucketName", "BucketNamePrefix", "BucketNamespace"),
        "AWS::S3::BucketPolicy": ("Bucket",),
        "AWS::SNS::Subscription": ("Endpoint", "Protocol", "TopicArn"),
        "AWS::SNS::TopicPolicy": (),
        "AWS::SQS::QueuePolicy": (),
        "AWS::SecretsManager::Secret": ("Name",),
        "AWS::ServiceDiscovery::PrivateDnsNamespace": ("Name", "Vpc"),
    }
)
"""The properties whose change always replaces the resource."""

PERHAPS_REPLACED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AWS::AutoScaling::AutoScalingGroup": (
            "LaunchConfigurationName",
            "LaunchTemplate",
            "MixedInstancesPolicy",
            "VPCZoneIdentifier",
        ),
        "AWS::EC2::Subnet": ("Ipv6CidrBlock",),
        "AWS::EC2::VPC": ("InstanceTenancy",),
        "AWS::EC2::VPCEndpoint": ("DnsOptions",),
        "AWS::ECS::Service": ("LaunchType",),
        "AWS::Events::Rule": ("EventBusName",),
        "AWS::SNS::Subscription": ("Region",),
    }
)
"""The properties whose change replaces the resource in some cases."""


def repair() -> None:
    """Enter the tables beside MiniStack's own; what it knows itself stays."""
    for kind, names in REPLACED_BY.items():
        provisioners._REPLACING_PROPERTIES.setdefault(kind, names)
    for kind, names in PERHAPS_REPLACED_BY.items():
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES.setdefault(kind, names)
