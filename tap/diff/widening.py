"""Who gains what on what, and which port opens to whom: all that widens access, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.deploy.resolve import Unresolved
from tap.diff import openings, policies
from tap.diff.model import Widening

Resources = Mapping[str, Mapping[str, Any]]


def find(old: Resources, new: Resources) -> tuple[Widening, ...]:
    """Everything that widens access; both are resolved resources by logical id.

    First what those gain who are there already, then what comes with something new.
    """
    found = [*openings.widenings(old, new), *policies.widenings(old, new), *_exposed(old, new)]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.fresh))


@dataclass(frozen=True)
class _Exposure:
    """A property whose value shuts something off from outside."""

    types: frozenset[str]
    path: tuple[str, ...]
    shut: Callable[[Any], bool]
    sentence: str


def _exposed(old: Resources, new: Resources) -> Iterator[Widening]:
    for logical_id, body in new.items():
        for exposure in _EXPOSURES:
            if body["Type"] not in exposure.types or logical_id not in old:
                continue
            before, after = (_at(side[logical_id].get("Properties") or {}, exposure.path) for side in (old, new))
            if exposure.shut(before) and not exposure.shut(after):
                certain = not isinstance(after, Unresolved)
                sentence = exposure.sentence.format(logical_id, name=exposure.path[-1])
                yield Widening("exposure", logical_id, "anyone", sentence, certain)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if isinstance(value, Unresolved):
            return value
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _on(value: Any) -> bool:
    return str(value).lower() == "true"


def _off(value: Any) -> bool:
    return value is None or str(value).lower() in {"false", "disabled"}


def _asks(value: Any) -> bool:
    return value is not None and str(value).upper() != "NONE"


def _exposure(types: str, path: str, shut: Callable[[Any], bool], sentence: str) -> _Exposure:
    return _Exposure(frozenset(f"AWS::{name}" for name in types.split()), tuple(path.split(".")), shut, sentence)


_EXPOSURES = (
    *(
        _exposure("S3::Bucket", f"PublicAccessBlockConfiguration.{name}", _on, "bucket {} no longer has {name}")
        for name in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    ),
    _exposure(
        "RDS::DBInstance RDS::DBCluster Redshift::Cluster DMS::ReplicationInstance AmazonMQ::Broker",
        "PubliclyAccessible",
        _off,
        "{} gets a public address",
    ),
    _exposure(
        "ElasticLoadBalancingV2::LoadBalancer ElasticLoadBalancing::LoadBalancer",
        "Scheme",
        lambda value: value == "internal",
        "load balancer {} is no longer internal: it can be reached from the internet",
    ),
    _exposure("Lambda::Url", "AuthType", _asks, "function URL {} no longer asks who calls"),
    _exposure(
        "ApiGateway::Method ApiGatewayV2::Route", "AuthorizationType", _asks, "{} no longer asks who calls (authorizer)"
    ),
    _exposure("ApiGateway::Method", "ApiKeyRequired", _on, "{} no longer asks for an API key"),
    _exposure(
        "WAFv2::WebACL",
        "DefaultAction",
        lambda value: isinstance(value, Mapping) and "Block" in value,
        "web ACL {} no longer blocks what none of its rules matches",
    ),
    _exposure("EC2::Subnet", "MapPublicIpOnLaunch", _off, "what starts in subnet {} gets a public address"),
    _exposure(
        "ECS::Service",
        "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp",
        _off,
        "the tasks of {} get public addresses",
    ),
    _exposure(
        "EC2::VPCEndpointService",
        "AcceptanceRequired",
        _on,
        "whoever is allowed to connects to {} without being accepted",
    ),
)
