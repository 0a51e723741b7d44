"""TAP1460 to TAP1465: records of Route 53."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from tap.check.graph.delivery import DISTRIBUTION
from tap.check.model import Resource, World
from tap.check.rule import Found, Rule, Severity, at
from tap.check.values import Reference, Text, as_bool, as_int, fields, items, known, shape

_ZONE = "AWS::Route53::HostedZone"
_CLOUDFRONT = "Z2FDTNDATAQYW2"
"""Source: Route 53 API reference, AliasTarget, HostedZoneId."""
_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_LABEL = 63
_VALUES = {"A": IPv4Address, "AAAA": IPv6Address}

Record = tuple[Resource, tuple[str | int, ...], Mapping[str, Any], Any]


def records(world: World) -> Iterator[Record]:
    """Every record: resource, path below ``Properties``, body, and the resource whose zone it is in."""
    for one in world.of_type("AWS::Route53::RecordSet"):
        yield one, (), one.properties, one.properties
    for one in world.of_type("AWS::Route53::RecordSetGroup"):
        for index, body in enumerate(items(one.get("RecordSets"))):
            yield one, ("RecordSets", index), fields(body), one.properties


def zone_name(body: Mapping[str, Any], owner: Mapping[str, Any], world: World) -> Any:
    """The name of a record's zone, where the template says it; else None."""
    for one in (body, owner):
        if one.get("HostedZoneName") is not None:
            return one["HostedZoneName"]
    zone = world.target(body.get("HostedZoneId") or owner.get("HostedZoneId"), _ZONE)
    return zone.get("Name") if zone else None


def _plain(name: Any) -> str:
    return shape(name).rstrip(".").lower()


class OutsideZone(Rule):
    """A record whose name is not in its zone."""

    id = "TAP1460"
    title = "A record's name is in its zone"
    description = "Route 53 refuses a name that is neither the zone's nor below it (“not permitted in zone”)."
    source = "Route 53 API reference, ChangeResourceRecordSets"
    advice = "Write the full name, with the zone's at its end; HostedZoneName ends in a dot."

    def check(self, world: World) -> Iterator[Found]:
        """Each record whose zone's name is known."""
        for resource, path, body, owner in records(world):
            zone, name = zone_name(body, owner, world), body.get("Name")
            said = body if body.get("HostedZoneName") else owner
            if isinstance(zone, str) and said.get("HostedZoneName") == zone and not zone.endswith("."):
                says = f"HostedZoneName {zone!r} must end in a dot."
                yield at(resource, *(path if said is body else ()), "HostedZoneName", says=says)
            if not isinstance(zone, str | Text) or not isinstance(name, str | Text | Reference):
                continue
            inner, outer = _plain(name), _plain(zone)
            tail = shape(name.parts[-1]) if isinstance(name, Text) and isinstance(name.parts[-1], str) else inner
            inside = inner == outer or inner.endswith(f".{outer}") or f".{outer}".endswith(tail.rstrip(".").lower())
            if not inside and isinstance(zone, str) and (isinstance(name, str) or "." in tail):
                yield at(resource, *path, "Name", says=f"{shape(name)} is not in the zone {outer}.")


