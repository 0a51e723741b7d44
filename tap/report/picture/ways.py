"""A system's traffic, told from its template: who is reached from outside, and who reaches whom, by which protocol.

A way is there where the template opens it: rules of security groups, origins of a distribution, integrations of an
API; and where a role may use what is reached by no network of the system's own: a table, a bucket, a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.references import find

_PUBLIC = ("AWS::CloudFront::Distribution", "AWS::ApiGateway::RestApi")
"""What is on the internet by its nature, and by HTTPS."""
_ORIGINS = ("AWS::S3::Bucket", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ApiGateway::RestApi")
_STORES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret")
_PROTOCOLS = {"80": "HTTP 80", "443": "HTTPS 443", "5432": "PostgreSQL 5432"}
"""What is spoken on a port (source: IANA, "Service Name and Transport Protocol Port Number Registry")."""
_GROUP, _RULES = "AWS::EC2::SecurityGroup", ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")


@dataclass(frozen=True)
class Way:
    """A way from one resource (empty: the internet) to another: what is spoken and where. ``granted``: by a role."""

    start: str
    end: str
    label: str = ""
    granted: bool = False


def ways(resources: Mapping[str, Mapping[str, Any]]) -> list[Way]:
    """Every way that the resources open, each once, in their order."""
    users = _users(resources)
    found: list[Way] = []
    for name, each in resources.items():
        kind, properties = each["Type"], each.get("Properties", {})
        if kind in _PUBLIC:
            found.append(Way("", name, _PROTOCOLS["443"]))
        if kind == "AWS::CloudFront::Distribution":
            found += _origins(name, properties["DistributionConfig"]["Origins"], resources)
        elif kind == "AWS::ApiGateway::Method":
            found += _integration(properties, resources)
        elif kind == _GROUP:
            found += _from_anywhere(properties, users.get(name, ()))
        elif kind == _RULES[0]:
            starts, ends = (
                [user for group in _named(properties.get(side), resources) for user in users.get(group, ())]
                for side in ("SourceSecurityGroupId", "GroupId")
            )
            spoken = {end: _ports([properties], _protocol(end, resources)) for end in ends}
            found += [Way(start, end, spoken[end]) for start in starts for end in ends]
    reached = {name for way in found for name in (way.start, way.end)}
    found += [way for name in resources if name in reached for way in _granted(name, resources)]
    return list(dict.fromkeys(found))


def _named(node: Any, resources: Mapping[str, Any]) -> list[str]:
    """The resources that a value refers to, each once."""
    return list(dict.fromkeys(use.reference.name for use in find(node) if use.reference.name in resources))


def _users(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Security group → the resources that are in it."""
    users: dict[str, list[str]] = {name: [] for name, each in resources.items() if each["Type"] == _GROUP}
    for name, each in resources.items():
        if each["Type"] != _GROUP and each["Type"] not in _RULES:
            for group in _named(each.get("Properties"), resources):
                if group in users:
                    users[group].append(name)
    return users


def _origins(
    distribution: str, origins: Iterable[Mapping[str, Any]], resources: Mapping[str, Mapping[str, Any]]
) -> Iterator[Way]:
    for origin in origins:
        policies = list(_branches(origin.get("CustomOriginConfig", {}).get("OriginProtocolPolicy", "https-only")))
        spoken = [_PROTOCOLS["443"] if each == "https-only" else _PROTOCOLS["80"] for each in policies]
        for end in _named(origin.get("DomainName"), resources):
            if resources[end]["Type"] in _ORIGINS:
                yield Way(distribution, end, " or ".join(dict.fromkeys(spoken)))


def _protocol(end: str, resources: Mapping[str, Mapping[str, Any]]) -> str:
    """What a service speaks on ports that have no name of their own: its target group says so."""
    groups = _named(resources[end].get("Properties", {}).get("LoadBalancers"), resources)
    spoken = [resources[each]["Properties"].get("Protocol") for each in groups]
    return next((each for each in spoken if isinstance(each, str)), "TCP")


def _integration(method: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[Way]:
    """Where a method of an API leads: through its link where it has one, else to what its address names."""
    integration = method.get("Integration", {})
    for api in _named(method.get("RestApiId"), resources):
        for end in _named(integration.get("ConnectionId") or integration.get("Uri"), resources):
            yield Way(api, end)


def _from_anywhere(group: Mapping[str, Any], users: Iterable[str]) -> Iterator[Way]:
    rules = [rule for rule in _branches(group.get("SecurityGroupIngress", [])) if rule.get("CidrIp") == "0.0.0.0/0"]
    if rules:
        for user in users:
            yield Way("", user, _ports(rules))


def _branches(node: Any) -> Iterator[Any]:
    """The values of a list, both of each ``Fn::If`` in it."""
    for each in node if isinstance(node, list) else [node]:
        if isinstance(each, dict) and set(each) == {"Fn::If"}:
            yield from _branches(each["Fn::If"][1:])
        else:
            yield each


def _ports(rules: Iterable[Mapping[str, Any]], protocol: str = "TCP") -> str:
    ports = [port for rule in rules for port in _branches(rule.get("FromPort")) if isinstance(port, int | str)]
    ordered = sorted({str(port) for port in ports}, key=lambda port: (len(port), port))
    return ", ".join(_PROTOCOLS.get(port, f"{protocol} {port}") for port in ordered)


def _granted(name: str, resources: Mapping[str, Mapping[str, Any]]) -> Iterator[Way]:
    """What a service's tasks or a function may use by their role, of what holds data and is reached by no network."""
    properties = resources[name].get("Properties", {})
    if resources[name]["Type"] == "AWS::ECS::Service":
        tasks = _named(properties.get("TaskDefinition"), resources)
        roles = [role for task in tasks for role in _named(resources[task]["Properties"].get("TaskRoleArn"), resources)]
    elif resources[name]["Type"] == "AWS::Lambda::Function":
        roles = _named(properties.get("Role"), resources)
    else:
        return
    for role in roles:
        for end in _named(resources[role]["Properties"].get("Policies"), resources):
            if resources[end]["Type"] in _STORES:
                yield Way(name, end, granted=True)
