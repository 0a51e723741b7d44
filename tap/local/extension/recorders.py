"""The types without a service behind them: CloudFormation's own record of them is all there is.

Each still has the physical id and the attributes that templates use, in the form that AWS gives them, so that
what depends on it can be made.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from ministack.core.responses import get_account_id

from tap.local.extension.registry import LIST_TAGS, MAP_TAGS, Kind, Made, Wanted, arn
from tap.local.records import RECORD_ONLY


def _short() -> str:
    """A random identifier of the length that API Gateway's have."""
    return uuid.uuid4().hex[:10]


@dataclass(frozen=True)
class _Recorder:
    identify: Callable[[Wanted], Made]
    replaced_by: tuple[str, ...]
    tags: tuple[str, str] | None = LIST_TAGS


def _scalable_target(wanted: Wanted) -> Made:
    keys = ("ResourceId", "ScalableDimension", "ServiceNamespace")
    identifier = "|".join(wanted.properties[key] for key in keys)
    return identifier, {"Id": identifier}


def _scaling_policy(wanted: Wanted) -> Made:
    properties = wanted.properties
    target = properties.get("ScalingTargetId", "").split("|")
    resource = properties.get("ResourceId") or target[0]
    namespace = properties.get("ServiceNamespace") or target[-1]
    identifier = arn(
        "autoscaling",
        f"scalingPolicy:{uuid.uuid4()}:resource/{namespace}/{resource}:policyName/{properties['PolicyName']}",
    )
    return identifier, {"Arn": identifier}


def _vpc_link(_: Wanted) -> Made:
    identifier = _short()
    return identifier, {"VpcLinkId": identifier}


def _waf_logging(wanted: Wanted) -> Made:
    return wanted.properties["ResourceArn"], {"ManagedByFirewallManager": False}


def _pipeline(wanted: Wanted) -> Made:
    name = wanted.properties.get("Name") or wanted.name(100)
    return name, {"Version": "1", "Arn": arn("codepipeline", name)}


def _connection(service: str) -> Callable[[Wanted], Made]:
    def identify(_: Wanted) -> Made:
        identifier = arn(service, f"connection/{uuid.uuid4()}")
        # A new connection waits for a person to complete it in the console, on AWS as well.
        return identifier, {
            "ConnectionArn": identifier,
            "ConnectionStatus": "PENDING",
            "OwnerAccountId": get_account_id(),
        }

    return identify


def _health_check(_: Wanted) -> Made:
    identifier = str(uuid.uuid4())
    return identifier, {"HealthCheckId": identifier}


def _listener_certificate(wanted: Wanted) -> Made:
    identifier = f"{wanted.stack}-{wanted.logical_id}-{_short()}"
    return identifier, {"Id": identifier}


def _event_subscription(wanted: Wanted) -> Made:
    return wanted.properties.get("SubscriptionName") or wanted.name(255).lower(), {}


def _query_definition(_: Wanted) -> Made:
    identifier = str(uuid.uuid4())
    return identifier, {"QueryDefinitionId": identifier}


def _monitoring_subscription(wanted: Wanted) -> Made:
    return wanted.properties["DistributionId"], {}


def _anomaly_detector(_: Wanted) -> Made:
    identifier = str(uuid.uuid4())
    return identifier, {"Id": identifier}


_RECORDERS = {
    "AWS::ApiGateway::VpcLink": _Recorder(_vpc_link, ("TargetArns",)),
    "AWS::ApiGatewayV2::VpcLink": _Recorder(_vpc_link, ("SecurityGroupIds", "SubnetIds"), MAP_TAGS),
    "AWS::ApplicationAutoScaling::ScalableTarget": _Recorder(
        _scalable_target, ("ResourceId", "ScalableDimension", "ServiceNamespace"), None
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": _Recorder(
        _scaling_policy,
        ("PolicyName", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace"),
        None,
    ),
    "AWS::CloudFront::MonitoringSubscription": _Recorder(_monitoring_subscription, ("DistributionId",), None),
    "AWS::CloudWatch::AnomalyDetector": _Recorder(
        _anomaly_detector,
        ("Dimensions", "MetricMathAnomalyDetector", "MetricName", "Namespace", "SingleMetricAnomalyDetector"),
        None,
    ),
    "AWS::CodeConnections::Connection": _Recorder(
        _connection("codeconnections"), ("ConnectionName", "HostArn", "ProviderType")
    ),
    "AWS::CodePipeline::Pipeline": _Recorder(_pipeline, ("Name",)),
    "AWS::CodeStarConnections::Connection": _Recorder(
        _connection("codestar-connections"), ("ConnectionName", "HostArn", "ProviderType")
    ),
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": _Recorder(_listener_certificate, ("ListenerArn",), None),
    "AWS::Logs::QueryDefinition": _Recorder(_query_definition, (), None),
    "AWS::RDS::EventSubscription": _Recorder(_event_subscription, ("SnsTopicArn", "SubscriptionName")),
    "AWS::Route53::HealthCheck": _Recorder(_health_check, (), None),
    "AWS::WAFv2::LoggingConfiguration": _Recorder(_waf_logging, ("ResourceArn",), None),
}


def _kind(name: str, recorder: _Recorder) -> Kind:
    from ministack.services.cloudformation import _stacks  # filled when MiniStack's package is loaded

    def update(physical_id: str, _old: dict[str, object], wanted: Wanted) -> Made:
        # What a record says of itself stays; the new properties are in CloudFormation's record.
        resource = _stacks.get(wanted.stack, {}).get("_resources", {}).get(wanted.logical_id, {})
        return physical_id, resource.get("Attributes") or recorder.identify(wanted)[1]

    return Kind(
        name,
        recorder.identify,
        lambda _physical_id, _properties: None,
        update,
        replaced_by=recorder.replaced_by,
        tags=recorder.tags,
    )


def kinds() -> tuple[Kind, ...]:
    """A recorder for each type in :data:`tap.local.records.RECORD_ONLY`; both tables name the same."""
    if missing := set(RECORD_ONLY) ^ set(_RECORDERS):
        raise RuntimeError(f"recorded types without a reason, or reasons without a recorder: {sorted(missing)}")
    return tuple(_kind(name, recorder) for name, recorder in _RECORDERS.items())