class AliasZone(Rule):
    """An alias with the zone of something else than its target."""

    id = "TAP1461"
    title = "An alias names the zone of its target"
    description = (
        "AliasTarget.HostedZoneId is the target's: Z2FDTNDATAQYW2 for CloudFront, CanonicalHostedZoneID of a load "
        "balancer. With another, Route 53 finds no such target in that zone."
    )
    source = "Route 53 API reference, AliasTarget"
    advice = "Use Z2FDTNDATAQYW2 for a distribution, !GetAtt LoadBalancer.CanonicalHostedZoneID for a load balancer."

    def check(self, world: World) -> Iterator[Found]:
        """Each alias whose target is known."""
        for resource, path, body, owner in records(world):
            alias = fields(body.get("AliasTarget"))
            name, zone = alias.get("DNSName"), alias.get("HostedZoneId")
            says = ""
            to_cdn = world.target(name, DISTRIBUTION) is not None or "cloudfront.net" in shape(name)
            balancer = world.target(name, _BALANCER) if isinstance(name, Reference | Text) else None
            own = body.get("HostedZoneId") or owner.get("HostedZoneId")
            if zone is None or name is None:
                continue
            if isinstance(zone, Reference) and world.target(zone, _ZONE) is not None and (to_cdn or balancer):
                says = f"{zone} is the zone of the record, not that of {shape(name)}."
            elif to_cdn and isinstance(zone, str) and zone != _CLOUDFRONT:
                says = f"The zone of a distribution is {_CLOUDFRONT}, not {zone}."
            elif to_cdn and zone == own and not isinstance(zone, str):
                says = f"The zone of a distribution is {_CLOUDFRONT}, not the record's own."
            elif balancer is not None:
                if zone == _CLOUDFRONT:
                    says = f"{_CLOUDFRONT} is the zone of CloudFront, and {balancer.logical_id} is a load balancer."
                elif zone == own or (isinstance(zone, Reference) and zone.logical_id != balancer.logical_id):
                    says = f"{shape(zone)} is not the zone of {balancer.logical_id}."
                elif isinstance(zone, Reference) and zone.attribute != "CanonicalHostedZoneID":
                    says = f"{zone} is no zone: it is !GetAtt {balancer.logical_id}.CanonicalHostedZoneID."
            if says:
                yield at(resource, *path, "AliasTarget", "HostedZoneId", says=says)
            wrong = (
                isinstance(name, Reference) and (to_cdn or balancer) and name.attribute not in ("DomainName", "DNSName")
            )
            if wrong:
                yield at(resource, *path, "AliasTarget", "DNSName", says=f"{name} is no domain name.")


class RecordForm(Rule):
    """Records that Route 53 refuses for their form."""

    id = "TAP1462"
    title = "A record is an alias, or has values and a TTL; its values are those of its type"
    description = "An alias takes no TTL and no values, any other record needs both, in the form of its type."
    source = "Route 53 developer guide, “Supported DNS record types”; API reference, ResourceRecordSet"
    advice = "Write TXT values in double quotes, MX values with their priority, CNAME with one value."

    def check(self, world: World) -> Iterator[Found]:
        """Each record."""
        for resource, path, body, _ in records(world):
            alias, values, ttl = (body.get(key) for key in ("AliasTarget", "ResourceRecords", "TTL"))
            says, key = "", ()
            if alias is not None and (ttl is not None or values is not None):
                says = f"An alias has no {'TTL' if ttl is not None else 'ResourceRecords'}: its target decides."
            elif alias is None and values is None:
                says = "The record has neither AliasTarget nor ResourceRecords."
            elif alias is None and ttl is None and body.get("TrafficPolicyInstanceId") is None:
                says = "The record has values and no TTL."
            elif body.get("Type") == "CNAME" and isinstance(values, list) and len(values) > 1:
                says = f"A CNAME has one value, this has {len(values)}."
            routed = [
                one
                for one in ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer")
                if body.get(one) is not None
            ]
            if not says and routed and body.get("SetIdentifier") is None:
                says = f"A record with {routed[0]} needs a SetIdentifier."
            elif not says and body.get("SetIdentifier") is not None and not routed and not _routes(body):
                says = "SetIdentifier is for records with Weight, Region, Failover, GeoLocation or MultiValueAnswer."
            if says:
                yield at(resource, *path, *key, says=says)
            for index, value in enumerate(items(values)):
                wrong = _value_fault(body.get("Type"), value)
                if wrong:
                    yield at(resource, *path, "ResourceRecords", index, says=wrong)


def _routes(body: Mapping[str, Any]) -> bool:
    return any(body.get(key) is not None for key in ("CidrRoutingConfig", "GeoProximityLocation"))


