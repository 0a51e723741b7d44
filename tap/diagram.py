"""A picture of a system's traffic, told from its template: who is reached from outside, and who reaches whom.

Mermaid text (a flowchart), which GitHub and most editors draw. A way is drawn where the template opens it: rules of
security groups, origins of a distribution, integrations of an API; dotted, where a role may use a table or a bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tap.references import find

_PUBLIC = ("AWS::CloudFront::Distribution", "AWS::ApiGateway::RestApi")
"""What is on the internet by its nature, and by HTTPS."""
_ORIGINS = ("AWS::S3::Bucket", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ApiGateway::RestApi")
_STORES = ("AWS::RDS::DBCluster", "AWS::DynamoDB::Table", "AWS::S3::Bucket")
_GROUP, _RULES = "AWS::EC2::SecurityGroup", ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")


@dataclass(frozen=True)
class Way:
    """A way from one resource (empty: the internet) to another, with what is on the arrow. ``granted``: by a role."""

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
            found.append(Way("", name, "443"))
        if kind == "AWS::CloudFront::Distribution":
            ends = _named(properties["DistributionConfig"]["Origins"], resources)
            found += [Way(name, end) for end in ends if resources[end]["Type"] in _ORIGINS]
        elif kind == "AWS::ApiGateway::Method":
            found += _integration(properties, resources)
        elif kind == _GROUP:
            found += _from_anywhere(properties, users.get(name, ()))
        elif kind == _RULES[0]:
            starts, ends = (
                [user for group in _named(properties.get(side), resources) for user in users.get(group, ())]
                for side in ("SourceSecurityGroupId", "GroupId")
            )
            found += [Way(start, end, _ports([properties])) for start in starts for end in ends]
    reached = {name for way in found for name in (way.start, way.end)}
    found += [way for name in resources if name in reached for way in _granted(name, resources)]
    return list(dict.fromkeys(found))


def flowchart(resources: Mapping[str, Mapping[str, Any]], tiers: Sequence[tuple[str, str]]) -> list[str]:
    """The lines of a Mermaid flowchart; ``tiers`` are names and titles, in reading order. Empty without a way."""
    drawn = ways(resources)
    if not drawn:
        return []
    shown = {name for way in drawn for name in (way.start, way.end)}
    lines = ["flowchart LR"]
    if "" in shown:
        lines.append('  internet(["Internet"])')
    for tier, title in tiers:
        inside = [name for name in resources if name in shown and resources[name]["Metadata"]["Tier"] == tier]
        if inside:
            lines.append(f'  subgraph tier_{tier.replace("-", "_")}["{title}"]')
            lines += [f"    {_node(name, resources[name]['Type'])}" for name in inside]
            lines.append("  end")
    for way in drawn:
        arrow = "-.->" if way.granted else "-->"
        lines.append(f"  {way.start or 'internet'} {arrow}{f'|{way.label}|' if way.label else ''} {way.end}")
    return lines


def _node(name: str, kind: str) -> str:
    return f'{name}[("{name}")]' if kind in _STORES else f'{name}["{name}"]'


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


def _ports(rules: Iterable[Mapping[str, Any]]) -> str:
    ports = [port for rule in rules for port in _branches(rule.get("FromPort")) if isinstance(port, int | str)]
    return ", ".join(sorted({str(port) for port in ports}, key=lambda port: (len(port), port)))


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
            if resources[end]["Type"] in ("AWS::DynamoDB::Table", "AWS::S3::Bucket"):
                yield Way(name, end, granted=True)
