"""The resource types that the local emulator only writes down, with the reason.

Plain data for both sides: the extension registers a recorder for each type, and ``tap`` says which resources
of a stack are records only.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NO_VPC_LINKS = "the emulator's API Gateway has no VPC links"
_NO_SCALING = "the emulator has no Application Auto Scaling: nothing scales"
_NO_CONNECTIONS = "the emulator has no CodeConnections"

RECORD_ONLY: Mapping[str, str] = MappingProxyType(
    {
        "AWS::ApiGateway::VpcLink": _NO_VPC_LINKS,
        "AWS::ApiGatewayV2::VpcLink": _NO_VPC_LINKS,
        "AWS::ApplicationAutoScaling::ScalableTarget": _NO_SCALING,
        "AWS::ApplicationAutoScaling::ScalingPolicy": _NO_SCALING,
        "AWS::CloudFront::MonitoringSubscription": "the emulator's CloudFront has no metrics",
        "AWS::CloudWatch::AnomalyDetector": "the emulator's CloudWatch detects no anomalies",
        "AWS::CodeConnections::Connection": _NO_CONNECTIONS,
        "AWS::CodePipeline::Pipeline": "the emulator has no CodePipeline: nothing runs",
        "AWS::CodeStarConnections::Connection": _NO_CONNECTIONS,
        "AWS::ElasticLoadBalancingV2::ListenerCertificate": "the emulator's listeners have one certificate",
        "AWS::Logs::QueryDefinition": "the emulator's CloudWatch Logs keeps no queries",
        "AWS::RDS::EventSubscription": "the emulator's RDS sends no events",
        "AWS::Route53::HealthCheck": "the emulator's Route 53 checks no health",
        "AWS::WAFv2::LoggingConfiguration": "the emulator's WAF keeps no logs",
    }
)
"""CloudFormation type, and why it is a record only."""