def _value_fault(kind: Any, value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if kind in ("A", "AAAA"):
        try:
            _VALUES[kind](value)
        except (AddressValueError, ValueError):
            return f"{value!r} is no address of {'IPv4' if kind == 'A' else 'IPv6'}."
    if kind in ("TXT", "SPF") and not re.fullmatch(r'("(\\.|[^"\\])*"\s*)+', value):
        return f"{value!r} is not in double quotes."
    if kind == "MX" and not re.fullmatch(r"\d+ \S+", value):
        return f"{value!r} is no priority and a name, as in “10 mail.example.com”."
    if kind == "CNAME" and (value.startswith("http") or "/" in value):
        return f"{value!r} is no domain name."
    return ""


class ApexAndTwins(Rule):
    """A CNAME where others must stand, and records that are there twice."""

    id = "TAP1463"
    title = "A CNAME stands alone and not at a zone's own name; no record is there twice"
    description = "A zone's own name has SOA and NS records, and a CNAME tolerates no other record of its name."
    source = "Route 53 developer guide, “CNAME record type”"
    advice = "Use an alias of type A at the zone's own name; merge values into one record."

    def check(self, world: World) -> Iterator[Found]:
        """Each CNAME against its zone, each record against the others."""
        seen: dict[tuple[str, str], list[str]] = {}
        for resource, path, body, owner in records(world):
            name, kind, zone = body.get("Name"), body.get("Type"), zone_name(body, owner, world)
            if name is None or not isinstance(kind, str) or body.get("SetIdentifier") is not None:
                continue
            if kind == "CNAME" and zone is not None and _plain(name) == _plain(zone):
                yield at(resource, *path, "Type", says=f"{shape(name)} is the zone's own name, which takes no CNAME.")
            where = shape(
                body.get("HostedZoneId")
                or body.get("HostedZoneName")
                or owner.get("HostedZoneId")
                or owner.get("HostedZoneName")
            )
            kinds = seen.setdefault((where, _plain(name)), [])
            if kind in kinds:
                yield at(resource, *path, "Name", says=f"There is another {kind} record of {shape(name)}.")
            elif kinds and "CNAME" in (kind, *kinds):
                says = f"{shape(name)} has records of type {', '.join([*kinds, kind])}: a CNAME stands alone."
                yield at(resource, *path, "Type", says=says)
            kinds.append(kind)


class AliasWithoutSix(Rule):
    """An AAAA alias of what has no address of IPv6."""

    id = "TAP1464"
    title = "An AAAA alias needs a target with IPv6"
    severity = Severity.WARNING
    description = "A load balancer of IPv4, or a distribution with IPV6Enabled false, answers nothing to AAAA."
    source = "Elastic Load Balancing user guides, “IP address type”; CloudFront API reference, IsIPV6Enabled"
    advice = "Take the AAAA record out, or make the target dual-stack."

    def check(self, world: World) -> Iterator[Found]:
        """Each AAAA alias."""
        for resource, path, body, _ in records(world):
            name = fields(body.get("AliasTarget")).get("DNSName")
            if body.get("Type") != "AAAA" or name is None:
                continue
            balancer, cdn = world.target(name, _BALANCER), world.target(name, DISTRIBUTION)
            if balancer is not None and balancer.get("IpAddressType") in (None, "ipv4"):
                yield at(resource, *path, "Type", says=f"{balancer.logical_id} has addresses of IPv4 only.")
            elif (
                cdn is not None
                and as_bool(cdn.get("DistributionConfig", "IPV6Enabled")) in (False, None)
                and known(cdn.get("DistributionConfig", "IPV6Enabled"))
            ):
                yield at(resource, *path, "Type", says=f"{cdn.logical_id} has no IPv6 (IPV6Enabled is not true).")


class HealthChecks(Rule):
    """Health checks that Route 53 refuses."""

    id = "TAP1465"
    title = "A health check has what its type needs"
    description = (
        "HTTP checks have a host or an address; *_STR_MATCH has a SearchString; intervals are 10 or 30 seconds."
    )
    source = "Route 53 API reference, HealthCheckConfig"
    advice = "Set FullyQualifiedDomainName or IPAddress, and SearchString for a type that ends in _STR_MATCH."

    def check(self, world: World) -> Iterator[Found]:
        """Each health check."""
        for resource in world.of_type("AWS::Route53::HealthCheck"):
            own = fields(resource.get("HealthCheckConfig"))
            kind = own.get("Type")
            says = ""
            if not isinstance(kind, str):
                continue
            if kind.endswith("_STR_MATCH") != (own.get("SearchString") is not None) and kind.startswith("HTTP"):
                says = f"A check of type {kind} has {'no' if kind.endswith('MATCH') else 'a'} SearchString."
            elif (
                kind.startswith(("HTTP", "TCP"))
                and own.get("IPAddress") is None
                and own.get("FullyQualifiedDomainName") is None
            ):
                says = f"A check of type {kind} has neither IPAddress nor FullyQualifiedDomainName."
            elif as_int(own.get("RequestInterval")) not in (None, 10, 30):
                says = f"RequestInterval is 10 or 30 seconds, not {own.get('RequestInterval')}."
            elif (threshold := as_int(own.get("FailureThreshold"))) is not None and not 1 <= threshold <= 10:
                says = f"FailureThreshold is 1 to 10, not {threshold}."
            elif kind == "TCP" and own.get("Port") is None:
                says = "A check of type TCP needs a Port."
            if says:
                yield at(resource, "HealthCheckConfig", says=says)
